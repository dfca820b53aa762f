"""A phantom cohort on disk in the layout of LIDC-IDRI: patient / study / series / slices and the readers' XML."""

from __future__ import annotations

from dataclasses import asdict, astuple
from pathlib import Path

import numpy as np

from reproduce.phantoms.chest.ct import draw_patient
from reproduce.phantoms.writers.cohort_folder import Layout, PhantomPatient, write_cohort
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags, write_ct_series
from reproduce.phantoms.writers.lidc_xml import read_message
from reproduce.randomness import stream


def write_lidc_cohort(
    folder: Path, *, n_patients: int, seed: int, matrix: int, n_slices: int, slice_spacing_mm: float, workers: int
) -> None:
    """Write a cohort of chest phantoms, byte for byte the same for the same arguments and code.

    `folder/PHANTOM-0001/<study>/<series>/*.dcm` with `NNN.xml` beside the slices, and `PHANTOM-0001/phantom.json` with
    the parameters. Whole, resumed and cleared as `write_cohort` says.

    Args:
        folder: Made if need be.
        n_patients: At least 1.
        seed: Seed of the cohort; a longer cohort of the same seed begins with the same patients.
        matrix: Rows and columns.
        n_slices: Slices a patient.
        slice_spacing_mm: Distance and thickness of slices.
        workers: Processes; 1 draws in this one. More are started by `spawn`: a script needs its
            `if __name__ == "__main__"`.

    Raises:
        FolderInUseError: A folder of a phantom's name holds something else.
        CohortError: `n_patients` is less than 1, or a scan too low to show a nodule.
    """
    patients = [PhantomPatient(seed, i, matrix, n_slices, float(slice_spacing_mm)) for i in range(1, n_patients + 1)]
    write_cohort(folder, patients, LIDC_LAYOUT, workers=workers)


def _write_scan(folder: Path, patient: PhantomPatient) -> None:
    scan = draw_patient(**asdict(patient))
    name = ("phantom lidc", *astuple(patient))
    rng = stream(*name, "files")
    numbers = rng.choice(np.arange(1, 10 * patient.n_slices), patient.n_slices, replace=False)
    tags = CtSeriesTags(
        name,
        LIDC_LAYOUT.name(patient),
        f"chest CT, LIDC-IDRI layout, seed {patient.seed}",
        scan.scanner,
        patient_position=str(rng.choice(["HFS", "FFS"])),
        rises_with_number=bool(rng.random() < 0.5),
    )
    series = folder / tags.uid("study") / tags.uid("series")
    write_ct_series(series, scan.image, tags, numbers=numbers.tolist())
    message = read_message(scan.readings, tags, scan.image)
    message.write(series / f"{patient.number:03d}.xml", encoding="UTF-8", xml_declaration=True)


LIDC_LAYOUT = Layout("PHANTOM-", "chest CT in the layout of LIDC-IDRI", _write_scan)
