import numpy as np
import pytest

from reproduce.cohorts.lidc_annotations import message_of, read_annotations
from reproduce.cohorts.lidc_marks import MarkKind
from reproduce.errors import AnnotationFormatError, AnnotationMismatchError, DataNotFoundError

RATINGS = {"subtlety": 5, "internalStructure": 1, "malignancy": 4}


@pytest.fixture
def read(tmp_path):
    def read(text, **arguments):
        path = tmp_path / "1.xml"
        path.write_text(text, encoding="utf-8")
        return read_annotations(path, **arguments)

    return read


def test_a_scan_of_four_readers(lidc, read):
    outline = lidc.square(3, 4, 5, 6)
    outlined = lidc.nodule(lidc.roi(outline), lidc.roi([(4, 5)], inclusion="FALSE"), name="7", ratings=RATINGS)
    small = lidc.nodule(lidc.roi([(9, 9)]), name="8")
    reads = read(
        lidc.message(
            lidc.session(outlined, lidc.non_nodule(1, 2)), lidc.session(small), lidc.session(), lidc.session(outlined)
        )
    )
    assert reads.series_uid == lidc.CT
    assert reads.readers == ("reader 1", "reader 2", "reader 3", "reader 4")
    assert [(mark.reader, mark.kind, mark.name) for mark in reads.marks] == [
        ("reader 1", MarkKind.NODULE, "7"),
        ("reader 1", MarkKind.NON_NODULE, "n1"),
        ("reader 2", MarkKind.SMALL_NODULE, "8"),
        ("reader 4", MarkKind.NODULE, "7"),
    ]
    first = reads.marks[0]
    assert first.characteristics == RATINGS
    assert [(o.sop_uid, o.z_mm, o.is_hole) for o in first.outlines] == [("2.25.1.2", -8.0, x) for x in (False, True)]
    np.testing.assert_array_equal(first.outlines[0].points_xy, outline)
    np.testing.assert_array_equal(reads.marks[1].outlines[0].points_xy, [[1, 2]])


def test_a_file_without_namespace_reads_the_same(lidc, read):
    text = lidc.session(lidc.nodule(lidc.roi(lidc.square(1, 1, 3, 3))))
    one, two = read(lidc.message(text)), read(lidc.message(text, space=""))
    assert [mark.signature() for mark in one.marks] == [mark.signature() for mark in two.marks]


def test_a_rating_of_zero_is_no_rating(lidc, read):
    reads = read(lidc.message(lidc.session(lidc.nodule(lidc.roi([(1, 1)]), ratings={"malignancy": 0, "margin": 3}))))
    assert reads.marks[0].kind is MarkKind.SMALL_NODULE
    assert reads.marks[0].characteristics == {"malignancy": None, "margin": 3}


def test_an_outlined_nodule_without_characteristics_is_still_one(lidc, read):
    path = lidc.nodule(lidc.roi(lidc.square(1, 1, 3, 3)))
    reads = read(lidc.message(lidc.session(path)))
    assert (reads.marks[0].kind, reads.marks[0].characteristics) == (MarkKind.NODULE, {})


def test_eight_sessions_are_eight_readers_and_a_repeated_person_is_one(lidc, read):
    small = [lidc.nodule(lidc.roi([(x, 1)])) for x in range(8)]
    eight = read(lidc.message(*(lidc.session(mark, person="anon") for mark in small)))
    assert len(eight.readers) == len(eight.marks) == 8
    twice = read(lidc.message(lidc.session(small[0], person="77"), lidc.session(small[0], small[1], person="77")))
    assert twice.readers == ("reader 1",)
    assert len(twice.marks) == 2  # the same mark twice counts once


def test_an_outline_that_is_repeated_counts_once(lidc, read):
    path = lidc.roi(lidc.square(1, 1, 3, 3))
    assert len(read(lidc.message(lidc.session(lidc.nodule(path, path)))).marks[0].outlines) == 1


def test_an_outline_in_two_marks_of_a_reader_is_refused_and_of_two_readers_is_not(lidc, read):
    marks = [lidc.nodule(lidc.roi(lidc.square(1, 1, 3, 3)), name=name) for name in ("7", "8")]
    with pytest.raises(AnnotationFormatError, match="the same outline in 7 and 8"):
        read(lidc.message(lidc.session(*marks)))
    assert len(read(lidc.message(*map(lidc.session, marks))).marks) == 2


def test_files_that_say_the_same_are_read_once(lidc, tmp_path):
    text = lidc.message(lidc.session(lidc.nodule(lidc.roi([(1, 1)]))))
    paths = [tmp_path / name for name in ("a.xml", "b.xml")]
    for path in paths:
        path.write_text(text)
    reads = read_annotations(paths)
    assert (len(reads.readers), len(reads.marks), reads.files) == (1, 1, tuple(paths))
    paths[1].write_text(lidc.message(lidc.session(lidc.nodule(lidc.roi([(1, 2)])))))
    with pytest.raises(AnnotationMismatchError, match="different marks"):
        read_annotations(paths)


def test_another_series_is_refused(lidc, read):
    with pytest.raises(AnnotationMismatchError, match=r"the series 2.25.7, got annotations of 2.25.1\n"):
        read(lidc.message(lidc.session()), series_uid="2.25.7")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a/>", "got the root element a"),
        ("", "ParseError: no element found"),
        ("\x89PNG", "ParseError"),
        ("<LidcReadMessage>", "ParseError"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><LidcReadMessage>&b;</LidcReadMessage>', "EntitiesForbidden"),
        ("<LidcReadMessage/>", "SeriesInstanceUid '' and 0 sessions"),
        ('<?xml version="1.0" encoding="UTF-9"?><a/>', "LookupError: unknown encoding"),
        ('<?xml version="1.0" encoding="gbk"?><a/>', "ValueError: multi-byte encodings"),
    ],
)
def test_what_is_not_lidc(read, text, message):
    with pytest.raises(AnnotationFormatError, match=message) as error:
        read(text)
    assert error.value.where.endswith("1.xml")


def test_a_read_of_a_chest_xray(lidc, read):
    with pytest.raises(AnnotationFormatError, match="IdriReadMessage, a read of a chest X-ray"):
        read(lidc.message(root="IdriReadMessage"))


def test_broken_marks_are_named(lidc, read):
    broken = {
        "inclusion 'MAYBE'": lidc.nodule(lidc.roi([(1, 1)], inclusion="maybe")),
        "no outline at all": lidc.nodule(),
        "0 columns and 0 rows": lidc.nodule(lidc.roi([])),
        "invalid literal": lidc.nodule(lidc.roi([("a", 1)])),
        "could not convert string to float": lidc.nodule(lidc.roi([(1, 1)], z_mm="high", sop="x")),
        "imageZposition nan": lidc.nodule(lidc.roi([(1, 1)], z_mm="nan", sop="x")),
        "malignancy 7": lidc.nodule(lidc.roi([(1, 1)]), ratings={"malignancy": 7}),
        "int()": lidc.nodule(lidc.roi([(1, 1)]), ratings={"malignancy": ""}),
        "xCoord 2147483647, outside 0 to 2047": lidc.nodule(lidc.roi([(2147483647, 1)])),
        "yCoord 99999999999, outside": lidc.nodule(lidc.roi([(1, 99999999999)])),
        "xCoord -1, outside": lidc.nodule(lidc.roi([(-1, 1)])),
        "Exceeds the limit": lidc.nodule(lidc.roi([("1" * 5000, 1)])),
        "imageZposition 1e+300": lidc.nodule(lidc.roi([(1, 1)], z_mm="1e300", sop="x")),
        "imageZposition inf": lidc.nodule(lidc.roi([(1, 1)], z_mm="1e999", sop="x")),
        "no locus": lidc.non_nodule(1, 1).replace("locus", "other"),
    }
    for text, mark in broken.items():
        with pytest.raises(AnnotationFormatError) as error:
            read(lidc.message(lidc.session(), lidc.session(mark)))
        assert text in error.value.got
        assert "reader 2, " in error.value.where


def test_absent_files(tmp_path):
    for files in (tmp_path / "1.xml", ()):
        with pytest.raises(DataNotFoundError):
            read_annotations(files)
    with pytest.raises(DataNotFoundError):
        message_of(tmp_path / "1.xml")


def test_the_head_of_a_file_says_what_it_is(lidc, tmp_path):
    path = tmp_path / "1.xml"
    for text, expected in {
        lidc.message(): ("LidcReadMessage", "2.25.1"),
        lidc.message(root="IdriReadMessage", space=' xmlns="other"'): ("IdriReadMessage", "2.25.1"),
        "<svg><g/></svg>": ("svg", ""),
        "<LidcReadMessage/>": ("LidcReadMessage", ""),
        # the head is enough: what follows it may be broken
        lidc.message(" " * 200_000)[:-20]: ("LidcReadMessage", "2.25.1"),
    }.items():
        path.write_text(text)
        assert message_of(path) == expected
    path.write_text("no xml")
    with pytest.raises(AnnotationFormatError, match="ParseError"):
        message_of(path)
