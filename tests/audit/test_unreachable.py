"""Which printed cells no run can give together, by what is pooled."""

from fractions import Fraction

from reproduce.audit.audit import unreachable
from reproduce.audit.counts import smallest_counts
from reproduce.papers.cells import table_cells

RATES = ("accuracy", "sensitivity", "specificity")


def test_no_run_prints_both_columns_of_lidc_from_slices():
    cells = table_cells("table1_lidc")
    assert unreachable(cells, pooled=RATES) == {cell for cell in cells if cell.metric in RATES}


def test_either_column_of_lidc_alone_can_be_printed():
    cells = table_cells("table1_lidc")
    for model in ("unoptimised_cnn", "optimised_cnn"):
        assert not unreachable([cell for cell in cells if cell.model == model], pooled=RATES)


def test_pooled_dice_adds_the_optimised_column_of_lidc_even_alone():
    cells = [cell for cell in table_cells("table1_lidc") if cell.model == "optimised_cnn"]
    assert unreachable(cells, pooled={*RATES, "dice"}) == set(cells)
    cells = [cell for cell in table_cells("table1_lidc") if cell.model == "unoptimised_cnn"]
    assert not unreachable(cells, pooled={*RATES, "dice"})


def test_nothing_is_proven_where_nothing_is_pooled():
    for table in ("table1_lidc", "table2_brats", "table1_thoracic"):
        assert unreachable(table_cells(table), pooled=()) == frozenset()


def test_table_2_can_be_printed_from_slices_but_not_with_pooled_dice():
    cells = table_cells("table2_brats")
    assert not unreachable(cells, pooled=RATES)
    assert unreachable(cells, pooled={*RATES, "dice"}) == set(cells)


def test_table_of_document_002_cannot_be_pooled_over_the_same_classes():
    cells = table_cells("table1_thoracic")
    caught = unreachable(cells, pooled={"miou", "dice"})
    assert caught == {cell for cell in cells if cell.published}


def test_means_over_five_folds_print_what_no_one_test_set_can(rates):
    """Five folds of 100 cases with 17 to 37 positives print accuracy, sensitivity and specificity of both columns."""
    positives = (17, 17, 27, 37, 37)
    hits = {
        "LIDC before": ((16, 17, 10, 36, 37), (65, 83, 71, 50, 63)),
        "LIDC after": ((17, 17, 27, 25, 37), (75, 83, 73, 59, 63)),
    }
    for column, (tp, tn) in hits.items():
        sides = rates[column].sensitivity, rates[column].specificity, rates[column].accuracy
        folds = [
            (Fraction(t, p), Fraction(u, 100 - p), Fraction(t + u, 100))
            for p, t, u in zip(positives, tp, tn, strict=True)
        ]
        for side, values in zip(sides, zip(*folds, strict=True), strict=True):
            assert side.low <= sum(values) / 5 <= side.high
    assert smallest_counts([rates[column] for column in hits], 1000) is None
