"""Encoders with weights that the tests write themselves, in the form in which keras.applications reads them."""

from itertools import pairwise

import h5py
import keras
import keras.src.applications as sources
import numpy as np
import pytest

from reproduce.errors import DataNotFoundError, WeightsError
from reproduce.models.classification import pretrained_encoders as encoders
from reproduce.provenance import file_digest

ENCODERS = {
    "vgg16": encoders.VGG16,
    "resnet50": encoders.RESNET50,
    "inception_v3": encoders.INCEPTION_V3,
    "densenet121": encoders.DENSENET121,
}
QUICK_ONE = [pytest.param(name, marks=() if name == "vgg16" else pytest.mark.slow) for name in ENCODERS]


@pytest.fixture
def loaded(written_weights, monkeypatch):
    """Loads an encoder from weights that were just written: the whole source model and the encoder."""

    def load(name):
        folder, source, digest = written_weights(ENCODERS[name])
        monkeypatch.setenv(encoders.WEIGHTS_VARIABLE, str(folder))
        return source, encoders.load_encoder(ENCODERS[name], sha256=digest)

    return load


@pytest.mark.parametrize("name", QUICK_ONE)
def test_an_encoder_holds_exactly_the_weights_of_its_file(name, loaded):
    source, encoder = loaded(name)
    theirs = {layer.name: layer for layer in source.layers}
    if name == "inception_v3":  # named by place, since Keras numbers them as they come
        theirs = {n if n.startswith("mixed") else f"layer{i}": layer for i, (n, layer) in enumerate(theirs.items())}
    n_arrays = 0
    for held, layer in theirs.items():
        own = encoder.get_layer(held).get_weights() if layer.weights else []
        for ours, written in zip(own, layer.get_weights(), strict=True):
            assert np.array_equal(ours, written)
            n_arrays += 1
    assert n_arrays == len(source.weights) == len(encoder.weights)
    assert encoder.trainable_weights == []
    assert encoder.name == name


@pytest.mark.parametrize("name", QUICK_ONE)
def test_each_tap_halves_the_grid_of_the_one_before(name, loaded):
    _, encoder = loaded(name)
    last = ENCODERS[name].depth
    first = last + 1 - len(ENCODERS[name].taps)
    shapes = [feature.shape[1:3] for feature in encoder(keras.KerasTensor((1, 64, 32, 3)))]
    assert shapes == [(64 // 2**level, 32 // 2**level) for level in range(first, last + 1)]
    assert first == (0 if name == "vgg16" else 1)


def test_an_encoder_computes_what_keras_applications_computes(loaded):
    source, encoder = loaded("vgg16")
    pictures = np.random.default_rng(1).uniform(-100, 100, (1, 32, 32, 3)).astype(np.float32)
    expected = keras.Model(source.input, source.get_layer("block5_conv3").output)(pictures)
    found = keras.ops.convert_to_numpy(encoder(pictures)[-1])
    assert found.std() > 0
    assert np.array_equal(found, keras.ops.convert_to_numpy(expected))


@pytest.mark.slow
def test_inception_with_same_padding_agrees_away_from_the_border(loaded):
    source, encoder = loaded("inception_v3")
    picture = np.random.default_rng(2).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
    stem = keras.Model(source.input, source.layers[9].output)
    valid = keras.ops.convert_to_numpy(stem(picture))
    same = keras.ops.convert_to_numpy(encoder(picture)[0])
    # Three convolutions of side 3, the first of stride 2. "valid": 64 -> 31 -> 29, and the third pads. "same": 64 ->
    # 32 -> 32 -> 32, where the first pads at the far end only. Pixel i of the first is centred on 2i + 1 either way;
    # the second, "valid", starts one pixel later.
    assert (valid.shape[1:3], same.shape[1:3]) == ((29, 29), (32, 32))
    assert same[:, 4:27, 4:27] == pytest.approx(valid[:, 3:26, 3:26], abs=1e-5)
    assert not np.allclose(same[:, :29, :29], valid, atol=1e-3)


def test_absent_weights_name_the_file_and_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv(encoders.WEIGHTS_VARIABLE, str(tmp_path / "named"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    with pytest.raises(DataNotFoundError, match="random weights never stand in") as caught:
        encoders.load_encoder(encoders.RESNET50, sha256="0" * 64)
    assert caught.value.where == f"{tmp_path / 'named'} or {tmp_path / 'keras' / 'models'}"
    assert encoders.RESNET50.weights in caught.value.expected
    assert encoders.RESNET50.address in caught.value.do
    assert encoders.RESNET50.address.endswith("/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5")


def test_a_named_folder_comes_before_the_cache_of_keras_which_stands_in(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv(encoders.WEIGHTS_VARIABLE, raising=False)
    cached = tmp_path / "models" / encoders.VGG16.weights
    cached.parent.mkdir()
    cached.write_bytes(b"cached")
    assert encoders.find_weights(encoders.VGG16) == cached
    monkeypatch.setenv(encoders.WEIGHTS_VARIABLE, str(tmp_path))
    assert encoders.find_weights(encoders.VGG16) == cached
    named = tmp_path / encoders.VGG16.weights
    named.write_bytes(b"named")
    assert encoders.find_weights(encoders.VGG16) == named


def test_another_file_than_the_protocol_names_is_refused(tmp_path, monkeypatch):
    path = tmp_path / encoders.VGG16.weights
    path.write_bytes(b"weights")
    monkeypatch.setenv(encoders.WEIGHTS_VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match=f"weights of SHA-256 {'0' * 64}") as caught:
        encoders.load_encoder(encoders.VGG16, sha256="0" * 64)
    assert caught.value.got == file_digest(path)


@pytest.mark.parametrize("content", [b"", b"not HDF5"])
def test_a_file_that_is_no_hdf5_is_refused(tmp_path, monkeypatch, content):
    path = tmp_path / encoders.VGG16.weights
    path.write_bytes(content)
    monkeypatch.setenv(encoders.WEIGHTS_VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match="weights of VGG16 without its classifier") as caught:
        encoders.load_encoder(encoders.VGG16, sha256=file_digest(path))
    assert caught.value.where == str(path)


def hdf5(path, kernels):
    """The weights of the first layers of a network."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in kernels]
        for name, shapes in kernels.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{i}".encode() for i in range(len(shapes))]
            for i, shape in enumerate(shapes):
                group.create_dataset(f"{i}", data=np.zeros(shape, np.float32))


def vgg_like(n_classes_of_last):
    """Shapes of VGG16, but for the number of features of its last layer."""
    channels = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, n_classes_of_last)
    return {f"conv{i}": [(3, 3, a, b), (b,)] for i, (a, b) in enumerate(pairwise(channels))}


@pytest.mark.parametrize("kernels", [{"conv": [(3, 3, 3, 64), (64,)]}, {}, vgg_like(511)])
def test_weights_of_another_network_are_refused(tmp_path, monkeypatch, kernels):
    path = tmp_path / encoders.VGG16.weights
    hdf5(path, kernels)
    monkeypatch.setenv(encoders.WEIGHTS_VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match="weights of VGG16 without its classifier") as caught:
        encoders.load_encoder(encoders.VGG16, sha256=file_digest(path))
    assert encoders.VGG16.address in caught.value.do


def test_file_names_and_addresses_are_those_of_keras_applications():
    assert encoders.VGG16.address == sources.vgg16.WEIGHTS_PATH_NO_TOP
    assert encoders.INCEPTION_V3.address == sources.inception_v3.WEIGHTS_PATH_NO_TOP
    assert encoders.DENSENET121.address == sources.densenet.DENSENET121_WEIGHT_PATH_NO_TOP
    assert encoders.RESNET50.address == sources.resnet.BASE_WEIGHTS_PATH + encoders.RESNET50.weights
    assert encoders.RESNET50.weights.partition("_")[0] in sources.resnet.WEIGHTS_HASHES
