import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from reproduce.audit.audit import audit
from reproduce.audit.printed import read_cells
from reproduce.errors import ClaimsError
from reproduce.papers import documents
from reproduce.papers.cells import DOCUMENTS
from reproduce.papers.documents import document_cells, document_findings, judged_statements

DOCS = Path(__file__).parents[2] / "docs"
PAPERS = Path(documents.__file__).parent


def test_every_item_of_the_audit_is_a_statement():
    keys = [each.key for each in judged_statements()]
    assert len(keys) == len(set(keys))
    assert {f"e{n}" for n in range(1, 17)} | {f"f{n}" for n in range(1, 20)} <= set(keys)


def test_a_statement_stands_in_the_room_of_its_first_document():
    for number, room in DOCUMENTS.items():
        with (PAPERS / room / "statements.csv").open(encoding="utf-8", newline="") as file:
            assert {row["document"][:3] for row in csv.DictReader(file)} == {number}


@pytest.mark.parametrize(("good", "broken"), [("e9,", "h9,"), (",inconsistent", ",wrong"), (",arithmetic,", ",,")])
def test_a_broken_statement_is_refused_with_its_file_and_line(tmp_path, monkeypatch, good, broken):
    for room in DOCUMENTS.values():
        (tmp_path / room).mkdir()
        (tmp_path / room / "statements.csv").write_bytes((PAPERS / room / "statements.csv").read_bytes())
    path = tmp_path / "ai_radiology2024" / "statements.csv"
    path.write_text(path.read_text().replace(good, broken, 1))
    monkeypatch.setattr(documents, "__file__", str(tmp_path / "documents.py"))
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


def test_cells_of_all_documents():
    cells = document_cells()
    assert Counter(cell.document for cell in cells) == {"000": 46, "001": 7, "002": 24}
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
    clashes = [each.models for each in found if each.check == "one test set"]
    assert clashes == [("U-Net", "Li et al."), ("R2U-Net", "Li et al.")]


def test_example_in_the_documentation_is_sound(tmp_path):
    block = (DOCS / "claims_csv.md").read_text(encoding="utf-8").split("```csv\n")[1].split("```")[0]
    path = tmp_path / "example.csv"
    path.write_text(block, encoding="utf-8")
    assert {each.verdict for each in audit(read_cells(path))} == {"consistent"}
