"""3-D U-Net (Cicek et al. 2016, "3D U-Net: Learning Dense Volumetric Segmentation from Sparse Annotation")."""

from __future__ import annotations

import keras
from keras import layers

from reproduce.models.layers.blocks import region_probabilities, require_divisible
from reproduce.models.layers.volume_blocks import conv_bn_relu_3d

_POOLINGS = 3


def unet3d(
    box: tuple[int, int, int], *, n_channels: int, n_regions: int, width: int, bn_momentum: float
) -> keras.Model:
    """Two 3x3x3 convolutions a level, the second twice as wide, three poolings, and a decoder that joins each level.

    The paper's layers (section 2.1, Figure 2; width 32): "we avoid bottlenecks by doubling the number of channels
    already before max pooling", and batch normalisation before each ReLU. Two things differ: its convolutions are
    unpadded, so that 132x132x116 voxels give 44x44x28, while ours keep the grid by zeros at the border; and ours tell
    regions that exclude each other by a softmax.

    Args:
        box: (z, y, x) in voxels, multiples of 8.
        n_channels: Channels of the volume.
        n_regions: Regions of the mask; where there are several, the background is the first.
        width: Channels of the first convolution (the paper: 32).
        bn_momentum: See `blocks.conv_bn_relu`.

    Returns:
        Model from float `[batch, z, y, x, n_channels]` to `{"mask": float32 [batch, z, y, x, n_regions]}`.

    Raises:
        ArgumentError: A side is no positive multiple of 8.
    """
    require_divisible(box, depth=_POOLINGS, where="unet3d")
    image = keras.Input((*box, n_channels), name="image")
    x, skips = image, []
    for i in range(_POOLINGS + 1):
        if i:
            x = layers.MaxPooling3D(2, name=f"encoder{i}_pool")(x)
        x = conv_bn_relu_3d(x, width * 2**i, f"encoder{i + 1}_conv1", bn_momentum=bn_momentum)
        x = conv_bn_relu_3d(x, width * 2 ** (i + 1), f"encoder{i + 1}_conv2", bn_momentum=bn_momentum)
        skips.append(x)
    for i in range(_POOLINGS, 0, -1):
        x = layers.Conv3DTranspose(width * 2 ** (i + 1), 2, 2, use_bias=False, name=f"decoder{i}_up")(x)
        x = layers.Concatenate(name=f"decoder{i}_skip")([skips[i - 1], x])
        for k in (1, 2):
            x = conv_bn_relu_3d(x, width * 2**i, f"decoder{i}_conv{k}", bn_momentum=bn_momentum)
    logits = layers.Conv3D(n_regions, 1, dtype="float32", name="mask_logits")(x)
    return keras.Model(image, {"mask": region_probabilities(logits)}, name="unet3d")
