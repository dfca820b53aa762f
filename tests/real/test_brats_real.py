"""Real MR: four modalities of TCGA-FG-6692 and two of BRATS2013-pat0006, from file to prediction to file."""

import nibabel as nib
import numpy as np
import pytest

from reproduce.cohorts.brats import brain_of, find_cohort, read_case
from reproduce.cohorts.brats_layouts import BRATS_2013_TWO, PUBLISHED, REGIONS, TCIA_FUSION
from reproduce.errors import CohortError
from reproduce.imaging.crop import box_around, cropped, put_back
from reproduce.imaging.intensity import zscore_within
from reproduce.imaging.nifti import read_nifti, read_nifti_labels, write_nifti
from reproduce.prepared.brats import prepare_brats

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def tcga(real_data):
    """The scan of TCGA-FG-6692, its case, its brain."""
    (scan,) = find_cohort(real_data / "brats" / "TCGA-FG-6692", layouts=(TCIA_FUSION,), broken="refuse").scans
    case = read_case(scan)
    return scan, case, brain_of(scan, case.image)


def test_four_modalities_on_one_grid(tcga):
    scan, case, _ = tcga
    assert scan.patient == "TCGA-FG-6692"
    assert case.image.voxels.shape == (155, 240, 240, 4)
    assert case.image.spacing_mm == (1.0, 1.0, 1.0)
    # The files' i runs to the left and j to the back (nibabel: LPS), so nothing is flipped.
    affine = nib.load(scan.reference).affine
    assert "".join(nib.aff2axcodes(affine)) == "LPS"
    assert np.array_equal(case.image.affine, np.diag([-1, -1, 1, 1]) @ affine)
    for channel, (_, source) in enumerate(scan.images):
        stored = np.asanyarray(nib.load(source.path).dataobj)
        assert np.array_equal(case.image.voxels[..., channel], stored.T)


def test_the_fused_labels(tcga):
    _, case, brain = tcga
    labels = case.reference.voxels
    assert np.bincount(labels.ravel()).tolist() == [8897821, 2477, 20862, 0, 6840]
    assert {name: int(np.isin(labels, members).sum()) for name, members in REGIONS.items()} == {
        "WT": 30179,  # 2477 + 20862 + 6840
        "TC": 9317,  # 2477 + 6840
        "ET": 6840,
    }
    assert brain[labels > 0].all()


def test_the_brain_holds_voxels_below_zero(tcga):
    _, case, brain = tcga
    assert 0.17 < brain.mean() < 0.19
    negative = case.image.voxels[..., 0] < 0
    assert negative.sum() > 10_000
    assert brain[negative].all()
    scores = zscore_within(case.image.voxels, brain)
    np.testing.assert_allclose(scores[brain].mean(axis=0, dtype=np.float64), 0, atol=1e-5)
    np.testing.assert_allclose(scores[brain].std(axis=0, dtype=np.float64), 1, atol=1e-5)


@pytest.mark.slow
def test_a_prediction_goes_back_to_a_file_on_the_grid_of_the_input(tcga, tmp_path):
    import keras

    from reproduce.models.segmentation.optimised_cnn import optimised_cnn

    scan, case, brain = tcga
    scores = case.image.on_same_grid(zscore_within(case.image.voxels, brain), "arbitrary")
    box = box_around(brain, multiple_of=16)
    crop = cropped(scores, box)
    assert brain[box].sum() == brain.sum()
    keras.utils.set_random_seed(1)
    size = crop.shape[1:]
    model = optimised_cnn(size, n_channels=4, n_regions=3, width=4, depth=4, bn_momentum=0.9)
    outputs = [model.predict_on_batch(crop.voxels[z : z + 16])["mask"] for z in range(0, len(crop.voxels), 16)]
    probabilities = crop.on_same_grid(np.concatenate(outputs), "probability")
    whole = put_back(probabilities, case.image, outside=0.0)
    assert np.array_equal(whole.voxels[box], probabilities.voxels)
    assert whole.voxels[box].std() > 0

    source = scan.images[0][1].path
    path = tmp_path / "TCGA-FG-6692_WT.nii.gz"
    mask = whole.on_same_grid(whole.voxels[..., 0] >= 0.5, "label")
    write_nifti(mask, path, like=source)
    written, given = nib.load(path), nib.load(source)
    assert written.shape == given.shape == (240, 240, 155)
    assert np.array_equal(written.affine, given.affine)
    for field in ("qform_code", "sform_code", "srow_x", "srow_y", "srow_z", "quatern_b", "quatern_c", "quatern_d"):
        assert np.array_equal(written.header[field], given.header[field])
    assert np.array_equal(np.asanyarray(written.dataobj).T, mask.voxels)
    assert np.array_equal(read_nifti_labels(path).voxels, mask.voxels)

    write_nifti(whole, tmp_path / "probabilities.nii.gz", like=source)
    again = nib.load(tmp_path / "probabilities.nii.gz")
    assert again.shape == (240, 240, 155, 3)
    assert np.array_equal(again.affine, given.affine)
    assert np.array_equal(read_nifti(tmp_path / "probabilities.nii.gz").voxels, whole.voxels)


@pytest.mark.slow
def test_the_preparation_keeps_every_slice(real_data, tcga, tmp_path):
    _, case, brain = tcga
    prepared = prepare_brats(real_data / "brats" / "TCGA-FG-6692", tmp_path, layouts=(TCIA_FUSION,), broken="refuse")
    examples = list(prepared.read().as_numpy_iterator())
    scores = zscore_within(case.image.voxels, brain)
    assert len(examples) == 155
    for z in (0, 60, 80, 154):
        assert np.array_equal(examples[z]["image"], scores[z])
        assert np.array_equal(examples[z]["labels"], case.reference.voxels[z])


def test_what_no_layout_names_is_refused_with_its_text(real_data):
    with pytest.raises(CohortError) as caught:
        find_cohort(real_data / "brats" / "BRATS2013-pat0006", layouts=PUBLISHED, broken="refuse")
    for word in ("BRATS2013-pat0006", "NIfTI files that no layout names", "path-", "pass a Layout"):
        assert word in str(caught.value)


def test_two_modalities_and_labels_0_to_4_are_mapped_by_a_layout(real_data):
    root = real_data / "brats" / "BRATS2013-pat0006"
    (scan,) = find_cohort(root, layouts=(BRATS_2013_TWO,), broken="refuse").scans
    case = read_case(scan)
    assert [modality for modality, _ in scan.images] == ["flair", "t1ce"]
    assert case.image.voxels.shape == (155, 240, 240, 2)
    stored = np.asanyarray(nib.load(root / "OTMultiClass.nii.gz").dataobj).T
    assert np.unique(stored).tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(case.reference.voxels == 1, (stored == 1) | (stored == 3))
    assert np.array_equal(case.reference.voxels == 4, stored == 4)
    brain = brain_of(scan, case.image)
    assert (case.image.voxels != 0).all()  # normalised with its background, so that only the file tells the brain
    assert 0.12 < brain.mean() < 0.13


@pytest.mark.slow
def test_every_file_is_written_back_as_it_was(real_data, tmp_path):
    files = sorted((real_data / "brats").glob("*/*.nii.gz"))
    assert len(files) == 9
    files += sorted((real_data / "msd_hippocampus").glob("*/*.nii.gz"))[:20]
    for source in files:
        write_nifti(read_nifti(source), tmp_path / "a.nii", like=source)
        given, written = nib.load(source), nib.load(tmp_path / "a.nii")
        assert written.shape == given.shape, source
        assert np.array_equal(written.affine, given.affine), source
        assert np.array_equal(np.asanyarray(written.dataobj), np.asanyarray(given.dataobj)), source
