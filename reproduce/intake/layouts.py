"""Which public data set a folder looks like: what the finders of the cohorts take from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from reproduce.cohorts import brats_layouts, decathlon, lidc, thoracic
from reproduce.cohorts.brats_files import scans_of
from reproduce.cohorts.case import Cohort
from reproduce.cohorts.ledger import Ledger
from reproduce.cohorts.lidc_census import find_reads
from reproduce.cohorts.pneumonia_mnist import find_file, labelled_x_rays
from reproduce.errors import ReproduceError
from reproduce.intake.contents import Item, LayoutFound

_BRATS = (
    *(layout for layout in brats_layouts.PUBLISHED if isinstance(layout, brats_layouts.Layout)),
    brats_layouts.TCIA_FUSION,
    brats_layouts.BRATS_2013_TWO,
)


def find_layouts(root: Path, items: Sequence[Item]) -> tuple[LayoutFound, ...]:
    """Return the public data sets whose finders take cases of a folder, or refuse it although its files are of theirs.

    LIDC-IDRI is asked where there are reads, LCTSC where a structure set lies beside CT, BraTS by the names of NIfTI
    files, the Decathlon where there is dataset.json or imagesTr, PneumoniaMNIST by the name of its file.
    """
    kinds = {item.kind for item in items}
    found: list[LayoutFound] = []
    if "reads" in kinds and "series" in kinds:
        found.append(_of_cohort(lidc.NAME, lambda: lidc.find_cohort(root)))
    elif "reads" in kinds:
        found.append(_of_ledger("LIDC-IDRI, reads without CT", lambda: find_reads(root)[1]))
    if {"structures", "series"} <= kinds:
        found.append(_of_cohort(thoracic.NAME, lambda: thoracic.find_cohort(root, absent="keep")))
    nifti = [item.path for item in items if item.kind == "nifti"]
    found += [*_brats(root, nifti), *_decathlon(root, nifti)]
    if "arrays" in kinds:
        found += _pneumonia_mnist(root)
    return tuple(found)


def _of_cohort(name: str, find: Callable[[], Cohort[Any]]) -> LayoutFound:
    return _of_ledger(name, lambda: find().ledger)


def _of_ledger(name: str, find: Callable[[], Ledger]) -> LayoutFound:
    try:
        ledger = find()
    except ReproduceError as error:
        return LayoutFound(name, 0, 0, refusal=f"expected {error.expected}, got {error.got}")
    reasons = {f"{status}: {reason}": n for (status, reason), n in ledger.reasons().items()}
    return LayoutFound(name, ledger.n_of("in"), ledger.n_of("out"), reasons)


def _brats(root: Path, nifti: Sequence[Path]) -> Iterator[LayoutFound]:
    for layout in _BRATS:
        scans, broken = scans_of(root, nifti, [layout])
        if scans:
            partial = [one.reason for one in broken if one.patient]
            reasons = {"in: every modality and the reference": len(scans)}
            yield LayoutFound(layout.name, len(scans), len(partial), reasons | dict(Counter(partial)))


def _decathlon(root: Path, nifti: Sequence[Path]) -> Iterator[LayoutFound]:
    folders = {path.parent.parent for path in nifti if path.parent.name in (decathlon.IMAGES, decathlon.REFERENCES)}
    for folder in sorted(folders):
        if not folder.is_relative_to(root):
            continue
        # Without dataset.json nothing says what labels mean: files are paired by name, which any task does.
        listed = (folder / decathlon.LISTING).is_file()
        task = None if listed else decathlon.HIPPOCAMPUS
        name = decathlon.NAME if listed else f"{decathlon.NAME}, without dataset.json"
        find = _finder(folder, task)
        yield _of_cohort(name, find)


def _finder(folder: Path, task: decathlon.Task | None) -> Callable[[], Cohort[Any]]:
    return lambda: decathlon.find_cohort(folder, task=task, broken="refuse")


def _pneumonia_mnist(root: Path) -> Iterator[LayoutFound]:
    try:
        find_file(root)
    except ReproduceError:
        return
    try:
        n = len(labelled_x_rays(root).cases)
    except ReproduceError as error:
        yield LayoutFound("PneumoniaMNIST", 0, 0, refusal=f"expected {error.expected}, got {error.got}")
    else:
        yield LayoutFound("PneumoniaMNIST", n, 0, {"in: X-ray": n})
