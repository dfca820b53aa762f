"""Architectures that keras.applications has, untrained, for any number of channels and classes, with our own head.

Images come as they are: nothing is scaled within but where a docstring says so. Smaller ones than the pixels that a
docstring names are refused by an ArgumentError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import applications, layers

from reproduce.models.layers.class_head import pooled_classifier, require_large


def inception_v3(
    size: tuple[int, int], *, n_channels: int, n_classes: int, bn_scale: bool, bn_momentum: float, dropout: float
) -> keras.Model:
    """Return InceptionV3 without auxiliary classifier (Szegedy et al. 2016, "Rethinking the Inception Architecture").

    Args:
        size: 75 at least; 299 in the paper.
        bn_scale: Whether batch normalisation learns a scale, as torchvision's does; that of keras.applications and of
            the authors' release learns a shift alone, since a ReLU follows.
        dropout: 0 in keras.applications, 0.5 in torchvision.
    """
    bn = {"scale": bn_scale, "momentum": bn_momentum}
    image, x = _features(applications.InceptionV3, size, n_channels, smallest=75, bn=bn)
    return pooled_classifier(image, x, n_classes, "inception_v3", dropout=dropout)


def densenet(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    application: Callable[..., keras.Model],
    bn_momentum: float,
) -> keras.Model:
    """Return DenseNet-BC (Huang et al. 2017, Table 1), for 32 pixels at least; 224 in the paper.

    Args:
        application: `keras.applications.DenseNet121`, `DenseNet169` or `DenseNet201`.
    """
    image, x = _features(application, size, n_channels, bn={"momentum": bn_momentum})
    return pooled_classifier(image, x, n_classes, "densenet", dropout=0.0)


def mobilenet_v2(
    size: tuple[int, int], *, n_channels: int, n_classes: int, alpha: float, bn_momentum: float, dropout: float
) -> keras.Model:
    """Return MobileNetV2 (Sandler et al. 2018, Table 2), for 32 pixels at least; 224 in the paper.

    Args:
        alpha: Share of the channels, 1 in the paper's Table 2; results are rounded to multiples of 8.
        dropout: 0 in keras.applications, 0.2 in torchvision.
    """
    image, x = _features(applications.MobileNetV2, size, n_channels, bn={"momentum": bn_momentum}, alpha=alpha)
    return pooled_classifier(image, x, n_classes, "mobilenet_v2", dropout=dropout)


def efficientnet_b0(
    size: tuple[int, int], *, n_channels: int, n_classes: int, from_bytes: bool, bn_momentum: float, dropout: float
) -> keras.Model:
    """Return EfficientNet-B0 (Tan and Le 2019, Table 1), with a fifth of each image's branches left out as released.

    For 32 pixels at least; 224 in the paper.

    Args:
        from_bytes: Whether images come as 0 to 255 and are divided and normalised within, as keras.applications has it,
            which counts the mean and variance of each channel and a counter among the weights; else as they are.
        dropout: 0.2 in the paper.
    """
    leave_out = () if from_bytes else (layers.Rescaling, layers.Normalization)
    bn = {"momentum": bn_momentum}
    image, x = _features(applications.EfficientNetB0, size, n_channels, bn=bn, leave_out=leave_out)
    return pooled_classifier(image, x, n_classes, "efficientnet_b0", dropout=dropout)


def _features(
    application: Callable[..., keras.Model],
    size: tuple[int, int],
    n_channels: int,
    *,
    smallest: int = 32,
    bn: dict,
    leave_out: tuple[type[keras.Layer], ...] = (),
    **settings: Any,
) -> tuple:
    """Return the image and its features, with another configuration of batch normalisation, without some layers.

    Layers that Keras numbers as they are made in a process are named by their place, so that a saved model can be told
    from another by its names.
    """
    require_large(size, smallest, where=application.__name__)
    image = keras.Input((*size, n_channels), name="image")
    model = application(include_top=False, weights=None, input_tensor=image, **settings)
    names = {layer.name: f"{i:03d}_{type(layer).__name__.lower()}" for i, layer in enumerate(model.layers)}

    def again(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, leave_out):
            return layers.Identity(name=names[layer.name])
        changed = {"name": layer.name if isinstance(layer, layers.InputLayer) else names[layer.name]}
        if isinstance(layer, layers.BatchNormalization):
            changed |= bn
        return type(layer).from_config(layer.get_config() | changed)

    clone = keras.models.clone_model(model, clone_function=again)
    return clone.inputs[0], clone.outputs[0]  # a clone wraps even a single one in a list
