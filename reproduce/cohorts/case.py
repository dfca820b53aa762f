"""One scan of one patient as every cohort hands it on, and the cohort that found it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from reproduce.cohorts.ledger import Ledger, LedgerEntry
from reproduce.errors import CohortError
from reproduce.imaging.volume import Volume, require_same_grid

Scan = TypeVar("Scan")
SAME_GRID_MM = 1e-3


@dataclass(frozen=True, eq=False)
class Case:
    """An image with its reference on one grid.

    Raises:
        GeometryError: Image and reference lie on different grids.
        CohortError: The reference is no integer map, or has a label without a name.
    """

    patient: str  # whose it is, see `patient_ids`; the unit of every split
    scan: str  # unique within the cohort (LIDC: SeriesInstanceUID)
    image: Volume  # [z, y, x] or [z, y, x, channel]
    # Integer label map [z, y, x] on the same grid; 0 is background. LIDC: 1 to n, one label a nodule of 3 mm or more;
    # BraTS: tissues; thoracic: organs.
    reference: Volume
    label_names: Mapping[int, str]  # what each label above 0 means; a named label may have no voxel
    readers: tuple[str, ...]  # who read it; empty where the data set does not say

    def __post_init__(self) -> None:
        names = (f"image of {self.scan}", f"reference of {self.scan}")
        require_same_grid(self.image, self.reference, names=names, tolerance_mm=SAME_GRID_MM)
        do, voxels = "mend the reader of this cohort", self.reference.voxels
        if voxels.ndim != 3 or not np.issubdtype(voxels.dtype, np.integer):
            got = f"{voxels.dtype} with {voxels.ndim} axes"
            raise CohortError(expected="an integer label map [z, y, x]", got=got, where=self.scan, do=do)
        unnamed = sorted(set(np.unique(voxels[voxels != 0]).tolist()) - set(self.label_names))
        if unnamed:
            expected = f"labels 0 and {sorted(self.label_names)}"
            raise CohortError(expected=expected, got=f"labels {unnamed} too", where=self.scan, do=do)


@dataclass(frozen=True)
class Cohort(Generic[Scan]):
    """The scans that are in, and the account of all that were found."""

    name: str  # data set, e.g. "LIDC-IDRI"
    scans: tuple[Scan, ...]  # that are in, in the order of the ledger
    ledger: Ledger  # every scan that was found, in or out, with the reason


def cohort_of(
    name: str, scans: Iterable[Scan], entries: Iterable[LedgerEntry], *, expected: str, where: Path, do: str
) -> Cohort[Scan]:
    """Return the cohort of scans that are in; the last three arguments are for the error where there is none.

    Raises:
        CohortError: No scan is in, for the reasons that the text lists; or one is entered twice.
    """
    cohort = Cohort(name, tuple(scans), Ledger(tuple(entries)))
    if not cohort.scans:
        raise CohortError(expected=expected, got=cohort.ledger.summary(), where=where, do=do)
    return cohort
