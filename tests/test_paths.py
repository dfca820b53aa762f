"""Where things lie, and what is said of a folder that is not there."""

from pathlib import Path

import pytest

from reproduce.errors import ArgumentError, DataNotFoundError
from reproduce.paths import CACHE_VARIABLE, DATA_VARIABLE, cache_dir, data_root, existing_folder, path_below


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


def test_the_cache_lies_in_the_project_unless_the_variable_says_otherwise(tmp_path, monkeypatch):
    assert cache_dir(tmp_path) == tmp_path / "data"
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "elsewhere"))
    assert cache_dir(tmp_path) == tmp_path / "elsewhere"


@pytest.mark.parametrize("variable", [CACHE_VARIABLE, DATA_VARIABLE])
def test_an_empty_variable_is_none(variable, tmp_path, monkeypatch):
    monkeypatch.setenv(variable, "")
    assert cache_dir(tmp_path) == tmp_path / "data"
    assert data_root(None) is None


def test_the_cache_is_absolute_and_need_not_exist(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cache_dir(Path("project")) == tmp_path / "project" / "data"


def test_the_argument_goes_before_the_variable(tmp_path, monkeypatch):
    for name in ("argument", "variable"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "variable"))
    assert data_root(None) == tmp_path / "variable"
    assert data_root(tmp_path / "argument") == tmp_path / "argument"


def test_each_thing_that_is_no_folder_of_data_is_named(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    for name, got in [("absent", "nothing there"), ("file", "a file"), ("empty", "an empty folder")]:
        with pytest.raises(DataNotFoundError, match="the data set in its own layout") as caught:
            data_root(tmp_path / name)
        assert caught.value.got == got
        assert caught.value.where == str(tmp_path / name)
        assert "phantom cohort" in caught.value.do


def test_a_variable_that_names_no_folder_is_an_error_not_a_phantom(monkeypatch, tmp_path):
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(DataNotFoundError):
        data_root(None)


def test_a_folder_with_content_is_made_absolute(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / ".hidden").touch()
    monkeypatch.chdir(tmp_path)
    assert existing_folder(Path("here"), holding="anything") == tmp_path / "here"


LEADING_OUT = [
    "../a",
    "a/../../b",
    "/a",
    "a//b",
    "",
    ".",
    "..",
    "a/",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "\udcff",
    "x" * 300,
]


@pytest.mark.parametrize("name", LEADING_OUT, ids=ascii)
def test_a_name_that_leads_out_of_a_folder_is_refused(tmp_path, name):
    with pytest.raises(ArgumentError, match="a name that a file below a folder can have"):
        path_below(tmp_path, name)


@pytest.mark.parametrize("name", ["a", "a.nii.gz", "deep/er/b", "..a", "Größe 山", "1.2.840.1"])
def test_a_name_that_stays_below_a_folder_is_taken(tmp_path, name):
    assert path_below(tmp_path / "none yet", name) == tmp_path / "none yet" / name


def test_a_link_that_leads_out_of_a_folder_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    with pytest.raises(ArgumentError, match="a path below"):
        path_below(tmp_path / "in", "link/a")
