import json

import pytest

from reproduce.results.diff import diff_run
from reproduce.results.diff_render import diff_json, diff_markdown, diff_text
from reproduce.results.folders import find_runs


@pytest.fixture
def diffs(results):
    return [diff_run(run) for run in find_runs(results, ())]


def test_text_has_runs_cells_and_statements_with_their_source(diffs):
    text = diff_text(diffs, width=160, colour=False)
    assert "table1_lidc/phantom-cpu: not comparable: phantom, cpu profile" in text
    assert "statements, tested on phantom, cpu profile" in text
    dice = next(line for line in text.splitlines() if line.startswith(" unoptimised_cnn   dice"))
    assert dice.split()[-7:] == ["outside", "-0.113", "against", "a", "tolerance", "of", "0.020"]
    assert "\x1b" not in text


def test_colour_only_where_it_is_wanted(diffs):
    assert "\x1b[31moutside" in diff_text(diffs, width=160, colour=True)


@pytest.mark.parametrize("width", [40, 80, 160])
def test_text_stays_within_its_width(diffs, width):
    assert max(map(len, diff_text(diffs, width=width, colour=False).splitlines())) <= width


def test_markdown_has_a_row_for_each_cell(diffs):
    text = diff_markdown(diffs)
    assert text.count("## Table 1 by hand") == 2
    assert sum(line.startswith(("| optimised_cnn |", "| unoptimised_cnn |")) for line in text.splitlines()) == 16
    assert "| optimised_cnn better than unoptimised_cnn in dice (000 7.1.1) |" in text


def test_json_is_strict_and_complete(diffs):
    real, phantom = json.loads(diff_json(diffs), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (real["source"], real["caveats"]) == ("lidc_idri", [])
    assert phantom["caveats"] == ["phantom", "cpu profile"]
    assert real["cells"][0]["ours"] == 70
    assert phantom["statements"][1]["p_mcnemar_slices"] is None
    assert set(real["cells"][0]) >= {"model", "metric", "unit", "printed", "ours", "low", "high", "delta", "verdict"}


def test_nothing_is_said():
    assert diff_text([], width=80, colour=False) == "nothing to compare\n"
    assert diff_markdown([]) == "nothing to compare\n"
    assert json.loads(diff_json([])) == []
