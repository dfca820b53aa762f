"""The command `reproduce score`: its texts, what it refuses, what it leaves out, and what it shows of names."""

import csv
import re
import subprocess
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from reproduce.errors import GeometryError
from reproduce.imaging import Volume, write_nifti
from reproduce.imaging.dicom import read_series
from reproduce.imaging.nifti import read_nifti_labels
from reproduce.intake.masks import Masks as Outlines
from reproduce.intake.seg_writer import write_masks_seg
from reproduce.patient_ids import HASHED
from reproduce.scoring.mask_files import Masks, on_one_grid
from tests.scoring.conftest import labels

ROW, HALF = np.s_[0, 0, :4], np.s_[0, 0, :2]
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def good(masks):
    masks.write("lung_001", labels(_1=HALF), labels(_1=ROW))
    return masks


def cut(path):
    path.write_bytes(path.read_bytes()[:60])


def other_grid(masks):
    masks.write("lung_002", labels(_1=ROW), None)
    masks.write("lung_002", None, labels(_1=ROW), spacing=(3.0, 1.0, 1.0))


def other_shape(masks):
    masks.write("lung_002", labels(_1=ROW), labels(_1=ROW)[:3])


def no_labels(masks):
    masks.write("lung_002", None, labels(_1=ROW))
    image = nib.Nifti1Image(np.full((8, 6, 4), 0.5, np.float32), np.diag([-1.0, -1.0, 2.0, 1.0]))
    nib.save(image, masks.predictions / "lung_002.nii.gz")


def two_channels(masks):
    masks.write("lung_002", None, labels(_1=ROW))
    image = nib.Nifti1Image(np.zeros((8, 6, 4, 2), np.uint8), np.diag([-1.0, -1.0, 2.0, 1.0]))
    nib.save(image, masks.predictions / "lung_002.nii.gz")


def cut_short(masks):
    masks.write("lung_002", labels(_1=ROW), labels(_1=ROW))
    cut(masks.predictions / "lung_002.nii.gz")


def text_as_nifti(masks):
    masks.write("lung_002", None, labels(_1=ROW))
    (masks.predictions / "lung_002.nii.gz").write_text("not an image, but long enough to be one " * 20)


def no_prediction(masks):
    masks.write("lung_002", None, labels(_1=ROW))


def no_reference(masks):
    masks.write("lung_002", labels(_1=ROW), None)


def no_seg(masks):
    masks.write("lung_002", None, labels(_1=ROW))
    (masks.predictions / "lung_002.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\2\0\0\0UL\4\0\0\0\0\0")


def sheared(masks):
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[1, 2] = 1.0
    masks.write("lung_002", labels(_1=ROW), labels(_1=ROW), affine=affine)


BROKEN = {
    other_grid: "GeometryError: expected grids at most 0.001 mm apart, got 3.000 mm between the same corner of both",
    other_shape: "GeometryError: expected one shape (z, y, x) for both, (3, 6, 8) as in",
    no_labels: "VoxelTypeError: expected labels that are whole numbers from 0 to 65535, got 192 voxels that are none",
    two_channels: "ImageAxesError: expected one label a voxel, got 2 channels",
    cut_short: "PixelDecodeError: expected",
    text_as_nifti: "NotAnImageError: expected one NIfTI file with header and voxels",
    no_prediction: "DataNotFoundError: expected a prediction of this name, got none",
    no_reference: "DataNotFoundError: expected a reference of this name, got none",
    no_seg: "",
    sheared: "GeometryError: expected axes at right angles",
}


@pytest.mark.parametrize("damage", BROKEN, ids=lambda damage: damage.__name__)
def test_a_broken_case_is_named_left_out_and_the_exit_code_is_1(run, good, damage):
    alone = run("score", good.predictions, good.references, "--as", "brats2023").out.splitlines()
    damage(good)
    done = run("score", good.predictions, good.references, "--as", "brats2023")
    text = " ".join(done.out.split())
    assert (done.code, done.err) == (1, "")
    assert "1 case scored, 1 not" in done.out
    assert re.search(r"not scored: lung_002: \w+Error: expected ", text)
    assert f"not scored: lung_002: {BROKEN[damage]}" in text
    assert [line for line in alone if line.startswith("brats2023 ")] == [
        line for line in done.out.splitlines() if line.startswith("brats2023 ")
    ]


REFUSED = {
    "nothing there": (("none", "ref"), "DataNotFoundError: expected a file or folder of images, got nothing there"),
    "no pair": (("pred", "other"), "DataNotFoundError: expected masks of the same names in both folders"),
    "file and folder": (("pred/lung_001.nii.gz", "ref"), "ArgumentError: expected two files or two folders"),
    "no masks": (("notes", "ref"), "DataNotFoundError: expected masks in NIfTI or DICOM SEG, got 1 other files"),
    "two of a name": (("twice", "ref"), "ArgumentError: expected one file of a name, got two"),
    "all broken": (("broken", "ref"), "DataNotFoundError: expected masks that can be scored, got 1 of 1 that cannot"),
    "unknown convention": (("pred", "ref", "--as", "kaggle"), "ArgumentError: expected --as nnunet, nnunet-pseudo"),
    "unknown regions": (("pred", "ref", "--regions", "x"), "ArgumentError: expected --regions labels, brats2017"),
    "another numbering": (("nine", "nine", "--regions", "brats2017"), "ArgumentError: expected labels [0, 1, 2, 4]"),
    "only empty": (("empty", "empty"), "ArgumentError: expected a label in some mask, got none but 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_scored_is_one_error_with_exit_code_2(run, good, tmp_path, case):
    for name in ("other", "notes", "twice", "broken", "nine", "empty"):
        (tmp_path / name).mkdir()
    grid = np.diag([1.0, 1.0, 2.0, 1.0])
    for path, voxels in {
        "other/lung_009.nii.gz": labels(_1=ROW),
        "twice/lung_001.nii.gz": labels(_1=ROW),
        "twice/lung_001.nii": labels(_1=ROW),
        "broken/lung_001.nii.gz": labels(_1=ROW),
        "nine/lung_001.nii.gz": labels(_9=ROW),
        "empty/lung_001.nii.gz": labels(),
    }.items():
        write_nifti(Volume(voxels, grid, "label"), tmp_path / path, like=None)
    (tmp_path / "notes" / "read me.txt").write_text("x")
    cut(tmp_path / "broken" / "lung_001.nii.gz")
    (first, second, *rest), message = REFUSED[case]
    done = run("score", tmp_path / first, tmp_path / second, *rest)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(message), done.err
    assert "\n  do:    " in done.err


def test_two_files_are_a_pair_whatever_they_are_called(run, good, tmp_path):
    moved = (good.predictions / "lung_001.nii.gz").rename(tmp_path / "mine.nii.gz")
    done = run("score", moved, good.references / "lung_001.nii.gz", "--as", "nnunet")
    assert done.code == 0, done.err
    assert "0.6667" in done.out


def test_names_that_are_not_public_are_shown_as_ids(run, masks):
    masks.write("Zwetschgenbaum", labels(), labels(_1=ROW))
    masks.write("Quittenberg", None, labels(_1=ROW))
    done = run("score", masks.predictions, masks.references, "--output", masks.predictions.parent / "cases.csv")
    written = (masks.predictions.parent / "cases.csv").read_text()
    assert done.code == 1
    assert not re.search("Zwetschgenbaum|Quittenberg", done.out + done.err + written)
    assert HASHED.search(written)
    done = run("score", masks.predictions, masks.references, "--names")
    assert "Zwetschgenbaum, 1: prediction empty" in done.out
    assert "not scored: Quittenberg" in done.out


def test_the_csv_has_a_row_for_each_case_region_and_convention(run, good):
    good.write("lung_002", labels(_2=ROW), labels(_1=ROW))
    path = good.predictions.parent / "cases.csv"
    assert run("score", good.predictions, good.references, "--as", "monai", "nnunet", "--output", path).code == 0
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert len(rows) == 2 * (3 + 2)  # MONAI has the background too
    first = next(row for row in rows if (row["case"], row["region"], row["convention"]) == ("lung_001", "1", "nnunet"))
    assert [first[name] for name in ("tp", "fp", "fn", "tn", "dice", "hd95")] == ["2", "0", "2", "188", "0.666667", ""]
    left_out = next(
        row for row in rows if (row["case"], row["region"], row["convention"]) == ("lung_002", "2", "monai")
    )
    assert left_out["dice"] == ""


def test_segs_of_one_series_are_scored_where_they_begin_and_end_in_other_slices(run, phantom_root, tmp_path):
    series = read_series(sorted({path.parent for path in phantom_root.rglob("*.dcm")})[0])
    shape = series.volume.shape
    reference, prediction = np.zeros(shape, bool), np.zeros(shape, bool)
    reference[1:4, 20:24, 20:30] = True
    prediction[2:5, 20:24, 20:30] = True
    for name, mask in (("pred", prediction), ("ref", reference)):
        (tmp_path / name).mkdir()
        masks = Outlines(series.volume, {1: mask}, {1: "nodule"})
        write_masks_seg(tmp_path / name / "lung_001.dcm", masks, series)
    done = run("score", tmp_path / "pred", tmp_path / "ref", "--as", "nnunet", "brats2023")
    assert done.code == 0, done.out + done.err
    assert re.search(r"nnunet +0\.6667 +0\.6667", done.out)  # two of three slices
    write_nifti(series.volume.on_same_grid(reference.astype(np.uint8), "label"), tmp_path / "ref.nii.gz", like=None)
    done = run("score", tmp_path / "pred" / "lung_001.dcm", tmp_path / "ref.nii.gz", "--as", "nnunet")
    assert re.search(r"nnunet +0\.6667 +0\.6667", done.out), done.out


@pytest.mark.parametrize(
    ("shift_mm", "same"),
    [
        ((0, 0, 4), True),
        ((0, 0, -6), True),
        ((0, 0, 1), False),
        ((1, 0, 0), True),
        ((1, 0, 2), False),
        ((0, 0, 2e4), False),
    ],
)
def test_only_slices_of_one_scan_are_brought_together(shift_mm, same):
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    reference = Masks(Volume(labels(), affine, "label"), {1: labels(_1=ROW) > 0})
    affine = affine.copy()
    affine[:3, 3] = shift_mm
    prediction = Masks(Volume(labels(), affine, "label"), {1: labels(_1=ROW) > 0})
    if not same:
        with pytest.raises(GeometryError):
            on_one_grid(prediction, reference, names=("prediction", "reference"))
        return
    found = on_one_grid(prediction, reference, names=("prediction", "reference"))
    (here, there) = (masks.grid.world_mm(np.argwhere(masks.inside((1,)))[0]) for masks in found)
    np.testing.assert_allclose(here - there, shift_mm)


BLOCKED = """
import sys
for name in ("tensorflow", "keras", "tensorflow_datasets"):
    sys.modules[name] = None  # whoever imports it now gets an ImportError
from reproduce import cli
cli.main(sys.argv[1:])
"""


def test_it_needs_neither_tensorflow_nor_keras_and_nor_does_check_split(good, tmp_path):
    (tmp_path / "s.json").write_text('{"train": ["lung_001"], "test": ["lung_002"]}')
    for arguments in (["score", good.predictions, good.references], ["check-split", tmp_path / "s.json"]):
        done = subprocess.run(
            [sys.executable, "-c", BLOCKED, *map(str, arguments)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_the_page_shows_what_is_printed(run, masks):
    """The worked example of docs/score.md: three cases, in words there, and its two tables."""
    page = (DOCS / "score.md").read_text(encoding="utf-8")
    masks.write("lung_001", labels(_1=HALF), labels(_1=ROW))
    masks.write("lung_002", labels(), labels())
    masks.write("lung_003", labels(_1=ROW), labels())
    done = run("score", masks.predictions, masks.references, "--as", "nnunet", "brats", "monai", "transunet")
    shown = [line.strip() for line in page.partition("    3 cases scored")[2].partition("\n\n`")[0].splitlines()[1:]]
    shown = [" ".join(line.split()) for line in shown if line not in ("", "...")]
    assert len(shown) >= 12
    printed = " ".join(done.out.split())
    assert [line for line in shown if line not in printed] == []


@pytest.mark.real
def test_forty_real_cases_take_seconds(run, real_data, tmp_path):
    for name in ("pred", "ref"):
        (tmp_path / name).mkdir()
    for i, path in enumerate(sorted((real_data / "msd_hippocampus" / "labelsTr").glob("hippo*.nii.gz"))[:40]):
        volume = read_nifti_labels(path)
        prediction, reference = np.roll(volume.voxels, 1 + i % 2, axis=i % 3), np.array(volume.voxels)
        prediction[(prediction == 2) & (i % 10 == 3)] = 0
        reference[(reference == 1) & (i % 10 == 7)] = 0
        for name, voxels in (("pred", prediction), ("ref", reference)):
            write_nifti(volume.on_same_grid(voxels, "label"), tmp_path / name / path.name, like=path)
    start = time.monotonic()
    done = run("score", tmp_path / "pred", tmp_path / "ref", "--format", "md")
    assert done.code == 0, done.err
    assert "40 cases scored, 0 not" in done.out
    assert time.monotonic() - start < 60
    overall = dict(re.findall(r"^\| ([\w-]+) \| (\d\.\d{4}) \|", done.out.partition("## HD95")[0], re.MULTILINE))
    assert len(overall) == 11
    assert overall["transunet"] > overall["nnunet"] == overall["brats"] == overall["mist"]
