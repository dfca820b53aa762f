"""A phantom cohort on disk in the layout of LIDC-IDRI: patient / study / series / slices and the readers' XML."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from reproduce.phantoms.chest_ct import draw_patient
from reproduce.phantoms.cohort_folder import Layout, PhantomPatient, write_cohort
from reproduce.phantoms.dicom_ct import CtSeriesTags, uid_of, write_ct_series
from reproduce.phantoms.lidc_xml import ReadSeries, read_message
from reproduce.randomness import stream


def write_lidc_cohort(
    folder: Path,
    *,
    n_patients: int,
    seed: int,
    matrix: int,
    n_slices: int,
    slice_spacing_mm: float,
    workers: int,
) -> None:
    """Write a cohort of chest phantoms, byte for byte the same for the same arguments and code.

    `folder/PHANTOM-0001/<study>/<series>/*.dcm` with `NNN.xml` beside the slices, and `PHANTOM-0001/phantom.json` with
    the parameters. Each patient is written under a temporary name and renamed, so what bears its name is whole. Run
    again, finished patients of the same parameters and code stay; others are written anew, and phantom patients
    beyond `n_patients` are removed. Ctrl-C leaves the finished patients and nothing else.

    Args:
        folder: Made if need be.
        n_patients: At least 1.
        seed: Of the cohort; a longer cohort of the same seed begins with the same patients.
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
    """Draw one patient, and write the series and the XML below a folder of its own."""
    scan = draw_patient(
        patient.seed,
        patient.number,
        matrix=patient.matrix,
        n_slices=patient.n_slices,
        slice_spacing_mm=patient.slice_spacing_mm,
    )
    name = ("phantom lidc", *(value for value in asdict(patient).values()))
    study_uid, series_uid = uid_of(*name, "study"), uid_of(*name, "series")
    sop_uids = tuple(uid_of(*name, "slice", k) for k in range(patient.n_slices))
    rng = stream(*name, "files")
    numbers = rng.choice(np.arange(1, 10 * patient.n_slices), patient.n_slices, replace=False)
    tags = CtSeriesTags(
        patient_id=LIDC_LAYOUT.name(patient),
        study_uid=study_uid,
        series_uid=series_uid,
        frame_uid=uid_of(*name, "frame"),
        protocol=f"chest CT, LIDC-IDRI layout, seed {patient.seed}",
        scanner=scan.scanner,
        body_part="CHEST",
        patient_position=str(rng.choice(["HFS", "FFS"])),
        rises_with_number=bool(rng.random() < 0.5),
    )
    home = folder / study_uid / series_uid
    home.mkdir(parents=True)
    write_ct_series(home, scan.image, tags, sop_uids=sop_uids, names=tuple(f"{n:06d}.dcm" for n in numbers))
    positions = scan.image.world_mm(np.stack([np.arange(patient.n_slices), *np.zeros((2, patient.n_slices))], axis=1))
    series = ReadSeries(study_uid, series_uid, sop_uids, tuple(float(z) for z in positions[:, 2]))
    message = read_message(scan.readings, series, uid=uid_of(*name, "message"))
    message.write(home / f"{patient.number:03d}.xml", encoding="UTF-8", xml_declaration=True)


LIDC_LAYOUT = Layout("PHANTOM-", "chest CT in the layout of LIDC-IDRI", _write_scan)
