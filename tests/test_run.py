"""The command line of a table: exit codes, error texts, and what options override."""

import io
import json
import sys
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest
from rich.console import Console

from reproduce import run
from reproduce.errors import ProtocolError
from reproduce.options import options_given, whole_of
from reproduce.papers.decathlon import table as hippocampus
from reproduce.papers.xue2025 import lidc
from reproduce.papers.zheng2024.protocol import VALIDATION as DIVIDED_ONCE
from reproduce.protocol.text import changes, decisions
from reproduce.provenance import write_json
from reproduce.rerun import CODE, code_record
from reproduce.results.protocol_record import protocol_record
from reproduce.run import Options
from reproduce.tasks.segmentation import SEGMENTATION
from reproduce.tasks.task import Page, Task


@pytest.fixture
def table():
    """The protocols of Table 1."""
    return lidc


@pytest.fixture
def command(table, monkeypatch, tmp_path, capsys):
    """Runs the table's command line with a cache of its own; returns exit code and what it said on stderr."""
    monkeypatch.setenv("REPRODUCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("REPRODUCE_DATA", raising=False)
    profiles = {"paper": table.PAPER, "cpu": table.CPU, "smoke": table.SMOKE}

    def call(*arguments):
        code = 0
        try:
            run.main(profiles, SEGMENTATION, script=str(tmp_path / "experiments" / "table.py"), arguments=arguments)
        except SystemExit as caught:
            code = caught.code
        return code, capsys.readouterr().err

    return call


def test_a_folder_that_is_not_there(command, tmp_path):
    code, text = command("--profile", "smoke", "--data-root", str(tmp_path / "absent"))
    assert code == 2
    assert "DataNotFoundError: expected a folder with the data set in its own layout, got nothing there" in text
    assert "absent" in text
    assert "do:    check the path, or leave it out to run on the phantom cohort" in text


def test_an_empty_folder(command, tmp_path):
    (tmp_path / "empty").mkdir()
    code, text = command("--profile", "smoke", "--data-root", str(tmp_path / "empty"))
    assert code == 2
    assert "got an empty folder" in text


def test_a_folder_without_the_data_set(command, tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "notes.txt").touch()
    code, text = command("--profile", "smoke", "--data-root", str(tmp_path / "root"))
    assert code == 2
    assert "DataNotFoundError: expected CT series of LIDC-IDRI, got no CT" in text


def test_more_folds_than_patients(command, phantom_root):
    code, text = command("--profile", "smoke", "--data-root", str(phantom_root), "--folds", "4")
    assert code == 2
    assert "CohortError: expected at least 4 patients for 4 folds, got 3" in text


@pytest.mark.parametrize("option", ["--folds=1", "--folds=0", "--seeds=0", "--workers=0"])
def test_too_few_of_something_is_said_before_anything_is_made(command, tmp_path, option):
    code, text = command("--profile", "smoke", option)
    assert code == 2
    assert "ProtocolError: expected" in text
    assert option.replace("=", " ") in text
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("arguments", [("--profile", "quick"), ("--fold", "x"), ("surplus",)])
def test_a_misspelt_option_is_refused_with_the_choices(command, arguments):
    code, _ = command(*arguments)
    assert code == 2


def test_help_is_no_error(command):
    assert command("--help")[0] == 0


def test_ctrl_c_says_what_is_kept_and_leaves_with_130(command, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run_table", stopped)
    code, text = command("--profile", "smoke")
    assert code == 130
    assert "Finished work is kept" in text


def test_a_defect_of_ours_is_not_taken_for_an_error_of_the_user(table, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(run, "run_table", broken)
    with pytest.raises(ZeroDivisionError):
        run.main({"paper": table.PAPER}, SEGMENTATION, script=__file__, arguments=[])


@pytest.mark.slow
def test_a_dry_run_says_the_cost_and_writes_no_results(command, phantom_root, tmp_path):
    code, text = command("--profile", "smoke", "--data-root", str(phantom_root), "--dry-run", "--card", "RTX 3090")
    assert code == 0
    assert "optimised_cnn" in text
    assert "6,917" in text
    assert "nothing is trained, no results are written" in text
    assert not list(tmp_path.rglob("results"))
    assert not list(tmp_path.rglob("runs"))


def test_a_card_is_for_a_dry_run(command):
    code, text = command("--profile", "smoke", "--card", "RTX 3090")
    assert code == 2
    assert "expected --card beside --dry-run" in text


def test_options_override_the_protocol_and_nothing_else(table):
    changed = run.overridden(table.PAPER, Options(folds=2, seeds=1))
    expected = table.PAPER.validation.changed("command line: --folds 2", n_folds=2)
    expected = expected.changed("command line: --seeds 1", seeds=(1,))
    assert changed == replace(table.PAPER, validation=expected)
    assert run.overridden(table.PAPER, Options()) == table.PAPER


def test_seeds_are_counted_from_the_first(table):
    assert run.overridden(table.PAPER, Options(seeds=5)).validation.seeds == (1, 2, 3, 4, 5)
    with pytest.raises(ProtocolError):
        run.overridden(table.PAPER, Options(seeds=-1))


def test_a_part_of_a_table_says_so_and_leaves_out_what_needs_the_rest(table):
    part = run.overridden(table.PAPER, Options(only="optimised_cnn", fold=2, epochs=7))
    assert [arm.name for arm in part.arms] == ["optimised_cnn"]
    assert part.statements == ()
    assert part.title.endswith(
        "[a part of it: only optimised_cnn, fold 2, epochs 7; statements that need another model are left out]"
    )
    assert part.optimisation == table.PAPER.optimisation.changed("command line: --epochs 7", max_epochs=7)
    changed = {change.field: change.here for change in changes(whole_of(table.PAPER, part), part)}
    assert changed == {"optimisation.max_epochs": 7, "validation.fold": 2}
    assert ("validation.fold", "2", "command line: --fold 2") in decisions(part)


def test_epochs_hold_for_arms_with_an_optimisation_of_their_own():
    part = run.overridden(hippocampus.CPU, Options(epochs=3))
    assert {part.optimisation_of(arm).max_epochs for arm in part.arms} == {3}
    assert len({id(part.optimisation_of(arm)) for arm in part.arms}) > 1
    assert part.statements == hippocampus.CPU.statements


@pytest.mark.parametrize(
    ("options", "there"),
    [
        (("--only", "resnet"), "a model of table1_lidc: unoptimised_cnn, optimised_cnn, got --only 'resnet'"),
        (("--fold", "2"), "a fold of table1_lidc: 0, 1, got --fold 2"),
        (("--fold", "-1"), "a fold of table1_lidc: 0, 1, got --fold -1"),
        (("--epochs", "0"), "an epoch or more, got --epochs 0"),
    ],
)
def test_a_part_that_is_not_there_is_refused_with_what_there_is(command, tmp_path, options, there):
    code, text = command("--profile", "smoke", *options)
    assert code == 2
    assert f"ProtocolError: expected {there}" in text
    assert not (tmp_path / "cache").exists()


def test_one_division_has_no_folds_and_a_table_of_properties_no_parts(table):
    with pytest.raises(ProtocolError, match="which divides them once"):
        run.overridden(replace(table.PAPER, validation=DIVIDED_ONCE), Options(fold=0))
    with pytest.raises(
        ProtocolError, match="leave --folds, --seeds, --official-split, --only, --fold and --epochs out"
    ):
        run.overridden(SimpleNamespace(table="table1_of_001"), Options(only="relu"))


def test_options_of_a_run_are_read_back_from_its_protocol(table):
    changed = run.overridden(table.PAPER, Options(folds=2, seeds=1, epochs=3))
    plan = protocol_record("segmentation", changed, table.PAPER, source="phantom")
    assert sorted(options_given(plan)) == ["--epochs", "--folds", "--seeds", "1", "2", "3"]
    assert "--seeds" not in options_given(plan, but="--seeds")


@dataclass(frozen=True)
class Toy:
    """A table that measures nothing."""

    profile: str
    table: str = "toy"
    title: str = "A toy"
    source: str = "none"


@pytest.fixture
def run_toy(tmp_path, monkeypatch):
    """Runs a table that measures nothing, by a script of two lines; returns its folder."""
    monkeypatch.setenv("REPRODUCE_CACHE", str(tmp_path / "cache"))
    script = tmp_path / "experiments" / "toy_of_run.py"
    script.parent.mkdir()
    script.write_text("from reproduce.metrics.overlap import dice\n\nPROFILES = dice\n")

    def measure(experiment, context):
        context.folder.mkdir(parents=True, exist_ok=True)
        return {"measured": True}

    def write(experiment, whole, context, claims):
        about = {"kind": "toy", "document": "none", "source": "none", "profile": experiment.profile}
        write_json(context.folder / "protocol.json", {**about, "changed_from_paper": []})
        return Page("nothing to say")

    def call(**options):
        profiles, task = {name: Toy(name) for name in ("cpu", "smoke")}, Task("toy", measure, write, needs_data=False)
        return run.run_table(profiles, task, Options(**options), script=script, console=Console(file=io.StringIO()))

    return call


def test_a_whole_run_says_by_which_code_it_was_made_and_pages_leave_it(run_toy, tmp_path):
    folder = run_toy(profile="cpu")
    assert folder == tmp_path / "results" / "toy" / "none-cpu"
    made = json.loads((folder / CODE).read_text())
    assert made == code_record(tmp_path / "experiments" / "toy_of_run.py")
    assert "numpy" in made["libraries"]
    (folder / CODE).write_text('{"code": "of the numbers"}')
    run_toy(profile="cpu", pages=True)
    assert json.loads((folder / CODE).read_text()) == {"code": "of the numbers"}
    run_toy(profile="cpu")
    assert json.loads((folder / CODE).read_text()) == made


def test_a_smoke_run_is_no_table_and_has_no_code(run_toy, tmp_path):
    folder = run_toy(profile="smoke")
    assert folder.is_relative_to(tmp_path / "cache" / "smoke")
    assert not (folder / CODE).exists()


def test_the_script_is_hidden_from_workers_and_comes_back(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "script.py", raising=False)
    with run._script_stays_home():
        assert not hasattr(sys.modules["__main__"], "__file__")
    assert sys.modules["__main__"].__file__ == "script.py"
    with pytest.raises(KeyError), run._script_stays_home():
        raise KeyError
    assert sys.modules["__main__"].__file__ == "script.py"
