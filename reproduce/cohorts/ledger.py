"""The exclusion ledger: every scan that was found on disk, in or out, and why."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from reproduce.errors import CohortError
from reproduce.provenance import write_text

IN, OUT = "in", "out"


@dataclass(frozen=True, order=True)
class LedgerEntry:
    """What became of one scan."""

    patient: str  # whose it is; "" where the files do not say
    scan: str  # its identifier, or its path below the data root where it has none
    status: str  # "in" or "out"
    reason: str  # one of few sentences, so that equal reasons can be counted

    def __post_init__(self) -> None:
        if self.status not in (IN, OUT) or not self.reason:
            got, do = f"status {self.status!r}, reason {self.reason!r}", "say whether the scan is in, and why"
            raise CohortError(expected=f"{IN!r} or {OUT!r} with a reason", got=got, where=self.scan, do=do)


@dataclass(frozen=True)
class Ledger:
    """Entries sorted by patient and scan; one scan has one entry.

    Raises:
        CohortError: A scan is entered twice.
    """

    entries: tuple[LedgerEntry, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(sorted(self.entries)))
        twice = [scan for scan, n in Counter(entry.scan for entry in self.entries).items() if n > 1]
        if twice:
            got = f"{len(twice)} scans with several, the first of them {twice[0]}"
            do = "look for copies of a series below the data root, and remove all but one"
            raise CohortError(expected="one entry a scan", got=got, where="exclusion ledger", do=do)

    def n_of(self, status: str) -> int:
        """Return the number of scans that are "in", or "out"."""
        return sum(entry.status == status for entry in self.entries)

    def reasons(self) -> dict[tuple[str, str], int]:
        """Return the number of scans by (status, reason), sorted; empty for an empty ledger."""
        return dict(sorted(Counter((entry.status, entry.reason) for entry in self.entries).items()))

    def summary(self) -> str:
        """Return the reasons and how many scans have each, in one line; "" for an empty ledger."""
        return "; ".join(f"{n} {status}: {reason}" for (status, reason), n in self.reasons().items())

    def require_counts(self, *, n_in: int, n_out: int) -> None:
        """Return if as many scans are in and out as a publication, or an earlier run, counts.

        Raises:
            CohortError: Other numbers; the text lists the reasons.
        """
        found = (self.n_of(IN), self.n_of(OUT))
        if found != (n_in, n_out):
            got = f"{found[0]} in and {found[1]} out ({self.summary() or 'nothing found'})"
            do = "compare the data root with the published list of scans; fetch what is missing"
            raise CohortError(expected=f"{n_in} scans in and {n_out} out", got=got, where="exclusion ledger", do=do)

    def write_csv(self, path: Path) -> None:
        """Write one row a scan: `patient,scan,status,reason`; UTF-8, LF, sorted, in place of what was there."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow([field.name for field in fields(LedgerEntry)])
        rows.writerows(astuple(entry) for entry in self.entries)
        write_text(path, text.getvalue())
