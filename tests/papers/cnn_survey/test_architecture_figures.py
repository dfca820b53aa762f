"""Figures 1 and 2 of document 001 from results files: nothing over another, each number there, same bytes twice."""

import itertools
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from reproduce.errors import ResultsError
from reproduce.papers.cnn_survey.architecture_figures import draw_architectures, draw_timeline, short
from reproduce.papers.cnn_survey.structure_figure import draw_structure
from reproduce.papers.drawing import draw_runs
from reproduce.provenance import write_json
from reproduce.results.cases import write_frame
from reproduce.results.folders import find_runs, read_run

LAYERS = [
    ("image", "InputLayer", "32x32x1", "", "", 0, 1),
    ("pad", "ZeroPadding2D", "32x32x1", "", "", 0, 1),
    ("c1", "Conv2D", "28x28x6", "5x5, stride 1", "tanh", 156, 5),
    ("s2", "AveragePooling2D", "14x14x6", "2x2, stride 2", "", 0, 6),
    ("c3", "Conv2D", "10x10x16", "5x5, stride 1", "tanh", 2416, 14),
    ("s4", "AveragePooling2D", "5x5x16", "2x2, stride 2", "", 0, 16),
    ("c5", "Conv2D", "1x1x120", "5x5, stride 1", "tanh", 48_120, 32),
    ("f6", "Dense", "84", "", "tanh", 10_164, 32),
    ("class_logits", "Dense", "1", "", "", 85, 32),
    ("class", "Activation", "1", "", "sigmoid", 0, 32),
]
COLUMNS = ["layer", "kind", "output", "reads", "activation", "parameters", "receptive_field"]
STRUCTURE = pd.DataFrame(LAYERS, columns=COLUMNS).assign(architecture="LeNet-5, dense C3")
KNOWN = [
    ("ShuffleNet v1 1x, 3 groups", 2018, "grouped convolutions, channel shuffle", 1_865_728, 900_000, 0.8),
    ("LeNet-5", 1998, "convolution, pooling and dense layers together", 60_000, 59_000, 0.75),
    ("VGG-16", 2014, "small 3x3 kernels, 16 layers", 138_357_544, 1_117_873, 0.5),
    ("GoogLeNet", 2014, "Inception: several scales side by side", 6_624_904, 356_817, 0.9),
]
ROWS = pd.DataFrame(KNOWN, columns=["architecture", "year", "idea", "paper_trainable", "trainable", "accuracy"])
ROWS = ROWS.assign(accuracy_low=ROWS["accuracy"] - 0.05, accuracy_high=ROWS["accuracy"] + 0.05)
ROWS = ROWS.assign(images_seen=4864, seeds=3)


def drawn_texts(figure):
    """Every text that is shown, with the box that it fills in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    texts = [text for axes in figure.axes for text in (*axes.texts, axes._left_title, axes.xaxis.label)]
    texts += [text for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    texts += [text for text in (figure._suptitle, figure._supxlabel) if text]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text().strip()]


@pytest.mark.parametrize(
    "figure",
    [draw_timeline(ROWS, caption="sample, cpu profile"), draw_structure(STRUCTURE, caption="sample, cpu profile")],
    ids=["timeline", "structure"],
)
def test_no_text_lies_over_another_or_leaves_the_page(figure):
    found = drawn_texts(figure)
    assert len(found) > 10
    for (one, a), (other, b) in itertools.combinations(found, 2):
        assert not a.overlaps(b), (one, other)
    for text, box in found:
        assert box.x0 >= 0, text
        assert box.x1 <= figure.bbox.x1, text


def test_the_timeline_runs_by_year_and_says_each_number():
    figure = draw_timeline(ROWS, caption="sample")
    texts = dict(drawn_texts(figure))
    heights = [texts[name].y0 for name in ("LeNet-5", "VGG-16", "GoogLeNet", "ShuffleNet v1 1x, 3 groups")]
    assert heights == sorted(heights, reverse=True)
    assert [text for text in texts if text in ("1998", "2014", "2018")] == ["1998", "2014", "2018"]
    assert {"59k", "1.12M", "357k", "900k", "0.750", "0.500"} <= set(texts)


def test_an_activation_of_its_own_is_told_with_the_layer_before_it():
    texts = [text for text, _ in drawn_texts(draw_structure(STRUCTURE, caption="sample"))]
    assert "sigmoid" in texts
    assert texts.count("output") == 1
    assert texts.count("dense") == 1
    assert "pad" not in texts
    assert "10,164 parameters" in texts


def test_a_structure_without_layers_is_refused():
    for rows in (STRUCTURE.head(2), STRUCTURE.iloc[2:], STRUCTURE.head(0)):
        with pytest.raises(ResultsError, match="an image and layers behind it"):
            draw_structure(rows, caption="sample")


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0"), (999, "999"), (61_706, "61.7k"), (1_300_000, "1.3M"), (138_357_544, "138M")]
)
def test_counts_in_short(n, text):
    assert short(n) == text


def test_the_same_bytes_twice_from_the_files_alone(tmp_path):
    folder = tmp_path / "architectures_of_001" / "sample-cpu"
    write_results(folder)
    (run,) = find_runs(tmp_path, ())
    drawing = draw_runs(tmp_path, (), tmp_path / "figures")
    first = {path.name: path.read_bytes() for path in itertools.islice(drawing, 4)}
    assert len(list((tmp_path / "figures" / "architectures_of_001" / "sample-cpu").iterdir())) == 4
    assert set(first) == {"figure1.png", "figure1.svg", "figure2.png", "figure2.svg"}
    again = draw_architectures(run, tmp_path / "again")
    assert first == {path.name: path.read_bytes() for path in again}


def write_results(folder: Path):
    write_frame(ROWS, folder / "architectures.csv")
    write_frame(STRUCTURE, folder / "structure.csv")
    about = {"kind": "comparison", "document": "001", "source": "sample", "profile": "cpu", "changed_from_paper": []}
    write_json(folder / "protocol.json", about)


def test_a_file_that_is_not_there_is_named(tmp_path):
    write_results(tmp_path)
    (tmp_path / "structure.csv").unlink()
    run = read_run(tmp_path)
    with pytest.raises(ResultsError, match=r"structure\.csv"):
        draw_architectures(run, tmp_path)
