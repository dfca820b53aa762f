"""General rooms name no paper that this project reruns, and every paper's room says on a page what it holds."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from reproduce.papers.cells import packaged_tables, rooms_by_number

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "reproduce"
PAPERS = sorted(path.parent for path in (PACKAGE / "papers").glob("*/__init__.py"))
# A citation by author and year is no name of a room: "Xue 2025, 4.2.1".
NAME = re.compile(
    rf"{'|'.join(room.name for room in rooms_by_number().values())}|armato2011|papers\.decathlon"
    r"|[Dd]ocuments?[ \n]*00\d|(?<![\w.,-])00[0-4],? (\d|Table|Figure|Abstract|and 00)|[\"'/_]00[0-4][\"'/ ]"
)
# Files that still name papers; the list only ever gets shorter.
NOT_YET = ("protocol/section.py",)


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


def missing_links(page: Path) -> list[str]:
    """Return the relative links of a Markdown page that lead nowhere."""
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    return [link for link in links if not link.startswith("http") and not (page.parent / link).exists()]


@pytest.mark.parametrize("room", PAPERS, ids=lambda room: room.name)
def test_a_papers_room_has_a_page_of_one_screen_whose_links_exist(room):
    lines = (room / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(f"# {room.name}")
    assert len(lines) <= 50
    assert missing_links(room / "README.md") == []


def verdicts(file: Path) -> Counter:
    """Return how often a results file gives each verdict."""
    if not file.exists():
        return Counter()
    with file.open(encoding="utf-8", newline="") as stream:
        return Counter(row["verdict"] for row in csv.DictReader(stream) if row["verdict"])


def test_pages_give_every_run_with_its_verdicts_as_in_results():
    row = re.compile(r"\((?:\.\./)+results/([\w-]+/[\w-]+)/(?:table|effects)\.md\) \| (.*) \|$", re.MULTILINE)
    runs = {run: text for room in PAPERS for run, text in row.findall((room / "README.md").read_text(encoding="utf-8"))}
    for run, text in runs.items():
        for kind, file in (("cells", "table.csv"), ("statements", "statements.csv")):
            printed = re.search(rf"{kind}: ([^;]*)", text)
            counts = {word: int(n) for n, word in re.findall(r"(\d+) ([a-z ]+)", printed[1] if printed else "")}
            assert counts == verdicts(PROJECT / "results" / run / file), (run, kind)
    tables = {name for name in packaged_tables() if (PROJECT / "results" / name).is_dir()}
    assert tables <= {run.split("/")[0] for run in runs}


def test_the_pages_of_the_documentation_link_to_what_exists():
    pages = sorted((PROJECT / "docs").glob("*.md"))
    assert {page.name: missing_links(page) for page in pages} == {page.name: [] for page in pages}
