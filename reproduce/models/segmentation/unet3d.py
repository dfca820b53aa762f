"""3-D U-Net (Cicek et al. 2016, "3D U-Net: Learning Dense Volumetric Segmentation from Sparse Annotation")."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.layers.blocks import conv_bn_relu, exclusive_mask_head, require_divisible, two_convs

_POOLINGS = 3


def unet3d(
    box: tuple[int, int, int], *, n_channels: int, n_regions: int, width: int, bn_momentum: float
) -> keras.Model:
    """Return two 3x3x3 convolutions a level, the second twice as wide, three poolings, and a decoder with skips.

    The paper's layers (section 2.1, Figure 2; width 32): "we avoid bottlenecks by doubling the number of channels
    already before max pooling", and batch normalisation before each ReLU. Two things differ: its convolutions are
    unpadded, so that 132x132x116 voxels give 44x44x28, while ours keep the grid by zeros at the border; and ours tell
    regions that exclude each other by a softmax.

    Args:
        box: Multiples of 8.
        width: Channels of the first convolution (the paper: 32).
    """
    require_divisible(box, depth=_POOLINGS, where="unet3d")
    image = x = keras.Input((*box, n_channels), name="image")
    skips = []
    for i in range(_POOLINGS + 1):
        if i:
            x = layers.MaxPooling3D(2, name=f"encoder{i}_pool")(x)
        x = conv_bn_relu(x, width * 2**i, f"encoder{i + 1}_conv1", bn_momentum=bn_momentum)
        x = conv_bn_relu(x, width * 2 ** (i + 1), f"encoder{i + 1}_conv2", bn_momentum=bn_momentum)
        skips.append(x)
    for i in range(_POOLINGS, 0, -1):
        x = layers.Conv3DTranspose(width * 2 ** (i + 1), 2, 2, use_bias=False, name=f"decoder{i}_up")(x)
        x = layers.Concatenate(name=f"decoder{i}_skip")([skips[i - 1], x])
        x = two_convs(x, width * 2**i, f"decoder{i}", bn_momentum=bn_momentum)
    return keras.Model(image, {"mask": exclusive_mask_head(x, n_regions)}, name="unet3d")
