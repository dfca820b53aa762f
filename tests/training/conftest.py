"""Slices made by hand: four patients with four slices each, and what trains on them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from reproduce.models.losses import BinaryCrossEntropy
from reproduce.protocol import Arm, Call, Optimisation
from reproduce.protocol.augmentation import Augmentation
from reproduce.training.pipeline import SliceName, Slices, TrainingSet

SIZE = 16
PATIENTS = ("A", "B", "C", "D")
N_SLICES = 4


def placed(kind, **values):
    """A section whose every field is silent."""
    return kind(**values, because=dict.fromkeys(values, "silent: it is a test"))


def example(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Image and mask of a slice: a disc of its own place and radius in noise, of which the number can be read."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:SIZE, :SIZE]
    mask = (y - rng.uniform(5, 10)) ** 2 + (x - rng.uniform(5, 10)) ** 2 < rng.uniform(4, 12)
    image = 0.3 + 0.3 * mask + 0.1 * rng.random((SIZE, SIZE))
    image[0, 0] = number / 100
    return image[..., None].astype(np.float32), mask[..., None].astype(np.float32)


def made_slices(change: Callable[[np.ndarray], None] = lambda images: None) -> Slices:
    """All sixteen slices, the images changed in place first."""
    names = tuple(SliceName(patient, f"scan {patient}", z) for patient in PATIENTS for z in range(N_SLICES))
    images, masks = (np.stack(arrays) for arrays in zip(*map(example, range(len(names))), strict=True))
    change(images)
    found = {"image": images, "mask": masks, "slice": np.ones((len(names), 1), np.float32)}
    return Slices(tf.data.Dataset.from_tensor_slices(found), names, ("nodule",), 1, SIZE)


@pytest.fixture(scope="session")
def slices() -> Slices:
    return made_slices()


@pytest.fixture(scope="session")
def augmentation() -> Augmentation:
    return placed(Augmentation, rotation_deg=20.0, scale=(0.8, 1.2), translation=0.1, flip=True, sides=())


@pytest.fixture(scope="session")
def training_set(slices) -> Callable[..., TrainingSet]:
    """Makes the training set of patients A, B and C: twelve slices, in steps of four."""

    def make(**changes) -> TrainingSet:
        usual = TrainingSet(
            slices=slices,
            examples=slices.of("ABC"),
            n=12,
            batch_size=4,
            micro_batch=4,
            targets={"mask": "mask"},
            augmentation=None,
            tiles=None,
            seed=1,
            fold=0,
        )
        return replace(usual, **changes)

    return make


_HEAD = {"padding": "same", "activation": "sigmoid", "name": "mask"}


def convolution(size, *, n_channels, n_regions) -> keras.Model:
    """Two convolutions and no batch normalisation: what a step does is the mean over its images."""
    image = keras.Input((*size, n_channels))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(image)
    return keras.Model(image, {"mask": keras.layers.Conv2D(n_regions, 3, **_HEAD)(x)})


def normalised(size, *, n_channels, n_regions) -> keras.Model:
    """The same with batch normalisation between."""
    image = keras.Input((*size, n_channels))
    x = keras.layers.Conv2D(4, 3, padding="same", name="conv")(image)
    x = keras.layers.BatchNormalization(momentum=0.9, name="norm")(x)
    return keras.Model(image, {"mask": keras.layers.Conv2D(n_regions, 3, **_HEAD)(x)})


@dataclass(frozen=True)
class Recipe:
    """Makes arms and optimisations that differ from a usual one."""

    def arm(self, build=convolution, **changes) -> Arm:
        usual = {
            "name": "arm",
            "build": Call(build, {}),
            "losses": {"mask": Call(BinaryCrossEntropy, {})},
            "augmentation": None,
        }
        return placed(Arm, **{**usual, **changes})

    def optimisation(self, **changes) -> Optimisation:
        usual = {
            "learning_rate": 1e-2,
            "decay_power": None,
            "batch_size": 4,
            "micro_batch": 4,
            "max_epochs": 3,
            "patience": 3,
        }
        return placed(Optimisation, **{**usual, "precision": "float32", **changes})


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return Recipe()


@pytest.fixture(scope="session")
def models():
    """The two builders, to be named in an arm."""
    return {"convolution": convolution, "normalised": normalised}


@pytest.fixture(scope="session")
def changed_slices():
    """Makes the slices with images changed in place."""
    return made_slices
