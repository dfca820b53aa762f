"""GoogLeNet (Szegedy et al. 2015, "Going Deeper with Convolutions"), as printed and as torchvision has it."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.layers.channels import ResponseNormalisation
from reproduce.models.layers.class_head import class_head, in_proportion
from reproduce.models.layers.grid import AdaptiveAveragePooling
from reproduce.models.layers.padded import BatchNorm, conv_bn

# Table 1 there: 1x1; 1x1 before 3x3, 3x3; 1x1 before 5x5, 5x5; 1x1 after pooling.
INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
AUXILIARY_AFTER = {"4a": "aux1", "4d": "aux2"}


def googlenet(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    width: int,
    large_kernel: int,
    last_pool: int,
    batch_norm: bool,
    bn_momentum: float,
    auxiliary: bool,
    dropout: float,
    auxiliary_dropout: float,
) -> keras.Model:
    """Return nine Inception modules (section 5, Table 1, Figure 3) with or without the two classifiers in between.

    Those pool to 4x4: by bins of near equal size as in torchvision, not by 5x5 at every third pixel, so that any size
    will do. Their losses count 0.3 in the paper, and predictions leave them out. Poolings round up.

    Args:
        width: Channels of the stem, 64 in the paper; all others in proportion, so a multiple of 4.
        large_kernel: Side of the third branch's kernel in pixels: 5 in the paper; 3 in torchvision, an oversight that
            its released weights made permanent.
        last_pool: Side of the last max-pooling in pixels: 3 in the paper, 2 in torchvision.
        batch_norm: Whether batch normalisation follows each convolution, which then has no bias (torchvision), or
            responses are normalised after the stem's pooling and its 3x3 (the paper).
        auxiliary: Whether there are classifiers after modules 4a and 4d.
        dropout: 0.4 in the paper, 0.2 in torchvision.
        auxiliary_dropout: Share that training drops before an auxiliary classifier's last layer: 0.7.

    Returns:
        With `auxiliary` there are "aux1" and "aux2" of the same kind beside "class".

    Raises:
        ArgumentError: A width that is no positive multiple of 4, or a kernel or pooling that neither has.
    """
    in_proportion(16, width / 64, where="googlenet")
    if large_kernel not in (3, 5) or last_pool not in (2, 3):
        expected, got = "a large kernel of 3 or 5, last pooling of 2 or 3", f"{large_kernel}, {last_pool}"
        do = "take 5 and 3 for the paper, 3 and 2 for torchvision"
        raise ArgumentError(expected=expected, got=got, where="googlenet", do=do)
    # torchvision adds 1e-3 to variances here, unlike in its other models.
    norm = BatchNorm(bn_momentum, epsilon=1e-3) if batch_norm else None
    image = keras.Input((*size, n_channels), name="image")
    x = _pool(_conv(image, width, "conv1", 7, norm, stride=2), "pool1")
    x = x if batch_norm else ResponseNormalisation(name="pool1_norm")(x)
    x = _conv(x, width, "conv2_reduce", 1, norm)
    x = _conv(x, 3 * width, "conv2", 3, norm)
    x = _pool(x if batch_norm else ResponseNormalisation(name="conv2_norm")(x), "pool2")
    outputs = {}
    for name, filters in INCEPTION.items():
        if name == "4a":
            x = _pool(x, "pool3")
        elif name == "5a":
            x = layers.MaxPooling2D(last_pool, 2, "same", name="pool4")(x)
        x = _inception(x, [n * width // 64 for n in filters], f"inception{name}", large_kernel, norm)
        if auxiliary and name in AUXILIARY_AFTER:
            head = AUXILIARY_AFTER[name]
            outputs[head] = _auxiliary(x, n_classes, head, width=width, dropout=auxiliary_dropout, norm=norm)
    x = layers.GlobalAveragePooling2D(name="pool5")(x)
    x = layers.Dropout(dropout, name="pool_dropout")(x)
    return keras.Model(image, {"class": class_head(x, n_classes), **outputs}, name="googlenet")


def _inception(x: Tensor, filters: list[int], name: str, large_kernel: int, norm: BatchNorm | None) -> Tensor:
    """Return four branches side by side (Figure 2b)."""

    def conv(x: Tensor, n_filters: int, kernel: int, branch: str) -> Tensor:
        return _conv(x, n_filters, f"{name}_{branch}", kernel, norm)

    one, reduce3, three, reduce5, five, pooled = filters
    branches = [
        conv(x, one, 1, "1x1"),
        conv(conv(x, reduce3, 1, "3x3_reduce"), three, 3, "3x3"),
        conv(conv(x, reduce5, 1, "5x5_reduce"), five, large_kernel, "5x5"),
        conv(layers.MaxPooling2D(3, 1, "same", name=f"{name}_pool")(x), pooled, 1, "pool_1x1"),
    ]
    return layers.Concatenate(name=f"{name}_join")(branches)


def _auxiliary(x: Tensor, n_classes: int, name: str, *, width: int, dropout: float, norm: BatchNorm | None) -> Tensor:
    """Return 4x4 bins, 128 filters of 1x1, 1024 units, the classes (section 5)."""
    x = AdaptiveAveragePooling(4, name=f"{name}_pool")(x)
    x = layers.Flatten(name=f"{name}_flat")(_conv(x, 2 * width, f"{name}_conv", 1, norm))
    x = layers.Dense(16 * width, activation="relu", kernel_initializer="he_normal", name=f"{name}_fc")(x)
    return class_head(layers.Dropout(dropout, name=f"{name}_dropout")(x), n_classes, name=name)


def _conv(x: Tensor, filters: int, name: str, kernel: int, norm: BatchNorm | None, stride: int = 1) -> Tensor:
    return conv_bn(x, filters, name, kernel=kernel, stride=stride, bias=norm is None, norm=norm)


def _pool(x: Tensor, name: str) -> Tensor:
    return layers.MaxPooling2D(3, 2, "same", name=name)(x)
