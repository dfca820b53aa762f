"""U-Net, SegNet and FCN-8s learn what they see, and take a step at the documents' size and at full width.

Steps and figures below are what two cores gave; seeds are set, so a run repeats them up to rounding.
"""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from reproduce.models.losses import CategoricalCrossEntropy
from reproduce.models.segmentation.fcn8s import fcn8s
from reproduce.models.segmentation.segnet import segnet
from reproduce.models.segmentation.unet import unet

pytestmark = pytest.mark.slow

NORMED = {"batch_norm": True, "bn_momentum": 0.9}
"""Document 002, 3: batch normalisation and dropout."""
MAX_STEPS = 600
EVERY = 20


def slices():
    """Four slices of 64x64 with two organs, ellipses of different place and size, in noise; one-hot masks."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    images, masks = [], []
    for _ in range(4):
        label = np.zeros((64, 64), int)
        for organ, (centre_x, radius) in enumerate(((18, 12), (46, 9)), start=1):
            centre_y, centre_x = rng.uniform(24, 40), centre_x + rng.uniform(-4, 4)
            radius_y, radius_x = radius * rng.uniform(0.8, 1.3, 2)
            label[((y - centre_y) / radius_y) ** 2 + ((x - centre_x) / radius_x) ** 2 <= 1] = organ
        images.append(np.array([0.2, 0.5, 0.8])[label] + 0.1 * rng.standard_normal((64, 64)))
        masks.append(np.eye(3)[label])
    return np.float32(images)[..., None], np.float32(masks)


def dice_of_organs(model, images, masks):
    """Smallest Dice of an organ on a slice."""
    predicted = np.eye(3)[model.predict(images, verbose=0)["mask"].argmax(-1)][..., 1:]
    reference = masks[..., 1:]
    shared, total = (predicted * reference).sum((1, 2)), (predicted + reference).sum((1, 2))
    return float((2 * shared / total).min())


@pytest.mark.parametrize(
    ("build", "settings"),
    [(unet, NORMED | {"dropout": 0.1}), (segnet, {"bn_momentum": 0.9}), (fcn8s, NORMED | {"dropout": 0.1})],
)
def test_four_slices_are_learned(build, settings):
    images, masks = slices()
    keras.utils.set_random_seed(1)
    model = build((64, 64), n_channels=1, n_regions=3, width=8, **settings)
    loss = {"mask": CategoricalCrossEntropy(weight=1.0)}
    model.compile(keras.optimizers.Adam(1e-3), loss=loss, jit_compile=False)
    dice, steps = 0.0, 0
    while dice <= 0.95 and steps < MAX_STEPS:
        model.fit(images, {"mask": masks}, batch_size=4, epochs=EVERY, verbose=0)
        steps += EVERY
        dice = dice_of_organs(model, images, masks)
    print(f"{build.__name__}: smallest Dice {dice:.3f} after {steps} steps")
    assert dice > 0.95


STEP = """
import json, resource, sys, time
import keras, numpy as np
from reproduce.models.losses import CategoricalCrossEntropy
from reproduce.models.segmentation.fcn8s import fcn8s
from reproduce.models.segmentation.segnet import segnet
from reproduce.models.segmentation.unet import unet

build, settings = {"unet": unet, "segnet": segnet, "fcn8s": fcn8s}[sys.argv[1]], json.loads(sys.argv[2])
rng = np.random.default_rng(0)
image = rng.standard_normal((1, 512, 512, 1)).astype(np.float32)
mask = np.eye(6, dtype=np.float32)[np.digitize(image[..., 0], [-1, -0.5, 0, 0.5, 1])]
keras.utils.set_random_seed(1)
model = build((512, 512), n_channels=1, n_regions=6, width=64, **settings)
model.compile(keras.optimizers.Adam(1e-3), loss={"mask": CategoricalCrossEntropy(weight=1.0)}, jit_compile=False)
names = {layer.name for layer in model.layers}
# Batch normalisation takes a bias before it away again: its gradient is zero but for rounding.
moving = [w for w in model.trainable_weights if not (w.name == "bias" and w.path.split("/")[-2] + "_bn" in names)]
before = [w.numpy() for w in moving]
started = time.monotonic()
loss = float(model.train_on_batch(image, {"mask": mask}, return_dict=True)["loss"])
print(json.dumps({
    "loss": loss,
    "still": [w.path for w, value in zip(moving, before, strict=True) if np.array_equal(value, w.numpy())],
    "moving": len(moving),
    "wild": [w.path for w in model.trainable_weights if not np.isfinite(w.numpy()).all()],
    "seconds": time.monotonic() - started,
    "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
}))
"""


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("unet", {"batch_norm": False, "bn_momentum": 0.9, "dropout": 0.5}),
        ("segnet", {"bn_momentum": 0.9}),
        ("fcn8s", NORMED | {"dropout": 0.5}),
    ],
)
def test_one_step_of_full_width_at_512_pixels(name, settings):
    command = [sys.executable, "-c", STEP, name, json.dumps(settings)]
    project = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"{name}: {found}")
    assert 0 < found["loss"] < 100
    assert found["still"] == []
    assert found["wild"] == []
    assert found["peak_gib"] < 8
