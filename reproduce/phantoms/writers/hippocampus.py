"""A phantom cohort on disk in the layout of the Decathlon: dataset.json, imagesTr, labelsTr."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from reproduce.cache_key import cache_key
from reproduce.errors import CohortError, FolderInUseError
from reproduce.phantoms.hippocampus.mri import draw_hippocampus
from reproduce.phantoms.writers.cohort_folder import PARAMETERS_FILE
from reproduce.phantoms.writers.nifti import nifti_bytes
from reproduce.progress import tracked
from reproduce.provenance import write_bytes, write_json

_PREFIX, _FOLDERS = "hippocampus_PHANTOM", ("imagesTr", "labelsTr")


def write_hippocampus_cohort(folder: Path, *, n_patients: int, seed: int, workers: int) -> None:
    """Write a cohort of hippocampus phantoms, byte for byte the same for the same arguments and code.

    `folder/imagesTr/hippocampus_PHANTOM0001.nii.gz` and so on, dataset.json beside the folders, and phantom.json, which
    is written last: a folder with it is whole and stays as it is where it says the same parameters and code. Arguments
    are those of `write_lidc_cohort`; one process draws all cases, since each takes a few hundredths of a second.

    Raises:
        FolderInUseError: The folder holds images that this writer did not write.
        CohortError: `n_patients` is less than 1.
    """
    if n_patients < 1:
        raise CohortError(expected="at least 1 patient", got=str(n_patients), where=folder, do="ask for more patients")
    record = {
        "phantom": "hippocampus in the layout of the Decathlon",
        "code": cache_key(write_hippocampus_cohort),
        "seed": seed,
        "n_patients": n_patients,
    }
    if (folder / PARAMETERS_FILE).is_file() and json.loads((folder / PARAMETERS_FILE).read_text()) == record:
        return
    _clear(folder)
    names = {number: f"{_PREFIX}{number:04d}.nii.gz" for number in range(1, n_patients + 1)}
    for number, name in tracked(names.items(), "draw phantoms", "patients"):
        for part, volume in zip(_FOLDERS, draw_hippocampus(seed, number), strict=True):
            write_bytes(folder / part / name, nifti_bytes(volume))
    listing = {
        "name": "Hippocampus PHANTOM",
        "modality": {"0": "MRI"},
        "labels": {"0": "background", "1": "Anterior", "2": "Posterior"},
        "numTraining": n_patients,
        "training": [{"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"} for name in names.values()],
        "test": [],
    }
    write_json(folder / "dataset.json", listing)
    write_json(folder / PARAMETERS_FILE, record)


def _clear(folder: Path) -> None:
    """Remove the phantoms in the folders; refuse images that are none."""
    (folder / PARAMETERS_FILE).unlink(missing_ok=True)
    for part in _FOLDERS:
        others = [path for path in (folder / part).glob("*.nii.gz") if not path.name.startswith(_PREFIX)]
        if others:
            expected, got = "phantoms, or an empty folder", "an image of another name"
            do = "move it away, or write the cohort to another folder"
            raise FolderInUseError(expected=expected, got=got, where=others[0], do=do)
        shutil.rmtree(folder / part, ignore_errors=True)
