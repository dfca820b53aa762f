"""Which pixels of the image each output of a layer can see, along one axis, exactly and by whole numbers.

Araujo, Norris and Sim 2019 ("Computing receptive fields of convolutional neural networks") give formulas for graphs of
convolutions. Here every output's own interval is followed instead, so that transposed convolutions, resizing and
pooling over shares of the grid, whose outputs do not all see equally much, are exact too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reproduce.errors import ArgumentError

Interval = tuple[float, float]
NOTHING: Interval = (math.inf, -math.inf)


@dataclass(frozen=True)
class Window:
    """Each output reads `taps` inputs, `dilation` apart; the next output reads from `stride` further on.

    Attributes:
        taps, stride, dilation: Those of a convolution or pooling; stride 1 and one tap are a single pixel.
        before, after: Zeros put before the first and after the last input; negative numbers crop.
    """

    taps: int
    stride: int
    dilation: int
    before: int
    after: int

    def size(self, n: int) -> int:
        """Return the outputs of `n` inputs."""
        return (n + self.before + self.after - self.dilation * (self.taps - 1) - 1) // self.stride + 1

    def steps(self, n: int) -> tuple[int, int]:
        """Return (q, r): q outputs further on, reading has moved on by r inputs."""
        return 1, self.stride

    def reads(self, output: int, n: int) -> range:
        """Return the inputs that an output reads; those below 0 or from `n` on are padding."""
        first = output * self.stride - self.before
        return range(first, first + self.dilation * (self.taps - 1) + 1, self.dilation)


@dataclass(frozen=True)
class Spread:
    """A transposed convolution: each input is spread over `taps` outputs, the next one's begin `stride` further on.

    Attributes:
        taps, stride, dilation: Those of the convolution that it transposes.
        before: Outputs cut off at the start.
        length: Outputs that are left.
    """

    taps: int
    stride: int
    dilation: int
    before: int
    length: int

    def size(self, n: int) -> int:
        """See `Window.size`."""
        return self.length

    def steps(self, n: int) -> tuple[int, int]:
        """See `Window.steps`."""
        return self.stride, 1

    def reads(self, output: int, n: int) -> list[int]:
        """See `Window.reads`; none where the kernel is shorter than the stride."""
        starts = (output + self.before - tap * self.dilation for tap in range(self.taps))
        return sorted(start // self.stride for start in starts if start % self.stride == 0)


class _Rescaling:
    """Any number of outputs for any number of inputs, over the same stretch of the image.

    There are as many outputs as inputs where `length` is None.
    """

    length: int | None

    def size(self, n: int) -> int:
        """See `Window.size`."""
        return n if self.length is None else self.length

    def steps(self, n: int) -> tuple[int, int]:
        """See `Window.steps`."""
        shared = math.gcd(self.size(n), n)
        return self.size(n) // shared, n // shared


@dataclass(frozen=True)
class Resample(_Rescaling):
    """Interpolation between pixel centres to `length` outputs, edges repeated.

    Two neighbours are mixed where it is `linear`; else the nearest is taken.
    """

    length: int
    linear: bool

    def reads(self, output: int, n: int) -> Sequence[int]:
        """See `Window.reads`."""
        if not self.linear:
            return [(2 * output + 1) * n // (2 * self.length)]
        twice, scale = (2 * output + 1) * n - self.length, 2 * self.length
        low = twice // scale  # floor((output + 1/2) n / length - 1/2)
        return range(low, low + 2) if twice % scale else [low]


@dataclass(frozen=True)
class Bins(_Rescaling):
    """Pooling over `length` bins of near equal size; one bin is pooling over the whole axis.

    Bin i reads from floor(i n / length) up to, not including, ceil((i + 1) n / length), as torch's adaptive pooling.
    """

    length: int

    def reads(self, output: int, n: int) -> range:
        """See `Window.reads`."""
        return range(output * n // self.length, -(-(output + 1) * n // self.length))


@dataclass(frozen=True)
class Everywhere(_Rescaling):
    """Each output reads all inputs, as normalisation by statistics of the image does."""

    length: int | None = None

    def reads(self, output: int, n: int) -> range:
        """See `Window.reads`."""
        return range(n)


@dataclass(frozen=True)
class Tiles:
    """Each output reads the tile that it lies in.

    Attributes:
        side: Positions of a tile.
        shift: How far the tiles begin before the first input; the first and the last are then cut off by the edge.
    """

    side: int
    shift: int

    def size(self, n: int) -> int:
        """See `Window.size`."""
        return n

    def steps(self, n: int) -> tuple[int, int]:
        """See `Window.steps`: everything repeats after a tile."""
        return self.side, self.side

    def reads(self, output: int, n: int) -> range:
        """See `Window.reads`."""
        first = (output + self.shift) // self.side * self.side - self.shift
        return range(max(first, 0), min(first + self.side, n))


Reading = Window | Spread | Resample | Bins | Everywhere | Tiles
POINT = Window(1, 1, 1, 0, 0)
HALVING = Window(2, 2, 1, 0, 0)
WHOLE = Bins(1)


@dataclass(frozen=True)
class Footprint:
    """What each position along an axis of a tensor can see of the image.

    Attributes:
        n: Positions.
        jump: Pixels of the image from one position to the next.
        table: (first, last) pixel of the first positions; then they repeat, `advance` pixels further on. Pixels beyond
            the image are counted as if it went on. Where `advance` is None the table has all positions and ends at the
            edges of the image: it has been pooled over shares of the grid, and depends on the size of the image.
        advance: See `table`.
    """

    n: int
    jump: Fraction
    table: tuple[Interval, ...]
    advance: int | None

    def at(self, position: int) -> Interval:
        """Return the (first, last) pixel that a position sees; NOTHING for padding of a tensor that does not go on."""
        if self.advance is None:
            return self.table[position] if 0 <= position < self.n else NOTHING
        turns, rest = divmod(position, len(self.table))
        first, last = self.table[rest]
        return first + turns * self.advance, last + turns * self.advance

    @property
    def extent(self) -> int:
        """Return pixels from the first to the last that a position sees, the largest of all positions."""
        return max(max(0, int(last - first) + 1) if last >= first else 0 for first, last in self.table)


def image_axis(n: int) -> Footprint:
    """Return the footprint of the image itself: each pixel sees itself."""
    return Footprint(n, Fraction(1), ((0, 0),), 1)


def through(source: Footprint, reading: Reading, *, image: int) -> Footprint:
    """Return the footprint of what a layer that reads so makes of a tensor, in an image of `image` pixels a side."""
    n = reading.size(source.n)
    q, r = reading.steps(source.n)
    jump = source.jump * r / q
    if source.advance is None or isinstance(reading, (Bins, Everywhere)):
        inputs = [reading.reads(i, source.n) for i in range(n)]
        if isinstance(reading, Resample):
            inputs = [[min(max(j, 0), source.n - 1) for j in each] for each in inputs]
        return Footprint(n, jump, tuple(_within(_hull(source.at(j) for j in each), image) for each in inputs), None)
    rounds = len(source.table) // math.gcd(len(source.table), r)
    advance = source.advance * (r * rounds) // len(source.table)
    table = tuple(_hull(source.at(j) for j in reading.reads(i, source.n)) for i in range(q * rounds))
    return Footprint(n, jump, table, advance)


def together(sources: Sequence[Footprint], *, image: int, where: str) -> Footprint:
    """Return the footprint of tensors that are added or concatenated by position: each sees what any of them sees.

    Args:
        sources: Of equal length, or of one position, which is repeated.
        image: Side of the image in pixels.
        where: The layer, for the error.

    Raises:
        ArgumentError: Lengths differ, or positions that are joined lie differently far apart in the image.
    """
    n = max(source.n for source in sources)
    wide = [source for source in sources if source.n == n]
    if any(source.n not in (1, n) for source in sources) or (n > 1 and len({source.jump for source in wide}) > 1):
        got = ", ".join(f"{source.n} positions {source.jump} pixels apart" for source in sources)
        do = "join features that come from the same grid"
        raise ArgumentError(expected="inputs on one grid", got=got, where=where, do=do)
    if len(wide) == len(sources) and all(source.advance and source.jump == wide[0].jump for source in sources):
        period = math.lcm(*(len(source.table) for source in sources))
        table = tuple(_hull(source.at(i) for source in sources) for i in range(period))
        return Footprint(n, wide[0].jump, table, int(wide[0].jump * period))
    positions = ([source.at(i if source.n == n else 0) for source in sources] for i in range(n))
    return Footprint(n, wide[0].jump, tuple(_within(_hull(each), image) for each in positions), None)


def _hull(intervals: Iterable[Interval]) -> Interval:
    firsts, lasts = zip(*intervals, strict=True) if (intervals := list(intervals)) else ((math.inf,), (-math.inf,))
    return min(firsts), max(lasts)


def _within(interval: Interval, image: int) -> Interval:
    first, last = max(interval[0], 0), min(interval[1], image - 1)
    return (first, last) if first <= last else NOTHING
