"""The builder of LCTSC on a phantom cohort: the same cases as the files give, and never a stale cache."""

import csv
import logging
import shutil

import numpy as np
import pydicom
import pytest

from reproduce.cohorts import thoracic
from reproduce.errors import ContourPlaceError, DataNotFoundError
from reproduce.phantoms.writers.lctsc import write_lctsc_cohort
from reproduce.prepared import slices
from reproduce.prepared.thoracic import prepare_thoracic

_USUAL = {"absent": "refuse", "outside": "refuse"}


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory):
    """Two patients at 64x64 on 6 slices, the whole height of the heart."""
    root = tmp_path_factory.mktemp("lctsc")
    write_lctsc_cohort(root, n_patients=2, seed=5, matrix=64, n_slices=6, slice_spacing_mm=20.0, workers=1)
    return root


@pytest.fixture(scope="module")
def prepared(phantoms, tmp_path_factory):
    return prepare_thoracic(phantoms, tmp_path_factory.mktemp("cache"), **_USUAL)


@pytest.fixture
def root(phantoms, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(phantoms, tmp_path / "root")


def _without_heart(root):
    """Take the outlines of the first patient's heart away; gives the file."""
    path = next(root.glob("PHANTOM-0001/*/*/000001.dcm"))
    dataset = pydicom.dcmread(path)
    del dataset.ROIContourSequence[1].ContourSequence
    dataset.save_as(path)
    return path


def test_examples_are_the_slices_of_the_cases_in_order(prepared, phantoms):
    examples = iter(prepared.read().as_numpy_iterator())
    for scan in thoracic.find_cohort(phantoms, absent="refuse").scans:
        case = thoracic.read_case(scan, outside="refuse")
        for z in range(len(case.image.voxels)):
            example = next(examples)
            assert (example["patient"].decode(), example["scan"].decode()) == (case.patient, case.scan)
            assert (example["slice"], example["image"].dtype) == (z, np.int16)
            assert np.array_equal(example["image"][..., 0], case.image.voxels[z])
            assert np.array_equal(example["labels"], case.reference.voxels[z])
            assert example["spacing_mm"].tolist() == list(case.image.spacing_mm)
    assert next(examples, None) is None


def test_all_five_organs_are_there_and_the_ledger_beside_them(prepared):
    assert [sorted(np.unique(scan.labels).tolist()) for scan in prepared.scans()] == [[0, 1, 2, 3, 4, 5]] * 2
    assert prepared.name == "lctsc"
    rows = list(csv.DictReader(prepared.ledger.read_text().splitlines()))
    assert [(row["patient"], row["status"]) for row in rows] == [("PHANTOM-0001", "in"), ("PHANTOM-0002", "in")]


def test_a_second_call_reads_no_scan(root, tmp_path, monkeypatch):
    read, examples = [], slices.slice_examples
    monkeypatch.setattr(slices, "slice_examples", lambda case, **kw: read.append(case.patient) or examples(case, **kw))
    first = prepare_thoracic(root, tmp_path / "cache", **_USUAL)
    assert len(read) == 2
    assert prepare_thoracic(root, tmp_path / "cache", **_USUAL).key == first.key
    assert len(read) == 2


def test_an_organ_that_is_not_outlined_is_refused_or_kept_under_another_key(root, tmp_path):
    before = prepare_thoracic(root, tmp_path / "cache", **_USUAL)
    _without_heart(root)
    refused = prepare_thoracic(root, tmp_path / "cache", **_USUAL)
    kept = prepare_thoracic(root, tmp_path / "cache", **{**_USUAL, "absent": "keep"})
    assert len({before.key, refused.key, kept.key}) == 3
    assert [scan.patient for scan in refused.scans()] == ["PHANTOM-0002"]
    first, second = kept.scans()
    assert 2 not in first.labels
    assert 2 in second.labels


def test_what_becomes_of_outlines_without_a_slice_is_part_of_the_key(root, tmp_path):
    path = next(root.glob("PHANTOM-0001/*/*/000001.dcm"))
    dataset = pydicom.dcmread(path)
    contour = dataset.ROIContourSequence[0].ContourSequence[0]
    contour.ContourData = ["0", "0", "4000", "3", "0", "4000", "0", "3", "4000"]
    contour.NumberOfContourPoints = 3
    dataset.save_as(path)
    with pytest.raises(ContourPlaceError, match="Esophagus"):
        prepare_thoracic(root, tmp_path / "cache", **_USUAL)
    listed = prepare_thoracic(root, tmp_path / "cache", **{**_USUAL, "outside": "list"})
    assert len(list(listed.scans())) == 2
    with pytest.raises(ContourPlaceError):  # nothing half done is taken for prepared
        prepare_thoracic(root, tmp_path / "cache", **_USUAL)


def test_a_folder_without_scans_is_named(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "notes.txt").touch()
    with pytest.raises(DataNotFoundError, match="no CT"):
        prepare_thoracic(tmp_path / "root", tmp_path / "cache", **_USUAL)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Beam and what it imports warn of their own matters
def test_beam_prepares_the_same_examples(prepared, phantoms, tmp_path):
    pytest.importorskip("apache_beam", reason="apache_beam is of the extra `scale`")
    from apache_beam.options.pipeline_options import PipelineOptions

    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    by_beam = prepare_thoracic(phantoms, tmp_path, **_USUAL, beam=PipelineOptions(["--runner=DirectRunner"]))
    assert by_beam.key == prepared.key
    assert by_beam.ledger.read_bytes() == prepared.ledger.read_bytes()
    pairs = list(zip(prepared.read().as_numpy_iterator(), by_beam.read().as_numpy_iterator(), strict=True))
    assert len(pairs) == 12
    for ours, theirs in pairs:
        for name, value in ours.items():
            assert np.array_equal(theirs[name], value), name
