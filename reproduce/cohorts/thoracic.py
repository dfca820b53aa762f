"""LCTSC (AAPM thoracic challenge 2017) from its files: CT with their structure sets, and cases of five organs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reproduce.cohorts.case import Case, Cohort, cohort_of
from reproduce.cohorts.image_checks import lost_slices, no_ct, unplaced_files
from reproduce.cohorts.ledger import IN, OUT, LedgerEntry
from reproduce.cohorts.thoracic_organs import LABEL_NAMES, Naming, merged, name_organs, plain_names
from reproduce.errors import AnnotationFormatError, AnnotationMismatchError, ArgumentError, DataNotFoundError
from reproduce.imaging.dicom import CtSeries, SeriesFiles, read_series
from reproduce.imaging.dicom_series import find_series_and_rest
from reproduce.imaging.rtstruct import StructureSet, read_structures
from reproduce.imaging.rtstruct_masks import StructureMask, draw_structure, frame_uid, require_same_frame
from reproduce.paths import existing_folder
from reproduce.patient_ids import hidden_names, path_id, patient_id, scan_id

NAME = "LCTSC"
Absent = Literal["refuse", "keep"]
Outside = Literal["refuse", "list"]
_Found = tuple[Path, StructureSet | AnnotationFormatError]


@dataclass(frozen=True)
class ThoracicScan:
    """One CT of one patient with the file of its structures."""

    patient: str  # its id, see `patient_ids`
    scan: str  # likewise, from SeriesInstanceUID
    series: SeriesFiles  # the files of the CT
    structures: Path  # the file of the structure set
    root: Path  # the folder of the collection


def find_cohort(root: Path, *, absent: Absent) -> Cohort[ThoracicScan]:
    """Return the CT below a folder that have a structure set with the organs, and the account of all that was found.

    Layout of the collection: patient / study / series / files, one series of CT and one of structures a study; names of
    folders and files are not asked. A structure set finds its CT by the series that it refers to; where it refers to
    none that is there, by study and frame of reference, if these leave one CT; a set that finds none is out, with what
    was compared. Pixels are not read.

    Out are a CT without PatientID, without a structure set or with several (which of them holds is not guessed); one
    whose structure set is broken, is of another patient, lies in another frame of reference, or has two outlined
    structures for one organ; structure sets of CT that are not there; and, if `absent` is "refuse", a CT without an
    outline of one of the organs. The reason names organs without an outline and structures that are none of the organs
    in any case. Out are also broken files that lie beside no CT, structure sets among them, and links to folders. Scans
    are sorted by patient and series. Patients, scans and files are named by `patient_ids`, in errors too.

    Args:
        root: Folder of the collection, or of part of it.
        absent: Whether to "refuse" a scan of which an organ is not outlined, or to "keep" it: its case then has no name
            for that organ, whose voxels are background although the organ is there.

    Raises:
        DataNotFoundError: `root` is not there, is empty, or holds no CT at all.
        ArgumentError: `absent` is neither.
        CohortError: No CT is in, for the reasons that the text lists; or a series is there twice.
    """
    if absent not in ("refuse", "keep"):
        do = "say what is to become of scans of which an organ is not outlined"
        raise ArgumentError(expected="absent 'refuse' or 'keep'", got=repr(absent), where="find_cohort", do=do)
    root = existing_folder(root, holding="LCTSC (patient / study / series)")
    with hidden_names(root):
        return _find(root, absent)


def _find(root: Path, absent: Absent) -> Cohort[ThoracicScan]:
    images, rest = find_series_and_rest(root)
    if not images:
        do = "name the folder with the patients, e.g. .../LCTSC"
        raise DataNotFoundError(expected="CT series of LCTSC", got=no_ct(rest), where=root, do=do)
    files_of_sets, rest_of_sets = find_series_and_rest(root, modality="RTSTRUCT")
    sets, entries = _structure_sets(files_of_sets, root, images)
    entries += unplaced_files(images, files_of_sets, (*rest, *rest_of_sets), root)
    scans = []
    for series in images:
        lost = lost_slices(series, root)
        status, reason = (OUT, lost) if lost else _judge(series, sets[series], absent)
        folder = series.files[0].parent
        patient = patient_id(series.patient_id, folder=folder)
        scan = scan_id(series.series_uid, patient=series.patient_id, folder=folder)
        entries.append(LedgerEntry(patient, scan, status, reason))
        scans += [ThoracicScan(patient, scan, series, sets[series][0][0], root)] if status == IN else []
    scans.sort(key=lambda scan: (scan.patient, scan.scan))
    do = "put the structure set of each CT below the same folder"
    return cohort_of(NAME, scans, entries, expected="a CT with its structures", where=root, do=do)


def _structure_sets(
    found_files: tuple[SeriesFiles, ...], root: Path, images: tuple[SeriesFiles, ...]
) -> tuple[dict[SeriesFiles, list[_Found]], list[LedgerEntry]]:
    """Return the structure sets of each CT, and ledger entries for those of no CT."""
    of: dict[SeriesFiles, list[_Found]] = defaultdict(list)
    entries = []
    for files in found_files:
        for path in files.files:
            below = path_id(path, root)
            try:
                found = read_structures(path)
            except AnnotationFormatError as error:
                candidates = [s for s in images if s.study_uid == files.study_uid]
                if len(candidates) == 1:
                    of[candidates[0]].append((path, error))
                else:
                    patient = patient_id(files.patient_id, folder=path.parent)
                    entries.append(LedgerEntry(patient, below, OUT, _broken(error)))
                continue
            candidates = drawn_on(found, images)
            if len(candidates) == 1:
                of[candidates[0]].append((path, found))
            else:
                patient = patient_id(found.patient_id, folder=path.parent)
                entries.append(LedgerEntry(patient, below, OUT, why_of_none(found, images, len(candidates))))
    return of, entries


def drawn_on(structures: StructureSet, images: tuple[SeriesFiles, ...]) -> list[SeriesFiles]:
    """Return the CT that a structure set can have been drawn on: one, unless references and frames leave it open."""
    named = [series for series in images if series.series_uid in structures.series_uids]
    if named:
        return named
    return [series for series in _of_study(structures, images) if frame_uid(series) in structures.frame_uids]


def _of_study(structures: StructureSet, images: tuple[SeriesFiles, ...]) -> list[SeriesFiles]:
    return [series for series in images if series.study_uid and series.study_uid == structures.study_uid]


def why_of_none(structures: StructureSet, images: tuple[SeriesFiles, ...], n_candidates: int) -> str:
    """Return why a structure set has no CT here: what its references, its study and its frame of reference lead to."""
    if n_candidates:
        return f"structure set of one of {n_candidates} CT, which one its references and frame of reference do not say"
    n_named, n_of_study = len(structures.series_uids), len(_of_study(structures, images))
    named = f"refers to {n_named} series that are not here" if n_named else "refers to no series"
    frame = "another frame of reference" if structures.frame_uids else "no frame of reference that it names"
    study = f"its study has {n_of_study} CT here, in {frame}" if n_of_study else "its study has no CT"
    patient = any(series.patient_id == structures.patient_id for series in images)
    return f"structure set of no CT here: {named}; {study}; its patient has {'a' if patient else 'no'} CT"


def _judge(series: SeriesFiles, sets: list[_Found], absent: Absent) -> tuple[str, str]:
    """Return whether a CT is in or out, and why."""
    if not series.patient_id:
        return OUT, "CT without PatientID"
    if len(sets) != 1:
        return OUT, f"CT with {len(sets)} structure sets" if sets else "CT without structure set"
    found = sets[0][1]
    if isinstance(found, AnnotationFormatError):
        return OUT, _broken(found)
    if found.patient_id != series.patient_id:
        return OUT, "structure set of another patient"
    naming = _naming(found)
    if naming.ambiguous:
        claimed = "; ".join(f"{LABEL_NAMES[label]}: {', '.join(names)}" for label, names in naming.ambiguous.items())
        return OUT, f"several structures of one organ ({claimed})"
    try:
        for index in naming.chosen.values():
            require_same_frame(found, found.structures[index], series)
    except AnnotationMismatchError:
        return OUT, "structures in another frame of reference than the CT"
    reason = f"CT with {len(naming.chosen)} of {len(LABEL_NAMES)} organs"
    if naming.absent:
        reason += f", not outlined: {', '.join(LABEL_NAMES[label] for label in naming.absent)}"
    if naming.unknown:
        reason += f", other structures: {plain_names(naming.unknown)}"
    return OUT if (naming.absent and absent == "refuse") or not naming.chosen else IN, reason


def _broken(error: AnnotationFormatError) -> str:
    """Return a reason in our own words: what came instead may be a name that somebody typed."""
    return f"broken structure set: expected {error.expected}"


def _naming(structures: StructureSet) -> Naming:
    return name_organs((structure.name, structure.encloses) for structure in structures.structures)


def read_organs(scan: ThoracicScan, *, outside: Outside) -> tuple[CtSeries, dict[int, StructureMask]]:
    """Read the CT of a scan, and the mask of each outlined organ by its label, overlaps and all.

    Args:
        scan: From `find_cohort`.
        outside: What to do with an outline that has no slice, because the CT was cut: "refuse" the scan, or leave the
            outline out and "list" it in the mask's remarks.

    Raises:
        AnnotationMismatchError: The structures lie in another frame of reference than the CT, or two are one organ.
        ContourPlaceError: An outline is tilted to the slices, or has none and `outside` is "refuse".
        What `read_series` and `read_structures` raise.
    """
    with hidden_names(scan.root):
        return _read(scan, outside)


def _read(scan: ThoracicScan, outside: Outside) -> tuple[CtSeries, dict[int, StructureMask]]:
    structures, series = read_structures(scan.structures), read_series(scan.series)
    naming = _naming(structures)
    if naming.ambiguous:
        got = "; ".join(", ".join(names) for names in naming.ambiguous.values())
        expected, do = "one outlined structure an organ", "leave the scan out through the exclusion ledger"
        raise AnnotationMismatchError(expected=expected, got=got, where=scan.structures, do=do)
    masks = {}
    for label, index in naming.chosen.items():
        require_same_frame(structures, structures.structures[index], series.files)
        masks[label] = draw_structure(structures.structures[index], series.volume, outside=outside)
    return series, masks


def read_case(scan: ThoracicScan, *, outside: Outside) -> Case:
    """Read a scan with its organs as reference: labels 1 oesophagus, 2 heart, 3 left lung, 4 right lung, 5 spinal cord.

    A voxel of two organs goes to the later one of right lung, left lung, heart, oesophagus, spinal cord. An organ that
    is not outlined has no name in `label_names`.

    Arguments and errors are those of `read_organs`.
    """
    series, masks = read_organs(scan, outside=outside)
    labels = merged({label: mask.voxels for label, mask in masks.items()}, shape=series.volume.shape)
    reference = series.volume.on_same_grid(labels, "label")
    names = {label: LABEL_NAMES[label] for label in masks}
    return Case(scan.patient, scan.scan, series.volume, reference, names, ())
