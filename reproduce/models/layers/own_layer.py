"""What the layers of this package have in common."""

from __future__ import annotations

from keras import layers

from reproduce.models import Shape
from reproduce.models.layers.footprint import POINT, Reading


class OwnLayer(layers.Layer):
    """A layer whose grid follows from what it reads; without more it reads one position, and keeps all channels.

    There is no `get_config` here or below: Keras makes it of the constructor's arguments where these are plain numbers,
    texts and tuples of them, and those for itself are called `kwargs`.

    Attributes:
        reading: What an output reads of the first input along each axis of the image.
        n_out: Channels out; None for as many as come in.
    """

    reading: Reading = POINT
    n_out: int | None = None

    def readings(self, grid: Shape) -> tuple[Reading, ...]:
        """Return what an output reads along each axis, see `layer_readings.layer_readings`."""
        return (self.reading,) * len(grid)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the sizes that the readings leave along each axis, and the channels."""
        batch, *grid, channels = input_shape
        sides = (reading.size(n) for n, reading in zip(grid, self.readings(tuple(grid)), strict=True))
        return (batch, *sides, self.n_out or channels)
