"""How many activations a training step stores: networks as lists of layer outputs, in plain arithmetic.

A backward pass needs the inputs of every convolution again, so their sum bounds the memory of a step from below, before
weights, optimiser state and workspace. ReLU is counted as in place. Reference networks, with "same" padding:
U-Net (Ronneberger et al. 2015, section 2), ResNet-50 with the stride in the 3x3 convolution (He et al. 2016, table 1),
DenseNet-121 (Huang et al. 2017, table 1), DeepLabV3 at output stride 8 (Chen et al. 2017, section 3).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Kind = Literal["convolution", "up-convolution", "pooling", "concatenation", "normalisation"]
EVERY_KIND: tuple[Kind, ...] = ("convolution", "up-convolution", "pooling", "concatenation", "normalisation")


@dataclass(frozen=True)
class Output:
    """The output of one layer.

    Attributes:
        kind: Operation that makes it.
        channels: Number of channels.
        stride: By how much it is smaller than the image, along each axis.
    """

    kind: Kind
    channels: int
    stride: int


def stored_bytes(
    outputs: Collection[Output], size: int, batch: int, *, kinds: Collection[Kind], bytes_each: int
) -> int:
    """Return the bytes of the outputs of the given kinds.

    Args:
        outputs: The layers of one network.
        size: Pixels along each side of a square image; a multiple of every stride.
        batch: Images in a step.
        kinds: Which outputs are kept; a framework may recompute or free the others.
        bytes_each: 4 for single precision, 2 for half.
    """
    values = sum(each.channels * (size // each.stride) ** 2 for each in outputs if each.kind in kinds)
    return values * batch * bytes_each


def unet_2015() -> tuple[Output, ...]:
    """Return U-Net of 2015: five levels of two 3x3 convolutions, 64 to 1024 channels, each normalised."""
    outputs: list[Output] = []
    for level in range(5):
        channels, stride = 64 * 2**level, 2**level
        outputs += _normalised([Output("convolution", channels, stride)] * 2)
        if level < 4:
            outputs.append(Output("pooling", channels, 2 * stride))
            outputs.append(Output("up-convolution", channels, stride))
            outputs.append(Output("concatenation", 2 * channels, stride))
            outputs += _normalised([Output("convolution", channels, stride)] * 2)
    return tuple(outputs)


def resnet50(largest_stride: int) -> tuple[Output, ...]:
    """Return ResNet-50 without its classifier.

    Args:
        largest_stride: 32 for classification, 8 for the dilated backbone of a segmentation network.
    """
    outputs = [Output("convolution", 64, 2)]
    stride = 4
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            before = stride
            if stage and block == 0:
                stride = min(2 * stride, largest_stride)
            outputs += [Output("convolution", width, before), Output("convolution", width, stride)]
            outputs += [Output("convolution", 4 * width, stride)] * (2 if block == 0 else 1)
    return (*_normalised(outputs), Output("pooling", 64, 4))


def densenet121() -> tuple[Output, ...]:
    """Return DenseNet-121 without its classifier: growth 32, bottlenecks of 128, transitions halve the channels."""
    outputs = [Output("convolution", 64, 2), Output("normalisation", 64, 2), Output("pooling", 64, 4)]
    channels, stride = 64, 4
    for block, layers in enumerate((6, 12, 24, 16)):
        for _ in range(layers):
            outputs += [Output("normalisation", channels, stride), Output("convolution", 128, stride)]
            outputs += [Output("normalisation", 128, stride), Output("convolution", 32, stride)]
            channels += 32
            outputs.append(Output("concatenation", channels, stride))
        outputs.append(Output("normalisation", channels, stride))
        if block < 3:
            channels //= 2
            outputs += [Output("convolution", channels, stride), Output("pooling", channels, 2 * stride)]
            stride *= 2
    return tuple(outputs)


def deeplabv3_resnet50() -> tuple[Output, ...]:
    """Return DeepLabV3 on ResNet-50 at output stride 8, up to its last 256 channels.

    Four parallel convolutions of 256 channels, the projection of their concatenation, and one more 3x3; the 256 values
    of the pooled image and the class scores are left out.
    """
    head = _normalised([Output("convolution", 256, 8)] * 6)
    return (*resnet50(largest_stride=8), *head, Output("concatenation", 1280, 8))


def _normalised(convolutions: list[Output]) -> list[Output]:
    return convolutions + [Output("normalisation", each.channels, each.stride) for each in convolutions]
