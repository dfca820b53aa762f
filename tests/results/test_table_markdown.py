from dataclasses import replace

import pytest

from reproduce.results.spread import NOTHING_MEASURED
from reproduce.results.table_markdown import table_page, verdict_line
from reproduce.results.writer import write_results


@pytest.fixture
def page(results):
    return (results / "table1_lidc" / "phantom-cpu" / "table.md").read_text(encoding="utf-8")


def section(page, title):
    return page.split(f"## {title}\n\n")[1].split("\n## ")[0]


def test_opens_with_what_it_is_no_evidence_for(page):
    lines = page.splitlines()
    assert lines[0] == "# Table 1 by hand"
    assert lines[2].startswith("Source: **phantom**, 8 patients. Profile: **cpu**. Seeds: 1.")
    assert "**Not comparable with the print (phantom and cpu profile): nothing here is evidence" in lines[2]


def test_real_run_has_no_such_banner(results):
    page = (results / "table1_lidc" / "lidc_idri-paper" / "table.md").read_text(encoding="utf-8")
    assert page.splitlines()[2] == "Source: **lidc_idri**, 8 patients. Profile: **paper**. Seeds: 1."


def test_cells_in_the_order_of_the_print_with_the_audit_beside(page):
    cells = [line for line in page.split("\n## ")[0].splitlines() if line.startswith(("| opt", "| unopt"))]
    assert len(cells) == 8
    first = [field.strip() for field in cells[0].strip("|").split("|")]
    assert first[:5] == ["unoptimised_cnn", "accuracy", "accuracy of nodule, slice, pooled", "89.6 %", "70.0 %"]
    assert first[7:9] == ["not measured", "not comparable"]
    assert "prevalence of the two columns disjoint" in first[9]


def test_statements_changes_and_silent_decisions_are_there(page):
    statements = section(page, "What the document says, tested on these patients")
    assert "optimised_cnn better than unoptimised_cnn in dice (000 7.1.1)" in statements
    assert "| 8 | Wilcoxon | 0.008 | 0.016 | 1.000 |" in statements
    assert section(page, "What this profile changes").strip() == "- preparation.size: 512 -> 96"
    silent = section(page, "Where the document is silent, and where it speaks")
    assert "| preparation.size | `96` | silent: we use it because the test says so |" in silent


def test_profile_that_changes_nothing_says_so(results):
    page = (results / "table1_lidc" / "lidc_idri-paper" / "table.md").read_text(encoding="utf-8")
    assert section(page, "What this profile changes").strip() == "- nothing"


def test_every_row_of_a_table_has_as_many_fields_as_its_head(page):
    width = None
    for line in page.splitlines():
        if not line.startswith("|"):
            width = None
            continue
        fields = line.replace("\\|", "").count("|")
        width = width or fields
        assert fields == width, line


def test_bar_in_a_title_of_a_field_is_escaped(make_run):
    run = make_run("phantom", 96)
    arms = tuple(replace(arm, because={**arm.because, "build": "silent: a | b"}) for arm in run.experiment.arms)
    page = table_page(replace(run, experiment=replace(run.experiment, arms=arms)), [], [], [], NOTHING_MEASURED)
    assert "silent: a \\| b" in page


def test_verdict_in_one_line(make_run, tmp_path):
    phantom, real = make_run("phantom", 96), make_run("lidc_idri")
    assert verdict_line(phantom, []) == "not comparable: phantom, cpu profile"
    verdicts = write_results(real, tmp_path / "table1_lidc" / "lidc_idri-paper")
    assert verdict_line(real, verdicts) == "6 unreachable, 2 outside"
