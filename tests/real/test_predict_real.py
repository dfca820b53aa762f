"""A model on real files: geometry kept to the bit, SEG of a real CT, and sixty cases by the command."""

import shutil
import subprocess
import sys

import keras
import nibabel as nib
import numpy as np
import pydicom
import pytest
from rich.console import Console

from reproduce.imaging.dicom import read_series
from reproduce.imaging.intensity import ZScore
from reproduce.imaging.nifti import read_nifti
from reproduce.imaging.nifti_header import REFUSE
from reproduce.models.segmentation.optimised_cnn import unoptimised_cnn
from reproduce.models.segmentation.unet import unet
from reproduce.prediction.command import predict
from reproduce.prediction.model_file import save_model
from reproduce.prediction.predictor import Predictor
from reproduce.prediction.recipe import ABNORMALITY, ORGAN, TISSUE, Code, Recipe, Region
from reproduce.protocol.intensities import Window

pytestmark = pytest.mark.real
HIPPOCAMPUS = Code("5366008", "Hippocampus")
REGIONS = (
    Region("background", 0, TISSUE, TISSUE),
    Region("anterior", 1, ORGAN, HIPPOCAMPUS),
    Region("posterior", 2, ORGAN, HIPPOCAMPUS),
)
RUN = "import sys; from reproduce.cli import main; main(sys.argv[1:])"


@pytest.fixture(scope="module")
def mr_model(tmp_path_factory):
    """A U-Net of width 16 that is not trained, for hippocampi."""
    keras.utils.set_random_seed(1)
    model = unet((64, 64), n_channels=1, n_regions=3, width=16, batch_norm=True, bn_momentum=0.9, dropout=0.0)
    path = tmp_path_factory.mktemp("model") / "mr.keras"
    save_model(model, path, recipe=Recipe(2, (64, 64), ("MRI",), ZScore(within="image"), REGIONS, None))
    return path


def run(model, paths, output, *, format="nifti"):
    return predict(model, paths, output, format=format, choice=REFUSE, load=Predictor, console=Console(quiet=True))


def test_hippocampi_keep_their_geometry(real_data, mr_model, tmp_path):
    images = sorted((real_data / "msd_hippocampus" / "imagesTr").glob("*.nii.gz"))[::40]
    done = run(mr_model, images, tmp_path / "out")
    assert len(done.files) == 5
    for source, path in zip(images, done.files, strict=True):
        theirs, ours = nib.load(source), nib.load(path)
        assert (ours.shape, path.name) == (theirs.shape, source.name)
        assert np.array_equal(ours.affine, theirs.affine)
        assert np.array_equal(ours.get_qform(), theirs.get_qform())
        assert set(np.unique(np.asanyarray(ours.dataobj))) <= {0, 1, 2}


def test_a_real_ct_as_seg(real_data, tmp_path):
    hd = pytest.importorskip("highdicom", reason="highdicom is not installed: install the package again")
    keras.utils.set_random_seed(1)
    model = unoptimised_cnn((64, 64), n_channels=1, n_regions=1, width=2, depth=2, bn_momentum=0.9)
    regions = (Region("nodule", 1, ABNORMALITY, Code("27925004", "Nodule")),)
    recipe = Recipe(2, (64, 64), ("CT",), Window(-1000.0, 400.0), regions, 0.5)
    save_model(model, tmp_path / "ct.keras", recipe=recipe)
    folder = real_data / "lidc_idri" / "LIDC-IDRI-0003"
    (path,) = run(tmp_path / "ct.keras", [folder], tmp_path / "seg", format="seg").files
    segmentation, series = hd.seg.segread(path), read_series(folder)
    assert {str(uid[2]) for uid in segmentation.get_source_image_uids()} == set(series.sop_uids)
    (as_nifti,) = run(tmp_path / "ct.keras", [folder], tmp_path / "nifti").files
    labels = np.asanyarray(nib.load(as_nifti).dataobj).T
    back = segmentation.get_pixels_by_source_instance(list(series.sop_uids), assert_missing_frames_are_empty=True)
    assert np.array_equal(back[..., 0], labels)
    assert 0 < labels.mean() < 1
    header = pydicom.dcmread(series.files.files[0], stop_before_pixels=True)
    assert segmentation.FrameOfReferenceUID == header.FrameOfReferenceUID
    if shutil.which("dciodvfy") is not None:
        done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        assert [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")] == []


def test_a_real_mr_as_seg(real_data, mr_model, write_dicom, tmp_path):
    """The samples have MR as NIfTI alone; a hippocampus of theirs becomes a series of DICOM here."""
    image = read_nifti(real_data / "msd_hippocampus" / "imagesTr" / "hippocampus_003.nii.gz")
    stored = np.rint(image.voxels).astype(np.int16)
    write_dicom(tmp_path / "mr", stored, image.affine, "MR")
    series = read_series(tmp_path / "mr", modality="MR")
    assert (series.volume.unit, series.volume.voxels.max()) == ("arbitrary", 2777)
    np.testing.assert_array_equal(series.volume.voxels, stored)
    np.testing.assert_allclose(series.volume.affine, image.affine, atol=1e-4)
    (path,) = run(mr_model, [tmp_path / "mr"], tmp_path / "s.dcm", format="seg").files
    (as_nifti,) = run(mr_model, [tmp_path / "mr"], tmp_path / "labels.nii.gz").files
    labels = np.asanyarray(nib.load(as_nifti).dataobj).T
    segmentation = pytest.importorskip("highdicom").seg.segread(path)
    back = segmentation.get_pixels_by_source_instance(list(series.sop_uids), assert_missing_frames_are_empty=True)
    for i, region in enumerate(REGIONS[1:]):
        assert np.array_equal(back[..., i], labels == region.label)
    assert labels.any()


@pytest.mark.slow
def test_sixty_cases_by_the_command(real_data, mr_model, tmp_path):
    images = sorted((real_data / "msd_hippocampus" / "imagesTr").glob("*.nii.gz"))[:60]
    command = [sys.executable, "-c", RUN, "predict", "--model", mr_model, *images, tmp_path / "out"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in sorted((tmp_path / "out").glob("*.nii.gz"))] == [path.name for path in images]
