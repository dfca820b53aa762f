"""Both architectures, small, once each."""

from dataclasses import dataclass

import keras
import numpy as np
import pytest

from reproduce.losses import Focal, SquaredDice
from reproduce.models.optimised_cnn import optimised_cnn
from reproduce.models.unoptimised_cnn import unoptimised_cnn

BUILDERS = {"optimised_cnn": optimised_cnn, "unoptimised_cnn": unoptimised_cnn}


@pytest.fixture(scope="session", params=BUILDERS)
def builder(request):
    """One builder after the other."""
    return BUILDERS[request.param]


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """Two images of noise."""
    return np.random.default_rng(1).random((2, 16, 16, 2), np.float32)


@pytest.fixture(scope="session")
def model(builder) -> keras.Model:
    """16x16 pixels, two channels, two regions, two levels; nobody trains it."""
    keras.utils.set_random_seed(3)
    return builder((16, 16), n_channels=2, n_regions=2, width=4, depth=2, bn_momentum=0.9)


@dataclass(frozen=True)
class Trained:
    """A model after a few steps on one batch, its weights before and after the first of them, and the losses."""

    model: keras.Model
    before: list[np.ndarray]
    after: list[np.ndarray]
    losses: list[float]


@pytest.fixture(scope="session")
def trained(builder, images) -> Trained:
    """Six steps of Adam, eagerly: tracing would take longer, on two images and masks of noise."""
    keras.utils.set_random_seed(4)
    model = builder((16, 16), n_channels=2, n_regions=2, width=4, depth=2, bn_momentum=0.9)
    losses = {"mask": SquaredDice(smooth=1.0), "slice": Focal(gamma=2.0, alpha=0.25)}
    model.compile(keras.optimizers.Adam(1e-2), loss={name: losses[name] for name in model.output}, run_eagerly=True)
    rng = np.random.default_rng(2)
    shapes = {"mask": (2, 16, 16, 2), "slice": (2, 1)}
    targets = {name: (rng.random(shapes[name]) < 0.5).astype(np.float32) for name in model.output}

    def step() -> float:
        return float(model.train_on_batch(images, targets, return_dict=True)["loss"])

    before = [np.copy(weights) for weights in model.get_weights()]
    first = step()
    after = [np.copy(weights) for weights in model.get_weights()]
    model.reset_metrics()
    return Trained(model, before, after, [first, *(step() for _ in range(5))])
