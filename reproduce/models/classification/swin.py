"""Swin Transformer (Liu et al. 2021, "Hierarchical Vision Transformer using Shifted Windows")."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import register
from reproduce.models.classification.convnext import drop_images, drop_shares, mlp
from reproduce.models.layers.attention import NORMAL
from reproduce.models.layers.class_head import pooled_classifier
from reproduce.models.layers.footprint import HALVING
from reproduce.models.layers.own_layer import OwnLayer
from reproduce.models.layers.window_attention import WindowAttention

# Swin-T (3.3 there): blocks and heads of each stage.
DEPTHS_T = (2, 2, 6, 2)
HEADS_T = (3, 6, 12, 24)
EPSILON = 1e-5


@register
class PatchMerging(OwnLayer):
    """The channels of 2x2 pixels side by side: both rows of the left column, then of the right one."""

    reading = HALVING

    def call(self, inputs):
        """Return `[batch, y // 2, x // 2, 4 * channel]`."""
        _, y, x, channels = inputs.shape
        pairs = ops.reshape(inputs, (-1, y // 2, 2, x // 2, 2, channels))
        return ops.reshape(ops.transpose(pairs, (0, 1, 3, 4, 2, 5)), (-1, y // 2, x // 2, 4 * channels))

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
    """Return stages of attention within windows, every second one shifted, and mergings of 2x2 patches between them.

    A stage whose grid is no larger than a window has one window, which is not shifted. The paper pads other grids to
    whole windows; here they are refused, and 224 pixels with windows of 7 need none.

    Args:
        width: Channels of the first stage, 96 in Swin-T; each stage doubles them.
        depths: Blocks of each stage, `DEPTHS_T` for Swin-T.
        heads: Of each stage, `HEADS_T` likewise.
        window: Side of a window in patches of 4x4 pixels, 7 in the paper.
        drop_path: See `convnext.drop_shares`; 0.2 for Swin-T.

    Raises:
        ArgumentError: Other numbers of depths than of heads, or a grid that is no whole number of windows.
    """
    step = 4 * 2 ** (len(depths) - 1)
    if len(depths) != len(heads) or not depths or any(side < step or side % step for side in size):
        got = f"{size[0]} x {size[1]} pixels, depths {tuple(depths)}, heads {tuple(heads)}"
        do = "resize, and give a depth and heads for each stage"
        raise ArgumentError(expected=f"sides that are multiples of {step} pixels", got=got, where="swin", do=do)
    image = keras.Input((*size, n_channels), name="image")
    x = layers.Conv2D(width, 4, 4, name="patches", kernel_initializer=NORMAL)(image)
    x = layers.LayerNormalization(epsilon=EPSILON, name="patches_norm")(x)
    drops = drop_shares(drop_path, sum(depths))
    for stage, (depth, n_heads) in enumerate(zip(depths, heads, strict=True), start=1):
        if stage > 1:
            x = PatchMerging(name=f"merge{stage}_patches")(x)
            x = layers.LayerNormalization(epsilon=EPSILON, name=f"merge{stage}_norm")(x)
            x = layers.Dense(width * 2 ** (stage - 1), use_bias=False, name=f"merge{stage}", kernel_initializer=NORMAL)(
                x
            )
        side = min(window, *x.shape[1:3])
        for i in range(1, depth + 1):
            shift = side // 2 if i % 2 == 0 and min(x.shape[1:3]) > side else 0
            attention = WindowAttention(n_heads, side, shift, name=f"stage{stage}_block{i}_attention")
            x = _block(x, attention, f"stage{stage}_block{i}", next(drops))
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    return pooled_classifier(image, x, n_classes, "swin")


def _block(x, attention: WindowAttention, name: str, drop: float):
    """Equation 3."""
    y = attention(layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm1")(x))
    x = layers.Add(name=f"{name}_add1")([x, drop_images(y, drop, f"{name}_attention")])
    y = mlp(layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm2")(x), name)
    return layers.Add(name=f"{name}_add2")([x, drop_images(y, drop, f"{name}_mlp")])
