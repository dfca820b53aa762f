"""Files are written whole or not at all, and what the system refuses is an error that says what to do."""

import os
import platform
import subprocess
from contextlib import suppress

import pytest

from reproduce.errors import DataNotFoundError, NotWritableError
from reproduce.provenance import require_writable, write_text, written_whole


def test_a_block_that_raises_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old")
    with suppress(KeyError), written_whole(path) as stream:
        stream.write(b"half")
        raise KeyError
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"table.csv": "old"}


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    write_text(path, "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWritableError, match="got No space left on device") as caught:
        write_text(path, "new")
    assert "rerun the command to resume" in str(caught.value)
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"table.csv": "old"}


def test_what_a_killed_process_left_of_a_file_goes_when_it_is_written_again(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / f".table.csv.{platform.node()}.{ended.pid}.tmp").write_text("half")
    (tmp_path / f".table.csv.{platform.node()}.1.tmp").write_text("being written")
    (tmp_path / f".table.csv.elsewhere.{ended.pid}.tmp").write_text("of another machine")
    write_text(tmp_path / "table.csv", "whole")
    left = {f".table.csv.{platform.node()}.1.tmp", f".table.csv.elsewhere.{ended.pid}.tmp", "table.csv"}
    assert {each.name for each in tmp_path.iterdir()} == left


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: (path / "below").mkdir(parents=True)])
def test_a_folder_of_the_files_name_is_an_error_of_ours(tmp_path, make):
    make(tmp_path / "table.csv")
    with pytest.raises(NotWritableError, match="Is a directory"):
        write_text(tmp_path / "table.csv", "new")
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]


def test_a_file_where_a_folder_is_needed_is_found_before_anything_is_computed(tmp_path):
    (tmp_path / "results").write_text("a file")
    with pytest.raises(NotWritableError, match="Not a directory"):
        require_writable(tmp_path / "results" / "table1_lidc" / "phantom-cpu")


def test_a_named_pipe_in_the_way_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "results")
    with pytest.raises(NotWritableError, match="Not a directory"):
        require_writable(tmp_path / "results" / "table1_lidc")


def test_what_can_be_written_is_not_made_by_looking(tmp_path):
    require_writable(tmp_path / "results" / "table1_lidc")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_found_before_anything_is_computed(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(NotWritableError, match="Permission denied"):
        require_writable(tmp_path / "results")


def test_what_the_block_finds_wrong_keeps_its_own_error(tmp_path):
    with pytest.raises(DataNotFoundError), written_whole(tmp_path / "table.csv"):
        raise DataNotFoundError(expected="a scan", got="nothing there", where="scan", do="check the path")
