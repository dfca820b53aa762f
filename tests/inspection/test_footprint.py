import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.errors import ArgumentError
from reproduce.models.layers.footprint import (
    NOTHING,
    POINT,
    WHOLE,
    Bins,
    Everywhere,
    Resample,
    Spread,
    Window,
    image_axis,
    through,
    together,
)

IMAGE = 12


def passed(*readings, n=IMAGE):
    """The footprint after some layers on an axis of the image."""
    footprint = image_axis(n)
    for reading in readings:
        footprint = through(footprint, reading, image=n)
    return footprint


def intervals(footprint):
    return [footprint.at(i) for i in range(footprint.n)]


def test_image_sees_itself():
    assert intervals(image_axis(3)) == [(0, 0), (1, 1), (2, 2)]
    assert image_axis(3).extent == 1


def test_two_convolutions_of_three_see_five():
    same = Window(3, 1, 1, 1, 1)
    footprint = passed(same, same)
    # Output 0 of the second reads -1..1 of the first, which read -2..2.
    assert intervals(footprint)[:2] == [(-2, 2), (-1, 3)]
    assert (footprint.n, footprint.jump, footprint.extent) == (12, 1, 5)


def test_stride_multiplies_the_step_of_what_follows():
    # RF: 1 + (3 - 1) 1 = 3, jump 2; then 3 + (3 - 1) 2 = 7, jump 4.
    footprint = passed(Window(3, 2, 1, 0, 1), Window(3, 2, 1, 0, 1))
    assert (footprint.n, footprint.jump, footprint.extent) == (3, 4, 7)
    assert intervals(footprint) == [(0, 6), (4, 10), (8, 14)]


def test_dilation_spreads_the_taps():
    # Taps at 0, 3, 6: seven pixels from first to last; 12 - 6 = 6 outputs.
    footprint = passed(Window(3, 1, 3, 0, 0))
    assert (footprint.n, footprint.extent) == (6, 7)
    assert list(Window(3, 1, 3, 0, 0).reads(1, 12)) == [1, 4, 7]


def test_transposed_convolution_halves_the_jump_and_its_outputs_see_differently():
    # Kernel 3, stride 2, nothing cut: output 2 gets tap 0 of input 1 and tap 2 of input 0, output 1 tap 1 of input 0.
    footprint = passed(Window(1, 4, 1, 0, 0), Spread(3, 2, 1, 0, 7))
    assert (footprint.n, footprint.jump) == (7, 2)
    assert intervals(footprint)[1:4] == [(0, 0), (0, 4), (4, 4)]
    assert footprint.extent == 5


def test_kernel_shorter_than_the_stride_leaves_outputs_that_see_nothing():
    footprint = passed(Spread(1, 3, 1, 0, 36))
    assert intervals(footprint)[:4] == [(0, 0), NOTHING, NOTHING, (1, 1)]
    assert footprint.extent == 1


def test_linear_interpolation_mixes_two_neighbours():
    # Twice as many: (o + 1/2) / 2 - 1/2 = -1/4, 1/4, 3/4 ...: between -1 and 0, 0 and 1, 0 and 1.
    assert [list(Resample(8, linear=True).reads(o, 4)) for o in range(3)] == [[-1, 0], [0, 1], [0, 1]]
    # Three times as many: -1/3, 0, 1/3: the middle one is pixel 0 alone.
    assert [list(Resample(12, linear=True).reads(o, 4)) for o in range(3)] == [[-1, 0], [0], [0, 1]]


def test_nearest_takes_the_pixel_whose_share_holds_the_centre():
    assert [list(Resample(8, linear=False).reads(o, 4)) for o in range(4)] == [[0], [0], [1], [1]]
    # 5 to 3: centres at 5/6, 15/6, 25/6.
    assert [list(Resample(3, linear=False).reads(o, 5)) for o in range(3)] == [[0], [2], [4]]


def test_bins_overlap_where_they_do_not_divide():
    # Five pixels in three bins: 0..1, 1..3, 3..4.
    assert [list(Bins(3).reads(o, 5)) for o in range(3)] == [[0, 1], [1, 2, 3], [3, 4]]


def test_pooling_over_the_axis_ends_at_the_edges_of_the_image():
    footprint = passed(Window(3, 1, 1, 1, 1), WHOLE)
    assert intervals(footprint) == [(0, 11)]
    assert (footprint.jump, footprint.advance) == (12, None)


def test_resized_mean_sees_no_more_than_the_mean():
    footprint = passed(WHOLE, Resample(12, linear=True))
    assert intervals(footprint) == [(0, 11)] * 12
    assert footprint.jump == 1


def test_padding_after_bins_is_not_seen():
    footprint = passed(Bins(4), Window(3, 1, 1, 1, 1))
    assert intervals(footprint) == [(0, 5), (0, 8), (3, 11), (6, 11)]


def test_statistics_of_the_axis_are_seen_by_all():
    assert intervals(passed(Everywhere())) == [(0, 11)] * 12


def test_branches_see_what_any_of_them_sees():
    wide, narrow = passed(Window(5, 1, 1, 2, 2)), passed(POINT)
    assert intervals(together([narrow, wide], image=IMAGE, where="add")) == intervals(wide)
    early = passed(Window(1, 1, 1, 1, -1))
    assert together([early, narrow], image=IMAGE, where="add").at(5) == (4, 5)


def test_branch_with_another_period_repeats_after_the_longer_one():
    up = passed(Window(2, 2, 1, 0, 0), Spread(2, 2, 1, 0, 12))
    joined = together([up, image_axis(IMAGE)], image=IMAGE, where="concat")
    assert joined.jump == 1
    assert intervals(joined)[:4] == [(0, 1), (0, 1), (2, 3), (2, 3)]


def test_one_position_is_repeated():
    joined = together([image_axis(IMAGE), passed(WHOLE)], image=IMAGE, where="multiply")
    assert intervals(joined) == [(0, 11)] * 12
    assert joined.jump == 1


def test_branches_on_different_grids_are_refused():
    half = passed(Window(1, 2, 1, 0, 0))
    with pytest.raises(
        ArgumentError, match="inputs on one grid, got 12 positions 1 pixels apart, 6 positions 2 pixels"
    ):
        together([image_axis(IMAGE), half], image=IMAGE, where="add")
    cropped = passed(Window(1, 1, 1, -6, 0))
    with pytest.raises(ArgumentError, match="6 positions 1 pixels apart, 6 positions 2 pixels apart"):
        together([cropped, half], image=IMAGE, where="add")


windows = st.builds(
    Window,
    taps=st.integers(1, 5),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    before=st.integers(0, 3),
    after=st.integers(0, 3),
)


@given(st.lists(windows, min_size=1, max_size=5))
def test_chain_of_windows_follows_the_formula(chain):
    # Araujo et al. 2019: r = 1 + sum over layers of (taps - 1) dilation times the strides before it.
    extent = 1 + sum((w.taps - 1) * w.dilation * math.prod(v.stride for v in chain[:i]) for i, w in enumerate(chain))
    footprint = passed(*chain, n=4000)
    assert footprint.extent == extent
    assert footprint.jump == math.prod(w.stride for w in chain)
    assert footprint.at(7)[0] - footprint.at(6)[0] == footprint.jump


readings = st.one_of(
    windows,
    st.builds(
        Spread,
        taps=st.integers(1, 4),
        stride=st.integers(1, 3),
        dilation=st.just(1),
        before=st.just(0),
        length=st.just(40),
    ),
    st.builds(Resample, length=st.integers(10, 60), linear=st.booleans()),
)


@given(st.lists(readings, min_size=1, max_size=4), st.integers(-30, 30))
def test_footprint_repeats_as_its_jump_says(chain, position):
    footprint = passed(*chain, n=40)
    period = len(footprint.table)
    assert footprint.advance == footprint.jump * period
    first, last = footprint.at(position)
    assert footprint.at(position + period) == (first + footprint.advance, last + footprint.advance)


@given(st.lists(readings, min_size=1, max_size=4), st.integers(0, 39))
def test_output_sees_the_union_of_what_its_inputs_see(chain, output):
    source, footprint = passed(*chain[:-1], n=40), passed(*chain, n=40)
    seen = [source.at(j) for j in chain[-1].reads(output, source.n)]
    seen = [each for each in seen if each != NOTHING and each[0] <= each[1]]
    expected = (min(s[0] for s in seen), max(s[1] for s in seen)) if seen else None
    found = footprint.at(output)
    assert (found if found[0] <= found[1] else None) == expected


def test_jump_of_a_resized_grid_is_a_fraction():
    assert passed(Resample(8, linear=True)).jump == Fraction(3, 2)
