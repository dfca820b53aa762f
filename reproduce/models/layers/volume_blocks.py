"""Blocks of models that see volumes; every layer is named after its block."""

from __future__ import annotations

from keras import layers


def conv_bn_relu_3d(x, filters: int, name: str, *, kernel: int = 3, stride: int = 1, bn_momentum: float):
    """Convolution without bias, batch normalisation, ReLU: `blocks.conv_bn_relu` with one axis more.

    Args:
        x: `[batch, z, y, x, channel]`.
        filters: Channels out.
        name: Prefix of the three layers.
        kernel: Side of the kernel in voxels.
        stride: Step in voxels.
        bn_momentum: See `blocks.conv_bn_relu`.

    Returns:
        `[batch, ceil(z / stride), ceil(y / stride), ceil(x / stride), filters]`.
    """
    x = layers.Conv3D(filters, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
    x = layers.BatchNormalization(momentum=bn_momentum, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
