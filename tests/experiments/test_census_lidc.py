import runpy
from pathlib import Path

import pytest

from reproduce.errors import DataNotFoundError

SCRIPT = Path(__file__).parents[2] / "experiments" / "census_lidc.py"
SMALL = "<unblindedReadNodule><noduleID>1</noduleID>{roi}</unblindedReadNodule>"
ROI = (
    "<roi><imageZposition>1</imageZposition><imageSOP_UID>2.25.3</imageSOP_UID><inclusion>TRUE</inclusion>"
    "<edgeMap><xCoord>{x}</xCoord><yCoord>5</yCoord></edgeMap></roi>"
)


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_it_is_short():
    assert len(SCRIPT.read_text().splitlines()) < 80


def test_printed_counts_are_those_of_the_paper(script):
    assert [printed.value for printed in script["PROTOCOL"].printed] == [1018, 7371, 2669, 928]
    assert script["PROTOCOL"].grouping in script["PROTOCOL"].varied


def test_from_files_to_table(script, tmp_path, capsys):
    source = tmp_path / "xml"
    source.mkdir()
    sessions = "".join(f"<readingSession>{SMALL.format(roi=ROI.format(x=x))}</readingSession>" for x in (3, 4, 30))
    header = "<ResponseHeader><SeriesInstanceUid>2.25.1</SeriesInstanceUid></ResponseHeader>"
    (source / "1.xml").write_text(f"<LidcReadMessage>{header}{sessions}</LidcReadMessage>")
    script["main"](data_root=source, results=tmp_path, figures=tmp_path / "figures", workers=1)
    reproduced = tmp_path / "census_lidc" / "lidc_idri-paper" / "reproduced.csv"
    # readers 1 and 2 mark one small lesion a pixel apart, reader 3 another one; nobody outlines anything
    assert reproduced.read_text().splitlines()[1:] == [
        "four readers,ct_scans,count,1",
        "four readers,lesions,count,2",
        "four readers,nodules,count,0",
        "four readers,nodules_by_four,count,0",
    ]
    assert "| CT scans | 1018 | 1 | -1017 (-99.90 %) | 0 % | outside |" in capsys.readouterr().out


def test_without_data_it_says_what_to_pass(script, monkeypatch):
    monkeypatch.delenv("REPRODUCE_DATA", raising=False)
    with pytest.raises(DataNotFoundError, match="pass --data-root FOLDER"):
        script["main"]()


def test_a_wrong_path_is_named(script, tmp_path):
    with pytest.raises(DataNotFoundError, match="nothing there"):
        script["main"](data_root=tmp_path / "absent")
