"""Both architectures, small, once each."""

from dataclasses import dataclass

import h5py
import keras
import numpy as np
import pytest

from reproduce.arithmetic import arithmetic
from reproduce.models.losses import Focal, SquaredDice
from reproduce.models.segmentation.optimised_cnn import optimised_cnn, unoptimised_cnn
from reproduce.provenance import file_digest

BUILDERS = {"optimised_cnn": optimised_cnn, "unoptimised_cnn": unoptimised_cnn}


@pytest.fixture(scope="session", params=BUILDERS)
def builder(request):
    """One builder after the other."""
    return BUILDERS[request.param]


@pytest.fixture
def bfloat16() -> None:
    """Skips where TensorFlow cannot compute bfloat16: oneDNN held to AVX2 has no convolution of it, and may crash."""
    if arithmetic()["onednn"] and not str(arithmetic()["isa"]).startswith("AVX512"):
        pytest.skip(f"no bfloat16 with oneDNN held to {arithmetic()['isa']}; make test-slow runs it with all there is")


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


def _write_weights(encoder, folder):
    """Random weights of the whole encoder under the name and in the HDF5 of keras.applications; its model, its digest.

    The statistics of batch normalisation are drawn too, since fresh ones (0 and 1) would hide that they are not read.
    """
    model = encoder.application(include_top=False, weights=None, input_shape=(None, None, 3))
    rng = np.random.default_rng(7)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape).astype(np.float32) for w in layer.get_weights()])
    path = folder / encoder.weights
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.15.0"
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{i}:0" for i in range(len(layer.weights))]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, values in zip(names, layer.get_weights(), strict=True):
                group.create_dataset(name, data=values)
    return model, file_digest(path)


@pytest.fixture(scope="session")
def written_weights(tmp_path_factory):
    """Writes random weights of an encoder once: its folder, its model and the digest of its file."""
    done = {}

    def write(encoder):
        name = encoder.weights
        if name not in done:
            folder = tmp_path_factory.mktemp("weights")
            done[name] = (folder, *_write_weights(encoder, folder))
        return done[name]

    return write
