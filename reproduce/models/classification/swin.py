"""Swin Transformer (Liu et al. 2021, "Hierarchical Vision Transformer using Shifted Windows")."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models.classification.convnext import drop_images
from reproduce.models.layers.class_head import class_head
from reproduce.models.layers.footprint import Window
from reproduce.models.layers.window_attention import WindowAttention

# Swin-T (3.3 there): blocks and heads of each stage.
DEPTHS_T = (2, 2, 6, 2)
HEADS_T = (3, 6, 12, 24)
EPSILON = 1e-5
# By its configuration, so that each layer has a seed of its own: one instance gives all of one shape the same weights.
_NORMAL = {"kernel_initializer": {"class_name": "TruncatedNormal", "config": {"stddev": 0.02}}}


@keras.saving.register_keras_serializable("reproduce")
class PatchMerging(layers.Layer):
    """The channels of 2x2 pixels side by side: both rows of the left column, then of the right one."""

    def call(self, inputs):
        """`[batch, y // 2, x // 2, 4 * channel]`."""
        _, y, x, channels = inputs.shape
        pairs = ops.reshape(inputs, (-1, y // 2, 2, x // 2, 2, channels))
        return ops.reshape(ops.transpose(pairs, (0, 1, 3, 4, 2, 5)), (-1, y // 2, x // 2, 4 * channels))

    def readings(self, grid):
        """See `layer_readings.layer_readings`."""
        return (Window(2, 2, 1, 0, 0),) * len(grid)

    def compute_output_shape(self, input_shape):
        """See `call`."""
        batch, y, x, channels = input_shape
        return batch, y // 2, x // 2, 4 * channels


def swin(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_classes: int,
    width: int,
    depths: Sequence[int],
    heads: Sequence[int],
    window: int,
    drop_path: float,
) -> keras.Model:
    """Stages of attention within windows, every second of them shifted, and mergings of 2x2 patches between them.

    A stage whose grid is no larger than a window has one window, which is not shifted. The paper pads other grids to
    whole windows; here they are refused, and 224 pixels with windows of 7 need none.

    Args:
        size: (y, x) of the image in pixels.
        n_channels: Channels of the image.
        n_classes: Classes that exclude each other; 1 for yes or no.
        width: Channels of the first stage, 96 in Swin-T; each stage doubles them.
        depths: Blocks of each stage, `DEPTHS_T` for Swin-T.
        heads: Of each stage, `HEADS_T` likewise.
        window: Side of a window in patches of 4x4 pixels, 7 in the paper.
        drop_path: See `convnext.convnext`; 0.2 for Swin-T.

    Returns:
        Model from float `[batch, y, x, n_channels]` to `{"class": float32 [batch, n_classes]}`: a softmax, or a sigmoid
        where there is one class.

    Raises:
        ArgumentError: Other numbers of depths than of heads, or a grid that is no whole number of windows.
    """
    step = 4 * 2 ** (len(depths) - 1)
    if len(depths) != len(heads) or not depths or any(side < step or side % step for side in size):
        got = f"{size[0]} x {size[1]} pixels, depths {tuple(depths)}, heads {tuple(heads)}"
        do = "resize, and give a depth and heads for each stage"
        raise ArgumentError(expected=f"sides that are multiples of {step} pixels", got=got, where="swin", do=do)
    image = keras.Input((*size, n_channels), name="image")
    x = layers.Conv2D(width, 4, 4, name="patches", **_NORMAL)(image)
    x = layers.LayerNormalization(epsilon=EPSILON, name="patches_norm")(x)
    n_blocks, done = sum(depths), 0
    for stage, (depth, n_heads) in enumerate(zip(depths, heads, strict=True), start=1):
        if stage > 1:
            x = layers.LayerNormalization(epsilon=EPSILON, name=f"merge{stage}_norm")(
                PatchMerging(name=f"merge{stage}_patches")(x)
            )
            x = layers.Dense(width * 2 ** (stage - 1), use_bias=False, name=f"merge{stage}", **_NORMAL)(x)
        side = min(window, *x.shape[1:3])
        for i in range(1, depth + 1):
            shift = side // 2 if i % 2 == 0 and min(x.shape[1:3]) > side else 0
            attention = WindowAttention(n_heads, side, shift, name=f"stage{stage}_block{i}_attention")
            share = drop_path * done / max(n_blocks - 1, 1)
            x = _block(x, attention, f"stage{stage}_block{i}", drop_path=share)
            done += 1
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, {"class": class_head(x, n_classes)}, name="swin")


def _block(x, attention: WindowAttention, name: str, *, drop_path: float):
    """Equation 3; the perceptron has four times as many units as there are channels."""
    y = attention(layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm1")(x))
    x = layers.Add(name=f"{name}_add1")([x, drop_images(y, drop_path, f"{name}_attention")])
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm2")(x)
    y = layers.Dense(4 * x.shape[-1], name=f"{name}_mlp1", **_NORMAL)(y)
    y = layers.Activation("gelu", name=f"{name}_gelu")(y)
    y = layers.Dense(x.shape[-1], name=f"{name}_mlp2", **_NORMAL)(y)
    return layers.Add(name=f"{name}_add2")([x, drop_images(y, drop_path, f"{name}_mlp")])
