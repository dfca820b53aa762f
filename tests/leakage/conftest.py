"""The command, run in this process, and images that are not alike."""

import json

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage


@pytest.fixture
def checked(run):
    """Checks a split and returns its exit code and its JSON."""

    def check(*arguments):
        done = run("check-split", *arguments, "--format", "json", "--names")
        assert done.out, done.err
        return done.code, json.loads(done.out)

    return check


def image(seed, shape=(24, 20, 16)):
    """Smooth noise, uint16; no two seeds look alike."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.5)
    return np.round(1000 + 2000 * noise).astype(np.uint16)


def write_nifti(path, voxels):
    nib.save(nib.Nifti1Image(voxels, np.diag([-1.0, -1.0, 2.0, 1.0])), path)
