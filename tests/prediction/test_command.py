"""Whole runs: every voxel in its place, whatever the axes; errors before the model is loaded; Ctrl-C in the middle."""

import itertools
import json
import signal
import subprocess
import sys
import time
import warnings

import nibabel as nib
import numpy as np
import pydicom
import pytest
from rich.console import Console

from reproduce import cli
from reproduce.errors import FolderInUseError, ImageAxesError, ModelFileError, NonFiniteError, NotAnImageError
from reproduce.imaging.dicom import read_series
from reproduce.imaging.nifti import read_nifti_labels
from reproduce.imaging.nifti_header import REFUSE
from reproduce.imaging.volume import require_same_grid
from reproduce.prediction.command import predict
from reproduce.prediction.inputs import find_inputs
from reproduce.prediction.model_file import save_model
from reproduce.prediction.outputs import RECORD
from reproduce.prediction.predictor import Predictor
from reproduce.protocol.intensities import Window

ROTATION = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]) @ np.diag([1.1, 0.9, 3.0])
QUICK = """
import sys
from reproduce.prediction.quick_start import import_keras_alone
import_keras_alone()
names = {"keras", "matplotlib", "pandas"}
print(sorted(names & set(sys.modules)))
import matplotlib, pandas
print(pandas.DataFrame({"a": [1]}).shape)
"""
WRONG = """
import sys
from reproduce import cli
try:
    cli.main(["predict", "--model", "none.keras", "in", "out"])
except SystemExit as stopped:
    print(stopped.code, sorted({"keras", "tensorflow", "highdicom"} & set(sys.modules)))
"""
RUN = "import sys; from reproduce.cli import main; main(sys.argv[1:])"


def run(model, paths, output, *, load=Predictor, format="nifti"):
    quiet = Console(quiet=True)
    return predict(model, paths, output, format=format, choice=REFUSE, load=load, console=quiet, show_names=True)


@pytest.fixture
def command(capsys):
    """Runs `reproduce predict` in this process: exit code, stdout, stderr."""

    def called(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["predict", "--names", *map(str, arguments)])
        return (stopped.value.code or 0, *capsys.readouterr())

    return called


def cube(seed=0):
    """8 x 8 x 8 values of 0 to 1, none within 0.01 of an edge of the stepwise model."""
    values = np.random.default_rng(seed).random((8, 8, 8), dtype=np.float32)
    for edge in (0.25, 0.75):
        values[np.abs(values - edge) < 0.01] = edge + 0.01
    return values


def steps(values):
    return (values >= 0.25).astype(int) + (values >= 0.75)


def affine_of(order, signs):
    affine = np.eye(4)
    affine[:3, :3] = ROTATION[:, order] * signs
    affine[:3, 3] = (12.5, -30.25, 7.0)
    return affine


ORIENTATIONS = list(itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)))


@pytest.fixture(scope="module")
def turned(toy, tmp_path_factory):
    """One oblique image in each of the 48 orders of axes."""
    root = tmp_path_factory.mktemp("turned")
    for n, (order, signs) in enumerate(ORIENTATIONS):
        toy.save_nifti(root / f"{n:02d}.nii.gz", cube(n), affine_of(order, signs))
    return root


def test_every_voxel_stays_in_its_place_in_every_order_of_axes(turned, step_model, tmp_path):
    done = run(step_model, [turned], tmp_path / "out")
    assert (len(done.files), done.n_planned) == (48, 48)
    for n, path in enumerate(sorted(done.files)):
        source, ours = nib.load(turned / path.name), nib.load(path)
        assert np.array_equal(np.asanyarray(ours.dataobj), steps(cube(n)))
        assert ours.get_data_dtype() == np.uint8
        assert np.array_equal(ours.affine, source.affine)
        for field in ("qform_code", "sform_code", "pixdim", "srow_x", "srow_y", "srow_z", "qoffset_x", "xyzt_units"):
            assert np.array_equal(ours.header[field], source.header[field]), field


def test_the_record_says_what_made_the_files(turned, step_model, tmp_path):
    run(step_model, [turned / "00.nii.gz"], tmp_path / "out")
    record = json.loads((tmp_path / "out" / RECORD).read_text())
    assert (record["model"], record["format"], record["recipe"]["size"]) == ("step.keras", "nifti", [8, 8])
    assert len(record["model_sha256"]) == 64


def test_the_same_run_twice_gives_the_same_bytes(turned, step_model, tmp_path):
    for out in ("a", "b"):
        run(step_model, [turned / "00.nii.gz", turned / "01.nii.gz"], tmp_path / out)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["00.nii.gz", "01.nii.gz", RECORD]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_several_channels_give_a_map_of_three_axes(toy, tmp_path):
    save_model(toy.stepwise((8, 8), 2), tmp_path / "m.keras", recipe=toy.recipe((8, 8), channels=("a", "b")))
    halves = np.stack([cube() / 2, cube() / 2], axis=-1)  # the model sees their sum
    affine = affine_of((1, 0, 2), (1, -1, 1))
    path = toy.save_nifti(tmp_path / "x.nii.gz", halves, affine)
    run(tmp_path / "m.keras", [path], tmp_path / "labels.nii")
    ours = nib.load(tmp_path / "labels.nii")
    assert np.array_equal(np.asanyarray(ours.dataobj), steps(cube()))
    assert np.array_equal(ours.affine, nib.load(path).affine)


def test_a_ct_series_gives_a_map_on_its_own_grid(toy, phantom_root, tmp_path):
    recipe = toy.recipe((64, 64), channels=("CT",), intensity=Window(-1000.0, 400.0))
    save_model(toy.stepwise((64, 64)), tmp_path / "m.keras", recipe=recipe)
    done = run(tmp_path / "m.keras", [phantom_root], tmp_path / "out")
    assert len(done.files) == 3
    for path in done.files:
        folder = phantom_root / path.relative_to(tmp_path / "out").as_posix().removesuffix(".nii.gz")
        series, labels = read_series(folder), read_nifti_labels(path)
        require_same_grid(series.volume, labels, names=("series", "labels"), tolerance_mm=1e-3)
        share = (series.volume.voxels + 1000.0) / 1400
        clear = np.minimum(np.abs(share - 0.25), np.abs(share - 0.75)) > 1e-4
        assert np.array_equal(labels.voxels[clear], steps(share)[clear])
        assert set(np.unique(labels.voxels)) == {0, 1, 2}


def never(path):
    pytest.fail(f"{path} was loaded")


def test_headers_are_held_to_the_model_before_it_is_loaded(toy, turned, step_model, tmp_path):
    good = turned / "00.nii.gz"
    toy.save_nifti(tmp_path / "4d.nii.gz", np.zeros((8, 8, 8, 4), np.float32), np.eye(4))
    with pytest.raises(ImageAxesError, match="an image of 3 axes"):
        run(step_model, [tmp_path / "4d.nii.gz"], tmp_path / "out", load=never)
    toy.save_nifti(tmp_path / "4d too.nii.gz", np.zeros((8, 8, 8, 4), np.float32), np.eye(4))
    done = run(step_model, [tmp_path / "4d.nii.gz", tmp_path / "4d too.nii.gz"], tmp_path / "out", load=never)
    assert ([type(error) for error in done.failed], done.files) == ([ImageAxesError] * 2, ())
    assert not (tmp_path / "out").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(FolderInUseError):
        run(step_model, [good], tmp_path / "full", load=never)
    (tmp_path / "plain.keras").write_bytes(b"PK")
    with pytest.raises(ModelFileError):
        run(tmp_path / "plain.keras", [good], tmp_path / "out", load=never)


def test_an_image_that_cannot_be_predicted_is_reported_and_the_run_goes_on(toy, step_model, tmp_path, command):
    for name in "abcde":
        toy.save_nifti(tmp_path / "in" / f"{name}.nii.gz", cube(), np.eye(4))
    path = tmp_path / "in" / "b.nii.gz"
    path.write_bytes(path.read_bytes()[:-40])
    values = cube()
    values[3, 2, 1] = np.nan
    toy.save_nifti(tmp_path / "in" / "c.nii.gz", values, np.eye(4))
    (tmp_path / "in" / "d.nii.gz").write_bytes(b"no image")
    code, out, err = command("--model", step_model, tmp_path / "in", tmp_path / "out")
    assert (code, out) == (1, f"{tmp_path / 'out'}: 2 of 5 written\n")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.nii.gz", "e.nii.gz", RECORD]
    assert [err.count(f"{kind}: ") for kind in ("PixelDecodeError", "NonFiniteError", "NotAnImageError")] == [1] * 3
    with pytest.raises(NonFiniteError, match=r"c\.nii\.gz"):
        run(step_model, [tmp_path / "in" / "c.nii.gz"], tmp_path / "c")


@pytest.fixture
def ct_model(toy, tmp_path):
    save_model(toy.stepwise((64, 64)), tmp_path / "ct.keras", recipe=toy.recipe((64, 64), channels=("CT",)))
    return tmp_path / "ct.keras"


@pytest.fixture
def ct_folder(phantom_root, tmp_path):
    """The three phantom series, each in a folder of its own: a, b, c."""
    for name, image in zip("abc", find_inputs([phantom_root]), strict=True):
        (tmp_path / "ct" / name).mkdir(parents=True)
        for path in image.files.files:
            (tmp_path / "ct" / name / path.name).write_bytes(path.read_bytes())
    return tmp_path / "ct"


@pytest.mark.parametrize("wrong", ["a slice is lost", "a header is cut short", "all headers are cut short"])
@pytest.mark.parametrize("format", ["nifti", "seg"])
def test_a_series_that_cannot_be_read_is_reported(ct_model, ct_folder, tmp_path, format, wrong, command):
    slices = sorted((ct_folder / "b").iterdir())
    if wrong == "a slice is lost":
        slices[2].unlink()
    for path in slices[: {"a slice is lost": 0, "a header is cut short": 1}.get(wrong)]:
        path.write_bytes(path.read_bytes()[:300])
    code, out, err = command("--model", ct_model, "--format", format, ct_folder, tmp_path / "out")
    ending = {"nifti": ".nii.gz", "seg": ".dcm"}[format]
    assert (code, err.count("where: ")) == (1, 1)
    assert out == f"{tmp_path / 'out'}: 2 of 3 written\n"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [f"a{ending}", f"c{ending}", RECORD]


def test_a_slice_stands_for_its_series(ct_model, ct_folder, tmp_path, command):
    path = sorted((ct_folder / "a").iterdir())[2]
    code, _, err = command("--model", ct_model, path, tmp_path / "a.nii.gz")
    assert code == 0
    assert f"{path}: a slice; all 6 of its series in {ct_folder / 'a'} are predicted" in err
    assert nib.load(tmp_path / "a.nii.gz").shape == (64, 64, 6)
    (ct_folder / "a" / "notes.txt").write_text("no image")
    code, _, err = command("--model", ct_model, ct_folder / "a" / "notes.txt", tmp_path / "b.nii.gz")
    assert (code, err.splitlines()[0].partition(":")[0]) == (2, "DataNotFoundError")


def test_a_seg_is_refused_before_the_model_is_loaded(ct_model, ct_folder, tmp_path):
    for path in (ct_folder / "a").iterdir():
        dataset = pydicom.dcmread(path)
        del dataset.FrameOfReferenceUID
        dataset.save_as(path)
    with pytest.raises(NotAnImageError, match="FrameOfReferenceUID"):
        run(ct_model, [ct_folder / "a"], tmp_path / "s.dcm", load=never, format="seg")


def test_a_series_beside_a_broken_file_is_refused_before_the_model_is_loaded(ct_model, ct_folder, tmp_path):
    (ct_folder / "a" / "900.dcm").write_bytes(b"")
    with pytest.raises(NotAnImageError, match=r"900\.dcm: an empty file"):
        run(ct_model, [ct_folder / "a"], tmp_path / "a.nii.gz", load=never)


def test_elements_that_a_seg_leaves_empty_are_named(ct_model, ct_folder, tmp_path, command):
    for path in (ct_folder / "a").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.PatientSex = "U"
        dataset.save_as(path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        code, _, err = command("--model", ct_model, "--format", "seg", ct_folder / "a", tmp_path / "s.dcm")
    assert (code, [each for each in caught if "highdicom" in each.filename]) == (0, [])
    assert "left empty in the SEG, not valid in the slices: PatientSex (0010,0040)" in err


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize("uid", ["../../../ESCAPED", "1.2/../../../ESCAPED", "..", "/ESCAPED", "a", "1..2"])
def test_nothing_is_written_by_a_uid_that_is_a_path(ct_model, ct_folder, tmp_path, uid, command):
    """Two series in one folder are told apart by their UIDs, one of which leads out of the output."""
    for i, path in enumerate(sorted((ct_folder / "b").iterdir())):
        dataset = pydicom.dcmread(path)
        with pydicom.config.disable_value_validation():
            dataset.SeriesInstanceUID = uid
            dataset.save_as(ct_folder / "a" / f"other{i}.dcm")
    before = {path for path in tmp_path.parent.rglob("*") if "ESCAPED" in path.name}
    code, _, err = command("--model", ct_model, ct_folder / "a", tmp_path / "x" / "y" / "out")
    assert code in (1, 2)
    assert "SeriesInstanceUID" in err
    assert {path for path in tmp_path.parent.rglob("*") if "ESCAPED" in path.name} == before
    assert all(path.parent == tmp_path / "x" / "y" / "out" / "a" for path in (tmp_path / "x").rglob("*.nii.gz"))


def test_ctrl_c_leaves_whole_files_and_the_run_can_be_given_again(turned, step_model, tmp_path, monkeypatch):
    calls, masks = [], Predictor.masks

    def interrupted(self, image, *, where):
        calls.append(where)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return masks(self, image, where=where)

    monkeypatch.setattr(Predictor, "masks", interrupted)
    done = run(step_model, [turned], tmp_path / "out")
    assert ([path.name for path in done.files], done.n_planned) == (["00.nii.gz", "01.nii.gz"], 48)
    assert np.array_equal(np.asanyarray(nib.load(done.files[1]).dataobj), steps(cube(1)))
    assert len(run(step_model, [turned], tmp_path / "out").files) == 48


def test_the_command(command, turned, step_model, tmp_path, monkeypatch):
    files = (turned / "00.nii.gz", turned / "01.nii.gz")
    code, out, _ = command("--model", step_model, *files, tmp_path / "out")
    assert (code, out) == (0, f"{tmp_path / 'out'}: 2 of 2 written\n")
    assert np.array_equal(np.asanyarray(nib.load(tmp_path / "out" / "01.nii.gz").dataobj), steps(cube(1)))
    code, out, err = command("--model", step_model, turned / "00.nii.gz")
    assert (code, out) == (2, "")
    assert "at least one input, and an output" in err

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Predictor, "masks", stopped)
    assert command(*files, tmp_path / "out", "--model", step_model)[:2] == (
        130,
        f"{tmp_path / 'out'}: 0 of 2 written\n",
    )


def test_errors_of_the_command_are_one_text(command, step_model, tmp_path):
    code, out, err = command("--model", step_model, tmp_path / "none.nii.gz", tmp_path / "out")
    assert (code, out) == (2, "")
    assert err.startswith("DataNotFoundError: expected an image or a folder of images, got nothing there\n")
    assert command("--model", tmp_path / "none.keras", tmp_path, tmp_path / "out")[2].startswith("DataNotFoundError")


def test_a_target_that_cannot_be_written_is_one_text(command, turned, step_model, tmp_path):
    (tmp_path / "file").touch()
    code, out, err = command("--model", step_model, turned / "00.nii.gz", tmp_path / "file" / "out")
    assert (code, out) == (2, "")
    assert err.startswith("NotWritableError: ")
    assert "do:    free space, allow writing there, or name another folder" in err


def test_a_wrong_path_is_told_without_loading_keras(tmp_path):
    done = subprocess.run([sys.executable, "-c", WRONG], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == "2 []\n", done.stderr


@pytest.mark.slow
def test_a_real_ctrl_c(turned, toy, tmp_path):
    save_model(toy.stepwise((512, 512)), tmp_path / "slow.keras", recipe=toy.recipe((512, 512)))
    arguments = ["predict", "--model", tmp_path / "slow.keras", turned, tmp_path / "out"]
    process = subprocess.Popen([sys.executable, "-c", RUN, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    for _ in range(600):
        if len(list(tmp_path.glob("out/*.nii.gz"))) >= 3:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    files = sorted(tmp_path.glob("out/*.nii.gz"))
    assert process.returncode == 130
    assert 3 <= len(files) < 48
    assert out == f"{tmp_path / 'out'}: {len(files)} of 48 written\n"
    for path in files:
        assert np.asanyarray(nib.load(path).dataobj).shape == (8, 8, 8)


@pytest.mark.slow
def test_keras_is_loaded_alone_and_others_load_what_they_need():
    done = subprocess.run([sys.executable, "-c", QUICK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['keras']\n(1, 1)\n"
