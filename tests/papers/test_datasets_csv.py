"""The packaged list holds every data set of the documents, and each of its rows is complete."""

import re
from pathlib import Path

import pytest

from reproduce.papers.data_sets import NOT_VERIFIED, data_sets, find, is_url

PROJECT = Path(__file__).parents[2]
ALL = data_sets()

# As printed, with the year beside it; the name of ISIC 2018 and the year of the breast lesions are illegible.
TABLE_4 = {
    "BCIC-IV-2a": "2008",
    "ImageNet": "2010",
    "Messidor": "2014",
    "PatchCamelyon Histopathology": "2015",
    "RIDER": "2015",
    "REMBRANDT": "2015",
    "Brain 1": "2015",
    "TCGA-LGG": "2016",
    "Chest-Xray": "2018",
    "ISIC 2018": "2018",
    "COVID-191": "2020",
    "COVID-192": "2020",
    "COVID-193": "2020",
    "COVID-194": "2020",
    "Pneumonia": "2020",
    "PAD-UFES-20": "2020",
    "Skin cancer": "2001",
    "Chaoyang": "2021",
    "MRI 1": "2021",
    "MRI 2": "2021",
}
TABLE_5 = {
    "CT Arteries": "2009",
    "ISLES": "2017",
    "ACDC": "2018",
    "ISIC2017 skin lesion challenge": "2018",
    "MSCMRseg": "2019",
    "WMH": "2019",
    "Synapse multi-organ segmentation": "2021",
}
TABLE_6 = {
    "Brain 2": "2005",
    "OASIS": "2007",
    "Brain 3": "2014",
    "Brain 4": "2017",
    "Abdominal": "2019",
    "Chest": "2020",
    "LiTS": "2023",
    "Breast Ultrasound Lesions": "?",
    "BUSI": "2020",
    "B-Mode Common Carotid Artery Ultrasound Image": "2023",
}
TABLES = [
    (f"001 Table {number}", name, year)
    for number, table in ((4, TABLE_4), (5, TABLE_5), (6, TABLE_6))
    for name, year in table.items()
]
IN_TEXT = [
    ("000", "LIDC-IDRI"),
    ("000", "BraTS"),
    ("001", "CheXpert"),
    ("001", "LUNA16"),
    ("001", "BraTS"),
    ("001", "DIRLAB"),
    ("001", "Messidor"),
    ("001", "i2b2 challenge"),
    ("001", "cMedQA"),
    ("002", "2017 AAPM Thoracic CT Segmentation Challenge Dataset"),
    ("003", "The Cancer Imaging Archive"),
    ("003", "TCIA"),
    ("003", "ChestX-ray8"),
]


@pytest.mark.parametrize(("place", "name", "year"), TABLES, ids=lambda value: value)
def test_every_row_of_tables_4_to_6_is_there_with_its_printed_year(place, name, year):
    each = find(name, among=ALL)
    assert place in each.places.split("; ")
    assert each.year_printed == year


def test_the_tables_have_20_7_and_10_rows_and_one_set_that_a_link_alone_brings_in():
    counts = {n: sum(f"001 Table {n}" in each.places for each in ALL) for n in (4, 5, 6)}
    assert counts == {4: 20 + 1, 5: 7, 6: 10}  # Bioimaging 2015 is the link of the row PatchCamelyon


@pytest.mark.parametrize(("document", "name"), IN_TEXT)
def test_every_data_set_of_the_text_is_there(document, name):
    assert document in find(name, among=ALL).documents


def test_years_that_differ_from_the_print_are_explained():
    for each in ALL:
        if each.year_printed not in ("", each.year):
            assert each.errors, each.name


def test_a_link_that_is_not_the_home_is_explained_or_said_to_be_unavailable():
    for each in ALL:
        if each.link_printed not in ("", "Unavailable") and not each.link_printed.startswith(each.home):
            same = each.home.partition("10.17632/")[2].replace(".", "/")  # a DOI of Mendeley Data is its page's address
            assert each.errors or (same and same in each.link_printed), each.name


def test_what_nobody_can_tell_holds_no_guess():
    for each in ALL:
        if each.identity == NOT_VERIFIED:
            assert {each.year, each.size, each.home, each.licence} == {NOT_VERIFIED}, each.name


def test_every_other_data_set_has_a_home_a_size_and_a_source():
    for each in ALL:
        if each.identity != NOT_VERIFIED:
            assert each.home != NOT_VERIFIED
            assert re.search(r"\d|archive", each.size), each.name
            assert each.evidence


def test_every_address_in_the_evidence_is_one():
    addresses = [word.rstrip(",;.") for each in ALL for word in each.evidence.split() if word.startswith("http")]
    assert len(addresses) > 40
    assert [address for address in addresses if not is_url(address)] == []


def test_every_script_that_is_named_exists():
    scripts = {script for each in ALL if each.has_loader for script in each.scripts.split("; ")}
    assert [script for script in scripts if not (PROJECT / script).is_file()] == []
    assert "experiments/table1_lidc.py" in scripts


def names_of(folder: str, line: str) -> list[str]:
    """Return the names of the files of a folder in which a line begins with some text, sorted."""
    paths = (PROJECT / folder).glob("*.py")
    return sorted(path.stem for path in paths if f"\n{line}" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", names_of("experiments", "PROFILES"))
def test_the_source_of_an_experiment_has_a_row_with_a_loader(name, load_script):
    sources = {profile.source for profile in load_script(name).PROFILES.values()}
    assert sources
    assert all(find(source, among=ALL).has_loader for source in sources)


@pytest.mark.parametrize("module", names_of("reproduce/cohorts", "def find_cohort("))
def test_every_cohort_reads_a_data_set_of_the_list(module):
    text = (PROJECT / "reproduce" / "cohorts" / f"{module}.py").read_text(encoding="utf-8")
    assert {name for each in ALL for name in each.names if name in text.partition("\n")[0]}


def test_known_errors_of_the_documents():
    years = {
        name: (find(name, among=ALL).year, find(name, among=ALL).year_printed) for name in ("PCam", "BTCV abdomen")
    }
    assert years == {"PCam": ("2018", "2015"), "BTCV abdomen": ("2015", "2021")}
    assert "hundreds" in find("LCTSC", among=ALL).size_printed
    assert find("LCTSC", among=ALL).size.startswith("60 CT scans")
