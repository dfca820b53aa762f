import math

import pytest

from reproduce.metrics.confusion import Counts
from reproduce.metrics.formulas import HD95_MM
from reproduce.results.cases import CaseScore, case_frame
from reproduce.results.summary import summarise


def score(patient, tp, fn, *, seed=1, fp=0, level="pixel", region="nodule"):
    return CaseScore(
        "m",
        seed,
        0,
        patient,
        f"scan of {patient}",
        region,
        level,
        Counts(tp=tp, fp=fp, fn=fn, tn=10),
        {},
    )


def one(scores, metric, average, level="pixel"):
    found = summarise(case_frame(scores), {})
    (summary,) = [s for s in found if (s.metric, s.average, s.level) == (metric, average, level)]
    return summary


def test_pooled_adds_counts_and_per_case_averages_ratios():
    scores = [score("P1", 1, 1), score("P2", 9, 1)]
    assert one(scores, "sensitivity", "pooled").value == pytest.approx(10 / 12)
    assert one(scores, "sensitivity", "per_case").value == pytest.approx((1 / 2 + 9 / 10) / 2)


def test_case_that_is_undefined_is_left_out_of_the_mean_and_of_n():
    scores = [score("P1", 1, 1), score("P2", 0, 0)]
    summary = one(scores, "dice", "per_case")
    assert summary.n == 1
    assert summary.value == pytest.approx(2 / 3)


def test_metric_that_no_case_defines_is_nan_with_n_zero():
    summary = one([score("P1", 0, 0), score("P2", 0, 0)], "sensitivity", "pooled")
    assert summary.n == 0
    assert math.isnan(summary.value)
    assert math.isnan(summary.low)


def test_one_patient_has_a_value_and_no_interval():
    summary = one([score("P1", 3, 1)], "sensitivity", "pooled")
    assert summary.value == 3 / 4
    assert math.isnan(summary.low)
    assert math.isnan(summary.high)


def test_spread_over_seeds():
    scores = [score("P1", 6, 4, seed=1), score("P1", 8, 2, seed=2)]
    summary = one(scores, "sensitivity", "pooled")
    assert summary.value == pytest.approx(0.7)
    # sd of 0.6 and 0.8 with n - 1: sqrt(2 * 0.1**2 / 1)
    assert summary.seed_sd == pytest.approx(0.02**0.5)
    assert math.isnan(one(scores[:1], "sensitivity", "pooled").seed_sd)


def test_interval_holds_the_value_repeats_and_shrinks_to_nothing_for_equal_patients():
    scores = [score(f"P{i}", i, 10 - i) for i in range(1, 10)]
    first, again = one(scores, "sensitivity", "per_case"), one(scores[::-1], "sensitivity", "per_case")
    assert first.low < first.value < first.high
    assert (first.low, first.high) == (again.low, again.high)
    equal = one([score(f"P{i}", 5, 5) for i in range(4)], "sensitivity", "per_case")
    assert (equal.low, equal.high) == (0.5, 0.5)


def test_lesions_have_neither_accuracy_nor_specificity():
    found = summarise(case_frame([score("P1", 1, 1, level="lesion")]), {})
    assert {s.metric for s in found} == {"sensitivity", "precision", "dice"}


def test_nothing_to_summarise():
    assert summarise(case_frame([]), {}) == []


def test_a_mean_over_regions_weighs_each_the_same():
    scores = [score("P1", 1, 1, region="a"), score("P2", 3, 1, region="a"), score("P1", 9, 1, region="b")]
    found = summarise(case_frame(scores), {"both": ("a", "b")})
    by = {(s.region, s.average): s for s in found if (s.metric, s.level) == ("sensitivity", "pixel")}
    assert by["both", "pooled"].value == pytest.approx((4 / 6 + 9 / 10) / 2)
    assert by["both", "per_case"].value == pytest.approx(((1 / 2 + 3 / 4) / 2 + 9 / 10) / 2)
    assert (by["both", "pooled"].n, by["b", "pooled"].n) == (2, 1)
    assert by["both", "pooled"].low <= by["both", "pooled"].value <= by["both", "pooled"].high


def test_a_region_that_no_scan_defines_is_left_out_of_the_mean():
    scores = [score("P1", 1, 1, region="a"), score("P1", 0, 0, region="b")]
    found = summarise(case_frame(scores), {"both": ("a", "b")})
    (both,) = [s for s in found if (s.region, s.metric, s.average) == ("both", "dice", "per_case")]
    assert both.value == pytest.approx(2 / 3)


def test_mean_iou_pooled_is_the_mean_of_the_ratios_of_both_classes():
    # region: 4 / (4 + 0 + 8), the rest: 20 / (20 + 8)
    assert one([score("P1", 1, 3), score("P2", 3, 5)], "miou", "pooled").value == pytest.approx((4 / 12 + 20 / 28) / 2)


def test_distances_are_averaged_over_scans_that_have_one():
    def far(patient, hd95_mm):
        return CaseScore("m", 1, 0, patient, patient, "nodule", "pixel", Counts(1, 1, 1, 1), {HD95_MM: hd95_mm})

    found = summarise(case_frame([far("P1", 3.0), far("P2", 5.0), far("P3", math.nan)]), {})
    (hd95,) = [s for s in found if s.metric == "hd95_mm"]
    assert (hd95.value, hd95.n, hd95.average, hd95.level) == (4.0, 2, "per_case", "pixel")
