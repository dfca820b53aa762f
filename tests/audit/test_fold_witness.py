"""Means over folds from counts at hand, and from folds of equal prevalence."""

from dataclasses import replace

import pytest

from reproduce.audit.finding import Witness
from reproduce.audit.fold_witness import equal_folds_finding, witness_finding
from reproduce.audit.matrix import Matrix
from reproduce.audit.printed import Cell
from reproduce.errors import ClaimsError
from reproduce.papers.cells import table_cells

FOLDS = (Matrix(3, 1, 2, 4), Matrix(1, 1, 0, 8))


def cells(model="m", **printed):
    return [Cell("d", "T", model, "s", metric, "%", value) for metric, value in printed.items()]


def test_counts_that_print_every_cell():
    # 3/4 and 1/2; 4/6 and 8/8; 7/10 and 9/10.
    found = witness_finding(cells(sensitivity="62.5", specificity="83.3", accuracy="80.0"), [Witness("m", FOLDS)])
    assert (found.verdict, found.reading, found.values[0].text) == ("consistent", "folds", "40.0 %, 20.0 %")


def test_counts_that_do_not_print_a_cell_are_refused():
    with pytest.raises(ClaimsError, match="counts of folds with the printed means, got others"):
        witness_finding(cells(sensitivity="62.6"), [Witness("m", FOLDS)])
    with pytest.raises(ClaimsError, match="got others"):
        witness_finding(cells(sensitivity="62.5") + cells("n", sensitivity="62.5"), [Witness("m", FOLDS)])


def test_models_on_different_folds_are_refused():
    other = Witness("n", (replace(FOLDS[0], tn=5), FOLDS[1]))
    both = cells(sensitivity="62.5") + cells("n", sensitivity="62.5")
    with pytest.raises(ClaimsError, match="one make-up of the folds, got several"):
        witness_finding(both, [Witness("m", FOLDS), other])


def test_folds_of_equal_prevalence_need_one_that_fits_both_columns():
    for table, verdict in (("table1_lidc", "inconsistent"), ("table2_brats", "undetermined")):
        columns = table_cells(table)
        found = equal_folds_finding(columns[:3], columns[4:7])
        assert (found.verdict, found.reading) == (verdict, "equal folds")
        assert len(found.conflict) == (6 if verdict == "inconsistent" else 0)
