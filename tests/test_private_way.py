"""Forty identifiers go the whole way through every command; what is written and shown has none but those of a SEG."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest

from reproduce import cli
from reproduce.errors import ReproduceError
from reproduce.imaging import read_series
from reproduce.phantoms.writers.lidc import write_lidc_cohort
from tests.planted import PLANTED, TEXTS, leaks, leaks_of, plant_cohort

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def hospital(tmp_path_factory):
    """A cohort of four patients as Table 1 of document 000 takes for its smoke run; nobody may change it."""
    root = tmp_path_factory.mktemp("data")
    write_lidc_cohort(root, n_patients=4, seed=1, matrix=64, n_slices=8, slice_spacing_mm=2.5, workers=1)
    plant_cohort(root)
    assert len(PLANTED) >= 40
    assert {planted for path in root.rglob("*") if path.is_file() for planted in leaks_of(path)} >= {*TEXTS.values()}
    return root


@pytest.fixture
def ward(hospital, tmp_path):
    """A copy of it, and a NIfTI file whose header says whose it is."""
    root = tmp_path / "ward"
    shutil.copytree(hospital, root)
    image = nib.Nifti1Image(np.random.default_rng(1).random((64, 64, 4), np.float32), np.eye(4))
    image.header["descrip"], image.header["db_name"] = TEXTS["InstitutionName"], TEXTS["PatientBirthName"]
    image.to_filename(root / f"{TEXTS['PatientBirthName']}.nii.gz")
    return root


@pytest.fixture
def model(tmp_path):
    """A model of slices of 64 x 64 that is not trained."""
    import keras

    from reproduce.imaging.intensity import ZScore
    from reproduce.prediction.model_file import save_model
    from reproduce.prediction.recipe import ABNORMALITY, TISSUE, Recipe, Region

    image = keras.Input((64, 64, 1))
    mask = keras.layers.Conv2D(1, 1, activation="sigmoid", name="mask")(image)
    regions = (Region("nodule", 1, ABNORMALITY, TISSUE),)
    recipe = Recipe(2, (64, 64), ("CT",), ZScore(within="image"), regions, 0.5)
    save_model(keras.Model(image, {"mask": mask}), tmp_path / "m.keras", recipe=recipe)
    return tmp_path / "m.keras"


def written(*folders):
    return [path for folder in folders for path in folder.rglob("*") if path.is_file() and "private" not in path.parts]


def require_none(text, *folders):
    """Return if neither a text nor what lies below folders names anybody, or any path in them."""
    assert [line for line in text.splitlines() if leaks(line)] == []
    paths = written(*folders)
    found = {path: leaks_of(path) for path in paths}
    assert {path: planted for path, planted in found.items() if planted} == {}
    assert leaks("\n".join(path.relative_to(f).as_posix() for f in folders for path in f.rglob("*"))) == []
    return paths


def whole(root):
    pass


def slices(root):
    return sorted(root.rglob("*.dcm"))


def cut_header(root):
    slices(root)[2].write_bytes(slices(root)[2].read_bytes()[:300])


def cut_pixels(root):
    slices(root)[2].write_bytes(slices(root)[2].read_bytes()[:-100])


def zeros(root):
    slices(root)[2].write_bytes(bytes(500))


def missing(root):
    slices(root)[2].unlink()


def two_series(root):
    first, second = sorted(path for path in root.iterdir() if path.is_dir())[:2]
    for path in slices(second):
        path.rename(slices(first)[0].with_name(f"other {path.name}"))


def changed(**elements):
    def change(root):
        dataset = pydicom.dcmread(slices(root)[2])
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        dataset.save_as(slices(root)[2])

    return change


def broken_nifti(root):
    (path,) = root.glob("*.nii.gz")
    path.write_bytes(path.read_bytes()[:-40])


DAMAGE = {
    "none": whole,
    "a header is cut": cut_header,
    "pixels are cut": cut_pixels,
    "a file of zeros": zeros,
    "a slice is missing": missing,
    "two series in one folder": two_series,
    "another size": changed(PixelSpacing=["9", "9"]),
    "another place": changed(ImagePositionPatient=["1", "2", "3"]),
    "another patient": changed(PatientID=f"{TEXTS['PatientID']}-X"),
    "no UID": changed(SOPInstanceUID=""),
    "an invalid birth date": changed(PatientBirthDate=""),
    "a NIfTI file is cut": broken_nifti,
}


def commands(ward, model, out):
    yield from (("inspect", ward), ("inspect", ward, "--json"), ("inspect", slices(ward)[0]))
    yield from (("convert", ward, out / "nifti"), ("convert", ward, out / "seg", "--as", "seg"))
    yield "predict", "--model", model, ward, out / "labels"
    yield "predict", "--model", model, slices(ward)[0], out / "one.nii.gz"
    yield "predict", "--model", model, "--format", "seg", *folders(ward), out / "regions"


@pytest.mark.parametrize("damage", DAMAGE)
def test_commands_on_images_name_nobody(damage, ward, model, tmp_path, capsys):
    DAMAGE[damage](ward)
    out = tmp_path / "out"
    shown = ""
    for arguments in commands(ward, model, out):
        with pytest.raises(SystemExit):
            cli.main([str(each) for each in arguments])
        text = "".join(capsys.readouterr())
        # A path that was typed may be shown, and of a slice the folder that it lies in.
        paths = [each for each in arguments if isinstance(each, Path)]
        typed = {text for path in paths for text in (str(path), str(path.parent), path.name)}
        for each in sorted(typed, key=len, reverse=True):
            text = text.replace(each, "(typed)")
        shown += text
    paths = require_none(shown, out)
    assert {path.suffix for path in paths} >= ({".gz", ".json", ".dcm"} if damage == "none" else {".json"})
    assert ("path-" in shown) or ("scan-" in shown)


def test_a_folder_that_was_typed_as_a_dot_is_not_named(ward, model, tmp_path, monkeypatch, capsys):
    (home,) = [folder for folder in ward.iterdir() if folder.name.endswith("_1")]
    missing(home)
    monkeypatch.chdir(home)
    shown = ""
    for arguments in (
        *(("inspect", "."), ("convert", ".", "../../out"), ("predict", "--model", model, ".", "../../out2")),
        *(("inspect", "none"), ("convert", ".", "out"), ("predict", "--model", model, ".", "out")),
    ):
        with pytest.raises(SystemExit):
            cli.main([str(each) for each in arguments])
        shown += "".join(capsys.readouterr())
    require_none(shown, *(tmp_path / name for name in ("out", "out2")))
    assert refused(Path())


def folders(root):
    """The folders of the patients by names that say nothing, as a user would type them."""
    found = sorted(path for path in root.iterdir() if path.is_dir())
    return [path.rename(root / f"bed {i}") for i, path in enumerate(found)]


@pytest.mark.parametrize("damage", [name for name in DAMAGE if "NIfTI" not in name])
def test_errors_of_a_reader_name_nobody(damage, ward):
    DAMAGE[damage](ward)
    n_errors = sum(refused(folder) for folder in (ward, *folders(ward)))
    assert n_errors >= 1  # that of several series in the ward


def refused(folder):
    """Whether a folder is not read, with an error that names nobody, but the folder as it was typed."""
    try:
        read_series(folder)
    except ReproduceError as error:
        texts = f"{error!r} {error}"
    else:
        return False
    assert leaks(texts) == []
    assert str(folder) in texts
    return True


@pytest.mark.smoke
def test_a_table_its_report_and_its_model_name_nobody(hospital, tmp_path):
    cache, out = tmp_path / "cache", tmp_path / "out"
    environment = {**os.environ, "REPRODUCE_CACHE": str(cache), "KERAS_HOME": str(cache / "keras")}
    environment.pop("REPRODUCE_DATA", None)
    results, figures, exported = cache / "smoke" / "results", cache / "smoke" / "figures", out / "model.keras"
    reproduce = (sys.executable, "-m", "reproduce")
    table = (sys.executable, "experiments/table1_lidc.py", "--profile", "smoke", "--data-root", hospital)
    broken = tmp_path / "broken"
    shutil.copytree(hospital, broken)
    cut_pixels(broken)
    missing(broken)
    runs = {
        table: 0,
        (*reproduce, "report", "--results", results, "--figures", figures, "--output", out / "report.html"): 0,
        (*reproduce, "diff", "--results", results): None,
        (*reproduce, "export", "table1_lidc", exported, "--profile", "smoke", "--data-root", hospital): 0,
        (*reproduce, "predict", "--model", exported, hospital, out / "nifti"): 0,
        (*reproduce, "predict", "--model", exported, "--format", "seg", hospital, out / "seg"): 0,
        (*table[:-1], broken): 2,
    }
    out.mkdir()
    shown = ""
    for command, code in runs.items():
        done = subprocess.run(
            list(map(str, command)), cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        assert code in (None, done.returncode), done.stderr
        shown += done.stdout + done.stderr
    paths = require_none(shown, cache, out)
    names = {path.name for path in paths}
    assert {"cases.csv", "slices.csv", "ledger.csv", "splits.json", "provenance.json", "overlays.npz"} <= names
    assert {"report.html", "prediction.json", "digests.json", "model.keras"} <= names
    assert len(list((out / "nifti").rglob("*.nii.gz"))) == len(list((out / "seg").rglob("*.dcm"))) == 4
    assert "case-" in (results / "table1_lidc" / "lidc_idri-smoke" / "cases.csv").read_text()
