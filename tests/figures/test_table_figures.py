import json

import pandas as pd
import pytest

from reproduce.errors import ResultsError
from reproduce.figures.table_figures import draw_bars, draw_curves, draw_run
from reproduce.results.cases import read_frame
from reproduce.results.folders import read_run


@pytest.fixture(scope="module")
def cells():
    return pd.DataFrame(
        {
            "model": ["a", "a", "b", "b"],
            "metric": ["accuracy", "dice"] * 2,
            "unit": ["%", "ratio"] * 2,
            "value": [70.0, 0.7, 80.0, 0.8],
            "ci_low": [65.0, 0.6, 75.0, 0.7],
            "ci_high": [75.0, 0.8, 85.0, 0.9],
            "published": ["89.6", "0.812", "", ""],
        }
    )


def heights(axis):
    return [bar.get_height() for container in axis.containers for bar in getattr(container, "patches", [])]


def test_printed_bar_stands_beside_ours_on_the_axis_of_its_unit(cells):
    percent, ratio = draw_bars(cells, "title").axes
    assert heights(percent)[:2] == [89.6, 70.0]
    assert heights(ratio)[:2] == [0.812, 0.7]
    assert (percent.get_ylim()[1], ratio.get_ylim()[1]) == (100, 1)


def test_cell_that_is_not_published_has_no_bar_of_its_own(cells):
    percent, _ = draw_bars(cells, "title").axes
    printed, ours = heights(percent)[2:]
    assert pd.isna(printed)
    assert ours == 80.0


def test_intervals_are_drawn_from_low_to_high(cells):
    percent, _ = draw_bars(cells, "title").axes
    (segment,) = percent.collections[0].get_segments()
    assert segment[:, 1].tolist() == [65.0, 75.0]


def test_curves_have_a_line_for_each_fold_and_a_mean(make_run):
    figure = draw_curves(make_run("phantom").history, "title")
    assert [axis.get_title() for axis in figure.axes] == ["unoptimised_cnn", "optimised_cnn"]
    lines = figure.axes[0].get_lines()
    # Four folds and a mean, for training and for validation.
    assert len(lines) == 2 * (4 + 1)
    assert lines[4].get_xdata().tolist() == [1, 2, 3]
    assert lines[4].get_ydata().tolist() == pytest.approx([1, 1 / 2, 1 / 3])


def test_more_models_than_colours_have_curves_in_several_rows():
    models = [f"arm{i}" for i in range(14)]
    rows = [(model, 1, 0, epoch, 0.5, 0.6) for model in models for epoch in (0, 1)]
    history = pd.DataFrame(rows, columns=["model", "seed", "fold", "epoch", "train_loss", "validation_loss"])
    figure = draw_curves(history, "title")
    assert [axis.get_title() for axis in figure.axes] == models
    assert figure.axes[0].get_subplotspec().get_gridspec().get_geometry() == (3, 5)


@pytest.mark.slow
def test_figures_of_a_folder_say_the_source_and_are_the_same_bytes_twice(results, tmp_path):
    folder = results / "table1_lidc" / "phantom-cpu"
    first = {path.name: path.read_bytes() for path in draw_run(read_run(folder), tmp_path / "a")}
    again = {path.name: path.read_bytes() for path in draw_run(read_run(folder), tmp_path / "b")}
    assert first == again
    assert sorted(first) == [f"{name}.{ending}" for name in ("bars", "curves", "overlays") for ending in ("png", "svg")]
    assert (tmp_path / "a" / "table1_lidc" / "phantom-cpu" / "bars.png").is_file()


def test_title_shouts_at_a_phantom_and_not_at_real_data(results):
    from reproduce.figures.table_figures import figure_title

    table = results / "table1_lidc"
    caveat = "PHANTOM, cpu profile – NOT COMPARABLE with the print"
    assert figure_title(read_run(table / "phantom-cpu")).endswith(caveat)
    assert figure_title(read_run(table / "lidc_idri-paper")).endswith("lidc_idri, paper profile")


@pytest.mark.parametrize("missing", ["table.csv", "history.csv", "overlays.npz", "protocol.json"])
def test_missing_file_is_named_and_nothing_is_drawn(results, tmp_path, missing):
    folder = results / "table1_lidc" / "phantom-cpu"
    (folder / missing).unlink()
    with pytest.raises(ResultsError) as caught:
        draw_run(read_run(folder), tmp_path / "figures")
    assert missing in caught.value.where
    assert not (tmp_path / "figures").exists()


def test_table_reads_back_with_the_print_as_text(results):
    frame = read_frame(
        results / "table1_lidc" / "phantom-cpu" / "table.csv",
        keep_default_na=False,
        na_values=[""],
        dtype={"published": str},
    )
    assert "91" in set(frame["published"].dropna())
    assert json.dumps(sorted(set(frame["verdict"].dropna()))) == '["not comparable"]'
