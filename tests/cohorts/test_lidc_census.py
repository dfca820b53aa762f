import pytest

from reproduce.cohorts.lidc_census import Counts, Grouping, count_scan, count_scans, find_reads
from reproduce.errors import AnnotationFormatError, DataNotFoundError
from reproduce.patient_ids import scan_id

NEAR, FAR = Grouping(pixel_mm=1.0, tolerance_mm=3.0), Grouping(pixel_mm=2.0, tolerance_mm=3.0)


@pytest.fixture
def folder(lidc, tmp_path):
    """A scan with one nodule of four readers, a small one of two readers 2 pixels apart, a non-nodule; and an X-ray."""
    outlined = lidc.nodule(lidc.roi(lidc.square(4, 4, 8, 8)), ratings={"malignancy": 5, "margin": 0})
    sessions = [
        lidc.session(outlined, lidc.nodule(lidc.roi([(15, 15)]), name="2")),
        lidc.session(outlined, lidc.nodule(lidc.roi([(17, 15)]), name="2")),
        lidc.session(outlined, lidc.non_nodule(1, 1)),
        lidc.session(outlined),
    ]
    (tmp_path / "a").mkdir()
    for name in ("1.xml", "2.xml"):
        (tmp_path / "a" / name).write_text(lidc.message(*sessions))
    (tmp_path / "3.xml").write_text(lidc.message(root="IdriReadMessage"))
    (tmp_path / "4.xml").write_text(lidc.message(lidc.session(), series="2.25.5"))
    return tmp_path


def test_files_of_one_series_are_one_scan_and_xrays_are_out(folder):
    reads, ledger = find_reads(folder)
    assert reads == {"2.25.1": (folder / "a" / "1.xml", folder / "a" / "2.xml"), "2.25.5": (folder / "4.xml",)}
    assert ledger.reasons() == {
        ("in", "CT read in 1 XML"): 1,
        ("in", "CT read in 2 XML"): 1,
        ("out", "read of a chest X-ray"): 1,
    }


def test_lesions_of_a_scan_and_what_the_pixel_spacing_makes_of_them(folder):
    reads, _ = find_reads(folder)
    census = count_scan(reads["2.25.1"], grouping=NEAR, varied=(NEAR, FAR))
    assert census.n_readers == 4
    assert census.n_marks == {"nodule >= 3 mm": 4, "nodule < 3 mm": 2, "non-nodule": 1}
    nodule, small = census.lesions
    assert (nodule.n_outlined, nodule.n_small, nodule.centre) == (4, 0, (6.0, 6.0, -8.0))
    assert nodule.ratings == {"malignancy": (5, 5, 5, 5), "margin": (None,) * 4}
    assert (small.n_outlined, small.n_small, small.centre, small.ratings) == (0, 2, (16.0, 15.0, -8.0), {})
    # 2 pixels of 2 mm are more than 3 mm
    assert census.counts == {NEAR: Counts(2, 1, 1), FAR: Counts(3, 1, 1)}


def test_processes_count_as_one_does_and_in_order(folder):
    reads, _ = find_reads(folder)
    one, two = (list(count_scans(reads, grouping=NEAR, varied=(FAR,), workers=workers)) for workers in (1, 2))
    assert one == two
    assert [census.series_uid for census in one] == [
        scan_id(uid, patient="", folder=folder) for uid in ("2.25.1", "2.25.5")
    ]
    assert one[1].lesions == ()


def test_a_broken_file_stops_the_census_by_name(lidc, folder):
    (folder / "4.xml").write_text(lidc.message(series="2.25.5"))
    reads, _ = find_reads(folder)
    with pytest.raises(AnnotationFormatError, match="0 sessions") as error:
        list(count_scans(reads, grouping=NEAR, varied=(), workers=1))
    assert error.value.where.endswith("4.xml")


def test_folders_without_reads_of_ct(lidc, tmp_path):
    with pytest.raises(DataNotFoundError, match="nothing there"):
        find_reads(tmp_path / "absent")
    (tmp_path / "note.txt").write_text("")
    with pytest.raises(DataNotFoundError, match="got no XML"):
        find_reads(tmp_path)
    (tmp_path / "3.xml").write_text(lidc.message(root="IdriReadMessage"))
    with pytest.raises(DataNotFoundError, match="got 1 other XML files"):
        find_reads(tmp_path)
