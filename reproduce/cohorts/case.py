"""One scan of one patient as every cohort hands it on, and the cohort that found it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from reproduce.cohorts.ledger import Ledger
from reproduce.errors import CohortError
from reproduce.imaging.volume import Volume, require_same_grid

Scan = TypeVar("Scan")
SAME_GRID_MM = 1e-3


@dataclass(frozen=True, eq=False)
class Case:
    """An image with its reference on one grid.

    Attributes:
        patient: Whose it is; the unit of every split.
        scan: Unique within the cohort (LIDC: SeriesInstanceUID).
        image: `[z, y, x]` or `[z, y, x, channel]`.
        reference: Integer label map `[z, y, x]` on the same grid; 0 is background. LIDC: 1 to n, one label a nodule of
            3 mm or more; BraTS: tissues; thoracic: organs.
        label_names: What each label above 0 means; a named label may have no voxel.
        readers: Who read it; empty where the data set does not say.

    Raises:
        GeometryError: Image and reference lie on different grids.
        CohortError: The reference is no integer map, or has a label without a name.
    """

    patient: str
    scan: str
    image: Volume
    reference: Volume
    label_names: Mapping[int, str]
    readers: tuple[str, ...]

    def __post_init__(self):
        names = (f"image of {self.scan}", f"reference of {self.scan}")
        require_same_grid(self.image, self.reference, names=names, tolerance_mm=SAME_GRID_MM)
        do = "mend the reader of this cohort"
        voxels = self.reference.voxels
        if voxels.ndim != 3 or not np.issubdtype(voxels.dtype, np.integer):
            got = f"{voxels.dtype} with {voxels.ndim} axes"
            raise CohortError(expected="an integer label map [z, y, x]", got=got, where=self.scan, do=do)
        unnamed = sorted(set(np.unique(voxels[voxels != 0]).tolist()) - set(self.label_names))
        if unnamed:
            expected = f"labels 0 and {sorted(self.label_names)}"
            raise CohortError(expected=expected, got=f"labels {unnamed} too", where=self.scan, do=do)


@dataclass(frozen=True)
class Cohort(Generic[Scan]):
    """The scans that are in, and the account of all that were found.

    Attributes:
        name: Data set, e.g. "LIDC-IDRI".
        scans: The scans that are in, in the order of the ledger.
        ledger: Every scan that was found, in or out, with the reason.
    """

    name: str
    scans: tuple[Scan, ...]
    ledger: Ledger
