"""What lies in and below a folder: every file is an item, part of one, or left out with a reason."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from reproduce.errors import DataNotFoundError, ReproduceError
from reproduce.imaging.account import Note
from reproduce.imaging.dicom_folders import Identity
from reproduce.imaging.dicom_units import MODALITIES
from reproduce.intake.annotations import reads_item, segments_item, structures_item
from reproduce.intake.contents import KINDS, Contents, Item, Series, plural
from reproduce.intake.files import Files, sorted_files
from reproduce.intake.images import VoxelBound, arrays_item, nifti_item
from reproduce.intake.layouts import find_layouts
from reproduce.intake.names import as_typed
from reproduce.intake.series import find_all_series, identities_below, read_all_series

_MANY = 50
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class DicomFound:
    """The DICOM part of a folder."""

    series: tuple[Series, ...]
    identities: tuple[Identity, ...]
    notes: tuple[Note, ...]


def inspect(path: Path, *, with_range: bool, console: Console) -> Contents:
    """Return what a folder, or a file, holds, by the readers that the tables use.

    Headers alone are read, but for: slices of DICOM that share a position; voxels of NIfTI, of at most 2^28 voxels in
    all; the lists of points in structure sets and XML. Errors of readers are faults of their items.

    Args:
        path: A folder, or one file; of a slice, the folder that it lies in is searched for its series.
        with_range: Whether to decode all pixels and voxels, for the range of values.
        console: Where progress is shown.

    Raises:
        DataNotFoundError: Nothing is there, the folder is empty, or nothing in it is of a kind that is read here.
    """
    with as_typed(path), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")  # what it warns of is read, mended or refused here
        contents, _ = find_contents(path.absolute(), with_range=with_range, console=console)
        layouts = find_layouts(contents.root, contents.items) if path.is_dir() else ()
        return replace(contents, layouts=layouts)


def find_contents(path: Path, *, with_range: bool, console: Console) -> tuple[Contents, DicomFound]:
    """Return the contents of a path, without layouts, and its series; arguments and errors are those of `inspect`."""
    files = sorted_files(path)
    root = path if path.is_dir() else path.parent
    dicom = find_dicom_series(files, path, with_range=with_range, console=console)
    items = [series.item for series in dicom.series]
    notes = [*files.notes, *dicom.notes]
    for found in (*_annotations(files, dicom, console), *_images(files, with_range, console)):
        if isinstance(found, Item):
            items.append(found)
        else:
            notes.append(found)
    items.sort(key=lambda item: (KINDS.index(item.kind), item.path, item.series_uid))
    if not items and not any(note.is_fault for note in notes):
        reasons = ", ".join(sorted({note.reason for note in notes}))
        do = "name a folder with DICOM, NIfTI, XML of LIDC-IDRI or .npz"
        raise DataNotFoundError(expected="images", got=f"{plural(files.n, 'file')}: {reasons}", where=path, do=do)
    told = {note.path for item in items for note in item.notes}
    told |= {item.path for item in items if item.path.is_file()}
    own = tuple(note for note in notes if note.path not in told)
    return Contents(root, files.n, (), tuple(items), own), dicom


def find_dicom_series(files: Files, path: Path, *, with_range: bool, console: Console) -> DicomFound:
    """Return the series of a folder, or the one that a slice belongs to; empty where there is no DICOM file."""
    if not files.dicom:
        return DicomFound((), (), ())
    root = path if path.is_dir() else path.parent
    try:
        with console.status("headers") if console.is_terminal else nullcontext():
            identities, notes = identities_below(root)
    except ReproduceError as error:
        lost = [Note(each, "not looked at: a folder beside it cannot be listed", is_fault=True) for each in files.dicom]
        if not any(str(note.path) == error.where for note in files.notes):
            lost.append(Note(Path(error.where), f"expected {error.expected}, got {error.got}", is_fault=True))
        return DicomFound((), (), tuple(lost))
    if not path.is_dir():
        own = next((file for file in identities if file.path == path), None)
        same = own is not None and own.modality in MODALITIES
        identities = [file for file in identities if file == own or (same and _key(file) == _key(own))]
        notes = [note for note in notes if note.path == path]
    wanted = {_key(file) for file in identities}
    found, refused = find_all_series(identities)
    found = [one for one in found if (one.modality, one.series_uid, one.study_uid, one.patient_id) in wanted]
    shown = _tracked(found, "series", console, n=len(files.dicom))
    series = tuple(read_all_series(shown, with_range=with_range))
    passed = {file for each in series for file in each.files.files}
    passed |= {note.path for each in series for note in each.files.notes}
    left = [file for file in identities if file.path not in passed and file.modality not in ("RTSTRUCT", "SEG")]
    told = {note.path for note in (*notes, *refused)}
    notes += [Note(file.path, _why(file)) for file in left if file.path not in told]
    return DicomFound(series, tuple(identities), (*notes, *refused))


def _tracked(items: Sequence[_T], what: str, console: Console, *, n: int) -> Iterable[_T]:
    """Return items, with a bar on a terminal where many files stand behind them."""
    shown = console.is_terminal and n >= _MANY
    return track(items, what, console=console, transient=True) if shown else items


def _key(file: Identity | None) -> tuple[str, str, str, str]:
    return ("",) * 4 if file is None else (file.modality, file.series_uid, file.study_uid, file.patient_id)


def _why(file: Identity) -> str:
    """Return why a file that nothing else is said of is part of no item."""
    if file.modality in MODALITIES:
        return "no slice: a localizer or a secondary capture"
    return f"modality {file.modality}" if file.modality else "no modality"


def _annotations(files: Files, dicom: DicomFound, console: Console) -> Iterator[Item | Note]:
    readers = {"RTSTRUCT": structures_item, "SEG": segments_item}
    for file in dicom.identities:
        if file.modality in readers:
            yield readers[file.modality](file.path, dicom.series)
    for path in _tracked(files.xml, "XML", console, n=len(files.xml)):
        yield reads_item(path, dicom.series)


def _images(files: Files, with_range: bool, console: Console) -> Iterator[Item]:
    bound = VoxelBound(None) if with_range else VoxelBound()
    for path in _tracked(files.nifti, "NIfTI", console, n=len(files.nifti)):
        yield nifti_item(path, bound)
    for path in files.npz:
        yield arrays_item(path)
