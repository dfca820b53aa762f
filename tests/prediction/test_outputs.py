"""Where predictions may be written, and what stops them from being."""

from pathlib import Path

import pytest

from reproduce.errors import ArgumentError, FolderInUseError
from reproduce.prediction.inputs import NiftiImage
from reproduce.prediction.outputs import RECORD, open_folder, planned_outputs

A, B = NiftiImage("a", Path("in/a.nii")), NiftiImage("deep/b", Path("in/deep/b.nii.gz"))
MADE_BY = {"model": "m.keras", "model_sha256": "0", "format": "nifti", "recipe": {"size": [8, 8]}}


def planned(images, output, *, format="nifti", inputs=(Path("in"),)):
    return planned_outputs(images, Path(output), format=format, inputs=inputs)


def test_files_of_a_folder_keep_their_names():
    assert planned([A, B], "out") == (Path("out/a.nii.gz"), Path("out/deep/b.nii.gz"))


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz", "deep/x.nii.gz"])
def test_one_image_may_have_a_file(name):
    assert planned([A], name) == (Path(name),)


@pytest.mark.parametrize(("images", "name"), [([A, B], "x.nii.gz"), ([A], "x.dcm"), ([A, B], "x.dcm")])
def test_a_file_that_cannot_be_one(images, name):
    with pytest.raises(ArgumentError, match=f"{name} for {len(images)} image"):
        planned(images, name)


def test_seg_is_of_dicom_alone():
    with pytest.raises(ArgumentError, match="DICOM for DICOM SEG"):
        planned([A], "out", format="seg")


@pytest.mark.parametrize("output", ["in", "in/out", "in/deep/../out"])
def test_an_output_among_the_inputs_is_refused(tmp_path, output):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    with pytest.raises(ArgumentError, match="outside of the input"):
        planned([A], tmp_path / output, inputs=[tmp_path / "in"])


def test_a_file_that_is_there_is_kept(tmp_path):
    (tmp_path / "x.nii.gz").write_text("mine")
    with pytest.raises(FolderInUseError, match=r"x\.nii\.gz"):
        planned([A], tmp_path / "x.nii.gz")
    with pytest.raises(ArgumentError, match="outside of the input"):
        planned([A], tmp_path / "x.nii.gz", inputs=[tmp_path / "x.nii.gz"])


def test_a_new_folder_gets_a_record(tmp_path):
    open_folder(tmp_path / "deep" / "out", [], MADE_BY)
    assert (tmp_path / "deep" / "out" / RECORD).read_text().startswith('{\n  "format": "nifti"')


def test_a_stopped_run_may_be_given_again(tmp_path):
    files = [tmp_path / "a.nii.gz", tmp_path / "deep" / "b.nii.gz"]
    open_folder(tmp_path, files, MADE_BY)
    files[0].touch()
    (tmp_path / ".b.nii.gz.123.tmp").touch()  # of a process that was killed
    open_folder(tmp_path, files, MADE_BY)


@pytest.mark.parametrize(
    ("name", "record", "text"),
    [
        ("notes.txt", False, "1 files of something else, notes.txt among them"),
        ("a.nii.gz", False, "1 files of something else"),
        ("old.nii.gz", True, "1 files of other images, old.nii.gz among them"),
        ("deep/old.nii.gz", True, "deep/old.nii.gz among them"),
    ],
)
def test_a_folder_with_other_files_is_refused(tmp_path, name, record, text):
    if record:
        open_folder(tmp_path, [], MADE_BY)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(FolderInUseError, match=text):
        open_folder(tmp_path, [tmp_path / "a.nii.gz"], MADE_BY)
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("change", [{"model_sha256": "1"}, {"format": "seg"}, {"recipe": {"size": [9, 9]}}])
def test_predictions_of_another_model_are_refused(tmp_path, change):
    open_folder(tmp_path, [], MADE_BY)
    with pytest.raises(FolderInUseError, match="of the same model"):
        open_folder(tmp_path, [], MADE_BY | change)


def test_a_record_that_is_none_is_refused(tmp_path):
    (tmp_path / RECORD).write_text("{")
    with pytest.raises(FolderInUseError):
        open_folder(tmp_path, [], MADE_BY)
    with pytest.raises(FolderInUseError, match="got a file"):
        open_folder(tmp_path / RECORD, [], MADE_BY)
