"""A phantom cohort on disk in the layout of LCTSC: patient / study, in it a CT series and a series of structures."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from reproduce.phantoms.chest_ct import draw_patient
from reproduce.phantoms.cohort_folder import Layout, PhantomPatient, write_cohort
from reproduce.phantoms.dicom_ct import CtSeriesTags, uid_of, write_ct_series
from reproduce.phantoms.rtstruct_writer import StructureSetTags, write_structure_set
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
    folder: Path,
    *,
    n_patients: int,
    seed: int,
    matrix: int,
    n_slices: int,
    slice_spacing_mm: float,
    workers: int,
) -> None:
    """Write a cohort of chest phantoms with five organs at risk, byte for byte the same for the same arguments.

    `folder/PHANTOM-0001/<study>/<CT series>/*.dcm`, `<study>/<structure series>/*.dcm` with one file, and
    `PHANTOM-0001/phantom.json` with the parameters. File names say nothing of what is in them, nor of the order of the
    slices. Whole, resumed and cleared as `write_cohort` says.

    Args:
        folder: Made if need be.
        n_patients: At least 1.
        seed: Of the cohort; a longer cohort of the same seed begins with the same patients. They are drawn as those of
            `write_lidc_cohort` are: the same seed and grid give the same scans in the other layout.
        matrix: Rows and columns.
        n_slices: Slices a patient. Together they should be 110 mm high or more: below a lower scan the heart may lie
            hidden, and its structure is then empty.
        slice_spacing_mm: Distance and thickness of slices; 2.5 and 3 in LCTSC, mostly.
        workers: Processes; 1 draws in this one. More are started by `spawn`: a script needs its
            `if __name__ == "__main__"`.

    Raises:
        FolderInUseError: A folder of a phantom's name holds something else.
        CohortError: `n_patients` is less than 1, or a scan too low to show a nodule.
    """
    patients = [PhantomPatient(seed, i, matrix, n_slices, float(slice_spacing_mm)) for i in range(1, n_patients + 1)]
    write_cohort(folder, patients, LCTSC_LAYOUT, workers=workers)


def _write_scan(folder: Path, patient: PhantomPatient) -> None:
    """Draw one patient, and write the CT and its structures below a folder of its own."""
    scan = draw_patient(
        patient.seed,
        patient.number,
        matrix=patient.matrix,
        n_slices=patient.n_slices,
        slice_spacing_mm=patient.slice_spacing_mm,
    )
    name = ("phantom lctsc", *(value for value in asdict(patient).values()))
    rng = stream(*name, "files")
    tags = CtSeriesTags(
        patient_id=LCTSC_LAYOUT.name(patient),
        study_uid=uid_of(*name, "study"),
        series_uid=uid_of(*name, "series"),
        frame_uid=uid_of(*name, "frame"),
        protocol=f"chest CT, LCTSC layout, seed {patient.seed}",
        scanner=scan.scanner,
        body_part="CHEST",
        patient_position="HFS",  # patients are planned as they are treated
        rises_with_number=bool(rng.random() < 0.5),
    )
    sop_uids = tuple(uid_of(*name, "slice", k) for k in range(patient.n_slices))
    structures = StructureSetTags(uid_of(*name, "structure series"), uid_of(*name, "structures"), tags, sop_uids)
    numbers = rng.choice(np.arange(1, 10 * patient.n_slices), patient.n_slices, replace=False)
    images, outlines = (folder / tags.study_uid / uid for uid in (tags.series_uid, structures.series_uid))
    for home in (images, outlines):
        home.mkdir(parents=True)
    write_ct_series(images, scan.image, tags, sop_uids=sop_uids, names=tuple(f"{n:06d}.dcm" for n in numbers))
    masks = {organ: scan.structures[structure] for organ, structure in ORGANS.items()}
    write_structure_set(outlines / "000001.dcm", masks, scan.image, structures)


LCTSC_LAYOUT = Layout("PHANTOM-", "chest CT in the layout of LCTSC", _write_scan)
