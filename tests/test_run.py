"""The command line of a table: exit codes, error texts, and what options override."""

import sys
from dataclasses import replace

import pytest

from reproduce import run
from reproduce.errors import ProtocolError
from reproduce.papers.xue2025 import lidc
from reproduce.run import Options
from reproduce.tasks.segmentation import SEGMENTATION


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


def test_the_script_is_hidden_from_workers_and_comes_back(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "script.py", raising=False)
    with run._script_stays_home():
        assert not hasattr(sys.modules["__main__"], "__file__")
    assert sys.modules["__main__"].__file__ == "script.py"
    with pytest.raises(KeyError), run._script_stays_home():
        raise KeyError
    assert sys.modules["__main__"].__file__ == "script.py"
