"""Models whose every probability can be computed by hand: one 1x1 convolution and a sigmoid or a softmax."""

from types import SimpleNamespace

import keras
import nibabel as nib
import numpy as np
import pytest

from reproduce.imaging.intensity import ZScore
from reproduce.prediction.model_file import save_model
from reproduce.prediction.recipe import ORGAN, TISSUE, Code, Recipe, Region
from reproduce.protocol.intensities import Window

HIPPOCAMPUS = Code("5366008", "Hippocampus")
LOW = Region("low", 1, ORGAN, HIPPOCAMPUS)
HIGH = Region("high", 2, ORGAN, HIPPOCAMPUS)
BACKGROUND = Region("background", 0, TISSUE, TISSUE)
UNIT = Window(0.0, 1.0)  # leaves values of [0, 1] as they are


def pointwise(size, *, weights, biases, n_channels=1, activation="sigmoid"):
    """A model of an output "mask": activation(weights[region] * sum of channels + biases[region]) at each place."""
    dims = len(size)
    image = keras.Input((*size, n_channels), name="image")
    layer = {2: keras.layers.Conv2D, 3: keras.layers.Conv3D}[dims](len(weights), 1, name="logits")
    logits = layer(image)
    layer.set_weights([np.tile(np.array(weights, np.float32), (*[1] * dims, n_channels, 1)), np.array(biases)])
    return keras.Model(image, {"mask": keras.layers.Activation(activation, name="mask")(logits)})


def recipe(size, *, channels=("MRI",), intensity=UNIT, regions=(LOW, HIGH), threshold=0.5):
    return Recipe(len(size), tuple(size), channels, intensity, regions, threshold)


def stepwise(size, n_channels=1):
    """Region "low" from 0.25 on, region "high" from 0.75 on: sigmoid(100 (x - edge)) is one half at the edge."""
    return pointwise(size, weights=(100, 100), biases=(-25, -75), n_channels=n_channels)


def save_nifti(path, voxels_ijk, affine):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(voxels_ijk, affine).to_filename(path)
    return path


@pytest.fixture(scope="session")
def toy() -> SimpleNamespace:
    """The makers of this file: `toy.pointwise`, `toy.stepwise`, `toy.recipe`, `toy.save_nifti`, and the regions."""
    return SimpleNamespace(
        pointwise=pointwise,
        stepwise=stepwise,
        recipe=recipe,
        save_nifti=save_nifti,
        LOW=LOW,
        HIGH=HIGH,
        BACKGROUND=BACKGROUND,
        UNIT=UNIT,
        ZSCORE=ZScore(within="image"),
    )


@pytest.fixture(scope="session")
def step_model(tmp_path_factory):
    """The file of the stepwise model of slices of 8 x 8 pixels; nobody may change it."""
    path = tmp_path_factory.mktemp("model") / "step.keras"
    save_model(stepwise((8, 8)), path, recipe=recipe((8, 8)))
    return path
