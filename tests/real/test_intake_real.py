"""Real folders looked at and converted: masks that are known voxel for voxel."""

import json

import numpy as np
import pytest

from reproduce import cli
from reproduce.cohorts import lidc
from reproduce.imaging import read_nifti, read_nifti_labels, read_series

pytestmark = pytest.mark.real


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    return stopped.value.code or 0


def test_the_tumour_of_an_rtstruct_is_its_mask(real_data, tmp_path):
    assert run("convert", real_data / "thoracic" / "lungct_pat_1", tmp_path / "out") == 0
    (path,) = (tmp_path / "out").glob("*_structures.nii.gz")
    truth = read_nifti_labels(real_data / "thoracic" / "lungct_pat_1_truth" / "mask.nii.gz")
    mask = read_nifti_labels(path)
    n_both = int(((mask.voxels > 0) & (truth.voxels > 0)).sum())
    assert n_both == 125256
    assert 2 * n_both / int((mask.voxels > 0).sum() + (truth.voxels > 0).sum()) == 1.0
    np.testing.assert_allclose(mask.affine, truth.affine, atol=1e-3)


def test_a_scan_of_lidc_is_its_voxels_and_its_consensus(real_data, tmp_path):
    root = real_data / "lidc_idri" / "LIDC-IDRI-0001"
    assert run("convert", root, tmp_path / "out") == 0
    series = read_series(root)
    back = read_nifti(tmp_path / "out" / f"{series.files.series_uid}.nii.gz")
    np.testing.assert_array_equal(back.voxels, series.volume.voxels)
    np.testing.assert_allclose(back.affine, series.volume.affine, atol=1e-4)
    case = lidc.read_case(lidc.find_cohort(root).scans[0], consensus=0.5, min_readers=1)
    labels = read_nifti_labels(tmp_path / "out" / f"{series.files.series_uid}_reads.nii.gz")
    np.testing.assert_array_equal(labels.voxels, case.reference.voxels)
    assert labels.voxels.any()


@pytest.mark.parametrize(
    ("folder", "layout", "n"),
    [
        ("lidc_idri", "LIDC-IDRI", 2),
        ("brats", "TCIA example with fused labels", 1),
        ("msd_hippocampus", "Medical Segmentation Decathlon, without dataset.json", 200),
        ("classification", "PneumoniaMNIST", 3166),
    ],
)
def test_layouts(real_data, capsys, folder, layout, n):
    assert run("inspect", real_data / folder, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (layout, n) in [(one["name"], one["in"]) for one in found["layouts"]]
    assert found["n_faults"] == 0
