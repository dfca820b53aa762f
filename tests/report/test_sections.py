from collections import Counter

import pytest

from reproduce.errors import LeakageError, ResultsError
from reproduce.papers.documents import document_findings
from reproduce.provenance import write_json
from reproduce.report.audit_section import audit_sections
from reproduce.report.run_section import run_section
from reproduce.results.diff import diff_run
from reproduce.results.folders import read_run


@pytest.fixture
def folder(results):
    return results / "table1_lidc" / "phantom-cpu"


def section(folder, figures=None):
    return run_section(diff_run(read_run(folder)), figures or folder)


def test_section_has_everything_of_its_folder(folder):
    found = section(folder)
    assert found.anchor == "table1_lidc-phantom-cpu"
    assert len(found.strips) == len(found.diff.cells) == 8
    assert [model for model, _ in found.curves] == ["unoptimised_cnn", "optimised_cnn"]
    assert found.pictured == {"P1": 1, "P8": 2}
    assert found.cases.rows[0].patient == "P1"
    assert len(found.folds) == 4
    assert sum(len(fold.test) for fold in found.folds) == 8
    assert (found.included, found.excluded) == (8, {"no images": 1})
    assert ("versions python", "3.11") in found.provenance
    assert ("seconds all", "1.5") in found.provenance
    assert found.figures == []
    assert [table.name for table in found.tables] == ["cost.csv"]


def test_silent_decisions_are_told_from_printed_ones(folder):
    protocol = read_run(folder).protocol
    assert {each.silent for each in section(folder).decisions} == {True}
    protocol["decisions"][0]["place"] = "000 6.2"
    protocol["decisions"][2]["place"] = "cpu: so that it takes minutes"
    write_json(folder / "protocol.json", protocol)
    first, second, third = section(folder).decisions[:3]
    assert (first.silent, first.place) == (False, "000 6.2")
    assert (second.silent, second.place) == (True, "we use it because the test says so")
    assert (third.silent, third.place) == (True, "cpu: so that it takes minutes")


def test_folder_of_another_kind_shows_its_own_tables_and_figures(by_hand, tmp_path):
    results = by_hand([("readers", "dice", "%", "90.0", "91.0", "within")], table="census")
    folder = results / "census" / "real-paper"
    (folder / "short.csv").write_text("a,b\n1,2\n")
    (folder / "long.csv").write_text("a\n" + "1\n" * 100)
    (folder / "empty.csv").write_text("a\n")
    (tmp_path / "census_x.png").write_bytes(b"png")
    (tmp_path / "other_x.png").write_bytes(b"png")
    found = section(folder, tmp_path)
    assert [name for name, _ in found.figures] == ["census_x.png"]
    assert [(table.name, table.n_rows, len(table.rows)) for table in found.tables] == [
        ("empty.csv", 0, 0),
        ("long.csv", 100, 0),
        ("short.csv", 1, 1),
    ]
    assert (found.curves, found.pictures, found.cases, found.folds) == ([], [], None, ())


def test_leaking_folds_are_no_section(folder):
    fold = {"index": 0, "train": ["P1"], "validation": [], "test": ["P1"]}
    write_json(folder / "splits.json", {"folds": [fold]})
    with pytest.raises(LeakageError):
        section(folder)


@pytest.mark.parametrize("file", ["history.csv", "cases.csv", "ledger.csv"])
def test_file_without_its_columns_is_no_section(folder, file):
    (folder / file).write_text("a,b\n1,2\n")
    with pytest.raises(ResultsError, match=file):
        section(folder)


def test_audit_has_a_section_for_each_document_with_all_its_findings():
    sections = audit_sections([])
    counts = Counter(each.document for each in document_findings())
    assert [each.title for each in sections] == [f"Document {document}" for document in sorted(counts)]
    assert [sum(each.n.values()) for each in sections] == [counts[document] for document in sorted(counts)]
    assert len({each.anchor for each in sections}) == len(sections)
    drawn = {each.title: (len(each.prevalence), len(each.planes)) for each in sections}
    assert drawn["Document 000"] == (2, 0)
    assert drawn["Document 002"] == (0, 1)


def test_table_of_the_readers_own_comes_last(tmp_path):
    path = tmp_path / "my paper.csv"
    path.write_text(
        "document,place,model,data,metric,unit,value\n"
        "Doe 2024,Table 2,U-Net,ISIC,iou,%,76.1\nDoe 2024,Table 2,U-Net,ISIC,dice,%,70.0\n"
    )
    last = audit_sections([path])[-1]
    assert last.title == "my paper.csv"
    assert last.anchor == "audit-my-paper-csv"
    assert last.n["inconsistent"] >= 1
    assert len(last.planes) == 1
