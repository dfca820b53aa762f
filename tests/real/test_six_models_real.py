"""A real slice of a lung CT, at the 512x512 of the paper profile, through the six models of document 002, untrained."""

from dataclasses import replace

import numpy as np
import pytest

from reproduce.imaging.dicom import read_series
from reproduce.imaging.intensity import window
from reproduce.imaging.resample import resize_slices
from reproduce.protocol import Call
from reproduce.tasks.scoring import native_masks

pytestmark = [pytest.mark.real, pytest.mark.slow]
MODELS = ("FCNN", "U-Net", "SegNet", "DeepLabV3", "PSPNet", "Mask R-CNN")


@pytest.fixture(scope="module")
def script(load_script):
    return load_script("table1_thoracic")


@pytest.fixture(scope="module")
def image(real_data, script):
    volume = read_series(real_data / "thoracic" / "lungct_pat_1").volume
    seen = script.PAPER.preparation.intensity
    grey = window(volume.voxels[len(volume.voxels) // 2], (seen.low_hu, seen.high_hu)).astype(np.float32)
    assert grey.min() == 0.0
    assert 0.1 < grey.mean() < 0.9
    return grey


@pytest.mark.parametrize("name", MODELS)
def test_a_real_slice_comes_out_as_masks_of_the_five_organs(script, image, name):
    (arm,) = [arm for arm in script.PAPER.arms if arm.name == name]
    narrow = replace(arm, build=Call(arm.build.function, {**arm.build.arguments, "width": 8}))
    seen = resize_slices(image[None, ..., None], (512, 512), order=1)
    mask = np.asarray(narrow.build((512, 512), n_channels=1, n_regions=6)(seen, training=False)["mask"])
    assert mask.shape == (1, 512, 512, 6)
    assert mask.sum(axis=-1) == pytest.approx(np.ones((1, 512, 512)), abs=1e-4)
    assert mask.min() >= 0
    decided = native_masks(mask, image.shape, script.PAPER)
    assert decided.shape == (1, *image.shape, 6)  # the lungs together, and each organ
    assert not (decided[..., 0] & decided[..., 1]).any()  # lungs and oesophagus exclude each other
