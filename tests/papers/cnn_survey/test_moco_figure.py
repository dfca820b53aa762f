"""The figure of MoCo v3 from measurements alone: the same bytes twice, and nothing where nothing was measured."""

import pandas as pd
import pytest

from reproduce.errors import ResultsError
from reproduce.papers.cnn_survey.moco_figure import draw_moco
from reproduce.results.cases import write_frame
from reproduce.results.folders import RunFolder
from reproduce.results.properties import COLUMNS


def run_of(folder):
    return RunFolder(folder, "statements", "001", "sample", "cpu", (), {})


def written(folder, rows):
    write_frame(pd.DataFrame(rows, columns=list(COLUMNS)), folder / "measurements.csv")
    return run_of(folder)


def test_it_is_drawn_and_the_same_bytes_twice(tmp_path):
    rows = [("contrastive_loss", e, x, s, 3 - x + 0.1 * s) for e in ("one", "two") for x in (1.0, 2.0) for s in (1, 2)]
    arms = [f"{arm}, {e}" for arm in ("starting weights", "MoCo v3", "labels alone") for e in ("one", "two")]
    rows += [("test_accuracy", arm, n, s, 0.5 + 0.1 * s) for arm in arms for n in (8.0, 32.0) for s in (1, 2)]
    run = written(tmp_path, rows)
    drawn = draw_moco(run, tmp_path / "figures")
    assert {path.name for path in drawn} == {"moco.png", "moco.svg"}
    first = [path.read_bytes() for path in drawn]
    assert first == [path.read_bytes() for path in draw_moco(run, tmp_path / "figures")]


def test_nothing_measured_is_nothing_drawn(tmp_path):
    assert draw_moco(written(tmp_path, []), tmp_path / "figures") == ()


def test_an_absent_file_is_told(tmp_path):
    with pytest.raises(ResultsError, match="a results file"):
        draw_moco(run_of(tmp_path), tmp_path / "figures")
