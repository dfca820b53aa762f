"""The worst cases of a model: stored, read again, drawn; and the Dice that a minute buys."""

import numpy as np
import pandas as pd

from reproduce.figures.worst_cases import Plane, WorstCase, draw_worst, read_worst, write_worst
from reproduce.papers.decathlon.cpu_minutes import draw_dice_by_minutes


def case(patient, seed):
    rng = np.random.default_rng(seed)
    shapes = {"z = 3": (6, 5), "y = 2": (4, 5), "x = 1": (4, 6)}
    planes = (
        Plane(name, rng.integers(0, 256, s).astype(np.uint8), *(rng.integers(0, 3, (2, *s)).astype(np.uint8)))
        for name, s in shapes.items()
    )
    return WorstCase(patient, "Dice Anterior 0.500", tuple(planes))


def test_what_is_written_is_read_again_and_is_the_same_bytes(tmp_path):
    written = [case("a", 1), case("b", 2)]
    for name in ("one.npz", "two.npz"):
        write_worst(tmp_path / name, written)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    found = read_worst(tmp_path / "one.npz")
    assert [(each.patient, each.note) for each in found] == [("a", "Dice Anterior 0.500"), ("b", "Dice Anterior 0.500")]
    for before, after in zip(written, found, strict=True):
        for a, b in zip(before.planes, after.planes, strict=True):
            assert a.name == b.name
            for part in ("image", "reference", "prediction"):
                assert np.array_equal(getattr(a, part), getattr(b, part))


def test_a_page_has_a_row_for_each_case_and_outlines_of_both():
    blank = Plane("z = 0", np.zeros((6, 6), np.uint8), np.zeros((6, 6), np.uint8), np.zeros((6, 6), np.uint8))
    marked = np.zeros((6, 6), np.uint8)
    marked[2:4, 2:4] = 1
    both = Plane("z = 0", blank.image, marked, marked)
    figure = draw_worst([WorstCase("a", "note a", (blank,)), WorstCase("b", "note b", (both,))], "PHANTOM")
    assert len(figure.axes) == 2
    assert [len(axis.collections) for axis in figure.axes] == [0, 2]
    assert "note b" in figure.axes[1].get_title(loc="left")
    assert "PHANTOM" in figure.get_suptitle()


def test_a_curve_ends_at_the_minutes_of_its_model():
    epochs = [0, 1] * 2
    history = pd.DataFrame(
        {"model": ["quick"] * 4, "fold": [0, 0, 1, 1], "epoch": epochs, "validation_dice": [0.2, 0.4, 0.4, 0.8]}
    )
    figure = draw_dice_by_minutes(history, {"quick": 240.0}, order=["quick"], region="Anterior", title="t")
    (line,) = figure.axes[0].lines
    np.testing.assert_allclose(line.get_xdata(), [2.0, 4.0])
    np.testing.assert_allclose(line.get_ydata(), [0.3, 0.6])
