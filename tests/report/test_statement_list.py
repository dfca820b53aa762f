"""The page of all statements of a document: what contradicts stands first, with its figures; broken files are told."""

import csv
import re
from pathlib import Path

import pandas as pd
import pytest

from reproduce.errors import ResultsError
from reproduce.provenance import write_json
from reproduce.report.statement_list import COLUMNS, read_statement_runs, write_statement_page

PROJECT = Path(__file__).parents[2]


def write_run(results, table, *, source="sample", rows, document="001"):
    """A results folder of statements, each (key, verdict, seeds)."""
    folder = results / table / f"{source}-cpu"
    said = [
        dict.fromkeys(COLUMNS, "")
        | {"key": key, "place": "001 Table 9, row", "statement": f"says {key}", "rule": f"rule of {key}"}
        | {"verdict": verdict, "measured": f"|{key}| = 2", "seeds": seeds}
        for key, verdict, seeds in rows
    ]
    folder.mkdir(parents=True)
    pd.DataFrame(said).to_csv(folder / "statements.csv", index=False)
    (folder / "measurements.csv").write_text("quantity,condition,x,seed,value\n")
    about = {
        "kind": "statements",
        "document": document,
        "title": f"Title of {table}",
        "source": source,
        "profile": "cpu",
    }
    write_json(folder / "protocol.json", {**about, "changed_from_paper": [], "decisions": []})
    return folder


@pytest.fixture
def results(tmp_path):
    write_run(tmp_path / "results", "table1", rows=[("a", "supported", 0), ("b", "contradicted", 10)])
    write_run(tmp_path / "results", "table2", rows=[("c", "undecided", 0), ("d", "contradicted", 0)])
    drawn = tmp_path / "figures" / "table1" / "sample-cpu" / "one.png"
    drawn.parent.mkdir(parents=True)
    drawn.write_bytes(b"png")
    return tmp_path / "results"


def test_what_contradicts_stands_with_rule_numbers_file_and_figure(results, tmp_path):
    page = write_statement_page("001", results, tmp_path / "figures")
    assert page == results / "document001" / "statements.md"
    text = page.read_text(encoding="utf-8")
    assert "4 statements are calculated or measured: 1 supported, 2 contradicted, 1 undecided." in text
    first, second = text.split("### ")[1:3]
    assert first.startswith("1. 001 Table 9, row: says b\n")
    for line in ("- Rule: rule of b", "- Found: |b| = 2", "[one.png](../../figures/table1/sample-cpu/one.png)"):
        assert line in first
    assert second.startswith("2. 001 Table 9, row: says d\n")
    assert "Calculated, not measured" in second
    assert "Figure:" not in second.split("## ")[0]
    assert "| 001 Table 9, row | says c | **undecided** | \\|c\\| = 2 |" in text
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert {(page.parent / link).exists() for link in links if not link.endswith("table.md")} == {True}
    first = page.read_bytes()
    assert write_statement_page("cnn_survey", results, tmp_path / "figures") == page
    assert page.read_bytes() == first


def test_what_the_document_says_of_others_stands_beside_what_is_known(results, tmp_path):
    text = write_statement_page("001", results, tmp_path / "figures").read_text(encoding="utf-8")
    assert (
        "| 001 3 | authors of MoCo v3 | Touvron et al. | Chen, Xie and He | arXiv 2104.02057 | **inconsistent** |"
        in text
    )
    assert "| 000 " not in text


def test_nothing_contradicted_is_said(tmp_path):
    write_run(tmp_path, "table1", rows=[("a", "supported", 0)])
    assert "## Contradicted, and by what\n\nNone.\n" in write_statement_page("001", tmp_path, tmp_path).read_text()


def test_what_is_asked_beside_the_document_is_shown_and_not_counted(tmp_path):
    folder = write_run(tmp_path, "table1", rows=[("a", "supported", 0), ("b", "contradicted", 10)])
    file = folder / "statements.csv"
    frame = pd.read_csv(file, keep_default_na=False)
    frame.loc[1, "place"] = "asked here, not said in 001"
    frame.to_csv(file, index=False)
    text = write_statement_page("001", tmp_path, tmp_path).read_text()
    assert "1 statements are calculated or measured: 1 supported." in text
    assert "## Contradicted, and by what\n\nNone.\n" in text
    assert "| says b | **contradicted** | \\|b\\| = 2 |" in text


def test_a_run_without_data_gives_way_to_one_with(results):
    write_run(results, "table2", source="none", rows=[("c", "not run: no data", 0)])
    write_run(results, "table3", source="none", rows=[("e", "not run: no data", 0)])
    assert [run.name for run in read_statement_runs(results)] == [
        "table1/sample-cpu",
        "table2/sample-cpu",
        "table3/none-cpu",
    ]
    assert read_statement_runs(results)[2].measured_on == "no data"


def test_a_document_without_tables_of_statements_is_told(results, tmp_path):
    with pytest.raises(ResultsError, match="a table of statements of document 002"):
        write_statement_page("002", results, tmp_path)
    (tmp_path / "nowhere").mkdir()
    with pytest.raises(ResultsError, match="a table of statements of document 001"):
        write_statement_page("001", tmp_path / "nowhere", tmp_path)


def test_broken_files_are_told(results):
    folder = results / "table1" / "sample-cpu"
    kept = (folder / "statements.csv").read_text()
    (folder / "statements.csv").write_text(kept.replace("contradicted", "refuted"))
    with pytest.raises(ResultsError, match="refuted"):
        read_statement_runs(results)
    (folder / "statements.csv").write_text(kept)
    about = {"kind": "statements", "document": "001", "source": "sample", "profile": "cpu", "changed_from_paper": []}
    write_json(folder / "protocol.json", about)
    with pytest.raises(ResultsError, match="document, title, source and profile"):
        read_statement_runs(results)
    (folder / "statements.csv").unlink()
    write_json(folder / "protocol.json", {**about, "title": "t"})
    with pytest.raises(ResultsError, match="a results file"):
        read_statement_runs(results)


def test_the_committed_page_is_what_the_committed_results_say(tmp_path):
    committed = (PROJECT / "results" / "document001" / "statements.md").read_text(encoding="utf-8")
    counts = dict(re.findall(r"\.\./(\w+/[\w-]+)/table\.md\): (.*?);", committed))
    runs = [run for run in read_statement_runs(PROJECT / "results") if run.document == "001"]
    assert set(counts) == {run.name for run in runs}
    for run in runs:
        with (run.path / "statements.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        own = [row for row in rows if row["place"].startswith("001 ")]
        words = [row["verdict"] for row in own]
        assert counts[run.name] == ", ".join(f"{words.count(w)} {w}" for w in dict.fromkeys(words))
        for row in rows:
            said = row["statement"].replace("|", "\\|")
            assert f"| {said} | **{row['verdict']}** |" in committed
            if row in own and row["verdict"] == "contradicted":
                assert f"- Found: {row['measured']}\n" in committed
    links = set(re.findall(r"\]\((\.\./[^)]+)\)", committed))
    assert all((PROJECT / "results" / "document001" / link).exists() for link in links)
    assert "../../figures/table2_of_001/pneumoniamnist-cpu/activations.png" in links
