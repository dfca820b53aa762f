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
    """What became of one scan.

    Attributes:
        patient: Whose it is; "" where the files do not say.
        scan: Its identifier, or its path below the data root where it has none.
        status: "in" or "out".
        reason: One of few sentences, so that equal reasons can be counted.
    """

    patient: str
    scan: str
    status: str
    reason: str

    def __post_init__(self):
        if self.status not in (IN, OUT) or not self.reason:
            got = f"status {self.status!r}, reason {self.reason!r}"
            do = "say whether the scan is in, and why"
            raise CohortError(expected=f"{IN!r} or {OUT!r} with a reason", got=got, where=self.scan, do=do)


@dataclass(frozen=True)
class Ledger:
    """Entries sorted by patient and scan; one scan has one entry.

    Raises:
        CohortError: A scan is entered twice.
    """

    entries: tuple[LedgerEntry, ...]

    def __post_init__(self):
        object.__setattr__(self, "entries", tuple(sorted(self.entries)))
        twice = [scan for scan, n in Counter(entry.scan for entry in self.entries).items() if n > 1]
        if twice:
            got = f"{len(twice)} scans with several, the first of them {twice[0]}"
            do = "look for copies of a series below the data root, and remove all but one"
            raise CohortError(expected="one entry a scan", got=got, where="exclusion ledger", do=do)

    def n_of(self, status: str) -> int:
        """Number of scans that are "in", or "out"."""
        return sum(entry.status == status for entry in self.entries)

    def reasons(self) -> dict[tuple[str, str], int]:
        """Number of scans by (status, reason), sorted; empty for an empty ledger."""
        return dict(sorted(Counter((entry.status, entry.reason) for entry in self.entries).items()))

    def require_counts(self, *, n_in: int, n_out: int) -> None:
        """Return if as many scans are in and out as a publication, or an earlier run, counts.

        Raises:
            CohortError: Other numbers; the text lists the reasons.
        """
        found = (self.n_of(IN), self.n_of(OUT))
        if found != (n_in, n_out):
            listing = "; ".join(f"{n} {status}: {reason}" for (status, reason), n in self.reasons().items())
            raise CohortError(
                expected=f"{n_in} scans in and {n_out} out",
                got=f"{found[0]} in and {found[1]} out ({listing or 'nothing found'})",
                where="exclusion ledger",
                do="compare the data root with the published list of scans; fetch what is missing",
            )

    def write_csv(self, path: Path) -> None:
        """Write one row a scan: `patient,scan,status,reason`; UTF-8, LF, sorted, in place of what was there."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow([field.name for field in fields(LedgerEntry)])
        rows.writerows(astuple(entry) for entry in self.entries)
        write_text(path, text.getvalue())
