"""The list of data sets in the terminal, as Markdown and as JSON; the page of the docs is the same list."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from reproduce.papers.data_set_list import NONE, detail_text, list_json, list_markdown, list_text, summary
from reproduce.papers.data_sets import COLUMNS, chosen, data_sets, find

PROJECT = Path(__file__).parents[2]
ALL = data_sets()


def one(name):
    return find(name, among=ALL)


def test_the_list_fits_100_columns_and_breaks_no_word():
    text = list_text(ALL, width=100, colour=False)
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text
    words = set(re.split(r"\s+", text))
    wanted = {word for each in ALL for word in (*each.name.split(), each.access, *each.task.split("; "))}
    assert wanted - words == {"not verified"}  # of access; a question mark stands for it


@pytest.mark.parametrize("width", [40, 60, 80, 160])
def test_the_list_fits_other_terminals(width):
    assert max(map(len, list_text(ALL[:5], width=width, colour=False).splitlines()[:-1])) <= width


def test_a_line_has_the_right_year_and_the_printed_one_behind_it():
    assert re.search(
        r"PatchCamelyon +001 +classification +histology +2018 \(2015\) +open +no loader", wide(one("PCam"))
    )
    assert re.search(r"LCTSC +002 +segmentation +CT +2017 +open +table1_thoracic", wide(one("LCTSC")))
    assert re.search(
        r"COVID-19 set 1 +001 +classification +not verified +\? \(2020\) +\? +no loader", wide(one("COVID-191"))
    )
    assert re.search(r"PneumoniaMNIST +- +classification", wide(one("PneumoniaMNIST")))


def wide(*sets):
    return list_text(sets, width=160, colour=False)


def test_the_count_below_is_by_hand():
    sets = (one("LIDC-IDRI"), one("LiTS"), one("PAD-UFES-20"))  # the first is read; licence of the second open
    want = "3 data sets, 1 read by a script; 2 with remarks on the documents, 1 not verified in full"
    assert summary(sets) == want
    assert wide(*sets).endswith(want + "\n")
    assert summary(sets[:1]).startswith("1 data set, 1 read")


def test_nothing_is_said_to_be_nothing():
    none = chosen(ALL, document="004", task=None)
    assert list_text(none, width=100, colour=False) == NONE == list_markdown(none)
    assert json.loads(list_json(none)) == []


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_the_details_hold_every_field(each):
    text = detail_text(each, width=100, colour=False)
    assert max(map(len, text.splitlines())) <= 100
    flat = re.sub(r"\s+", "", text)
    for field in COLUMNS:
        assert re.sub(r"\s+", "", getattr(each, field)) in flat, field


def test_the_details_leave_out_what_has_no_value():
    assert "size printed" in detail_text(one("LCTSC"), width=100, colour=False)
    assert "size printed" not in detail_text(one("LiTS"), width=100, colour=False)


def test_colour_marks_what_is_not_verified_and_nothing_without_it():
    assert "\x1b[33m" in list_text([one("COVID-191")], width=100, colour=True)
    assert "\x1b[" not in list_text(ALL, width=100, colour=False)


def test_brackets_of_a_value_are_no_markup():
    text = detail_text(replace(one("LiTS"), errors="reference [83] and [bold]this[/bold]"), width=100, colour=False)
    assert "reference [83] and [bold]this[/bold]" in text


def test_json_has_every_field():
    (found,) = json.loads(list_json([one("LiTS")]))
    assert set(found) == {*COLUMNS, "unverified"}
    assert found["unverified"] == ["licence"]


def test_markdown_links_the_home_and_keeps_bars_inside_a_cell():
    text = list_markdown([replace(one("LiTS"), size="131 | 70")])
    assert "| [LiTS](https://competitions.codalab.org/competitions/17094); Liver" in text
    assert "131 \\| 70" in text
    assert "| 2017 (printed 2023) |" in text
    assert list_markdown([one("COVID-191")]).splitlines()[2].startswith("| COVID-19 set 1; COVID-191; ")


def test_the_page_of_the_docs_is_the_list():
    page = (PROJECT / "docs" / "datasets.md").read_text(encoding="utf-8")
    assert page.endswith("\n## The list\n\n" + list_markdown(ALL)), (
        "paste `reproduce datasets --format md` into the page"
    )
