from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.audit.interval import Interval
from reproduce.audit.overlap_means import (
    background_iou_of_classes,
    background_reading,
    dice_bounds_of_mean_iou,
    dice_of_iou,
    most_in_band,
    one_bad_class,
    shared_foreground,
    two_point_example,
)

ROWS = {
    "FCNN": ("84.5", "86.2"),
    "U-Net": ("78.3", "80.1"),
    "DeepLabV3": ("80.7", "82.3"),
    "PSPNet": ("81.2", "83.0"),
    "Mask R-CNN": ("82.1", "83.7"),
}
ORDINARY = Interval(Fraction(1, 2), Fraction(9, 10))
ious = st.lists(st.fractions(min_value=0, max_value=1, max_denominator=50), min_size=1, max_size=8)


def of_iou(value):
    return 2 * value / (1 + value)


@pytest.mark.parametrize(
    ("model", "pooled", "short"),
    [
        # 2 * .8445 / 1.8445 and 2 * .8455 / 1.8455; 91.60 - 86.2 = 5.4 from the middle.
        ("FCNN", "[91.57, 91.63]", 5.4),
        ("U-Net", "[87.80, 87.86]", 7.7),
        ("DeepLabV3", "[89.29, 89.35]", 7.0),
        ("PSPNet", "[89.59, 89.66]", 6.6),
        ("Mask R-CNN", "[90.14, 90.20]", 6.5),
    ],
)
def test_pooled_dice_of_document_002(share, model, pooled, short):
    iou, dice = map(share, ROWS[model])
    assert dice_of_iou(iou).scaled(100).text(2) == pooled
    assert dice_of_iou(iou).meet(dice) is None
    assert round(float(100 * (of_iou(iou.mid) - dice.mid)), 1) == short
    assert dice_bounds_of_mean_iou(iou).meet(dice) is not None


def test_gap_of_dice_over_iou_is_flat_in_print_but_not_in_pooled_counts(share):
    printed = [float(Fraction(dice) - Fraction(iou)) for iou, dice in ROWS.values()]
    assert printed == pytest.approx([1.7, 1.8, 1.6, 1.8, 1.6])
    pooled = [100 * float(of_iou(share(iou).mid) - share(iou).mid) for iou, _ in ROWS.values()]
    assert (round(min(pooled), 1), round(max(pooled), 1)) == (7.1, 9.5)


@pytest.mark.parametrize(
    ("model", "cases", "level", "band"),
    [
        # x = 2 * .845 / .862 - 1 = .961, w = .845 / .961 = .880; band (.8625 - .8445) / (.9 * .1 / 1.9) = .38.
        ("FCNN", 0.88, 0.96, 0.38),
        ("U-Net", 0.82, 0.96, 0.40),
        ("DeepLabV3", 0.84, 0.96, 0.36),
        ("PSPNet", 0.85, 0.96, 0.40),
        ("Mask R-CNN", 0.85, 0.96, 0.36),
    ],
)
def test_means_of_document_002_need_complete_misses(share, model, cases, level, band):
    iou, dice = map(share, ROWS[model])
    w, x = two_point_example(iou.mid, dice.mid)
    assert (round(float(w), 2), round(float(x), 2)) == (cases, level)
    assert w * x == iou.mid
    assert w * of_iou(x) == dice.mid
    assert round(float(most_in_band(iou, dice, ORDINARY)), 2) == band


@pytest.mark.parametrize(
    ("model", "foreground", "background"),
    [
        # .862 / 1.138 = .757; 2 * .845 - .757 = .933.
        ("FCNN", 0.757, 0.933),
        ("U-Net", 0.668, 0.898),
        ("DeepLabV3", 0.699, 0.915),
        ("PSPNet", 0.709, 0.915),
        ("Mask R-CNN", 0.720, 0.922),
    ],
)
def test_reading_with_background_gives_valid_rows(share, model, foreground, background):
    iou, dice = map(share, ROWS[model])
    exact = background_reading(Interval(iou.mid, iou.mid), Interval(dice.mid, dice.mid))
    assert round(float(exact.iou_foreground.low), 3) == foreground
    assert round(float(exact.iou_background.low), 3) == background
    # Two equal foreground classes: 3 * .845 - 2 * .757 = 1.02 for FCNN, above 1 for every row.
    assert background_iou_of_classes(iou, dice, 2).low > 1
    assert background_iou_of_classes(iou, dice, 3).low > 1


def test_reading_with_background_shares_one_foreground_share(share):
    rows = [background_reading(share(iou), share(dice)) for iou, dice in ROWS.values()]
    assert shared_foreground(rows).text(3) == "[0.170, 0.235]"
    errors = [bound for row in rows for bound in (row.pixel_error.low, row.pixel_error.high)]
    assert (round(float(100 * min(errors)), 1), round(float(100 * max(errors)), 1)) == (5.5, 8.6)


@pytest.mark.parametrize(("model", "bad", "good"), [("FCNN", 0.25, 0.95), ("U-Net", 0.13, 0.89)])
def test_five_organs_need_one_that_fails(model, bad, good):
    iou, dice = (Fraction(value) / 100 for value in ROWS[model])
    x, y = one_bad_class(iou, dice, 5)
    # FCNN: x + 4 y = 6 * .845 - 1 = 4.07, so y = (4.07 - .253) / 4 = .954, which is .95, not .96.
    assert (round(x, 2), round(y, 2)) == (bad, good)
    assert x + 4 * y == pytest.approx(float(6 * iou - 1))
    assert of_iou(x) + 4 * of_iou(y) == pytest.approx(float(5 * dice))


def test_five_organs_where_none_exist():
    # Dice above what equal classes give at that mean IoU.
    assert one_bad_class(Fraction(80, 100), Fraction(99, 100), 5) is None
    # A mean IoU below 1/6 leaves less than nothing beside a perfect background.
    assert one_bad_class(Fraction(10, 100), Fraction(50, 100), 5) is None


@given(ious)
def test_means_over_cases_stay_within_jensens_bounds(values):
    mean_iou, mean_dice = sum(values) / len(values), sum(map(of_iou, values)) / len(values)
    bounds = dice_bounds_of_mean_iou(Interval(mean_iou, mean_iou))
    assert bounds.low <= mean_dice <= bounds.high


@given(ious)
def test_no_set_of_cases_holds_more_ordinary_ones_than_the_bound(values):
    mean_iou, mean_dice = sum(values) / len(values), sum(map(of_iou, values)) / len(values)
    ordinary = Fraction(sum(ORDINARY.low <= value <= ORDINARY.high for value in values), len(values))
    bound = most_in_band(Interval(mean_iou, mean_iou), Interval(mean_dice, mean_dice), ORDINARY)
    assert ordinary <= bound


def test_no_example_outside_the_bounds_or_at_zero():
    assert two_point_example(Fraction(1, 2), Fraction(1, 4)) is None
    assert two_point_example(Fraction(1, 2), Fraction(3, 4)) is None
    assert two_point_example(Fraction(0), Fraction(0)) is None


counts = st.tuples(*(st.integers(1, 60),) * 4)


@given(counts, st.sampled_from([Fraction(0), Fraction(1, 2000), Fraction(1, 200), Fraction(1, 50)]))
def test_background_reading_holds_the_truth(confusion, half):
    tp, fn, tn, fp = confusion
    n = sum(confusion)
    miou = (Fraction(tp, tp + fn + fp) + Fraction(tn, tn + fn + fp)) / 2
    dice = Fraction(2 * tp, 2 * tp + fn + fp)
    row = background_reading(
        Interval(max(Fraction(0), miou - half), min(Fraction(1), miou + half)),
        Interval(max(Fraction(0), dice - half), min(Fraction(1), dice + half)),
    )
    assert row.foreground.low <= Fraction(tp + fn, n) <= row.foreground.high
    assert row.pixel_error.low <= Fraction(fn + fp, n) <= row.pixel_error.high
    assert row.iou_background.low <= Fraction(tn, tn + fn + fp) <= row.iou_background.high


def test_background_reading_is_impossible_where_the_background_would_exceed_one():
    # Foreground .1 / 1.9 = .053 and a mean of .95 would need a background of 1.85.
    assert (
        background_reading(Interval(Fraction(95, 100), Fraction(95, 100)), Interval(Fraction(1, 10), Fraction(1, 10)))
        is None
    )
