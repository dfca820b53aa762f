"""Figures 2 and 3 of document 002 from a history by hand."""

import pandas as pd
import pytest

from reproduce.papers.cells import table_cells
from reproduce.papers.zheng2024.figures import draw_document002, draw_progress
from reproduce.provenance import write_json
from reproduce.results.cases import write_frame
from reproduce.results.folders import read_run

MODELS = ["FCNN", "SegNet"]


@pytest.fixture
def history():
    """Two seeds and three epochs of each model; SegNet half of FCNN, the second seed 0.1 above the first."""
    rows = [
        (model, seed, 0, epoch, 1.0, 1.0, *(share * (0.2 * (epoch + 1) + 0.1 * (seed - 1)) for share in shares))
        for model, shares in zip(MODELS, ((1.0, 0.9), (0.5, 0.45)), strict=True)
        for seed in (1, 2)
        for epoch in range(3)
    ]
    columns = ["model", "seed", "fold", "epoch", "train_loss", "validation_loss", "validation_dice", "validation_miou"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def plateau():
    (cell,) = [cell for cell in table_cells("text_zheng2024") if cell.place == "Figure 3"]
    return cell


def test_a_line_is_the_mean_over_seeds_in_the_order_of_the_document(history, plateau):
    axis = draw_progress(history, "dice", plateau, order=MODELS, title="t").axes[0]
    lines = {line.get_label(): line for line in axis.lines}
    assert list(lines)[:2] == MODELS
    assert lines["FCNN"].get_xdata().tolist() == [1, 2, 3]
    assert lines["FCNN"].get_ydata() == pytest.approx([0.25, 0.45, 0.65])
    assert lines["SegNet"].get_ydata() == pytest.approx([0.125, 0.225, 0.325])


def test_lines_differ_without_colour(history, plateau):
    axis = draw_progress(history, "miou", plateau, order=MODELS, title="t").axes[0]
    first, second = axis.lines[:2]
    assert (first.get_linestyle(), first.get_marker()) != (second.get_linestyle(), second.get_marker())


def test_the_printed_plateau_is_marked_as_printed(history, plateau):
    axis = draw_progress(history, "dice", plateau, order=MODELS, title="t").axes[0]
    assert axis.lines[-1].get_ydata() == [0.88, 0.88]
    assert "printed for FCNN" in axis.texts[0].get_text()


def test_both_figures_are_written_twice_the_same_and_say_phantom(history, tmp_path):
    folder = tmp_path / "results" / "table1_thoracic" / "phantom-cpu"
    write_frame(history, folder / "history.csv")
    arms = [{"name": model} for model in MODELS]
    changed = [{"field": "size", "paper": 512, "here": 96}]
    settings = {"kind": "segmentation", "document": "002", "source": "phantom", "profile": "cpu"}
    settings |= {"changed_from_paper": changed, "protocol": {"arms": arms}}
    write_json(folder / "protocol.json", settings)
    first, again = (draw_document002(read_run(folder), tmp_path / name) for name in ("a", "b"))
    assert [path.name for path in first] == ["figure2.png", "figure2.svg", "figure3.png", "figure3.svg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert all(path.parent == tmp_path / "a" / "table1_thoracic" / "phantom-cpu" for path in first)
