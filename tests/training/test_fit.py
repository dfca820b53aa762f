"""Fitting: which epoch is kept, going on after a kill, non-finite values, accumulated gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from reproduce.errors import NonFiniteError
from reproduce.metrics.confusion import count
from reproduce.models.layers.normalisation import BatchNormalization
from reproduce.models.losses import BinaryCrossEntropy
from reproduce.randomness import seed31
from reproduce.training.fit import Trainer
from reproduce.training.pipeline import held_out
from reproduce.training.state import Epoch, read_history


@pytest.fixture(scope="module", autouse=True)
def deterministic():
    """As in training processes; the threads of this one are set already, and nothing here needs it off again."""
    tf.config.experimental.enable_op_determinism()


@pytest.fixture(scope="module")
def make_trainer(recipe):
    """Makes trainers; each compiles, which takes a second, so a test shares them where it can."""

    def make(build=None, **changes) -> Trainer:
        arm = recipe.arm(build) if build else recipe.arm()
        return Trainer(
            arm, recipe.optimisation(**changes), build=lambda: arm.build((16, 16), n_channels=1, n_regions=1)
        )

    return make


@pytest.fixture(scope="module")
def trainer(make_trainer, models):
    """Three epochs, patience three, with batch normalisation."""
    return make_trainer(models["normalised"])


@pytest.fixture(scope="module")
def validation(slices):
    return held_out(slices, "D", batch_size=4, targets={"mask": "mask"})


def count_pixels(targets, outputs):
    return count(targets["mask"] > 0.5, np.asarray(outputs["mask"]) >= 0.5)


def ignore(n, row):
    pass


def weights(trainer):
    return [np.copy(v.numpy()) for v in trainer.model.variables]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def fit(trainer, train, validation, folder, on_epoch=ignore):
    history = trainer.fit(train, validation, count=count_pixels, folder=folder, on_epoch=on_epoch)
    return history, weights(trainer)


@pytest.fixture(scope="module")
def undisturbed(trainer, training_set, validation, augmentation, tmp_path_factory):
    """History and weights of a run that nobody interrupts."""
    return fit(trainer, training_set(augmentation=augmentation), validation, tmp_path_factory.mktemp("whole"))


def test_the_history_has_a_row_an_epoch_and_a_training_loss_that_falls(undisturbed):
    history, _ = undisturbed
    assert [row.epoch for row in history] == [0, 1, 2]
    assert history[-1].train_loss < history[0].train_loss


def test_without_counts_the_history_has_losses_alone(trainer, training_set, validation, tmp_path):
    history = trainer.fit(training_set(), validation, count=None, folder=tmp_path / "job", on_epoch=ignore)
    assert [row.validation for row in history] == [None, None, None]
    assert all(row.validation_loss > 0 for row in history)
    assert read_history(tmp_path / "job") == history


def test_the_same_run_again_is_the_same_to_the_bit(
    trainer, undisturbed, training_set, validation, augmentation, tmp_path
):
    again = fit(trainer, training_set(augmentation=augmentation), validation, tmp_path)
    assert again[0] == undisturbed[0]
    assert same(again[1], undisturbed[1])


@pytest.mark.parametrize("change", [{"seed": 2}, {"fold": 1}])
def test_another_seed_or_fold_is_another_run(
    trainer, undisturbed, training_set, validation, augmentation, tmp_path, change
):
    other = fit(trainer, training_set(augmentation=augmentation, **change), validation, tmp_path)
    assert not same(other[1], undisturbed[1])


@pytest.mark.parametrize("epochs_before", [1, 2])
def test_a_run_that_is_killed_goes_on_to_the_same_bits(
    trainer, undisturbed, training_set, validation, augmentation, tmp_path, epochs_before
):
    def kill(n, row):
        if n == epochs_before:
            raise KeyboardInterrupt

    train, seen = training_set(augmentation=augmentation), []
    with pytest.raises(KeyboardInterrupt):
        fit(trainer, train, validation, tmp_path, kill)
    # another run in between: nothing of it may stay in the compiled model
    fit(trainer, training_set(seed=9), validation, tmp_path / "other")
    again = fit(trainer, train, validation, tmp_path, lambda n, row: seen.append(n))
    assert seen == list(range(epochs_before + 1, 4))
    assert again[0] == undisturbed[0]
    assert same(again[1], undisturbed[1])


def test_more_epochs_go_on_from_fewer(
    make_trainer, models, undisturbed, training_set, validation, augmentation, tmp_path
):
    train = training_set(augmentation=augmentation)
    short, _ = fit(make_trainer(models["normalised"], max_epochs=1), train, validation, tmp_path)
    assert short == undisturbed[0][:1]
    fresh = make_trainer(models["normalised"])
    history, found = fit(fresh, train, validation, tmp_path)
    assert history == undisturbed[0]
    assert same(found, undisturbed[1])


def test_a_finished_run_trains_no_more(
    trainer, undisturbed, training_set, validation, augmentation, tmp_path, monkeypatch
):
    train = training_set(augmentation=augmentation)
    fit(trainer, train, validation, tmp_path)
    monkeypatch.setattr(trainer, "_train", None)
    history, found = fit(trainer, train, validation, tmp_path)
    assert history == undisturbed[0]
    assert same(found, undisturbed[1])


def with_validation_losses(trainer, monkeypatch, losses):
    remaining = iter(losses)
    validate = trainer._validate
    monkeypatch.setattr(trainer, "_validate", lambda *a: (next(remaining), validate(*a)[1]))


@pytest.fixture(scope="module")
def patient(make_trainer):
    """Ten epochs at the most, patience two."""
    return make_trainer(max_epochs=10, patience=2)


@pytest.mark.parametrize(
    ("losses", "n_epochs", "best"),
    [
        (
            [5.0, 4.0, 6.0, 6.0, 1.0],
            4,
            1,
        ),  # two epochs without a lower loss; the lower one after them is not waited for
        ([5.0, 5.0, 5.0], 3, 0),  # the same loss is no lower loss, and the first of equals stays
        ([5.0, 6.0, 4.0, 5.0, 3.0, 4.0, 4.0], 7, 4),
        ([float(10 - i) for i in range(10)], 10, 9),  # always lower: the last epoch there is
    ],
)
def test_training_stops_after_patience_and_keeps_the_best_weights(
    patient, training_set, validation, tmp_path, monkeypatch, losses, n_epochs, best
):
    with_validation_losses(patient, monkeypatch, losses)
    after = []
    history, kept = fit(patient, training_set(), validation, tmp_path, lambda n, row: after.append(weights(patient)))
    assert [row.validation_loss for row in history] == losses[:n_epochs]
    assert same(kept, after[best])
    assert best == len(after) - 1 or not same(kept, after[-1])


def test_without_validation_all_epochs_are_trained_and_the_last_weights_stay(trainer, training_set, tmp_path):
    after = []
    history, kept = fit(trainer, training_set(), None, tmp_path, lambda n, row: after.append(weights(trainer)))
    assert [row.validation_loss for row in history] == [None] * 3
    assert same(kept, after[-1])


def test_the_training_loss_is_the_mean_over_batches_and_the_validation_loss_over_slices(
    make_trainer, slices, training_set, tmp_path
):
    still = make_trainer(learning_rate=0.0, max_epochs=1)
    in_threes = held_out(slices, "D", batch_size=3, targets={"mask": "mask"})  # three slices, then one
    history, _ = fit(still, training_set(), in_threes, tmp_path)

    def losses(patients):
        examples = list(slices.of(patients).as_numpy_iterator())
        found = still.model(np.stack([e["image"] for e in examples]), training=False)["mask"]
        per_pixel = keras.losses.binary_crossentropy(np.stack([e["mask"] for e in examples]), found)
        return np.mean(keras.ops.convert_to_numpy(per_pixel), axis=(1, 2))

    assert history[0].train_loss == pytest.approx(losses("ABC").mean(), rel=1e-5)
    assert history[0].validation_loss == pytest.approx(losses("D").mean(), rel=1e-5)


def test_a_value_that_is_not_finite_names_the_slices_of_its_batch(
    trainer, changed_slices, training_set, validation, tmp_path
):
    def spoil(images):
        images[6, 3, 3] = np.inf  # patient B, slice 2

    spoilt = changed_slices(spoil)
    train = training_set(slices=spoilt, examples=spoilt.of("ABC"))
    with pytest.raises(NonFiniteError, match="B slice 2") as caught:
        fit(trainer, train, validation, tmp_path)
    assert "in epoch 0" in caught.value.got
    assert caught.value.got.count("slice") == 4
    assert not (tmp_path / "history.json").exists()


@pytest.mark.parametrize("between", [1, 2, 64])
def test_the_batch_is_named_however_seldom_the_loss_is_read(
    trainer, changed_slices, training_set, validation, tmp_path, monkeypatch, between
):
    def spoil(images):
        images[6, 3, 3] = np.inf

    spoilt = changed_slices(spoil)
    train = training_set(slices=spoilt, examples=spoilt.of("ABC"), batch_size=1, micro_batch=1)
    order = [train.names(0, batch)[0] for batch in range(12)]
    (bad,) = (batch for batch, name in enumerate(order) if (name.patient, name.slice) == ("B", 2))
    monkeypatch.setattr("reproduce.training.fit._BATCHES_BETWEEN_READINGS", between)
    with pytest.raises(NonFiniteError, match="on B slice 2") as caught:
        fit(trainer, train, validation, tmp_path)
    assert f"loss of batch {bad}" in caught.value.expected


def test_weights_and_losses_are_those_of_keras(make_trainer, recipe, training_set, validation, augmentation, tmp_path):
    train = training_set(augmentation=augmentation)
    trainer = make_trainer(without_bias, max_epochs=1)
    (row,), _ = fit(trainer, train, validation, tmp_path)
    plain = keras_normalised((16, 16), n_channels=1, n_regions=1)
    keras.utils.set_random_seed(seed31(train.seed, "weights", "arm", train.fold))
    plain.set_weights(without_bias((16, 16), n_channels=1, n_regions=1).get_weights())
    plain.compile(keras.optimizers.Adam(1e-2), loss={"mask": BinaryCrossEntropy()}, jit_compile=False)
    logs = plain.fit(train.epoch(0), validation_data=validation, epochs=1, verbose=0, shuffle=False).history
    for own, expected in zip(trainer.model.weights, plain.weights, strict=True):
        np.testing.assert_allclose(own.numpy(), expected.numpy(), atol=1e-5, err_msg=own.path)
    assert row.train_loss == pytest.approx(logs["loss"][0], abs=1e-5)
    assert row.validation_loss == pytest.approx(logs["val_loss"][0], abs=1e-5)


def test_the_model_is_run_once_on_each_validation_batch(make_trainer, training_set, validation, tmp_path):
    trainer, seen = make_trainer(counting, max_epochs=2), []
    n_runs = trainer.model.get_layer("counted").n_runs
    fit(trainer, training_set(), validation, tmp_path, lambda n, row: seen.append(int(n_runs.numpy())))
    assert seen == [1, 2]  # one batch of four slices in each epoch


def test_a_validation_loss_that_is_not_finite_stops_and_keeps_what_was(
    trainer, training_set, validation, tmp_path, monkeypatch
):
    with_validation_losses(trainer, monkeypatch, [1.0, float("nan")])
    seen = []
    with pytest.raises(NonFiniteError, match="validation loss"):
        fit(trainer, training_set(), validation, tmp_path, lambda n, row: seen.append(row))
    assert len(seen) == 1
    monkeypatch.undo()
    history, _ = fit(trainer, training_set(), validation, tmp_path)
    assert history[0] == seen[0] == Epoch(0, history[0].train_loss, 1.0, history[0].validation, 0.0)


def net(size, n_regions, norm):
    """A convolution, a normalisation and a head; no bias before the normalisation, which would have no gradient."""
    image = keras.Input((*size, 1))
    x = norm(keras.layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv")(image))
    head = keras.layers.Conv2D(n_regions, 3, padding="same", activation="sigmoid", name="mask")
    return keras.Model(image, {"mask": head(keras.layers.ReLU(name="relu")(x))})


def without_bias(size, *, n_channels, n_regions):
    return net(size, n_regions, BatchNormalization(momentum=0.9, name="norm"))


def keras_normalised(size, *, n_channels, n_regions):
    return net(size, n_regions, keras.layers.BatchNormalization(momentum=0.9, name="norm"))


class Counted(keras.layers.Layer):
    """Counts how often it is run outside of training."""

    def build(self, input_shape):
        self.n_runs = self.add_weight(shape=(), initializer="zeros", trainable=False, name="n_runs")

    def call(self, inputs, training=False):
        if not training:
            self.n_runs.assign_add(1.0)
        return inputs


def counting(size, *, n_channels, n_regions):
    return net(size, n_regions, Counted(name="counted"))


def after_one_epoch(make_trainer, training_set, tmp_path, build, micro_batch):
    sizes = {"batch_size": 8, "micro_batch": micro_batch}
    trainer = make_trainer(build, max_epochs=2, **sizes)
    _, found = fit(trainer, training_set(**sizes), None, tmp_path / f"{micro_batch}")
    return found


def test_four_micro_batches_are_one_batch_without_batch_normalisation(make_trainer, training_set, models, tmp_path):
    whole, parts = (after_one_epoch(make_trainer, training_set, tmp_path, models["convolution"], n) for n in (8, 2))
    for one, other in zip(whole, parts, strict=True):
        assert other == pytest.approx(one, abs=1e-5)


def test_four_micro_batches_are_not_one_batch_with_batch_normalisation(make_trainer, training_set, models, tmp_path):
    whole, parts = (after_one_epoch(make_trainer, training_set, tmp_path, models["normalised"], n) for n in (8, 2))
    assert max(float(np.abs(one - other).max()) for one, other in zip(whole, parts, strict=True)) > 1e-3


def test_the_pixels_of_all_validation_slices_are_counted_after_each_epoch(trainer, training_set, validation, tmp_path):
    history, _ = fit(trainer, training_set(), validation, tmp_path)
    assert {row.validation.n for row in history} == {4 * 16 * 16}
    masks = np.asarray(trainer.model.predict(validation, verbose=0)["mask"]) >= 0.5
    reference = np.concatenate([targets["mask"] for _, targets in validation.as_numpy_iterator()]) > 0.5
    best = min(history, key=lambda row: row.validation_loss)
    assert best.validation == count(reference, masks)
    without, _ = fit(trainer, training_set(), None, tmp_path / "without")
    assert {row.validation for row in without} == {None}


def test_the_rate_decays_from_epoch_to_epoch_and_stays_where_no_decay_is_named(make_trainer):
    decaying = make_trainer(learning_rate=0.1, decay_power=2.0, max_epochs=4)
    # 0.1 (1 - e/4)^2
    assert [decaying._rate(epoch) for epoch in range(4)] == pytest.approx([0.1, 0.05625, 0.025, 0.00625])
    steady = make_trainer(learning_rate=0.1, max_epochs=4)
    assert [steady._rate(epoch) for epoch in range(4)] == [0.1] * 4


def test_the_decayed_rate_reaches_the_optimiser(make_trainer, training_set, tmp_path):
    trainer, seen = make_trainer(learning_rate=0.1, decay_power=1.0, max_epochs=2), []
    fit(
        trainer,
        training_set(),
        None,
        tmp_path,
        lambda n, row: seen.append(float(trainer.model.optimizer.learning_rate)),
    )
    assert seen == pytest.approx([0.1, 0.05])


def test_without_patience_all_epochs_are_trained_and_the_best_is_kept(make_trainer, training_set, validation, tmp_path):
    trainer = make_trainer(patience=None, max_epochs=3, learning_rate=1.0)
    history, found = fit(trainer, training_set(), validation, tmp_path)
    assert len(history) == 3
    with np.load(tmp_path / "best.npz") as best:
        assert set(best) == {weight.path for weight in trainer.model.weights}
        assert all(np.array_equal(weight.numpy(), best[weight.path]) for weight in trainer.model.weights)
    assert len(found) >= len(trainer.model.weights)


class OwnLoss(keras.Model):
    """Brings its loss along, as Mask R-CNN does."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return keras.ops.mean((y["mask"] - y_pred["mask"]) ** 2)


def own_loss(size, *, n_channels, n_regions) -> keras.Model:
    image = keras.Input((*size, n_channels))
    return OwnLoss(image, {"mask": keras.layers.Conv2D(n_regions, 3, padding="same", activation="sigmoid")(image)})


def test_a_model_that_brings_its_own_loss_is_trained_by_it(recipe, training_set, validation, tmp_path):
    arm = recipe.arm(own_loss, losses={})
    assert arm.targets == {"mask": "mask"}
    trainer = Trainer(arm, recipe.optimisation(), build=lambda: arm.build((16, 16), n_channels=1, n_regions=1))
    history, _ = fit(trainer, training_set(), validation, tmp_path)
    assert history[-1].train_loss < history[0].train_loss
    masks = np.asarray(trainer.model.predict(validation, verbose=0)["mask"])
    reference = np.concatenate([targets["mask"] for _, targets in validation.as_numpy_iterator()])
    assert min(row.validation_loss for row in history) == pytest.approx(
        float(((masks - reference) ** 2).mean()), rel=1e-4
    )
