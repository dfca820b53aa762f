"""Broken files that a fuzzer found, or that are like one that was found: what each reader says of each of them."""

import shutil
from pathlib import Path

import pytest

from reproduce.audit.printed import read_cells
from reproduce.cohorts.lidc_annotations import read_annotations
from reproduce.cohorts.lidc_nodules import nodules_on
from reproduce.cohorts.pneumonia_mnist import FILE, labelled_x_rays
from reproduce.cohorts.splits import read_splits
from reproduce.errors import (
    AnnotationFormatError,
    AnnotationMismatchError,
    ClaimsError,
    ModelFileError,
    NotAnImageError,
    PixelDecodeError,
    PixelRangeError,
    ResultsError,
    SliceShapeError,
)
from reproduce.imaging.dicom import find_series, read_series
from reproduce.imaging.nifti import nifti_notes, read_nifti
from reproduce.imaging.rtstruct import read_structures
from reproduce.prediction.model_file import read_recipe
from reproduce.report.report import write_report

CORPUS = Path(__file__).parent / "corpus"
CT = CORPUS / "whole" / "ct"
SLICE = "000002.dcm"


def series(path, tmp_path):
    """The CT in which a file takes the place of one slice."""
    shutil.copytree(CT, tmp_path / "ct")
    shutil.copy(path, tmp_path / "ct" / SLICE)
    return read_series(find_series(tmp_path / "ct")[0])


def x_rays(path, tmp_path):
    shutil.copy(path, tmp_path / FILE)
    return labelled_x_rays(tmp_path)


READERS = {
    "series": series,
    "structures": lambda path, _: read_structures(path),
    "nifti": lambda path, _: read_nifti(path),
    "lidc": lambda path, _: nodules_on(read_series(CT), read_annotations(path), consensus=0.5, outline_included=False),
    "claims": lambda path, _: read_cells(path),
    "recipe": lambda path, _: read_recipe(path),
    "x_rays": x_rays,
    "splits": lambda path, _: read_splits(path),
    "results": lambda path, tmp_path: write_report(path, tmp_path, tmp_path / "report.html", papers=()),
}

REFUSED = {
    "series/bits_allocated_0.dcm": (NotAnImageError, r"BitsAllocated \(0028,0100\): .* got 0"),
    "series/cut_in_pixels.dcm": (PixelDecodeError, "ends 100 bytes too early"),
    "series/empty.dcm": (NotAnImageError, f"{SLICE}: an empty file"),
    "series/high_bit_15_of_12.dcm": (NotAnImageError, r"HighBit \(0028,0102\): 11, .* got 15"),
    "series/rows_1.dcm": (SliceShapeError, "got 1 x 16 pixels"),
    "series/rows_and_columns_65535.dcm": (SliceShapeError, "got 65535 x 65535 pixels"),
    "series/series_uid_is_a_path.dcm": (NotAnImageError, r"SeriesInstanceUID .* got '\.\./\.\./\.\./x'"),
    "structures/nested_length_2_gib.dcm": (AnnotationFormatError, "ends 2147481230 bytes before a nested element"),
    "nifti/bomb.nii.gz": (PixelDecodeError, "got more than 15 bytes after them"),
    "nifti/dim_15_not_16.nii": (PixelDecodeError, "960 voxels of 2 bytes .* more than 15 bytes after them"),
    "nifti/slope_1e38.nii": (PixelRangeError, r"scaled values that float32 holds, got slope 3e\+38"),
    "nifti/vox_offset_inf.nii": (PixelDecodeError, "from byte inf on"),
    "lidc/encoding_utf_9.xml": (AnnotationFormatError, "unknown encoding: UTF-9"),
    "lidc/uid_bit.xml": (AnnotationMismatchError, "which the series has not, at z -97.5 mm, where it has a slice"),
    "lidc/x_2147483647.xml": (AnnotationFormatError, "xCoord 2147483647, outside 0 to 2047"),
    "lidc/x_99999999999.xml": (AnnotationFormatError, "xCoord 99999999999, outside 0 to 2047"),
    "claims/n_1e100.csv": (ClaimsError, r"\(101 characters\)[^$]*line 4, column n"),
    "claims/n_5000_digits.csv": (ClaimsError, r"\(5000 characters\)[^$]*line 4, column n"),
    "recipe/bad_utf_8.keras": (ModelFileError, "can't decode byte 0xff"),
    "recipe/bit.keras": (ModelFileError, "Bad CRC-32"),
    "recipe/code_nan.keras": (ModelFileError, "value and meaning are no texts"),
    "recipe/corrupt_lzma.keras": (ModelFileError, "a .keras file, got"),
    "recipe/deep.keras": (ModelFileError, "RecursionError"),
    "recipe/size_1e999.keras": (ModelFileError, "infinity"),
    "recipe/unknown_compression.keras": (ModelFileError, "compression method is not supported"),
    "x_rays/corrupt_lzma.npz": (AnnotationFormatError, "an archive with train_images and train_labels, got LZMAError"),
    "x_rays/header_open.npz": (AnnotationFormatError, "an archive with train_images and train_labels"),
    "x_rays/labels_of_no_axis.npz": (AnnotationFormatError, r"labels \(\) of uint8"),
    "x_rays/labels_of_text.npz": (AnnotationFormatError, r"labels \(4, 1\) of <U1"),
    "x_rays/other_size.npz": (AnnotationFormatError, r"images of one size, got \[\(27, 28\), \(28, 28\)\]"),
    "x_rays/pickled.npz": (AnnotationFormatError, "Object arrays cannot be loaded"),
    "x_rays/shape_of_200_gb.npz": (AnnotationFormatError, "199999999998 bytes, of 3269"),
    "splits/half_a_character.json": (ResultsError, "surrogates not allowed"),
    "results/decision_without_place": (ResultsError, "files as a run writes them, got KeyError: 'place'"),
    "results/decisions_are_words": (ResultsError, "files as a run writes them, got TypeError"),
    "results/deep_json": (ResultsError, "JSON, got maximum recursion depth"),
    "results/half_a_character": (ResultsError, "surrogates not allowed"),
    "results/history_of_words": (ResultsError, "files as a run writes them, got ValueError: .*'one'"),
    "results/level_in_parsec": (ResultsError, "units of .*, got parsec"),
    "results/protocol_is_a_list": (ResultsError, "files as a run writes them, got AttributeError"),
    "results/readings_are_words": (ResultsError, "files as a run writes them, got TypeError"),
    "results/readings_without_metric": (ResultsError, "files as a run writes them, got KeyError: 'metric'"),
    "results/title_is_a_list": (ResultsError, "got none of title"),
    "results/unknown_unit": (ResultsError, "a unit of printed cells, got parsec"),
}
READ = {"series/one_intercept.dcm", "nifti/micrometres.nii", "results/whole"}


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI:UserWarning")
@pytest.mark.parametrize(("name", "error", "text"), [(name, *said) for name, said in REFUSED.items()])
def test_a_broken_file_is_refused_by_an_error_of_ours_that_names_it(name, error, text, tmp_path):
    with pytest.raises(error, match=text) as caught:
        READERS[name.partition("/")[0]](CORPUS / name, tmp_path)
    assert type(caught.value) is error
    assert any(place in caught.value.where for place in (name, "ct", FILE))


def test_a_slice_with_an_intercept_of_its_own_is_read_with_a_note(tmp_path):
    found = series(CORPUS / "series" / "one_intercept.dcm", tmp_path)
    assert ["slices differ in RescaleSlope and RescaleIntercept" in note.reason for note in found.notes] == [True]
    whole = read_series(CT).volume.voxels
    brighter = found.volume.voxels.astype(int) - whole
    assert brighter.min(axis=(1, 2)).tolist() == brighter.max(axis=(1, 2)).tolist() == [0, 0, 1024, 0]


def test_voxels_in_micrometres_are_read_with_a_note():
    path = CORPUS / "nifti" / "micrometres.nii"
    assert read_nifti(path).spacing_mm == pytest.approx((0.0025, 0.00075, 0.00075))
    assert [note.reason.partition(";")[0] for note in nifti_notes(path)] == ["voxels of 0.00075 x 0.00075 x 0.0025 mm"]


def test_whole_files_beside_the_broken_ones_are_read(tmp_path):
    assert read_series(CT).volume.shape == (4, 16, 16)
    report = READERS["results"](CORPUS / "results" / "whole", tmp_path)
    assert "0.812" in report.read_text()


def test_every_file_of_the_corpus_is_tried_and_explained():
    files = {path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file()}
    cases = {"/".join(name.split("/")[:2]) for name in files} - {"README.md", "whole/ct"}
    assert cases == REFUSED.keys() | READ
    explained = (CORPUS / "README.md").read_text()
    assert [name for name in sorted(cases) if f"| {name} |" not in explained] == []
    assert sum((CORPUS / name).stat().st_size for name in files) < 300_000
