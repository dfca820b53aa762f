"""Architectures that keras.applications has, untrained, for any number of channels and classes, with our own head."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import applications, layers

from reproduce.errors import ArgumentError
from reproduce.models.layers.class_head import class_head


def inception_v3(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    bn_scale: bool,
    bn_momentum: float,
    dropout: float,
) -> keras.Model:
    """InceptionV3 without auxiliary classifier (Szegedy et al. 2016, "Rethinking the Inception Architecture").

    Args:
        size: (y, x) of the image in pixels, 75 at least; 299 in the paper.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        bn_scale: Whether batch normalisation learns a scale, as torchvision's does; that of keras.applications and of
            the authors' release learns a shift alone, since a ReLU follows.
        bn_momentum: Share of the old running statistics that one step keeps.
        dropout: Share of the pooled features that training drops: 0 in keras.applications, 0.5 in torchvision.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"class": float32 [batch, n_classes]}`: a softmax, or a sigmoid
        where there is one class. Images come as they are: nothing is scaled within.

    Raises:
        ArgumentError: The image is too small.
    """
    changed = {"scale": bn_scale, "momentum": bn_momentum}
    features = _features(applications.InceptionV3, size, n_channels, 75, bn=changed)
    return _classifier(features, n_classes, "inception_v3", dropout)


def densenet(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    application: Callable[..., keras.Model],
    bn_momentum: float,
) -> keras.Model:
    """DenseNet-BC (Huang et al. 2017, Table 1).

    Args:
        size: (y, x) of the image in pixels, 32 at least; 224 in the paper.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        application: `keras.applications.DenseNet121`, `DenseNet169` or `DenseNet201`.
        bn_momentum: Share of the old running statistics that one step keeps.

    Returns:
        See `inception_v3`.

    Raises:
        ArgumentError: The image is too small.
    """
    features = _features(application, size, n_channels, 32, bn={"momentum": bn_momentum})
    return _classifier(features, n_classes, "densenet", 0.0)


def mobilenet_v2(
    size: tuple[int, int], *, n_channels: int, n_classes: int, alpha: float, bn_momentum: float, dropout: float
) -> keras.Model:
    """MobileNetV2 (Sandler et al. 2018, Table 2).

    Args:
        size: (y, x) of the image in pixels, 32 at least; 224 in the paper.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        alpha: Share of the channels, 1 in the paper's Table 2; results are rounded to multiples of 8.
        bn_momentum: Share of the old running statistics that one step keeps.
        dropout: Share of the pooled features that training drops: 0 in keras.applications, 0.2 in torchvision.

    Returns:
        See `inception_v3`.

    Raises:
        ArgumentError: The image is too small.
    """
    changed = {"momentum": bn_momentum}
    features = _features(applications.MobileNetV2, size, n_channels, 32, bn=changed, alpha=alpha)
    return _classifier(features, n_classes, "mobilenet_v2", dropout)


def efficientnet_b0(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    from_bytes: bool,
    bn_momentum: float,
    dropout: float,
) -> keras.Model:
    """EfficientNet-B0 (Tan and Le 2019, Table 1), with a fifth of each image's branches left out as in its release.

    Args:
        size: (y, x) of the image in pixels, 32 at least; 224 in the paper.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        from_bytes: Whether images come as 0 to 255 and are divided and normalised within, as keras.applications has it,
            which counts the mean and variance of each channel and a counter among the weights; else as they are.
        bn_momentum: Share of the old running statistics that one step keeps.
        dropout: Share of the pooled features that training drops, 0.2 in the paper.

    Returns:
        See `inception_v3`.

    Raises:
        ArgumentError: The image is too small.
    """
    leave_out = () if from_bytes else (layers.Rescaling, layers.Normalization)
    changed = {"momentum": bn_momentum}
    features = _features(applications.EfficientNetB0, size, n_channels, 32, bn=changed, leave_out=leave_out)
    return _classifier(features, n_classes, "efficientnet_b0", dropout)


def _features(
    application: Callable[..., keras.Model],
    size: tuple[int, int],
    n_channels: int,
    smallest: int,
    *,
    bn: dict,
    leave_out: tuple[type, ...] = (),
    **settings,
) -> keras.Model:
    """The architecture without its classifier, with another configuration of batch normalisation, without some layers.

    Layers that Keras numbers as they are made in a process are named by their place, so that a saved model can be told
    from another by its names.
    """
    if min(size) < smallest:
        got, do = f"{size[0]} x {size[1]} pixels", "resize"
        where = application.__name__
        raise ArgumentError(expected=f"images of {smallest} pixels or more", got=got, where=where, do=do)
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

    return keras.models.clone_model(model, clone_function=again)


def _classifier(features: keras.Model, n_classes: int, name: str, dropout: float) -> keras.Model:
    image, last = features.inputs[0], features.outputs[0]  # a clone wraps even a single one in a list
    x = layers.GlobalAveragePooling2D(name="pool")(last)
    x = layers.Dropout(dropout, name="pool_dropout")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name=name)
