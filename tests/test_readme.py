"""The map in the README says what results/ says, and every path and command in it exists."""

import csv
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _rows() -> list[list[str]]:
    lines = README.split("## The map")[1].split("## ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return cells[2:]


def _values(path: Path) -> list[str]:
    """The numbers of a results file as committed: a reader who has run a table has others."""
    shown = subprocess.run(
        ["git", "-C", str(ROOT), "show", f"HEAD:{path.relative_to(ROOT).as_posix()}"],
        capture_output=True,
        text=True,
        check=False,
    )
    text = shown.stdout if shown.returncode == 0 else path.read_text(encoding="utf-8")
    return [row["value"] for row in csv.DictReader(text.splitlines()) if row["value"]]


@pytest.mark.parametrize("row", [row for row in _rows() if ".csv" in row[2]], ids=lambda row: row[0])
def test_the_map_prints_the_numbers_of_the_results_files(row):
    reproduced = ROOT / re.search(r"\((.+?)\)", row[2])[1]
    assert NUMBER.findall(row[4]) == _values(reproduced)
    assert NUMBER.findall(row[3]) == _values(reproduced.parents[1] / "published.csv")


def test_every_path_that_the_readme_links_or_names_exists():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    scripts = re.findall(r"experiments/\w+\.py", README)
    missing = [path for path in {*links, *scripts} if not path.startswith("http") and not (ROOT / path).exists()]
    assert missing == []


def test_every_make_target_that_the_readme_names_exists():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = set(re.findall(r"`make ([\w-]+)`", README)) | set(re.findall(r"^    make ([\w-]+)", README, re.MULTILINE))
    assert named <= set(targets)
    assert named
