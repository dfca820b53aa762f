"""What each output of a Keras layer reads of its input, axis by axis, and how many multiply-adds that takes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models.layers.footprint import POINT, WHOLE, Everywhere, Reading, Resample, Spread, Window

Shape = tuple[int, ...]


def _of_axes(*names: str) -> tuple[type, ...]:
    """Return the layers of Keras with these names and 1 to 3 axes of the image, where there are such."""
    found = (getattr(layers, name.replace("ND", f"{n}D"), None) for name in names for n in (1, 2, 3))
    return tuple(layer for layer in found if layer is not None)


CONVOLUTIONS, DEPTHWISE, SEPARABLE = _of_axes("ConvND"), _of_axes("DepthwiseConvND"), _of_axes("SeparableConvND")
TRANSPOSED = _of_axes("ConvNDTranspose")
POOLINGS = _of_axes("MaxPoolingND", "AveragePoolingND")
GLOBAL_POOLINGS = _of_axes("GlobalAveragePoolingND", "GlobalMaxPoolingND")
UPSAMPLINGS, PADDINGS, CROPPINGS = _of_axes("UpSamplingND"), _of_axes("ZeroPaddingND"), _of_axes("CroppingND")
MERGES = (
    *(layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum),
    layers.Concatenate,
)
NORMALISATIONS = (layers.LayerNormalization, layers.GroupNormalization)
# In prediction each output of these depends on the input at the same place alone.
POINTWISE = (
    *(layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU, layers.Softmax, layers.Identity),
    *(layers.BatchNormalization, layers.Rescaling, layers.Normalization, layers.ActivityRegularization, layers.Dense),
    *(layers.Dropout, layers.AlphaDropout, layers.GaussianDropout, layers.GaussianNoise),
    *_of_axes("SpatialDropoutND"),
)
CONVOLVING = CONVOLUTIONS + DEPTHWISE + SEPARABLE
RESIZING = POOLINGS + GLOBAL_POOLINGS + UPSAMPLINGS + PADDINGS + CROPPINGS
OTHERS = MERGES + NORMALISATIONS + POINTWISE + (layers.Reshape, layers.Flatten, layers.Resizing)
KNOWN = frozenset(CONVOLVING + TRANSPOSED + RESIZING + OTHERS)


def layer_readings(layer: layers.Layer, grid: Shape, shapes: Sequence[Shape]) -> tuple[Reading, ...]:
    """Return for each axis of the image what an output of the layer reads of its input.

    A layer of one's own says so itself by a method `readings(grid)` with the same result. A class that derives from one
    of Keras' may compute something else, so it has to say so too.

    Args:
        layer: A layer of a model with channels last.
        grid: Positions of the input along each axis of the image, 1 where it has none left.
        shapes: Shapes of the layer's inputs, without the batch.

    Returns:
        One reading for each axis; what a layer does to channels is not in it.

    Raises:
        ArgumentError: It is not known what the layer reads, or its settings are none that can be followed.
    """
    kind, axes = type(layer), range(len(grid))
    if kind not in KNOWN:
        if not hasattr(layer, "readings"):
            do = "give the layer a method readings(grid) that returns a Window, Spread, Resample or Bins for each axis"
            raise _refuse(layer, "a layer whose reading is known", f"a {kind.__name__}", do)
        return tuple(layer.readings(grid))
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise _refuse(layer, "channels last", layer.data_format, "build the model with channels last")
    if kind in CONVOLVING:
        taps, dilations = layer.kernel_size, layer.dilation_rate
        return tuple(_window(layer, taps[a], layer.strides[a], dilations[a], grid[a]) for a in axes)
    if kind in POOLINGS:
        return tuple(_window(layer, layer.pool_size[a], layer.strides[a], 1, grid[a]) for a in axes)
    if kind in TRANSPOSED:
        return tuple(_spread(layer, a, grid[a]) for a in axes)
    if kind in GLOBAL_POOLINGS:
        return (WHOLE,) * len(grid)
    if kind in (*PADDINGS, *CROPPINGS):
        amounts = layer.padding if kind in PADDINGS else layer.cropping
        pairs = amounts if isinstance(amounts[0], (tuple, list)) else [amounts]
        sign = 1 if kind in PADDINGS else -1
        return tuple(Window(1, 1, 1, sign * before, sign * after) for before, after in pairs)
    if kind in UPSAMPLINGS:
        factors = [layer.size] if isinstance(layer.size, int) else layer.size
        linear = _linear(layer, getattr(layer, "interpolation", "nearest"))
        return tuple(Resample(n * factor, linear) for n, factor in zip(grid, factors, strict=True))
    return _other(layer, grid, shapes)


def _other(layer: layers.Layer, grid: Shape, shapes: Sequence[Shape]) -> tuple[Reading, ...]:
    kind = type(layer)
    if kind is layers.Resizing:
        if layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio or layer.antialias:
            got = "cropping, padding or antialiasing"
            raise _refuse(layer, "plain resizing", got, "resize without them, or declare a layer of your own")
        linear = _linear(layer, layer.interpolation)
        return tuple(Resample(n, linear) for n in (layer.height, layer.width))
    last = len(shapes[0])
    if kind is layers.LayerNormalization and _axes(layer.axis, last) == [last]:
        return (POINT,) * len(grid)
    if kind in NORMALISATIONS:
        return (Everywhere(),) * len(grid)
    if kind in (layers.Concatenate, layers.Softmax) and _axes(layer.axis, last) != [last]:
        do = "declare a layer of your own for another axis"
        raise _refuse(layer, "the axis of channels", f"axis {layer.axis}", do)
    if kind is layers.Flatten:
        return (WHOLE,) * len(grid)
    if kind is layers.Reshape and math.prod(grid) != 1 and tuple(layer.target_shape[: len(grid)]) != tuple(grid):
        got = f"{shapes[0]} to {layer.target_shape}"
        raise _refuse(layer, "a shape that keeps the grid", got, "flatten, or declare a layer of your own")
    return (POINT,) * len(grid)


def multiply_adds(layer: layers.Layer, shapes: Sequence[Shape], output: Shape) -> int:
    """Return multiply-adds of one image: one for each weight that a value is multiplied with, zeros of padding too.

    Counted are convolutions (separable and grouped ones by their parts), transposed convolutions (each input with the
    whole kernel, what is cut off included) and dense layers. Biases, normalisation, activations, pooling, resizing and
    sums count 0, as they do in the counts that papers print. A layer of one's own that multiplies says how often by a
    method `multiply_adds(shapes, output)`; attention counts both of its products.

    Args:
        layer: Any layer.
        shapes: Shapes of its inputs, without the batch.
        output: Shape of its output, without the batch.
    """
    kind = type(layer)
    if hasattr(layer, "multiply_adds"):
        return layer.multiply_adds(shapes, output)
    if kind is layers.Dense:
        return math.prod(shapes[0]) * layer.units
    if kind in CONVOLUTIONS:
        return math.prod(output) * math.prod(layer.kernel_size) * shapes[0][-1] // layer.groups
    if kind in DEPTHWISE:
        return math.prod(output) * math.prod(layer.kernel_size)
    if kind in SEPARABLE:
        middle = shapes[0][-1] * layer.depth_multiplier
        return math.prod(output[:-1]) * middle * (math.prod(layer.kernel_size) + output[-1])
    if kind in TRANSPOSED:
        return math.prod(shapes[0]) * math.prod(layer.kernel_size) * output[-1]
    return 0


def _window(layer: layers.Layer, taps: int, stride: int, dilation: int, n: int) -> Window:
    span = dilation * (taps - 1) + 1
    if layer.padding == "valid":
        return Window(taps, stride, dilation, 0, 0)
    if layer.padding == "causal":
        return Window(taps, stride, dilation, span - 1, 0)
    padding = max((math.ceil(n / stride) - 1) * stride + span - n, 0)
    return Window(taps, stride, dilation, padding // 2, padding - padding // 2)


def _spread(layer: layers.Layer, axis: int, n: int) -> Spread:
    if layer.output_padding is not None:
        do = "leave output_padding out, or declare a layer of your own"
        raise _refuse(layer, "no output_padding", repr(layer.output_padding), do)
    taps, stride, dilation = layer.kernel_size[axis], layer.strides[axis], layer.dilation_rate[axis]
    beyond = max(dilation * (taps - 1) + 1 - stride, 0)
    if layer.padding == "valid":
        return Spread(taps, stride, dilation, 0, n * stride + beyond)
    return Spread(taps, stride, dilation, beyond // 2, n * stride)


def _linear(layer: layers.Layer, interpolation: str) -> bool:
    if interpolation not in ("nearest", "bilinear"):
        do = "take one of them, or declare a layer of your own"
        raise _refuse(layer, "nearest or bilinear interpolation", interpolation, do)
    return interpolation == "bilinear"


def _axes(axis: int | Sequence[int], last: int) -> list[int]:
    """Return axes counted from 0 for the batch; `last` is that of the channels."""
    return sorted(a % (last + 1) for a in ([axis] if isinstance(axis, int) else axis))


def _refuse(layer: layers.Layer, expected: str, got: str, do: str) -> ArgumentError:
    return ArgumentError(expected=expected, got=got, where=f"layer {layer.name}", do=do)
