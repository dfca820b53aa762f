"""Structure sets, reads of LIDC-IDRI and segmentations, each with what it outlines and the CT that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reproduce.cohorts.lidc_annotations import CT_MESSAGE, XRAY_MESSAGE, message_of, read_annotations
from reproduce.cohorts.lidc_marks import MarkKind
from reproduce.cohorts.lidc_nodules import nodules_on
from reproduce.cohorts.thoracic import drawn_on, why_of_none
from reproduce.errors import AnnotationMismatchError, ReproduceError
from reproduce.imaging.account import Note
from reproduce.imaging.dicom import CtSeries
from reproduce.imaging.rtstruct import read_structures
from reproduce.imaging.volume import Volume
from reproduce.intake.contents import Item, Series
from reproduce.intake.seg import read_seg

CONSENSUS = 0.5
UNCOUNTED = ": nodules are not counted"


def structures_item(path: Path, series: Sequence[Series]) -> Item:
    """Return the structures of an RTSTRUCT with their contours; that its CT is not there is a fault."""
    try:
        found = read_structures(path)
    except ReproduceError as error:
        return Item("structures", path, {"structures": []}, fault=error)
    images = tuple(each.files for each in series)
    candidates = drawn_on(found, images)
    structures = [
        {"number": one.number, "name": one.name, "kind": one.kind, "contours": len(one.contours)}
        for one in found.structures
    ]
    belongs = candidates[0].series_uid if len(candidates) == 1 else ""
    facts = {"patient": found.patient_id, "series": belongs, "structures": structures}
    fault = None
    if not belongs:
        got = why_of_none(found, images, len(candidates))
        do = "put the series that it was drawn on below the same folder"
        fault = AnnotationMismatchError(expected="the CT that the structures belong to", got=got, where=path, do=do)
    return Item("structures", path, facts, fault=fault, series_uid=belongs)


def reads_item(path: Path, series: Sequence[Series]) -> Item | Note:
    """Return readers, marks and nodules of an XML of LIDC-IDRI; a note for XML of another kind.

    Without its CT it is read all the same, as the census does: only how many nodules the marks make is not known.
    """
    try:
        root, _ = message_of(path)
        if root == XRAY_MESSAGE:
            return Note(path, "read of a chest X-ray")
        if root != CT_MESSAGE:
            return Note(path, "XML that is no read of LIDC-IDRI")
        reads = read_annotations(path)
    except ReproduceError as error:
        return Item("reads", path, {"readers": None}, fault=error)
    marks = {kind.value: sum(mark.kind is kind for mark in reads.marks) for kind in MarkKind}
    own = [each for each in series if each.files.series_uid == reads.series_uid]
    facts = {"series": reads.series_uid, "readers": len(reads.readers), "marks": marks, "nodules": None}
    if len(own) != 1 or own[0].header is None:
        reason = "its CT is not here" if not own else "its CT is there twice" if len(own) > 1 else "its CT is refused"
        return Item("reads", path, facts, (Note(path, f"{reason}{UNCOUNTED}"),))
    header = own[0].header
    # Outlines are placed by the headers alone: the voxels of this volume are never looked at.
    volume = Volume(np.broadcast_to(np.int16(0), header.shape), header.affine, header.unit)
    ct = CtSeries(volume, header.sop_uids, header.positions_mm, own[0].files)
    try:
        facts["nodules"] = len(nodules_on(ct, reads, consensus=CONSENSUS, outline_included=False))
    except ReproduceError as error:
        return Item("reads", path, facts, fault=error, series_uid=reads.series_uid)
    return Item("reads", path, facts, series_uid=reads.series_uid)


def segments_item(path: Path, series: Sequence[Series]) -> Item:
    """Return the segments of a DICOM SEG with the frames of each; its images need not be there."""
    try:
        found = read_seg(path)
    except ReproduceError as error:
        return Item("segments", path, {"segments": []}, fault=error)
    segments = [
        {"number": one.number, "name": one.label, "frames": one.n_frames, "algorithm": one.algorithm}
        for one in found.segments
    ]
    is_here = any(each.files.series_uid == found.series_uid for each in series)
    notes = () if is_here else (Note(path, "the images that it refers to are not here"),)
    facts = {"patient": found.patient_id, "series": found.series_uid, "segments": segments}
    return Item("segments", path, facts, notes, series_uid=found.series_uid if is_here else "")
