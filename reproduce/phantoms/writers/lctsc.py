"""A phantom cohort on disk in the layout of LCTSC: patient / study, in it a CT series and a series of structures."""

from __future__ import annotations

from dataclasses import asdict, astuple
from pathlib import Path

import numpy as np

from reproduce.phantoms.chest.ct import draw_patient
from reproduce.phantoms.writers.cohort_folder import Layout, PhantomPatient, write_cohort
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags, write_ct_series
from reproduce.phantoms.writers.rtstruct import write_structure_set
from reproduce.randomness import stream

# Names of LCTSC (those of TG-263), and of the phantom.
ORGANS = {
    "Esophagus": "oesophagus",
    "Heart": "heart",
    "Lung_L": "lung_left",
    "Lung_R": "lung_right",
    "SpinalCord": "spinal_cord",
}


def write_lctsc_cohort(
    folder: Path, *, n_patients: int, seed: int, matrix: int, n_slices: int, slice_spacing_mm: float, workers: int
) -> None:
    """Write a cohort of chest phantoms with five organs at risk, byte for byte the same for the same arguments.

    `folder/PHANTOM-0001/<study>/<CT series>/*.dcm`, `<study>/<structure series>/*.dcm` with one file, and
    `PHANTOM-0001/phantom.json` with the parameters. File names say nothing of what is in them, nor of the order of the
    slices. Arguments and errors are those of `write_lidc_cohort`, and the same seed and grid give the same scans.

    The slices together should be 110 mm high or more: below a lower scan the heart may lie hidden, and its structure is
    then empty. Slices of LCTSC are mostly 2.5 and 3 mm apart.
    """
    patients = [PhantomPatient(seed, i, matrix, n_slices, float(slice_spacing_mm)) for i in range(1, n_patients + 1)]
    write_cohort(folder, patients, LCTSC_LAYOUT, workers=workers)


def _write_scan(folder: Path, patient: PhantomPatient) -> None:
    scan = draw_patient(**asdict(patient))
    name = ("phantom lctsc", *astuple(patient))
    rng = stream(*name, "files")
    tags = CtSeriesTags(
        name,
        LCTSC_LAYOUT.name(patient),
        f"chest CT, LCTSC layout, seed {patient.seed}",
        scan.scanner,
        patient_position="HFS",  # patients are planned as they are treated
        rises_with_number=bool(rng.random() < 0.5),
    )
    numbers = rng.choice(np.arange(1, 10 * patient.n_slices), patient.n_slices, replace=False)
    study = folder / tags.uid("study")
    write_ct_series(study / tags.uid("series"), scan.image, tags, numbers=numbers.tolist())
    masks = {organ: scan.structures[structure] for organ, structure in ORGANS.items()}
    write_structure_set(study / tags.uid("structure series") / "000001.dcm", masks, scan.image, tags)


LCTSC_LAYOUT = Layout("PHANTOM-", "chest CT in the layout of LCTSC", _write_scan)
