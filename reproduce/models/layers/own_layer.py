"""What the layers of this package have in common."""

from __future__ import annotations

from keras import layers

from reproduce.models import Shape
from reproduce.models.layers.footprint import POINT, Reading


class OwnLayer(layers.Layer):
    """A layer that keeps the shape of its first input, and reads each axis alike; others say what they do instead.

    There is no `get_config` here or below: Keras makes it of the constructor's arguments where these are plain numbers,
    texts and tuples of them, and those for itself are called `kwargs`.

    Attributes:
        reading: What an output reads of the input along an axis; a single position unless the layer says otherwise.
    """

    reading: Reading = POINT

    def readings(self, grid: Shape) -> tuple[Reading, ...]:
        """Return what an output reads along each axis, see `layer_readings.layer_readings`."""
        return (self.reading,) * len(grid)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the first input."""
        return input_shape
