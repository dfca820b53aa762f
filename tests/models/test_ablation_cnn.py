"""The model between the two: at its ends it is each of them, and every switch does one thing."""

import itertools

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.segmentation.optimised_cnn import ablation_cnn, optimised_cnn, unoptimised_cnn

SHAPE = {"n_channels": 2, "n_regions": 3, "width": 4, "depth": 2, "bn_momentum": 0.75}
NONE = {"residual": False, "dense": False, "skips": False}
ALL = {"residual": True, "dense": True, "skips": True}
SLICE_HEAD = {"slice_pool", "slice"}


def built(**switches):
    return ablation_cnn((16, 8), **SHAPE, **(NONE | switches))


def wiring(model, without=frozenset()):
    """Of every layer its class, its whole configuration and the layers that it reads, but for some layers.

    Keras numbers initialisers with a seed of their own and tensors as they come; neither is part of the architecture.
    """
    found = {}
    for layer in model.layers:
        if layer.name in without:
            continue
        config = {key: value for key, value in layer.get_config().items() if not key.endswith("initializer")}
        kernel = getattr(layer, "kernel_initializer", None)
        parents = [node.operation.name for node in layer._inbound_nodes[0].parent_nodes]
        found[layer.name] = (type(layer), repr(config), type(kernel), tuple(parents), str(layer.output.shape))
    return found


def test_without_any_part_it_is_the_unoptimised_model():
    reference = unoptimised_cnn((16, 8), **SHAPE)
    assert wiring(built()) == wiring(reference)
    assert built().count_params() == reference.count_params()


def test_with_all_parts_it_is_the_optimised_model_but_for_the_slice_head():
    reference = optimised_cnn((16, 8), **SHAPE)
    assert wiring(built(**ALL)) == wiring(reference, without=SLICE_HEAD)
    # the head is one unit on the transition's 4 * 2 ** 2 channels
    assert built(**ALL).count_params() == reference.count_params() - (16 + 1)


def test_with_all_parts_it_computes_the_mask_of_the_optimised_model():
    reference, ours = optimised_cnn((16, 8), **SHAPE), built(**ALL)
    for layer in ours.layers:
        layer.set_weights(reference.get_layer(layer.name).get_weights())
    images = np.random.default_rng(1).random((2, 16, 8, 2), np.float32)
    masks = [keras.ops.convert_to_numpy(model(images, training=False)["mask"]) for model in (reference, ours)]
    assert masks[0].std() > 0
    assert np.array_equal(*masks)


def test_without_any_part_it_computes_the_mask_of_the_unoptimised_model():
    reference, ours = unoptimised_cnn((16, 8), **SHAPE), built()
    ours.set_weights(reference.get_weights())
    images = np.random.default_rng(2).random((2, 16, 8, 2), np.float32)
    masks = [keras.ops.convert_to_numpy(model(images, training=False)["mask"]) for model in (reference, ours)]
    assert masks[0].std() > 0
    assert np.array_equal(*masks)


@pytest.mark.parametrize(
    "switches", [dict(zip(NONE, on, strict=True)) for on in itertools.product((False, True), repeat=3)]
)
def test_every_part_stands_or_falls_by_its_switch_alone(switches):
    model = ablation_cnn((16, 8), **SHAPE, **switches)
    names = [layer.name for layer in model.layers]
    assert any(isinstance(layer, keras.layers.Add) for layer in model.layers) is switches["residual"]
    assert any(
        isinstance(layer, keras.layers.MaxPooling2D) and layer.pool_size == (2, 2) for layer in model.layers
    ) is (not switches["residual"])
    assert ("dense_layer4_concat" in names) is ("transition" in names) is switches["dense"]
    assert [name for name in names if name.endswith("_skip")] == (
        ["decoder2_skip", "decoder1_skip"] if switches["skips"] else []
    )
    assert set(model.output) == {"mask"}
    assert model.output["mask"].shape == (None, 16, 8, 3)


@pytest.mark.parametrize("residual", [False, True])
def test_a_skip_joins_the_features_of_its_grid_before_it_is_halved(residual):
    model = built(skips=True, residual=residual)
    for level, shape in ((1, (16, 8)), (2, (8, 4))):
        up, skip = model.get_layer(f"decoder{level}_skip").input
        last = f"encoder{level}_block2_relu" if residual else f"encoder{level}_conv2_relu"
        assert skip is model.get_layer(last).output
        assert up.shape == skip.shape == (None, *shape, 4 * 2 ** (level - 1))


def test_the_parameters_of_each_part_by_hand():
    def at(**switches):
        return ablation_cnn(
            (8, 8), n_channels=1, n_regions=1, width=2, depth=1, bn_momentum=0.9, **(NONE | switches)
        ).count_params()

    plain = at()
    assert plain == 443  # worked out in test_unoptimised_cnn.py
    # a skip doubles the channels into the first convolution of its level: 9 * 2 * 2 more
    assert at(skips=True) - plain == 36
    # four layers of BN-conv1x1(4)-BN-conv3x3(1) on 4, 5, 6, 7 channels: 4c + 4c + 16 + 36 each; transition 8 * 4 + 16
    assert at(dense=True) - plain == sum(8 * c + 52 for c in (4, 5, 6, 7)) + 48
    # stem 9 * 2 + 8, four residual blocks (768 with their projection, see test_optimised_cnn.py) for the encoder's
    # (18 + 8) + (36 + 8) and the bottleneck's (72 + 16) + (144 + 16)
    assert at(residual=True) - plain == 26 + 768 - 70 - 248


def test_one_step_moves_every_weight_of_the_mixed_models():
    rng = np.random.default_rng(3)
    images, masks = rng.random((2, 16, 8, 2), np.float32), (rng.random((2, 16, 8, 3)) < 0.5).astype(np.float32)
    for switches in ({"residual": True}, {"dense": True, "skips": True}):
        keras.utils.set_random_seed(4)
        model = built(**switches)
        model.compile(keras.optimizers.Adam(1e-2), loss={"mask": "binary_crossentropy"}, run_eagerly=True)
        before = model.get_weights()
        model.train_on_batch(images, {"mask": masks})
        pairs = zip(model.weights, before, model.get_weights(), strict=True)
        assert [weight.path for weight, old, new in pairs if np.array_equal(old, new)] == []


@pytest.mark.parametrize("size", [(30, 32), (32, 30), (2, 32)])
def test_a_size_that_the_decoder_cannot_give_back_is_refused(size):
    with pytest.raises(ArgumentError, match="multiples of 4") as caught:
        ablation_cnn(size, **SHAPE, **NONE)
    assert caught.value.where == "ablation_cnn"
