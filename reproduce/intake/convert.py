"""DICOM and its annotations to NIfTI, or annotations to DICOM SEG: what can be written is, the rest is reported."""

from __future__ import annotations

import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from rich.console import Console

from reproduce.errors import ArgumentError, DataNotFoundError, FolderInUseError, ReproduceError
from reproduce.imaging.dicom import CtSeries, read_series
from reproduce.imaging.dicom_series import SeriesFiles
from reproduce.imaging.nifti import write_nifti
from reproduce.intake.annotations import UNCOUNTED
from reproduce.intake.contents import Contents, Item
from reproduce.intake.converted import OTHERS, Converted, left_out
from reproduce.intake.masks import MaskReader, Masks, Remarks, masks_of_reads, masks_of_seg, masks_of_structures
from reproduce.intake.names import Names, as_typed
from reproduce.intake.survey import DicomFound, find_contents
from reproduce.provenance import write_json

Format = Literal["nifti", "seg"]
_ANNOTATIONS = ("structures", "reads", "segments")


@dataclass(frozen=True)
class Options:
    """How things are converted."""

    format: Format = "nifti"
    overwrite: bool = False
    consensus: float = 0.5  # share of readers, of LIDC-IDRI
    min_readers: int = 1  # readers of a nodule, of LIDC-IDRI


def convert(source: Path, output: Path, *, options: Options, show_names: bool, console: Console) -> Converted:
    """Write the series of a folder as NIfTI, and its structure sets, reads and segmentations as masks.

    A series becomes `<series>.nii.gz` with the values and the affine of `read_series`. An annotation becomes
    `<series>_structures.nii.gz` (`_reads`, `_segments`; `_2` for the second of a kind): one map of labels, or, where
    masks overlap, a file a label, `..._label1.nii.gz`. What each label stands for is in `..._labels.json`. With format
    "seg" an annotation becomes `..._structures.dcm`, overlaps and all, and series are left as they are. XML of one
    series that say the same are read together. What lies there and is not converted is a remark.

    Args:
        source: A folder, or one file.
        output: A folder outside of `source`, which is made.
        options: How.
        show_names: Whether names of files, structures and patients are kept; else stand-ins are written.
        console: Where progress is shown.

    Raises:
        DataNotFoundError: Nothing is there that can be converted.
        ArgumentError: The output lies within the source, or is a file.
    """
    with as_typed(source, output):
        return _checked(source.absolute(), output.absolute(), options, show_names, console)


def _checked(source: Path, output: Path, options: Options, show_names: bool, console: Console) -> Converted:
    if output.resolve().is_relative_to(source.resolve()) or output.is_file():
        do = "name a folder outside of the input: the next run would take what is written for images"
        raise ArgumentError(expected="a folder outside of the input", got=output.name, where=output, do=do)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")  # what it warns of is read, mended or refused here
        contents, dicom = find_contents(source, with_range=False, console=console)
        return _converted(contents, dicom, output, options, show_names)


def _converted(contents: Contents, dicom: DicomFound, output: Path, options: Options, show_names: bool) -> Converted:
    names = Names(contents.root, show_names, contents.patients)
    done = Converted()
    of: dict[str, list[Item]] = defaultdict(list)
    for item in contents.items:
        if item.kind in _ANNOTATIONS and item.fault is None:
            of[item.series_uid].append(item)
    convertible = tuple(item for item in contents.items if item.kind in ("series", *_ANNOTATIONS))
    found = replace(contents, items=convertible)
    _require_work(contents, found, options)
    # The error of a series that is refused for files beside it names them.
    read = [series for series in dicom.series if series.item.fault is None]
    beside = {(note.path, note.reason) for series in read for note in series.files.notes if note.is_fault}
    done.faults += [(names.path(path), names.text(text)) for path, text in found.faults if (path, text) not in beside]
    taken: set[str] = set()
    for series in read:
        _convert_series(series.files, of.pop(series.files.series_uid, []), output, options, names, taken, done)
    for item in (item for items in of.values() for item in items):
        if item.kind == "segments" and options.format == "nifti":
            masks = partial(masks_of_seg, item.path, None, names)
            _attempt(item.path, _flat_name(names.path(item.path)), masks, None, output, options, names, done)
        else:
            reasons = [note.reason.removesuffix(UNCOUNTED) for note in item.notes] or ["its series is refused"]
            done.faults.append((names.path(item.path), names.text("; ".join(reasons))))
    done.remarks += left_out(contents, names, told=frozenset(done.faults))
    return done


def _require_work(contents: Contents, found: Contents, options: Options) -> None:
    """Return if there is something to convert, or something broken to tell of.

    Raises:
        DataNotFoundError: There is neither.
    """
    kinds = _ANNOTATIONS if options.format == "seg" else ("series", *_ANNOTATIONS)
    if found.faults or any(item.kind in kinds for item in found.items):
        return
    n_of = Counter(item.kind for item in contents.items)
    got = ", ".join(f"{n} {OTHERS.get(kind, kind)}" for kind, n in n_of.items())
    what = "structure sets, SEG or XML of LIDC-IDRI"
    expected, do = f"DICOM series, {what}", "name a folder with such; NIfTI and .npz are not converted"
    if options.format == "seg":
        expected = f"{what}, whose masks become SEG"
        do = "leave --as seg out to write series as NIfTI" if n_of["series"] else do
    raise DataNotFoundError(expected=expected, got=got or "none", where=contents.root, do=do)


def _flat_name(path: str) -> str:
    """Return a name for a file that comes from a path, without its ending; the last number of a UID is no ending."""
    head, dot, ending = path.rpartition(".")
    is_ending = dot and "/" not in ending and any(c.isalpha() for c in ending)
    return (head if is_ending else path).replace("/", "_")


def _convert_series(
    files: SeriesFiles,
    items: list[Item],
    output: Path,
    options: Options,
    names: Names,
    taken: set[str],
    done: Converted,
) -> None:
    """Write a series and what belongs to it; an error of one file leaves the others."""
    where = files.files[0].parent
    name = names.scan(files.series_uid, patient=files.patient_id)
    if name in taken:
        done.faults.append((names.path(where), "a series of the UID of another one, written under its name"))
        return
    taken.add(name)
    try:
        series = read_series(files)
    except ReproduceError as error:
        done.faults.append(_fault(where, error, names))
        done.faults += [(names.path(item.path), "its series is refused") for item in items]
        return
    if options.format == "nifti":
        try:
            path = _free(output / f"{name}.nii.gz", options, done)
            write_nifti(series.volume, path, like=None)
            done.written.append(path)
        except ReproduceError as error:
            done.faults.append(_fault(where, error, names))
    for path, suffix, read in _readers(items, series, names, options):
        _attempt(path, f"{name}_{suffix}", read, series, output, options, names, done)


def _readers(
    items: list[Item], series: CtSeries, names: Names, options: Options
) -> Iterator[tuple[Path, str, MaskReader]]:
    """Yield for each annotation of a series its file, the end of its name, and what reads its masks."""
    reads = tuple(item.path for item in items if item.kind == "reads")
    if reads:
        consensus, min_readers = options.consensus, options.min_readers
        masks = partial(masks_of_reads, reads, series.files, names.root, consensus=consensus, min_readers=min_readers)
        yield reads[0], "reads", masks
    for kind, make in (("structures", masks_of_structures), ("segments", masks_of_seg)):
        for i, item in enumerate((item for item in items if item.kind == kind), start=1):
            yield item.path, kind if i == 1 else f"{kind}_{i}", partial(make, item.path, series, names)


def _attempt(
    source: Path,
    name: str,
    read: MaskReader,
    series: CtSeries | None,
    output: Path,
    options: Options,
    names: Names,
    done: Converted,
) -> None:
    try:
        masks = read()
        remarks = [*masks.remarks, *_write_masks(masks, name, series, output, options, done)]
        done.remarks += [f"{names.path(source)}: {names.text(remark)}" for remark in remarks]
    except ReproduceError as error:
        done.faults.append(_fault(source, error, names))


def _write_masks(
    masks: Masks, name: str, series: CtSeries | None, output: Path, options: Options, done: Converted
) -> Remarks:
    """Write masks as one file of labels, or one a label where they overlap, with their names; or as a SEG.

    Returns:
        What is to be said of the files.
    """
    if options.format == "seg" and series is not None:
        if not masks.by_label:
            return ("no mask, so no SEG",)
        from reproduce.intake.seg_writer import write_masks_seg

        path = _free(output / f"{name}.dcm", options, done)
        emptied = write_masks_seg(path, masks, series)
        done.written.append(path)
        return (f"left empty in the SEG, not valid in the slices: {', '.join(emptied)}",) if emptied else ()
    volumes = {name: None} if not masks.overlap else {f"{name}_label{label}": label for label in masks.by_label}
    paths = {_free(output / f"{each}.nii.gz", options, done): label for each, label in volumes.items()}
    listing = _free(output / f"{name}_labels.json", options, done)
    for path, label in paths.items():
        volume = masks.label_map() if label is None else masks.grid.on_same_grid(masks.by_label[label], "label")
        write_nifti(volume, path, like=None)
    write_json(listing, {str(label): text for label, text in masks.names.items()})
    done.written += [*paths, listing]
    return ()


def _free(path: Path, options: Options, done: Converted) -> Path:
    """Return a path that may be written.

    Raises:
        FolderInUseError: Something is there, and nothing says that it may be overwritten; or this run wrote it.
    """
    if path in done.written or (os.path.lexists(path) and not options.overwrite):
        do = "name another folder, or pass --overwrite"
        raise FolderInUseError(expected=f"no {path.name} yet", got="one that is there", where=path, do=do)
    return path


def _fault(where: Path, error: ReproduceError, names: Names) -> tuple[str, str]:
    text = f"{type(error).__name__}: expected {error.expected}, got {error.got}; {error.do}"
    return names.path(where), names.text(text)
