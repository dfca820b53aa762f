"""The memory pool of TensorFlow as arithmetic: which bytes of it are ever touched by a row of allocations.

TensorFlow takes memory in regions, each twice as large as the one before, gives each tensor the smallest free piece
that holds it ("best fit with coalescing"), and returns nothing to the system. So a process holds more than its tensors
at their peak: pieces between them that none of the later ones fits. GPUs have the same pool; on a CPU it is that of
oneDNN, for tensors above 256 KiB.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

import numpy as np

_ALIGNED = 256
_PAGE = 4096
_FIRST_REGION = 1 << 20
# A piece is cut where more than half of it, or more than this, would be left.
_MOST_LEFT = 128 << 20


@dataclass(eq=False)
class Piece:
    """A part of a region: given away, or free and then without a free neighbour."""

    region: int
    start: int
    size: int
    free: bool = False
    before: Piece | None = None
    after: Piece | None = None

    @property
    def order(self) -> tuple[int, int, int]:
        """Return the key of the smallest first, and then of the first."""
        return self.size, self.region, self.start


@dataclass
class Pool:
    """A pool that grows as TensorFlow's does."""

    _touched: list[np.ndarray] = field(default_factory=list)
    _free: list[tuple[tuple[int, int, int], Piece]] = field(default_factory=list)
    _next_region: int = _FIRST_REGION

    @property
    def touched(self) -> int:
        """Return the bytes of all pages that were ever written to."""
        return sum(int(pages.sum()) for pages in self._touched) * _PAGE

    def take(self, size: int) -> Piece:
        """Return a piece for a tensor, all of which is written to."""
        asked = -(-size // _ALIGNED) * _ALIGNED
        i = bisect.bisect_left(self._free, ((asked, -1, -1),), key=lambda entry: entry[:1])
        piece = self._free.pop(i)[1] if i < len(self._free) else self._grown(asked)
        piece.free = False
        left = piece.size - asked
        if left and (piece.size >= 2 * asked or left >= _MOST_LEFT):
            rest = Piece(piece.region, piece.start + asked, left, before=piece, after=piece.after)
            if piece.after is not None:
                piece.after.before = rest
            piece.size, piece.after = asked, rest
            self._put(rest)
        pages = self._touched[piece.region]
        pages[piece.start // _PAGE : -(-(piece.start + size) // _PAGE)] = True
        return piece

    def give_back(self, piece: Piece) -> None:
        """Free a piece, and unite it with what is free beside it."""
        for other in (piece.before, piece.after):
            if other is not None and other.free:
                self._free.pop(bisect.bisect_left(self._free, (other.order,), key=lambda entry: entry[:1]))
                first, second = (other, piece) if other is piece.before else (piece, other)
                first.size, first.after = first.size + second.size, second.after
                if second.after is not None:
                    second.after.before = first
                piece = first
        self._put(piece)

    def _put(self, piece: Piece) -> None:
        piece.free = True
        bisect.insort(self._free, (piece.order, piece), key=lambda entry: entry[0])

    def _grown(self, asked: int) -> Piece:
        larger = self._next_region < asked
        while self._next_region < asked:
            self._next_region *= 2
        size = self._next_region
        if not larger:
            self._next_region *= 2
        self._touched.append(np.zeros(size // _PAGE + 1, bool))
        return Piece(len(self._touched) - 1, 0, size)
