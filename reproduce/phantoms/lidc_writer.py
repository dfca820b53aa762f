"""A phantom cohort on disk in the layout of LIDC-IDRI: patient / study / series / slices and the readers' XML."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from reproduce.errors import CohortError, FolderInUseError
from reproduce.phantoms.chest_ct import ChestCt, draw_patient
from reproduce.phantoms.dicom_ct import CtSeriesTags, uid_of, write_ct_series
from reproduce.phantoms.lidc_xml import ReadSeries, read_message
from reproduce.phantoms.patient_pool import write_patients
from reproduce.randomness import stream

PARAMETERS_FILE = "phantom.json"
_UNFINISHED = ".{}.unfinished"  # hidden, so that nobody takes it for a patient


@dataclass(frozen=True)
class PhantomPatient:
    """What decides every byte of a patient, the code aside."""

    seed: int
    number: int
    matrix: int
    n_slices: int
    slice_spacing_mm: float

    @property
    def name(self) -> str:
        """Patient ID and name of the folder."""
        return f"PHANTOM-{self.number:04d}"

    def record(self) -> dict:
        """What stands in the patient's JSON, by which a finished patient is known again."""
        return {"phantom": "chest CT in the layout of LIDC-IDRI", "code": _code_digest(), **asdict(self)}


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
    if n_patients < 1:
        raise CohortError(expected="at least 1 patient", got=str(n_patients), where=folder, do="ask for more patients")
    folder.mkdir(parents=True, exist_ok=True)
    patients = [PhantomPatient(seed, i, matrix, n_slices, float(slice_spacing_mm)) for i in range(1, n_patients + 1)]
    _clear(folder, keep={patient.name for patient in patients})
    missing = [patient for patient in patients if not _is_finished(folder, patient)]
    try:
        write_patients(
            functools.partial(write_patient, folder), missing, workers=workers, n_kept=n_patients - len(missing)
        )
    finally:
        for rest in folder.glob(_UNFINISHED.format("PHANTOM-*")):
            shutil.rmtree(rest)


def write_patient(folder: Path, patient: PhantomPatient) -> None:
    """Draw one patient and write it whole or not at all."""
    scan = draw_patient(
        patient.seed,
        patient.number,
        matrix=patient.matrix,
        n_slices=patient.n_slices,
        slice_spacing_mm=patient.slice_spacing_mm,
    )
    unfinished = folder / _UNFINISHED.format(patient.name)
    for leftover in (unfinished, folder / patient.name):
        if leftover.exists():
            shutil.rmtree(leftover)
    _write_scan(unfinished, scan, patient)
    (unfinished / PARAMETERS_FILE).write_text(json.dumps(patient.record(), indent=1, sort_keys=True) + "\n")
    unfinished.rename(folder / patient.name)


def _write_scan(folder: Path, scan: ChestCt, patient: PhantomPatient) -> None:
    """The series and the XML of one patient below a folder of their own."""
    name = ("phantom lidc", *(value for value in asdict(patient).values()))
    study_uid, series_uid = uid_of(*name, "study"), uid_of(*name, "series")
    sop_uids = tuple(uid_of(*name, "slice", k) for k in range(patient.n_slices))
    rng = stream(*name, "files")
    numbers = rng.choice(np.arange(1, 10 * patient.n_slices), patient.n_slices, replace=False)
    tags = CtSeriesTags(
        patient_id=patient.name,
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


def _clear(folder: Path, *, keep: set[str]) -> None:
    """Remove unfinished patients and phantoms that the cohort does not have; refuse what this writer did not write."""
    for path in sorted(folder.glob(_UNFINISHED.format("PHANTOM-*"))):
        shutil.rmtree(path)
    for path in sorted(folder.glob("PHANTOM-*")):
        if not (path / PARAMETERS_FILE).is_file():
            raise FolderInUseError(
                expected=f"a phantom patient with its {PARAMETERS_FILE}",
                got="a file or folder of that name without it",
                where=path,
                do="move it away, or write the cohort to another folder",
            )
        if path.name not in keep:
            shutil.rmtree(path)


def _is_finished(folder: Path, patient: PhantomPatient) -> bool:
    path = folder / patient.name / PARAMETERS_FILE
    return path.is_file() and path.read_text() == json.dumps(patient.record(), indent=1, sort_keys=True) + "\n"


@functools.cache
def _code_digest() -> str:
    """SHA-256 of the sources of this room: a cohort of other code is not taken for this one's."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
