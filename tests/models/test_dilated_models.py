"""What holds for DeepLabV3, PSPNet and FCN on a dilated ResNet, small: outputs, training, saving, batches, sizes."""

from dataclasses import dataclass

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.losses import CategoricalCrossEntropy
from reproduce.models.segmentation.deeplabv3 import deeplabv3
from reproduce.models.segmentation.fcn_resnet import fcn_resnet
from reproduce.models.segmentation.pspnet import pspnet

SMALL = {"n_channels": 2, "n_regions": 3, "width": 4, "blocks": (1, 1, 1, 1), "auxiliary": True, "bn_momentum": 0.9}
ATROUS = {"output_stride": 8, "first_dilation": "own", "multi_grid": None, "rates": (1, 2)}
BUILDERS = {
    "deeplabv3": (deeplabv3, {**ATROUS, "refinement": True, "dropout": 0.5}),
    "fcn_resnet": (fcn_resnet, {}),
    "pspnet": (pspnet, {"stem": "3x3", "bins": (1, 3), "dropout": 0.1}),
}


@pytest.fixture(scope="module", params=BUILDERS)
def build(request):
    """One builder after the other, small, with changes."""
    function, own = BUILDERS[request.param]

    def built(size=(32, 32), **changes):
        keras.utils.set_random_seed(3)
        return function(size, **SMALL | own | changes)

    built.name = request.param
    return built


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Four images of noise."""
    return np.random.default_rng(1).random((4, 32, 32, 2), np.float32)


@pytest.fixture(scope="module")
def model(build) -> keras.Model:
    """32x32 pixels, two channels, three regions; nobody trains it."""
    return build()


@dataclass(frozen=True)
class Trained:
    """A model after a few steps on one batch, its weights before and after the first of them, and the losses."""

    model: keras.Model
    before: list[np.ndarray]
    after: list[np.ndarray]
    losses: list[float]


@pytest.fixture(scope="module")
def trained(build, images) -> Trained:
    """Four steps of Adam, eagerly: tracing would take longer. On 64x64 pixels: a grid of 8x8 is seen by all taps."""
    model, images = build((64, 64)), np.kron(images, np.ones((1, 2, 2, 1), np.float32))
    loss = {name: CategoricalCrossEntropy(weight) for name, weight in (("mask", 1.0), ("aux", 0.4))}
    model.compile(keras.optimizers.Adam(1e-2), loss=loss, run_eagerly=True)
    reference = np.eye(3, dtype=np.float32)[np.random.default_rng(2).integers(0, 3, (4, 64, 64))]

    def step() -> float:
        model.reset_metrics()
        return float(model.train_on_batch(images, {"mask": reference, "aux": reference}, return_dict=True)["loss"])

    before = [np.copy(weights) for weights in model.get_weights()]
    first = step()
    after = [np.copy(weights) for weights in model.get_weights()]
    return Trained(model, before, after, [first, *(step() for _ in range(3))])


def predicted(model, images):
    return {name: keras.ops.convert_to_numpy(value) for name, value in model(images, training=False).items()}


def test_outputs_are_float32_probabilities_that_sum_to_1_in_each_pixel(model, images):
    outputs = predicted(model, images)
    assert set(outputs) == {"mask", "aux"}
    for values in outputs.values():
        assert values.shape == (4, 32, 32, 3)
        assert values.dtype == np.float32
        assert ((values >= 0) & (values <= 1)).all()
        assert values.sum(axis=-1) == pytest.approx(1.0, abs=1e-6)
        assert values.std(axis=(1, 2)).max() > 1e-4


def test_a_single_region_is_a_sigmoid_and_auxiliary_may_be_off(build, images):
    model = build(n_regions=1, auxiliary=False)
    assert set(model.output) == {"mask"}
    assert [layer.name for layer in model.layers if layer.name.startswith("aux")] == []
    values = predicted(model, images)["mask"]
    assert values.shape == (4, 32, 32, 1)
    assert ((values > 0) & (values < 1)).all()
    logits = keras.Model(model.input, model.get_layer("mask_resize").output)(images, training=False)
    assert values == pytest.approx(1 / (1 + np.exp(-keras.ops.convert_to_numpy(logits))), abs=1e-6)


def test_extreme_images_stay_in_range(model):
    for value in (0.0, 1.0, 1e6, -1e6):
        for probabilities in predicted(model, np.full((1, 32, 32, 2), value, np.float32)).values():
            assert np.isfinite(probabilities).all()
            assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_one_step_moves_every_weight(trained):
    pairs = zip(trained.model.weights, trained.before, trained.after, strict=True)
    assert [weight.path for weight, before, after in pairs if np.array_equal(before, after)] == []


def test_one_step_moves_most_of_each_weight(trained):
    # A ReLU that is dead on all images may hold back a channel, not half of a layer.
    pairs = zip(trained.model.weights, trained.before, trained.after, strict=True)
    assert [weight.path for weight, before, after in pairs if np.mean(before != after) < 0.5] == []


def test_training_lowers_the_loss(trained):
    assert trained.losses[-1] < trained.losses[0]


def test_save_and_load_agree(trained, tmp_path):
    images = np.random.default_rng(3).random((2, 64, 64, 2), np.float32)
    trained.model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for name, values in predicted(trained.model, images).items():
        assert np.array_equal(predicted(again, images)[name], values)


def test_a_batch_of_two_equals_two_of_one(model, images):
    together = predicted(model, images[:2])
    for i in range(2):
        for name, values in predicted(model, images[i : i + 1]).items():
            assert together[name][i] == pytest.approx(values[0], abs=1e-5)


def test_every_layer_has_a_name_of_its_own_that_keras_did_not_give(model):
    names = [layer.name for layer in model.layers]
    assert len(names) == len(set(names))
    given = [keras.src.utils.naming.to_snake_case(type(layer).__name__) for layer in model.layers]
    assert [n for n, kind in zip(names, given, strict=True) if n == kind or n.startswith(f"{kind}_")] == []


@pytest.mark.parametrize("size", [(36, 32), (32, 33), (0, 32), (4, 8), (-8, 8)])
def test_a_size_that_the_output_stride_does_not_divide_is_refused(build, size):
    with pytest.raises(ArgumentError, match="multiples of 8") as caught:
        build(size)
    assert caught.value.got == f"{size[0]} x {size[1]} pixels"
    assert caught.value.where == build.name


@pytest.mark.parametrize("size", [(8, 8), (24, 40)])
def test_any_multiple_of_the_output_stride_will_do(build, size):
    model = build(size)
    image = np.random.default_rng(0).random((1, *size, 2), np.float32)
    assert predicted(model, image)["mask"].shape == (1, *size, 3)


@pytest.mark.parametrize("blocks", [(1, 1, 1), (1, 1, 0, 1), ()])
def test_stages_without_blocks_are_refused(build, blocks):
    with pytest.raises(ArgumentError, match="four stages"):
        build(blocks=blocks)


def test_the_auxiliary_output_hangs_on_the_third_stage(model):
    assert model.get_layer("aux_conv").input is model.get_layer("stage3_block1_relu").output
    assert model.get_layer("aux_conv").filters == 4 * 4


def test_heads_stay_float32_under_mixed_precision(bfloat16, build, images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build()
    finally:
        keras.config.set_dtype_policy("float32")
    assert {tensor.dtype for tensor in model.output.values()} == {"float32"}
    assert {
        model.get_layer(f"{name}_{layer}").compute_dtype for name in model.output for layer in ("logits", "resize")
    } == {"float32"}
    assert model.get_layer("stage4_block1_conv2").compute_dtype == "bfloat16"
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    assert all(values.dtype == np.float32 for values in predicted(model, images).values())


@pytest.mark.usefixtures("unallocated")
def test_momentum_and_epsilon_reach_every_batch_normalisation(build):
    model = build(bn_momentum=0.75)
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert {(layer.momentum, layer.epsilon) for layer in norms} == {(0.75, 1e-5)}


@pytest.mark.usefixtures("unallocated")
def test_width_scales_everything(build):
    def kernels(width):
        model = build(width=width)
        return {x.name: x.kernel.shape for x in model.layers if isinstance(x, keras.layers.Conv2D)}

    ends = {"stem_conv1": (1, 2), "mask_logits": (2, 1), "aux_logits": (2, 1)}
    wide = kernels(8)
    for name, (ky, kx, before, after) in kernels(4).items():
        times_before, times_after = ends.get(name, (2, 2))
        assert wide[name] == (ky, kx, before * times_before, after * times_after)


def test_the_same_seed_draws_the_same_weights(build):
    first, second = (np.concatenate([np.ravel(v) for v in build().get_weights()]) for _ in range(2))
    assert np.array_equal(first, second)
