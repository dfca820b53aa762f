"""MR and PET keep their own values: no HU, nothing rounded, slope slice by slice."""

import numpy as np
import pytest
from pydicom import uid

from reproduce.errors import ArgumentError, NotAnImageError, PixelRangeError, SeveralSeriesError
from reproduce.imaging.dicom import find_series, read_series


def pet(ct, folder, slopes, *, intercept=0, **elements):
    """A slice for each slope: the stored value 10 * z + x at every pixel."""
    for z, slope in enumerate(slopes):
        stored = np.tile(np.arange(4, dtype=np.int16) + 10 * z, (3, 1))
        values = {"Modality": "PT", "Units": "GML", "DecayCorrection": "START", **elements}
        dataset = ct.dataset(stored=stored, position_mm=(0, 0, 2 * z), sop=str(z + 1), slope=slope, intercept=intercept)
        dataset.SOPClassUID = uid.PositronEmissionTomographyImageStorage
        for keyword, value in values.items():
            setattr(dataset, keyword, value[z] if isinstance(value, list) else value)
        ct.write(folder / f"{z}.dcm", dataset)


def mr(ct, folder, *, dtype=np.int16, **elements):
    rescale = {"RescaleSlope": None, "RescaleIntercept": None, **elements}
    for z in range(3):
        dataset = ct.dataset(stored=ct.numbered(z, dtype), position_mm=(0, 0, 2 * z), sop=str(z + 1), **rescale)
        dataset.SOPClassUID, dataset.Modality = uid.MRImageStorage, "MR"
        ct.write(folder / f"{z}.dcm", dataset)


def test_pet_is_in_its_own_unit_by_the_slope_of_each_slice(ct, tmp_path):
    pet(ct, tmp_path, [0.1, 0.25, 0.5])
    volume = read_series(tmp_path, modality="PT").volume
    assert (volume.unit, volume.voxels.dtype) == ("GML", np.float32)
    # 0.1 * (0..3), 0.25 * (10..13), 0.5 * (20..23)
    wanted = [[0, 0.1, 0.2, 0.3], [2.5, 2.75, 3.0, 3.25], [10, 10.5, 11, 11.5]]
    np.testing.assert_allclose(volume.voxels[:, 1], wanted, rtol=1e-6)


def test_a_series_that_was_found_says_its_own_modality(ct, tmp_path):
    pet(ct, tmp_path, [0.1, 0.1])
    (series,) = find_series(tmp_path, modality="PT")
    volume = read_series(series).volume
    assert (volume.unit, volume.voxels.max()) == ("GML", np.float32(1.3))


@pytest.mark.parametrize(
    "elements", [{"Units": ["GML", "BQML"]}, {"DecayCorrection": ["START", "NONE"]}], ids=["unit", "decay correction"]
)
def test_pet_slices_of_two_kinds_are_refused(ct, tmp_path, elements):
    pet(ct, tmp_path, [0.1, 0.1], **elements)
    with pytest.raises(SeveralSeriesError, match="Units or DecayCorrection"):
        read_series(tmp_path, modality="PT")


def test_pet_without_a_unit_is_refused(ct, tmp_path):
    pet(ct, tmp_path, [0.1, 0.1], Units="")
    with pytest.raises(NotAnImageError, match=r"Units \(0054,1001\)"):
        read_series(tmp_path, modality="PT")


def test_padding_of_pet_is_zero(ct, tmp_path):
    pet(ct, tmp_path, [0.5, 0.5], intercept=1, PixelPaddingValue=2)
    assert read_series(tmp_path, modality="PT").volume.voxels[0, 0].tolist() == [1, 1.5, 0, 2.5]


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.uint8])
def test_mr_without_rescale_is_what_is_stored(ct, tmp_path, dtype):
    bits = {"BitsStored": 8, "HighBit": 7} if dtype is np.uint8 else {}
    mr(ct, tmp_path, dtype=dtype, **bits)
    volume = read_series(tmp_path, modality="MR").volume
    assert (volume.unit, volume.voxels.dtype) == ("arbitrary", dtype)
    np.testing.assert_array_equal(volume.voxels, np.stack([ct.numbered(z, dtype) for z in range(3)]))


def test_mr_with_rescale_is_float(ct, tmp_path):
    mr(ct, tmp_path, RescaleSlope="0.5", RescaleIntercept="1")
    voxels = read_series(tmp_path, modality="MR").volume.voxels
    assert voxels.dtype == np.float32
    assert voxels[:, 0, 1].tolist() == [1.5, 51.5, 101.5]


def test_values_beyond_float32_are_refused(ct, tmp_path):
    mr(ct, tmp_path, RescaleSlope="1e300", RescaleIntercept="0")
    with pytest.raises(PixelRangeError, match="float32"):
        read_series(tmp_path, modality="MR")


def test_a_modality_without_slices_is_refused(ct, tmp_path):
    ct.stack(tmp_path, 2, Modality="DX")
    with pytest.raises(ArgumentError, match="CT, MR, PT"):
        read_series(tmp_path, modality="DX")
    with pytest.raises(ArgumentError, match="got DX"):
        read_series(find_series(tmp_path, modality="DX")[0])
