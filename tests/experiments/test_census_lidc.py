from pathlib import Path

import pytest

from reproduce import run
from reproduce.tasks.census import CENSUS

SCRIPT = Path(__file__).parents[2] / "experiments" / "census_lidc.py"
SMALL = "<unblindedReadNodule><noduleID>1</noduleID>{roi}</unblindedReadNodule>"
ROI = (
    "<roi><imageZposition>1</imageZposition><imageSOP_UID>2.25.3</imageSOP_UID><inclusion>TRUE</inclusion>"
    "<edgeMap><xCoord>{x}</xCoord><yCoord>5</yCoord></edgeMap></roi>"
)


@pytest.fixture(scope="module")
def script(load_script):
    return load_script("census_lidc")


@pytest.fixture
def census(script, tmp_path, monkeypatch, capsys):
    """Runs the census; exit code and what it said."""
    monkeypatch.setenv("REPRODUCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("REPRODUCE_DATA", raising=False)

    def call(*arguments):
        try:
            run.main(script.PROFILES, CENSUS, script=str(SCRIPT), arguments=arguments)
        except SystemExit as left:
            return left.code, capsys.readouterr().err
        return 0, capsys.readouterr().err

    return call


def test_printed_counts_are_those_of_the_paper(script):
    assert [printed.value for printed in script.PAPER.printed] == [1018, 7371, 2669, 928]
    assert script.PAPER.grouping in script.PAPER.varied


def test_from_files_to_table(census, tmp_path):
    source = tmp_path / "xml"
    source.mkdir()
    sessions = "".join(f"<readingSession>{SMALL.format(roi=ROI.format(x=x))}</readingSession>" for x in (3, 4, 30))
    header = "<ResponseHeader><SeriesInstanceUid>2.25.1</SeriesInstanceUid></ResponseHeader>"
    (source / "1.xml").write_text(f"<LidcReadMessage>{header}{sessions}</LidcReadMessage>")
    code, said = census("--data-root", str(source), "--out", str(tmp_path), "--workers", "1", "--profile", "paper")
    assert code == 0, said
    folder = tmp_path / "results" / "census_lidc" / "lidc_idri-paper"
    # readers 1 and 2 mark one small lesion a pixel apart, reader 3 another one; nobody outlines anything
    assert (folder / "reproduced.csv").read_text().splitlines()[1:] == [
        "four readers,ct_scans,count,1",
        "four readers,lesions,count,2",
        "four readers,nodules,count,0",
        "four readers,nodules_by_four,count,0",
    ]
    assert "| CT scans | 1018 | 1 | -1017 (-99.90 %) | 0 % | outside |" in (folder / "table.md").read_text()


def test_a_wrong_path_is_named(census, tmp_path):
    code, said = census("--data-root", str(tmp_path / "absent"), "--profile", "paper")
    assert code == 2
    assert "nothing there" in said
