"""The builder of LIDC-IDRI on a phantom cohort: the same cases as the files give, and never a stale cache."""

import csv
import shutil

import numpy as np
import pytest

from reproduce.cohorts import lidc
from reproduce.errors import CohortError, DataNotFoundError
from reproduce.prepared import slices
from reproduce.prepared.lidc_idri import prepare_lidc


@pytest.fixture
def root(phantom_root, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(phantom_root, tmp_path / "root")


def key_of(root, tmp_path, **changes):
    return prepare_lidc(root, tmp_path / "cache", **{"consensus": 0.5, "min_readers": 1, **changes}).key


def test_examples_are_the_slices_of_the_cases_in_order(prepared, phantom_root):
    examples = iter(prepared.read().as_numpy_iterator())
    for scan in lidc.find_cohort(phantom_root).scans:
        case = lidc.read_case(scan, consensus=0.5, min_readers=1)
        for z in range(len(case.image.voxels)):
            example = next(examples)
            assert (example["patient"].decode(), example["scan"].decode()) == (case.patient, case.scan)
            assert example["slice"] == z
            assert example["image"].dtype == np.int16
            assert np.array_equal(example["image"][..., 0], case.image.voxels[z])
            assert np.array_equal(example["labels"], case.reference.voxels[z])
            assert example["spacing_mm"].tolist() == list(case.image.spacing_mm)
    assert next(examples, None) is None


def test_there_is_something_to_find(prepared):
    assert all(scan.labels.any() for scan in prepared.scans())


def test_the_name_and_the_ledger_stand_beside_the_examples(prepared):
    assert prepared.name == "lidc_idri"
    rows = list(csv.DictReader(prepared.ledger.read_text().splitlines()))
    assert [row["patient"] for row in rows] == ["PHANTOM-0001", "PHANTOM-0002", "PHANTOM-0003"]
    assert {row["status"] for row in rows} == {"in"}


def test_a_second_call_reads_no_scan(root, tmp_path, monkeypatch):
    read, examples = [], slices.slice_examples
    monkeypatch.setattr(slices, "slice_examples", lambda case, **kw: read.append(case.patient) or examples(case, **kw))
    first = key_of(root, tmp_path)
    assert len(read) == 3
    assert key_of(root, tmp_path) == first
    assert len(read) == 3


@pytest.mark.parametrize("change", [{"consensus": 1.0}, {"min_readers": 4}])
def test_another_parameter_is_another_key_and_other_labels(root, tmp_path, change):
    cache = tmp_path / "cache"
    usual = prepare_lidc(root, cache, consensus=0.5, min_readers=1)
    strict = prepare_lidc(root, cache, **{"consensus": 0.5, "min_readers": 1, **change})
    assert strict.key != usual.key
    n_usual, n_strict = (sum(int((scan.labels > 0).sum()) for scan in each.scans()) for each in (usual, strict))
    assert n_strict < n_usual


def test_a_changed_source_is_read_again(root, tmp_path):
    cache = tmp_path / "cache"
    before = prepare_lidc(root, cache, consensus=0.5, min_readers=1)
    xml = next(root.glob("PHANTOM-0001/**/*.xml"))
    xml.write_text(xml.read_text().replace("<inclusion>TRUE</inclusion>", "<inclusion>FALSE</inclusion>"))
    after = prepare_lidc(root, cache, consensus=0.5, min_readers=1)
    assert after.key != before.key
    first = {scan.patient: int(scan.labels.sum()) for scan in after.scans()}
    assert first["PHANTOM-0001"] == 0
    assert first["PHANTOM-0002"] > 0


def test_a_patient_who_left_is_not_in_the_cache(root, tmp_path):
    before = key_of(root, tmp_path)
    shutil.rmtree(root / "PHANTOM-0002")
    after = prepare_lidc(root, tmp_path / "cache", consensus=0.5, min_readers=1)
    assert after.key != before
    assert [scan.patient for scan in after.scans()] == ["PHANTOM-0001", "PHANTOM-0003"]


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("reproduce.imaging.dicom_pixels", "def slice_hu(", "def slice_hu(_more, "),
        ("reproduce.cohorts.lidc_outlines", "def enclosed_pixels(", "def enclosed_pixels(_more, "),
        ("reproduce.prepared.slices", "position * _MAX_SLICES + z", "position * _MAX_SLICES - z"),
        ("reproduce.prepared.slices", "disable_shuffling=True", "disable_shuffling=False"),
    ],
)
def test_changed_code_of_every_room_that_makes_an_example_is_another_key(edit, root, tmp_path, module, old, new):
    before = key_of(root, tmp_path)
    edit(module, old, new)
    assert key_of(root, tmp_path) != before


def test_where_the_folder_lies_does_not_change_the_key(root, tmp_path):
    before = key_of(root, tmp_path)
    assert key_of(root.rename(tmp_path / "moved"), tmp_path) == before


def test_a_scan_that_cannot_be_read_leaves_no_half_cache(root, tmp_path, monkeypatch):
    examples = slices.slice_examples

    def failing(case, **settings):
        if case.patient == "PHANTOM-0003":
            raise CohortError(expected="a scan", got="none", where=case.patient, do="look")
        return examples(case, **settings)

    monkeypatch.setattr(slices, "slice_examples", failing)
    with pytest.raises(CohortError, match="PHANTOM-0003"):
        key_of(root, tmp_path)
    monkeypatch.undo()
    assert len(list(prepare_lidc(root, tmp_path / "cache", consensus=0.5, min_readers=1).scans())) == 3


def test_a_folder_without_scans_is_named(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "notes.txt").touch()
    with pytest.raises(DataNotFoundError, match="no CT"):
        key_of(tmp_path / "root", tmp_path)
