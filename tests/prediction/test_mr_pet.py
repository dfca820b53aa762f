"""MR and PET the whole way: read in their own units, predicted, written as NIfTI and as SEG, and read back."""

import io

import highdicom as hd
import nibabel as nib
import numpy as np
import pytest
from rich.console import Console

from reproduce.errors import DataNotFoundError
from reproduce.imaging import read_series
from reproduce.imaging.nifti_header import REFUSE
from reproduce.prediction.command import predict
from reproduce.prediction.model_file import save_model
from reproduce.prediction.predictor import Predictor
from reproduce.protocol.intensities import Window

AFFINE = np.array([[1.5, 0, 0, -12], [0, 1.25, 0, 30], [0, 0, 4, -100], [0, 0, 0, 1.0]])
ELEMENTS = {"MR": {}, "PT": {"slopes": [0.5, 0.25, 2, 1], "Units": "BQML", "DecayCorrection": "START"}, "CT": {}}
UNITS = {"MR": ("arbitrary", np.int16), "PT": ("BQML", np.float32)}


@pytest.fixture
def stored():
    """Four slices of 8 x 8 values, brighter from slice to slice."""
    values = np.random.default_rng(3).integers(0, 900, (4, 8, 8))
    return (values + 100 * np.arange(4)[:, None, None]).astype(np.int16)


@pytest.fixture
def model(toy, tmp_path):
    """Region "low" from a z-score of 0.25 on, "high" from 0.75 on."""
    recipe = toy.recipe((8, 8), channels=("image",), intensity=toy.ZSCORE)
    save_model(toy.stepwise((8, 8)), tmp_path / "m.keras", recipe=recipe)
    return tmp_path / "m.keras"


def run(model, folder, output, *, format="nifti", console=None):
    console = console or Console(quiet=True)
    return predict(model, [folder], output, format=format, choice=REFUSE, load=Predictor, console=console)


@pytest.mark.parametrize("modality", ["MR", "PT"])
def test_a_series_is_read_in_its_unit_predicted_and_its_seg_read_back(modality, write_dicom, stored, model, tmp_path):
    write_dicom(tmp_path / "in", stored, AFFINE, modality, **ELEMENTS[modality])
    series = read_series(tmp_path / "in", modality=modality)
    slopes = np.array(ELEMENTS[modality].get("slopes", [1, 1, 1, 1]))[:, None, None]
    assert (series.volume.unit, series.volume.voxels.dtype) == UNITS[modality]
    np.testing.assert_allclose(series.volume.voxels, stored * slopes, rtol=1e-6)
    score = (stored * slopes - (stored * slopes).mean()) / (stored * slopes).std()
    wanted = np.stack([score >= 0.25, score >= 0.75], axis=-1)
    assert np.abs(score[..., None] - [0.25, 0.75]).min() > 1e-5  # no voxel hangs on rounding
    (path,) = run(model, tmp_path / "in", tmp_path / "s.dcm", format="seg").files
    segmentation = hd.seg.segread(path)
    back = segmentation.get_pixels_by_source_instance(list(series.sop_uids), assert_missing_frames_are_empty=True)
    np.testing.assert_array_equal(back.astype(bool), wanted)
    assert segmentation.FrameOfReferenceUID == "2.25.9"
    (path,) = run(model, tmp_path / "in", tmp_path / "labels.nii").files
    labels = nib.load(path)
    np.testing.assert_array_equal(np.asanyarray(labels.dataobj).T, wanted.sum(axis=-1))
    np.testing.assert_allclose(labels.affine, np.diag([-1, -1, 1, 1]) @ AFFINE, atol=1e-4)


def test_a_window_in_hu_takes_ct_alone_and_says_what_it_left_out(toy, write_dicom, stored, model, tmp_path):
    recipe = toy.recipe((8, 8), channels=("CT",), intensity=Window(-1000.0, 400.0))
    save_model(toy.stepwise((8, 8)), tmp_path / "ct.keras", recipe=recipe)
    write_dicom(tmp_path / "in" / "1", stored, AFFINE, "MR")
    with pytest.raises(DataNotFoundError, match="the model's window is in HU"):
        run(tmp_path / "ct.keras", tmp_path / "in", tmp_path / "out")
    write_dicom(tmp_path / "in" / "2", stored, AFFINE, "CT", slopes=[1] * 4, SeriesInstanceUID="2.25.6")
    console = Console(record=True, file=io.StringIO())
    done = run(tmp_path / "ct.keras", tmp_path / "in", tmp_path / "out", console=console)
    assert [path.name for path in done.files] == ["2.nii.gz"]
    assert "1 series of MR: left out, since the model's window is in HU" in console.export_text()
    assert len(run(model, tmp_path / "in", tmp_path / "both").files) == 2
