"""How many positives and negatives a test set, or one fold of it, can have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reproduce.audit.interval import SHARES, Interval

# Larger test sets of unknown size are not tried one by one.
LARGEST_TEST_SET = 2000
_ENTRY = re.compile(r"([0-9]{1,16})(?:-([0-9]{1,16}))?")


@dataclass(frozen=True)
class MakeUp:
    """What is known of the numbers of positives and negatives.

    Attributes:
        positives: Possible numbers, at least 1 each.
        negatives: Likewise.
        total: Possible numbers of both together.
        open: Whether the true ones can lie beyond the ranges, which then bound a search and prove nothing.
    """

    positives: range
    negatives: range
    total: range
    open: bool = False

    @property
    def known(self) -> bool:
        """Whether both numbers are known."""
        return len(self.positives) == len(self.negatives) == 1

    @property
    def unknown(self) -> bool:
        """Whether nothing at all is known."""
        return self.open and self.positives == self.negatives == range(1, self.total[-1])

    def holds_all(self, shares: Interval) -> bool:
        """Whether the ranges hold every make-up with these shares of positives, so that a search of them proves."""
        rest, most = range(1, self.total[-1]), self.total[-1]
        by_positives = self.positives != rest and self.positives[-1] <= shares.low * (most + 1)
        by_negatives = self.negatives != rest and self.negatives[-1] <= (1 - shares.high) * (most + 1)
        return not self.open or by_positives or by_negatives

    @property
    def text(self) -> str:
        """The numbers for reading, e.g. "63 positives, 170 to 180 negatives"."""
        if self.unknown:
            return f"any test set; whole counts up to {self.total[-1]} cases"
        p, n = self.positives, self.negatives
        rest = range(1, self.total[-1])
        known = [f"{_text(side)} {name}" for side, name in ((p, "positives"), (n, "negatives")) if side != rest]
        if not self.open and self.total != range(p[0] + n[0], p[-1] + n[-1] + 1):
            known.append(f"{_text(self.total)} cases")
        return ", ".join(known) + (f"; the rest up to {self.total[-1]} cases" if self.open else "")

    @property
    def contradictory(self) -> bool:
        """Whether no positives and negatives give the total."""
        return next(self.pairs(SHARES), None) is None

    def pairs(self, shares: Interval) -> Iterator[tuple[int, int]]:
        """Yield (positives, negatives), the smallest test sets first, then those with the fewest positives.

        Args:
            shares: Shares of positives; others are left out.
        """
        p, n, low, high = self.positives, self.negatives, shares.low, shares.high
        for total in range(max(self.total[0], p[0] + n[0]), min(self.total[-1], p[-1] + n[-1]) + 1):
            least = max(p[0], total - n[-1], -(-low.numerator * total // low.denominator))
            most = min(p[-1], total - n[0], high.numerator * total // high.denominator)
            yield from ((positives, total - positives) for positives in range(least, most + 1))


def make_up(positives: range | None, negatives: range | None, total: range | None = None) -> MakeUp:
    """Return the make-up from what is known; None for what is not, which is searched up to `LARGEST_TEST_SET` cases."""
    if positives and negatives:
        both = range(positives[0] + negatives[0], positives[-1] + negatives[-1] + 1)
        return MakeUp(positives, negatives, total or both)
    known = positives or negatives or range(1)
    whole = total or range(2, LARGEST_TEST_SET + known[-1] + 1)
    rest = range(1, max(2, whole[-1]))
    return MakeUp(positives or rest, negatives or rest, whole, open=total is None)


def _text(side: range) -> str:
    return str(side[0]) if len(side) == 1 else f"{side[0]} to {side[-1]}"


def entries(text: str) -> tuple[range, ...] | None:
    """Return what a column `positives` or `negatives` says, one range for each entry; None for no such text.

    >>> entries("63"), entries("17;20-23"), entries("many")
    ((range(63, 64),), (range(17, 18), range(20, 24)), None)
    """
    found = [_ENTRY.fullmatch(entry.strip()) for entry in text.split(";")]
    ranges = [range(int(each[1]), int(each[2] or each[1]) + 1) for each in found if each]
    return tuple(ranges) if len(ranges) == len(found) and all(each and each.start for each in ranges) else None
