"""The decoder around a pretrained encoder: what the encoder sees, what is trained, what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.classification import pretrained_encoders as encoders
from reproduce.models.segmentation.pretrained_cnn import ImageNetInput, pretrained_cnn

ENCODERS = {
    "vgg16": encoders.VGG16,
    "resnet50": encoders.RESNET50,
    "inception_v3": encoders.INCEPTION_V3,
    "densenet121": encoders.DENSENET121,
}
QUICK_ONE = [pytest.param(name, marks=() if name == "vgg16" else pytest.mark.slow) for name in ENCODERS]
PREPROCESS = {
    "vgg16": keras.applications.vgg16.preprocess_input,
    "resnet50": keras.applications.resnet50.preprocess_input,
    "inception_v3": keras.applications.inception_v3.preprocess_input,
    "densenet121": keras.applications.densenet.preprocess_input,
}


@pytest.fixture
def vgg16(written_weights, monkeypatch):
    """VGG16's weights where the package looks for them: their model and digest."""
    folder, model, digest = written_weights(encoders.VGG16)
    monkeypatch.setenv(encoders.WEIGHTS_VARIABLE, str(folder))
    return model, digest


def built(name, digest, *, n_channels=1, size=(32, 32), grey=(0.0, 1.0)):
    shape = {"n_channels": n_channels, "n_regions": 2, "width": 2, "bn_momentum": 0.9}
    return pretrained_cnn(size, encoder=ENCODERS[name], sha256=digest, grey=grey, **shape)


@pytest.mark.parametrize("name", ENCODERS)
def test_images_are_normalised_as_keras_applications_does(name):
    pictures = np.random.default_rng(3).uniform(0, 255, (2, 4, 4, 3)).astype(np.float32)
    ours = keras.ops.convert_to_numpy(ImageNetInput(ENCODERS[name].mode)(pictures))
    assert ours == pytest.approx(PREPROCESS[name](pictures.copy()), abs=1e-4)


@pytest.mark.parametrize("name", QUICK_ONE)
def test_the_decoder_reads_every_finer_tap_on_its_own_grid(name, written_weights, monkeypatch):
    folder, source, digest = written_weights(ENCODERS[name])
    monkeypatch.setenv(encoders.WEIGHTS_VARIABLE, str(folder))
    model = built(name, digest, size=(64, 32))
    levels = (0, 1, 2, 3) if name == "vgg16" else (1, 2, 3, 4)
    assert [layer.name for layer in model.layers if layer.name.endswith("_skip")] == [
        f"decoder{level + 1}_skip" for level in reversed(levels)
    ]
    features = model.get_layer(source.name).output
    for level, feature in zip(levels, features, strict=False):
        up, skip = model.get_layer(f"decoder{level + 1}_skip").input
        assert skip.shape[-1] == feature.shape[-1]
        assert up.shape[1:3] == skip.shape[1:3] == (64 // 2**level, 32 // 2**level)
    assert model.output["mask"].shape == (None, 64, 32, 2)


def picture_of(model, image):
    before = keras.Model(model.input, model.get_layer("preprocess").input)
    return keras.ops.convert_to_numpy(before(np.float32(image)))


def test_one_channel_is_repeated_between_black_and_white(vgg16):
    model = built("vgg16", vgg16[1])
    image = np.linspace(0, 1, 32 * 32).reshape(1, 32, 32, 1)
    assert picture_of(model, image) == pytest.approx(np.repeat(255 * image, 3, axis=-1), abs=1e-4)


def test_four_channels_start_as_their_mean_and_what_is_beyond_the_ends_stays_in_proportion(vgg16):
    model = built("vgg16", vgg16[1], n_channels=4, grey=(-2.0, 4.0))
    image = np.zeros((1, 32, 32, 4))
    image[0, 0, 0] = (-2, -2, -2, -2)
    image[0, 0, 1] = (4, 4, 4, 4)
    image[0, 0, 2] = (-2, 4, -2, 4)
    image[0, 0, 3] = (10, 10, 10, 10)
    found = picture_of(model, image)[0, 0, :5]
    # (z + 2) / 6 * 255, then the mean
    assert found == pytest.approx(np.repeat([[0.0], [255.0], [127.5], [510.0], [85.0]], 3, axis=1), abs=1e-3)
    assert model.get_layer("mix").trainable_weights


def test_training_moves_the_decoder_and_the_mixture_and_nothing_of_the_encoder(vgg16):
    keras.utils.set_random_seed(5)
    model = built("vgg16", vgg16[1], n_channels=4, grey=(-2.0, 4.0))
    model.compile(keras.optimizers.Adam(1e-2), loss={"mask": "binary_crossentropy"}, run_eagerly=True)
    rng = np.random.default_rng(6)
    images = rng.normal(size=(2, 32, 32, 4)).astype(np.float32)
    masks = (rng.random((2, 32, 32, 2)) < 0.5).astype(np.float32)
    before = model.get_weights()
    model.train_on_batch(images, {"mask": masks})
    frozen = {id(variable) for variable in model.get_layer("vgg16").weights}
    pairs = zip(model.weights, before, model.get_weights(), strict=True)
    wrong = [v.path for v, old, new in pairs if np.array_equal(old, new) is not (id(v) in frozen)]
    assert wrong == []
    assert len(frozen) == 26  # 13 convolutions with bias


@pytest.mark.slow
def test_save_and_load_agree(vgg16, tmp_path):
    model = built("vgg16", vgg16[1])
    images = np.random.default_rng(8).random((1, 32, 32, 1), np.float32)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    masks = [keras.ops.convert_to_numpy(each(images)["mask"]) for each in (model, again)]
    assert masks[0].shape == (1, 32, 32, 2)
    assert masks[0].std() > 0
    assert np.array_equal(*masks)


def test_a_size_that_the_encoder_cannot_halve_is_refused(vgg16):
    with pytest.raises(ArgumentError, match="multiples of 16"):
        built("vgg16", vgg16[1], size=(40, 32))


@pytest.mark.parametrize("grey", [(1.0, 0.0), (1.0, 1.0), (float("nan"), 1.0)])
def test_black_that_is_not_below_white_is_refused(vgg16, grey):
    with pytest.raises(ArgumentError, match="black below white"):
        built("vgg16", vgg16[1], grey=grey)


FIT = """
import sys
import keras, numpy as np
from reproduce.models.segmentation.pretrained_cnn import pretrained_cnn
from reproduce.models.classification.pretrained_encoders import RESNET50
from reproduce.training.determinism import configure

configure(worker=0, precision="float32")
keras.utils.set_random_seed(1)
rng = np.random.default_rng(0)
model = pretrained_cnn((32, 32), n_channels=4, n_regions=1, encoder=RESNET50, sha256=sys.argv[1], grey=(-2.0, 4.0),
                       width=2, bn_momentum=0.9)
model.compile("adam", loss={"mask": "binary_crossentropy"}, jit_compile=False)
images = rng.normal(size=(4, 32, 32, 4)).astype("float32")
masks = (rng.random((4, 32, 32, 1)) < 0.5).astype("float32")
losses = model.fit(images, {"mask": masks}, batch_size=2, epochs=4, verbose=0).history["loss"]
assert losses[-1] < losses[0], losses
"""


@pytest.mark.slow
def test_a_frozen_resnet_trains_in_spite_of_its_strided_1x1_convolutions(written_weights):
    folder, _, digest = written_weights(encoders.RESNET50)
    environment = {**os.environ, encoders.WEIGHTS_VARIABLE: str(folder)}
    command = [sys.executable, "-c", FIT, digest]
    project = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project, env=environment, check=False)
    assert done.returncode == 0, done.stderr
