"""Encoders of keras.applications with weights from a local file: never downloaded, and never silently random."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
from keras import applications

from reproduce.errors import DataNotFoundError, WeightsError
from reproduce.provenance import file_digest

WEIGHTS_VARIABLE = "REPRODUCE_WEIGHTS"
_ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True)
class Encoder:
    """An architecture of keras.applications, and where a decoder takes its features.

    Attributes:
        application: Its builder.
        mode: How its images are normalised, as `keras.applications.imagenet_utils.preprocess_input` names it.
        taps: Layers whose features the decoder reads, finest grid first; each halves the grid of the one before.
        depth: Number of times that the last of them has halved the grid.
        same_padding: Whether its convolutions and poolings are given "same" padding, see `load_encoder`.
        weights: Name of the file of weights without the classifier, as keras.applications has it.
        folder: Where that file is published, below the address of keras.applications.
    """

    application: Callable[..., keras.Model]
    mode: str
    taps: tuple[str, ...]
    depth: int
    same_padding: bool
    weights: str
    folder: str

    @property
    def address(self) -> str:
        """Return where the file of weights is published."""
        return f"{_ADDRESS}/{self.folder}/{self.weights}"


_H5 = "weights_tf_dim_ordering_tf_kernels_notop.h5"
_VGG16 = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3")
_RESNET50 = ("conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out")
# Keras numbers most of its layers as they are made in a process; `load_encoder` names them by their place. These two
# are the activations before the poolings of the stem.
_INCEPTION_V3 = ("layer9", "layer16", "mixed2", "mixed7", "mixed10")
_DENSENET121 = ("conv1_relu", "pool2_relu", "pool3_relu", "pool4_relu", "relu")
VGG16 = Encoder(applications.VGG16, "caffe", _VGG16, 4, False, f"vgg16_{_H5}", "vgg16")
RESNET50 = Encoder(applications.ResNet50, "caffe", _RESNET50, 5, False, f"resnet50_{_H5}", "resnet")
INCEPTION_V3 = Encoder(applications.InceptionV3, "tf", _INCEPTION_V3, 5, True, f"inception_v3_{_H5}", "inception_v3")
DENSENET121 = Encoder(applications.DenseNet121, "torch", _DENSENET121, 5, False, f"densenet121_{_H5}", "densenet")


def find_weights(encoder: Encoder) -> Path:
    """Return the file of an encoder's weights: in $REPRODUCE_WEIGHTS where that is set, else in the cache of Keras.

    A protocol names a file by what is in it, not by where it lies, so the place comes from the environment, which
    training processes inherit. The cache is `models` in $KERAS_HOME, or in `.keras` of the home folder.

    Raises:
        DataNotFoundError: It is in neither; the text names the file and where to get it.
    """
    named = os.environ.get(WEIGHTS_VARIABLE)
    cache = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"
    folders = [*([Path(named)] if named else []), cache]
    for folder in folders:
        if (folder / encoder.weights).is_file():
            return folder / encoder.weights
    raise DataNotFoundError(
        expected=f"pretrained weights in a file {encoder.weights}",
        got="no such file; nothing is downloaded, and random weights never stand in",
        where=" or ".join(str(folder) for folder in folders),
        do=f"get {encoder.address}, put it there, or name its folder with --weights",
    )


def load_encoder(encoder: Encoder, *, sha256: str) -> keras.Model:
    """Return the frozen encoder with exactly the weights of its file, from an image to its features at each tap.

    It is frozen: its weights do not move, and batch normalisation uses the statistics that the file holds. Xue
    2025, 5 speaks of "fine-tuning the high-level weights"; silent: which those are, so we train what comes after the
    encoder. There is a second reason: TensorFlow 2.21's kernel for the gradient of a 1x1 convolution of stride 2 with
    respect to its weights, which ResNet50 would need, writes out of bounds on CPUs. The gradient with respect to the
    image, which a trained layer before the encoder needs, is right.

    InceptionV3 has "valid" padding, so its grids are not halves of each other. With "same" padding they are, under the
    same weights; features differ from those of keras.applications at the border of the image alone.

    Args:
        encoder: Architecture and its file.
        sha256: Digest of the file, 64 hexadecimal digits, as in the protocol.

    Returns:
        Model named after the architecture, from `[batch, y, x, 3]`, normalised, to the features at each tap.

    Raises:
        DataNotFoundError: The file is absent.
        WeightsError: Its digest is another, or it holds no weights of this architecture.
    """
    path = find_weights(encoder)
    if (digest := file_digest(path)) != sha256:
        do = "take the file that the protocol names, or give the protocol the digest of this one"
        raise WeightsError(expected=f"weights of SHA-256 {sha256}", got=digest, where=path, do=do)
    try:
        whole = encoder.application(include_top=False, weights=str(path), input_shape=(None, None, 3))
    except (ValueError, OSError, KeyError) as error:
        raise WeightsError(
            expected=f"weights of {encoder.application.__name__} without its classifier, as HDF5",
            got=str(error),
            where=path,
            do=f"get {encoder.address} again",
        ) from error
    if encoder.same_padding:
        whole = _with_same_padding(whole)
    features = [whole.get_layer(tap).output for tap in encoder.taps]
    tapped = keras.Model(whole.input, features, name=whole.name)
    tapped.trainable = False
    return tapped


def _with_same_padding(model: keras.Model) -> keras.Model:
    """Return the model with "same" for "valid", its weights, and names that do not depend on what was made before."""
    names = {
        layer.name: layer.name if layer.name.startswith("mixed") else f"layer{i}"
        for i, layer in enumerate(model.layers)
    }

    def padded(layer: keras.Layer) -> keras.Layer:
        changed = {"name": names[layer.name]} | ({"padding": "same"} if hasattr(layer, "padding") else {})
        return type(layer).from_config(layer.get_config() | changed)

    clone = keras.models.clone_model(model, clone_function=padded)
    for layer in model.layers[1:]:
        clone.get_layer(names[layer.name]).set_weights(layer.get_weights())
    return clone
