"""The readers that are given broken files, and what must agree in whatever they read all the same."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


class Disagreement(Exception):  # noqa: N818
    """Two facts of one input, or of what was read of it, that must agree and do not."""


def agree(what: str, one: object, two: object) -> None:
    """Return if two facts are the same.

    Raises:
        Disagreement: They are not.
    """
    if one != two:
        raise Disagreement(f"{what}: {one!r} and {two!r}")


def series(folder: Path) -> object:
    """Read the CT of a folder; every file is a slice, or named in the account."""
    from reproduce.imaging.dicom import read_series

    return _series_facts(read_series(folder), folder)


def mr_pet(folder: Path) -> object:
    """Read the MR of a folder, or the PET where it has no file that is named as MR."""
    from reproduce.imaging.dicom import read_series

    modality = "MR" if any(path.name.startswith(("MR", "twin-MR")) for path in folder.iterdir()) else "PT"
    return _series_facts(read_series(folder, modality=modality), folder)


def find_series(folder: Path) -> object:
    """Find the CT and the MR of a folder; a file is of one series, or named in its account, and never of two."""
    from reproduce.imaging.dicom import find_series

    found = [find_series(folder, modality=modality) for modality in ("CT", "MR")]
    for each in found:
        files = [file for one in each for file in one.files]
        agree("files of series, each once", len(files), len(set(files)))
        for one in each:
            agree("files that are of a series and left out", set(one.files) & {n.path for n in one.notes}, set())
    return [(one.series_uid, len(one.files), len(one.notes)) for each in found for one in each]


def structures(folder: Path) -> object:
    """Draw the structures of a set on its CT; every contour is drawn, or remarked upon."""
    from reproduce.imaging.dicom import read_series
    from reproduce.imaging.rtstruct import read_structures
    from reproduce.imaging.rtstruct_masks import structure_masks

    found = read_structures(folder / "rs.dcm")
    image = read_series(folder / "ct")
    masks = structure_masks(found, image, outside="list")
    for mask in masks.values():
        n = len(mask.structure.contours)
        agree("contours that are neither drawn nor remarked", max(0, n - mask.n_drawn - len(mask.remarks)), 0)
        agree("shape of mask and image", mask.voxels.shape, image.volume.shape)
    return [(key, mask.structure.name, mask.voxels.tobytes()) for key, mask in masks.items()]


def nifti(folder: Path) -> object:
    """Read an image as such and as a label map, which say the same of every voxel."""
    from reproduce.errors import ImageAxesError, VoxelTypeError
    from reproduce.imaging.nifti import nifti_notes, read_nifti, read_nifti_labels

    path = min(folder.iterdir())
    notes, volume = nifti_notes(path), read_nifti(path)
    if not np.isfinite(volume.affine).all():
        raise Disagreement(f"an affine that is not finite: {volume.affine.tolist()}")
    try:
        labels = read_nifti_labels(path).voxels
    except (VoxelTypeError, ImageAxesError):  # an image is no label map
        return len(notes), volume.voxels.tobytes(), volume.affine.tobytes(), b""
    agree(
        "the voxels of a label map and the same as an image",
        np.abs(labels - volume.voxels.reshape(labels.shape)).max() < 1e-3,
        True,
    )
    return len(notes), volume.voxels.tobytes(), volume.affine.tobytes(), labels.tobytes()


def lidc(folder: Path) -> object:
    """Read the XML of a scan and its nodules on the CT; no voxel has more readers than there are."""
    from reproduce.cohorts.lidc_annotations import message_of, read_annotations
    from reproduce.cohorts.lidc_nodules import nodules_on
    from reproduce.imaging.dicom import read_series

    message_of(folder / "reads.xml")
    reads = read_annotations(folder / "reads.xml")
    agree("readers of marks that have no session", {mark.reader for mark in reads.marks} - set(reads.readers), set())
    image = read_series(folder / "ct")
    nodules = nodules_on(image, reads, consensus=0.5, outline_included=False)
    for nodule in nodules:
        if nodule.n_inside.voxels.max() > len(reads.readers):
            raise Disagreement(f"{nodule.n_inside.voxels.max()} of {len(reads.readers)} readers")
        agree("a reader once a nodule", len(set(nodule.readers)), len(nodule.readers))
    return len(reads.marks), [(n.centroid_mm, n.diameter_mm, n.n_inside.voxels.tobytes()) for n in nodules]


def decathlon(folder: Path) -> object:
    """Find and read the cases of a task; every image that is in has its reference, and each case is in the ledger."""
    from reproduce.cohorts.decathlon import find_cohort, read_case

    cohort = find_cohort(folder, task=None, broken="exclude")
    n_in = sum(entry.status == "in" for entry in cohort.ledger.entries)
    agree("cases in the cohort and in its ledger", len(cohort.scans), n_in)
    cases = [read_case(scan) for scan in cohort.scans]
    for case in cases:
        agree("grid of image and reference", case.image.voxels.shape[:3], case.reference.voxels.shape)
    return [(case.scan, case.image.voxels.tobytes(), case.reference.voxels.tobytes()) for case in cases]


def claims(folder: Path) -> object:
    """Audit a table; each row below the header is a cell."""
    from reproduce.audit.audit import audit
    from reproduce.audit.printed import read_cells
    from reproduce.audit.render import findings_json, findings_markdown, findings_text

    path = folder / "claims.csv"
    cells = read_cells(path)
    lines = csv.reader(path.read_text(encoding="utf-8-sig").splitlines(keepends=True), strict=True)
    agree("cells and rows", len(cells), sum(any(field.strip() for field in row) for row in lines) - 1)
    findings = audit(cells)
    return findings_json(findings), findings_markdown(findings), findings_text(findings, width=80)


def diff(folder: Path) -> object:
    """Set the runs of a results folder beside the print, in all three formats."""
    from reproduce.results.diff import diff_run, exit_code
    from reproduce.results.diff_render import diff_json, diff_markdown, diff_text
    from reproduce.results.folders import find_runs

    diffs = [diff_run(run) for run in find_runs(folder, ())]
    agree("runs and their folders", len(diffs), len(list(folder.glob("*/*/protocol.json"))))
    return exit_code(diffs), diff_json(diffs), diff_markdown(diffs), diff_text(diffs, width=80, colour=False)


def report(folder: Path) -> object:
    """Write the report of a results folder."""
    from reproduce.report.report import write_report

    return write_report(folder, folder / "figures", folder / "report.html", papers=()).read_bytes()


def recipe(folder: Path) -> object:
    """Read the recipe of a model file; written and read again it is the same."""
    from reproduce.prediction.model_file import read_recipe
    from reproduce.prediction.recipe import recipe_of, recipe_text

    found = read_recipe(folder / "model.keras")
    agree("a recipe and the same after writing it", recipe_of(recipe_text(found)), found)
    return dataclasses.asdict(found)


def weights(folder: Path) -> object:
    """Load a model whose weights are damaged within an archive that is whole, and predict a slice with it."""
    from reproduce.imaging.volume import Volume
    from reproduce.prediction.predictor import Predictor

    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for member in sorted((folder / "model").iterdir()):
            archive.write(member, member.name)
    voxels = np.arange(64, dtype=np.int16).reshape(1, 8, 8) * 20 - 1000
    masks = Predictor(path).masks(Volume(voxels, np.eye(4), "HU"), where=path)
    agree("shape of image and masks", masks.shape, (1, 8, 8, 1))
    return masks.tobytes()


def x_rays(folder: Path) -> object:
    """Read all X-rays of a file; each has a label."""
    from reproduce.cohorts.pneumonia_mnist import labelled_x_rays

    found = labelled_x_rays(folder)
    agree("images and labels", len(found.images), len(found.labels))
    return found.images.tobytes(), found.labels.tobytes()


def splits(folder: Path) -> object:
    """Read folds; written and read again they are the same."""
    from reproduce.cohorts.splits import read_splits, write_splits

    found = read_splits(folder / "splits.json")
    write_splits(found, folder / "again.json")
    agree("folds and the same after writing them", read_splits(folder / "again.json"), found)
    return found


READERS: dict[str, Callable[[Path], object]] = {
    "series": series,
    "enhanced": series,
    "mr_pet": mr_pet,
    "find_series": find_series,
    "structures": structures,
    "nifti": nifti,
    "lidc": lidc,
    "decathlon": decathlon,
    "claims": claims,
    "diff": diff,
    "report": report,
    "recipe": recipe,
    "weights": weights,
    "x_rays": x_rays,
    "splits": splits,
}


def digest(found: object) -> str:
    """Return a short text that is the same for equal results."""
    return hashlib.sha256(repr(found).encode("utf-8", errors="surrogatepass")).hexdigest()[:16]


def _series_facts(found: Any, folder: Path) -> object:
    given = {path for path in folder.rglob("*") if path.is_file()}
    named = {note.path for note in found.notes}
    agree("files that are neither read nor named", given - set(found.files.files) - named, set())
    n = len(found.sop_uids)
    agree("slices, UIDs and positions", (n, n), (found.volume.shape[0], len(found.positions_mm)))
    if len(set(found.sop_uids)) == n:  # else frames of one file, of which not each has a name
        agree("slices and files that are no copies", n, len(set(found.files.files) - named))
    return found.volume.voxels.tobytes(), found.volume.affine.tobytes(), found.sop_uids, len(found.notes)
