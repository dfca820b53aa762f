import math

import pytest

from reproduce.report import case_rows
from reproduce.report.case_rows import case_table


def row(model, patient, dice, *, seed=1, level="pixel", accuracy="0.5", scan="1.2"):
    keys = {"model": model, "seed": str(seed), "fold": "2", "patient": patient, "scan": scan, "region": "nodule"}
    return {**keys, "level": level, "tp": "6", "fp": "1", "fn": "4", "tn": "9", "accuracy": accuracy, "dice": dice}


def test_worst_by_the_last_model_first_and_undefined_last():
    cases = [row("a", p, "0.9") for p in ("P1", "P2", "P3")]
    cases += [row("b", "P1", "0.8"), row("b", "P2", ""), row("b", "P3", "0.1")]
    table = case_table(cases, ["a", "b"], region="nodule")
    assert [each.patient for each in table.rows] == ["P3", "P1", "P2"]
    assert table.rows[0].scores == (0.9, 0.1)
    assert math.isnan(table.rows[2].scores[1])
    assert (table.level, table.metric, table.region, table.left_out) == ("pixel", "dice", "nodule", 0)


def test_reference_and_fold_are_shown_and_seeds_averaged():
    (only,) = case_table([row("a", "P1", "0.4"), row("a", "P1", "0.6", seed=2)], ["a"], region="nodule").rows
    assert only.scores == (pytest.approx(0.5),)
    assert only.reference == 6 + 4
    assert only.fold == 2


def test_two_scans_of_a_patient_are_two_rows():
    assert len(case_table([row("a", "P1", "0.4", scan=scan) for scan in ("x", "y")], ["a"], region="nodule").rows) == 2


def test_table_without_pixels_is_scored_by_accuracy():
    table = case_table([row("a", "P1", "0.4", level="patient", accuracy="0.7")], ["a"], region="nodule")
    assert (table.level, table.metric) == ("patient", "accuracy")
    assert table.rows[0].scores == (0.7,)


def test_best_rows_are_left_out_of_a_long_table(monkeypatch):
    monkeypatch.setattr(case_rows, "MOST", 2)
    table = case_table([row("a", f"P{i}", f"0.{i}") for i in range(1, 6)], ["a"], region="nodule")
    assert [each.patient for each in table.rows] == ["P1", "P2"]
    assert table.left_out == 3


def test_only_the_region_of_the_printed_cells_counts():
    cases = [row("a", "P1", "0.4") | {"region": "core"}, row("a", "P1", "0.6") | {"region": "whole"}]
    (only,) = case_table(cases, ["a"], region="whole").rows
    assert only.scores == (0.6,)
    assert case_table(cases, ["a"], region="other") is None


def test_no_cases_no_table():
    assert case_table([], ["a"], region="nodule") is None
