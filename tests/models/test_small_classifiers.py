"""Every classifier, small: a step moves every weight, files keep it, an image's answer is its own."""

import keras
import numpy as np
import pytest
from keras import applications

from reproduce.inspection.geometry import cost
from reproduce.models.classification.alexnet import alexnet
from reproduce.models.classification.convnext import convnext
from reproduce.models.classification.drsn import drsn
from reproduce.models.classification.espnetv2 import espnetv2
from reproduce.models.classification.fbnet import Block, fbnet
from reproduce.models.classification.googlenet import googlenet
from reproduce.models.classification.keras_architectures import densenet, efficientnet_b0, inception_v3, mobilenet_v2
from reproduce.models.classification.lenet5 import lenet5, lenet5_dense
from reproduce.models.classification.overlock import Plan, overlock
from reproduce.models.classification.shufflenet import shufflenet_v1, shufflenet_v2
from reproduce.models.classification.swin import swin
from reproduce.models.classification.vgg import vgg
from reproduce.models.classification.vit import vit
from reproduce.protocol.section import Call

BN = {"bn_momentum": 0.9}
ALEXNET = {"filters": (8, 12, 8, 8, 8), "units": 16, "stem_padding": 2, "dropout": 0.0}
GOOGLENET = BN | {"width": 8, "dropout": 0.0, "auxiliary_dropout": 0.0, "auxiliary": True}
DRSN = BN | {"width": 4, "blocks": (2, 1)}
MODERN = {"padding": 0, "activation": "tanh", "pooling": "average"}
VGG = BN | {"n_convs": (1, 2), "width": 4, "units": 16, "batch_norm": False, "dropout": 0.0}
V2 = BN | {"channels": (16, 32), "last_channels": 24, "units": (2, 1)}
VIT = {"patch": 8, "width": 8, "depth": 2, "heads": 2, "mlp_width": 16, "dropout": 0.0}
SWIN = {"width": 8, "depths": (2, 2), "heads": (2, 4), "window": 2, "drop_path": 0.0}
CONVNEXT = {"widths": (4, 8), "depths": (1, 2), "scale_start": 0.1, "drop_path": 0.0}
FBNET = BN | {"width": 0.25, "epsilon": 1e-3, "dropout": 0.0, "blocks": (Block(3, 1, 16, 1), Block(5, 3, 24, 2))}
ESPNET = BN | {"channels": (16, 32, 48, 64, 80, 24), "units": (0, 0, 1, 0), "dropout": 0.0}
PLAN = Plan((8, 8, 16, 16), (1, 1, 1, 1), (2, 1), (5, 5, 5, 5), 3, (2, 2), 2, 2, 24)
OVERLOCK = BN | {"plan": PLAN, "merged": False, "auxiliary": True, "drop_path": 0.0}

SMALL = {
    "lenet5": (28, Call(lenet5, {"padding": 2})),
    "lenet5_dense": (32, Call(lenet5_dense, MODERN)),
    "alexnet of two towers": (67, Call(alexnet, ALEXNET | {"towers": 2, "response_normalisation": True})),
    "alexnet of one": (67, Call(alexnet, ALEXNET | {"towers": 1, "response_normalisation": False})),
    "vgg": (16, Call(vgg, VGG)),
    "shufflenet_v1": (32, Call(shufflenet_v1, BN | {"groups": 2, "channels": (32, 64), "units": (2, 1)})),
    "shufflenet_v2": (32, Call(shufflenet_v2, V2)),
    "fbnet": (16, Call(fbnet, FBNET)),
    "drsn-cs": (16, Call(drsn, DRSN | {"thresholds": "shared"})),
    "drsn-cw": (16, Call(drsn, DRSN | {"thresholds": "by channel"})),
    "vit": (16, Call(vit, VIT)),
    "swin": (32, Call(swin, SWIN)),
    "convnext": (16, Call(convnext, CONVNEXT)),
}
LARGER = {
    "overlock": (160, Call(overlock, OVERLOCK)),
    "espnetv2": (64, Call(espnetv2, ESPNET)),
    "googlenet": (64, Call(googlenet, GOOGLENET | {"large_kernel": 5, "last_pool": 3, "batch_norm": False})),
    "googlenet of torchvision": (
        32,
        Call(googlenet, GOOGLENET | {"large_kernel": 3, "last_pool": 2, "batch_norm": True}),
    ),
    "mobilenet_v2": (32, Call(mobilenet_v2, BN | {"alpha": 0.35, "dropout": 0.0})),
    "densenet121": (32, Call(densenet, BN | {"application": applications.DenseNet121})),
    "efficientnet_b0": (32, Call(efficientnet_b0, BN | {"from_bytes": False, "dropout": 0.0})),
    "inception_v3": (75, Call(inception_v3, BN | {"bn_scale": True, "dropout": 0.0})),
}
EACH = [*SMALL, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGER)]


def built(name, n_channels=2, n_classes=3):
    keras.utils.set_random_seed(1)
    side, build = (SMALL | LARGER)[name]
    return build((side, side), n_channels=n_channels, n_classes=n_classes)


def images(model, n=4):
    return np.random.default_rng(0).standard_normal((n, *model.input.shape[1:])).astype(np.float32)


def answer(model, x):
    return keras.ops.convert_to_numpy(model(x, training=False)["class"])


def made_up(layer):
    return layer.name.rstrip("_0123456789").replace("_", "") == type(layer).__name__.lower()


@pytest.mark.parametrize("name", EACH)
def test_one_step_moves_every_weight_and_files_keep_them(name, tmp_path):
    model = built(name)
    losses = dict.fromkeys(model.output, "categorical_crossentropy")
    model.compile(keras.optimizers.Adam(1e-2), loss=losses, run_eagerly=True)
    before = [np.copy(weights) for weights in model.get_weights()]
    classes = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    model.train_on_batch(images(model), dict.fromkeys(model.output, classes))
    moved = zip(model.weights, before, model.get_weights(), strict=True)
    assert {weight.path for weight, old, new in moved if np.array_equal(old, new)} == set()
    # A name that Keras makes up, such as conv2d_7, depends on what was built before, and saved weights with it.
    assert [layer.name for layer in model.layers if made_up(layer)] == []
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert [weight.path for weight in again.weights] == [weight.path for weight in model.weights]
    assert np.array_equal(answer(again, images(model)), answer(model, images(model)))


@pytest.mark.parametrize("name", EACH)
def test_classes_exclude_each_other_and_images_do_not_see_each_other(name):
    model = built(name, n_channels=3, n_classes=5)
    x = images(model, 2)
    found = answer(model, x)
    assert found.dtype == np.float32
    assert found.sum(axis=1) == pytest.approx([1, 1], abs=1e-6)
    # Two images of noise, two answers; before the head, since weights that start small can give all classes one share.
    seen = keras.ops.convert_to_numpy(keras.Model(model.input, model.get_layer("class_logits").input)(x))
    assert np.abs(seen[0] - seen[1]).max() > 1e-4 * np.abs(seen).max() > 0
    singly = np.concatenate([answer(model, x[:1]), answer(model, x[1:])])
    assert found == pytest.approx(singly, abs=1e-5)


@pytest.mark.parametrize("name", EACH)
def test_grey_images_yes_or_no_and_costs(name):
    model = built(name, n_channels=1, n_classes=1)
    found = answer(model, images(model, 2))
    assert found.shape == (2, 1)
    assert ((found >= 0) & (found <= 1)).all()
    assert cost(model).parameters == model.count_params()
    assert cost(model).multiply_adds > 0
