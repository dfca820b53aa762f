"""The convolutions of VGG-16 (Simonyan and Zisserman 2015), which SegNet and FCN take as their encoder."""

from __future__ import annotations

from reproduce.models.layers.blocks import biased_conv_relu

N_CONVS = (2, 2, 3, 3, 3)
"""3x3 convolutions of each of the five stages (Table 1 there, column D: 13 in all); a 2x2 max-pooling ends each."""


def stage_filters(width: int) -> tuple[int, ...]:
    """Channels of the five stages: doubled from one to the next, up to eight times the first (64 to 512 in the paper).

    Args:
        width: Channels of the first stage.
    """
    return tuple(width * min(2**i, 8) for i in range(len(N_CONVS)))


def vgg16_stage(x, stage: int, *, width: int, batch_norm: bool, bn_momentum: float):
    """The convolutions of one stage, named "conv1_1" to "conv5_3" as in the paper's released weights; no pooling.

    Args:
        x: `[batch, y, x, channel]`.
        stage: From 1 to 5.
        width: Channels of the first stage (the paper: 64).
        batch_norm: Whether batch normalisation follows each convolution; the paper has none.
        bn_momentum: See `blocks.conv_bn_relu`; without effect where there is no batch normalisation.

    Returns:
        `[batch, y, x, stage_filters(width)[stage - 1]]`.
    """
    filters = stage_filters(width)[stage - 1]
    for i in range(1, N_CONVS[stage - 1] + 1):
        x = biased_conv_relu(x, filters, f"conv{stage}_{i}", batch_norm=batch_norm, bn_momentum=bn_momentum)
    return x
