import csv
import io

import pytest
from rich.console import Console

from reproduce.cohorts.ledger import Ledger, LedgerEntry
from reproduce.cohorts.lidc_census import Counts, Grouping, Lesion, ScanCensus
from reproduce.errors import ResultsError
from reproduce.papers.armato2011.figures import draw_census
from reproduce.results.folders import RunFolder, read_run
from reproduce.tasks import census
from reproduce.tasks.census import CENSUS, CensusProtocol, PrintedCount, counts_of, verdict
from reproduce.tasks.task import Claims, Context

VARIED = tuple(Grouping(pixel_mm, tolerance_mm) for pixel_mm in (0.5, 0.7, 0.9) for tolerance_mm in (1.0, 3.0))
PROTOCOL = CensusProtocol(
    table="census_lidc",
    document="Armato 2011",
    title="Armato et al. 2011",
    source="lidc_idri",
    profile="paper",
    phantom=None,
    printed=(
        PrintedCount("ct_scans", "scan", 2, 0.0, "CT scans"),
        PrintedCount("lesions", "lesion", 5, 0.2, "lesions"),
        PrintedCount("nodules", "lesion", 2, 0.02, "nodules"),
        PrintedCount("nodules_by_four", "lesion", 2, 0.02, "by all four"),
    ),
    grouping=VARIED[3],
    varied=VARIED,
    remarks="silent: because.",
)
# four lesions: by four readers, by one reader and a small one of another, and two small ones
LESIONS = (
    Lesion(4, 0, (10.0, 20.0, -5.0), {"malignancy": (5, 5, 4, None), "margin": (1, 1, 1, 1)}),
    Lesion(1, 1, (11.0, 21.0, -8.25), {"malignancy": (3,)}),
    Lesion(0, 2, (1.0, 2.0, -5.0), {}),
    Lesion(0, 1, (1.0, 2.0, -9.0), {}),
)


@pytest.fixture
def write(tmp_path, monkeypatch):
    def write(name):
        counts = {grouping: Counts(4, 2, 1) for grouping in VARIED}
        scans = [
            ScanCensus("2.25.2", 4, {}, LESIONS, counts),
            ScanCensus("2.25.1", 4, {}, (), dict.fromkeys(VARIED, Counts(0, 0, 0))),
        ]
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "1.xml").write_text("<a/>")
        ledger = Ledger((LedgerEntry("", "2.25.1", "in", "CT read in 1 XML"),))
        folder = tmp_path / name / "census_lidc" / "lidc_idri-paper"
        monkeypatch.setattr(census, "find_reads", lambda root: ([], ledger))
        monkeypatch.setattr(census, "count_scans", lambda *_, **__: iter(scans))
        context = Context(source, "lidc_idri", tmp_path, folder, 1, Console(file=io.StringIO()))
        CENSUS.measure(PROTOCOL, context)
        CENSUS.write(PROTOCOL, PROTOCOL, context, Claims())
        return folder, (folder.parent / "published.csv", *sorted(p for p in folder.iterdir() if p.is_file()))

    return write


@pytest.fixture
def written(write):
    return write("results")[0]


def rows(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_the_same_scans_give_the_same_bytes(write):
    (_, one), (_, two) = write("one"), write("two")
    assert [path.name for path in one] == [path.name for path in two]
    differ = {a.name for a, b in zip(one, two, strict=True) if a.read_bytes() != b.read_bytes()}
    assert differ <= {"provenance.json"}
    assert all(b"\r" not in path.read_bytes() for path in one)


def test_counts_by_hand():
    scan = ScanCensus("1", 4, {}, LESIONS, {})
    assert counts_of([scan]) == {"ct_scans": 1, "lesions": 4, "nodules": 2, "nodules_by_four": 1}
    assert counts_of([]) == {"ct_scans": 0, "lesions": 0, "nodules": 0, "nodules_by_four": 0}


@pytest.mark.parametrize(("count", "word"), [(98, "within"), (102, "within"), (97, "outside"), (103, "outside")])
def test_the_tolerance_is_a_share_of_the_printed_count(count, word):
    assert verdict(PrintedCount("lesions", "lesion", 100, 0.02, ""), count) == word


def test_29_of_100_are_within_a_tolerance_of_29_hundredths():
    # In float64 the product 0.29 * 100 falls short of 29.
    assert verdict(PrintedCount("lesions", "lesion", 100, 0.29, ""), 129) == "within"


def test_published_and_reproduced_line_up(written):
    published, reproduced = rows(written.parent / "published.csv"), rows(written / "reproduced.csv")
    assert [row[:3] for row in published] == [row[:3] for row in reproduced]
    assert [row[3] for row in published] == ["value", "2", "5", "2", "2"]
    assert [row[3] for row in reproduced] == ["value", "2", "4", "2", "1"]


def test_table_has_delta_and_verdict(written):
    table = rows(written / "table.csv")
    assert [row[-3:] for row in table[1:]] == [
        ["2", "0", "within"],
        ["5", "-1", "within"],
        ["2", "0", "within"],
        ["2", "-1", "outside"],
    ]
    page = (written / "table.md").read_text()
    assert "| by all four | 2 | 1 | -1 (-50.00 %) | 2 % | outside |" in page
    assert page.endswith("silent: because.\n")


def test_sensitivity_adds_the_scans(written):
    assert rows(written / "sensitivity.csv")[1:3] == [["0.50", "1.0", "4", "2", "1"], ["0.50", "3.0", "4", "2", "1"]]


def test_agreement_and_ratings_by_hand(written):
    assert rows(written / "agreement.csv")[1:] == [["0", "1", "1"], ["0", "2", "1"], ["1", "1", "1"], ["4", "0", "1"]]
    # malignancy: 5 5 4 of one nodule (three pairs: 5-5, 5-4, 5-4), 3 of another (no pair)
    pairs = {row[0]: row[1:] for row in rows(written / "rating_pairs.csv")[1:]}
    assert pairs["malignancy"] == ["3", "1", "3"]
    assert pairs["margin"] == ["6", "6", "6"]
    assert pairs["texture"] == ["0", "0", "0"]
    malignancy = [row[1:] for row in rows(written / "ratings.csv") if row[0] == "malignancy"]
    assert malignancy == [["3", "1"], ["4", "1"], ["5", "2"]]


def test_nodules_are_listed_from_below(written):
    head, *listed = rows(written / "nodules.csv")
    assert [row[:7] for row in listed] == [
        ["2.25.2", "1", "11.0", "21.0", "-8.25", "1", "1"],
        ["2.25.2", "2", "10.0", "20.0", "-5.00", "4", "0"],
    ]
    assert listed[1][head.index("malignancy")] == "5|5|4|"


def test_three_figures_without_a_date(written, tmp_path):
    paths = draw_census(read_run(written), tmp_path)
    figures = ("agreement", "ratings", "sensitivity")
    assert [path.name for path in paths] == [f"census_lidc_{f}{suffix}" for f in figures for suffix in (".png", ".svg")]
    assert "dc:date" not in (tmp_path / "census_lidc_ratings.svg").read_text()


@pytest.mark.slow
def test_the_same_results_give_the_same_figures(written, tmp_path):
    one, two = (draw_census(read_run(written), tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_figures_need_results(tmp_path):
    absent = RunFolder(tmp_path / "absent", "census", "Armato 2011", "lidc_idri", "paper", (), {})
    with pytest.raises(ResultsError, match="a results file"):
        draw_census(absent, tmp_path)
