"""LIDC-IDRI from its files: the scans with their annotations, and cases with the readers' consensus."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.cohorts.case import Case, Cohort, cohort_of
from reproduce.cohorts.image_checks import lost_slices, no_ct, unplaced_files
from reproduce.cohorts.ledger import IN, OUT, LedgerEntry
from reproduce.cohorts.lidc_annotations import CT_MESSAGE, XRAY_MESSAGE, message_of, read_annotations
from reproduce.cohorts.lidc_marks import ScanReads
from reproduce.cohorts.lidc_nodules import Nodule, nodules_on
from reproduce.errors import AnnotationFormatError, AnnotationMismatchError, ArgumentError, DataNotFoundError
from reproduce.imaging.dicom import CtSeries, SeriesFiles, read_series
from reproduce.imaging.dicom_series import find_series_and_rest
from reproduce.paths import existing_folder, refuse_unlisted
from reproduce.patient_ids import hidden_names, path_id, patient_id, scan_id

NAME = "LIDC-IDRI"
_XRAY_MODALITIES = ("CR", "DX")


@dataclass(frozen=True)
class LidcScan:
    """One CT of one patient with the XML of its readers."""

    patient: str  # its id, see `patient_ids`
    scan: str  # likewise, from SeriesInstanceUID
    series: SeriesFiles  # the files of the CT
    annotations: tuple[Path, ...]  # one XML, or several of equal content
    root: Path  # the folder of the collection


def find_cohort(root: Path) -> Cohort[LidcScan]:
    """Return the CT scans below a folder that have annotations, and the account of all that was found.

    Layout of the collection: patient / study / series / files, the XML beside the images. An XML finds its series by
    the UID in it, so that it may also lie elsewhere below `root`. Only headers are read. Scans are sorted by patient
    and series.

    Patients, scans and files are named by `patient_ids`, in errors too.

    Chest X-rays, and XML that are reads of them, are out by design: the collection has them beside the CT of some
    patients. Out are also a CT without XML or without PatientID, XML that contradict each other, XML of CT that are not
    there, XML that are not of LIDC-IDRI or cannot be read, a CT with broken files beside its slices, which may be lost
    slices, broken files that lie beside no CT, and links to folders.

    Raises:
        DataNotFoundError: `root` is not there, is empty, or holds no CT at all.
        CohortError: No CT is in, for the reasons that the text lists; or a series is there twice, under different
            patients or studies.
    """
    root = existing_folder(root, holding="LIDC-IDRI (patient / study / series)")
    with hidden_names(root):
        return _find(root)


def _find(root: Path) -> Cohort[LidcScan]:
    found, rest = find_series_and_rest(root)
    if not found:
        do = "name the folder with the patients, e.g. .../LIDC-IDRI"
        raise DataNotFoundError(expected="CT series of LIDC-IDRI", got=no_ct(rest), where=root, do=do)
    annotations, entries = annotation_files(root)
    scans = []
    for series in found:
        scan = LidcScan(*_ids(series), series, tuple(annotations.pop(series.series_uid, ())), root)
        fault = _fault(scan)
        reason = fault or "CT with annotation"
        entries.append(LedgerEntry(scan.patient, scan.scan, OUT if fault else IN, reason))
        scans += [] if fault else [scan]
    for uid, paths in annotations.items():
        absent = f"annotation of the absent CT {scan_id(uid, patient='', folder=paths[0].parent)}"
        entries += [LedgerEntry("", path_id(path, root), OUT, absent) for path in paths]
    xrays = _xrays(root, {path.parent for series in found for path in series.files})
    entries += [LedgerEntry(*_ids(series), OUT, "chest X-ray") for series in xrays]
    entries += unplaced_files(found, xrays, (note for note in rest if note.path.suffix.lower() != ".xml"), root)
    scans.sort(key=lambda scan: (scan.patient, scan.scan))
    do = "put the XML of LIDC-IDRI beside the images; each names its series by SeriesInstanceUid"
    return cohort_of(NAME, scans, entries, expected="a CT with its annotation", where=root, do=do)


def annotation_files(root: Path) -> tuple[dict[str, list[Path]], list[LedgerEntry]]:
    """Return the XML files below a folder that are reads of CT, by SeriesInstanceUID, and entries for all other XML.

    Both are empty where there is no XML; files of other kinds are not looked at.
    """
    by_series: dict[str, list[Path]] = defaultdict(list)
    entries = []
    for path in (path for path in _files(root) if path.suffix.lower() == ".xml"):
        try:
            root_element, uid = message_of(path)
        except (AnnotationFormatError, DataNotFoundError):  # or a link that leads nowhere
            entries.append(LedgerEntry("", path_id(path, root), OUT, "XML that cannot be read"))
            continue
        if root_element == CT_MESSAGE and uid:
            by_series[uid].append(path)
        else:
            reason = "read of a chest X-ray" if root_element == XRAY_MESSAGE else "XML that is no read of LIDC-IDRI"
            entries.append(LedgerEntry("", path_id(path, root), OUT, reason))
    return by_series, entries


def read_nodules(scan: LidcScan, *, consensus: float) -> tuple[Nodule, ...]:
    """Read all nodules of 3 mm or more of a scan, those of a single reader too; see `lidc_nodules.nodules_on`.

    Raises:
        What `read_series`, `read_annotations` and `nodules_on` raise.
    """
    return _read(scan, consensus)[2]


def read_case(scan: LidcScan, *, consensus: float, min_readers: int) -> Case:
    """Read a scan with the consensus of its readers as reference.

    Reference: label i is the i-th nodule, in the order of the centroids, that at least `min_readers` readers outlined;
    its voxels are those that at least the share `consensus` of these readers have inside. A voxel of two nodules goes
    to the one with more readers, then to the later one. Nodules below 3 mm and non-nodules are background.

    Args:
        scan: From `find_cohort`.
        consensus: Share of readers in (0, 1]; 0.5 in this package.
        min_readers: 1 takes every nodule; LUNA16 takes those of 3 readers or more.

    Raises:
        ArgumentError: `min_readers` is below 1, or `consensus` out of range.
        What `read_series`, `read_annotations` and `nodules_on` raise.
    """
    if min_readers < 1:
        do = "give 1 for every nodule, or up to 4"
        raise ArgumentError(expected="min_readers of 1 or more", got=f"{min_readers}", where="read_case", do=do)
    series, reads, nodules = _read(scan, consensus)
    kept = [nodule for nodule in nodules if len(nodule.readers) >= min_readers]
    labels = np.zeros(series.volume.shape, dtype=np.uint16)
    for label, nodule in sorted(enumerate(kept, start=1), key=lambda item: len(item[1].readers)):
        labels[nodule.consensus.box][nodule.consensus.voxels] = label
    names = {i: f"nodule of {len(n.readers)} of {len(reads.readers)} readers" for i, n in enumerate(kept, start=1)}
    reference = series.volume.on_same_grid(labels, "label")
    return Case(scan.patient, scan.scan, series.volume, reference, names, reads.readers)


def _read(scan: LidcScan, consensus: float) -> tuple[CtSeries, ScanReads, tuple[Nodule, ...]]:
    with hidden_names(scan.root):
        reads = read_annotations(scan.annotations, series_uid=scan.series.series_uid)
        series = read_series(scan.series)
        return series, reads, nodules_on(series, reads, consensus=consensus, outline_included=False)


def _ids(series: SeriesFiles) -> tuple[str, str]:
    """Return what the patient and the scan of a series are called."""
    folder = series.files[0].parent
    scan = scan_id(series.series_uid, patient=series.patient_id, folder=folder)
    return patient_id(series.patient_id, folder=folder), scan


def _fault(scan: LidcScan) -> str:
    """Return why a CT is out, or "" if it is in."""
    if not scan.patient:
        return "CT without PatientID"
    if lost := lost_slices(scan.series, scan.root):
        return lost
    if not scan.annotations:
        return "CT without annotation"
    if len(scan.annotations) > 1:
        try:
            read_annotations(scan.annotations)
        except AnnotationMismatchError as error:
            return f"annotations at odds: {error.got}"
        except AnnotationFormatError:
            return "one of several annotations is broken"
    return ""


def _xrays(root: Path, ct_folders: set[Path]) -> list[SeriesFiles]:
    """Return the chest X-rays, which have folders of their own: no CT file is opened a second time."""
    folders = sorted({path.parent for path in _files(root) if path.suffix.lower() != ".xml"} - ct_folders)
    return [
        series
        for folder in folders
        for modality in _XRAY_MODALITIES
        for series in find_series_and_rest(folder, modality=modality)[0]
    ]


def _files(root: Path) -> list[Path]:
    walked = os.walk(root, onerror=refuse_unlisted)
    return sorted(Path(parent, name) for parent, _, names in walked for name in names)
