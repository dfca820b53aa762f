"""DICOM SEG of series with odd headers: written and read back, or refused by the headers alone, as an error of ours."""

import shutil
import subprocess
import warnings
from copy import deepcopy

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom import config

from reproduce.errors import ModelFileError, NotAnImageError
from reproduce.imaging.dicom import read_series, read_series_header
from reproduce.phantoms.writers.lidc import write_lidc_cohort
from reproduce.prediction.dicom_seg import require_seg, write_seg
from reproduce.prediction.recipe import ORGAN, Code, Region
from reproduce.prediction.seg_source import seg_source

NAMES = ("PatientName", "ReferringPhysicianName")
DATES = ("PatientBirthDate", "StudyDate")
SHORT = ("AccessionNumber", "StudyID")
ABSENT, KEPT, EMPTIED, REFUSED = "absent", "kept", "emptied", "refused"
JAPANESE, KOREAN, CHINESE = "Yamada^Tarou=山田^太郎", "Hong^Gildong=洪^吉洞", "Zhang^XiaoDong=张^小东"

# Each line: keywords, value in every slice, what becomes of it.
VALUES = [
    *(
        (NAMES, value, KEPT)
        for value in (ABSENT, "", "Doe", "Doe^John", "Doe^John^^Dr^MD", "Doe^John=Doe^J", "^", " x ")
    ),
    *((NAMES, value, EMPTIED) for value in ("x" * 65, "a\\b", "a\x01b", "a^b^c^d^e^f", "a=b=c=d", "a\nb")),
    *((DATES, value, KEPT) for value in (ABSENT, "", "19500101", "20240229")),
    *(
        (DATES, value, EMPTIED)
        for value in ("00000000", "1950", "195001", "1950.01.02", "1950-01-02", "20230229", "19501301", "unknown")
    ),
    *((DATES, value, EMPTIED) for value in ("19500101-19510101", "20240101\\20240102", "0", "-")),
    *((("StudyTime",), value, KEPT) for value in (ABSENT, "", "12", "1200", "120000", "120000.1", "235959.999999")),
    *(
        (("StudyTime",), value, EMPTIED)
        for value in ("12:00:00", "12:00", "240000", "126000", "1", "120", "120000.1234567", "noon", "120000-130000")
    ),
    *((("PatientSex",), value, KEPT) for value in (ABSENT, "", "M", "F", "O", "M ")),
    *((("PatientSex",), value, EMPTIED) for value in ("U", "m", "male", "Female", "X", "1", "M\\F", "UNKNOWN")),
    *((SHORT, value, KEPT) for value in (ABSENT, "", "1", "A-1 b", "x" * 16)),
    *((SHORT, value, EMPTIED) for value in ("x" * 17, "a\\b", "a\tb", "x" * 300)),
    *((("PatientID",), value, KEPT) for value in (ABSENT, "", "1", "LIDC-IDRI-0001", "x" * 64, "a b")),
    *((("PatientID",), value, REFUSED) for value in ("x" * 65, "a\\b", "a\x01b")),
    *((("StudyInstanceUID", "FrameOfReferenceUID"), value, KEPT) for value in ("1.2.3", "1.2." + "3" * 60, "1.02.3")),
    *(
        (("StudyInstanceUID", "FrameOfReferenceUID"), value, REFUSED)
        for value in (
            ABSENT,
            "",
            "1.2.x",
            "../../../etc",
            "1.2." + "3" * 61,
            "1..2",
            "1.2.",
            ".1.2",
            "1.2\\1.3",
            "none",
        )
    ),
    *((("SeriesInstanceUID",), value, REFUSED) for value in ("1.2.x", "../../../ESCAPED", "1.2." + "3" * 61, "1..2")),
    *((("SliceThickness",), value, KEPT) for value in (ABSENT, "", "2.5", "0", "-1", "1e3", "0.000001")),
    *((("SpacingBetweenSlices",), value, KEPT) for value in (ABSENT, "", "0", "-2.5", "99", "x")),
    *((("PositionReferenceIndicator", "PatientAge"), value, KEPT) for value in (ABSENT, "", "SN", "x" * 100, "a\\b")),
    *((("PatientWeight", "PatientSize"), value, KEPT) for value in (ABSENT, "", "80", "x", "1e400")),
    *((("PatientComments", "StudyDescription", "EthnicGroup"), value, KEPT) for value in ("", "x" * 20000, "a\x01b")),
    *((("LossyImageCompression",), value, KEPT) for value in (ABSENT, "", "00", "01", "02", "x")),
    *((("PixelSpacing",), value, KEPT) for value in ("1.0\\1.0", "0.7\\0.8", "0.123456789012345678\\1")),
    *((("PatientPosition",), value, KEPT) for value in (ABSENT, "", "HFS", "FFP", "nonsense")),
]
CHARSETS = {
    "Latin-1": ("ISO_IR 100", "Größe^Jörg"),
    "Cyrillic": ("ISO_IR 144", "Люкceмбypг"),
    "Greek": ("ISO_IR 126", "Διονυσιος"),
    "Hebrew": ("ISO_IR 138", "שרון^דבורה"),
    "Arabic": ("ISO_IR 127", "قباني^لنزار"),
    "Thai": ("ISO_IR 166", "นามสกุล^ชื่อ"),
    "UTF-8": ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
    "GB18030": ("GB18030", CHINESE),
    "Japanese, one byte": ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    "Japanese": (["", "ISO 2022 IR 87"], JAPANESE),
    "Korean": (["", "ISO 2022 IR 149"], KOREAN),
    "Latin-1 with escapes": (["ISO 2022 IR 6", "ISO 2022 IR 100"], "Buc^Jérôme"),
    "none": (ABSENT, "Doe^John"),
    "empty": ("", "Doe^John"),
}
# A file of Latin-1 whose header names its character set otherwise, in as many bytes.
MISSPELT = {
    "ISO IR 100": "Größe^Jörg",  # pydicom knows what is meant
    "ISO_IR_100": "Größe^Jörg",
    "ISO_IR 999": "",
    "LATIN ONE ": "",
    "          ": "",
}


needs_dciodvfy = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="dciodvfy absent: install Debian's dicom3tools"
)


def case_id(value):
    return value[0] if isinstance(value, tuple) else repr(value)[:30]


CASES = [(keyword, value, outcome) for keywords, value, outcome in VALUES for keyword in keywords]


@pytest.fixture(scope="module")
def slices(tmp_path_factory):
    """The files of a phantom CT of three slices, cut to 16 x 16 pixels."""
    root = tmp_path_factory.mktemp("ct")
    write_lidc_cohort(root, n_patients=1, seed=3, matrix=64, n_slices=4, slice_spacing_mm=2.5, workers=1)
    datasets = [pydicom.dcmread(path) for path in sorted(root.rglob("*.dcm"))]
    datasets = sorted(datasets, key=lambda d: float(d.ImagePositionPatient[2]))[:3]
    assert len(datasets) == 3
    for dataset in datasets:
        dataset.PixelData = np.ascontiguousarray(dataset.pixel_array[24:40, 24:40]).tobytes()
        dataset.Rows = dataset.Columns = 16
    return datasets


def saved(folder, slices, change):
    """The folder of the slices after `change(dataset, number)`, written without any check of pydicom's."""
    folder.mkdir()
    for number, dataset in enumerate(slices):
        copy = deepcopy(dataset)
        with config.disable_value_validation(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            change(copy, number)
            copy.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return folder


def put(keyword, value):
    def change(dataset, number):
        if value == ABSENT:
            if keyword in dataset:
                delattr(dataset, keyword)
            return
        vr = pydicom.datadict.dictionary_VR(keyword)
        if vr == "DS" and value == "x":
            dataset.add_new(keyword, "SH", value)  # which no writer of DS lets through
        else:
            setattr(dataset, keyword, value.split("\\") if vr in ("DS", "UI") and "\\" in value else value)

    return change


def read(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the reader, which is tested elsewhere
        return read_series(folder)


def header_of(series):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        return read_series_header(series.files)


def written(path, series, recipe, model="step.keras 0123"):
    """The SEG of a series whose regions are the lower and the upper half of every slice, and what it leaves empty."""
    masks = np.zeros((*series.volume.shape, 2), bool)
    masks[:, 8:, :, 0] = masks[:, :8, :, 1] = True
    emptied = require_seg(series.files, header_of(series), recipe=recipe, model=model)
    write_seg(path, masks, series, recipe=recipe, model=model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a UID with leading zeros is read as it is
        segmentation = hd.seg.segread(path)
    back = segmentation.get_pixels_by_source_instance(list(series.sop_uids))
    assert np.array_equal(back.astype(bool), masks)
    assert segmentation.SpecificCharacterSet == "ISO_IR 192"
    return segmentation, emptied


def require_valid(path):
    """Return if dciodvfy finds no error in a SEG but what a UID of its study, which others refer to, brings along."""
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False, errors="replace")
    report = done.stdout + done.stderr
    assert "Segmentation" in report
    lines = [line for line in report.splitlines() if line.startswith("Error")]
    odd_uid = (" UI ", "Dicom dataset contains invalid data values")
    assert [line for line in lines if not any(text in line for text in odd_uid)] == []


def source_of(series):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pydicom, on a UID with leading zeros
        return seg_source(series.files, series.sop_uids, series.volume.affine)


def check(kept, emptied, keyword, value, outcome):
    """Compare the header of a SEG, or that of a slice for it, with what should become of a value."""
    assert [name.split()[0] for name in emptied] == ([keyword] if outcome == EMPTIED else [])
    if keyword in (*NAMES, *DATES, *SHORT, "StudyTime", "PatientSex", "PatientID"):
        text = "" if outcome == EMPTIED or value == ABSENT else value.strip()
        assert str(kept.get(keyword) or "").strip("^ ") == text.strip("^ ")


@pytest.mark.parametrize(("keyword", "value", "outcome"), CASES, ids=case_id)
def test_a_value_is_kept_emptied_or_refused_before_the_model_runs(slices, tmp_path, keyword, value, outcome):
    folder = saved(tmp_path / "in", slices, put(keyword, value))
    if outcome == REFUSED:
        with pytest.raises(NotAnImageError, match=keyword):
            source_of(read(folder))
    else:
        source = source_of(read(folder))
        check(source.slices[0], source.emptied, keyword, value, outcome)


@pytest.mark.slow
@pytest.mark.parametrize(("keyword", "value", "outcome"), [case for case in CASES if case[2] != REFUSED], ids=case_id)
def test_a_seg_is_written_and_read_back_with_any_value(toy, slices, tmp_path, keyword, value, outcome):
    series = read(saved(tmp_path / "in", slices, put(keyword, value)))
    segmentation, emptied = written(tmp_path / "s.dcm", series, toy.recipe((8, 8)))
    check(segmentation, emptied, keyword, value, outcome)


@pytest.mark.slow
@needs_dciodvfy
@pytest.mark.parametrize(("keyword", "value", "outcome"), [case for case in CASES if case[2] != REFUSED], ids=case_id)
def test_dciodvfy_finds_no_error_with_any_value(toy, slices, tmp_path, keyword, value, outcome):
    written(tmp_path / "s.dcm", read(saved(tmp_path / "in", slices, put(keyword, value))), toy.recipe((8, 8)))
    require_valid(tmp_path / "s.dcm")


@needs_dciodvfy
@pytest.mark.parametrize("name", CHARSETS)
def test_dciodvfy_finds_no_error_with_any_character_set(toy, slices, tmp_path, name):
    written(tmp_path / "s.dcm", read(saved(tmp_path / "in", slices, in_charset(name))), toy.recipe((8, 8)))
    require_valid(tmp_path / "s.dcm")


def in_charset(name):
    charset, text = CHARSETS[name]

    def change(dataset, number):
        put("SpecificCharacterSet", ABSENT)(dataset, number)
        if charset != ABSENT:
            dataset.SpecificCharacterSet = charset
        dataset.PatientName = text

    return change


@pytest.mark.parametrize("name", CHARSETS)
def test_texts_of_any_character_set_become_utf_8(toy, slices, tmp_path, name):
    text = CHARSETS[name][1]
    regions = (Region("Größe 山田", 1, ORGAN, Code("5366008", "Hippocampus")), toy.HIGH)
    recipe = toy.recipe((8, 8), regions=regions)
    folder = saved(tmp_path / "in", slices, in_charset(name))
    segmentation, emptied = written(tmp_path / "s.dcm", read(folder), recipe)
    assert (str(segmentation.PatientName), emptied) == (text, ())
    assert segmentation.get_segment_description(1).segment_label == "Größe 山田"


def test_chinese_with_the_escape_sequences_of_the_standard(toy, slices, tmp_path):
    encoded = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab "  # PS3.5 annex K; pydicom writes no escapes

    def change(dataset, number):
        dataset.SpecificCharacterSet, dataset.PatientName = ["", "ISO 2022 IR 58"], "Z" * len(encoded)

    folder = saved(tmp_path / "in", slices, change)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"Z" * len(encoded), encoded))
    segmentation, emptied = written(tmp_path / "s.dcm", read(folder), toy.recipe((8, 8)))
    assert (str(segmentation.PatientName), emptied) == (CHINESE, ())


@pytest.mark.parametrize("charset", MISSPELT)
def test_letters_that_no_character_set_explains_are_left_out(toy, slices, tmp_path, charset):
    def change(dataset, number):
        dataset.SpecificCharacterSet = "ISO_IR 100"
        dataset.PatientName = "Größe^Jörg"
        dataset.StudyID = "plain"

    folder = saved(tmp_path / "in", slices, change)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"ISO_IR 100", charset.encode()))
    segmentation, emptied = written(tmp_path / "s.dcm", read(folder), toy.recipe((8, 8)))
    assert (str(segmentation.PatientName), segmentation.StudyID) == (MISSPELT[charset], "plain")
    assert [name.split()[0] for name in emptied] == ([] if MISSPELT[charset] else ["PatientName"])


def turn(amount):
    def change(dataset, number):
        noise = np.random.default_rng(number).uniform(-amount, amount, 6)
        dataset.ImageOrientationPatient = [f"{value:.8f}" for value in np.array([1, 0, 0, 0, 1, 0]) + noise]

    return change


def drop(*keywords):
    def change(dataset, number):
        for keyword in keywords:
            put(keyword, ABSENT)(dataset, number)

    return change


def in_one_slice(keyword, value):
    def change(dataset, number):
        if number == 1:
            put(keyword, value)(dataset, number)

    return change


def shift(dataset, number):
    x, y, z = map(float, dataset.ImagePositionPatient)
    dataset.ImagePositionPatient = [x + 0.3 * number, y - 0.1 * number, z]  # a tilted gantry


def tumble(dataset, number):
    angle = 0.3
    dataset.ImageOrientationPatient = [1, 0, 0, 0, np.cos(angle), np.sin(angle)]
    dataset.ImagePositionPatient = [0, -2.5 * number * np.sin(angle), 2.5 * number * np.cos(angle)]
    for name in ("ImageOrientationPatient", "ImagePositionPatient"):
        setattr(dataset, name, [f"{value:.10f}" for value in getattr(dataset, name)])


GEOMETRIES = {
    "orientation noise of 1e-6": turn(1e-6),
    "orientation noise of 5e-5": turn(4.9e-5),
    "gantry tilt": shift,
    "oblique": tumble,
    "positions of 16 characters": lambda d, n: put("ImagePositionPatient", f"-123.45678901234\\1\\{2.5 * n:.13f}")(
        d, n
    ),
    "uneven by rounding": lambda d, n: put("ImagePositionPatient", f"0\\0\\{round(1.25 * n + 1e-9, 1)}")(d, n),
    "positions as whole numbers": lambda d, n: put("ImagePositionPatient", f"0\\0\\{3 * n}")(d, n),
    "series number absent": drop("SeriesNumber", "InstanceNumber", "AcquisitionNumber"),
    "all that may be absent": drop(*NAMES, *DATES, *SHORT, "StudyTime", "PatientSex", "PatientID", "SliceThickness"),
    "thickness in one slice": in_one_slice("SliceThickness", "2.55"),
    "another name in one slice": in_one_slice("PatientName", "Other^Name"),
    "another birth date in one slice": in_one_slice("PatientBirthDate", "x"),
}
REFUSALS = {
    "another frame of reference": (in_one_slice("FrameOfReferenceUID", "1.2.3"), "the same for all slices"),
    "no frame of reference in one": (in_one_slice("FrameOfReferenceUID", ABSENT), "got none"),
    "MR image storage": (lambda d, n: put("SOPClassUID", "1.2.840.10008.5.1.4.1.1.4")(d, n), "CT Image Storage"),
}


@needs_dciodvfy
@pytest.mark.parametrize("name", GEOMETRIES)
def test_dciodvfy_finds_no_error_in_any_geometry(toy, slices, tmp_path, name):
    written(tmp_path / "s.dcm", read(saved(tmp_path / "in", slices, GEOMETRIES[name])), toy.recipe((8, 8)))
    require_valid(tmp_path / "s.dcm")


@pytest.mark.parametrize("name", GEOMETRIES)
def test_any_geometry_that_is_read_is_written(toy, slices, tmp_path, name):
    written(tmp_path / "s.dcm", read(saved(tmp_path / "in", slices, GEOMETRIES[name])), toy.recipe((8, 8)))


@pytest.mark.parametrize("name", REFUSALS)
def test_slices_that_are_not_of_one_ct_are_refused(slices, tmp_path, name):
    change, match = REFUSALS[name]
    series = read(saved(tmp_path / "in", slices, change))
    with pytest.raises(NotAnImageError, match=match):
        source_of(series)


MODELS = ["m.keras 0123", "x" * 200, "a\\b", "Größe.keras", "a\nb", "<script>", "[/b]"]


@needs_dciodvfy
@pytest.mark.parametrize("model", MODELS)
def test_dciodvfy_finds_no_error_with_any_name_of_a_model(toy, slices, tmp_path, model):
    written(tmp_path / "s.dcm", read(saved(tmp_path / "in", slices, lambda *_: None)), toy.recipe((8, 8)), model)
    require_valid(tmp_path / "s.dcm")


@pytest.mark.parametrize("model", MODELS)
def test_any_name_of_a_model(toy, slices, tmp_path, model):
    written(tmp_path / "s.dcm", read(saved(tmp_path / "in", slices, lambda *_: None)), toy.recipe((8, 8)), model)


REGIONS = {
    "long": Region("x" * 100, 1, ORGAN, Code("5366008", "Hippocampus")),
    "backslash": Region("a\\b", 1, ORGAN, Code("5366008", "Hippocampus")),
    "no ASCII": Region("山田", 1, ORGAN, Code("5366008", "Größe")),
    "markup": Region("<script>[/b]", 1, ORGAN, Code("5366008", "Hippocampus")),
    "long meaning": Region("a", 1, ORGAN, Code("5366008", "x" * 65)),
    "long code": Region("a", 1, ORGAN, Code("1234567890123456789", "Hippocampus")),
}
UNNAMED = {
    "empty": Region("", 1, ORGAN, Code("5366008", "Hippocampus")),
    "blank": Region("  ", 1, ORGAN, Code("5366008", "Hippocampus")),
    "no code": Region("a", 1, ORGAN, Code("", "Hippocampus")),
    "no meaning": Region("a", 1, ORGAN, Code("5366008", "")),
}


@needs_dciodvfy
@pytest.mark.parametrize("name", REGIONS)
def test_dciodvfy_finds_no_error_with_any_name_of_a_region(toy, slices, tmp_path, name):
    recipe = toy.recipe((8, 8), regions=(REGIONS[name], toy.HIGH))
    written(tmp_path / "s.dcm", read(saved(tmp_path / "in", slices, lambda *_: None)), recipe)
    require_valid(tmp_path / "s.dcm")


@pytest.mark.parametrize("name", REGIONS)
def test_any_name_of_a_region(toy, slices, tmp_path, name):
    recipe = toy.recipe((8, 8), regions=(REGIONS[name], toy.HIGH))
    written(tmp_path / "s.dcm", read(saved(tmp_path / "in", slices, lambda *_: None)), recipe)


@pytest.mark.parametrize("name", UNNAMED)
def test_a_region_without_name_or_code_is_refused(toy, slices, tmp_path, name):
    series = read(saved(tmp_path / "in", slices, lambda *_: None))
    recipe = toy.recipe((8, 8), regions=(UNNAMED[name], toy.HIGH))
    with pytest.raises(ModelFileError, match="a name, and a code with a meaning"):
        require_seg(series.files, header_of(series), recipe=recipe, model="m")
