"""Mask R-CNN as a whole: shapes, losses, training, saving, refusals."""

import math

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.classification.resnet import RESNET50
from reproduce.models.detection.mask_rcnn import mask_rcnn

SMALL = {
    "n_channels": 1,
    "n_regions": 3,
    "width": 4,
    "blocks": (1, 1, 1, 1),
    "anchor_scale": 3.0,
    "n_candidates": 32,
    "n_proposals": 24,
    "n_sampled": 16,
    "n_detections": 6,
    "score_threshold": 0.01,
    "frozen_bn": False,
    "bn_momentum": 0.9,
}


def ellipses():
    """Four slices with two organs of different places and sizes in noise, the last without the second; one-hot."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64] + 0.5
    images, labels = np.full((4, 64, 64, 1), 0.2, np.float32), np.zeros((4, 64, 64), int)
    for i, organ in [(i, organ) for i in range(4) for organ in (1, 2) if (i, organ) != (3, 2)]:
        (cy, cx), (ry, rx) = rng.uniform(16, 48, 2), rng.uniform(5, 16, 2)
        inside = ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1
        labels[i][inside], images[i, inside, 0] = organ, 0.2 + 0.23 * organ
    return images + rng.normal(0, 0.03, images.shape).astype(np.float32), np.eye(3, dtype=np.float32)[labels]


IMAGES, MASKS = ellipses()


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def built(size=(64, 64), **changes):
    keras.utils.set_random_seed(1)
    return mask_rcnn(size, **SMALL | changes)


@pytest.fixture(scope="module")
def trained():
    """A small model, its weights before and after one step, its losses over eight; all regions are in the batch."""
    model = built()
    model.compile(keras.optimizers.Adam(1e-3), run_eagerly=True)
    before = [array(v) for v in model.trainable_variables]
    losses = [model.train_on_batch(IMAGES, {"mask": MASKS}, return_dict=True)["loss"]]
    after = [array(v) for v in model.trainable_variables]
    for _ in range(7):
        model.reset_metrics()
        losses.append(model.train_on_batch(IMAGES, {"mask": MASKS}, return_dict=True)["loss"])
    return model, before, after, [float(loss) for loss in losses]


def test_one_step_moves_every_trainable_weight(trained):
    model, before, after, _ = trained
    moved = zip(model.trainable_variables, before, after, strict=True)
    assert [variable.path for variable, old, new in moved if np.array_equal(old, new)] == []


def test_training_lowers_the_loss(trained):
    losses = trained[3]
    assert all(math.isfinite(loss) for loss in losses)
    assert np.mean(losses[-3:]) < 0.8 * losses[0]


def test_evaluate_gives_the_same_finite_loss_each_time(trained):
    model = trained[0]
    first, second = (model.evaluate(IMAGES, {"mask": MASKS}, verbose=0) for _ in range(2))
    assert math.isfinite(first)
    assert first == second


def test_the_prediction_is_a_one_hot_map_alone(trained):
    prediction = trained[0].predict_on_batch(IMAGES)
    assert list(prediction) == ["mask"]
    assert prediction["mask"].shape == MASKS.shape
    assert prediction["mask"].dtype == np.float32
    assert set(np.unique(prediction["mask"])) <= {0.0, 1.0}
    assert (prediction["mask"].sum(axis=-1) == 1).all()


def test_save_and_load_agree(trained, tmp_path):
    model = trained[0]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.get_config() == model.get_config()
    for old, new in zip(model.get_weights(), again.get_weights(), strict=True):
        assert np.array_equal(old, new)
    found, expected = again.detections(IMAGES), model.detections(IMAGES)
    assert array(found.valid).any()
    assert array(found.scores) == pytest.approx(array(expected.scores), abs=1e-6)
    assert np.array_equal(array(again(IMAGES)["mask"]), array(model(IMAGES)["mask"]))


def test_a_batch_of_two_equals_two_of_one(trained):
    model = trained[0]
    together = model.detections(IMAGES[:2])
    assert array(together.valid).any()
    for i in range(2):
        alone = model.detections(IMAGES[i : i + 1])
        for part in ("boxes", "scores"):
            assert array(getattr(together, part))[i] == pytest.approx(array(getattr(alone, part))[0], abs=1e-4)


@pytest.fixture(scope="module")
def fresh():
    """A model that nobody trains for long: who moves its weights puts them back."""
    model = built()
    model.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    return model


def losses_and_gradients(model, masks):
    """The losses of each image, and the gradient of their sum for each trainable weight."""
    raw = model(IMAGES[: len(masks)], training=True)
    losses = {name: array(loss) for name, loss in model.image_losses(raw, masks, seeds=(0, 1)).items()}
    weights, before = model.get_weights(), [array(v) for v in model.trainable_variables]
    model.train_on_batch(IMAGES[: len(masks)], {"mask": masks})
    # a step of SGD with rate 1 is the negative gradient
    gradients = [old - array(v) for old, v in zip(before, model.trainable_variables, strict=True)]
    model.set_weights(weights)
    return losses, gradients


def test_images_without_an_instance_have_finite_losses_and_gradients(fresh):
    empty = np.zeros((2, 64, 64, 3), np.float32)
    empty[..., 0] = 1
    losses, gradients = losses_and_gradients(fresh, empty)
    assert all(np.isfinite(loss).all() for loss in losses.values())
    for name in ("rpn_code", "box_code", "mask"):
        assert losses[name].tolist() == [0, 0]
    assert (losses["objectness"] > 0).all()
    assert (losses["class"] > 0).all()
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    of_mask_head = {id(v) for v in fresh.mask_head.trainable_variables}
    pairs = zip(fresh.trainable_variables, gradients, strict=True)
    assert all(not gradient.any() for variable, gradient in pairs if id(variable) in of_mask_head)


def test_each_of_the_five_losses_at_the_start_by_hand(fresh):
    losses, _ = losses_and_gradients(fresh, MASKS[:2])
    assert all((loss > 0).all() for loss in losses.values())
    # RPN and box head start from outputs near 0: log 2 of one half, log 3 of three classes
    assert losses["objectness"] == pytest.approx(math.log(2), abs=0.1)
    assert losses["class"] == pytest.approx(math.log(3), abs=0.2)


def test_one_pixel_and_a_whole_image_as_instances(fresh):
    extreme = np.zeros((2, 64, 64, 3), np.float32)
    extreme[..., 0] = 1
    extreme[0, 5, 5] = [0, 1, 0]
    extreme[1] = [0, 0, 1]
    losses, gradients = losses_and_gradients(fresh, extreme)
    assert all(np.isfinite(loss).all() for loss in losses.values())
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_the_loss_is_the_mean_over_images_and_weights_multiply(fresh):
    def loss(weights):
        return float(fresh.compute_loss(IMAGES, {"mask": MASKS}, None, weights, training=False))

    ones, first = np.ones(4), np.array([2.0, 0.0, 0.0, 0.0])
    assert loss({"mask": ones}) == pytest.approx(loss(None))
    alone = float(fresh.compute_loss(IMAGES[:1], {"mask": MASKS[:1]}, None, None, training=False))
    # anchors and proposals are drawn for a whole batch, so an image alone is sampled otherwise
    assert loss({"mask": first}) == pytest.approx(2 * alone / 4, rel=0.2)
    assert loss({"mask": first}) + loss({"mask": 2 - first}) == pytest.approx(2 * loss(None))


def test_frozen_batch_normalisation_stays_as_it_is():
    model = built(frozen_bn=True)
    model.compile(keras.optimizers.Adam(1e-3), run_eagerly=True)
    frozen = [v for layer in model.pyramid.layers if layer.name.endswith("_bn") for v in layer.variables]
    before = [array(v) for v in frozen]
    model.train_on_batch(IMAGES, {"mask": MASKS})
    assert len(frozen) == 4 * (1 + 4 * 4)  # the stem, and in each of four blocks three and the shortcut
    assert all(np.array_equal(old, array(v)) for old, v in zip(before, frozen, strict=True))


def test_sides_may_differ():
    model = built((64, 96))
    assert array(model(np.zeros((1, 64, 96, 1), np.float32))["mask"]).shape == (1, 64, 96, 3)


@pytest.mark.parametrize("size", [(64, 48), (0, 64), (100, 100)])
def test_a_size_that_the_pyramid_cannot_halve_is_refused(size):
    with pytest.raises(ArgumentError, match="multiples of 32"):
        built(size)


@pytest.mark.parametrize("change", [{"n_regions": 1}, {"n_sampled": 3}, {"n_candidates": 0}, {"n_proposals": 0}])
def test_a_count_that_leaves_nothing_is_refused(change):
    with pytest.raises(ArgumentError, match="2 regions or more"):
        built(**change)


def test_heads_stay_float32_under_mixed_precision(bfloat16):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = built()
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile(keras.optimizers.Adam(1e-3), run_eagerly=True)
    assert math.isfinite(float(model.train_on_batch(IMAGES, {"mask": MASKS})))
    assert array(model(IMAGES)["mask"]).dtype == np.float32
    assert model.pyramid.get_layer("p2").compute_dtype == "bfloat16"
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}


def dice(model):
    found, reference = (a.argmax(axis=-1) for a in (model.predict_on_batch(IMAGES)["mask"], MASKS))
    pairs = [(found == k, reference == k) for k in (1, 2)]
    return [2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in pairs]


@pytest.mark.slow
def test_it_learns_four_slices_by_heart(record_property):
    # 100 to 200 steps; the semantic Dice of either organ is above 0.9
    model = built(width=8, blocks=RESNET50, n_candidates=64, n_proposals=32, score_threshold=0.5)
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
    steps = 0
    while steps < 400 and min(dice(model)) <= 0.95:
        for _ in range(25):
            model.train_on_batch(IMAGES, {"mask": MASKS})
        steps += 25
    record_property("steps", steps)
    print(f"Mask R-CNN: Dice {dice(model)} after {steps} steps")
    assert min(dice(model)) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [True, False])
def test_fit_compiles(jit_compile):
    model = built()
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=jit_compile)
    history = model.fit(IMAGES, {"mask": MASKS}, batch_size=2, epochs=2, verbose=0, validation_split=0.5).history
    assert all(math.isfinite(loss) for loss in history["loss"] + history["val_loss"])
