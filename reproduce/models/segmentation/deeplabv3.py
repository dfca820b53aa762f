"""DeepLabV3 (Chen et al. 2017): a dilated ResNet, and atrous spatial pyramid pooling with image-level features."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor
from reproduce.models.classification.resnet import FirstDilation, dilated_stages
from reproduce.models.layers.grid import AdaptiveAveragePooling, BilinearResize
from reproduce.models.layers.padded import BatchNorm, conv_bn
from reproduce.models.segmentation.fcn_resnet import dilated_resnet, fcn_head, region_head


def deeplabv3(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_regions: int,
    width: int,
    blocks: Sequence[int],
    output_stride: int,
    first_dilation: FirstDilation,
    multi_grid: Sequence[int] | None,
    rates: Sequence[int],
    refinement: bool,
    dropout: float,
    auxiliary: bool,
    bn_momentum: float,
) -> keras.Model:
    """Return DeepLabV3 on a ResNet of bottlenecks; see also `fcn_resnet.fcn_resnet`.

    What stands in the paper and what in torchvision's `deeplabv3_resnet50` differ:

    | argument | the paper | torchvision |
    |---|---|---|
    | output_stride, rates | 16 and (6, 12, 18), or 8 and (12, 24, 36) (3.3) | 8 and (12, 24, 36) |
    | first_dilation | "own" | "previous" |
    | multi_grid | (1, 2, 4) (3.2.1, Table 5) | None |
    | refinement | False | True |
    | dropout | 0 | 0.5 |
    | auxiliary | False | True or False |

    A rate that is not below the grid's side leaves a 3x3 convolution its middle tap alone (3.3), so a grid of 8 x 8
    wants smaller rates. Where a batch holds one image, its image-level features are their own mean, which batch
    normalisation makes a constant: no error comes through, and their convolution stands still.

    Args:
        size: Multiples of `output_stride`.
        output_stride: 8, 16 or 32; see `resnet.dilated_stages`.
        first_dilation: See `resnet.dilated_stages`.
        multi_grid: See `resnet.dilated_stages`.
        rates: Dilation of each 3x3 convolution of the pyramid, in pixels of its grid.
        refinement: Whether a 3x3 convolution stands between the pyramid and the logits.
        dropout: Share of the pyramid's features that is dropped in training.

    Raises:
        ArgumentError: A rate is below 1, or as `resnet.dilated_stages`.
    """
    stages = dilated_stages(blocks, output_stride=output_stride, first_dilation=first_dilation, multi_grid=multi_grid)
    image, third, fourth = dilated_resnet(
        size, n_channels, stages, width=width, bn_momentum=bn_momentum, where="deeplabv3"
    )
    x = atrous_pyramid(fourth, 4 * width, rates, bn_momentum=bn_momentum)
    x = layers.Dropout(dropout, name="aspp_dropout")(x)
    if refinement:
        x = conv_bn(x, 4 * width, "refinement", kernel=3, norm=BatchNorm(bn_momentum))
    outputs = {"mask": region_head(x, size, n_regions, "mask")}
    if auxiliary:
        outputs["aux"] = fcn_head(third, size, n_regions, "aux", bn_momentum=bn_momentum)
    return keras.Model(image, outputs, name="deeplabv3")


def atrous_pyramid(x: Tensor, filters: int, rates: Sequence[int], *, bn_momentum: float) -> Tensor:
    """Return atrous spatial pyramid pooling with image-level features (Chen et al. 2017, 3.3, Figure 5).

    Side by side a 1x1 convolution, a 3x3 convolution of each rate, and the mean over the image through a 1x1
    convolution, each with batch normalisation and ReLU; concatenated, and through a last 1x1 convolution.

    Each branch has as many channels as the result, 256 in the paper.

    Raises:
        ArgumentError: No rate, or one below 1.
    """
    if not rates or min(rates) < 1:
        got, do = repr(tuple(rates)), "mend the rates"
        raise ArgumentError(expected="one rate or more, from 1", got=got, where="atrous_pyramid", do=do)
    norm = BatchNorm(bn_momentum)
    branches = [conv_bn(x, filters, "aspp_point", kernel=1, norm=norm)]
    for i, rate in enumerate(rates, start=1):
        branches.append(conv_bn(x, filters, f"aspp_atrous{i}", kernel=3, dilation=rate, norm=norm))
    image_level = AdaptiveAveragePooling(1, name="aspp_image_pool")(x)
    image_level = conv_bn(image_level, filters, "aspp_image", kernel=1, norm=norm)
    branches.append(BilinearResize(x.shape[1:3], name="aspp_image_resize")(image_level))
    return conv_bn(layers.Concatenate(name="aspp_concat")(branches), filters, "aspp_project", kernel=1, norm=norm)
