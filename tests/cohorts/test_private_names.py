"""Forty identifiers planted into scans: none leaves by cohort, ledger, cache or error, but for the private table."""

import csv
import json
import traceback

import numpy as np
import pydicom
import pytest

from reproduce.cohorts import lidc as lidc_idri
from reproduce.cohorts import thoracic
from reproduce.cohorts.splits import patient_folds, write_splits
from reproduce.errors import ReproduceError
from reproduce.imaging.dicom import read_series
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags
from reproduce.phantoms.writers.rtstruct import write_structure_set
from reproduce.provenance import tree_digest
from tests.planted import FOLDER, PLANTED, ROI, SERIES, TEXTS, leaks, plant


class _Tags(CtSeriesTags):
    def uid(self, what, k=0):
        ends = {"series": "", "study": ".99", "frame": ".7", "structure series": ".5", "structures": ".6"}
        return SERIES + (f".{k + 1}" if what == "slice" else ends[what])


@pytest.fixture
def root(lidc, tmp_path):
    """One CT with XML of its readers, and a structure set with a tumour that bears a name, in a folder of that name."""
    root = tmp_path / "root"
    annotation = lidc.message(
        lidc.session(lidc.nodule(lidc.roi(lidc.square(3, 3, 6, 6), sop=f"{SERIES}.2"))), series=SERIES
    )
    home = lidc.write_scan(root / FOLDER, patient=FOLDER, series=SERIES, annotation=annotation)
    (home / f"{FOLDER}.xml").write_text("<svg/>")
    names = ("Esophagus", "Heart", "Lung_L", "Lung_R", "SpinalCord", ROI)
    masks = {name: np.zeros((3, 16, 20), dtype=bool) for name in names}
    for i, mask in enumerate(masks.values()):
        mask[:, 4:10, 3 * i : 3 * i + 3] = True
    tags = _Tags((SERIES,), TEXTS["PatientID"], "test", None, "HFS", True)
    write_structure_set(home.parent / "1-1.dcm", masks, read_series(home).volume, tags)
    plant(root)
    return root


def _read(kind, scan):
    if kind == "lidc":
        return lidc_idri.read_case(scan, consensus=0.5, min_readers=1)
    return thoracic.read_case(scan, outside="refuse")


def _find(kind, root):
    return lidc_idri.find_cohort(root) if kind == "lidc" else thoracic.find_cohort(root, absent="refuse")


@pytest.mark.parametrize("kind", ["lidc", "thoracic"])
def test_nothing_that_is_written_or_handed_on_names_anybody(kind, root, tmp_path, private_names):
    cohort = _find(kind, root)
    (scan,) = cohort.scans
    case = _read(kind, scan)
    out = tmp_path / "out"
    cohort.ledger.write_csv(out / "ledger.csv")
    write_splits(patient_folds([case.patient, "B"], n_folds=2, validation_share=0, seed=1), out / "splits.json")
    tree_digest(root, memo=out / "digests.json")
    texts = [path.read_text(encoding="utf-8") for path in sorted(out.iterdir())]
    texts += [case.patient, case.scan, json.dumps(dict(case.label_names)), repr(cohort.ledger), cohort.ledger.summary()]
    assert [leaks(text) for text in texts] == [[]] * len(texts)
    assert case.patient.startswith("case-")
    assert case.scan.startswith("scan-")
    assert len(PLANTED) >= 40
    with (private_names / "case_ids.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert rows[case.patient]["name"] == TEXTS["PatientID"]
    assert rows[case.scan]["name"] == SERIES
    assert FOLDER in rows[case.patient]["folder"]


def damage(root):
    """Yield files below a folder, each damaged in one way, and mend them again."""
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        for cut in (0, 100, 140, len(whole) // 3, len(whole) // 2, len(whole) - 9):
            path.write_bytes(whole[:cut])
            yield path
        path.write_bytes(whole)
        if path.suffix == ".dcm":
            for keyword in (
                "SeriesInstanceUID",
                "PixelSpacing",
                "ImagePositionPatient",
                "PatientID",
                "Rows",
                "SOPClassUID",
            ):
                dataset = pydicom.dcmread(path)
                if keyword in dataset:
                    delattr(dataset, keyword)
                    dataset.save_as(path)
                    yield path
            path.with_name(f"copy of {FOLDER}.dcm").write_bytes(whole)
            yield path
            path.with_name(f"copy of {FOLDER}.dcm").unlink()
            path.write_bytes(whole)


@pytest.mark.parametrize("kind", ["lidc", "thoracic"])
def test_no_error_names_anybody(kind, root):
    (before,) = _find(kind, root).scans
    n_errors = 0
    for _ in damage(root):
        for step in (lambda: _find(kind, root).ledger.summary(), lambda: _read(kind, before) and None):
            try:
                text = str(step() or "")
            except ReproduceError as error:
                n_errors += 1
                text = "".join(traceback.format_exception_only(error)) + repr(error.args)
            assert leaks(text) == []
    assert n_errors > 40
