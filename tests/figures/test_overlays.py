from dataclasses import replace

import numpy as np
import pytest

from reproduce.errors import ResultsError
from reproduce.figures.overlays import Overlay, draw_overlays, read_overlays, write_overlays


def test_overlays_come_back_as_they_went(tmp_path, overlays):
    write_overlays(tmp_path / "o.npz", overlays, ["a", "b"])
    back, models = read_overlays(tmp_path / "o.npz")
    assert models == ["a", "b"]
    for one, other in zip(overlays, back, strict=True):
        assert (one.patient, one.slice, one.note) == (other.patient, other.slice, other.note)
        assert one.pixel_mm == other.pixel_mm
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.reference, other.reference)
        np.testing.assert_array_equal(one.predictions, other.predictions)


@pytest.mark.parametrize("width", [1, 7, 8, 9])
def test_packed_masks_keep_a_width_that_is_no_multiple_of_eight(tmp_path, width):
    rng = np.random.default_rng(width)
    masks = rng.random((3, 5, width)) > 0.5
    image = np.zeros((5, width), dtype=np.uint8)
    write_overlays(tmp_path / "o.npz", [Overlay("P", 0, "", image, masks[0], masks[1:], (1.0, 1.0))], ["a", "b"])
    ((back,), _) = read_overlays(tmp_path / "o.npz")
    np.testing.assert_array_equal(back.reference, masks[0])
    np.testing.assert_array_equal(back.predictions, masks[1:])


def test_same_overlays_same_bytes(tmp_path, overlays):
    for name in ("a.npz", "b.npz"):
        write_overlays(tmp_path / name, overlays, ["a", "b"])
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_more_than_ten_overlays_keep_their_order(tmp_path, overlays):
    many = [replace(overlays[0], slice=i) for i in range(12)]
    write_overlays(tmp_path / "o.npz", many, ["a", "b"])
    assert [each.slice for each in read_overlays(tmp_path / "o.npz")[0]] == list(range(12))


def test_no_overlays(tmp_path):
    write_overlays(tmp_path / "o.npz", [], ["a"])
    assert read_overlays(tmp_path / "o.npz") == ([], ["a"])


def test_missing_file_names_itself(tmp_path):
    with pytest.raises(ResultsError, match="expected a file of overlays, got nothing there"):
        read_overlays(tmp_path / "o.npz")


def test_page_has_a_row_an_overlay_and_outlines_only_what_is_there(overlays):
    figure = draw_overlays(overlays, ["a", "b"], "title")
    assert len(figure.axes) == 2 * 3
    plain, first, second = figure.axes[:3]
    assert "P1, slice 4" in plain.get_title(loc="left")
    assert first.get_title() == "a"
    # The first model finds nothing: the reference alone is outlined. The second one has both.
    assert [len(axis.collections) for axis in (plain, first, second)] == [0, 1, 2]


def test_of_more_models_than_colours_the_first_and_the_last_are_shown(overlays):
    overlay = overlays[0]
    nothing, found = overlay.predictions
    many = replace(overlay, predictions=np.stack([*[nothing] * 13, found]))
    figure = draw_overlays([many], [f"arm{i}" for i in range(14)], "title")
    assert [axis.get_title() for axis in figure.axes] == ["", "arm0", "arm13"]
    assert [len(axis.collections) for axis in figure.axes] == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "array", "got"),
    [
        ("models", np.array(["a"]), "images and masks of the shapes"),
        ("image0", np.zeros((2, 2, 3), np.uint8), "images and masks of the shapes"),
        ("image0", np.zeros(2, np.uint8), "IndexError"),
        ("text0", np.array(["P", "three", ""]), "ValueError"),
        ("pixel_mm0", np.array([1.0]), "ValueError"),
        ("masks0", np.zeros((3, 2, 1)), "TypeError"),
    ],
)
def test_arrays_that_are_no_overlays_are_refused(tmp_path, overlays, name, array, got):
    path = tmp_path / "o.npz"
    write_overlays(path, overlays, ["a", "b"])
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(path, **(arrays | {name: array}))
    with pytest.raises(ResultsError, match=f"files as a run writes them, got .*{got}"):
        read_overlays(path)
