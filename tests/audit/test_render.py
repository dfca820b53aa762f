import json

import pytest

from reproduce.audit.audit import audit
from reproduce.audit.render import findings_json, findings_markdown, findings_text, summary
from reproduce.papers.cells import table_cells


@pytest.fixture(scope="module")
def findings():
    return audit(table_cells("table1_lidc"))


@pytest.mark.parametrize("width", [40, 100])
def test_text_stays_within_its_width(findings, width):
    text = findings_text(findings, width=width)
    indented = [line for line in text.splitlines() if line.startswith("    ")]
    assert max(map(len, indented)) <= width
    assert "INCONSISTENT  one test set: unoptimised_cnn, optimised_cnn" in text
    assert text.endswith("3 inconsistent, 2 undetermined, 3 consistent\n")


def test_markdown_has_a_row_and_an_explanation_for_each_finding(findings):
    text = findings_markdown(findings)
    assert text.startswith("## Document 000, LIDC-IDRI\n")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(findings)
    assert len([line for line in text.splitlines() if line.startswith("- **")]) == len(findings)


def test_json_carries_intervals_and_cells(findings):
    read = json.loads(findings_json(findings))
    assert [each["verdict"] for each in read] == [each.verdict for each in findings]
    assert read[0]["values"][0]["interval"] == pytest.approx([13 / 53, 15 / 53])
    assert read[0]["values"][-1]["interval"] is None
    assert read[0]["cells"][2]["value"] == "91"


def test_nothing_to_say_is_said():
    assert "No check covers these numbers" in findings_text((), width=80)
    assert "No check covers these numbers" in findings_markdown(())
    assert findings_json(()) == "[]\n"


def test_summary_counts_each_verdict(findings):
    assert summary(findings[:1]) == "0 inconsistent, 0 undetermined, 1 consistent"
