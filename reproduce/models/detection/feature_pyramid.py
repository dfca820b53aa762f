"""Feature pyramid network: features of one width at every stride (Lin et al. 2017, FPN, section 3)."""

from __future__ import annotations

from keras import layers


def feature_pyramid(stages, filters: int):
    """P2 to P6 of C2 to C5: lateral 1x1, the coarser level added at twice its size, a 3x3 on the sum.

    No activation and no normalisation, biases everywhere (section 3 there). P6 is every second cell of P5, for the RPN
    alone.

    Args:
        stages: C2 to C5, each `[batch, y, x, channel]`, each at half the side of the one before.
        filters: Channels of every level; 256 there.

    Returns:
        Five tensors `[batch, y, x, filters]`, named "p2" to "p6".
    """
    top_down, outputs = None, []
    for level, stage in reversed(list(enumerate(stages, start=2))):
        lateral = layers.Conv2D(filters, 1, kernel_initializer="he_uniform", name=f"p{level}_lateral")(stage)
        if top_down is not None:
            coarser = layers.UpSampling2D(2, interpolation="nearest", name=f"p{level}_upsample")(top_down)
            lateral = layers.Add(name=f"p{level}_add")([lateral, coarser])
        top_down = lateral
        outputs.append(_smooth(top_down, filters, f"p{level}"))
    outputs.reverse()
    # A max-pool over one cell: it takes every second cell, and computes nothing.
    return [*outputs, layers.MaxPooling2D(1, 2, padding="same", name="p6")(outputs[-1])]


def _smooth(x, filters: int, name: str):
    return layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_uniform", name=name)(x)
