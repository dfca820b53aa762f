"""DICOM SEG: the voxels that were predicted, in their places, with references to the slices they are from."""

import shutil
import subprocess

import highdicom as hd
import numpy as np
import pydicom
import pytest

from reproduce.errors import NotAnImageError
from reproduce.imaging.dicom import read_series
from reproduce.imaging.dicom_series import find_series
from reproduce.phantoms.writers.lidc import write_lidc_cohort
from reproduce.prediction.dicom_seg import write_seg


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """A phantom CT of six slices of 64 x 64 pixels."""
    root = tmp_path_factory.mktemp("ct")
    write_lidc_cohort(root, n_patients=1, seed=3, matrix=64, n_slices=6, slice_spacing_mm=2.5, workers=1)
    return read_series(find_series(root)[0])


def overlapping():
    """Two regions, the second within the first, in slices 1 to 3 and in slice 2."""
    masks = np.zeros((6, 64, 64, 2), bool)
    masks[1:4, 10:20, 30:50, 0] = True
    masks[2, 12:15, 31:40, 1] = True
    return masks


def written(path, masks, series, recipe):
    write_seg(path, masks, series, recipe=recipe, model="step.keras 0123")
    return hd.seg.segread(path)


def test_each_region_is_whole_and_refers_to_its_slices(toy, series, tmp_path):
    masks = overlapping()
    segmentation = written(tmp_path / "s.dcm", masks, series, toy.recipe((8, 8)))
    assert segmentation.segmentation_type == hd.seg.SegmentationTypeValues.BINARY
    back = segmentation.get_pixels_by_source_instance(list(series.sop_uids), assert_missing_frames_are_empty=True)
    assert np.array_equal(back.astype(bool), masks)
    sources = {str(uid[2]) for uid in segmentation.get_source_image_uids()}
    assert sources == set(series.sop_uids)


def test_places_are_those_of_the_slices(toy, series, tmp_path):
    segmentation = written(tmp_path / "s.dcm", overlapping(), series, toy.recipe((8, 8)))
    positions = {
        tuple(map(float, group.PlanePositionSequence[0].ImagePositionPatient))
        for group in segmentation.PerFrameFunctionalGroupsSequence
    }
    by_uid = {path: pydicom.dcmread(path, stop_before_pixels=True) for path in series.files.files}
    expected = {
        tuple(map(float, header.ImagePositionPatient))
        for header in by_uid.values()
        if header.SOPInstanceUID in series.sop_uids[1:4]
    }
    assert positions == expected


def test_segments_are_named_and_coded(toy, series, tmp_path):
    recipe = toy.recipe((8, 8), regions=(toy.BACKGROUND, toy.LOW, toy.HIGH), threshold=None)
    masks = np.concatenate([~overlapping().any(axis=-1, keepdims=True), overlapping()], axis=-1)
    segmentation = written(tmp_path / "s.dcm", masks, series, recipe)
    assert segmentation.number_of_segments == 2  # the background is none
    first = segmentation.get_segment_description(1)
    assert (first.segment_label, first.segmented_property_type.meaning) == ("low", "Hippocampus")
    assert first.segmented_property_category.value == "123037004"
    assert first.SegmentationAlgorithmIdentificationSequence[0].AlgorithmName == "step.keras 0123"
    header = pydicom.dcmread(series.files.files[0], stop_before_pixels=True)
    for keyword in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert segmentation[keyword].value == header[keyword].value
    assert segmentation.SeriesInstanceUID != header.SeriesInstanceUID


@pytest.mark.parametrize("empty", ["one region", "all"])
def test_regions_without_voxels(toy, series, tmp_path, empty):
    masks = overlapping()
    masks[..., 1] = False
    masks[..., 0] &= empty == "one region"
    segmentation = written(tmp_path / "s.dcm", masks, series, toy.recipe((8, 8)))
    back = segmentation.get_pixels_by_source_instance(list(series.sop_uids), assert_missing_frames_are_empty=True)
    assert np.array_equal(back.astype(bool), masks)
    assert segmentation.number_of_segments == 2


@pytest.mark.parametrize("empty", [False, True])
def test_dciodvfy_finds_no_error(toy, series, tmp_path, empty):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy absent: install Debian's dicom3tools")
    masks = np.zeros_like(overlapping()) if empty else overlapping()
    written(tmp_path / "s.dcm", masks, series, toy.recipe((8, 8)))
    done = subprocess.run(["dciodvfy", str(tmp_path / "s.dcm")], capture_output=True, text=True, check=False)
    report = done.stdout + done.stderr
    assert "Segmentation" in report
    assert [line for line in report.splitlines() if line.startswith(("Error", "Warning"))] == []


def test_slices_that_lack_what_a_reference_needs_are_refused(toy, series, tmp_path):
    for path in series.files.files:
        dataset = pydicom.dcmread(path)
        del dataset.FrameOfReferenceUID
        dataset.save_as(tmp_path / path.name)
    without = read_series(tmp_path)
    with pytest.raises(NotAnImageError, match=r"FrameOfReferenceUID \(0020,0052\): a UID, digits and dots, got none"):
        write_seg(tmp_path / "s.dcm", overlapping(), without, recipe=toy.recipe((8, 8)), model="m")
    assert not (tmp_path / "s.dcm").exists()


def test_what_dicom_wants_to_be_there_if_only_empty_is_added(toy, series, tmp_path):
    for path in series.files.files:
        dataset = pydicom.dcmread(path)
        for keyword in ("AccessionNumber", "StudyID", "PatientBirthDate", "StudyTime"):
            if keyword in dataset:
                delattr(dataset, keyword)
        dataset.save_as(tmp_path / path.name)
    segmentation = written(tmp_path / "s.dcm", overlapping(), read_series(tmp_path), toy.recipe((8, 8)))
    assert not segmentation.AccessionNumber


def test_frames_of_one_file_are_refused(toy, series, tmp_path):
    from dataclasses import replace

    enhanced = replace(series, sop_uids=series.sop_uids[:1] * 6)
    with pytest.raises(NotAnImageError, match="frames of one file"):
        write_seg(tmp_path / "s.dcm", overlapping(), enhanced, recipe=toy.recipe((8, 8)), model="m")
