"""The reader of the list of data sets refuses what is ill-formed; names are found however they are written."""

import csv
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.errors import ArgumentError, ClaimsError
from reproduce.papers.data_sets import COLUMNS, NO_LOADER, DataSet, chosen, data_sets, find, is_url

ALL = data_sets()


def test_documents_tasks_and_names_are_taken_apart():
    each = find("LIDC-IDRI", among=ALL)
    assert each.documents == ("000", "001")
    assert each.tasks == ("detection", "segmentation", "registration")
    assert each.names == ("LIDC-IDRI", "Chest")
    assert each.unverified == ()
    assert find("LiTS", among=ALL).unverified == ("licence",)


def test_chosen_narrows_by_document_and_task():
    assert chosen(ALL, document=None, task=None) == ALL
    assert [each.name for each in chosen(ALL, document="002", task=None)] == ["LCTSC"]
    assert [each.name for each in chosen(ALL, document="003", task="archive")] == ["The Cancer Imaging Archive"]
    assert chosen(ALL, document="004", task=None) == ()
    assert {"ACDC", "BraTS"} <= {each.name for each in chosen(ALL, document="001", task="segmentation")}


@pytest.mark.parametrize("name", ["lidc idri", "LIDC_IDRI", "lidc-idri", "CHEST"])
def test_a_name_is_found_whatever_its_case_and_punctuation(name):
    assert find(name, among=ALL).name == "LIDC-IDRI"


@given(st.sampled_from([(name, each) for each in ALL for name in each.names]), st.sampled_from("lus"))
def test_every_name_and_alias_finds_its_own_data_set(pair, case):
    name, each = pair
    assert find({"l": name.lower(), "u": name.upper(), "s": name.swapcase()}[case], among=ALL) == each


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("isic", "use one of: ISIC 2018, ISIC 2017"),
        ("Mesidor", "use one of: Messidor"),
        ("BRATZ", "use one of: BraTS"),
        ("qqqqqqqq", "leave the name out"),
        ("", "leave the name out"),
    ],
)
def test_an_unknown_name_is_an_error_with_those_that_come_near(name, near):
    with pytest.raises(ArgumentError) as raised:
        find(name, among=ALL)
    assert repr(name) in raised.value.got
    assert raised.value.do.startswith(near)


GOOD = asdict(find("LIDC-IDRI", among=ALL))
BROKEN = {
    "no name": ({"name": ""}, "column name"),
    "no licence": ({"licence": ""}, "column licence"),
    "no evidence": ({"evidence": ""}, "column evidence"),
    "unknown access": ({"access": "free"}, "column access"),
    "unknown identity": ({"identity": "known"}, "column identity"),
    "unknown task": ({"task": "segmentation; diagnosis"}, "column task"),
    "place without a document": ({"places": "Table 4"}, "column places"),
    "place of a sixth document": ({"places": "005 Table 4"}, "column places"),
    "document without a place": ({"places": "001"}, "column places"),
    "named nowhere": ({"places": ""}, "column places"),
    "ours, yet named": ({"identity": "ours"}, "column places"),
    "year of two digits": ({"year": "11"}, "column year"),
    "year before any": ({"year": "1989"}, "column year"),
    "year to come": ({"year": "2027"}, "column year"),
    "year with a question": ({"year": "2011?"}, "column year"),
    "home without http": ({"home": "www.cancerimagingarchive.net"}, "column home"),
    "home with a blank": ({"home": "https://www .kaggle.com/x"}, "column home"),
    "DOI that is none": ({"home": "https://doi.org/LO9QL9SX"}, "column home"),
    "script that is none": ({"scripts": "table1_lidc.py"}, "column scripts"),
    "script and none": ({"scripts": f"experiments/table1_lidc.py; {NO_LOADER}"}, "column scripts"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_row_is_an_error_that_names_line_and_column(case, tmp_path):
    changed, where = BROKEN[case]
    with pytest.raises(ClaimsError) as raised:
        data_sets(written(tmp_path, GOOD | changed))
    assert raised.value.where.endswith(f"line 2, {where}")


def test_a_good_row_is_read_back(tmp_path):
    assert data_sets(written(tmp_path, GOOD)) == (DataSet(**GOOD),)


def test_a_header_alone_is_an_empty_list(tmp_path):
    assert data_sets(written(tmp_path)) == ()


@pytest.mark.parametrize("name", ["LIDC-IDRI", "lidc idri", "Chest"])
def test_a_name_or_alias_twice_is_an_error(name, tmp_path):
    with pytest.raises(ClaimsError, match="a name of LIDC-IDRI again"):
        data_sets(written(tmp_path, GOOD, GOOD | {"name": name, "aliases": ""}))


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "an empty file"),
        ("name,licence\nx,y\n", "name, licence"),
        (",".join(COLUMNS) + "\nLIDC-IDRI,Chest\n", "got 2 fields"),
        (",".join(COLUMNS) + "\n" + ",".join(["x"] * (len(COLUMNS) + 1)) + "\n", f"got {len(COLUMNS) + 1} fields"),
        (",".join(COLUMNS) + '\n"LIDC-IDRI,Chest\n', "unexpected end of data"),
    ],
)
def test_a_file_of_another_form_is_an_error(text, got, tmp_path):
    path = tmp_path / "datasets.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ClaimsError, match=got):
        data_sets(path)


def test_a_file_that_is_absent_or_not_utf8_is_an_error(tmp_path):
    with pytest.raises(ClaimsError, match="No such file"):
        data_sets(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes("größe".encode("latin-1"))
    with pytest.raises(ClaimsError, match="UTF-8"):
        data_sets(tmp_path / "latin.csv")


def written(folder, *rows):
    path = folder / "datasets.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://doi.org/10.7937/K9/TCIA.2015.LO9QL9SX", True),
        ("http://fcon_1000.projects.nitrc.org/indi/abide/", True),
        ("https://www.synapse.org/#!Synapse:syn3193805", True),
        ("https://doi.org/LO9QL9SX", False),
        ("https://localhost", False),
        ("ftp://example.org/a", False),
        ("https://example.org/a b", False),
        ("", False),
    ],
)
def test_what_is_an_address(text, is_one):
    assert is_url(text) is is_one
