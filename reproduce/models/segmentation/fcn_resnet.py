"""FCN on a dilated ResNet, as torchvision has it: the plain neighbour of DeepLabV3 and PSPNet."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from reproduce.models.classification.resnet import Variant, dilated_stages, resnet_features
from reproduce.models.segmentation.region_heads import fcn_head, require_multiple

OUTPUT_STRIDE = 8


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
    """A dilated ResNet of output stride 8 with one convolution on top (torchvision.models.segmentation.fcn_resnet50).

    Not the FCN-8s of Long et al. 2015, which fuses three strides of a VGG.

    Args:
        size: (y, x) of the image in pixels, multiples of 8.
        n_channels: Channels of the image.
        n_regions: Regions that exclude each other, the background first; 1 for a single region.
        width: Channels of the stem, 64 at full size; everything else scales with it.
        blocks: Bottlenecks of each stage, e.g. `resnet.RESNET50`.
        auxiliary: Whether a second output "aux" hangs on the third stage.
        bn_momentum: Share of the old running statistics that one step keeps.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"mask": float32 [batch, y, x, n_regions]}`, "aux" likewise.

    Raises:
        ArgumentError: A side is no multiple of 8, or not every of four stages has a block.
    """
    require_multiple(size, output_stride=OUTPUT_STRIDE, where="fcn_resnet")
    image = keras.Input((*size, n_channels), name="image")
    variant = Variant(block="bottleneck_3x3", stem="7x7", conv_bias=False, bn_momentum=bn_momentum, frozen_bn=False)
    stages = dilated_stages(blocks, output_stride=OUTPUT_STRIDE, first_dilation="previous", multi_grid=None)
    *_, third, fourth = resnet_features(image, stages, variant, width=width)
    outputs = {"mask": fcn_head(fourth, size, n_regions, "mask", bn_momentum=bn_momentum)}
    if auxiliary:
        outputs["aux"] = fcn_head(third, size, n_regions, "aux", bn_momentum=bn_momentum)
    return keras.Model(image, outputs, name="fcn_resnet")
