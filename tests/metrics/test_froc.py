"""FROC and CPM by LUNA16's rule, by hand."""

import math

import numpy as np
import pytest

from reproduce.errors import MetricInputError
from reproduce.metrics.froc import (
    ScanHits,
    competition_performance_metric,
    froc_curve,
    match_candidates,
    sensitivity_at,
)

NONE = {"irrelevant_mm": np.empty((0, 3)), "irrelevant_diameters_mm": np.empty(0)}


def _points(*x_mm):
    return np.array([[x, 0.0, 0.0] for x in x_mm]).reshape(-1, 3)


def test_the_rule():
    # A nodule of 10 mm at 0, one of 4 mm at 20, a finding of 6 mm at 40. Candidates: two in the first, one on the very
    # edge of the second (not less than the radius away), one in the finding, one nowhere.
    hits = match_candidates(
        _points(1, -4.9, 22, 42, 60),
        np.array([0.3, 0.8, 0.9, 0.7, 0.2]),
        nodules_mm=_points(0, 20),
        diameters_mm=np.array([10.0, 4.0]),
        irrelevant_mm=_points(40),
        irrelevant_diameters_mm=np.array([6.0]),
    )
    assert hits.nodule_scores.tolist() == [0.8, -math.inf]
    assert hits.false_scores.tolist() == [0.9, 0.2]


def test_three_steps_of_7_tenths_are_not_less_than_a_radius_of_21_tenths():
    hits = match_candidates(
        _points(3 * 0.7), np.array([0.5]), nodules_mm=_points(0), diameters_mm=np.array([4.2]), **NONE
    )
    assert hits.nodule_scores.tolist() == [-math.inf]


def test_a_candidate_in_two_nodules_hits_both():
    hits = match_candidates(
        _points(5), np.array([0.5]), nodules_mm=_points(2, 8), diameters_mm=np.array([10.0, 10.0]), **NONE
    )
    assert hits.nodule_scores.tolist() == [0.5, 0.5]
    assert hits.false_scores.size == 0


def test_the_curve_by_hand():
    scans = [
        ScanHits(np.array([0.9, 0.4]), np.array([0.5])),
        ScanHits(np.array([-math.inf, 0.6]), np.array([0.7, 0.4, 0.1])),
    ]
    curve = froc_curve(scans)
    assert curve.thresholds.tolist() == [math.inf, 0.9, 0.7, 0.6, 0.5, 0.4, 0.1]
    assert curve.sensitivity.tolist() == [0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75]
    assert curve.false_per_scan.tolist() == [0, 0, 0.5, 0.5, 1, 1.5, 2]
    # At 1/8 and 1/4: on the level piece at 0.25. At 1/2: the top of its step. At 1: 0.5. From 2 on: 0.75.
    at = sensitivity_at(curve, [0.125, 0.25, 0.5, 1, 1.25, 2, 4, 8])
    np.testing.assert_allclose(at, [0.25, 0.25, 0.5, 0.5, 0.625, 0.75, 0.75, 0.75])
    assert competition_performance_metric(curve) == pytest.approx((0.25 + 0.25 + 0.5 + 0.5 + 0.75 * 3) / 7)


def test_no_false_candidate():
    curve = froc_curve([ScanHits(np.array([0.9, -math.inf]), np.empty(0))])
    assert competition_performance_metric(curve) == 0.5


def test_no_candidate_and_no_nodule():
    missed = match_candidates(_points(), np.empty(0), nodules_mm=_points(0), diameters_mm=np.array([5.0]), **NONE)
    assert missed.nodule_scores.tolist() == [-math.inf]
    assert competition_performance_metric(froc_curve([missed])) == 0
    nothing = match_candidates(_points(3), np.array([1.0]), nodules_mm=_points(), diameters_mm=np.empty(0), **NONE)
    assert nothing.false_scores.tolist() == [1]
    assert math.isnan(competition_performance_metric(froc_curve([nothing])))


def test_scans_without_anything_count_in_the_mean():
    busy = ScanHits(np.array([0.9]), np.array([0.8, 0.7]))
    empty = ScanHits(np.empty(0), np.empty(0))
    assert froc_curve([busy]).false_per_scan.max() == 2
    assert froc_curve([busy, empty]).false_per_scan.max() == 1


def test_broken_input():
    with pytest.raises(MetricInputError):
        froc_curve([])
    good = {"nodules_mm": _points(0), "diameters_mm": np.array([5.0]), **NONE}
    for candidates, scores in (
        (_points(1), np.array([math.nan])),
        (_points(1), np.array([0.1, 0.2])),
        (np.zeros((1, 2)), np.array([0.1])),
    ):
        with pytest.raises(MetricInputError):
            match_candidates(candidates, scores, **good)
    for broken in ({"diameters_mm": np.array([-1.0])}, {"irrelevant_mm": _points(1)}):
        with pytest.raises(MetricInputError):
            match_candidates(_points(1), np.array([0.5]), **good | broken)
    with pytest.raises(MetricInputError, match="diameter"):
        match_candidates(
            _points(1),
            np.array([0.5]),
            **good | {"irrelevant_mm": _points(1), "irrelevant_diameters_mm": np.array([0.0])},
        )
