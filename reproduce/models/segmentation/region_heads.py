"""What dilated residual networks for segmentation share: normalised convolutions, heads, and the sizes they take."""

from __future__ import annotations

from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models.classification.resnet import EPSILON
from reproduce.models.layers.grid import BilinearResize

# torchvision (FCNHead) and PSPNet's release (aux) both drop a tenth of the features before the logits.
FCN_DROPOUT = 0.1


def require_multiple(size: tuple[int, int], *, output_stride: int, where: str) -> None:
    """Return if each side is a positive multiple of the output stride, so that no feature hangs over the edge.

    Raises:
        ArgumentError: A side is not.
    """
    if any(side < output_stride or side % output_stride for side in size):
        raise ArgumentError(
            expected=f"sides that are multiples of {output_stride}, the output stride",
            got=f"{size[0]} x {size[1]} pixels",
            where=where,
            do="resize or pad to a multiple",
        )


def head_conv(x, filters: int, kernel: int, name: str, *, bn_momentum: float, dilation: int = 1):
    """Convolution without bias, batch normalisation with the backbone's epsilon, ReLU.

    Args:
        x: `[batch, y, x, channel]`.
        filters: Channels out.
        kernel: Side of the kernel in taps.
        name: Prefix of the three layers.
        bn_momentum: Share of the old running statistics that one step keeps.
        dilation: Distance in pixels between neighbouring taps.

    Returns:
        `[batch, y, x, filters]`.
    """
    x = layers.Conv2D(
        filters, kernel, 1, "same", dilation_rate=dilation, use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    x = layers.BatchNormalization(momentum=bn_momentum, epsilon=EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def region_head(x, size: tuple[int, int], n_regions: int, name: str):
    """Probability of each region in each pixel: 1x1 convolution, bilinear to the image's grid, then softmax.

    All in float32 whatever the precision. Logits are interpolated, not probabilities (Chen et al. 2017, 4.1: the output
    is taken up to the references, rather than these down to it; torchvision likewise).

    Args:
        x: `[batch, y', x', channel]`.
        size: (y, x) of the image.
        n_regions: Regions that exclude each other, the background first; 1 for a single region without background.
        name: Of the output.

    Returns:
        The tensor `name`, float32 `[batch, y, x, n_regions]` in [0, 1]; a sigmoid where there is one region.
    """
    logits = layers.Conv2D(n_regions, 1, dtype="float32", name=f"{name}_logits")(x)
    logits = BilinearResize(size, dtype="float32", name=f"{name}_resize")(logits)
    return layers.Activation("softmax" if n_regions > 1 else "sigmoid", dtype="float32", name=name)(logits)


def fcn_head(x, size: tuple[int, int], n_regions: int, name: str, *, bn_momentum: float):
    """A 3x3 convolution to a quarter of the channels, batch normalisation, ReLU, dropout, and `region_head`.

    torchvision's FCNHead, and the auxiliary branch of PSPNet (Zhao et al. 2017, 3.3, Figure 4) in its authors' release.

    Args:
        x: `[batch, y', x', channel]`.
        size: (y, x) of the image.
        n_regions: See `region_head`.
        name: Of the output, and prefix of the layers.
        bn_momentum: Share of the old running statistics that one step keeps.

    Returns:
        As `region_head`.
    """
    x = head_conv(x, x.shape[-1] // 4, 3, f"{name}_conv", bn_momentum=bn_momentum)
    x = layers.Dropout(FCN_DROPOUT, name=f"{name}_dropout")(x)
    return region_head(x, size, n_regions, name)
