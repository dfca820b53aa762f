"""PSPNet (Zhao et al. 2017): a dilated ResNet, and pooling over a pyramid of bins."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.classification.resnet import Stem, dilated_stages
from reproduce.models.layers.grid import AdaptiveAveragePooling, BilinearResize
from reproduce.models.layers.padded import BatchNorm, conv_bn
from reproduce.models.segmentation.fcn_resnet import dilated_resnet, fcn_head, region_head


def pspnet(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_regions: int,
    width: int,
    blocks: Sequence[int],
    stem: Stem,
    bins: Sequence[int],
    dropout: float,
    auxiliary: bool,
    bn_momentum: float,
) -> keras.Model:
    """Return PSPNet on a ResNet of bottlenecks with output stride 8 (Zhao et al. 2017, 3.2 and 3.3, Figures 3 and 4).

    See also `fcn_resnet.fcn_resnet`.

    The paper's bins are (1, 2, 3, 6) and its dropout is 0.1 in the authors' releases; these start with three 3x3
    convolutions ("3x3"), the paper names ResNet alone ("7x7"). It weighs the loss of "aux" with 0.4 (5.2), which is for
    the experiment to say.

    silent: the authors' releases interpolate between corners (sides of 8 k + 1); we interpolate between pixel centres,
    as DeepLabV3 of torchvision does, since medical images have sides of 8 k. No parameter depends on it.

    Where a batch holds one image, its features of bin 1 are their own mean, which batch normalisation makes a constant:
    no error comes through, and their convolution stands still.

    Args:
        size: Multiples of 8.
        stem: See `resnet.Variant`.
        bins: Bins of each level of the pyramid along an axis.
        dropout: Share of the features before the logits that is dropped in training.

    Raises:
        ArgumentError: Not every of four stages has a block, or as `pooling_pyramid`.
    """
    stages = dilated_stages(blocks, output_stride=8, first_dilation="own", multi_grid=None)
    image, third, fourth = dilated_resnet(
        size, n_channels, stages, width=width, stem=stem, bn_momentum=bn_momentum, where="pspnet"
    )
    x = pooling_pyramid(fourth, bins, bn_momentum=bn_momentum)
    x = conv_bn(x, 8 * width, "fusion", kernel=3, norm=BatchNorm(bn_momentum))
    x = layers.Dropout(dropout, name="fusion_dropout")(x)
    outputs = {"mask": region_head(x, size, n_regions, "mask")}
    if auxiliary:
        outputs["aux"] = fcn_head(third, size, n_regions, "aux", bn_momentum=bn_momentum)
    return keras.Model(image, outputs, name="pspnet")


def pooling_pyramid(x: Tensor, bins: Sequence[int], *, bn_momentum: float) -> Tensor:
    """Return pyramid pooling (Zhao et al. 2017, 3.2, Figure 3): features beside their means over ever finer bins.

    Each level is the mean over n x n bins through a 1x1 convolution to an equal share of the channels, with batch
    normalisation and ReLU, interpolated back to the grid.

    So there are `channel + levels * (channel // levels)` channels in the end.

    Raises:
        ArgumentError: No level, more levels than channels, one level twice, or one of no bins.
    """
    n_channels = x.shape[-1]
    if not 1 <= len(set(bins)) == len(bins) <= n_channels or min(bins) < 1:
        expected, do = f"1 to {n_channels} different numbers of bins, from 1", "take (1, 2, 3, 6), as the paper does"
        raise ArgumentError(expected=expected, got=repr(tuple(bins)), where="pooling_pyramid", do=do)
    grid, levels = x.shape[1:3], [x]
    for n_bins in bins:
        level = AdaptiveAveragePooling(n_bins, name=f"pyramid{n_bins}_pool")(x)
        level = conv_bn(level, n_channels // len(bins), f"pyramid{n_bins}", kernel=1, norm=BatchNorm(bn_momentum))
        levels.append(BilinearResize(grid, name=f"pyramid{n_bins}_resize")(level))
    return layers.Concatenate(name="pyramid_concat")(levels)
