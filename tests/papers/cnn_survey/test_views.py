"""Views by hand: crops, mirrors, blurs and values on small images, and the same draws twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce.papers.cnn_survey.measures.views import Drawn, Views, apply_views, draw_views
from reproduce.randomness import stream

FIELDS = {
    "least_area": 0.25,
    "aspect": 4 / 3,
    "flip": 0.5,
    "contrast": 0.4,
    "brightness": 0.2,
    "blur_px": (0.5, 1.0),
    "blurred": 0.5,
}
VIEWS = Views(**FIELDS, because=dict.fromkeys(FIELDS, "silent: we use it because the test says so"))


def drawn(n=1, *, first=(0, 0), length=(1, 1), mirrored=False, factor=1.0, shift=0.0, blur_px=0.0):
    whole = [np.tile(np.float64(each), (n, 1)) for each in (first, length)]
    return Drawn(*whole, np.full(n, mirrored), np.full(n, factor), np.full(n, shift), np.full(n, blur_px))


def row(*values):
    """An image of one row."""
    return np.float32(values)[None, None, :, None]


def test_the_whole_image_unchanged_is_the_image():
    images = np.random.default_rng(0).normal(size=(3, 5, 7, 2)).astype(np.float32)
    assert apply_views(images, drawn(3)) == pytest.approx(images, abs=1e-6)


def test_a_crop_by_hand():
    # the left half of four pixels: views' pixels lie at (0.5, 1.5, 2.5, 3.5) / 2 - 0.5 = -0.25, 0.25, 0.75, 1.25
    found = apply_views(row(0, 1, 2, 3), drawn(length=(1, 0.5)))
    assert found[0, 0, :, 0] == pytest.approx([0.0, 0.25, 0.75, 1.25])
    # the right half: 1.75, 2.25, 2.75, and 3.25, beyond the last pixel's centre, which is repeated
    found = apply_views(row(0, 1, 2, 3), drawn(first=(0, 0.5), length=(1, 0.5)))
    assert found[0, 0, :, 0] == pytest.approx([1.75, 2.25, 2.75, 3.0])


def test_a_mirror_and_values_by_hand():
    found = apply_views(row(1, 2, 3), drawn(mirrored=True, factor=2.0, shift=-1.0))
    assert found[0, 0, :, 0] == pytest.approx([5, 3, 1])  # 2 * 3 - 1, 2 * 2 - 1, 2 * 1 - 1


def test_a_blur_by_hand():
    # weights exp(0), exp(-1/2), exp(-2) at distances of 0, 1 and 2 pixels and a width of 1
    e1, e2 = np.exp(-0.5), np.exp(-2.0)
    found = apply_views(row(0, 0, 1), drawn(blur_px=1.0))
    assert found[0, 0, :, 0] == pytest.approx([e2 / (1 + e1 + e2), e1 / (1 + 2 * e1), 1 / (1 + e1 + e2)])


def test_rows_are_cropped_as_columns_are():
    image = np.random.default_rng(1).normal(size=(1, 6, 6, 1)).astype(np.float32)
    upright = apply_views(image, drawn(first=(0.25, 0), length=(0.5, 1), blur_px=0.7))
    lying = apply_views(image.swapaxes(1, 2), drawn(first=(0, 0.25), length=(1, 0.5), blur_px=0.7))
    assert upright == pytest.approx(lying.swapaxes(1, 2), abs=1e-6)


def test_no_image_has_no_view():
    assert apply_views(np.zeros((0, 4, 4, 1), np.float32), draw_views(VIEWS, stream("none"), 0)).shape == (0, 4, 4, 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_draws_lie_in_their_ranges_and_a_constant_image_stays_constant(seed):
    found = draw_views(VIEWS, stream(seed, "views"), 40)
    assert (found.first >= 0).all()
    assert (found.first + found.length <= 1 + 1e-12).all()
    assert (found.length.prod(axis=1) >= 0.25 * 0.999 * 0.75).all()  # a side cut to the image costs at most 1 / 4
    assert found.factor.min() >= 0.6
    assert found.factor.max() <= 1.4
    assert np.isin(found.blur_px == 0, (True, False)).all()
    assert found.blur_px[found.blur_px > 0].min(initial=1.0) >= 0.5
    seen = apply_views(np.ones((40, 8, 8, 1), np.float32), found)
    assert seen == pytest.approx(
        np.broadcast_to((found.factor + found.shift)[:, None, None, None], seen.shape), abs=1e-5
    )


def test_the_same_stream_gives_the_same_views_and_another_one_others():
    images = np.random.default_rng(2).normal(size=(4, 8, 8, 1)).astype(np.float32)
    one, same, other = (apply_views(images, draw_views(VIEWS, stream(s, "views"), 4)) for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert np.abs(one - other).max() > 0.1
