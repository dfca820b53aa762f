"""Units that are kept: what is done is read and not measured again; another choice is another place."""

import io
import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from rich.console import Console

from reproduce.protocol.section import Section
from reproduce.tasks import by_seed
from reproduce.tasks.by_seed import BySeed, kept_rows
from reproduce.tasks.x_rays import Training

FIELDS = {"seeds": (1, 2), "n_train": 2, "width": 1, "learning_rate": 1.0, "batch_size": 1, "epochs": 1}
WHY = "silent: we use it because the test says so"


@dataclass(frozen=True)
class Study(Section):
    """A training and one number."""

    training: Training
    number: float


TRAINING = Training(**FIELDS, because=dict.fromkeys(FIELDS, WHY))
STUDY = Study(training=TRAINING, number=3.0, because={"training": WHY, "number": WHY})


def measure(data, study, group, seeds):
    """One row a seed."""
    for seed in seeds:
        yield seed, [("q", group, 0.0, seed, study.number * seed)]


EACH = BySeed(measure, groups=("one", "two"))


@pytest.fixture
def in_process(monkeypatch):
    """Units measured in this process; a list of those that were."""
    seen = []

    def alone(units, start, arguments, **_):
        monkeypatch.setattr(by_seed, "configure", lambda **_: None)
        do = start(0, *arguments)
        for group, seeds in units:
            do((group, seeds), lambda n: None)
            seen.extend((group, seed) for seed in seeds)

    monkeypatch.setattr(by_seed, "run_units", alone)
    return seen


@pytest.fixture
def x_rays(tmp_path):
    labels = np.array([[0], [1]], np.uint8)
    images = np.arange(2 * 28 * 28).reshape(2, 28, 28).astype(np.uint8)
    parts = {f"{part}_{what}": v for part in ("train", "test") for what, v in (("images", images), ("labels", labels))}
    np.savez(tmp_path / "pneumoniamnist.npz", **parts)
    return tmp_path / "pneumoniamnist.npz"


def rows(study, file, cache):
    return kept_rows(EACH, study, file, cache, workers=2, console=Console(file=io.StringIO()))


def test_rows_come_in_the_order_of_groups_and_seeds(in_process, x_rays, tmp_path):
    expected = [("q", group, 0.0, seed, 3.0 * seed) for group in ("one", "two") for seed in (1, 2)]
    assert rows(STUDY, x_rays, tmp_path) == expected
    assert in_process == [("one", 1), ("one", 2), ("two", 1), ("two", 2)]


def test_only_what_is_missing_is_measured_again(in_process, x_rays, tmp_path):
    first = rows(STUDY, x_rays, tmp_path)
    in_process.clear()
    (lost,) = tmp_path.glob("studies/*/two-seed1.json")
    lost.unlink()
    assert rows(STUDY, x_rays, tmp_path) == first
    assert in_process == [("two", 1)]
    in_process.clear()
    assert rows(STUDY, x_rays, tmp_path) == first
    assert in_process == []


def test_another_choice_or_other_images_are_measured_anew(in_process, x_rays, tmp_path):
    rows(STUDY, x_rays, tmp_path)
    assert rows(replace(STUDY, number=4.0), x_rays, tmp_path)[0][-1] == 4.0
    assert len(list(tmp_path.glob("studies/*"))) == 2
    with np.load(x_rays) as kept:
        parts = dict(kept) | {"test_images": np.zeros((2, 28, 28), np.uint8)}
    np.savez(x_rays, **parts)
    rows(STUDY, x_rays, tmp_path)
    assert len(list(tmp_path.glob("studies/*"))) == 3


def test_what_is_kept_is_read_as_it_is(in_process, x_rays, tmp_path):
    rows(STUDY, x_rays, tmp_path)
    (kept,) = tmp_path.glob("studies/*/one-seed2.json")
    assert json.loads(kept.read_text()) == [["q", "one", 0.0, 2, 6.0]]


@pytest.mark.parametrize("module", ["reproduce.tasks.x_rays", "reproduce.randomness"])
def test_changed_code_is_measured_anew(in_process, x_rays, tmp_path, edit, module):
    rows(STUDY, x_rays, tmp_path)
    edit(module, "return ", "return 0 or ")
    rows(STUDY, x_rays, tmp_path)
    assert len(list(tmp_path.glob("studies/*"))) == 2
