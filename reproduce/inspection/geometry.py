"""Output sizes, receptive fields, parameters, multiply-adds and memory of a model, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import keras
import numpy as np
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.inspection.graph_config import filled, own_graph, references
from reproduce.inspection.layer_readings import layer_readings, multiply_adds
from reproduce.models.layers.footprint import Footprint, Interval, image_axis, through, together


@dataclass(frozen=True)
class LayerGeometry:
    """One call of one layer. Tuples have one entry for each axis of the image, (y, x) or (z, y, x).

    Attributes:
        name: Name of the layer, those of the models that it lies in before it: "backbone/conv1".
        kind: Its class.
        output: Shape of its output without the batch; of its first output where it has several.
        reads: What each output reads of the layer's input: taps, stride, dilation, padding; () for the image itself.
        jump: Pixels of the image from one output to the next.
        receptive_field: Pixels from the first to the last that an output can see, the largest of all outputs. It counts
            what lies beyond the image as if the image went on, unless `depends_on_image`.
        depends_on_image: Whether some output has seen a share of the image (global or adaptive pooling, normalisation
            over the image, flattening): the field then ends at its edges.
        parameters: Weights as Keras counts them, running statistics included; 0 where a layer is called again.
        running_statistics: How many of them are means and variances of batch normalisation.
        multiply_adds: Of one image; see `layer_readings.multiply_adds`.
        activation_bytes: Bytes of its outputs for one image in their own precision.
        footprints: What each position sees; see `field_at`.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    reads: tuple
    jump: tuple[Fraction, ...]
    receptive_field: tuple[int, ...]
    depends_on_image: bool
    parameters: int
    running_statistics: int
    multiply_adds: int
    activation_bytes: int
    footprints: tuple[Footprint, ...]

    def field_at(self, position: Sequence[int]) -> tuple[Interval, ...]:
        """Return the (first, last) pixel that an output can see along each axis; padding lies below 0 and beyond.

        At the edges it is a bound: beyond their grid features count as if they went on, so that the first or last pixel
        that is really seen may lie further in.

        Args:
            position: Position of the output, one index for each axis of the image; 0 where it has none left.
        """
        return tuple(footprint.at(i) for footprint, i in zip(self.footprints, position, strict=True))


@dataclass(frozen=True)
class Cost:
    """What a model costs.

    Attributes:
        parameters: As Keras counts them: weights, running statistics of batch normalisation included.
        multiply_adds: Of one image; see `layer_readings.multiply_adds` for what counts.
        activation_bytes: Bytes of all layers' outputs for one image, the image included: what training keeps if nothing
            is overwritten or computed again. Reshaped and flattened tensors are no new ones.
    """

    parameters: int
    multiply_adds: int
    activation_bytes: int


def cost(model: keras.Model) -> Cost:
    """Return the sums of `layer_geometry` over the layers of a model that this package builds for images of one size.

    Of Mask R-CNN, by its `cost_parts`: its pyramid, the RPN head on each level, the box head on every proposal and the
    mask head on every detection, as many as there can be. RoIAlign, suppression and pasting hold no multiply-adds in
    the convention of `layer_readings.multiply_adds`, and are left out.

    Raises:
        ArgumentError: See `layer_geometry`.
    """
    parts = model.cost_parts() if hasattr(model, "cost_parts") else [(model, 1)]
    rows = [(row, times) for part, times in parts for row in layer_geometry(part)]
    return Cost(
        parameters=model.count_params(),
        multiply_adds=sum(times * row.multiply_adds for row, times in rows),
        activation_bytes=sum(times * row.activation_bytes for row, times in rows),
    )


def layer_geometry(model: keras.Model) -> tuple[LayerGeometry, ...]:
    """Return the geometry of every layer in the order in which the image passes them; nothing is computed on images.

    RF_out = RF_in + (k - 1) d jump_in and jump_out = jump_in s along a chain (Araujo et al. 2019, equations 1 and 2);
    where branches join, an output sees what any of them sees.

    Args:
        model: Functional or sequential, channels last, with images of known size; models within it are entered. Several
            inputs are images on one grid.

    Raises:
        ArgumentError: The model is neither, the size is not known, a layer does not say what it reads (see
            `layer_readings`), branches that join are on different grids, or what a layer says does not give the size
            that Keras gives.
    """
    inputs = [tuple(tensor.shape[1:]) for tensor in getattr(model, "inputs", None) or ()]  # a subclassed one has none
    sizes = {shape[:-1] for shape in inputs}
    if len(sizes) != 1 or None in (image := next(iter(sizes))) or not image:
        got, do = f"inputs {inputs}", "build the model for images of one known size"
        raise ArgumentError(expected="images on one known grid", got=got, where=model.name, do=do)
    walk = _Walk(image, set(), [])
    tensors = [
        _Tensor(shape, str(tensor.dtype), tuple(image_axis(n) for n in image))
        for shape, tensor in zip(inputs, model.inputs, strict=True)
    ]
    walk.model(model, tensors, prefix="")
    return tuple(walk.rows)


@dataclass(frozen=True)
class _Tensor:
    """A tensor of one image: shape without the batch, and what its positions see."""

    shape: tuple[int, ...]
    dtype: str
    footprints: tuple[Footprint, ...]

    @property
    def bytes(self) -> int:
        return int(np.prod(self.shape)) * (2 if self.dtype == "bfloat16" else np.dtype(self.dtype).itemsize)


@dataclass(frozen=True)
class _Walk:
    """The way of an image through a model, layer after layer."""

    image: tuple[int, ...]
    counted: set[int]
    rows: list[LayerGeometry]

    def model(self, model: keras.Model, inputs: Sequence[_Tensor], *, prefix: str) -> list[_Tensor]:
        """Return the outputs of a model for its inputs."""
        if isinstance(model, keras.Sequential):
            tensors = list(inputs)
            for layer in model.layers:
                tensors = self.layer(layer, tensors, {}, prefix=prefix)
            return tensors
        config = model.get_config()
        if "output_layers" not in config:
            got, do = f"a {type(model).__name__} that computes in Python", "ask for the models that it is made of"
            raise ArgumentError(expected="a functional or sequential model", got=got, where=model.name, do=do)
        operations = {operation.name: operation for operation in model.operations}
        known = dict(zip(references(config["input_layers"]), inputs, strict=True))
        if not prefix:
            for (name, *_), tensor in known.items():
                self.record(operations[name], name, [], [tensor], ())
        calls = {(each["name"], i): node for each in config["layers"] for i, node in enumerate(each["inbound_nodes"])}
        needs = {call: references(node) for call, node in calls.items()}
        # Of a layer that is called again the second call stands in the config beside the first, before what it needs.
        while needs:
            ready = [call for call in needs if all(key in known for key in needs[call])]
            if not ready:
                do = "give every layer a name of its own, and connect it to the model's inputs"
                got = f"none for {', '.join(sorted(name for name, _ in needs))}"
                raise ArgumentError(expected="inputs of every layer", got=got, where=model.name, do=do)
            for call in ready:
                node = filled(calls[call], known)
                outputs = self.layer(operations[call[0]], node["args"], node["kwargs"], prefix=prefix)
                known |= {(*call, k): tensor for k, tensor in enumerate(outputs)}
                del needs[call]
        ends = references(config["output_layers"])
        return [known[name, call - own_graph(operations[name]), k] for name, call, k in ends]

    def layer(self, layer: Any, args: Sequence, kwargs: Mapping, *, prefix: str) -> list[_Tensor]:
        """Return the outputs of a layer for its arguments; a model is entered."""
        name = f"{prefix}{layer.name}"
        inputs = [leaf for leaf in keras.tree.flatten([args, kwargs]) if isinstance(leaf, _Tensor)]
        if isinstance(layer, keras.Model):
            return self.model(layer, inputs, prefix=f"{name}/")
        if not isinstance(layer, layers.Layer):
            got, do = f"keras.ops ({type(layer).__name__})", "use the layer that does the same, or one of your own"
            raise ArgumentError(expected="layers", got=got, where=name, do=do)
        joined = [
            together(each, image=side, where=f"layer {name}") if len(each) > 1 else each[0]
            for *each, side in zip(*(tensor.footprints for tensor in inputs), self.image, strict=True)
        ]
        readings = layer_readings(layer, tuple(each.n for each in joined), [tensor.shape for tensor in inputs])
        sides = zip(joined, readings, self.image, strict=True)
        footprints = tuple(through(source, reading, image=side) for source, reading, side in sides)
        outputs = [_Tensor(shape, dtype, footprints) for shape, dtype in _outputs(layer, args, kwargs)]
        for tensor in outputs:
            _require_grid(name, tensor)
        self.record(layer, name, inputs, outputs, readings)
        return outputs

    def record(
        self, layer: layers.Layer, name: str, inputs: Sequence[_Tensor], outputs: Sequence[_Tensor], readings: tuple
    ) -> None:
        """Note a call."""
        first, again = outputs[0], id(layer) in self.counted
        self.counted.add(id(layer))
        statistics = 2 * layer.moving_mean.shape[0] if isinstance(layer, layers.BatchNormalization) else 0
        same = isinstance(layer, (layers.Reshape, layers.Flatten))
        self.rows.append(
            LayerGeometry(
                name=name,
                kind=type(layer).__name__,
                output=first.shape,
                reads=readings,
                jump=tuple(each.jump for each in first.footprints),
                receptive_field=tuple(each.extent for each in first.footprints),
                depends_on_image=any(each.advance is None for each in first.footprints),
                parameters=0 if again else layer.count_params(),
                running_statistics=0 if again else statistics,
                multiply_adds=multiply_adds(layer, [tensor.shape for tensor in inputs], first.shape) if inputs else 0,
                activation_bytes=0 if same else sum(tensor.bytes for tensor in outputs),
                footprints=first.footprints,
            )
        )


def _outputs(layer: layers.Layer, args: Sequence, kwargs: Mapping) -> list[tuple[tuple[int, ...], str]]:
    """Return shape without the batch and precision of each output, as Keras gives them."""
    args, kwargs = keras.tree.map_structure(_symbol, (list(args), dict(kwargs)))
    found = keras.tree.flatten(layer.compute_output_spec(*args, **kwargs))
    return [(tuple(tensor.shape[1:]), str(tensor.dtype)) for tensor in found]


def _symbol(value: Any) -> Any:
    return keras.KerasTensor((1, *value.shape), dtype=value.dtype) if isinstance(value, _Tensor) else value


def _require_grid(name: str, tensor: _Tensor) -> None:
    grid = tensor.shape[:-1] if len(tensor.shape) > 1 else (1,) * len(tensor.footprints)
    due = tuple(each.n for each in tensor.footprints)
    if grid != due:
        expected = f"a grid of {due}, which follows from what the layer reads"
        do = "mend the layer's readings(grid), or keep the axes of the image apart from those of channels"
        raise ArgumentError(expected=expected, got=f"{grid} from Keras", where=f"layer {name}", do=do)
