"""Tables of statements in the report: verdicts, what contradicts, choices and figures, beside runs or alone."""

import pandas as pd
import pytest

from reproduce.provenance import write_json
from reproduce.report.report import write_report
from reproduce.report.statement_list import COLUMNS, read_statement_runs
from reproduce.report.statement_section import statement_sections


@pytest.fixture
def said(tmp_path):
    """Results with one table of two statements and a question, and its figure."""
    folder = tmp_path / "said" / "table9_of_001" / "sample-cpu"
    folder.mkdir(parents=True)
    empty = dict.fromkeys(COLUMNS, "") | {"place": "001 Table 9"}
    rows = [
        empty | {"statement": "grows <fast>", "verdict": "contradicted", "measured": "it shrinks"},
        empty | {"statement": "has layers", "verdict": "supported", "seeds": "10"},
        empty | {"statement": "is quick", "verdict": "contradicted", "place": "asked here"},
    ]
    pd.DataFrame(rows).to_csv(folder / "statements.csv", index=False)
    (folder / "measurements.csv").write_text("quantity\n")
    choice = {"field": "study.n", "value": "3", "place": "silent: we use 3"}
    whole = {"kind": "statements", "document": "001", "title": "Nine", "source": "sample", "profile": "cpu"}
    whole |= {"changed_from_paper": [], "decisions": [choice]}
    write_json(folder / "protocol.json", whole)
    drawn = tmp_path / "figures" / "table9_of_001" / "sample-cpu" / "nine.png"
    drawn.parent.mkdir(parents=True)
    drawn.write_bytes(b"png")
    return tmp_path / "said"


def test_a_section_has_everything_of_its_folder(said, tmp_path):
    (found,) = statement_sections(read_statement_runs(said), tmp_path / "figures")
    assert found.anchor == "table9_of_001-sample-cpu"
    assert found.counts == (("contradicted", 1), ("supported", 1))
    assert [each.text for each in found.contradicted] == ["grows <fast>"]
    assert [(each.field, each.silent) for each in found.decisions] == [("study.n", True)]
    assert found.figures == [("table9_of_001/sample-cpu/nine.png", "data:image/png;base64,cG5n")]


def test_the_report_shows_them_without_any_other_run(said, tmp_path):
    page = write_report(said, tmp_path / "figures", tmp_path / "report.html", papers=()).read_text(encoding="utf-8")
    assert 'href="#table9_of_001-sample-cpu"' in page
    assert 'id="table9_of_001-sample-cpu"' in page
    assert "grows &lt;fast&gt;" in page
    assert "it shrinks" in page
    assert "1 of 2 statements" in page
    assert "1 more are asked" in page
    assert page.index("grows &lt;fast&gt;") < page.index("Asked beside it") < page.index("is quick")
    assert "data:image/png;base64,cG5n" in page
    assert page == write_report(said, tmp_path / "figures", tmp_path / "again.html", papers=()).read_text("utf-8")


def test_nothing_contradicted_is_said(said, tmp_path):
    file = said / "table9_of_001" / "sample-cpu" / "statements.csv"
    file.write_text(file.read_text().replace("contradicted", "undecided"))
    page = write_report(said, tmp_path / "figures", tmp_path / "report.html", papers=()).read_text(encoding="utf-8")
    assert "<p>Nothing.</p>" in page
