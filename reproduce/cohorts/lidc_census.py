"""Counts over all reads of LIDC-IDRI, from the XML alone: lesions, nodules, and who agrees with whom."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from reproduce.cohorts.ledger import IN, Ledger, LedgerEntry
from reproduce.cohorts.lidc import annotation_files
from reproduce.cohorts.lidc_annotations import read_annotations
from reproduce.cohorts.lidc_grouping import MarkRegions, group_marks, mark_regions, near_pairs
from reproduce.cohorts.lidc_marks import Mark, MarkKind
from reproduce.errors import DataNotFoundError
from reproduce.paths import existing_folder
from reproduce.patient_ids import hidden_names, scan_id


@dataclass(frozen=True)
class Grouping:
    """How marks are joined to lesions where there are no images."""

    pixel_mm: float  # in-plane spacing taken for all scans: the XML gives pixels, and only z in mm
    tolerance_mm: float  # largest distance at which two readers' marks are one lesion


@dataclass(frozen=True)
class Lesion:
    """What at least one reader marked as nodule, of any size."""

    n_outlined: int  # readers who outlined it, as a nodule of 3 mm or more
    n_small: int  # readers who marked it as a nodule below 3 mm
    # Mean over the readers who outlined it, or who marked it where nobody did, of the centroid of their pixels: column
    # and row in pixels, z in mm.
    centre: tuple[float, float, float]
    ratings: Mapping[str, tuple[int | None, ...]]  # by characteristic, one a reader who outlined it, None where unrated


@dataclass(frozen=True)
class Counts:
    """How many lesions there are, and how many of them are nodules."""

    lesions: int  # marked as nodule of any size by at least one reader
    nodules: int  # of these, outlined by at least one reader
    nodules_by_four: int  # of these, outlined by four readers


@dataclass(frozen=True)
class ScanCensus:
    """One CT scan's lesions, and what other groupings would make of its marks."""

    series_uid: str  # the CT, as `patient_ids` names it
    n_readers: int  # reading sessions
    n_marks: Mapping[str, int]  # by kind, non-nodules too
    lesions: tuple[Lesion, ...]  # by the grouping that was asked for, in an order that the file fixes
    counts: Mapping[Grouping, Counts]  # by each grouping that was to be compared


def find_reads(root: Path) -> tuple[dict[str, tuple[Path, ...]], Ledger]:
    """Return the CT scans that have XML below a folder, with their files, and the account of all XML.

    Raises:
        DataNotFoundError: The folder is not there, is empty, or holds no read of a CT.
    """
    root = existing_folder(root, holding="the XML of LIDC-IDRI")
    by_series, entries = annotation_files(root)
    if not by_series:
        got = f"{len(entries)} other XML files" if entries else "no XML"
        do = "unpack the annotation files of the collection and name their folder"
        raise DataNotFoundError(expected="XML of LIDC-IDRI", got=got, where=root, do=do)
    for uid, paths in by_series.items():
        scan = scan_id(uid, patient="", folder=paths[0].parent)
        entries.append(LedgerEntry("", scan, IN, f"CT read in {len(paths)} XML"))
    return {uid: tuple(paths) for uid, paths in sorted(by_series.items())}, Ledger(tuple(entries))


def count_scans(
    reads: Mapping[str, tuple[Path, ...]], *, grouping: Grouping, varied: Sequence[Grouping], workers: int
) -> Iterator[ScanCensus]:
    """Yield the census of each scan, in the order of `reads`, as it is done.

    Args:
        reads: From `find_reads`.
        grouping: The one that the lesions are listed by.
        varied: Those that are counted only; may be empty.
        workers: Processes; 1 counts in this one.

    Raises:
        AnnotationFormatError, AnnotationMismatchError: From `read_annotations`; a broken file stops the census.
    """
    count = partial(count_scan, grouping=grouping, varied=tuple(varied))
    if not reads:
        return
    folders = [paths[0].parent for paths in reads.values()]
    with hidden_names(Path(os.path.commonpath(folders))), ExitStack() as stack:
        counted: Iterator[ScanCensus]
        if workers == 1:
            counted = map(count, reads.values())
        else:
            context = multiprocessing.get_context("spawn")
            pool = stack.enter_context(ProcessPoolExecutor(workers, mp_context=context))
            counted = pool.map(count, reads.values(), chunksize=16)
        for census, folder in zip(counted, folders, strict=True):
            yield replace(census, series_uid=scan_id(census.series_uid, patient="", folder=folder))


def count_scan(files: tuple[Path, ...], *, grouping: Grouping, varied: Sequence[Grouping]) -> ScanCensus:
    """Return the census of one scan from its XML; see `count_scans`."""
    reads = read_annotations(files)
    marks = [mark for mark in reads.marks if mark.kind is not MarkKind.NON_NODULE]
    regions = mark_regions(marks)
    wanted = {grouping, *varied}
    groups: dict[Grouping, tuple[tuple[int, ...], ...]] = {}
    for pixel_mm in sorted({g.pixel_mm for g in wanted}):
        same_pixel = [g for g in wanted if g.pixel_mm == pixel_mm]
        within_mm = max(g.tolerance_mm for g in same_pixel)
        pairs = near_pairs(regions, pixel_mm=(pixel_mm, pixel_mm), within_mm=within_mm)
        groups |= {g: group_marks(regions.readers, pairs, tolerance_mm=g.tolerance_mm) for g in same_pixel}
    return ScanCensus(
        series_uid=reads.series_uid,
        n_readers=len(reads.readers),
        n_marks={kind.value: sum(mark.kind is kind for mark in reads.marks) for kind in MarkKind},
        lesions=tuple(_lesion(group, marks, regions) for group in groups[grouping]),
        counts={g: _counts(groups[g], [mark.kind is MarkKind.NODULE for mark in marks]) for g in varied},
    )


def _counts(groups: Sequence[tuple[int, ...]], is_outlined: Sequence[bool]) -> Counts:
    n_outlined = [sum(is_outlined[i] for i in group) for group in groups]
    return Counts(len(groups), sum(n >= 1 for n in n_outlined), sum(n == 4 for n in n_outlined))


def _lesion(group: Sequence[int], marks: Sequence[Mark], regions: MarkRegions) -> Lesion:
    outlining = [i for i in group if marks[i].kind is MarkKind.NODULE]
    names = sorted({name for i in outlining for name in marks[i].characteristics})
    ratings = {name: tuple(marks[i].characteristics.get(name) for i in outlining) for name in names}
    x, y, z_mm = regions.centre[outlining or list(group)].mean(axis=0).tolist()
    return Lesion(len(outlining), len(group) - len(outlining), (x, y, z_mm), ratings)
