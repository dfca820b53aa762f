"""General rooms name no paper that this project reruns, and every paper's room says on a page what it holds."""

import re
from pathlib import Path

import pytest

from reproduce.papers.cells import DOCUMENTS

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "reproduce"
PAPERS = sorted(path.parent for path in (PACKAGE / "papers").glob("*/__init__.py"))
# A citation by author and year is no name of a room: "Xue 2025, 4.2.1".
NAME = re.compile(
    rf"{'|'.join(DOCUMENTS.values())}|armato2011|papers\.decathlon"
    r"|[Dd]ocuments?[ \n]*00\d|(?<![\w.,-])00[0-4],? (\d|Table|Figure|Abstract|and 00)|[\"'/_]00[0-4][\"'/ ]"
)
# Rooms and files that still name papers; the list only ever gets shorter.
NOT_YET = ("results", "tasks", "training", "run.py", "figures/draw.py", "protocol/section.py")


def test_no_general_room_names_a_paper():
    sources = [path for kind in ("*.py", "*.j2") for path in PACKAGE.rglob(kind)]
    general = [path for path in sources if PACKAGE / "papers" not in path.parents]
    found = {
        f"{path.relative_to(PACKAGE)}: {match[0]}"
        for path in general
        for match in NAME.finditer(path.read_text(encoding="utf-8"))
        if not path.relative_to(PACKAGE).as_posix().startswith(NOT_YET)
    }
    assert len(general) > 100
    assert found == set()


@pytest.mark.parametrize("name", ["xue2025", "document 000", "documents\n    002", "(000 6.2)", '"001"', "001 Table 4"])
def test_a_name_is_seen(name):
    assert NAME.search(name)


@pytest.mark.parametrize("word", ["Xue 2025, 6.2", "0.001 2", "LCTSC-Train-S1-001", "60,000 (II.B)", "document 1000"])
def test_other_words_are_none(word):
    assert not NAME.search(word)


@pytest.mark.parametrize("room", PAPERS, ids=lambda room: room.name)
def test_a_papers_room_has_a_page_whose_links_exist(room):
    page = (room / "README.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {room.name}")
    assert len(page.splitlines()) <= 60
    links = re.findall(r"\]\(([^)#]+)\)", page)
    assert [link for link in links if not link.startswith("http") and not (room / link).exists()] == []


def test_the_pages_of_the_documentation_link_to_what_exists():
    for page in (PROJECT / "docs").glob("*.md"):
        links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        missing = [link for link in links if not link.startswith("http") and not (page.parent / link).exists()]
        assert missing == [], page.name
