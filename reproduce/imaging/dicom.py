"""CT series: a folder of DICOM files in, one volume in HU with its position in the patient out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.errors import ArgumentError, DuplicateSliceError
from reproduce.imaging.dicom_geometry import SAME_PLACE_MM, by_place, require_one_plane, stack_geometry
from reproduce.imaging.dicom_headers import SliceHeader, read_headers
from reproduce.imaging.dicom_pixels import read_dataset, slice_hu
from reproduce.imaging.dicom_series import SeriesFiles, find_series, one_series
from reproduce.imaging.volume import Volume

__all__ = ["CtSeries", "SeriesFiles", "find_series", "read_series"]


@dataclass(frozen=True, eq=False)
class CtSeries:
    """A CT series on one regular grid.

    Attributes:
        volume: int16 HU `[z, y, x]`; z index 0 has the smallest position along the slice normal, y and x grow as rows
            and columns of the files do; the affine is in LPS mm.
        sop_uids: SOPInstanceUID of each slice, in order of z; one UID many times where a file holds many frames.
        positions_mm: Position of each slice along the normal (row direction x column direction), ascending.
        files: The files that were read.
    """

    volume: Volume
    sop_uids: tuple[str, ...]
    positions_mm: tuple[float, ...]
    files: SeriesFiles


def read_series(folder_or_files: Path | SeriesFiles, *, series_uid: str | None = None) -> CtSeries:
    """Read the CT series of a folder, its slices ordered by position alone.

    File names, InstanceNumber and SliceLocation are not asked.

    A slice that is there twice with the same pixels is taken once. Localizers and secondary captures are left out as
    `find_series` does. Multi-frame files (Enhanced CT) give one slice per frame.

    Args:
        folder_or_files: A folder with any nesting, or a series that `find_series` found.
        series_uid: SeriesInstanceUID to take where the folder holds several.

    Returns:
        The volume with the UIDs and positions of its slices.

    Raises:
        DataNotFoundError: Wrong path, empty folder, no CT in it, or no series of that UID.
        SeveralSeriesError: Several CT series and no UID; the text lists them.
        NotAnImageError: A header lacks what an image must say; the text names tag and file.
        SliceShapeError, OrientationError: Slices differ in size, pixel spacing or orientation.
        DuplicateSliceError: Two slices at one position with different pixels, or one SOP instance at two positions.
        MissingSliceError, SliceSpacingError, SliceOffsetError: The slices form no regular stack.
        PixelDecodeError: Pixels are truncated, corrupt, or compressed in a way that no plug-in knows.
        PixelRangeError: HU that do not fit into int16.
        ArgumentError: `series_uid` is not the UID of the series that is passed, or that series has no files.
    """
    files = _chosen(folder_or_files, series_uid)
    where = files.files[0].parent
    headers = [header for path in files.files for header in read_headers(path)]
    require_one_plane(headers, where)
    slices = _without_copies(by_place(headers), where)
    geometry = stack_geometry(slices, where)
    return CtSeries(
        volume=Volume(_voxels_hu(slices), geometry.affine, "HU"),
        sop_uids=tuple(header.sop_uid for header in slices),
        positions_mm=tuple(geometry.positions_mm.tolist()),
        files=files,
    )


def _chosen(folder_or_files: Path | SeriesFiles, series_uid: str | None) -> SeriesFiles:
    if not isinstance(folder_or_files, SeriesFiles):
        return one_series(Path(folder_or_files), modality="CT", series_uid=series_uid)
    if series_uid not in (None, folder_or_files.series_uid) or not folder_or_files.files:
        raise ArgumentError(
            expected=f"files of the series {series_uid or folder_or_files.series_uid}",
            got=f"{len(folder_or_files.files)} files of {folder_or_files.series_uid}",
            where="read_series",
            do="pass the folder with series_uid, or a series of find_series alone",
        )
    return folder_or_files


def _without_copies(places: Sequence[list[SliceHeader]], where: Path) -> list[SliceHeader]:
    """Return the first slice of every position, after a check that the other ones are copies of it."""
    for group in places:
        for other in group[1:]:
            apart_mm = np.linalg.norm(other.position_mm - group[0].position_mm)
            if apart_mm > SAME_PLACE_MM or not np.array_equal(*_voxels_hu([group[0], other])):
                raise DuplicateSliceError(
                    expected=f"one slice at {group[0].position_mm.tolist()} mm",
                    got=f"different pixels or in-plane positions in {group[0].path.name} and {other.path.name}",
                    where=where,
                    do="remove the file that does not belong to the series",
                )
    slices = [group[0] for group in places]
    seen: dict[tuple[str, int], SliceHeader] = {}
    for header in slices:
        twin = seen.setdefault((header.sop_uid, header.frame), header)
        if twin is not header:
            raise DuplicateSliceError(
                expected=f"one position for the SOP instance {header.sop_uid}",
                got=f"{twin.position_mm.tolist()} and {header.position_mm.tolist()} mm",
                where=f"{twin.path} and {header.path}",
                do="remove the file that does not belong to the series",
            )
    return slices


def _voxels_hu(slices: Sequence[SliceHeader]) -> np.ndarray:
    """Read the HU of slices, int16 `[z, y, x]`; every file is opened once, however many frames it has."""
    voxels = np.empty((len(slices), *slices[0].shape), dtype=np.int16)
    frames = defaultdict(list)
    for z, header in enumerate(slices):
        frames[header.path].append((z, header))
    for path, numbered in frames.items():
        dataset = read_dataset(path)
        for z, header in numbered:
            voxels[z] = slice_hu(dataset, header)
    return voxels
