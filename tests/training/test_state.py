"""What a training leaves after each epoch, and which epoch is kept."""

import json

import keras
import numpy as np
import pytest

from reproduce.metrics.confusion import Counts
from reproduce.training.state import Epoch, best_epoch, read_best, read_state, write_state


def history(*losses):
    return [Epoch(i, 1.0, loss, None if loss is None else Counts(3, 1, 0, 12), 2.5) for i, loss in enumerate(losses)]


@pytest.mark.parametrize(
    ("losses", "best"), [((3.0, 1.0, 2.0), 1), ((1.0, 1.0), 0), ((2.0,), 0), ((3.0, 2.0, 1.0), 2), ((None, None), 1)]
)
def test_the_best_epoch_is_the_first_of_lowest_loss_or_the_last_without_any(losses, best):
    assert best_epoch(history(*losses)) == best


@pytest.fixture
def model():
    keras.utils.set_random_seed(1)
    layers = [keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.1), loss="mse", run_eagerly=True)
    model.optimizer.build(model.trainable_variables)
    return model


def everything(model):
    return [np.copy(v.numpy()) for v in (*model.variables, *model.optimizer.variables)]


def step(model):
    model.train_on_batch(np.ones((2, 3), np.float32) * [[1], [2]], np.ones((2, 2), np.float32))


def test_at_the_start_there_is_no_history_and_nothing_is_touched(model, tmp_path):
    before = everything(model)
    assert read_state(tmp_path, model) == []
    assert all(np.array_equal(a, b) for a, b in zip(before, everything(model), strict=True))


def test_weights_statistics_and_optimiser_come_back(model, tmp_path):
    step(model)
    write_state(tmp_path, model, history(0.5))
    written = everything(model)
    step(model)
    assert read_state(tmp_path, model) == history(0.5)
    assert all(np.array_equal(a, b) for a, b in zip(written, everything(model), strict=True))


def test_the_best_epoch_comes_back_and_not_the_last(model, tmp_path):
    kept = {}
    for epoch, losses in enumerate([(2.0,), (2.0, 1.0), (2.0, 1.0, 3.0)]):
        step(model)
        kept[epoch] = [np.copy(v.numpy()) for v in model.variables]
        write_state(tmp_path, model, history(*losses))
    read_best(tmp_path, model)
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(kept[1], model.variables, strict=True))
    assert not np.array_equal(kept[1][0], kept[2][0])


def test_only_the_last_epoch_and_the_best_stay(model, tmp_path):
    for losses in [(2.0,), (2.0, 1.0), (2.0, 1.0, 3.0)]:
        write_state(tmp_path, model, history(*losses))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.npz", "epoch2.npz", "history.json"]


def test_a_kill_between_weights_and_history_falls_back_to_the_epoch_before(model, tmp_path, monkeypatch):
    step(model)
    write_state(tmp_path, model, history(2.0))
    first = everything(model)
    step(model)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("reproduce.training.state.write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        write_state(tmp_path, model, history(2.0, 1.0))
    assert read_state(tmp_path, model) == history(2.0)
    assert all(np.array_equal(a, b) for a, b in zip(first, everything(model), strict=True))


def test_history_is_json_with_null_for_no_validation(model, tmp_path):
    write_state(tmp_path, model, history(None))
    rows = json.loads((tmp_path / "history.json").read_text())
    assert rows == [{"epoch": 0, "train_loss": 1.0, "validation_loss": None, "validation": None, "cpu_s": 2.5}]
