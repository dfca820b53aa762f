"""A phantom cohort on disk in the layout of BraTS 2021: one folder a patient, four modalities and the reference."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from reproduce.phantoms.brain.mri import draw_patient
from reproduce.phantoms.writers.cohort_folder import Layout, PhantomPatient, write_cohort
from reproduce.phantoms.writers.nifti import nifti_bytes


def write_brats_cohort(
    folder: Path, *, n_patients: int, seed: int, matrix: int, n_slices: int, slice_spacing_mm: float, workers: int
) -> None:
    """Write a cohort of brain phantoms, byte for byte the same for the same arguments and code.

    `folder/BraTS-PHANTOM-0001/BraTS-PHANTOM-0001_{flair,t1,t1ce,t2,seg}.nii.gz` and `phantom.json` with the parameters
    beside them. Images are int16, the reference uint8 with the labels 0 1 2 4; qform and sform are set alike. The field
    is 240 mm; `matrix`, `n_slices` and `slice_spacing_mm` are 240, 155 and 1.0 in BraTS. Arguments and errors are those
    of `write_lidc_cohort`, and:

    Raises:
        ArgumentError: The grid is too small to show a tumour.
    """
    patients = [PhantomPatient(seed, i, matrix, n_slices, float(slice_spacing_mm)) for i in range(1, n_patients + 1)]
    write_cohort(folder, patients, BRATS_LAYOUT, workers=workers)


def _write_scan(folder: Path, patient: PhantomPatient) -> None:
    scan = draw_patient(**asdict(patient))
    folder.mkdir()
    for modality, volume in (*scan.images.items(), ("seg", scan.reference)):
        (folder / f"{BRATS_LAYOUT.name(patient)}_{modality}.nii.gz").write_bytes(nifti_bytes(volume))


BRATS_LAYOUT = Layout("BraTS-PHANTOM-", "brain MRI in the layout of BraTS 2021", _write_scan)
