"""CT slices on disk: valid by dciodvfy, and the same voxels when pydicom reads them."""

import shutil
import subprocess

import numpy as np
import pydicom
import pytest

from reproduce.errors import GeometryError
from reproduce.imaging.volume import Volume
from reproduce.phantoms.chest.scanner import Scanner, Storage
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags, decimal, uid_of, write_ct_series

_AFFINE = np.array([[0.7, 0, 0, -170.5], [0, 0.7, 0, -160.25], [0, 0, 2.5, -312.5], [0, 0, 0, 1]])
_STORAGES = (
    Storage(is_signed=False, bits=12, intercept_hu=-1024, padding=None),
    Storage(is_signed=True, bits=16, intercept_hu=0, padding=-2000),
    Storage(is_signed=True, bits=16, intercept_hu=-1024, padding=-2000),
)


def _tags(storage, *, rises=True):
    scanner = Scanner("PHANTOM CT-9", "STANDARD", 0.6, 20.0, 0.2, 200, storage)
    return CtSeriesTags(("test",), "PHANTOM-0001", "test", scanner, "HFS", rises)


def _write(folder, storage, *, rises=True):
    low, _ = storage.range_hu
    voxels = np.random.default_rng(0).integers(low, 3000, (3, 32, 40)).astype(np.int16)
    write_ct_series(folder, Volume(voxels, _AFFINE, "HU"), _tags(storage, rises=rises), numbers=(3, 1, 2))
    return voxels, [pydicom.dcmread(folder / f"00000{number}.dcm") for number in (3, 1, 2)]


@pytest.mark.parametrize("storage", _STORAGES)
def test_pixels_and_positions_come_back(tmp_path, storage):
    voxels, slices = _write(tmp_path, storage)
    for k, part in enumerate(slices):
        hu = part.pixel_array * float(part.RescaleSlope) + float(part.RescaleIntercept)
        np.testing.assert_array_equal(hu, voxels[k])
        assert [float(v) for v in part.ImagePositionPatient] == [-170.5, -160.25, -312.5 + 2.5 * k]
        assert [float(v) for v in part.PixelSpacing] == [0.7, 0.7]
        assert part.InstanceNumber == k + 1
        assert part.BitsStored == storage.bits
        assert part.file_meta.MediaStorageSOPInstanceUID == part.SOPInstanceUID


def test_instance_numbers_may_fall_with_height(tmp_path):
    _, slices = _write(tmp_path, _STORAGES[0], rises=False)
    assert [part.InstanceNumber for part in slices] == [3, 2, 1]


def test_every_slice_says_that_it_is_a_phantom(tmp_path):
    for part in _write(tmp_path, _STORAGES[1])[1]:
        for keyword in ("Manufacturer", "SeriesDescription", "ImageComments", "PatientID"):
            assert "phantom" in str(part[keyword].value).lower()


@pytest.mark.parametrize("storage", _STORAGES)
def test_dciodvfy_finds_no_error(tmp_path, storage):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy absent: install Debian's dicom3tools")
    _write(tmp_path, storage)
    for path in sorted(tmp_path.glob("*.dcm")):
        done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        report = done.stdout + done.stderr
        assert "CTImage" in report
        assert [line for line in report.splitlines() if line.startswith(("Error", "Warning"))] == []


def test_same_content_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        _write(tmp_path / name, _STORAGES[0])
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_uid_is_a_uuid_under_its_root():
    uid = uid_of(1, "slice", 3)
    assert uid == uid_of(1, "slice", 3) != uid_of(1, "slice", 4)
    assert uid.startswith("2.25.")
    assert len(uid) <= 44
    number = int(uid.removeprefix("2.25."))
    assert number >> 76 & 0xF == 8  # version
    assert number >> 62 & 0b11 == 0b10  # variant
    assert pydicom.uid.UID(uid).is_valid


def test_decimal_strings_say_exactly_or_refuse():
    assert decimal(-170.5) == "-170.500000"
    with pytest.raises(GeometryError, match="six decimals"):
        decimal(1 / 3)
    with pytest.raises(GeometryError, match="16 characters"):
        decimal(1234567890.5)


def test_oblique_volume_is_refused(tmp_path):
    turned = _AFFINE.copy()
    turned[0, 1] = 0.1
    volume = Volume(np.zeros((1, 4, 4), np.int16), turned, "HU")
    with pytest.raises(GeometryError, match="axial"):
        write_ct_series(tmp_path, volume, _tags(_STORAGES[0]), numbers=(1,))
