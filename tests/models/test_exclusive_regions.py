"""What holds for U-Net, SegNet and FCN-8s: probabilities, training, saving, batches, sizes, precision, names."""

from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.losses import CategoricalCrossEntropy
from reproduce.models.segmentation.fcn8s import fcn8s
from reproduce.models.segmentation.segnet import segnet
from reproduce.models.segmentation.unet import unet

# The stride of each, by which its sides must divide. FCN-8s sees 128 pixels, for on less than 4x4 pixels some of the
# 7x7 weights of fc6 never meet a feature.
PLAIN = {"batch_norm": False, "bn_momentum": 0.75, "dropout": 0.25}
BUILDERS = {
    "unet": (partial(unet, **PLAIN), 16, 64),
    "unet_bn": (partial(unet, **PLAIN | {"batch_norm": True}), 16, 64),
    "segnet": (partial(segnet, bn_momentum=0.75), 32, 64),
    "fcn8s": (partial(fcn8s, **PLAIN), 32, 128),
    "fcn8s_bn": (partial(fcn8s, **PLAIN | {"batch_norm": True}), 32, 128),
}


@dataclass(frozen=True)
class Trained:
    """A model after a few steps on one batch, its weights before and after the first of them, and the losses."""

    model: keras.Model
    images: np.ndarray
    before: list[np.ndarray]
    after: list[np.ndarray]
    losses: list[float]


@pytest.fixture(scope="module", params=["unet", "segnet", "fcn8s_bn"])
def builder(request):
    """One of each architecture, with its stride."""
    return BUILDERS[request.param][:2]


@pytest.fixture(scope="module", params=BUILDERS)
def trained(request) -> Trained:
    """Four eager steps of Adam on two images of noise whose regions are seen in them."""
    build, _, side = BUILDERS[request.param]
    keras.utils.set_random_seed(4)
    model = build((side, side), n_channels=2, n_regions=3, width=4)
    model.compile(keras.optimizers.Adam(1e-3), loss={"mask": CategoricalCrossEntropy(weight=1.0)}, run_eagerly=True)
    rng = np.random.default_rng(2)
    coarse = rng.standard_normal((2, side // 8, side // 8, 2), np.float32)
    images = np.kron(coarse, np.ones((1, 8, 8, 1), np.float32))
    target = np.eye(3, dtype=np.float32)[np.digitize(images[..., 0], [-0.5, 0.5])]

    def step() -> float:
        loss = model.train_on_batch(images, {"mask": target}, return_dict=True)["loss"]
        model.reset_metrics()
        return float(loss)

    before = [np.copy(weights) for weights in model.get_weights()]
    losses = [step()]
    after = [np.copy(weights) for weights in model.get_weights()]
    return Trained(model, images, before, after, losses + [step() for _ in range(3)])


def predicted(model, images):
    return keras.ops.convert_to_numpy(model(images, training=False)["mask"])


def moved(trained) -> dict[str, float]:
    """Share of each weight that one step moves; without biases that a batch normalisation takes away again."""
    names = {layer.name for layer in trained.model.layers}
    shares = {}
    for weight, before, after in zip(trained.model.weights, trained.before, trained.after, strict=True):
        layer, kind = weight.path.rsplit("/", 2)[-2:]
        if not (kind == "bias" and f"{layer}_bn" in names):
            shares[f"{layer}/{kind}"] = float(np.mean(before != after))
    return shares


def test_one_step_moves_every_weight(trained):
    assert {name: share for name, share in moved(trained).items() if share == 0} == {}


def test_one_step_moves_most_of_each_weight(trained):
    # A ReLU that is dead on both images may hold back a channel, not half of a layer.
    assert {name: share for name, share in moved(trained).items() if share < 0.5} == {}


def test_training_lowers_the_loss(trained):
    assert trained.losses[-1] < trained.losses[0]


def test_probabilities_of_regions_that_exclude_each_other_sum_to_1(trained):
    mask = predicted(trained.model, trained.images)
    assert mask.dtype == np.float32
    assert mask.shape == (*trained.images.shape[:3], 3)
    assert ((mask >= 0) & (mask <= 1)).all()
    assert mask.sum(-1) == pytest.approx(1, abs=1e-6)
    assert (mask.std(axis=(0, 1, 2)) > 0).all()


def test_save_and_load_agree(trained, tmp_path):
    trained.model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(predicted(again, trained.images), predicted(trained.model, trained.images))


def test_a_batch_of_two_equals_two_of_one(trained):
    together = predicted(trained.model, trained.images)
    for i in range(2):
        alone = predicted(trained.model, trained.images[i : i + 1])[0]
        assert together[i] == pytest.approx(alone, abs=1e-5)


def test_inference_has_no_chance_in_it(trained):
    assert np.array_equal(predicted(trained.model, trained.images), predicted(trained.model, trained.images))


def test_every_layer_has_a_name_of_its_own_that_keras_did_not_give(trained):
    names = [layer.name for layer in trained.model.layers]
    given = [keras.src.utils.naming.to_snake_case(type(layer).__name__) for layer in trained.model.layers]
    automatic = [n for n, kind in zip(names, given, strict=True) if n == kind or n.startswith(f"{kind}_")]
    assert len(names) == len(set(names))
    assert automatic == []


def test_momentum_reaches_every_batch_normalisation(trained):
    momenta = {x.momentum for x in trained.model.layers if isinstance(x, keras.layers.BatchNormalization)}
    assert momenta <= {0.75}


def test_sides_may_differ_and_one_region_takes_a_sigmoid(builder):
    build, stride = builder
    model = build((2 * stride, stride), n_channels=4, n_regions=1, width=2)
    assert model.output["mask"].shape == (None, 2 * stride, stride, 1)
    assert model.get_layer("mask").activation is keras.activations.sigmoid
    two = build((stride, stride), n_channels=1, n_regions=2, width=1)
    assert two.get_layer("mask").activation is keras.activations.softmax


@pytest.mark.parametrize("off", [(0, 8), (8, 0), (-1, 0)])
def test_a_size_that_the_decoder_cannot_give_back_is_refused(builder, off):
    build, stride = builder
    size = (0 if off[0] < 0 else 2 * stride + off[0], 2 * stride + off[1])
    with pytest.raises(ArgumentError, match=f"multiples of {stride} ") as caught:
        build(size, n_channels=1, n_regions=2, width=2)
    assert caught.value.where == build.func.__name__
    assert caught.value.got == f"{size[0]} x {size[1]} pixels"


def test_heads_stay_float32_under_mixed_precision(bfloat16, builder):
    build, stride = builder
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build((stride, stride), n_channels=1, n_regions=3, width=2)
    finally:
        keras.config.set_dtype_policy("float32")
    computed = {layer.name: layer.compute_dtype for layer in model.layers}
    half = {name for name, dtype in computed.items() if dtype == "bfloat16"}
    assert model.output["mask"].dtype == "float32"
    assert len(half) > 0.7 * len(computed)
    assert not {name for name in half if name.startswith(("mask", "score", "fuse", "up_"))}
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    image = np.random.default_rng(0).random((1, stride, stride, 1), np.float32)
    assert predicted(model, image).sum(-1) == pytest.approx(1, abs=1e-6)


def test_the_same_seed_draws_the_same_weights_and_another_one_others(builder):
    build, stride = builder

    def drawn(seed):
        keras.utils.set_random_seed(seed)
        model = build((stride, stride), n_channels=1, n_regions=2, width=1)
        return np.concatenate([np.ravel(weights) for weights in model.get_weights()])

    first = drawn(1)
    assert np.array_equal(first, drawn(1))
    assert not np.array_equal(first, drawn(2))
