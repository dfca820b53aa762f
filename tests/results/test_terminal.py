import io

import pytest
from rich.console import Console

from reproduce.results.diff import CellLine
from reproduce.results.terminal import cells_table, verdict_table
from reproduce.results.writer import write_results


def shown(table):
    out = io.StringIO()
    Console(file=out, width=200).print(table)
    return out.getvalue()


@pytest.fixture
def verdicts(make_run, tmp_path):
    return write_results(make_run("phantom", 96), tmp_path / "table1_lidc" / "phantom-cpu")


def test_one_line_for_each_printed_cell(verdicts):
    lines = [line.split() for line in shown(verdict_table(verdicts)).splitlines() if "optimised_cnn" in line]
    assert len(lines) == 8
    assert lines[0][:3] == ["unoptimised_cnn", "accuracy", "(%)"]
    assert lines[0][-2:] == ["not", "comparable"]
    assert "89.6" in lines[0]
    assert "70.0" in lines[0]


def test_both_tables_round_alike(verdicts, results):
    from reproduce.results.diff import diff_run
    from reproduce.results.folders import read_run

    stored = diff_run(read_run(results / "table1_lidc" / "phantom-cpu")).cells
    assert shown(cells_table(stored, with_delta=False)) == shown(verdict_table(verdicts))


def test_cell_that_nobody_ran_shows_dashes():
    nan = float("nan")
    line = CellLine("SegNet", "dice", "%", "", "", 0, "", nan, nan, nan, nan, nan, "not published", "no number", "")
    text = next(line for line in shown(cells_table([line], with_delta=True)).splitlines() if "SegNet" in line)
    assert text.split() == ["SegNet", "dice", "(%)", "–", "–", "–", "–", "–", "not", "published", "no", "number"]


def test_no_cells_no_lines():
    assert shown(cells_table([], with_delta=True)).count("\n") <= 4
