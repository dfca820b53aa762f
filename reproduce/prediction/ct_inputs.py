"""CT series that are to be predicted, found below a folder or by one of their files, and checked by their headers."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.errors import DataNotFoundError, NotAnImageError, ReproduceError
from reproduce.imaging.dicom import CtSeries, read_series
from reproduce.imaging.dicom_geometry import by_place, require_one_plane, stack_geometry
from reproduce.imaging.dicom_headers import read_headers
from reproduce.imaging.dicom_series import SeriesFiles, find_series

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST_UID = 64


@dataclass(frozen=True, eq=False)
class Stack:
    """What the headers of a series say of it.

    Attributes:
        sop_uids: SOPInstanceUID of each slice, in the order of z; one UID many times where a file holds many frames.
        affine: float64 `[4, 4]`; index (x, y, z, 1) to LPS mm.
    """

    sop_uids: tuple[str, ...]
    affine: np.ndarray


@dataclass(frozen=True)
class CtImage:
    """A CT series.

    Attributes:
        name: Name of its output, without an ending.
        files: The series.
        named_by: The file that stands for its series; None where the folder was named.
    """

    name: str
    files: SeriesFiles
    named_by: Path | None = None

    @property
    def where(self) -> Path:
        """Return the path that an error names."""
        return self.files.files[0].parent

    def read(self) -> CtSeries:
        """Read the series in HU, with its UIDs."""
        return read_series(self.files)

    def stack(self) -> Stack:
        """Return UIDs and geometry by the headers alone.

        Raises:
            What `dicom.read_series` raises on headers.
        """
        headers = [header for path in self.files.files for header in read_headers(path)]
        require_one_plane(headers, self.where)
        slices = [group[0] for group in by_place(headers)]
        return Stack(tuple(header.sop_uid for header in slices), stack_geometry(slices, self.where).affine)


def is_uid(text: str) -> bool:
    """Return whether a text is a UID: numbers with dots between them, up to 64 characters."""
    return len(text) <= _LONGEST_UID and _UID.fullmatch(text) is not None


def series_below(folder: Path, leave_out: Callable[[ReproduceError], None]) -> list[CtImage]:
    """Return the CT series below a folder, each named by its files' folder, or where several lie there by its UID.

    Args:
        folder: Folder to search.
        leave_out: Called with the error of each series, or folder, that cannot be read and is left out.
    """
    series = _found_below(folder, leave_out)
    parents = [os.path.commonpath([path.parent for path in each.files]) for each in series]
    several = {parent for parent, n in Counter(parents).items() if n > 1}
    images = []
    for parent, each in zip(map(Path, parents), series, strict=True):
        below = parent.relative_to(folder).as_posix()
        name = folder.absolute().name if below == "." else below
        if str(parent) not in several:
            images.append(CtImage(name, each))
        elif is_uid(each.series_uid):
            images.append(CtImage(f"{name}/{each.series_uid}", each))
        else:
            expected = "a SeriesInstanceUID of digits and dots, to name the output by"
            do = "put each series into a folder of its own"
            leave_out(NotAnImageError(expected=expected, got=ascii(each.series_uid), where=parent, do=do))
    return images


def series_of(path: Path) -> CtImage:
    """Return the CT series, in the folder of a file, that the file is a slice of.

    Raises:
        DataNotFoundError: The file is no slice of a CT series.
        What `dicom_series.find_series` raises.
    """
    errors: list[ReproduceError] = []
    for image in series_below(path.parent, errors.append):
        if path in image.files.files:
            return CtImage(image.name, image.files, path)
    if errors:
        raise errors[0]
    do = "name a .nii or .nii.gz file, a slice of a CT series, or a folder with images"
    raise DataNotFoundError(expected="a NIfTI file or a slice of a CT series", got=path.name, where=path, do=do)


def _found_below(folder: Path, leave_out: Callable[[ReproduceError], None]) -> Sequence[SeriesFiles]:
    """Find series, without those of folders that hold a broken file: whose slice that is nobody knows."""
    try:
        return find_series(folder)
    except (NotAnImageError, OSError) as error:
        folders = sorted(path for path in folder.iterdir() if path.is_dir())
        inner = error.where if isinstance(error, ReproduceError) else str(error.filename)
        if not any(Path(inner).is_relative_to(path) for path in folders):
            leave_out(error if isinstance(error, ReproduceError) else unreadable(error, folder))
        elif any(_is_dicom(path) for path in folder.iterdir()):
            leave_out(_torn(folder))
    found = [each for path in folders for each in _found_below(path, leave_out)]
    torn = {uid for uid, n in Counter(each.series_uid for each in found).items() if n > 1}
    if torn:
        leave_out(_torn(folder))
    return [each for each in found if each.series_uid not in torn]


def _torn(folder: Path) -> NotAnImageError:
    do = "remove the broken file, or name the folder of each series"
    expected, got = "whole DICOM files", "a broken one below it, so that slices of one series cannot be gathered"
    return NotAnImageError(expected=expected, got=got, where=folder, do=do)


def _is_dicom(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def unreadable(error: OSError, where: Path) -> DataNotFoundError:
    """Return what the system says of a file that cannot be opened as an error of ours."""
    do = "check the path and its permissions"
    return DataNotFoundError(expected="a file that can be read", got=error.strerror or str(error), where=where, do=do)
