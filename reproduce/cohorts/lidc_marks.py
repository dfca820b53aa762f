"""What a reader of LIDC-IDRI can say of a scan: marks, their outlines and their ratings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np


class MarkKind(StrEnum):
    """What a reader took a finding for."""

    NODULE = "nodule >= 3 mm"
    SMALL_NODULE = "nodule < 3 mm"
    NON_NODULE = "non-nodule"


@dataclass(frozen=True, eq=False)
class Outline:
    """A closed path of pixels on one slice: the first pixels outside the nodule."""

    sop_uid: str  # SOPInstanceUID of the slice; "" where the file has none
    z_mm: float  # position of the slice that the file gives: the z of ImagePositionPatient
    is_hole: bool  # whether it bounds a region that is not nodule (inclusion FALSE)
    points_xy: np.ndarray  # int32 [n, 2], (column, row) in pixels from 0; the last point may repeat the first

    def signature(self) -> tuple:
        """Return all of it as one value that can be compared and hashed."""
        return self.sop_uid, self.z_mm, self.is_hole, self.points_xy.tobytes()


@dataclass(frozen=True, eq=False)
class Mark:
    """One finding of one reader.

    Its kind goes by its shape: a path of several pixels on some slice is a nodule of 3 mm or more, a point a smaller
    one. (In LIDC-IDRI two outlined nodules have no characteristics, and two points have all of them 0.)
    """

    reader: str  # name within the scan
    kind: MarkKind
    name: str  # the reader's own number of it; means nothing across readers
    outlines: tuple[Outline, ...]  # at least one; a point is an outline of one pixel
    # Ratings by their names in the XML, 1 to 5 or 6; None for a 0, which no scale has. Empty where nothing was rated.
    characteristics: Mapping[str, int | None]

    def signature(self) -> tuple:
        """Return all of it as one value that can be compared and hashed."""
        paths = tuple(outline.signature() for outline in self.outlines)
        return self.reader, self.kind, self.name, paths, tuple(self.characteristics.items())


@dataclass(frozen=True, eq=False)
class ScanReads:
    """All marks of all readers on one CT series.

    Readers are "reader 1" to "reader n" in the order of the sessions, those without a mark included. The same number
    in two scans does not mean the same person: the collection is anonymised. Sessions of one scan that name the same
    person are one reader.
    """

    series_uid: str  # SeriesInstanceUID of the CT
    readers: tuple[str, ...]
    marks: tuple[Mark, ...]  # in the order of the file, without exact repetitions
    files: tuple[Path, ...]  # where they were read
