"""BraTS from its files: the scans of every release in one numbering of labels and one order of modalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from reproduce.cohorts.brats_files import BratsScan, Broken, decathlon_scans, scans_of
from reproduce.cohorts.brats_layouts import LABEL_NAMES, MODALITIES, Decathlon, Layout
from reproduce.cohorts.case import SAME_GRID_MM, Case, Cohort, cohort_of
from reproduce.cohorts.decathlon_listing import LISTING, TEST_IMAGE
from reproduce.cohorts.image_checks import fault_of, require_intensities
from reproduce.cohorts.ledger import IN, OUT, LedgerEntry
from reproduce.cohorts.nifti_files import linked_folders, nifti_files
from reproduce.errors import (
    AnnotationFormatError,
    ArgumentError,
    CohortError,
    ImageAxesError,
    IntensityError,
    PixelRangeError,
)
from reproduce.imaging.nifti import read_nifti, read_nifti_labels
from reproduce.imaging.volume import Volume, require_same_grid
from reproduce.paths import existing_folder
from reproduce.patient_ids import hidden_names, hide_names, path_id, patient_id, scan_id

NAME = "BraTS"
_Found = TypeVar("_Found", BratsScan, Broken)


def find_cohort(
    root: Path, *, layouts: Sequence[Layout | Decathlon], broken: Literal["refuse", "exclude"]
) -> Cohort[BratsScan]:
    """Return the scans below a folder that have every modality and a reference, and the account of all that was found.

    A scan is broken if a modality or the reference is absent or there twice, if its files lie in a layout that is not
    asked for, or if `read_case` or `brain_of` refuses it: a file that is damaged, a grid or a label that does not
    belong. Images of the Decathlon's test set are out by design. Scans are sorted by patient and name.

    Args:
        root: Folder of a release, with its scans at any depth.
        layouts: What files and labels are called; `brats_layouts.PUBLISHED` for the releases. Labels 1 2 4 and 1 2 3
            are told apart by this alone.
        broken: "refuse" raises at the first broken scan, those that only reading shows when they are read; "exclude"
            enters all of them into the ledger, for which every scan is read here once.

    Raises:
        DataNotFoundError: `root` is not there, or holds no NIfTI file.
        CohortError: No scan is in, a scan is broken under "refuse", or a name is there twice.
        AnnotationFormatError: A dataset.json is not of the Decathlon's brain tumours.
        ArgumentError: `layouts` is empty, or its members have different modalities; or another word for `broken`.
    """
    require_layouts(layouts, broken)
    root = existing_folder(root, holding="BraTS (NIfTI files of a release)")
    with hidden_names(root):
        return _find(root, layouts, broken)


def _find(root: Path, layouts: Sequence[Layout | Decathlon], broken: str) -> Cohort[BratsScan]:
    files = nifti_files(root, expected="NIfTI files of BraTS", do="name the folder of a release, unpacked")
    scans: list[BratsScan] = []
    faults: list[Broken] = []
    entries: list[LedgerEntry] = []
    for layout in (layout for layout in layouts if isinstance(layout, Decathlon)):
        for listing in sorted(root.rglob(LISTING)):
            found = decathlon_scans(listing.parent, layout)
            files = [path for path in files if not path.is_relative_to(listing.parent)]
            scans, faults = scans + found[0], faults + found[1]
            tests = [patient_id(entry.patient, folder=listing.parent) for entry in found[2]]
            entries += [LedgerEntry(name, name, OUT, TEST_IMAGE) for name in tests]
    by_name = scans_of(root, files, [layout for layout in layouts if isinstance(layout, Layout)])
    scans = [_named(scan, root) for scan in scans + by_name[0]]
    faults = [_named(fault, root) for fault in faults + by_name[1]]
    if broken == "refuse" and faults:
        _refuse_broken(faults, layouts)
    entries += [LedgerEntry(fault.patient, fault.scan, OUT, fault.reason) for fault in faults]
    entries += linked_folders(root, (channel.path for scan in scans for _, channel in scan.images))
    kept = []
    for scan in sorted(scans, key=lambda scan: (scan.patient, scan.scan)):
        reason = hide_names(fault_of(partial(_read_whole, scan)), root) if broken == "exclude" else ""
        entries.append(LedgerEntry(scan.patient, scan.scan, OUT if reason else IN, reason or scan.layout))
        kept += [] if reason else [scan]
    expected, do = "a scan with its modalities and reference", "check the release, and that its training data are there"
    return cohort_of(NAME, kept, entries, expected=expected, where=root, do=do)


def read_case(scan: BratsScan) -> Case:
    """Read a scan with its modalities as channels and its reference in the numbering of this package.

    Image: float32 `[z, y, x, channel]`, channels in the order flair, t1, t1ce, t2 (those that the layout has), values
    as stored. Reference: uint8, 1 necrotic and non-enhancing core, 2 oedema, 4 enhancing tumour, whatever the release
    calls them. Axes are those of `read_nifti`, so that releases in other orders are seen alike.

    Raises:
        GeometryError: Modalities or reference lie on different grids; both files are named.
        AnnotationFormatError: A label that the layout does not have.
        ImageAxesError: A file has other channels than its layout says.
        IntensityError: A modality is constant.
        NonFiniteError: A voxel is NaN or infinite.
        PixelRangeError: A value is beyond what float32 holds.
        What `read_nifti` and `read_nifti_labels` raise.
    """
    with hidden_names(scan.root):
        return _read(scan)


def _named(found: _Found, root: Path) -> _Found:
    """Return a scan, or a broken one, under the names that may leave this computer."""
    folder = found.folder if isinstance(found, Broken) else found.root
    if not found.patient:
        return replace(found, scan=path_id(folder, root) or patient_id(root.name, folder=root.parent))
    patient = patient_id(found.patient, folder=folder)
    is_only = found.scan == found.patient
    scan = patient if is_only else scan_id(found.scan, patient=found.patient, folder=folder)
    return replace(found, patient=patient, scan=scan)


def _read(scan: BratsScan) -> Case:
    first_path = path = scan.images[0][1].path
    first = volume = read_nifti(path)
    image = np.empty((*first.shape, len(scan.images)), dtype=np.float32)
    for i, (modality, channel) in enumerate(scan.images):
        if channel.path != path:  # a file with four axes has all of them
            path, volume = channel.path, read_nifti(channel.path)
        _require_channels(volume, scan, path)
        require_same_grid(first, volume, names=(str(first_path), str(path)), tolerance_mm=SAME_GRID_MM)
        voxels = volume.voxels if channel.index is None else volume.voxels[..., channel.index]
        with np.errstate(over="ignore"):  # what is not finite is refused
            image[..., i] = require_intensities(voxels, what=modality, path=path)
        if not np.isfinite(image[..., i]).all():
            expected, got = "values that float32 holds", f"{voxels.min():g} to {voxels.max():g} in {modality}"
            do = "mend scl_slope and scl_inter in the header"
            raise PixelRangeError(expected=expected, got=got, where=path, do=do)
    reference = read_nifti_labels(scan.reference)
    require_same_grid(first, reference, names=(str(first_path), str(scan.reference)), tolerance_mm=SAME_GRID_MM)
    labels = reference.on_same_grid(_renumber(reference.voxels, scan), "label")
    return Case(scan.patient, scan.scan, first.on_same_grid(image, "arbitrary"), labels, LABEL_NAMES, ())


def brain_of(scan: BratsScan, image: Volume) -> np.ndarray:
    """Return where the brain is on the image of a scan's case, bool `[z, y, x]`.

    silent: BraTS is published skull-stripped, with exactly 0 outside the brain, and without brain masks. We take every
    voxel that is not 0 in at least one modality; not those above 0, since resampling leaves values below 0 inside.
    Where the layout names a brain mask, that is taken.

    Raises:
        IntensityError: No voxel is background, so that the image is not skull-stripped, or none is brain.
        GeometryError: The brain mask lies on another grid.
        What `read_nifti_labels` raises.
    """
    with hidden_names(scan.root):
        return _brain(scan, image)


def _brain(scan: BratsScan, image: Volume) -> np.ndarray:
    if scan.brain is None:
        brain = (image.voxels != 0).any(axis=-1)
    else:
        mask = read_nifti_labels(scan.brain)
        require_same_grid(image, mask, names=(scan.scan, str(scan.brain)), tolerance_mm=SAME_GRID_MM)
        brain = mask.voxels > 0
    if brain.all() or not brain.any():
        got = "no voxel that is 0 in every modality" if brain.all() else "a brain mask without voxels"
        do = "strip the skull, or name a brain mask in the layout"
        raise IntensityError(expected="brain and background", got=got, where=scan.scan, do=do)
    return brain


def _read_whole(scan: BratsScan) -> None:
    brain_of(scan, read_case(scan).image)


def _require_channels(volume: Volume, scan: BratsScan, path: Path) -> None:
    indices = [channel.index for _, channel in scan.images if channel.path == path and channel.index is not None]
    n_channels = volume.voxels.shape[3] if volume.voxels.ndim == 4 else 0
    if len(indices) != n_channels:
        expected, got = (f"{n} channels" if n else "an image without channels" for n in (len(indices), n_channels))
        do = f"compare it with the other scans of {scan.layout}"
        raise ImageAxesError(expected=expected, got=got, where=path, do=do)


def _renumber(voxels: np.ndarray, scan: BratsScan) -> np.ndarray:
    """Return labels of a file in the numbering of this package, uint8."""
    ours = dict(scan.labels)
    unknown = [label for label in np.flatnonzero(np.bincount(voxels.ravel())).tolist() if label not in ours]
    if unknown:
        expected, got = f"labels {sorted(ours)} of {scan.layout}", f"labels {unknown} too"
        do = "check which release the file is from: 1 2 4 until 2021, 1 2 3 since; or pass a Layout with its labels"
        raise AnnotationFormatError(expected=expected, got=got, where=scan.reference, do=do)
    table = np.zeros(max(ours) + 1, dtype=np.uint8)
    table[list(ours)] = list(ours.values())
    return table[voxels]


def _refuse_broken(faults: list[Broken], layouts: Sequence[Layout | Decathlon]) -> None:
    first = faults[0]
    listed = ", ".join(first.names[:8]) + (", ..." if len(first.names) > 8 else "")
    more = f"; {len(faults) - 1} more like it" if len(faults) > 1 else ""
    expected = f"scans as in {'; '.join(layout.name for layout in layouts)}"
    got = f"{first.scan}: {first.reason}; its folder has {listed}{more}"
    do = "rename files that bear another name; or pass a Layout that says what files and labels are called "
    do += '(brats_layouts has two beside the releases); or pass broken="exclude"'
    raise CohortError(expected=expected, got=got, where=first.folder, do=do)


def require_layouts(layouts: Sequence[Layout | Decathlon], broken: str) -> None:
    """Return if layouts and the word for broken scans are such as `find_cohort` takes.

    Raises:
        ArgumentError: There is no layout, layouts have different modalities, or it is another word.
    """
    sets = {tuple(name for name in MODALITIES if name in layout.modalities) for layout in layouts}
    if len(sets) != 1 or broken not in ("refuse", "exclude"):
        expected = 'layouts of the same modalities, and broken "refuse" or "exclude"'
        got = f"modalities {sorted(sets)} and broken={broken!r}"
        do = "read cohorts with other modalities apart: a model sees all of them"
        raise ArgumentError(expected=expected, got=got, where="find_cohort", do=do)
