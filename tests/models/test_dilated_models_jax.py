"""Dilated ResNets under JAX: one training step of each, in a process that never sees TensorFlow."""

import pytest

STEP = """
import json, sys
import numpy as np, keras
from reproduce.models.losses import CategoricalCrossEntropy
from reproduce.models.segmentation.deeplabv3 import deeplabv3
from reproduce.models.segmentation.fcn_resnet import fcn_resnet
from reproduce.models.segmentation.pspnet import pspnet

rng = np.random.default_rng(0)
x = rng.random((4, 32, 32, 1), np.float32)
y = np.eye(3, dtype=np.float32)[rng.integers(0, 3, (4, 32, 32))]
atrous = {"output_stride": 8, "first_dilation": "own", "multi_grid": None, "rates": (1, 2)}
found = {"backend": keras.backend.backend()}
for build, own in (
    (deeplabv3, {**atrous, "refinement": True, "dropout": 0.5}),
    (fcn_resnet, {}),
    (pspnet, {"stem": "7x7", "bins": (1, 3), "dropout": 0.1}),
):
    keras.utils.set_random_seed(1)
    settings = {"n_channels": 1, "n_regions": 3, "width": 4, "blocks": (1, 1, 1, 1), "bn_momentum": 0.9}
    model = build((32, 32), auxiliary=True, **settings, **own)
    losses = {"mask": CategoricalCrossEntropy(1.0), "aux": CategoricalCrossEntropy(0.4)}
    model.compile(keras.optimizers.Adam(1e-2), loss=losses)
    before = [np.array(v) for v in model.get_weights()]
    loss = model.train_on_batch(x, {"mask": y, "aux": y}, return_dict=True)["loss"]
    still = sum(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    found[build.__name__] = [float(loss), still]
found["tensorflow"] = any(name.partition(".")[0] == "tensorflow" for name in sys.modules)
print(json.dumps(found))
"""


@pytest.mark.slow
def test_one_step_of_each_under_jax(under_jax):
    found = under_jax(STEP)
    for name in ("deeplabv3", "fcn_resnet", "pspnet"):
        loss, still = found[name]
        assert 0 < loss < 8
        assert still == 0
