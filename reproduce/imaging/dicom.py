"""DICOM series: a folder of files in, one volume in HU (or the unit of MR or PET) with its place in the patient out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.errors import ArgumentError, DuplicateSliceError, NotAnImageError
from reproduce.imaging.account import Note, spacing_notes
from reproduce.imaging.dicom_claims import require_pixels
from reproduce.imaging.dicom_geometry import SAME_PLACE_MM, by_place, require_one_plane, stack_geometry
from reproduce.imaging.dicom_headers import SliceHeader, read_headers
from reproduce.imaging.dicom_pixels import read_dataset, slice_hu, slice_values
from reproduce.imaging.dicom_reconstruction import require_one_reconstruction
from reproduce.imaging.dicom_series import SeriesFiles, find_series, one_series
from reproduce.imaging.dicom_units import MODALITIES
from reproduce.imaging.volume import Volume
from reproduce.patient_ids import hidden_below

__all__ = ["CtSeries", "SeriesFiles", "SeriesHeader", "find_series", "read_series", "read_series_header"]


@dataclass(frozen=True, eq=False)
class CtSeries:
    """A series of CT, MR or PET on one regular grid.

    Attributes:
        volume: `[z, y, x]`: int16 HU of CT, what `read_series` says of MR and PET; z index 0 has the smallest position
            along the slice normal, y and x grow as rows and columns of the files do; the affine is in LPS mm.
        sop_uids: SOPInstanceUID of each slice, in order of z; one UID many times where a file holds many frames.
        positions_mm: Position of each slice along the normal (row direction x column direction), ascending.
        files: The files that were read.
        notes: What was left out beside them, and what speaks against what was read.
    """

    volume: Volume
    sop_uids: tuple[str, ...]
    positions_mm: tuple[float, ...]
    files: SeriesFiles
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class SeriesHeader:
    """What the headers of a series say of its volume; see `CtSeries`.

    Attributes:
        shape: Number of slices, rows and columns.
        affine: float64 `[4, 4]`; index (x, y, z, 1) to LPS mm.
        unit: Unit of the values.
        sop_uids: SOPInstanceUID of each slice, in order of z.
        positions_mm: Position of each slice along the normal, ascending.
        notes: As those of `CtSeries`.
    """

    shape: tuple[int, int, int]
    affine: np.ndarray
    unit: str
    sop_uids: tuple[str, ...]
    positions_mm: tuple[float, ...]
    notes: tuple[Note, ...]


def read_series_header(files: SeriesFiles) -> SeriesHeader:
    """Read order, grid and unit of a series, and refuse what `read_series` refuses, without decoding its pixels.

    Pixels are read of slices that share a position alone, which must be copies. A slice whose pixels are corrupt, or
    whose HU do not fit into int16, is found by `read_series` alone.

    Raises:
        What `read_series` raises.
    """
    return _sorted_slices(files)[1]


def read_series(
    folder_or_files: Path | SeriesFiles, *, series_uid: str | None = None, modality: str = "CT"
) -> CtSeries:
    """Read the series of a folder, its slices ordered by position alone.

    File names, InstanceNumber and SliceLocation are not asked.

    A slice that is there twice with the same pixels is taken once. Localizers and secondary captures are left out as
    `find_series` does. Multi-frame files (Enhanced CT) give one slice per frame.

    Errors name a folder as it was passed, and what lies below it as results do, see `patient_ids`; of a series that was
    found they name its files, which the caller has.

    Args:
        folder_or_files: A folder with any nesting, or a series that `find_series` found.
        series_uid: SeriesInstanceUID to take where the folder holds several.
        modality: "CT", "MR" or "PT", of a folder; a series that was found has its own.

    Returns:
        The volume with the UIDs and positions of its slices. CT is int16, rounded to whole HU. MR is "arbitrary" and
        PET in its Units, e.g. "BQML": float32, or the stored type where every slope is 1 and every intercept 0.

    Raises:
        DataNotFoundError: Wrong path, empty folder, nothing of the modality in it, or no series of that UID.
        SeveralSeriesError: Several series and no UID; the text lists them. Or one of two reconstructions, as
            `require_one_reconstruction` says.
        NotAnImageError: A file beside the slices may be a lost one; or a header lacks what an image must say, or
            contradicts itself. The text names file and tag.
        SliceShapeError, OrientationError: Slices differ in size, pixel spacing or orientation.
        DuplicateSliceError: Two slices at one position with different pixels, or one SOP instance at two positions.
        MissingSliceError, SliceSpacingError, SliceOffsetError: The slices form no regular stack.
        PixelDecodeError: Pixels are truncated, corrupt, more or fewer than the header says, or compressed in a way that
            no plug-in knows.
        PixelRangeError: HU that do not fit into int16.
        ArgumentError: `series_uid` is not the UID of the series that is passed, or that series has no files; or a
            modality of which no volume can be made.
    """
    if isinstance(folder_or_files, SeriesFiles):
        return _read(folder_or_files, series_uid, modality)
    with hidden_below(Path(folder_or_files)):
        return _read(folder_or_files, series_uid, modality)


def _read(folder_or_files: Path | SeriesFiles, series_uid: str | None, modality: str) -> CtSeries:
    files = _chosen(folder_or_files, series_uid, modality)
    slices, header = _sorted_slices(files)
    volume = Volume(_voxels(slices), header.affine, header.unit)
    return CtSeries(volume, header.sop_uids, header.positions_mm, files, header.notes)


def _sorted_slices(files: SeriesFiles) -> tuple[list[SliceHeader], SeriesHeader]:
    """Return the slices of a series in order of z, one a position, and what their headers say together."""
    where = files.files[0].parent
    _require_no_fault(files, where)
    headers = [header for path in files.files for header in read_headers(path)]
    require_one_plane(headers, where)
    positions = by_place(headers)
    geometry = stack_geometry([group[0] for group in positions], where)
    for header in headers:
        require_pixels(header.claim)
    slices = _without_copies(positions, where)
    notes = require_one_reconstruction(slices, where)
    copies = Counter(header.path for header in headers) - Counter(header.path for header in slices)
    lengths_mm = np.linalg.norm(geometry.affine[:3, :3], axis=0)[::-1]
    rows, columns = slices[0].shape
    return slices, SeriesHeader(
        shape=(len(slices), rows, columns),
        affine=geometry.affine,
        unit=slices[0].scale.unit,
        sop_uids=tuple(header.sop_uid for header in slices),
        positions_mm=tuple(geometry.positions_mm.tolist()),
        notes=(
            *files.notes,
            *(Note(path, "a copy of a slice that is read once") for path in copies),
            *notes,
            *spacing_notes(where, lengths_mm),
        ),
    )


def _chosen(folder_or_files: Path | SeriesFiles, series_uid: str | None, modality: str) -> SeriesFiles:
    files = folder_or_files
    wanted = files.modality if isinstance(files, SeriesFiles) else modality
    if wanted not in MODALITIES:
        expected, do = f"a modality of {', '.join(MODALITIES)}", "pass a series of slices"
        raise ArgumentError(expected=expected, got=wanted or "none", where="read_series", do=do)
    if not isinstance(files, SeriesFiles):
        return one_series(Path(files), modality=modality, series_uid=series_uid)
    if series_uid not in (None, files.series_uid) or not files.files:
        raise ArgumentError(
            expected=f"files of the series {series_uid or files.series_uid}",
            got=f"{len(files.files)} files of {files.series_uid}",
            where="read_series",
            do="pass the folder with series_uid, or a series of find_series alone",
        )
    return files


def _require_no_fault(files: SeriesFiles, where: Path) -> None:
    """Return if nothing beside the slices may be a slice that was lost; which are whole no header says."""
    faults = [note for note in files.notes if note.is_fault]
    if faults:
        raise NotAnImageError(
            expected=f"whole DICOM files beside the {len(files.files)} of the series",
            got="; ".join(f"{note.path.name}: {note.reason}" for note in faults),
            where=where,
            do="fetch these files again; remove them if they are no slices",
        )


def _without_copies(places: Sequence[list[SliceHeader]], where: Path) -> list[SliceHeader]:
    """Return the first slice of every position, after a check that the other ones are copies of it."""
    for group in places:
        for other in group[1:]:
            apart_mm = np.linalg.norm(other.position_mm - group[0].position_mm)
            if apart_mm > SAME_PLACE_MM or not np.array_equal(*_voxels([group[0], other])):
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


def _voxels(slices: Sequence[SliceHeader]) -> np.ndarray:
    """Read the values of slices `[z, y, x]`; every file is opened once, however many frames it has."""
    read = slice_values
    dtype: np.dtype = np.dtype(np.float32)
    if slices[0].scale.unit == "HU":
        read, dtype = slice_hu, np.dtype(np.int16)
    elif all((header.scale.slope, header.scale.intercept) == (1.0, 0.0) for header in slices):
        dtype = np.result_type(*{header.claim.dtype for header in slices})
    voxels = np.empty((len(slices), *slices[0].shape), dtype=dtype)
    frames = defaultdict(list)
    for z, header in enumerate(slices):
        frames[header.path].append((z, header))
    for path, numbered in frames.items():
        dataset = read_dataset(path)
        for z, header in numbered:
            voxels[z] = read(dataset, header)
    return voxels
