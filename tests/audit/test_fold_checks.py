"""Columns of means over folds or cases: verdicts, witnesses, conflicts, and what is left open."""

from dataclasses import replace

import pytest

from reproduce.audit import fold_checks
from reproduce.audit.audit import audit, cell_verdict, unreachable
from reproduce.audit.columns import levels_of
from reproduce.audit.fold_search import prints
from reproduce.audit.printed import Cell, read_cells
from reproduce.papers.cells import table_cells


def as_folds(cells, **fields):
    return [replace(cell, average="folds", **{"folds": 5, **fields}) for cell in cells]


def rates_of_table_1(**fields):
    return as_folds([cell for cell in table_cells("table1_lidc") if cell.metric != "dice"], **fields)


def verdicts(findings):
    return [(each.check, each.verdict, each.reading) for each in findings]


def by_model(cells):
    models = dict.fromkeys(cell.model for cell in cells)
    return [[cell for cell in cells if cell.model == model] for model in models]


def test_both_columns_of_table_1_as_means_over_folds_of_known_make_up():
    cells = rates_of_table_1(positives="17;17;27;37;37", negatives="83;83;73;63;63")
    found = audit(cells)
    assert verdicts(found) == [("means over folds", "consistent", "folds")] * 2
    for each, column in zip(found, by_model(cells), strict=True):
        (witness,) = each.witness
        assert [m.tp + m.fn for m in witness.matrices] == [17, 17, 27, 37, 37]
        assert prints(levels_of(column), witness.matrices)
    assert found[0].figures[1].text.startswith("1: TP ")
    # What holds for means is no proof about runs that pool.
    assert unreachable(cells, pooled={cell.metric for cell in cells}) == frozenset()


def test_equal_prevalence_leaves_one_column_and_names_what_conflicts_in_the_other():
    found = audit(rates_of_table_1(positives="260", negatives="740"))
    assert [each.verdict for each in found] == ["consistent", "inconsistent"]
    assert [cell.metric for cell in found[1].conflict] == ["accuracy", "sensitivity", "specificity"]
    assert found[1].values[0].text == "5 of 260 positives, 740 negatives"
    assert cell_verdict(found[1].cells[0], found) == (
        "inconsistent as means: no folds print accuracy and sensitivity and specificity"
    )


def test_folds_of_bounded_make_up_are_searched_for_both_columns_together():
    found = audit(rates_of_table_1(positives="170-370", negatives="630-830"))
    assert verdicts(found) == [
        ("means over folds", "consistent", "folds"),
        ("means over folds", "consistent", "folds"),
        ("one test set, as means over folds", "consistent", "folds"),
    ]
    before, after = found[2].witness
    assert [(m.tp + m.fn, m.fp + m.tn) for m in before.matrices] == [(m.tp + m.fn, m.fp + m.tn) for m in after.matrices]


def test_unknown_folds_get_a_witness_or_stay_open():
    cells = as_folds(
        [Cell("d", "Table 1", "m", "s", metric, "%", value) for metric, value in (("accuracy", "95.2"), ("f1", "89.4"))]
    )
    (found,) = audit(cells)
    assert (found.verdict, found.values[0].text) == ("consistent", "5 of 1000 cases, 5 to 95 % of them positive")
    (witness,) = found.witness
    assert all(sum(m.counts) == 1000 for m in witness.matrices)
    # With n the folds share it: 1018 of 5 are 203 or 204 each.
    (found,) = audit([replace(cells[0], n=1018), cells[1]])
    assert [sum(m.counts) for m in found.witness[0].matrices] == [204, 204, 204, 203, 203]
    assert found.values[0].text == "5 of 203 or 204 cases, 5 to 95 % of them positive"


def test_what_no_search_decides_is_undetermined(monkeypatch):
    monkeypatch.setattr(fold_checks, "LIMIT_S", 0.3)
    # A mean accuracy below both other means: no folds, but of unknown make-up it is not proven here.
    rows = (("accuracy", "50.0"), ("sensitivity", "90.0"), ("specificity", "95.0"))
    cells = as_folds([Cell("d", "Table 1", "m", "s", metric, "%", value) for metric, value in rows])
    (found,) = audit(cells)
    assert (found.verdict, found.brief, found.witness) == ("undetermined", "not decided in 0.3 s", ())
    bounded = [replace(cell, positives="100-400", negatives="100-400") for cell in cells]
    (found,) = audit(bounded)
    assert (found.verdict, [cell.metric for cell in found.conflict]) == ("inconsistent", [row[0] for row in rows])


def test_a_number_of_folds_that_is_not_said():
    cells = rates_of_table_1(folds=None)
    assert {(each.verdict, each.brief) for each in audit(cells)} == {
        ("undetermined", "how many of them there are is not said")
    }


def test_a_root_has_no_mean_in_fractions_and_is_left_out():
    cells = as_folds([Cell("d", "T", "m", "s", name, "ratio", "0.80") for name in ("mcc", "accuracy")])
    (found,) = audit(cells)
    assert found.metrics == ("accuracy",)


@pytest.mark.parametrize(("average", "checks"), [("", 2), ("pooled", 2), ("folds", 2), ("cases", 2)])
def test_dice_beside_iou_by_how_they_were_averaged(average, checks, monkeypatch):
    monkeypatch.setattr(fold_checks, "LIMIT_S", 0.3)
    cells = [
        Cell("d", "T", "m", "s", metric, "%", value, average=average, folds=None if average in ("", "pooled") else 40)
        for metric, value in (("iou", "84.5"), ("dice", "86.2"))
    ]
    found = audit(cells)
    names = [each.check for each in found]
    assert ("Dice against IoU, pooled" in names) == (average in ("", "pooled"))
    assert "Dice against IoU, as means" in names
    assert len(found) == checks


def test_a_csv_says_how_its_numbers_were_averaged(tmp_path):
    path = tmp_path / "paper.csv"
    header = "document,place,model,data,metric,unit,value,average,folds,positives,negatives"
    rows = ["Acc,%,75.0,folds,2,2,2", "TPR,%,75.0,folds,2,,", "TNR,%,75.0,folds,2,,"]
    path.write_text("\n".join([header, *(f"d,Table 1,m,s,{row}" for row in rows)]), encoding="utf-8")
    (found,) = audit(read_cells(path))
    assert found.verdict == "consistent"
    assert sum(m.tp for m in found.witness[0].matrices) == sum(m.tn for m in found.witness[0].matrices) == 3
