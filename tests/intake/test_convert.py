"""What `reproduce convert` writes comes back the same, and what it cannot write leaves the rest."""

import json
import os
import shutil

import highdicom as hd
import numpy as np
import pydicom
import pytest

from reproduce.cohorts import lidc as lidc_cohort
from reproduce.imaging import find_series, read_nifti, read_nifti_labels, read_series, read_structures, structure_masks


@pytest.fixture
def structure_file(thoracic_root):
    (path,) = find_series(thoracic_root, modality="RTSTRUCT")[0].files
    return path


def masks_of(thoracic_root, path):
    series = read_series(thoracic_root)
    return series, structure_masks(read_structures(path), series, outside="refuse")


def test_a_series_comes_back_from_nifti_voxel_for_voxel(run, lidc, tmp_path):
    done = run("convert", lidc.series[0], tmp_path / "out")
    assert done.code == 0, done.err
    series = read_series(lidc.series[0])
    back = read_nifti(tmp_path / "out" / f"{series.files.series_uid}.nii.gz")
    np.testing.assert_array_equal(back.voxels, series.volume.voxels)
    assert back.voxels.dtype == series.volume.voxels.dtype == np.int16
    np.testing.assert_allclose(back.affine, series.volume.affine, atol=1e-5)


def test_reads_become_the_consensus_of_the_table(run, lidc, tmp_path):
    assert run("convert", lidc.root, tmp_path / "out").code == 0
    for scan in lidc_cohort.find_cohort(lidc.root).scans:
        case = lidc_cohort.read_case(scan, consensus=0.5, min_readers=1)
        name = f"{scan.series.series_uid}_reads"
        back = read_nifti_labels(tmp_path / "out" / f"{name}.nii.gz")
        np.testing.assert_array_equal(back.voxels, case.reference.voxels)
        listed = json.loads((tmp_path / "out" / f"{name}_labels.json").read_text())
        assert listed == {str(label): text for label, text in case.label_names.items()}


def test_structures_become_one_map_or_a_file_each_where_they_overlap(run, thoracic_root, structure_file, tmp_path):
    series, masks = masks_of(thoracic_root, structure_file)
    assert run("convert", thoracic_root, tmp_path / "one").code == 0
    name = f"{series.files.series_uid}_structures"
    overlap = sum(mask.voxels.astype(int) for mask in masks.values()).max() > 1
    files = sorted(path.name for path in (tmp_path / "one").glob(f"{name}*.nii.gz"))
    expected = [f"{name}_label{i + 1}.nii.gz" for i in range(len(masks))] if overlap else [f"{name}.nii.gz"]
    assert files == sorted(expected)
    for i, mask in enumerate(masks.values(), start=1):
        path = tmp_path / "one" / (f"{name}_label{i}.nii.gz" if overlap else f"{name}.nii.gz")
        voxels = read_nifti_labels(path).voxels
        np.testing.assert_array_equal(voxels > 0 if overlap else voxels == i, mask.voxels)


def test_overlapping_structures_get_files_of_their_own(run, thoracic_root, structure_file, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for path in thoracic_root.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        if path == structure_file:
            first, second = dataset.ROIContourSequence[:2]
            second.ContourSequence = first.ContourSequence
        dataset.save_as(folder / f"{path.parent.name[-4:]}{path.name}")
    assert run("convert", folder, tmp_path / "out").code == 0
    files = sorted((tmp_path / "out").glob("*_structures_label[12].nii.gz"))
    assert len(files) == 2
    np.testing.assert_array_equal(*(read_nifti(path).voxels for path in files))


def test_a_seg_holds_the_same_masks_says_manual_and_comes_back(run, thoracic_root, structure_file, tmp_path):
    series, masks = masks_of(thoracic_root, structure_file)
    done = run("convert", thoracic_root, tmp_path / "seg", "--as", "seg")
    assert done.code == 0, done.err
    (path,) = (tmp_path / "seg").iterdir()
    segmentation = hd.seg.segread(path)
    back = segmentation.get_pixels_by_source_instance(list(series.sop_uids), assert_missing_frames_are_empty=True)
    np.testing.assert_array_equal(back.astype(bool), np.stack([m.voxels for m in masks.values()], axis=-1))
    assert {item.SegmentAlgorithmType for item in segmentation.SegmentSequence} == {"MANUAL"}
    assert "Prediction" not in segmentation.SeriesDescription
    # Without its images, on its own grid: every voxel where it was.
    done = run("convert", path, tmp_path / "alone")
    assert done.code == 0, done.err
    files = sorted(p for p in (tmp_path / "alone").glob("*.nii.gz"))
    n = sum(int((read_nifti_labels(p).voxels > 0).sum()) for p in files)
    assert n == sum(int(mask.voxels.sum()) for mask in masks.values())
    first = next(iter(masks.values())).voxels
    label = read_nifti_labels(files[0])
    own = np.argwhere(label.voxels == 1)
    there = series.volume.index_zyx(label.world_mm(own))
    np.testing.assert_allclose(there, np.argwhere(first), atol=1e-3)


def test_nothing_is_overwritten_unless_asked(run, lidc, tmp_path):
    out = tmp_path / "out"
    assert run("convert", lidc.series[0], out).code == 0
    (volume,) = [path for path in out.glob("*.nii.gz") if "_" not in path.name]
    volume.write_bytes(b"mine")
    for path in out.glob("*_reads*"):
        path.unlink()
    done = run("convert", lidc.series[0], out)
    assert done.code == 1
    assert "FolderInUseError" in done.err
    assert "pass --overwrite" in done.err
    assert volume.read_bytes() == b"mine"
    assert len(list(out.glob("*_reads*"))) == 2
    assert run("convert", lidc.series[0], out, "--overwrite").code == 0
    assert volume.read_bytes() != b"mine"


def test_a_seg_beside_its_ct_comes_back_on_the_grid_of_the_ct(run, lidc, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(lidc.series[0], folder)
    assert run("convert", folder, tmp_path / "seg", "--as", "seg").code == 0
    (path,) = (tmp_path / "seg").iterdir()
    shutil.move(path, folder / "0.dcm")
    next(folder.glob("*.xml")).unlink()
    assert run("convert", folder, tmp_path / "out").code == 0
    (scan,) = (
        scan for scan in lidc_cohort.find_cohort(lidc.root).scans if scan.series.files[0].parent == lidc.series[0]
    )
    reference = lidc_cohort.read_case(scan, consensus=0.5, min_readers=1).reference
    (back,) = (tmp_path / "out").glob("*_segments.nii.gz")
    np.testing.assert_array_equal(read_nifti_labels(back).voxels, reference.voxels)


def test_a_seg_of_slices_that_are_not_here_is_refused_whole(run, lidc, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(lidc.series[0], folder)
    assert run("convert", folder, tmp_path / "seg", "--as", "seg").code == 0
    (path,) = (tmp_path / "seg").iterdir()
    drawn = set(sources_of(path))
    for each in sorted(folder.glob("*.dcm"), key=lambda p: pydicom.dcmread(p).ImagePositionPatient[2]):
        uid = pydicom.dcmread(each).SOPInstanceUID
        each.unlink()  # from one end on, so that what is left is a regular stack
        if uid in drawn:
            break
    shutil.move(path, folder / "seg.dcm")
    next(folder.glob("*.xml")).unlink()
    done = run("convert", folder, tmp_path / "out")
    assert (done.code, list((tmp_path / "out").glob("*_segments*"))) == (1, [])
    assert f"GeometryError: expected frames on slices of the series, got 1 of the {len(drawn)} slices" in done.err


def sources_of(path):
    """SOPInstanceUIDs of the slices that the frames of a SEG refer to."""
    for group in pydicom.dcmread(path).PerFrameFunctionalGroupsSequence:
        yield group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID


def test_a_seg_of_one_segment_comes_back(run, thoracic_root, structure_file, tmp_path):
    """Its frames say in what they share, and not one by one, whose they are."""
    folder = tmp_path / "in"
    folder.mkdir()
    for path in thoracic_root.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        if path == structure_file:
            for sequence in (dataset.StructureSetROISequence, dataset.ROIContourSequence):
                del sequence[1:]
            del dataset.RTROIObservationsSequence[1:]
        dataset.save_as(folder / f"{path.parent.name[-4:]}{path.name}")
    assert run("convert", folder, tmp_path / "seg", "--as", "seg").code == 0
    assert run("convert", tmp_path / "seg", tmp_path / "out").code == 0
    _, masks = masks_of(thoracic_root, structure_file)
    (back,) = (tmp_path / "out").glob("*.nii.gz")
    assert int(read_nifti_labels(back).voxels.sum()) == int(next(iter(masks.values())).voxels.sum())


def remarks_of(done):
    return [line.removeprefix("remark: ") for line in done.err.splitlines() if line.startswith("remark: ")]


def test_what_is_not_converted_is_remarked_and_is_no_fault(run, lidc, tmp_path):
    folder = lidc.series[0]
    scout = pydicom.dcmread(next(folder.glob("*.dcm")))
    scout.ImageType, scout.SOPInstanceUID = ["ORIGINAL", "PRIMARY", "LOCALIZER"], "1.2.3"
    scout.save_as(folder / "900.dcm")
    (folder / "901.nii.gz").write_bytes(b"no image")
    np.savez(folder / "902.npz", a=np.zeros(3))
    np.savez(folder / "903.npz", a=np.zeros(3))
    (folder / "904.csv").write_text("a\n")
    done = run("convert", folder, tmp_path / "out", "--names")
    assert done.code == 0, done.err
    assert sorted(remarks_of(done)) == [
        "900.dcm: a localizer",
        "901.nii.gz: NIfTI is not converted",
        "902.npz and 1 more: .npz is not converted",
        "904.csv: no DICOM file",
    ]


def test_no_mask_is_no_seg_and_no_fault(run, thoracic_root, structure_file, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(thoracic_root, folder)
    path = folder / structure_file.relative_to(thoracic_root)
    dataset = pydicom.dcmread(path)
    for sequence in dataset.ROIContourSequence:
        del sequence.ContourSequence
    dataset.save_as(path)
    done = run("convert", folder, tmp_path / "out", "--as", "seg")
    assert done.code == 0, done.err
    assert [remark for remark in remarks_of(done) if remark.endswith("no mask, so no SEG")]
    assert not (tmp_path / "out").exists()


def test_reads_whose_ct_is_there_twice_say_so(run, lidc, tmp_path):
    for path in lidc.series[0].glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.PatientID = "PHANTOM-0009"
        (lidc.root / "copy").mkdir(exist_ok=True)
        dataset.save_as(lidc.root / "copy" / path.name)
    done = run("convert", lidc.root, tmp_path / "out")
    assert done.code == 1
    assert "its CT is there twice" in done.err
    assert "its series is not here" not in done.err
    assert "remark: " not in "".join(line for line in done.err.splitlines() if "twice" in line)


def test_a_dot_in_the_name_of_a_folder_is_no_ending(run, thoracic_root, tmp_path):
    assert run("convert", thoracic_root, tmp_path / "seg", "--as", "seg").code == 0
    (path,) = (tmp_path / "seg").iterdir()
    (tmp_path / "in" / "a.1").mkdir(parents=True)
    for name in ("SEG1", "SEG2", "SEG.dcm", "1.2.3"):
        shutil.copy(path, tmp_path / "in" / "a.1" / name)
    done = run("convert", tmp_path / "in", tmp_path / "out", "--names")
    assert done.code == 0, done.err
    names = {each.name.partition("_label")[0].removesuffix(".nii.gz") for each in (tmp_path / "out").iterdir()}
    assert names == {"a.1_SEG1", "a.1_SEG2", "a.1_SEG", "a.1_1.2.3"}


def test_a_series_beside_a_broken_file_is_one_fault_that_says_what_to_do(run, lidc, tmp_path):
    (lidc.series[0] / "900.dcm").write_bytes(b"")
    done = run("convert", lidc.series[0], tmp_path / "out")
    faults = [line for line in done.err.splitlines() if line.startswith("not converted: ")]
    assert len(faults) == 2
    assert sum("900.dcm" in line for line in faults) == 1
    assert "fetch these files again; remove them if they are no slices" in faults[0]
    assert "its series is refused" in faults[1]  # the reads


def test_elements_that_a_seg_leaves_empty_are_remarked(run, lidc, tmp_path):
    for path in lidc.series[0].glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.PatientSex = "U"
        dataset.save_as(path)
    done = run("convert", lidc.series[0], tmp_path / "out", "--as", "seg")
    assert done.code == 0, done.err
    assert "left empty in the SEG, not valid in the slices: PatientSex (0010,0040)" in " ".join(remarks_of(done))


def test_a_broken_series_is_reported_and_the_others_are_written(run, lidc, tmp_path):
    os.truncate(sorted(lidc.series[0].glob("*.dcm"))[0], 5000)
    done = run("convert", lidc.root, tmp_path / "out")
    assert done.code == 1
    assert "PixelDecodeError" in done.err
    assert len([path for path in (tmp_path / "out").glob("*.nii.gz") if "_" not in path.name]) == 2


def test_an_output_within_the_input_or_nothing_to_convert_is_2(run, lidc, tmp_path):
    assert run("convert", lidc.root, lidc.root / "out").code == 2
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.csv").write_text("a\n")
    assert run("convert", tmp_path / "text", tmp_path / "out").code == 2
    assert not (tmp_path / "out").exists()


def test_what_there_is_instead_of_something_to_convert_is_said(run, lidc, tmp_path):
    for path in lidc.root.rglob("*.xml"):
        path.unlink()
    done = run("convert", lidc.root, tmp_path / "out", "--as", "seg")
    assert (done.code, done.out) == (2, "")
    assert "expected structure sets, SEG or XML of LIDC-IDRI, whose masks become SEG, got 3 series" in done.err
    (tmp_path / "in").mkdir()
    np.savez(tmp_path / "in" / "1.npz", a=np.zeros(1))
    done = run("convert", tmp_path / "in", tmp_path / "out")
    assert (done.code, "got 1 .npz\n" in done.err) == (2, True)


def test_one_reason_of_many_files_is_one_line(run, lidc, tmp_path):
    for path in lidc.root.rglob("*.dcm"):
        path.unlink()
    done = run("convert", lidc.root, tmp_path / "out", "--names")
    (line,) = [line for line in done.err.splitlines() if line.startswith("not converted: ")]
    assert line.endswith(".xml and 2 more: its CT is not here")
    assert (done.code, done.out) == (1, "0 files written, 3 faults\n")


def test_names_of_files_and_structures_say_nothing_of_a_patient(run, thoracic_root, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for i, path in enumerate(sorted(thoracic_root.rglob("*.dcm"))):
        dataset = pydicom.dcmread(path)
        dataset.PatientID = "MRN-4711"
        dataset.SeriesInstanceUID = f"1.2.840.4711.{4 if dataset.Modality == 'CT' else 5}.1.1"
        if dataset.Modality == "RTSTRUCT":
            dataset.StructureSetROISequence[0].ROIName = "Heart Smith"
            frame = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
            frame.RTReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.840.4711.4.1.1"
        dataset.save_as(folder / f"{i}.dcm")
    done = run("convert", folder, tmp_path / "out")
    assert done.code == 0, done.err
    written = " ".join(
        f"{path.name} {path.read_text() if path.suffix == '.json' else ''}" for path in (tmp_path / "out").iterdir()
    )
    assert "4711" not in written
    assert "Smith" not in written
    assert "structure 1" in written
