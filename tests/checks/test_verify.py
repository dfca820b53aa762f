"""`reproduce verify`: our own cells are the same bytes, within their numerical spread, or not regenerated."""

import json

import pytest

from reproduce.checks.verify import NOT_REGENERATED, SAME, WITHIN, compare
from reproduce.results.folders import read_run
from reproduce.results.spread import FILE

CELL = "net,organ,dice,pixel,pooled,ratio"
SPREAD = f"model,region,metric,level,average,unit,AVX2,SSE41,spread\n{CELL},0.5,0.502,"


def test_the_same_code_and_arithmetic_give_the_same_bytes(command, project):
    code, out, _ = command("verify", "toy")
    assert code == 0
    assert "2 cells: 2 same bytes, 0 within numerical spread, 0 not regenerated" in out
    assert "cases.csv: 2 of 2 rows have the same bytes" in out
    assert "The table is regenerated to the byte." in out
    assert not list((project.folder / "cache" / "verify").glob("cache-*"))  # nothing to be read back next time


def test_other_arithmetic_without_a_measured_spread_is_not_regenerated(command, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    code, out, _ = command("verify", "toy/phantom-cpu")
    assert code == 1
    assert "1 same bytes, 0 within numerical spread, 1 not regenerated" in out
    assert "not measured" in out
    assert "committed: processor a toy; arithmetic isa AVX2" in out
    assert "again: processor a toy; arithmetic isa SSE41" in out
    assert "`reproduce spread toy/phantom-cpu` measures it" in out
    assert "cases.csv: 1 of 2 rows have the same bytes" in out


@pytest.mark.parametrize(("spread", "code", "words"), [("0.002", 0, "1 within"), ("0.001999", 1, "1 not regenerated")])
def test_a_cell_may_differ_by_its_spread_and_no_more(command, project, monkeypatch, spread, code, words):
    (project.run / FILE).write_text(f"{SPREAD}{spread}\n")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    got, out, _ = command("verify", "toy")
    assert got == code
    assert words in out


def test_code_that_moved_is_named_where_nothing_else_differs(command, project):
    project.edit("DICE = 0.5", "DICE = 0.75")
    code, out, _ = command("verify", "toy")
    assert code == 1
    assert "on the same processor, arithmetic and versions: the code has moved" in out


def test_a_script_that_does_not_end_well_is_an_error_and_no_verdict(command, project):
    project.edit("def main():\n", "def main():\n    raise SystemExit(3)\n")
    code, out, err = command("verify", "toy")
    assert code == 2
    assert out == ""
    assert "ScriptError: expected a script that ends well, got exit code 3" in err
    assert "--cache" in err


def test_real_data_that_nobody_names_is_asked_for(command, project):
    path = project.run / "protocol.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "source": "lidc_idri"}))
    code, _, err = command("verify", "toy")
    assert code == 2
    assert "expected the data set lidc_idri, got no folder" in err


@pytest.fixture
def checked(results):
    """Compares two runs of Table 1, the second with a file changed; the word of each cell that is not the same."""

    def check(old="", new="", *, spread=None):
        one = read_run(results / "table1_lidc" / "phantom-cpu")
        other = read_run(results / "table1_lidc" / "lidc_idri-paper")
        text = (one.path / "table.csv").read_text()
        assert old in text
        (other.path / "table.csv").write_text(text.replace(old, new, 1))
        if spread is not None:
            keys = ",".join(text.splitlines()[1].split(",")[:6])
            (one.path / FILE).write_text(f"model,region,metric,level,average,unit,AVX2,spread\n{keys},1,{spread}\n")
        return compare(one, other)

    return check


def test_equal_tables_have_the_same_bytes_whatever_the_spread_column_says(checked):
    assert set(checked("not measured", "0.100000").counts.items()) > {(WITHIN, 0), (NOT_REGENERATED, 0)}


def test_a_row_that_is_lost_or_counts_others_is_not_regenerated(checked):
    first = "unoptimised_cnn,nodule,sensitivity,lesion,pooled,%,8,"
    found = checked(first, first.replace(",8,", ",7,"), spread=100)
    assert found.counts[NOT_REGENERATED] == 1
    assert found.cells[0].word == NOT_REGENERATED
    found = checked(first, first.replace("pooled", "elsewhere"))
    assert [cell.word for cell in found.cells if cell.word != SAME] == [NOT_REGENERATED] * 2
    assert found.exit_code == 1


def test_a_cell_that_has_no_number_any_more_is_not_regenerated(checked):
    first = "unoptimised_cnn,nodule,sensitivity,lesion,pooled,%,8,100.000000,"
    assert checked(first, first.replace("100.000000", ""), spread=100).cells[0].word == NOT_REGENERATED
    assert checked(first, first.replace("100.000000", "99.000000"), spread=100).cells[0].word == WITHIN
