"""MoCo v3 by hand: whose weights a step moves, the moving average to the bit, and features of every classifier."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.catalog import CATALOG
from reproduce.models.classification.resnet import resnet
from reproduce.models.classification.vit import vit
from reproduce.models.selfsupervised.moco_v3 import Head, MomentumContrast, features, momentum_at

SMALL = {"n_channels": 1, "n_classes": 2}
HEAD = Head(2, hidden=8, width=4, last_norm=True)
RNG = np.random.default_rng(0)
PAIR = tuple(RNG.normal(size=(2, 6, 16, 16, 1)).astype(np.float32))


def small_resnet():
    return resnet((16, 16), **SMALL, width=4, blocks=(1, 1), block="basic", conv_bias=False, bn_momentum=0.9)


def small_vit():
    return vit((16, 16), **SMALL, patch=8, width=8, depth=1, heads=2, mlp_width=16, dropout=0.0)


def contrast(classifier, *, frozen=(), momentum=0.9, n_steps=4, **settings):
    heads = {"projection": HEAD, "prediction": HEAD, "temperature": 0.2} | settings
    return MomentumContrast(classifier, **heads, momentum=momentum, n_steps=n_steps, frozen=frozen)


def compiled(model):
    model.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    return model


def value(variable):
    """A copy, since a tensor of TensorFlow and its array may share their memory."""
    return keras.ops.convert_to_numpy(variable).copy()


def values(variables):
    return [value(each) for each in variables]


def test_momentum_rises_along_half_a_cosine():
    # 0.99 at first, 1 - 0.01 / 2 halfway, 1 at the end and beyond
    found = [float(momentum_at(step, start=0.99, n_steps=10)) for step in (0, 5, 10, 11)]
    assert found == pytest.approx([0.99, 0.995, 1.0, 1.0], abs=1e-6)


def test_features_are_what_stands_before_the_classes():
    classifier = small_resnet()
    seen = keras.ops.convert_to_numpy(features(classifier)(PAIR[0]))
    assert seen.shape == (6, 8)
    kernel, bias = values(classifier.get_layer("class_logits").weights)
    logits = seen @ kernel + bias
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert keras.ops.convert_to_numpy(classifier(PAIR[0])["class"]) == pytest.approx(shares, abs=1e-5)


def test_both_encoders_start_alike_and_only_one_learns():
    model = contrast(small_resnet())
    slow, fast = values(model.momentum_encoder.weights), values(model.encoder.weights)
    assert all(np.array_equal(a, b) for a, b in zip(slow, fast, strict=True))
    learnt = {id(each) for each in model.trainable_variables}
    assert learnt == {id(v) for part in (model.encoder, model.prediction) for v in part.trainable_variables}
    assert not learnt & {id(each) for each in model.momentum_encoder.weights}


def test_the_moving_average_is_exact_and_its_first_step_nothing():
    model = compiled(contrast(small_resnet()))
    slow = [pair[0] for pair in model.pairs]
    fast = [pair[1] for pair in model.pairs]
    start = values(slow)
    model.fit(PAIR, batch_size=6, verbose=0)
    # the first step computes its keys with the starting weights, to which the average of two equals leads
    assert all(np.array_equal(a, b) for a, b in zip(start, values(slow), strict=True))
    moved = values(fast)
    assert all(not np.array_equal(a, b) for a, b in zip(start, moved, strict=True))
    model.fit(PAIR, batch_size=6, verbose=0)
    # m of the first of four steps is 0.9: k + 0.1 (q - k)
    for before, after, query in zip(start, values(slow), moved, strict=True):
        # single precision: two units in the last place of the largest weight, which is about 1
        assert after == pytest.approx(0.9 * before + 0.1 * query, abs=2.4e-7)
    assert max(np.abs(a - b).max() for a, b in zip(start, values(slow), strict=True)) > 1e-4
    before, query = values(slow), values(fast)
    model.follow()
    # of the second: 1 - 0.1 (1 + cos(pi / 4)) / 2 = 0.914645
    for k, after, q in zip(before, values(slow), query, strict=True):
        assert after == pytest.approx(k + 0.0853553 * (q - k), abs=1e-6)
    assert int(model.step) == 2


def test_keys_see_the_statistics_of_the_batch():
    model = contrast(small_resnet())
    running = [w for w in model.momentum_encoder.weights if "moving" in w.path]
    before = values(running)
    keys = keras.ops.convert_to_numpy(model(PAIR, training=True)["k1"])
    assert all(not np.array_equal(a, b) for a, b in zip(before, values(running), strict=True))
    # the last normalisation has neither scale nor shift: each channel has the mean 0 over the batch
    assert keys.mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-5)


def test_asking_moves_nothing():
    model = contrast(small_resnet())
    before = values(model.variables)
    model(PAIR, training=False)
    assert all(np.array_equal(a, b) for a, b in zip(before, values(model.variables), strict=True))


def test_patches_of_a_vit_keep_their_starting_weights_and_all_else_learns():
    model = compiled(contrast(small_vit(), frozen=("patches",)))
    patches = {id(w) for w in model.backbone.get_layer("patches").weights}
    before = {id(w): value(w) for w in model.encoder.weights}
    model.fit(PAIR, batch_size=6, verbose=0)
    still = {id(w) for w in model.encoder.weights if np.array_equal(before[id(w)], value(w))}
    # keys' biases move all scores of a query alike, so that attention has no gradient for them
    biases = {id(w) for w in model.encoder.weights if w.path.endswith("key/bias")}
    assert patches <= still <= patches | biases


@pytest.mark.slow
def test_training_makes_two_views_of_an_image_alike():
    keras.utils.set_random_seed(3)
    model = compiled(contrast(small_resnet(), n_steps=40))
    base = np.random.default_rng(4).normal(size=(16, 16, 16, 1)).astype(np.float32)
    pair = (base, base + 0.1)
    losses = [model.fit(pair, batch_size=16, verbose=0, shuffle=False).history["loss"][0] for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


WRONG = (
    ({"frozen": ("nothing",)}, "layers to freeze"),
    ({"prediction": Head(1, 1, 3, last_norm=True)}, "one width"),
    ({"temperature": 0.0}, "above 0"),
    ({"momentum": 1.1}, r"in \[0, 1\]"),
    ({"n_steps": 0}, "a step or more"),
)


@pytest.mark.parametrize(("settings", "said"), WRONG)
def test_what_cannot_be_is_refused(settings, said):
    with pytest.raises(ArgumentError, match=said):
        contrast(small_resnet(), **settings)


def test_a_model_without_classes_and_a_head_without_units_are_refused():
    image = keras.Input((4, 4, 1))
    with pytest.raises(ArgumentError, match="class_logits"):
        features(keras.Model(image, keras.layers.Flatten(name="end")(image)))
    with pytest.raises(ArgumentError, match="numbers from 1"):
        Head(2, hidden=0, width=4, last_norm=True)


FAMILIES = {each.build.function.__name__: each for each in CATALOG}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_the_catalog_can_be_trained_this_way(family):
    each = FAMILIES[family]
    classifier = each.build(each.size, n_channels=each.n_channels, n_classes=2)
    model = contrast(classifier)
    learnt = {id(w) for w in model.encoder.trainable_weights}
    assert len(model.pairs) == len(learnt) == len({id(slow) for slow, _ in model.pairs})
    assert all(slow.shape == fast.shape for slow, fast in model.pairs)
    own, copy = values(model.encoder.weights[:3]), values(model.momentum_encoder.weights[:3])
    assert all(np.array_equal(a, b) for a, b in zip(own, copy, strict=True))
    codes = keras.ops.convert_to_numpy(model.encoder(np.zeros((1, *each.size, each.n_channels), np.float32)))
    assert codes.shape == (1, 4)


STEP = """
import json, sys
import numpy as np, keras
from reproduce.models.selfsupervised.moco_v3 import Head, MomentumContrast
from reproduce.models.classification.vit import vit
keras.utils.set_random_seed(1)
head = Head(2, hidden=8, width=4, last_norm=True)
small = {"patch": 8, "width": 8, "depth": 1, "heads": 2, "mlp_width": 16, "dropout": 0.0}
classifier = vit((16, 16), n_channels=1, n_classes=2, **small)
settings = {"temperature": 0.2, "momentum": 0.9, "n_steps": 4, "frozen": ("patches",)}
model = MomentumContrast(classifier, projection=head, prediction=head, **settings)
model.compile(keras.optimizers.SGD(0.1))
pair = tuple(np.random.default_rng(0).normal(size=(2, 12, 16, 16, 1)).astype("float32"))
slow = [np.array(w[0]) for w in model.pairs]
loss = model.fit(pair, batch_size=6, verbose=0).history["loss"][0]
moved = sum(not np.array_equal(a, w[0]) for a, w in zip(slow, model.pairs))
print(json.dumps({
    "backend": keras.backend.backend(), "loss": loss, "moved": moved, "step": int(model.step),
    "tensorflow": any(name.partition(".")[0] == "tensorflow" for name in sys.modules),
}))
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_two_steps_under_jax():
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command, project = [sys.executable, "-c", STEP], Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["backend"], found["tensorflow"], found["step"]) == ("jax", False, 2)
    assert 0 < found["loss"] < 4
    assert found["moved"] > 10
