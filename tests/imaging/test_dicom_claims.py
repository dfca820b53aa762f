"""What a header says twice must agree, and what it asks for must be in the file, before anything is allocated."""

import tracemalloc

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from reproduce.errors import NotAnImageError, PixelDecodeError, ReproduceError
from reproduce.imaging.dicom import read_series


def frames_of(ct, n_frames, n_groups, **elements):
    """An Enhanced CT of `n_frames` frames of pixels, with functional groups for `n_groups` of them."""
    dataset = ct.dataset(stored=ct.numbered(0), SOPClassUID=uid.EnhancedCTImageStorage, ImagePositionPatient=None)
    dataset.NumberOfFrames = n_frames
    dataset.PixelData = b"".join(ct.numbered(frame).tobytes() for frame in range(n_frames))
    dataset.PerFrameFunctionalGroupsSequence = [at(2 * frame) for frame in range(n_groups)]
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def at(z_mm):
    position, group = Dataset(), Dataset()
    position.ImagePositionPatient = [0, 0, z_mm]
    group.PlanePositionSequence = [position]
    return group


def test_as_many_groups_as_frames_are_read(ct, tmp_path):
    ct.write(tmp_path / "x.dcm", frames_of(ct, 5, 5))
    assert read_series(tmp_path).volume.voxels[:, 0, 0].tolist() == [100 * z - 1024 for z in range(5)]


@pytest.mark.parametrize("n_groups", [0, 3, 6])
def test_another_number_of_groups_than_frames_is_refused(ct, tmp_path, n_groups):
    ct.write(tmp_path / "x.dcm", frames_of(ct, 5, n_groups))
    with pytest.raises(NotAnImageError, match=f"got {n_groups} beside NumberOfFrames .* 5"):
        read_series(tmp_path)


@pytest.mark.parametrize("sop_class", [uid.CTImageStorage, uid.EnhancedCTImageStorage])
def test_frames_that_nothing_places_are_refused(ct, tmp_path, sop_class):
    dataset = ct.dataset(stored=ct.numbered(0), SOPClassUID=sop_class, NumberOfFrames=5)
    dataset.PixelData = bytes(5 * 24)
    ct.write(tmp_path / "x.dcm", dataset)
    with pytest.raises(NotAnImageError, match=r"got 0 beside NumberOfFrames .* 5"):
        read_series(tmp_path)


@pytest.mark.parametrize("items", [[], [Dataset(), Dataset()]], ids=["empty", "two items"])
def test_a_frame_that_is_placed_by_no_item_or_two_is_refused(ct, tmp_path, items):
    dataset = frames_of(ct, 2, 2, ImagePositionPatient=["0", "0", "0"])
    dataset.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence = items
    ct.write(tmp_path / "x.dcm", dataset)
    with pytest.raises(NotAnImageError, match=rf"PlanePositionSequence .*one item\n?.*got {len(items)}"):
        read_series(tmp_path)


@pytest.mark.parametrize("n_frames", ["0", "-1", "1.5", "x"])
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_a_number_of_frames_that_is_none_is_refused(ct, tmp_path, n_frames):
    path = ct.write(tmp_path / "x.dcm", ct.dataset(stored=ct.numbered(0), NumberOfFrames=1))
    content = path.read_bytes()
    before = b"\x28\x00\x08\x00IS\x02\x00" + b"1 "
    assert before in content
    text = n_frames.encode() + b" " * (len(n_frames) % 2)
    path.write_bytes(content.replace(before, b"\x28\x00\x08\x00IS" + len(text).to_bytes(2, "little") + text))
    with pytest.raises(NotAnImageError, match="NumberOfFrames"):
        read_series(tmp_path)


@pytest.mark.parametrize(
    "elements",
    [
        {"HighBit": 15, "BitsStored": 12},
        {"HighBit": 11},
        {"BitsAllocated": 0},
        {"BitsAllocated": 12},
        {"BitsAllocated": 64},
        {"BitsStored": 0},
        {"BitsStored": 17},
        {"PixelRepresentation": 2},
    ],
    ids=str,
)
def test_bits_that_contradict_each_other_are_refused(ct, tmp_path, elements):
    ct.stack(tmp_path, 3)
    ct.write(tmp_path / "1.dcm", ct.dataset(stored=ct.numbered(1), position_mm=(0, 0, 2), sop="2", **elements))
    with pytest.raises(NotAnImageError, match=rf"{next(iter(elements))} (.|\n)*1\.dcm"):
        read_series(tmp_path)


@pytest.mark.parametrize(
    "elements", [{"Rows": 1}, {"Rows": 2}, {"Columns": 3}, {"Rows": 4}, {"BitsAllocated": 8}], ids=str
)
def test_other_pixels_than_the_header_says_are_refused(ct, tmp_path, elements):
    bits = {"BitsStored": 8, "HighBit": 7} if "BitsAllocated" in elements else {}
    ct.stack(tmp_path, 3, **elements, **bits)
    with pytest.raises(PixelDecodeError, match=r"got 24\n(.|\n)*0\.dcm"):
        read_series(tmp_path)


def test_one_byte_of_padding_is_allowed(ct, tmp_path):
    stored = np.arange(9, dtype=np.uint8).reshape(3, 3)
    ct.write(
        tmp_path / "x.dcm", ct.dataset(stored=stored, bits_stored=8, intercept=0, PixelData=stored.tobytes() + b"\0")
    )
    assert read_series(tmp_path).volume.voxels[0].tolist() == stored.tolist()


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian, uid.RLELossless])
def test_nothing_is_allocated_for_pixels_that_are_not_there(ct, tmp_path, syntax):
    for path in ct.stack(tmp_path, 4):
        path.unlink()
    for z in range(4):
        dataset = ct.dataset(stored=ct.numbered(z), position_mm=(0, 0, z), sop=str(z + 1))
        path = ct.write(tmp_path / f"{z}.dcm", dataset, syntax)
        if syntax.is_deflated:
            dataset.Rows = dataset.Columns = 65535
            ct.write(path, dataset, syntax)
        else:
            content = path.read_bytes()
            rows = content.replace(b"\x28\x00\x10\x00US\x02\x00\x03\x00", b"\x28\x00\x10\x00US\x02\x00\xff\xff")
            path.write_bytes(rows.replace(b"\x28\x00\x11\x00US\x02\x00\x04\x00", b"\x28\x00\x11\x00US\x02\x00\xff\xff"))
    tracemalloc.start()
    with pytest.raises(PixelDecodeError, match="8589672450 bytes of pixels"):  # 65535 x 65535 x 2
        read_series(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


@pytest.mark.parametrize("syntax", [uid.JPEGLSLossless, uid.JPEG2000Lossless, uid.RLELossless])
def test_a_large_constant_slice_is_still_read_however_small_its_file(ct, tmp_path, syntax):
    ct.write(tmp_path / "x.dcm", ct.dataset(stored=np.zeros((1024, 1024), np.int16)), syntax)
    assert (read_series(tmp_path).volume.voxels == -1024).all()


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "PixelSpacing"])
def test_a_place_that_no_scanner_has_is_refused(ct, tmp_path, keyword):
    values = {"ImagePositionPatient": ["0", "0", "1e30"], "PixelSpacing": ["1e30", "1"]}
    ct.stack(tmp_path, 2, **{keyword: values[keyword]})
    with pytest.raises(NotAnImageError, match=rf"{keyword} .*at most 100000 mm"):
        read_series(tmp_path)


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_every_broken_bit_of_a_multi_frame_header_is_an_error_of_ours_or_harmless(ct, tmp_path):
    path = ct.write(tmp_path / "x.dcm", frames_of(ct, 3, 3))
    whole = path.read_bytes()
    random = np.random.default_rng(3)
    read, n_refused = [], 0
    for position in random.choice(np.arange(132, len(whole)), size=150, replace=False):
        content = bytearray(whole)
        content[position] ^= 1 << int(random.integers(8))
        path.write_bytes(content)
        try:
            read.append(read_series(tmp_path).volume)
        except ReproduceError:
            n_refused += 1
    assert {volume.shape for volume in read} == {(3, 3, 4)}
    assert all(np.isfinite(volume.affine).all() for volume in read)
    assert min(len(read), n_refused) > 20
