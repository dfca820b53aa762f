"""Which printed cells no run can give together, by what is pooled."""

from reproduce.audit.audit import unreachable
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
