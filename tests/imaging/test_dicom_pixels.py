"""Stored pixels to HU: signs, slopes, padding, compressions, and files that end too early."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.decoders import JPEGLosslessSV1Decoder

from reproduce.errors import PixelDecodeError, PixelRangeError, ReproduceError
from reproduce.imaging.dicom_headers import read_headers
from reproduce.imaging.dicom_pixels import _rescaled, read_dataset, slice_hu

NATIVE = [
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
]
COMPRESSED = [uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless, uid.JPEGLosslessSV1]


def read_hu(path):
    (header,) = read_headers(path)
    return slice_hu(read_dataset(path), header)


def hu_of(ct, tmp_path, stored, syntax=uid.ExplicitVRLittleEndian, **kwargs):
    return read_hu(ct.write(tmp_path / "slice.dcm", ct.dataset(stored=stored, **kwargs), syntax))


@pytest.fixture
def packaged_decoders(monkeypatch):
    """JPEG lossless through gdcm alone, the plug-in that this package depends on, whatever else is installed."""
    decoders = {"gdcm": JPEGLosslessSV1Decoder._available["gdcm"]}
    monkeypatch.setattr(JPEGLosslessSV1Decoder, "_available", decoders)


def textured(low, high, dtype):
    """64 x 48 pixels with edges and noise over a whole range, both ends included."""
    values = np.random.default_rng(0).integers(low, high, (64, 48), endpoint=True)
    values[:8, :8], values[8:16, :8] = low, high
    return values.astype(dtype)


@pytest.mark.parametrize("syntax", NATIVE + COMPRESSED, ids=lambda s: s.keyword)
@pytest.mark.parametrize(
    ("dtype", "bits", "low", "high"),
    [
        (np.int16, 16, -2000, 4000),
        (np.int16, 12, -2048, 2047),
        (np.uint16, 16, 0, 33791),
        (np.uint16, 12, 0, 4095),
    ],
)
@pytest.mark.usefixtures("packaged_decoders")
def test_every_syntax_gives_the_same_hu(ct, tmp_path, syntax, dtype, bits, low, high):
    stored = textured(low, high, dtype)
    hu = hu_of(ct, tmp_path, stored, syntax, bits_stored=bits)
    assert hu.dtype == np.int16
    np.testing.assert_array_equal(hu, stored.astype(int) - 1024)


def test_slope_and_intercept_by_hand(ct, tmp_path):
    # 2 * [0, 1, 600, -500] - 1000 = [-1000, -998, 200, -2000].
    hu = hu_of(ct, tmp_path, np.array([[0, 1, 600, -500]], np.int16), slope=2, intercept=-1000)
    assert hu.tolist() == [[-1000, -998, 200, -2000]]


def test_a_fractional_slope_rounds_to_the_nearest_hu(ct, tmp_path):
    # 0.5 * [1, 2, 3, 5] + 0.2 = [0.7, 1.2, 1.7, 2.7]; and halves go to the even number: 0.5 * [1, 3, 5] = 0.5 1.5 2.5.
    assert hu_of(ct, tmp_path, np.array([[1, 2, 3, 5]], np.int16), slope=0.5, intercept=0.2).tolist() == [[1, 1, 2, 3]]
    assert hu_of(ct, tmp_path, np.array([[1, 3, 5]], np.int16), slope=0.5, intercept=0).tolist() == [[0, 2, 2]]


def test_a_negative_slope(ct, tmp_path):
    assert hu_of(ct, tmp_path, np.array([[0, 3]], np.uint16), slope=-1, intercept=0).tolist() == [[0, -3]]


@given(
    stored=st.integers(0, 65535),
    slope=st.integers(-70000, 70000).filter(bool),
    wanted=st.integers(-32768, 32767),
)
@settings(deadline=None)
def test_whole_numbers_are_exact_wherever_the_result_fits(stored, slope, wanted):
    intercept = wanted - slope * stored
    hu = _rescaled(np.array([stored], np.uint16), slope=float(slope), intercept=float(intercept))
    assert hu.tolist() == [wanted]


@pytest.mark.parametrize(("stored", "slope"), [(33792, 1), (33791.5, 2), (60000, 1)])
def test_hu_beyond_int16_are_refused_not_wrapped(ct, tmp_path, stored, slope):
    # 33792 - 1024 = 32768, one more than int16 holds.
    with pytest.raises(PixelRangeError, match=r"slice\.dcm"):
        hu_of(ct, tmp_path, np.array([[0, stored]], np.uint16), slope=slope)


def test_the_ends_of_int16_are_read(ct, tmp_path):
    hu = hu_of(ct, tmp_path, np.array([[0, 65535]], np.uint16), intercept=-32768)
    assert hu.tolist() == [[-32768, 32767]]


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, *COMPRESSED], ids=lambda s: s.keyword)
@pytest.mark.usefixtures("packaged_decoders")
def test_padding_is_air_in_the_other_signedness_too(ct, tmp_path, syntax):
    stored = textured(-1000, 3000, np.int16)
    stored[:10] = -2000
    hu = hu_of(ct, tmp_path, stored, syntax, padding=("US", 63536))
    assert (hu[:10] == -1024).all()
    np.testing.assert_array_equal(hu[10:], stored[10:] - 1024)


def test_padding_may_be_beyond_int16(ct, tmp_path):
    hu = hu_of(ct, tmp_path, np.array([[65535, 1024]], np.uint16), padding=("US", 65535))
    assert hu.tolist() == [[-1024, 0]]


def test_a_slice_of_padding_alone_is_air(ct, tmp_path):
    hu = hu_of(ct, tmp_path, np.full((2, 2), 65535, np.uint16), padding=("US", 65535))
    assert hu.tolist() == [[-1024, -1024], [-1024, -1024]]


def test_a_range_of_padding_is_air(ct, tmp_path):
    stored = np.array([[-2001, -2000, -1500, -1400, -1399]], np.int16)
    hu = hu_of(ct, tmp_path, stored, intercept=0, padding=("SS", -2000), PixelPaddingRangeLimit=-1400)
    assert hu.tolist() == [[-2001, -1024, -1024, -1024, -1399]]


def test_padding_may_use_bits_above_those_stored(ct, tmp_path):
    # 12 bits stored without sign: 0xF830 (63536) is no pixel. Its lowest 12 bits, 0x830 = 2096, are one.
    stored = np.array([[0xF830, 0x830, 0x0FFF]], np.uint16)
    hu = hu_of(ct, tmp_path, stored, bits_stored=12, padding=("SS", -2000))
    assert hu.tolist() == [[-1024, 2096 - 1024, 4095 - 1024]]


def test_bits_above_those_stored_are_no_part_of_a_pixel(ct, tmp_path):
    # An overlay in the highest bit, as old scanners wrote it: 0x8005 with 12 bits stored is 5.
    assert hu_of(ct, tmp_path, np.array([[0x8005]], np.uint16), bits_stored=12, intercept=0).tolist() == [[5]]


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, *COMPRESSED], ids=lambda s: s.keyword)
@pytest.mark.filterwarnings("ignore:End of file reached before delimiter:UserWarning")
def test_a_file_that_ends_early_is_named(ct, tmp_path, syntax):
    path = ct.write(tmp_path / "slice.dcm", ct.dataset(stored=textured(0, 2000, np.int16)), syntax)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(PixelDecodeError, match=r"slice\.dcm"):
        read_hu(path)


@pytest.mark.parametrize("syntax", COMPRESSED, ids=lambda s: s.keyword)
@pytest.mark.parametrize("part", [0.5, 0.95])
def test_a_code_stream_that_ends_early_is_named(ct, tmp_path, syntax, part):
    path = ct.write(tmp_path / "slice.dcm", ct.dataset(stored=textured(0, 2000, np.int16)), syntax)
    dataset = read_dataset(path)
    (code,) = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([code[: int(len(code) * part)]])
    dataset.save_as(path)
    with pytest.raises(PixelDecodeError, match=r"slice\.dcm"):
        read_hu(path)


def test_a_code_stream_that_makes_the_decoder_panic_is_named(ct, tmp_path):
    # RLE (PS3.5 G): a header of 16 words, two segments; each a literal run of 128 bytes where the image has 12.
    run = bytes([127]) + bytes(128)
    code = struct.pack("<16I", 2, 64, 64 + len(run), *[0] * 13) + run + run
    path = ct.write(tmp_path / "slice.dcm", ct.dataset(stored=ct.numbered(0)), uid.RLELossless)
    dataset = read_dataset(path)
    dataset.PixelData = encapsulate([code])
    dataset.save_as(path)
    with pytest.raises(PixelDecodeError, match=r"slice\.dcm"):
        read_hu(path)


def test_no_pixels_at_all_are_named(ct, tmp_path):
    path = ct.write(tmp_path / "slice.dcm", ct.dataset(stored=ct.numbered(0), PixelData=None))
    with pytest.raises(PixelDecodeError, match=r"slice\.dcm"):
        read_hu(path)


def test_a_compression_without_plug_in_is_named(ct, tmp_path):
    path = ct.write(tmp_path / "slice.dcm", ct.dataset(stored=textured(0, 2000, np.int16)), uid.JPEGLSLossless)
    dataset = read_dataset(path)
    dataset.file_meta.TransferSyntaxUID = uid.MPEG2MPML
    dataset.save_as(path)
    with pytest.raises(PixelDecodeError, match="plug-in"):
        read_hu(path)


def test_a_file_cut_anywhere_is_an_error_of_ours_or_whole(ct, tmp_path):
    path = ct.write(tmp_path / "slice.dcm", ct.dataset(stored=ct.numbered(0)))
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ReproduceError, match=r"slice\.dcm"):
            read_hu(path)
