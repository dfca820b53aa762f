"""Uncertainty and comparison over patients: intervals, paired tests, effect sizes."""

from reproduce.metrics.statistics.bootstrap import (
    Interval,
    bootstrap_interval,
    bootstrap_interval_of_rows,
    mean,
    patient_sums,
    ratio_of_sums,
)
from reproduce.metrics.statistics.effect_sizes import cliffs_delta, cohens_d_paired, matched_rank_biserial
from reproduce.metrics.statistics.paired_tests import TestResult, holm, mcnemar, permutation, wilcoxon

__all__ = [
    "Interval",
    "TestResult",
    "bootstrap_interval",
    "bootstrap_interval_of_rows",
    "cliffs_delta",
    "cohens_d_paired",
    "holm",
    "matched_rank_biserial",
    "mcnemar",
    "mean",
    "patient_sums",
    "permutation",
    "ratio_of_sums",
    "wilcoxon",
]
