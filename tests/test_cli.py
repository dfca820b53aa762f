import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reproduce import cli
from reproduce.provenance import write_json

PROJECT = Path(__file__).parents[1]
HEADER = "document,place,model,data,metric,unit,value"
ROW = "Doe 2024,Table 2,U-Net,ISIC,dice,%,86.4"


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs the command line in this process, in a wide terminal: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "160")

    def command(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        return (stopped.value.code or 0, *capsys.readouterr())

    return command


@pytest.fixture
def results(tmp_path):
    """One table with one cell, printed 90.0 with a tolerance of 2 points."""

    def write(ours, verdict, *, source="real", profile="paper", changed=()):
        folder = tmp_path / "results" / "table9" / f"{source}-{profile}"
        folder.mkdir(parents=True)
        (folder.parent / "published.csv").write_text("model,metric,unit,value\nm,dice,%,90.0\n")
        (folder / "reproduced.csv").write_text(f"model,metric,unit,value\nm,dice,%,{ours}\n")
        row = f"m,dice,pixel,pooled,10,{ours},{ours},{ours},90.0,{float(ours) - 90},{verdict}\n"
        (folder / "table.csv").write_text(
            f"model,metric,level,average,n,value,ci_low,ci_high,published,delta,verdict\n{row}"
        )
        plan = {"title": "A table", "readings": [{"metric": "dice", "tolerance": 2.0}]}
        changes = [{"field": field, "paper": 1, "here": 2} for field in changed]
        whole = {"kind": "segmentation", "document": "000", "title": "A table", "source": source, "profile": profile}
        whole |= {"changed_from_paper": changes, "protocol": plan}
        write_json(folder / "protocol.json", whole)
        return tmp_path / "results"

    return write


def test_diff_within_is_0(run, results):
    code, out, err = run("diff", "--results", results("91.0", "within"))
    assert (code, err) == (0, "")
    assert "table9/real-paper: 1 within" in out
    assert "+1.0 against a tolerance of 2.0 points" in out


def test_diff_outside_is_1(run, results):
    code, out, _ = run("diff", "table9", "--results", results("95.0", "outside"))
    assert code == 1
    assert "1 outside" in out


def test_diff_of_a_phantom_is_2_however_near(run, results):
    folder = results("90.0", "not comparable", source="phantom", profile="cpu", changed=["size: 512 -> 96"])
    code, out, err = run("diff", "--results", folder, "--format", "json")
    assert (code, err) == (2, "")
    (found,) = json.loads(out)
    assert found["cells"][0]["verdict"] == "not comparable"
    assert found["caveats"] == ["phantom", "cpu profile"]


def test_diff_of_a_reduced_profile_on_real_data_is_2(run, results):
    assert run("diff", "--results", results("90.0", "not comparable", profile="cpu", changed=["x"]))[0] == 2


def test_diff_of_an_unknown_table_is_2_with_one_text(run, results):
    code, out, err = run("diff", "table7", "--results", results("91.0", "within"))
    assert (code, out) == (2, "")
    assert err.startswith("ResultsError: expected a table that has been run, got 'table7'\n")
    assert "table9" in err


def test_diff_of_a_broken_file_is_2(run, results):
    folder = results("91.0", "within")
    next(folder.glob("*/*/table.csv")).write_text("nonsense\n")
    code, out, err = run("diff", "--results", folder)
    assert (code, out) == (2, "")
    assert "table.csv" in err


def test_diff_as_markdown(run, results):
    code, out, _ = run("diff", "--format", "md", "--results", results("91.0", "within"))
    assert code == 0
    assert "| m | dice (%) | pixel, pooled | 90.0 | 91.0 |" in out


def loaded_after(*arguments):
    """Which of the slow libraries the command has loaded, in a process of its own."""
    slow = "{'tensorflow', 'keras', 'pandas', 'matplotlib', 'scipy', 'numpy', 'jinja2'}"
    script = f"""
import sys
from reproduce import cli
try:
    cli.main({[str(argument) for argument in arguments]!r})
except SystemExit:
    print(" ".join(sorted({slow} & set(sys.modules))))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=PROJECT)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", [("diff",), ("audit",)])
def test_answer_needs_neither_tensorflow_nor_keras_nor_any_other_slow_library(command):
    assert loaded_after(*command) == set()


@pytest.mark.slow
def test_figures_need_neither_tensorflow_nor_keras(tmp_path):
    loaded = loaded_after("figures", "census_lidc", "--figures", tmp_path)
    assert "matplotlib" in loaded
    assert not {"tensorflow", "keras"} & loaded
    assert len(list(tmp_path.rglob("*.png"))) == 3


BLOCKED = """
import sys
for name in ("tensorflow", "keras", "tensorflow_datasets"):
    sys.modules[name] = None  # whoever imports it now gets an ImportError
from reproduce import cli
cli.main(["figures", "table1_lidc", "--figures", sys.argv[1]])
"""


@pytest.mark.slow
def test_figures_are_drawn_where_tensorflow_and_keras_cannot_be_imported(tmp_path):
    command = [sys.executable, "-c", BLOCKED, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    assert done.returncode == 0, done.stderr
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.svg")}
    assert {f"document000/figure{i}.svg" for i in (1, 2, 3)} < found
    assert set(done.stdout.split()) == {str(path) for path in tmp_path.rglob("*.*")}


def test_diff_of_the_committed_results(run, monkeypatch):
    monkeypatch.chdir(PROJECT)
    code, out, err = run("diff", "census_lidc")
    assert (code, err) == (0, "")
    assert "4 within" in out


def test_report_of_the_committed_results_is_small(run, tmp_path, monkeypatch):
    monkeypatch.chdir(PROJECT)
    code, out, err = run("report", "--output", tmp_path / "report.html", "--papers", "docs/drive_vessels.csv")
    assert (code, err) == (0, "")
    assert out.startswith(f"{tmp_path / 'report.html'} (")
    assert (tmp_path / "report.html").stat().st_size < 5_000_000
    assert "drive_vessels.csv" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_report_needs_neither_tensorflow_nor_keras(results, tmp_path):
    loaded = loaded_after("report", "--results", results("91.0", "within"), "--output", tmp_path / "report.html")
    assert "jinja2" in loaded
    assert not {"tensorflow", "keras"} & loaded


def test_report_of_nothing_is_2(run, tmp_path):
    code, out, err = run("report", "--results", tmp_path / "none", "--output", tmp_path / "report.html")
    assert (code, out) == (2, "")
    assert err.startswith("ResultsError: expected a folder of results")
    assert not (tmp_path / "report.html").exists()


def test_audit_of_the_five_documents(run):
    code, out, _ = run("audit")
    assert code == 0
    assert "prevalence of the two columns disjoint" in out.lower().replace("\n      ", " ")
    code, out, _ = run("audit", "--format", "json")
    assert code == 0
    assert {"000", "002", "004"} <= {each["document"] for each in json.loads(out)}


def test_audit_of_a_table_of_another_paper(run):
    code, out, _ = run("audit", PROJECT / "docs" / "drive_vessels.csv", "--format", "md")
    assert code == 0
    assert out.startswith("## Document ")
    assert "**inconsistent**" in out


BROKEN = {
    "empty file": ("", "expected a header line, got an empty file"),
    "header alone": (HEADER, "expected at least one row below the header, got none"),
    "column missing": (HEADER.replace(",unit", ""), "got column missing: unit"),
    "semicolons": (HEADER.replace(",", ";"), "expected fields separated by commas"),
    "decimal comma": (f"{HEADER}\n{ROW[:-4]}86,4", "expected 7 fields, got 8 fields"),
    "spread in the value": (f"{HEADER}\n{ROW} +- 0.3", "got '86.4 +- 0.3'"),
    "wrong unit": (f"{HEADER}\n{ROW.replace('%', 'ratio')}", "expected 0 to 1 for the unit ratio, got 86.4"),
    "unknown metric": (f"{HEADER}\n{ROW.replace('dice', 'DSK')}", "got 'DSK'"),
    "cell twice": (f"{HEADER}\n{ROW}\n{ROW}", "got the cell of line 2 again"),
    "quotation left open": (f'{HEADER}\n"{ROW}', "expected well-formed CSV"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_audit_of_a_broken_csv_is_2_with_one_text(run, tmp_path, case):
    text, message = BROKEN[case]
    path = tmp_path / "my_paper.csv"
    path.write_text(text)
    code, out, err = run("audit", path)
    assert (code, out) == (2, "")
    assert err.startswith("ClaimsError: ")
    assert message in err
    assert "my_paper.csv" in err
    assert "\n  do:    " in err
    assert "Traceback" not in err


def test_reader_that_stops_early_is_no_error():
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    command = f"{sys.executable} -c 'from reproduce.cli import main; main([\"audit\"])' | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False, env=environment
    )
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


def test_help_names_every_subcommand_and_wrong_ones_fail(run):
    code, out, _ = run("--help")
    assert code == 0
    assert {"audit", "diff", "figures", "report"} <= set(re.findall(r"\w+", out))
    assert run("nonsense")[0] == 2
