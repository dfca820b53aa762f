"""One architecture trained: what is other than in its paper, the same weights again, resizing and order by hand."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from reproduce.errors import NonFiniteError
from reproduce.models.catalog import Architecture
from reproduce.models.classification.lenet5 import lenet5_dense
from reproduce.models.classification.overlock import OVERLOCK_XT, overlock
from reproduce.models.layers.class_head import class_head
from reproduce.protocol.section import Call
from reproduce.tasks import architecture_training as training
from reproduce.tasks.architecture_rows import architecture_rows, probability_columns, structure_rows, training_rows
from reproduce.tasks.architectures import ArchitectureStudy, Entry
from reproduce.tasks.comparison import _key as architecture_key
from reproduce.tasks.x_rays import Data

LENET = Architecture(
    "LeNet-5, dense C3",
    "LeCun et al. 1998",
    "61,706",
    "test",
    Call(lenet5_dense, {"padding": 0, "activation": "tanh", "pooling": "average"}),
    61_706,
    61_706,
    (32, 32),
    1,
    10,
)
ENTRY = Entry(LENET, 1998, "all together", (32, 32), {"activation": "relu"}, 1.0)


def normed(size, *, n_channels, n_classes):
    """A network whose state is more than its weights: running statistics, and the draws of dropout."""
    image = layers.Input((*size, n_channels), name="image")
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, 4, name="conv")(image))
    x = layers.Dropout(0.5, name="drop")(layers.GlobalAveragePooling2D(name="pool")(x))
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="normed")


NORMED = Entry(replace(LENET, name="normed", build=Call(normed, {})), 2019, "", (32, 32), {}, 1.0)
FIELDS = ("entries", "basic", "seeds", "n_train", "images_seen", "batch_size", "learning_rate", "warm_up")
VALUES = ((ENTRY,), ENTRY, (1, 2), 16, 24, 8, 1e-2, 0.1)
STUDY = ArchitectureStudy(**dict(zip(FIELDS, VALUES, strict=True)), because=dict.fromkeys(FIELDS, "silent: we test"))
RNG = np.random.default_rng(8)
LABELS = np.arange(16, dtype=np.float32) % 2
IMAGES = (RNG.normal(size=(16, 28, 28, 1)) + LABELS[:, None, None, None]).astype(np.float32)
DATA = Data(IMAGES, LABELS, IMAGES[:10], LABELS[:10])


def quiet(_):
    """Nobody counts."""


def test_what_is_other_than_in_the_paper_is_said_and_built():
    assert ENTRY.form == "activation relu, not tanh"
    assert ENTRY.key == "lenet-5-dense-c3"
    assert ENTRY.build().get_layer("c1").activation.__name__ == "relu"
    assert ENTRY.build().count_params() == 156 + 2416 + 48_120 + 10_164 + 85  # the head has one output, not ten


def test_what_is_trained_tells_its_key_and_what_is_said_of_it_does_not(edit):
    def key(entry, study=STUDY, source="a"):
        return architecture_key(entry, study, source=source)

    before = key(ENTRY)
    assert key(Entry(LENET, 1999, "", (32, 32), {"activation": "relu"}, 9.0)) == before
    assert key(ENTRY, replace(STUDY, seeds=(7,))) == before
    assert key(Entry(LENET, 1998, "all together", (64, 64), {"activation": "relu"}, 1.0)) != before
    assert key(ENTRY, replace(STUDY, batch_size=4)) != before
    assert key(ENTRY, source="b") != before
    edit("reproduce.models.classification.overlock", "def overlock(", "def overlock(_more, ")
    assert key(ENTRY) == before
    edit("reproduce.models.classification.lenet5", "def lenet5_dense(", "def lenet5_dense(_more, ")
    assert key(ENTRY) != before


def test_of_a_plan_each_field_that_differs_is_said():
    small = replace(OVERLOCK_XT, widths=(16, 32, 64, 96), mlp=2)
    paper = replace(LENET, build=Call(overlock, {"plan": OVERLOCK_XT, "drop_path": 0.1}))
    entry = Entry(paper, 2025, "", (160, 160), {"plan": small, "drop_path": 0.0}, 1.0)
    assert (
        entry.form == "plan widths (16, 32, 64, 96), not (56, 112, 256, 336); plan mlp 2, not 4; drop_path 0, not 0.1"
    )


def test_each_pass_sees_every_image_once_in_an_order_of_its_own():
    order = training.image_order(5, 12, seed=3)
    assert sorted(order[:5]) == sorted(order[5:10]) == [0, 1, 2, 3, 4]
    assert order[:5].tolist() != order[5:10].tolist()
    assert len(order) == 12
    np.testing.assert_array_equal(order, training.image_order(5, 12, seed=3))


def test_resizing_by_hand():
    row = np.array([0.0, 4.0], np.float32)[None, None, :, None]
    # four pixels over two: centres at -1/4, 1/4, 3/4 and 5/4 of the old ones, the edges repeated
    assert training.resized(row, (1, 4))[0, 0, :, 0].tolist() == [0, 1, 3, 4]
    assert training.resized(IMAGES, (28, 28)) is IMAGES
    constant = training.resized(np.full((1, 28, 28, 1), 3, np.float32), (75, 64))
    assert constant.shape == (1, 75, 64, 1)
    np.testing.assert_allclose(constant, 3, rtol=1e-6)
    assert training.resized(np.empty((0, 28, 28, 1), np.float32), (32, 32)).shape == (0, 32, 32, 1)


@pytest.mark.parametrize("entry", [ENTRY, NORMED], ids=["plain", "batch normalisation"])
def test_a_training_repeats_to_the_bit_whatever_came_before(entry):
    model = training.compiled(entry, STUDY)
    first = training.train(model, entry, STUDY, DATA, seed=1, on_steps=quiet)
    said = training.probabilities(model, entry, DATA.test_images)
    other = training.train(model, entry, STUDY, DATA, seed=2, on_steps=quiet)
    again = training.train(model, entry, STUDY, DATA, seed=1, on_steps=quiet)
    assert first == again
    assert first != other
    assert len(first) == 3
    np.testing.assert_array_equal(said, training.probabilities(model, entry, DATA.test_images))


def test_the_rate_rises_to_its_largest_and_falls_to_nothing():
    model = training.compiled(ENTRY, STUDY)
    rate = model.optimizer._learning_rate
    # one step of three rises, the other two are the cosine: 0.01, and half of it
    np.testing.assert_allclose([float(rate(step)) for step in (0, 1, 2, 3)], [0, 1e-2, 5e-3, 0], atol=1e-9)


def test_steps_are_counted():
    told = []
    model = training.compiled(ENTRY, STUDY)
    training.train(model, ENTRY, STUDY, DATA, seed=1, on_steps=told.append)
    assert told == [1, 1, 1]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_what_is_not_finite_is_named_even_where_the_loss_hides_it(activation):
    entry = replace(ENTRY, changed={"activation": activation})
    broken = Data(np.full_like(IMAGES, np.nan), LABELS, IMAGES, LABELS)
    with pytest.raises(NonFiniteError, match="LeNet-5, dense C3, seed 1"):
        training.train(training.compiled(entry, STUDY), entry, STUDY, broken, seed=1, on_steps=quiet)


def test_training_learns_what_can_be_learnt():
    study = ArchitectureStudy(**{**vars(STUDY), "images_seen": 320})
    model = training.compiled(ENTRY, study)
    losses = training.train(model, ENTRY, study, DATA, seed=1, on_steps=quiet)
    assert np.mean(losses[-4:]) < 0.3 < losses[0]


def test_outcomes_are_written_one_by_one_and_kept(tmp_path):
    outcomes = training.Outcomes(tmp_path, ENTRY.key)
    told = []
    training.run_entry(ENTRY, STUDY, DATA, outcomes, on_steps=told.append)
    assert outcomes.done((1, 2))
    assert not outcomes.done((1, 2, 3))
    assert len(told) == 6
    before = outcomes.of(2).read_bytes()
    outcomes.of(1).unlink()
    training.run_entry(ENTRY, STUDY, DATA, outcomes, on_steps=told.append)
    assert len(told) == 9  # the second was kept
    assert outcomes.of(2).read_bytes() == before
    cost = training.read_json(outcomes.cost)
    assert cost["cost"]["trainable"] == cost["cost"]["parameters"] == 60_941
    assert cost["cost"]["multiply_adds"] == 28 * 28 * 6 * 25 + 100 * 16 * 150 + 120 * 400 + 84 * 120 + 84
    assert cost["spent"]["milliseconds_of_1"] > 0


def test_rows_of_the_results_by_hand(tmp_path):
    study = ArchitectureStudy(**{**vars(STUDY), "images_seen": 160})
    outcomes = training.Outcomes(tmp_path, ENTRY.key)
    for seed, said in ((1, [0.1, 0.9, 0.2, 0.8]), (2, [0.9, 0.9, 0.2, 0.8])):
        losses = [1.0] * 18 + [0.5, 0.3]
        outcomes.of(seed).write_text(json.dumps({"probabilities": said, "losses": losses}))
    columns = probability_columns(study, {ENTRY.name: outcomes}, np.array([0, 1, 0, 1]))
    assert columns.columns.tolist() == ["image", "reference", f"{ENTRY.name}, seed 1", f"{ENTRY.name}, seed 2"]
    cost = {"trainable": 5, "parameters": 6, "multiply_adds": 7, "activation_bytes": 8}
    row = architecture_rows(study, {ENTRY.name: cost}, columns).iloc[0]
    assert row["accuracy"] == pytest.approx((1 + 3 / 4) / 2)
    assert row["auroc"] == pytest.approx((1 + (1 / 2 + 1 + 0 + 1) / 4) / 2)  # 0.9 of a normal: equal to one, above one
    assert (row["trainable"], row["total"], row["paper_total"], row["changed"]) == (5, 6, 61_706, ENTRY.form)
    rows = training_rows(study, {ENTRY.name: outcomes}, columns)
    assert len(rows) == 6
    loss = rows[rows["quantity"] == "train_cross_entropy"]
    assert loss["value"].tolist() == [0.4, 0.4]  # the mean of the last two of twenty steps
    assert loss["x"].tolist() == [160, 160]


def test_the_structure_is_that_of_the_model():
    rows = structure_rows(ENTRY).set_index("layer")
    assert rows.loc["c1", ["kind", "output", "reads", "activation", "parameters"]].tolist() == [
        "Conv2D", "28x28x6", "5x5, stride 1", "relu", 156]  # fmt: skip
    assert rows.loc["class", "activation"] == "sigmoid"
    assert rows.loc["f6", ["output", "reads"]].tolist() == ["84", ""]
    assert rows["parameters"].sum() == ENTRY.build().count_params()
    keras.backend.clear_session()
