"""A phantom cohort on disk in the layout of the Decathlon: dataset.json, imagesTr, labelsTr."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from rich.progress import track

from reproduce.cache_key import cache_key
from reproduce.errors import CohortError, FolderInUseError
from reproduce.phantoms.cohort_folder import PARAMETERS_FILE
from reproduce.phantoms.hippocampus_mri import draw_hippocampus
from reproduce.phantoms.phantom_nifti import nifti_bytes
from reproduce.provenance import write_json

_PREFIX, _FOLDERS = "hippocampus_PHANTOM", ("imagesTr", "labelsTr")


def write_hippocampus_cohort(folder: Path, *, n_patients: int, seed: int, workers: int) -> None:
    """Write a cohort of hippocampus phantoms, byte for byte the same for the same arguments and code.

    `folder/imagesTr/hippocampus_PHANTOM0001.nii.gz` and so on, dataset.json beside the folders, and phantom.json, which
    is written last: a folder with it is whole and stays as it is where it says the same parameters and code. A case
    takes a few hundredths of a second, so one process draws them all.

    Args:
        folder: Made if need be.
        n_patients: At least 1.
        seed: Of the cohort; a longer cohort of the same seed begins with the same patients.
        workers: Not needed here; other writers take it.

    Raises:
        FolderInUseError: The folder holds images that this writer did not write.
        CohortError: `n_patients` is less than 1.
    """
    if n_patients < 1:
        raise CohortError(expected="at least 1 patient", got=str(n_patients), where=folder, do="ask for more patients")
    code = cache_key(write_hippocampus_cohort)
    record = {"phantom": "hippocampus in the layout of the Decathlon", "code": code}
    record |= {"seed": seed, "n_patients": n_patients}
    if (folder / PARAMETERS_FILE).is_file() and json.loads((folder / PARAMETERS_FILE).read_text()) == record:
        return
    _clear(folder)
    numbers = range(1, n_patients + 1)
    names = [f"{_PREFIX}{number:04d}.nii.gz" for number in numbers]
    for number, name in track(list(zip(numbers, names, strict=True)), description="draw phantoms", transient=True):
        for place, volume in zip(_FOLDERS, draw_hippocampus(seed, number), strict=True):
            unfinished = folder / place / f".{name}.unfinished"
            unfinished.write_bytes(nifti_bytes(volume))
            os.replace(unfinished, folder / place / name)
    listing = {
        "name": "Hippocampus PHANTOM",
        "modality": {"0": "MRI"},
        "labels": {"0": "background", "1": "Anterior", "2": "Posterior"},
        "numTraining": n_patients,
        "training": [{"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"} for name in names],
        "test": [],
    }
    write_json(folder / "dataset.json", listing)
    write_json(folder / PARAMETERS_FILE, record)


def _clear(folder: Path) -> None:
    """Make the folders empty of phantoms; refuse images that are none."""
    (folder / PARAMETERS_FILE).unlink(missing_ok=True)
    for place in _FOLDERS:
        others = [path for path in (folder / place).glob("*.nii.gz") if not path.name.startswith(_PREFIX)]
        if others:
            raise FolderInUseError(
                expected="phantoms, or an empty folder",
                got="an image of another name",
                where=others[0],
                do="move it away, or write the cohort to another folder",
            )
        shutil.rmtree(folder / place, ignore_errors=True)
        (folder / place).mkdir(parents=True)
