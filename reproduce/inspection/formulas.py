"""Layers as papers print them, in NumPy and float64, to hold Keras to; misprints are named where they stand.

Only what is not printed is added: features beyond the edge are 0, as Keras pads. tests/inspection/test_formulas.py
shows each function to agree with Keras, and each misprint to disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from reproduce.errors import ArgumentError


def convolution(image: np.ndarray, kernel: np.ndarray, bias: np.ndarray, *, stride: int, padding: int) -> np.ndarray:
    """Return the features after a convolution layer (Goodfellow et al. 2016, equation 9.6, with stride and channels).

    Y(i, j, d) = sum over c, m, n of X(s i + m - p, s j + n - p, c) K(m, n, c, d) + b_d, for m, n, c from 0. It is the
    correlation that every framework computes: a convolution in the sense of mathematics would turn the kernel round.

    Xue 2025, 2.2.1 prints the same without the sum over channels, which holds for grey images alone, and with the
    bias behind two sums without brackets, where it is meant once. Zheng et al. 2024, 2 print no indices.

    Args:
        image: float `[y, x, c_in]`.
        kernel: float `[k_y, k_x, c_in, c_out]`.
        bias: float `[c_out]`.
        stride: Pixels from one output to the next, at least 1.
        padding: Rows and columns of 0 beyond every edge; one number for all four.

    Returns:
        float64 `[y_out, x_out, c_out]` by `output_size`.

    Raises:
        ArgumentError: The channels of image and kernel differ, or the kernel does not fit into the padded image.
    """
    if image.shape[-1] != kernel.shape[2]:
        got = f"{image.shape[-1]} channels and a kernel for {kernel.shape[2]}"
        raise _refuse("a kernel with the channels of its input", got, "convolution")
    padded = np.pad(image.astype(np.float64), [(padding, padding)] * 2 + [(0, 0)])
    rows, columns = (
        output_size(n, kernel=k, stride=stride, padding=padding)
        for n, k in zip(image.shape, kernel.shape[:2], strict=False)
    )
    features = np.zeros((rows, columns, kernel.shape[3])) + bias
    for m, n in np.ndindex(*kernel.shape[:2]):
        features += padded[m:, n:][: stride * rows : stride, : stride * columns : stride] @ kernel[m, n]
    return features


def deconvolution(features: np.ndarray, kernel: np.ndarray, bias: np.ndarray, *, stride: int) -> np.ndarray:
    """Return the features after a transposed convolution (Zheng et al. 2024, 2; Dumoulin and Visin 2016, 4).

    S(s i + m, s j + n, d) = sum over i, j, c of F(i, j, c) K(m, n, c, d) + b_d: each input paints one kernel.

    Zheng et al. print S = W * F + b with the sign that stands for the convolution a few lines before. Read so, the
    output is never larger than the input, while the text has it restore the size of the image.

    Args:
        features: float `[y, x, c_in]`.
        kernel: float `[k_y, k_x, c_in, c_out]`; Keras stores the last two the other way round.
        bias: float `[c_out]`.
        stride: Pixels of the output from one input to the next, at least 1.

    Returns:
        float64 `[s (y - 1) + k_y, s (x - 1) + k_x, c_out]`, or s y, s x where the kernel is smaller than the stride.
    """
    rows, columns, _ = features.shape
    sizes = [(n - 1) * stride + max(k, stride) for n, k in zip((rows, columns), kernel.shape[:2], strict=True)]
    painted = np.zeros((*sizes, kernel.shape[3])) + bias
    for m, n in np.ndindex(*kernel.shape[:2]):
        painted[m:, n:][: stride * rows : stride, : stride * columns : stride] += features @ kernel[m, n]
    return painted


def pooling(image: np.ndarray, *, size: int, stride: int, kind: Literal["max", "average"]) -> np.ndarray:
    """Return the largest or the mean value of each window and channel.

    Float64 `[y_out, x_out, c]` by `output_size` without padding, of `[y, x, c]`; a window of `size` x `size` pixels
    that would stand out is left out.
    """
    windows = np.lib.stride_tricks.sliding_window_view(image.astype(np.float64), (size, size), axis=(0, 1))
    taken = windows[::stride, ::stride]
    return taken.max(axis=(-2, -1)) if kind == "max" else taken.mean(axis=(-2, -1))


def dense(values: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return W x + b, before the activation; the linear output y = w^T x + b is its case of one output.

    Float64 `[m]`, of values `[n]`, weights `[m, n]`, which Keras stores as `[n, m]`, and a bias `[m]`.
    """
    return weights.astype(np.float64) @ values + bias


def softmax(values: np.ndarray) -> np.ndarray:
    """Return p_i = exp(z_i) / sum over j of exp(z_j).

    Taken as printed it overflows above 709 in float64; the largest value is taken off first, which cancels.
    """
    powers = np.exp(values - np.max(values, axis=-1, keepdims=True), dtype=np.float64)
    return powers / powers.sum(axis=-1, keepdims=True)


def output_size(n: int, *, kernel: int, stride: int, padding: int) -> int:
    """Return floor((n + 2 p - k) / s) + 1, the positions along one axis (Dumoulin and Visin 2016, relationship 6).

    Args:
        n: Positions of the input.
        kernel: Taps.
        stride: Step.
        padding: Zeros beyond each of the two ends.

    Raises:
        ArgumentError: The kernel is longer than the padded axis.
    """
    if n + 2 * padding < kernel:
        raise _refuse("a kernel that fits", f"{kernel} taps on {n} positions and twice {padding}", "output_size")
    return (n + 2 * padding - kernel) // stride + 1


def same_padding(kernel: int) -> int:
    """Return floor((k - 1) / 2), the padding usually given for an output of the size of the input.

    True for odd kernels at stride 1. With an even one the output is one short: Keras adds one more zero at the end, and
    there is no symmetric padding that does. With a stride of two even Keras' "same" has half the size, and for odd
    kernels on an even axis it pads one more at the end, so that the values differ too.
    """
    return (kernel - 1) // 2


def receptive_field(kernels: Sequence[int], strides: Sequence[int]) -> int:
    """Return RF_l = RF_(l-1) + (k_l - 1) product of s_1 to s_(l-1), from RF_0 = 1 (Araujo et al. 2019).

    Of a chain along one axis, without dilation; the stride of layer l itself is not in the product.
    `geometry.layer_geometry` has branches, dilation and both axes.

    Args:
        kernels: Taps of each layer.
        strides: Step of each layer.

    Returns:
        Pixels; 1 for no layer.
    """
    field, jump = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        field += (kernel - 1) * jump
        jump *= stride
    return field


def _refuse(expected: str, got: str, where: str) -> ArgumentError:
    return ArgumentError(expected=expected, got=got, where=where, do="change the kernel, or the padding")
