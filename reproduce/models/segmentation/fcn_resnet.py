"""FCN on a dilated ResNet, as torchvision has it, and what it shares with its neighbours DeepLabV3 and PSPNet."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from reproduce.models import Tensor
from reproduce.models.classification.resnet import Stage, Stem, Variant, dilated_stages, resnet_features
from reproduce.models.layers.blocks import probabilities, require_divisible
from reproduce.models.layers.grid import BilinearResize
from reproduce.models.layers.padded import BatchNorm, conv_bn

# torchvision (FCNHead) and PSPNet's release (aux) both drop a tenth of the features before the logits.
FCN_DROPOUT = 0.1


def fcn_resnet(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_regions: int,
    width: int,
    blocks: Sequence[int],
    auxiliary: bool,
    bn_momentum: float,
) -> keras.Model:
    """Return a dilated ResNet of output stride 8 with one convolution on top (torchvision's fcn_resnet50).

    Not the FCN-8s of Long et al. 2015, which fuses three strides of a VGG.

    Args:
        size: Multiples of 8.
        width: Channels of the stem, 64 at full size; everything else scales with it.
        blocks: Bottlenecks of each stage, e.g. `resnet.RESNET50`.
        auxiliary: Whether a second output "aux" hangs on the third stage.

    Raises:
        ArgumentError: Not every of four stages has a block.
    """
    stages = dilated_stages(blocks, output_stride=8, first_dilation="previous", multi_grid=None)
    image, third, fourth = dilated_resnet(
        size, n_channels, stages, width=width, bn_momentum=bn_momentum, where="fcn_resnet"
    )
    outputs = {"mask": fcn_head(fourth, size, n_regions, "mask", bn_momentum=bn_momentum)}
    if auxiliary:
        outputs["aux"] = fcn_head(third, size, n_regions, "aux", bn_momentum=bn_momentum)
    return keras.Model(image, outputs, name="fcn_resnet")


def dilated_resnet(
    size: tuple[int, int],
    n_channels: int,
    stages: Sequence[Stage],
    *,
    width: int,
    stem: Stem = "7x7",
    bn_momentum: float,
    where: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the image and the features of the third and the fourth stage of a ResNet of bottlenecks.

    silent: no paper says where a bottleneck strides; we use its 3x3, as torchvision does.

    Raises:
        ArgumentError: A side is no multiple of the output stride, 4 times those of the stages.
    """
    require_divisible(size, depth=2 + sum(stage.stride == 2 for stage in stages), where=where)
    image = keras.Input((*size, n_channels), name="image")
    variant = Variant(block="bottleneck_3x3", stem=stem, conv_bias=False, bn_momentum=bn_momentum, frozen_bn=False)
    *_, third, fourth = resnet_features(image, stages, variant, width=width)
    return image, third, fourth


def region_head(x: Tensor, size: tuple[int, int], n_regions: int, name: str) -> Tensor:
    """Return the probability of each region in each pixel: 1x1 convolution, bilinear to the image's grid, then softmax.

    All in float32 whatever the precision. Logits are interpolated, not probabilities (Chen et al. 2017, 4.1: the output
    is taken up to the references, rather than these down to it; torchvision likewise).

    The tensor `name`, float32 `[batch, y, x, n_regions]` in [0, 1] of `[batch, y', x', channel]`.
    """
    logits = layers.Conv2D(n_regions, 1, dtype="float32", name=f"{name}_logits")(x)
    return probabilities(BilinearResize(size, dtype="float32", name=f"{name}_resize")(logits), name)


def fcn_head(x: Tensor, size: tuple[int, int], n_regions: int, name: str, *, bn_momentum: float) -> Tensor:
    """Return `region_head` of a 3x3 convolution to a quarter of the channels, batch normalisation, ReLU and dropout.

    torchvision's FCNHead, and the auxiliary branch of PSPNet (Zhao et al. 2017, 3.3, Figure 4) in its authors' release.
    """
    x = conv_bn(x, x.shape[-1] // 4, f"{name}_conv", kernel=3, norm=BatchNorm(bn_momentum))
    x = layers.Dropout(FCN_DROPOUT, name=f"{name}_dropout")(x)
    return region_head(x, size, n_regions, name)
