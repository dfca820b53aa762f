import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from reproduce.audit.audit import audit
from reproduce.audit.columns import levels_of
from reproduce.audit.printed import read_cells
from reproduce.audit.scores import SCORES
from reproduce.errors import ArgumentError, ClaimsError
from reproduce.papers import cells
from reproduce.papers.cells import PAPERS, claims_of, number_of, packaged_tables, rooms_by_number, table_cells
from reproduce.papers.documents import document_cells, document_findings, judged_statements

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def papers(tmp_path, monkeypatch):
    """A copy of all that the papers' rooms print, free to be changed."""
    for path in PAPERS.glob("*/*.csv"):
        copy = tmp_path / path.relative_to(PAPERS)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
        (copy.parent / "__init__.py").touch()
    monkeypatch.setattr(cells, "PAPERS", tmp_path)
    for cached in (rooms_by_number, packaged_tables):
        cached.cache_clear()
    yield tmp_path
    for cached in (rooms_by_number, packaged_tables):
        cached.cache_clear()


def test_every_item_of_the_audit_is_a_statement():
    keys = [each.key for each in judged_statements()]
    assert len(keys) == len(set(keys))
    assert {f"e{n}" for n in range(1, 17)} | {f"f{n}" for n in range(1, 20)} <= set(keys)


def test_a_statement_stands_in_the_room_of_its_first_document():
    found = {number: room / "statements.csv" for number, room in rooms_by_number().items()}
    for number, path in found.items():
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                assert {row["document"].partition(",")[0] for row in csv.DictReader(file)} <= {number}
    assert sum(path.is_file() for path in found.values()) >= 5


def test_the_five_documents_have_their_numbers():
    numbers = {number: room.name for number, room in rooms_by_number().items()}
    five = {"000": "xue2025", "001": "cnn_survey", "002": "zheng2024", "003": "imagemedix2023"}
    five |= {"004": "ai_radiology2024"}
    assert {number: numbers[number] for number in five} == five


NEW_TABLE = """document,place,model,data,metric,unit,value
005,Table 1,U-Net,LIDC-IDRI,dice,ratio,0.71
"""


def test_a_new_paper_is_a_folder_with_a_table_and_nothing_else(papers):
    before = judged_statements()
    room = papers / "newcomer2026"
    room.mkdir()
    (room / "__init__.py").touch()
    (room / "table1_newcomer.csv").write_text(NEW_TABLE, encoding="utf-8")
    rooms_by_number.cache_clear()
    assert number_of("newcomer2026") == number_of("005") == "005"
    (cell,) = claims_of("table1_newcomer").cells
    assert (cell.document, cell.value) == ("005", "0.71")
    assert cell in document_cells()
    assert judged_statements() == before


def test_an_unknown_table_is_refused_with_where_a_new_one_belongs(papers):
    with pytest.raises(ClaimsError) as caught:
        table_cells("table9")
    assert "use one of table1_lidc, " in caught.value.do
    assert f"put table9.csv into a paper's room, a folder of {papers}" in caught.value.do


def test_a_number_that_two_papers_have_is_refused(papers):
    (papers / "ai_radiology2024" / "table1.csv").write_text(NEW_TABLE.replace("005", "000"), encoding="utf-8")
    with pytest.raises(ClaimsError, match="the number 000 of ai_radiology2024 again"):
        number_of("000")


def test_a_document_without_a_number_is_refused(papers):
    (papers / "ai_radiology2024" / "table1.csv").write_text(NEW_TABLE.replace("005", ""), encoding="utf-8")
    with pytest.raises(ClaimsError, match="expected the number of a document, got nothing"):
        number_of("000")


def test_an_unknown_document_is_refused_with_those_there_are():
    with pytest.raises(ArgumentError, match="use one of 000, 001, "):
        number_of("999")


@pytest.mark.parametrize(("good", "broken"), [("e9,", "h9,"), (",inconsistent", ",wrong"), (",arithmetic,", ",,")])
def test_a_broken_statement_is_refused_with_its_file_and_line(papers, good, broken):
    path = papers / "ai_radiology2024" / "statements.csv"
    path.write_text(path.read_text().replace(good, broken, 1))
    with pytest.raises(ClaimsError, match="a key such as e1") as caught:
        judged_statements()
    assert caught.value.where == f"{path}, line 2"


def test_statements_that_a_check_covers_agree_with_it():
    found = document_findings()
    by_key = {each.key: each.verdict for each in judged_statements()}

    def verdict(check, **fields):
        (one,) = [f for f in found if f.check == check and all(getattr(f, k) == v for k, v in fields.items())]
        return one.verdict

    assert by_key["e1"] == verdict("text against table", document="002", metrics=("miou",))
    assert by_key["e2"] == verdict("text against table", document="002", metrics=("dice",))
    wrong = [f for f in found if f.check == "text against table" and f.document == "000" and f.verdict != "consistent"]
    assert [f.verdict for f in wrong] == [by_key["e4"]]
    assert by_key["e9"] == verdict("gain over a level", document="004")
    assert by_key["e7"] == verdict("parameters", document="002")
    memory = {f.verdict for f in found if f.check == "memory of a training step" and f.document == "000"}
    assert memory == {"consistent", "inconsistent", "undetermined"}
    assert by_key["f19"] == "undetermined"


def test_voxel_rates_of_document_000_are_impossible_for_its_small_structures():
    voxels = [each for each in document_findings() if each.check == "Dice on voxels"]
    assert Counter(each.verdict for each in voxels) == {"inconsistent": 4}


def test_five_folds_print_both_tables_of_document_000_and_equal_folds_do_not_print_table_1():
    found = [each for each in document_findings() if each.check == "one test set, as means over folds"]
    assert [(each.data, each.reading, each.verdict) for each in found] == [
        ("LIDC-IDRI", "folds", "consistent"),
        ("LIDC-IDRI", "equal folds", "inconsistent"),
        ("BraTS", "folds", "consistent"),
    ]
    for each in (found[0], found[2]):
        assert each.metrics == ("accuracy", "sensitivity", "specificity", "dice")
        make_ups = [[(m.tp + m.fn, m.fp + m.tn) for m in witness.matrices] for witness in each.witness]
        assert make_ups[0] == make_ups[1]
        assert all(p + n == 300 and 17 <= 100 * p / 300 <= 37 for p, n in make_ups[0])
    # Mean Dice of the optimised column over the folds: .9017, .8870, .8793, .8144, .9878, as 2 TP / (2 TP + FN + FP).
    dice = [2 * m.tp / (2 * m.tp + m.fn + m.fp) for m in found[0].witness[1].matrices]
    assert round(sum(dice) / 5, 3) == 0.894
    assert [cell.metric for cell in found[1].conflict] == ["accuracy", "sensitivity", "specificity"] * 2


def test_cells_of_all_documents():
    cells = document_cells()
    counts = Counter(cell.document for cell in cells)
    assert {number: counts[number] for number in ("000", "001", "002")} == {"000": 46, "001": 7, "002": 24}
    assert len(set(cells)) == len(cells)


def test_claims_need_the_standard_library_alone():
    code = (
        "import sys; from reproduce.papers.documents import document_findings;"
        "from reproduce.audit.render import findings_json; findings_json(document_findings());"
        "print({'numpy', 'pandas', 'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_table_of_a_paper_that_is_not_among_the_five():
    """Rows of Table 2 of Scientific Reports 2023, s41598-023-50141-0, on DRIVE, quoted there from their papers."""
    found = audit(read_cells(DOCS / "drive_vessels.csv"))
    dice = {each.models[0]: each for each in found if each.check == "Dice from one confusion matrix"}
    assert {model: each.verdict for model, each in dice.items()} == {
        "U-Net": "consistent",
        "R2U-Net": "consistent",
        "Li et al.": "inconsistent",
    }
    # R2U-Net: p = (.9813 - .9556) / (.9813 - .7792) = .127, the share of vessels within DRIVE's field of view.
    shares = {each.models[0]: each.values[0].interval for each in found if each.check.startswith("accuracy,")}
    assert shares["R2U-Net"].text(3) == "[0.127, 0.128]"
    assert shares["U-Net"].meet(shares["R2U-Net"]) is not None
    # No test set of up to 2000 pixels prints U-Net's row; a larger one does.
    (witness,) = dice["U-Net"].witness
    assert sum(witness.matrices[0].counts) > 2000
    assert all(level.printed_by(witness.matrices[0]) for level in levels_of(dice["U-Net"].cells))
    assert len(dice["U-Net"].cells) == 4
    clashes = [each.models for each in found if each.check == "one test set"]
    assert clashes == [("U-Net", "Li et al."), ("R2U-Net", "Li et al.")]


@pytest.mark.parametrize("number", [1, 2])
def test_example_in_the_documentation_is_sound(tmp_path, number):
    block = (DOCS / "claims_csv.md").read_text(encoding="utf-8").split("```csv\n")[number].split("```")[0]
    path = tmp_path / "example.csv"
    path.write_text(block, encoding="utf-8")
    found = audit(read_cells(path))
    assert {each.verdict for each in found} == {"consistent"}
    if number == 2:
        assert [m.tp + m.fn for m in found[0].witness[0].matrices] == [17, 17, 27, 37, 37]
        equal = path.with_name("equal.csv")
        equal.write_text(block.replace("17;17;27;37;37,83;83;73;63;63", "27,73"), encoding="utf-8")
        assert {each.verdict for each in audit(read_cells(equal))} == {"inconsistent"}


def test_the_documentation_names_every_score():
    text = (DOCS / "claims_csv.md").read_text(encoding="utf-8")
    for score in SCORES:
        assert f"| {score.name} | {', '.join(score.aliases)} | {score.formula} | {score.source} |\n" in text
