"""Damaged results: `diff` and `report` end with one error and exit code 2, never with another library's traceback."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from reproduce import cli
from reproduce.errors import ReproduceError
from reproduce.report import report

PROJECT = Path(__file__).parents[1]
RUNS = ("table1_lidc/phantom-cpu", "pneumonia_cnn/pneumoniamnist-cpu", "table2_of_001/pneumoniamnist-cpu")
N = 50  # a run; each is one draw of a file and of what happens to it


def flipped(content, rng):
    for i in rng.integers(0, len(content), rng.choice([1, 1, 8])):
        content[i] ^= 1 << rng.integers(8)
    return content


def cut(content, rng):
    return content[: rng.integers(0, len(content))]


def without_line(content, rng):
    lines = bytes(content).splitlines(keepends=True)
    del lines[rng.integers(len(lines))]
    return b"".join(lines)


def with_junk(content, rng):
    at = rng.integers(0, len(content))
    return content[:at] + rng.integers(0, 256, 16, dtype=np.uint8).tobytes() + content[at:]


def other_value(content, rng):
    """One value of a JSON file, at any depth, deleted or of another type; of any other file one field."""
    try:
        whole = json.loads(content)
    except ValueError:
        fields = bytes(content).split(b",")
        fields[rng.integers(len(fields))] = [b"", b"x", b"-1", b"1e999", b"nan", b'"'][rng.integers(6)]
        return b",".join(fields)
    holder, key = [], None
    inner = whole
    while isinstance(inner, dict | list) and inner and (not holder or rng.random() < 0.8):
        holder, key = (
            inner,
            list(inner)[rng.integers(len(inner))] if isinstance(inner, dict) else rng.integers(len(inner)),
        )
        inner = inner[key]
    other = [None, 1, "x", [], {}, [[]], True][rng.integers(7)]
    if rng.random() < 0.3:
        del holder[key]
    else:
        holder[key] = other
    return json.dumps(whole).encode()


KINDS = (flipped, cut, without_line, with_junk, other_value, other_value)


def damaged(folder, rng):
    """Damage one file of a results folder; what was done."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md")
    path = paths[rng.integers(len(paths))]
    if rng.random() < 0.05:
        path.unlink()
        return f"{path.name} deleted"
    kind = KINDS[rng.integers(len(KINDS))]
    path.write_bytes(kind(bytearray(path.read_bytes()), rng))
    return f"{path.name} {kind.__name__}"


@pytest.fixture(scope="module")
def fragments():
    """What the report says of printed numbers, which no results folder changes, made once."""
    return report.audit_sections(())


def escaped(action):
    """What an action raises that is no error of this package; None where it ends as it should."""
    try:
        action()
    except (ReproduceError, SystemExit):
        return None
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:120]
    return None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # numpy drops the file of a broken .npz
@pytest.mark.parametrize("run", RUNS)
def test_no_damage_ends_in_a_traceback(run, tmp_path, monkeypatch, capsys, fragments):
    monkeypatch.setattr(report, "audit_sections", lambda papers: fragments)
    table, name = run.split("/")
    found, refused = {}, 0
    for seed in range(N):
        results = tmp_path / str(seed) / "results"
        shutil.copytree(PROJECT / "results" / table / name, results / table / name)
        printed = PROJECT / "results" / table / "published.csv"
        if printed.exists():
            shutil.copy(printed, results / table)
        what = damaged(results, np.random.default_rng(seed))
        codes = []
        monkeypatch.setattr(cli.sys, "exit", codes.append)
        diff = None
        try:
            cli.main(["diff", "--results", str(results)])
        except Exception as error:
            diff = f"{type(error).__name__}: {error}"[:120]
        out = tmp_path / "report.html"
        is_refused = codes == [2] and "Error: " in capsys.readouterr().err
        page = None
        if not is_refused:  # else the report meets the same file
            page = escaped(lambda results=results, out=out: report.write_report(results, results, out, papers=()))
        refused += is_refused
        if diff or page:
            found[f"{seed}, {what}"] = diff or page
        assert diff or codes in ([0], [1], [2])
        shutil.rmtree(results)
    assert refused > N / 4, "most damage changes nothing: the test tests nothing"
    assert found == {}


def test_figures_of_damaged_results_end_with_one_error(tmp_path, capsys):
    shutil.copytree(PROJECT / "results" / RUNS[0], tmp_path / "results" / RUNS[0])
    (tmp_path / "results" / RUNS[0] / "history.csv").write_text("x\n1\n")
    with pytest.raises(SystemExit) as ended:
        cli.main(["figures", "--results", str(tmp_path / "results"), "--figures", str(tmp_path / "figures")])
    assert ended.value.code == 2
    assert "files as a run writes them" in capsys.readouterr().err
