"""The numerical spread of a table: measured over arithmetics, written, and shown beside the numbers."""

import csv
import math

import pytest

from reproduce.checks.spread import ARITHMETICS
from reproduce.results.spread import FILE, measured_spread, read_spread, write_spread
from reproduce.results.writer import write_results

DICE = ("net", "organ", "dice", "pixel", "pooled", "ratio")
PRECISION = ("net", "organ", "precision", "pixel", "pooled", "%")


def test_it_is_the_largest_less_the_smallest_and_undefined_where_one_has_no_number():
    found = measured_spread(
        {"a": {DICE: 0.5, PRECISION: 80.0}, "b": {DICE: 0.25, PRECISION: math.nan}, "c": {DICE: 0.75, PRECISION: 1.0}}
    )
    assert found.arithmetics == ("a", "b", "c")
    assert found.by_cell[DICE] == 0.5
    assert found.field(PRECISION) == ""
    assert found.text(PRECISION) == "–"
    assert found.field((*DICE[:-1], "%")) == found.text((*DICE[:-1], "%")) == "not measured"


def test_a_file_reads_as_it_was_written(tmp_path):
    cell = ('net, "wide"', *DICE[1:])
    written = write_spread(tmp_path, {"AVX2": {cell: 0.5, PRECISION: math.nan}, "SSE41": {cell: 0.375, PRECISION: 2.0}})
    read = read_spread(tmp_path)
    assert read.arithmetics == written.arithmetics == ("AVX2", "SSE41")
    assert read.by_cell[cell] == written.by_cell[cell] == 0.125
    assert math.isnan(read.by_cell[PRECISION])


def test_one_fold_is_trained_under_each_arithmetic_and_the_pages_are_written_again(command, project):
    code, out, err = command("spread", "toy")
    assert code == 0
    with (project.run / FILE).open() as stream:
        dice, precision = csv.DictReader(stream)
    assert {name: dice[name] for name in ARITHMETICS} == {
        "AVX2": "0.750000",  # 0.5, and 0.25 for the one fold
        "SSE41": "0.752000",
        "the processor's widest": "0.749000",
        "without oneDNN": "0.750000",
        "two threads": "0.750000",
    }
    assert dice["spread"] == "0.003000"
    assert precision["spread"] == ""
    assert (project.run / "table.md").read_text() == "written again"
    assert err.count("fold 0 under") == len(ARITHMETICS)
    assert "2 cells" in out


def test_a_kind_without_folds_is_refused(command, project):
    path = project.run / "protocol.json"
    path.write_text(path.read_text().replace("segmentation", "statements"))
    code, _, err = command("spread", "toy")
    assert code == 2
    assert "got kind statements" in err


def test_a_training_that_does_not_tell_its_arithmetic_gives_no_spread(command, project):
    project.edit('"arithmetic": {"isa": isa}', '"other": isa')
    code, _, err = command("spread", "toy")
    assert code == 2
    assert "expected a run that says on which arithmetic it was made, got none" in err
    assert not (project.run / FILE).exists()


@pytest.mark.parametrize("measured", [False, True])
def test_pages_show_it_beside_interval_and_seed_spread(make_run, tmp_path, measured):
    folder, run = tmp_path / "results" / "table1_lidc" / "phantom-cpu", make_run("phantom", 96)
    cell = ("optimised_cnn", "nodule", "dice", "pixel", "per_case", "ratio")
    if measured:
        write_spread(folder, {"AVX2": {cell: 0.5}, "SSE41": {cell: 0.512}})
    write_results(run, folder)
    with (folder / "table.csv").open() as stream:
        found = {
            tuple(row[name] for name in row if name in ("model", "metric", "level", "average")): row
            for row in csv.DictReader(stream)
        }
    row = found["optimised_cnn", "dice", "pixel", "per_case"]
    assert row["numerical_spread"] == ("0.012000" if measured else "not measured")
    assert found["unoptimised_cnn", "dice", "pixel", "per_case"]["numerical_spread"] == "not measured"
    page = (folder / "table.md").read_text()
    head = next(line for line in page.splitlines() if line.startswith("| model | metric"))
    printed = next(line for line in page.splitlines() if line.startswith("| optimised_cnn | dice |"))
    shown = dict(zip(head.split(" | "), printed.split(" | "), strict=True))
    assert shown["numerical spread"] == ("0.012" if measured else "not measured")
    assert ("n 8, spread 0.012)" in page) == measured
    assert ("under other arithmetic (AVX2, SSE41)" in page) == measured
    assert ("Numerical spread: not measured" in page) != measured
