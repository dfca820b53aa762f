import csv
import json
from dataclasses import replace

import pytest

from reproduce.protocol import NO_DOCUMENT
from reproduce.results.cases import read_frame
from reproduce.results.writer import write_results


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_published_and_reproduced_line_up(results):
    table = results / "table1_lidc"
    printed, ours = rows(table / "published.csv"), rows(table / "phantom-cpu" / "reproduced.csv")
    cells = [[(r["model"], r["metric"], r["unit"]) for r in file] for file in (printed, ours)]
    assert cells[0] == cells[1]
    assert [r["value"] for r in printed] == ["89.6", "85.7", "91", "0.812", "95.2", "93.5", "96.8", "0.894"]
    # Accuracy of slices: (3 + 4) / 10 and (4 + 4) / 10; sensitivity 3/5, 4/5; specificity 4/5; Dice as in the
    # statements' test.
    dice = [sum(2 * (hits + k) / (hits + k + 120) for k in range(1, 9)) / 8 for hits in (60, 80)]
    expected = ["70.0", "60.0", "80.0", f"{dice[0]:.3f}", "80.0", "80.0", "80.0", f"{dice[1]:.3f}"]
    assert [r["value"] for r in ours] == expected


def test_phantom_gets_one_word_and_real_data_under_the_papers_protocol_the_others(results):
    table = results / "table1_lidc"
    phantom = {r["verdict"] for r in rows(table / "phantom-cpu" / "table.csv")}
    real = {r["metric"]: r["verdict"] for r in rows(table / "lidc_idri-paper" / "table.csv") if r["verdict"]}
    assert phantom == {"", "not comparable"}
    assert real == {
        "accuracy": "unreachable",
        "sensitivity": "unreachable",
        "specificity": "unreachable",
        "dice": "outside",
    }


def test_table_has_every_level_and_one_row_for_each_printed_cell(results):
    table = rows(results / "table1_lidc" / "lidc_idri-paper" / "table.csv")
    assert {r["level"] for r in table} == {"pixel", "slice", "lesion", "patient"}
    judged = [r for r in table if r["verdict"]]
    assert len(judged) == 8
    accuracy = next(r for r in judged if (r["model"], r["metric"]) == ("optimised_cnn", "accuracy"))
    assert (accuracy["unit"], accuracy["n"], accuracy["value"]) == ("%", "8", "80.000000")
    assert (accuracy["published"], accuracy["delta"]) == ("95.2", "-15.200000")


def test_protocol_says_what_is_changed_and_why_everything_is_as_it_is(results):
    protocol = json.loads((results / "table1_lidc" / "phantom-cpu" / "protocol.json").read_text())
    assert protocol["changed_from_paper"] == [{"field": "preparation.size", "paper": 512, "here": 96}]
    assert protocol["source"] == "phantom"
    assert {"field": "preparation.size", "value": "96"}.items() <= protocol["decisions"][0].items()
    assert all(each["place"].startswith(("silent: ", "000 ")) for each in protocol["decisions"])


def test_same_run_same_bytes(make_run, tmp_path):
    for name in ("a", "b"):
        write_results(make_run("phantom", 96), tmp_path / name / "table1_lidc" / "phantom-cpu")
    folders = [tmp_path / name / "table1_lidc" / "phantom-cpu" for name in ("a", "b")]
    assert files(folders[0]) == files(folders[1])
    assert len(files(folders[0])) == 5


def test_files_are_utf8_with_unix_lines_and_no_temporary_is_left(results):
    folder = results / "table1_lidc" / "phantom-cpu"
    for name, content in files(folder).items():
        assert not name.startswith(".")
        if not name.endswith(".npz"):
            content.decode("utf-8")
            assert b"\r" not in content
            assert content.endswith(b"\n")


def test_cases_come_back_as_they_went(results, cases):
    back = read_frame(results / "table1_lidc" / "phantom-cpu" / "cases.csv", dtype={"scan": str})
    assert len(back) == len(cases) == 2 * 8 * 4
    assert back["tp"].tolist() == cases["tp"].tolist()
    assert back["dice"].tolist() == pytest.approx(cases["dice"].tolist(), abs=1e-6, nan_ok=True)


def test_table_that_the_document_does_not_print_has_results_and_no_cell(make_run, tmp_path):
    run = make_run("phantom")
    unprinted = replace(run, experiment=replace(run.experiment, table="table7", printed=False), cells=(), texts=())
    assert write_results(unprinted, tmp_path / "table7" / "phantom-paper") == []
    assert (tmp_path / "table7" / "published.csv").read_text() == "model,metric,unit,value\n"
    page = (tmp_path / "table7" / "phantom-paper" / "table.md").read_text(encoding="utf-8")
    assert "The document prints no cell of this table." in page
    assert "optimised_cnn better than unoptimised_cnn in dice" in page


def test_table_of_ours_speaks_of_no_document(make_run, tmp_path):
    run = make_run("phantom")
    ours = replace(run.experiment, table="table7", printed=False, document=NO_DOCUMENT)
    ours = replace(run, experiment=ours, cells=(), texts=())
    write_results(ours, tmp_path / "table7" / "phantom-paper")
    page = (tmp_path / "table7" / "phantom-paper" / "table.md").read_text(encoding="utf-8")
    assert "No document prints this table" in page
    assert "nothing here is evidence.**" in page
    for heading in ("Which model is better, tested on these patients", "Every choice"):
        assert f"\n## {heading}\n" in page
    assert "the document" not in page.split("## Every level")[0].lower()
