"""A training step under JAX of classifiers that have every layer of ours between them, without TensorFlow."""

import pytest

STEP = """
import json, sys
import numpy as np, keras
from reproduce.models.classification.alexnet import alexnet
from reproduce.models.classification.convnext import convnext
from reproduce.models.layers.channels import ChannelAffine
from reproduce.models.layers.context_mixing import ContextMixing, GlobalResponse
from reproduce.models.classification.drsn import drsn
from reproduce.models.classification.lenet5 import lenet5
from reproduce.models.classification.shufflenet import shufflenet_v1
from reproduce.models.classification.swin import swin
from reproduce.models.classification.vit import vit


def mixing(size, *, n_channels, n_classes):
    image = keras.Input((*size, n_channels), name="image")
    x = GlobalResponse()(ChannelAffine()(keras.layers.Conv2D(8, 3, padding="same")(image)))
    regions = keras.layers.Conv2D(4, 1)(keras.layers.AveragePooling2D(size[0] // 2)(x))
    x = ContextMixing(2, 5, 3, 4)(x, keras.layers.Conv2D(4, 1)(x), keras.layers.Flatten()(regions))
    x = keras.layers.Dense(n_classes, activation="softmax")(keras.layers.Flatten()(x))
    return keras.Model(image, {"class": x}, name="mixing")


alex = {"filters": (4, 4, 4, 4, 4), "units": 8, "towers": 2, "stem_padding": 2, "dropout": 0.0}
shuffle = {"groups": 2, "channels": (32,), "units": (2,), "bn_momentum": 0.9}
cases = (
    (mixing, 8, {}),
    (lenet5, 28, {"padding": 2}),
    (alexnet, 67, alex | {"response_normalisation": True}),
    (shufflenet_v1, 32, shuffle),
    (drsn, 16, {"width": 4, "blocks": (1, 1), "thresholds": "shared", "bn_momentum": 0.9}),
    (vit, 16, {"patch": 8, "width": 8, "depth": 1, "heads": 2, "mlp_width": 16, "dropout": 0.0}),
    (swin, 16, {"width": 8, "depths": (2,), "heads": (2,), "window": 2, "drop_path": 0.5}),
    (convnext, 16, {"widths": (4, 8), "depths": (1, 1), "scale_start": 0.1, "drop_path": 0.5}),
)
rng, found = np.random.default_rng(0), {"backend": keras.backend.backend()}
for build, side, settings in cases:
    keras.utils.set_random_seed(1)
    model = build((side, side), n_channels=1, n_classes=3, **settings)
    model.compile(keras.optimizers.Adam(1e-2), loss={"class": "categorical_crossentropy"})
    before = [np.array(v) for v in model.get_weights()]
    x = rng.standard_normal((4, side, side, 1)).astype("float32")
    y = {"class": np.eye(3, dtype="float32")[[0, 1, 2, 0]]}
    loss = float(model.train_on_batch(x, y, return_dict=True)["loss"])
    still = sum(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    found[model.name] = [loss, still]
    print(model.name, loss, still, file=sys.stderr, flush=True)
found["tensorflow"] = any(name.partition(".")[0] == "tensorflow" for name in sys.modules)
print(json.dumps(found))
"""


@pytest.mark.slow
def test_one_step_of_each_under_jax(under_jax):
    found = under_jax(STEP)
    assert len(found) == 8
    for loss, still in found.values():
        assert 0 < loss < 30
        assert still == 0
