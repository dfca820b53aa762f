import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from reproduce.errors import ResultsError
from reproduce.papers.cells import table_cells
from reproduce.papers.xue2025.figures import draw_comparison, draw_document000, shown_run
from reproduce.results.diff import CellLine, diff_run
from reproduce.results.folders import RunFolder, find_runs

NAMES = [f"figure{i}.{ending}" for i in (1, 2, 3) for ending in ("png", "svg")]


def run_of(table, source, profile, changed=()):
    return RunFolder(
        Path("results") / table / f"{source}-{profile}", "segmentation", "000", source, profile, tuple(changed), {}
    )


LIDC, BRATS = run_of("table1_lidc", "phantom", "cpu", ["x"]), run_of("table2_brats", "brats", "paper")


def cells(table, ours=50.0, low=40.0, high=65.0):
    """Every printed cell of a table, ours the same share of 100 in each."""
    found = []
    for cell in table_cells(table):
        scale = 1 if cell.unit == "%" else 100
        numbers = (ours / scale, low / scale, high / scale, 0.0, 2.0)
        where = ("pixel", "per_case") if cell.metric == "dice" else ("slice", "pooled")
        found.append(CellLine(cell.model, cell.metric, cell.unit, *where, 16, cell.value, *numbers, "", "", ""))
    return found


@pytest.fixture
def figure():
    return draw_comparison(
        {"table1_lidc": cells("table1_lidc"), "table2_brats": None}, {"table1_lidc": LIDC, "table2_brats": None}
    )


def bars(axis):
    """Left edge and height of each bar with a height, from left to right."""
    found = [(bar.get_x(), bar.get_height()) for bar in axis.patches]
    return sorted((x, height) for x, height in found if not math.isnan(height))


def heights(axis):
    return [height for _, height in bars(axis)]


def test_printed_bar_stands_left_of_ours_for_each_metric(figure):
    percent, dice = figure.axes[:2]
    # accuracy, sensitivity, specificity; before printed, before ours, after printed, after ours.
    assert heights(percent) == [89.6, 50, 95.2, 50, 85.7, 50, 93.5, 50, 91, 50, 96.8, 50]
    assert heights(dice) == pytest.approx([0.812, 0.5, 0.894, 0.5])


def test_bars_do_not_overlap(figure):
    for axis in figure.axes:
        edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in axis.patches)
        assert all(left[1] <= right[0] + 1e-9 for left, right in pairwise(edges))


def test_intervals_reach_from_low_to_high(figure):
    (segment,) = figure.axes[0].collections[0].get_segments()
    assert segment[:, 1].tolist() == [40.0, 65.0]
    assert len(figure.axes[0].collections) == 6
    assert figure.axes[1].collections[0].get_segments()[0][:, 1].tolist() == [0.4, 0.65]


def test_percentages_and_dice_have_axes_of_their_own(figure):
    labels = [axis.get_ylabel() for axis in figure.axes]
    assert labels == ["%", "Dice", "%", "Dice"]
    assert [axis.get_ylim()[1] for axis in figure.axes] == pytest.approx([110, 1.1, 110, 1.1])


def test_numbers_are_written_as_printed_and_ours_above_the_interval(figure):
    written = {text.get_text(): text.xy[1] for text in figure.axes[0].texts}
    assert written["91"] == 91.0
    assert written["50.0"] == 65.0


def test_table_without_a_run_shows_the_print_and_says_not_run(figure):
    percent, dice = figure.axes[2:]
    assert heights(percent) == [87.3, 94.1, 81.4, 91.2, 90.2, 95.6]
    assert heights(dice) == pytest.approx([0.768, 0.885])
    assert [text.get_text() for text in percent.texts].count("not run") == 6
    assert percent.get_title(loc="left") == "BraTS: ours not run"


def test_phantom_is_shouted_and_a_comparable_run_is_not():
    both = {"table1_lidc": cells("table1_lidc"), "table2_brats": cells("table2_brats")}
    figure = draw_comparison(both, {"table1_lidc": LIDC, "table2_brats": BRATS})
    titles = [axis.get_title(loc="left") for axis in figure.axes[::2]]
    assert titles[0] == "LIDC-IDRI: ours on PHANTOM, cpu profile, NOT COMPARABLE with the print"
    assert titles[1] == "BraTS: ours on brats, paper profile"


def test_number_that_is_undefined_has_no_bar_and_no_text():
    lines = [replace(line, ours=math.nan, low=math.nan, high=math.nan) for line in cells("table1_lidc")]
    figure = draw_comparison({"table1_lidc": lines}, {"table1_lidc": LIDC})
    assert heights(figure.axes[0]) == [89.6, 95.2, 85.7, 93.5, 91, 96.8]
    assert {text.get_text() for text in figure.axes[0].texts} == {"89.6", "95.2", "85.7", "93.5", "91", "96.8"}


def test_how_a_cell_is_read_stands_below_it(figure):
    assert [text.get_text() for text in figure.axes[1].get_xticklabels()] == ["dice\n(pixel, per case)"]
    assert [text.get_text() for text in figure.axes[3].get_xticklabels()] == ["dice"]


def test_comparable_run_is_shown_before_real_data_before_the_paper_profile():
    runs = [
        run_of("table1_lidc", "phantom", "cpu", ["x"]),
        run_of("table1_lidc", "phantom", "paper"),
        run_of("table1_lidc", "lidc_idri", "cpu", ["x"]),
        run_of("table1_lidc", "lidc_idri", "paper"),
        run_of("table2_brats", "brats", "paper"),
    ]
    expected = ["lidc_idri-paper", "lidc_idri-cpu", "phantom-paper", "phantom-cpu"]
    for name in expected:
        assert shown_run(runs, "table1_lidc").path.name == name
        runs = [run for run in runs if run.path.name != name]
    assert shown_run(runs, "table1_lidc") is None


@pytest.fixture
def written(by_hand):
    """A run of Table 1, cells as printed, with a protocol of two arms."""
    root = by_hand(
        [
            (c.model, c.metric, c.unit, c.value, f"{float(c.value):.3f}"[: 4 if c.unit == "%" else 5], "not comparable")
            for c in table_cells("table1_lidc")
        ],
        table="table1_lidc",
        source="phantom",
        profile="cpu",
        changed=[("preparation.size", 512, 96)],
    )
    path = root / "table1_lidc" / "phantom-cpu" / "protocol.json"
    whole = json.loads(path.read_text())
    call = {"function": "a", "arguments": {}}
    places = {"build": "silent: x", "losses": "silent: y", "augmentation": "000 3.2"}
    arms = [
        {"name": name, "build": call, "losses": {"mask": call}, "augmentation": None, "because": places}
        for name in ("unoptimised_cnn", "optimised_cnn")
    ]
    sections = {"optimisation": "batch_size", "validation": "n_folds", "decision": "threshold", "preparation": "size"}
    whole["protocol"] |= {name: {field: 96, "because": {field: "000 6.2"}} for name, field in sections.items()}
    readings = [
        {"metric": m, "tolerance": 2.0, "because": {}} for m in ("accuracy", "sensitivity", "specificity", "dice")
    ]
    whole["protocol"] |= {"table": "table1_lidc", "arms": arms, "phantom": call, "readings": readings}
    path.write_text(json.dumps(whole))
    return root


def test_three_figures_are_written_the_same_bytes_twice(written, tmp_path):
    runs = find_runs(written, ())
    first, again = (draw_document000(runs, tmp_path / name) for name in ("a", "b"))
    assert [path.relative_to(tmp_path / "a" / "document000").name for path in first] == NAMES
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_what_is_drawn_is_what_the_results_say(written):
    (run,) = find_runs(written, ())
    figure = draw_comparison({"table1_lidc": diff_run(run).cells}, {"table1_lidc": run})
    assert heights(figure.axes[0])[:4] == [89.6, 89.6, 95.2, 95.2]


def test_no_run_of_the_document_is_an_error(tmp_path):
    with pytest.raises(ResultsError, match="a run of document 000, got none"):
        draw_document000([run_of("census_lidc", "lidc_idri", "paper")], tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["table.csv", "reproduced.csv"])
def test_missing_file_is_named_and_nothing_is_drawn(written, tmp_path, missing):
    (written / "table1_lidc" / "phantom-cpu" / missing).unlink()
    with pytest.raises(ResultsError) as caught:
        draw_document000(find_runs(written, ()), tmp_path / "figures")
    assert missing in caught.value.where
    assert not (tmp_path / "figures").exists()
