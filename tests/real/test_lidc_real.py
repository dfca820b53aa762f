"""LIDC-IDRI-0001 and -0003 as they are, beside LUNA16 and pylidc, and all annotation files of the collection."""

import csv
from collections import Counter

import numpy as np
import pytest

from reproduce.cohorts.lidc import find_cohort, read_case, read_nodules
from reproduce.cohorts.lidc_annotations import read_annotations
from reproduce.cohorts.lidc_census import Counts, Grouping, count_scans, find_reads
from reproduce.cohorts.lidc_marks import MarkKind
from reproduce.imaging.dicom import read_series

pytestmark = pytest.mark.real
HALF = 0.5


@pytest.fixture(scope="module")
def scans(real_data):
    return {scan.patient: scan for scan in find_cohort(real_data / "lidc_idri").scans}


@pytest.fixture(scope="module")
def nodules(scans):
    return {patient: read_nodules(scan, consensus=HALF) for patient, scan in scans.items()}


def test_both_patients_are_in(scans):
    assert sorted(scans) == ["LIDC-IDRI-0001", "LIDC-IDRI-0003"]
    assert [len(scan.series.files) for scan in scans.values()] == [41, 38]


def test_0001_has_one_nodule_of_four_readers(nodules):
    (nodule,) = nodules["LIDC-IDRI-0001"]
    assert len(nodule.readers) == 4
    assert [ratings["malignancy"] for ratings in nodule.characteristics.values()] == [5, 5, 5, 4]
    _, y, x = nodule.centroid_zyx
    assert abs(x - 316) < 1
    assert abs(y - 367) < 1
    assert (nodule.n_outlines, nodule.n_outlines_absent) == (32, 0)


def test_0003_has_three_nodules_of_four_readers_and_one_of_one(nodules):
    by_readers = {n: [m for m in nodules["LIDC-IDRI-0003"] if len(m.readers) == n] for n in (1, 4)}
    assert {n: len(found) for n, found in by_readers.items()} == {1: 1, 4: 3}
    assert len(nodules["LIDC-IDRI-0003"]) == 4
    centres = [nodule.centroid_zyx[:0:-1] for nodule in by_readers[4]]
    for x, y in ((367, 350), (308, 198), (221, 219)):
        assert min(max(abs(cx - x), abs(cy - y)) for cx, cy in centres) < 1


def test_consensus_of_half_the_readers_has_the_voxels_that_pylidc_counts(nodules):
    counted = {patient: [int(n.consensus.voxels.sum()) for n in found] for patient, found in nodules.items()}
    assert counted == {"LIDC-IDRI-0001": [5428], "LIDC-IDRI-0003": [2542, 3241, 261, 704]}


def test_35_of_41_outlines_of_0001_have_their_slice_and_all_76_of_0003(scans):
    found = {}
    for patient, scan in scans.items():
        reads = read_annotations(scan.annotations)
        outlines = [outline for mark in reads.marks if mark.kind != MarkKind.NON_NODULE for outline in mark.outlines]
        here = set(read_series(scan.series).sop_uids)
        found[patient] = (sum(outline.sop_uid in here for outline in outlines), len(outlines))
    assert found["LIDC-IDRI-0003"] == (76, 76)
    assert found["LIDC-IDRI-0001"] == (35, 41)


def test_places_agree_with_luna16(real_data, scans, nodules):
    with (real_data / "luna16" / "annotations.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    uids = {scan.series.series_uid: patient for patient, scan in scans.items()}
    expected = [row for row in rows if row["seriesuid"] in uids]
    assert Counter(uids[row["seriesuid"]] for row in expected) == {"LIDC-IDRI-0001": 1, "LIDC-IDRI-0003": 3}
    for row in expected:
        place_mm = [float(row[f"coord{axis}"]) for axis in "XYZ"]
        close = [n for n in nodules[uids[row["seriesuid"]]] if np.linalg.norm(np.subtract(n.centroid_mm, place_mm)) < 1]
        assert len(close) == 1  # 0.18, 0.61, 0.09 and 0.18 mm
        # LUNA16 averages diameters of the readers; of four readers' consensus it is a tenth away at most
        assert abs(close[0].diameter_mm / float(row["diameter_mm"]) - 1) < 0.1


def test_a_case_of_three_readers_or_more_is_what_luna16_takes(scans):
    case = read_case(scans["LIDC-IDRI-0003"], consensus=HALF, min_readers=3)
    assert np.bincount(case.reference.voxels.ravel())[1:].tolist() == [3241, 261, 704]
    # nodules are denser than the lung around them
    assert case.image.voxels[case.reference.voxels > 0].mean() > -300
    assert case.image.shape == (38, 512, 512)


def test_heads_of_all_annotation_files(real_data):
    reads, ledger = find_reads(real_data / "lidc_xml_all")
    assert len(reads) == 1018
    assert sum(len(paths) > 1 for paths in reads.values()) == 6
    assert ledger.reasons()["out", "read of a chest X-ray"] == 283


@pytest.mark.slow
def test_counts_of_armato_2011_over_all_annotation_files(real_data):
    reads, _ = find_reads(real_data / "lidc_xml_all")
    grouping = Grouping(pixel_mm=0.7, tolerance_mm=3.0)
    scans = list(count_scans(reads, grouping=grouping, varied=(grouping,), workers=2))
    counts = [scan.counts[grouping] for scan in scans]
    lesions, nodules, by_four = (sum(getattr(c, name) for c in counts) for name in Counts.__dataclass_fields__)
    assert abs(lesions / 7371 - 1) < 0.04
    assert abs(nodules / 2669 - 1) < 0.02
    assert abs(by_four / 928 - 1) < 0.02
    assert Counter(scan.n_readers for scan in scans) == {4: 1016, 8: 1, 3: 1}
    # what the files say, whatever the grouping: marks after copies of a file are taken once
    marks = Counter()
    for scan in scans:
        marks.update(scan.n_marks)
    assert marks == {"nodule >= 3 mm": 6862, "nodule < 3 mm": 13235, "non-nodule": 21662}
