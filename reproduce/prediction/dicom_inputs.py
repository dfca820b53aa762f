"""DICOM series that are to be predicted, found below a folder or by one of their files, checked by their headers."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.errors import DataNotFoundError, NotAnImageError, ReproduceError
from reproduce.imaging.dicom import CtSeries, SeriesHeader, read_series, read_series_header
from reproduce.imaging.dicom_files import first_bytes, starts_as_dicom
from reproduce.imaging.dicom_series import SeriesFiles, find_images
from reproduce.patient_ids import path_id, scan_id

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST_UID = 64


@dataclass(frozen=True)
class SeriesImage:
    """A series of CT, MR or PET.

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
        """Read the series in its own unit, with its UIDs."""
        return read_series(self.files)

    def header(self) -> SeriesHeader:
        """Return order and grid by the headers alone.

        Raises:
            What `dicom.read_series_header` raises.
        """
        return read_series_header(self.files)


def is_uid(text: str) -> bool:
    """Return whether a text is a UID: numbers with dots between them, up to 64 characters."""
    return len(text) <= _LONGEST_UID and _UID.fullmatch(text) is not None


def series_below(folder: Path, leave_out: Callable[[ReproduceError], None], *, show_names: bool) -> list[SeriesImage]:
    """Return the series below a folder, each named by its files' folder, or where several lie there by its UID.

    Args:
        folder: Folder to search.
        leave_out: Called with the error of each series, or folder, that cannot be read and is left out.
        show_names: Whether folders below it and UIDs name outputs as they are; else as `patient_ids` names them.
    """
    series = _found_below(folder, leave_out)
    parents = [os.path.commonpath([path.parent for path in each.files]) for each in series]
    several = {parent for parent, n in Counter(parents).items() if n > 1}
    images = []
    for parent, each in zip(map(Path, parents), series, strict=True):
        name = _name(parent, folder, show_names=show_names)
        if str(parent) not in several:
            images.append(SeriesImage(name, each))
        elif is_uid(each.series_uid):
            uid = each.series_uid if show_names else scan_id(each.series_uid, patient=each.patient_id, folder=parent)
            images.append(SeriesImage(f"{name}/{uid}", each))
        else:
            expected = "a SeriesInstanceUID of digits and dots, to name the output by"
            do = "put each series into a folder of its own"
            leave_out(NotAnImageError(expected=expected, got=ascii(each.series_uid), where=parent, do=do))
    return images


def _name(parent: Path, folder: Path, *, show_names: bool) -> str:
    """Return what a series in a folder is called: by the path from the one that was named, or by that one's name."""
    if parent == folder:
        typed, whole = folder.name, folder.absolute()
        return typed if typed not in ("", "..") else whole.name if show_names else path_id(whole, whole.parent)
    return parent.relative_to(folder).as_posix() if show_names else path_id(parent, folder)


def series_of(path: Path, *, show_names: bool) -> SeriesImage:
    """Return the series, in the folder of a file, that the file is a slice of.

    Raises:
        DataNotFoundError: The file is no slice of a series of CT, MR or PET.
        What `dicom_series.find_images` raises.
    """
    errors: list[ReproduceError] = []
    for image in series_below(path.parent, errors.append, show_names=show_names):
        if path in image.files.files:
            return SeriesImage(image.name, image.files, path)
    if errors:
        raise errors[0]
    do = "name a .nii or .nii.gz file, a slice of a series of CT, MR or PET, or a folder with images"
    raise DataNotFoundError(expected="a NIfTI file or a slice of a series", got=path.name, where=path, do=do)


def _found_below(folder: Path, leave_out: Callable[[ReproduceError], None]) -> Sequence[SeriesFiles]:
    """Find series, without those of folders that hold a broken file: whose slice that is nobody knows."""
    try:
        return find_images(folder)
    except (NotAnImageError, OSError) as error:
        ours = error if isinstance(error, ReproduceError) else unreadable(error, Path(error.filename or folder))
        try:
            paths = sorted(folder.iterdir())
        except OSError:  # the folder itself cannot be listed, which the error says
            leave_out(ours)
            return ()
        folders = [path for path in paths if path.is_dir()]
        if not any(Path(ours.where).is_relative_to(path) for path in folders):
            leave_out(ours)
        elif any(_is_dicom(path) for path in paths):
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
    return starts_as_dicom(first_bytes(path)[1])


def unreadable(error: OSError, where: Path) -> DataNotFoundError:
    """Return what the system says of a file that cannot be opened as an error of ours."""
    do = "check the path and its permissions"
    return DataNotFoundError(expected="a file that can be read", got=error.strerror or str(error), where=where, do=do)
