"""Five split files with planted leaks, two of them duplicates under other names; clean ones; and what is no split."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reproduce.leakage.images import NEAR, read_content
from reproduce.leakage.split import Entry, side_named, stem
from reproduce.patient_ids import HASHED, public_patient
from tests.leakage.conftest import image, write_nifti

SEEDS = {"train": 0, "val": 10, "test": 20}
DOCS = Path(__file__).parents[2] / "docs"


def leaks(found):
    return [
        (division["name"], leak["kind"], *leak["sides"], leak["patient"], *map(tuple, leak["entries"]))
        for division in found["divisions"]
        for leak in division["leaks"]
    ]


# 1: nnU-Net's five folds, here two; a case of fold 1 is trained on and validated.
def test_a_fold_of_nnunet_with_a_case_on_both_sides(checked, tmp_path):
    path = tmp_path / "splits_final.json"
    folds = [
        {"train": ["lung_001", "lung_002"], "val": ["lung_003", "lung_004"]},
        {"train": ["lung_003", "lung_001", "lung_004"], "val": ["lung_001", "lung_002"]},
    ]
    path.write_text(json.dumps(folds))
    code, found = checked(path)
    assert code == 1
    assert leaks(found) == [("fold 1", "patient", "train", "val", "lung_001", ("lung_001",), ("lung_001",))]
    folds[1]["train"].remove("lung_001")
    path.write_text(json.dumps(folds))
    code, found = checked(path)
    assert (code, leaks(found), found["validated_again"]) == (0, [], [])


# 2: lists by side; two visits of one patient, which are two studies.
def test_two_visits_of_a_patient_of_brats(checked, tmp_path):
    path = tmp_path / "split.json"
    split = {"training": ["BraTS-GLI-00005-000", "BraTS-GLI-00006-000"], "test": [{"image": "BraTS-GLI-00005-001"}]}
    path.write_text(json.dumps(split))
    code, found = checked(path)
    assert code == 1
    (leak,) = leaks(found)
    assert leak[1:5] == ("patient", "train", "test", "BraTS-GLI-00005")
    assert found["divisions"][0]["leaks"][0]["n_shared_studies"] == 0
    assert found["divisions"][0]["sides"]["train"]["studies"] == 2
    split["test"] = ["BraTS-GLI-00007-001"]
    path.write_text(json.dumps(split))
    assert checked(path)[0] == 0


# 3: a CSV with a column; the images are other ones, the patient is the same, and so is one study.
def test_a_patient_of_a_csv_on_two_sides(checked, tmp_path):
    path = tmp_path / "split.csv"
    rows = [
        "image;patient_id;study;split",
        "a.png;P1;1;train",
        "b.png;P1;1;valid",
        "c.png;P1;2;valid",
        "d.png;P2;1;test",
    ]
    path.write_text("\n".join(rows))
    code, found = checked(path)
    assert code == 1
    assert leaks(found) == [("", "patient", "train", "val", "P1", ("a.png",), ("b.png", "c.png"))]
    assert found["divisions"][0]["leaks"][0]["n_shared_studies"] == 1
    path.write_text("\n".join([*rows[:2], rows[4]]))
    assert checked(path)[0] == 0


# 4: three folders; the same pixels lie in two of them under other names and in other files.
def test_a_duplicate_under_another_name_in_three_folders(checked, tmp_path):
    for i, side in enumerate(("train", "val", "test")):
        (tmp_path / side / "images").mkdir(parents=True)
        (tmp_path / side / "labels").mkdir()
        for name in ("001.png", "002.png"):  # each folder counts from 1: names say nothing
            picture = (image(10 * i + int(name[2]), (40, 30)) // 16).astype(np.uint8)
            Image.fromarray(picture).save(tmp_path / side / "images" / name)
            Image.fromarray(picture > 50).save(tmp_path / side / "labels" / name)
    assert checked(tmp_path, "--images", tmp_path)[0] == 0
    copied = Image.open(tmp_path / "train" / "images" / "002.png")
    copied.save(tmp_path / "test" / "images" / "anonymous.bmp")
    code, found = checked(tmp_path, "--images", tmp_path)
    assert code == 1
    (leak,) = leaks(found)
    assert leak[1:4] == ("duplicate", "test", "train")
    assert leak[5:] == (("test/images/anonymous.bmp",), ("train/images/002.png",))
    assert found["divisions"][0]["sides"]["test"]["entries"] == 3
    assert checked(tmp_path)[0] == 0  # without images nothing of it shows


# 5: text lists; one volume is there again in another type and file, one with another scale of grey and noise.
def test_duplicate_and_near_duplicate_volumes_of_text_lists(checked, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(1, 5):
        write_nifti(folder / f"case{i}.nii.gz", image(i))
    write_nifti(folder / "case5.nii", image(1).astype(np.float32))
    noise = np.random.default_rng(0).normal(size=image(2).shape)
    write_nifti(folder / "case6.nii.gz", (3.0 * image(2) + 100 + 30 * noise).astype(np.float32))
    (tmp_path / "train.txt").write_text("case1\ncase2\n# a comment\n\n")
    (tmp_path / "val.txt").write_text("images/case3.nii.gz 0\n")
    (tmp_path / "test.txt").write_text("case4.nii.gz\ncase5\ncase6\n")
    code, found = checked(tmp_path / "train.txt", "--images", folder)
    assert code == 1
    assert [leak[1:4] + leak[5:] for leak in leaks(found)] == [
        ("duplicate", "test", "train", ("case5",), ("case1",)),
        ("near-duplicate", "test", "train", ("case6",), ("case2",)),
    ]
    assert found["divisions"][0]["leaks"][1]["correlation"] >= NEAR
    assert found["n_images"] == 6
    (tmp_path / "test.txt").write_text("case4.nii.gz\n")
    code, found = checked(tmp_path, "--images", folder)
    assert (code, leaks(found), found["without_image"]) == (0, [], {})


def test_series_of_dicom_are_images_by_their_folders(checked, phantom_root, tmp_path):
    folders = sorted({path.parent.relative_to(phantom_root).as_posix() for path in phantom_root.rglob("*.dcm")})
    (tmp_path / "s.json").write_text(json.dumps({"train": folders[:2], "test": folders[2:]}))
    code, found = checked(tmp_path / "s.json", "--images", phantom_root)
    assert (code, found["n_images"], found["without_image"]) == (0, 3, {})
    assert found["divisions"][0]["patients_known_by"] == {"form": 3}
    shutil.copytree(phantom_root / folders[0], tmp_path / "root" / "test" / "copy")
    shutil.copytree(phantom_root / folders[0], tmp_path / "root" / "train" / "original")
    code, found = checked(tmp_path / "root", "--images", tmp_path / "root")
    assert (code, [leak[1] for leak in leaks(found)]) == (1, ["duplicate"])


def test_an_archive_of_arrays_is_compared_by_itself(run, tmp_path):
    arrays = {f"{side}_images": np.stack([image(k + i, (28, 28)) for i in range(3)]) for side, k in SEEDS.items()}
    np.savez(tmp_path / "mnist.npz", **arrays, train_labels=np.zeros((3, 1)))
    assert run("check-split", tmp_path / "mnist.npz").code == 0
    arrays["val_images"][2] = arrays["train_images"][1]
    np.savez(tmp_path / "mnist.npz", **arrays)
    done = run("check-split", tmp_path / "mnist.npz")
    assert done.code == 1
    assert "duplicate: train/1 in train and val/2 in val have the same voxels" in done.out


def test_images_that_are_the_same_everywhere_are_no_duplicates(checked, tmp_path):
    for i in (1, 2):
        write_nifti(tmp_path / f"case{i}.nii.gz", np.zeros((8, 8, 8), np.uint8))
    (tmp_path / "split.json").write_text('{"train": ["case1"], "test": ["case2"]}')
    assert checked(tmp_path / "split.json", "--images", tmp_path)[0] == 0


def test_a_name_too_long_for_a_file_has_no_image(checked, tmp_path):
    write_nifti(tmp_path / "case1.nii.gz", image(1))
    (tmp_path / "split.json").write_text(json.dumps({"train": ["case1"], "test": ["x" * 300, "../case1.nii.gz"]}))
    code, found = checked(tmp_path / "split.json", "--images", tmp_path)
    assert (code, list(found["without_image"])) == (1, ["x" * 300])


def test_an_image_that_is_lost_or_broken_is_named_and_the_code_is_2(checked, tmp_path):
    for i in (1, 2, 3):
        write_nifti(tmp_path / f"case{i}.nii.gz", image(i))
    (tmp_path / "case2.nii.gz").write_bytes(b"\x1f\x8b broken")
    (tmp_path / "split.json").write_text('{"train": ["case1", "case2"], "test": ["case3", "case4"]}')
    code, found = checked(tmp_path / "split.json", "--images", tmp_path)
    assert code == 2
    assert found["without_image"]["case4"].startswith("DataNotFoundError: expected an image of that name, got none")
    assert found["without_image"]["case2"].startswith("PixelDecodeError: ")
    (tmp_path / "split.json").write_text('{"train": ["case1", "case2"], "test": ["case3", "case1"]}')
    assert checked(tmp_path / "split.json", "--images", tmp_path)[0] == 1


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda a: a, True),
        (lambda a: 2.0 * a + 7, True),
        (lambda a: np.round(a / 20.0), True),
        (lambda a: a[..., ::-1], False),
        (lambda a: image(99), False),
    ],
    ids=["same", "scaled", "rounded", "mirrored", "another"],
)
def test_what_looks_alike(tmp_path, change, found):
    contents = []
    for i, voxels in enumerate((image(1), change(image(1)))):
        write_nifti(tmp_path / f"{i}.nii.gz", np.asarray(voxels, np.float32))
        contents.append(read_content(Entry(str(i)), tmp_path / f"{i}.nii.gz"))
    assert (float(contents[0].differences @ contents[1].differences) >= NEAR) == found


@pytest.mark.parametrize(
    ("text", "patient"),
    [
        ("TCGA-FG-6692/TCGA-FG-6692_flair.nii.gz", "TCGA-FG-6692"),
        ("data/LIDC-IDRI-0003/1.dcm", "LIDC-IDRI-0003"),
        ("imagesTr/hippocampus_017.nii.gz", "hippocampus_017"),
        ("spatula_0017", ""),
        ("XLIDC-IDRI-0003", ""),
    ],
)
def test_patients_of_public_data_sets_are_found_in_paths(text, patient):
    assert public_patient(text) == patient


@pytest.mark.parametrize(
    ("entries", "leak"),
    [
        (("sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz", "sub-01/ses-2/anat/sub-01_ses-2_T1w.nii.gz"), True),
        (("train/patient00012/study1/view1_frontal.jpg", "valid/patient00012/study2/view1_frontal.jpg"), True),
        (("00000012_000.png", "00000012_003.png"), True),
        (("p10/p10000032/s50414267/a.dcm", "p10/p10000032/s53189527/b.dcm"), True),
        (("00000012_000.png", "00000013_000.png"), False),
        (("case_0001_0000.nii.gz", "case_0002_0000.nii.gz"), False),
    ],
)
def test_forms_of_public_data_sets(checked, tmp_path, entries, leak):
    (tmp_path / "s.json").write_text(json.dumps({"train": [entries[0]], "test": [entries[1]]}))
    assert checked(tmp_path / "s.json")[0] == int(leak)


def test_a_pattern_says_what_the_patient_is(checked, tmp_path):
    (tmp_path / "s.json").write_text('{"train": ["scan_A7_1"], "test": ["scan_A7_2", "scan_B1_1"]}')
    assert checked(tmp_path / "s.json")[0] == 0
    for pattern in (r"_([A-Z]\d)_", r"_(?P<patient>[A-Z]\d)_(?P<study>\d)", r"[A-Z]\d"):
        code, found = checked(tmp_path / "s.json", "--patient", pattern)
        assert (code, leaks(found)[0][4]) == (1, "A7")
        assert found["divisions"][0]["patients_known_by"] == {"pattern": 3}


def test_expected_counts_are_met_by_entries_or_patients(checked, tmp_path):
    (tmp_path / "s.csv").write_text("id,patient,fold\n1,a,0\n2,a,0\n3,b,1\n")
    assert checked(tmp_path / "s.csv", "--expected", "fold 0=2,fold 1=1")[0] == 0
    assert checked(tmp_path / "s.csv", "--expected", "fold 0=1,1=1")[0] == 0
    code, found = checked(tmp_path / "s.csv", "--expected", "0=3")
    assert (code, found["divisions"][0]["sides"]["fold 0"]["as_expected"]) == (1, False)


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ('{"folds": [{"index": 0, "train": ["a"], "validation": ["b"], "test": ["c"]}]}', {"train", "val", "test"}),
        ('{"a": "train", "b": "Testing"}', {"train", "test"}),
        ('{"training": [{"image": ["a1", "a2"], "fold": 0}, {"image": "b", "fold": 1}]}', {"fold 0", "fold 1"}),
        (
            '{"name": "x", "labels": {"0": "y"}, "training": [{"image": "a", "label": "l"}], "test": ["b"]}',
            {"train", "test"},
        ),
        ('{"fold_0": ["a"], "fold_1": ["b"]}', {"fold 0", "fold 1"}),
        ('{"train": ["a"], "test": ["b"], "1": ["a"]}', {"train", "test"}),
    ],
)
def test_other_forms_of_json(checked, tmp_path, text, sides):
    (tmp_path / "s.json").write_text(text)
    code, found = checked(tmp_path / "s.json")
    assert (code, set(found["divisions"][0]["sides"])) == (0, sides)


def test_our_own_splits_are_clean(checked):
    (path,) = (Path(__file__).parents[2] / "results" / "table1_lidc").glob("*/splits.json")
    code, found = checked(path)
    assert (code, len(found["divisions"])) == (0, len(json.loads(path.read_text())["folds"]))


UNREADABLE = {
    "no archive": ("s.npz", "x", (), "SplitFileError: expected an archive of arrays, got BadZipFile"),
    "no json": ("s.json", "{", (), "SplitFileError: expected JSON, got JSONDecodeError"),
    "half a character": (
        "s.json",
        r'{"train": ["\ud800"], "test": ["a"]}',
        (),
        "SplitFileError: expected JSON, got Unicode",
    ),
    "endless field": ("s.csv", f"id,split\n{'x' * 140_000},train\n", (), "SplitFileError: expected well-formed CSV"),
    "empty": ("s.json", " \n", (), "SplitFileError: expected a split, got an empty file"),
    "a number": ("s.json", "7", (), "SplitFileError: expected a JSON object, or a list of folds, got int"),
    "no sides": ("s.json", '{"a": [1]}', (), "SplitFileError: expected lists named as train, val and test, got a"),
    "one side": (
        "s.json",
        '{"train": ["a"], "val": []}',
        (),
        "SplitFileError: expected at least two sides with entries",
    ),
    "no entries": (
        "s.json",
        '{"train": [null], "test": ["a"]}',
        (),
        "SplitFileError: expected entries that are ids or",
    ),
    "fold no object": ("s.json", "[[1], [2]]", (), "SplitFileError: expected a fold that is a JSON object of lists"),
    "no column": ("s.csv", "id,age\n1,2\n", (), "SplitFileError: expected a column split, set"),
    "short line": ("s.csv", "id,split\n1\n", (), "SplitFileError: expected 2 fields, got another number"),
    "unknown side": ("s.csv", "id,split\n1,left\n", (), "SplitFileError: expected sides named train, val, test"),
    "name of a list": ("cases.txt", "a\n", (), "SplitFileError: expected a text list named as a side, as train.txt"),
    "other bytes": ("s.json", b"\xff\xfe\x00", (), "SplitFileError: expected text in UTF-8, got other bytes"),
    "another kind": ("s.pkl", "x", (), "SplitFileError: expected .json, .csv, .tsv, text lists, or a folder"),
    "nothing there": ("", "", (), "SplitFileError: expected folders named as train, val and test"),
    "no pattern": (
        "s.json",
        '{"train": ["a"], "test": ["b"]}',
        ("--patient", "("),
        "ArgumentError: expected a regular",
    ),
    "no match": (
        "s.json",
        '{"train": ["a"], "test": ["b"]}',
        ("--patient", "x"),
        "ArgumentError: expected a pattern that",
    ),
    "no count": (
        "s.json",
        '{"train": ["a"], "test": ["b"]}',
        ("--expected", "10"),
        "ArgumentError: expected train=200",
    ),
    "no such side": (
        "s.json",
        '{"train": ["a"], "test": ["b"]}',
        ("--expected", "val=1"),
        "ArgumentError: expected test",
    ),
    "no images": (
        "s.json",
        '{"train": ["a"], "test": ["b"]}',
        ("--images", "none"),
        "DataNotFoundError: expected a folder",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_split_is_one_error_with_exit_code_2(run, tmp_path, case):
    name, content, arguments, message = UNREADABLE[case]
    if name:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("check-split", tmp_path / name, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(message), done.err
    assert "\n  do:    " in done.err


def test_names_that_are_not_public_are_shown_as_ids(run, tmp_path):
    write_nifti(tmp_path / "Zwetschgenbaum_1.nii.gz", image(1))
    write_nifti(tmp_path / "other.nii.gz", image(1))
    (tmp_path / "s.json").write_text('{"train": ["Zwetschgenbaum_1", "Quittenberg"], "test": ["other", "Quittenberg"]}')
    for format in ("text", "json", "md"):
        done = run("check-split", tmp_path / "s.json", "--images", tmp_path, "--format", format)
        assert done.code == 1
        assert not re.search("Zwetschgenbaum|Quittenberg", done.out + done.err)
        assert HASHED.search(done.out)
    done = run("check-split", tmp_path / "s.json", "--patient", "(Zwetsch)")
    assert (done.code, "Zwetschgenbaum" in done.err) == (2, False)
    done = run("check-split", tmp_path / "s.json", "--names")
    assert "patient Quittenberg: 1 in train, 1 in test" in done.out


def test_the_page_shows_what_is_printed(run, tmp_path):
    page = (DOCS / "check_split.md").read_text(encoding="utf-8")
    text = re.search(r'`(\{"training.*?\})`', page, re.DOTALL)[1].replace("\n", " ")
    (tmp_path / "split.json").write_text(text)
    done = run("check-split", tmp_path / "split.json", "--expected", "train=2,test=2")
    assert done.code == 1
    shown = page.partition("train=2,test=2\n\n")[2].partition("\n\n##")[0]
    lines = [" ".join(line.split()) for line in shown.splitlines() if line.strip()]
    assert lines == [" ".join(line.split()) for line in done.out.splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("word", "side"), [("Training", "train"), ("imagesTs", "test"), ("dev", "val"), ("Fold_3", "fold 3"), ("x", "")]
)
def test_words_for_sides(word, side):
    assert side_named(word) == side


@pytest.mark.parametrize("text", ["a/b/case_1.nii.gz", "case_1.png", "case_1", "case_1.nii", "b\\case_1.dcm"])
def test_an_entry_without_folders_and_endings(text):
    assert stem(text) == "case_1"


@pytest.mark.real
def test_no_two_of_the_real_patients_look_alike(checked, real_data, tmp_path):
    names = [path.name for path in sorted((real_data / "msd_hippocampus" / "imagesTr").glob("hippo*"))[:60]]
    (tmp_path / "s.json").write_text(json.dumps({"train": names[:40], "test": names[40:]}))
    code, found = checked(tmp_path / "s.json", "--images", real_data / "msd_hippocampus" / "imagesTr")
    assert (code, leaks(found), found["n_images"]) == (0, [], 60)


@pytest.mark.real
def test_four_x_rays_of_pneumonia_mnist_are_in_train_and_val(checked, real_data):
    code, found = checked(real_data / "classification" / "pneumoniamnist.npz")
    assert code == 1
    kinds = [(leak[1], *leak[2:4]) for leak in leaks(found)]
    assert kinds == [("duplicate", "train", "val")] * 4 + [("near-duplicate", "train", "test")]
