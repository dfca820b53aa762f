"""Digests, writes that are whole or not at all, and what a result was made from."""

import hashlib
import json
import os
import re
import subprocess

import pytest

from reproduce import provenance
from reproduce.errors import DataNotFoundError
from reproduce.provenance import file_digest, tree_digest, write_bytes, write_json, write_text


def test_text_is_written_as_it_is_and_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "file.txt"
    write_text(path, "é\r\nline\n")
    assert path.read_bytes() == b"\xc3\xa9\r\nline\n"


def test_json_has_sorted_keys_and_a_last_newline(tmp_path):
    write_json(tmp_path / "x.json", {"b": [1, 2.5], "a": "é"})
    assert (tmp_path / "x.json").read_text() == '{\n  "a": "é",\n  "b": [\n    1,\n    2.5\n  ]\n}\n'


def test_json_refuses_what_is_not_json_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, 1)
    with pytest.raises(ValueError, match="Out of range float values"):
        write_json(path, float("nan"))
    assert path.read_text() == "1\n"


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="disk full"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"


def test_nothing_is_left_beside_a_file_that_was_written(tmp_path):
    write_bytes(tmp_path / "file", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_files_digest_is_its_sha256(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert file_digest(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    (root / "inner").mkdir(parents=True)
    (root / "a").write_text("1")
    (root / "inner" / "b").write_text("2")
    return root


def digest(root, tmp_path):
    return tree_digest(root, memo=tmp_path / "memo.json")


def test_a_trees_digest_is_over_names_and_contents(tree, tmp_path):
    lines = "".join(f"{name}\0{hashlib.sha256(text).hexdigest()}\n" for name, text in [("a", b"1"), ("inner/b", b"2")])
    assert digest(tree, tmp_path) == hashlib.sha256(lines.encode()).hexdigest()


def test_an_empty_tree_has_a_digest(tmp_path):
    (tmp_path / "empty").mkdir()
    assert digest(tmp_path / "empty", tmp_path) == hashlib.sha256(b"").hexdigest()


def test_links_are_followed_and_have_the_digest_of_what_they_stand_for(tree, tmp_path):
    (tree / "inner" / "deep").mkdir()
    (tree / "inner" / "deep" / "c").write_text("3")
    before = digest(tree, tmp_path)
    (tmp_path / "root").symlink_to(tree)
    assert digest(tmp_path / "root", tmp_path) == before
    (tree / "inner").rename(tmp_path / "elsewhere")
    (tree / "inner").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "deep").rename(tmp_path / "deep")
    (tmp_path / "elsewhere" / "deep").symlink_to(tmp_path / "deep")
    assert digest(tree, tmp_path) == before
    (tmp_path / "deep" / "c").write_text("33")
    assert digest(tree, tmp_path) != before


def test_links_to_folders_that_they_lie_in_are_passed_over(tree, tmp_path):
    before = digest(tree, tmp_path)
    (tree / "up").symlink_to(tree)
    (tree / "inner" / "up").symlink_to(tree / "inner")
    (tree / "inner" / "top").symlink_to(tmp_path)
    assert digest(tree, tmp_path) == before
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "two").symlink_to(tmp_path / "two")
    (tmp_path / "two" / "one").symlink_to(tmp_path / "one")
    (tree / "one").symlink_to(tmp_path / "one")
    (tmp_path / "two" / "d").write_text("4")
    assert digest(tree, tmp_path) != before


def test_a_folder_that_cannot_be_listed_is_refused_and_not_named(tree, tmp_path, unlisted):
    unlisted(tree / "inner")
    with pytest.raises(DataNotFoundError, match="a folder that can be listed, got Permission denied") as error:
        digest(tree, tmp_path)
    assert error.value.where.startswith("path-")


@pytest.mark.parametrize("change", ["content", "same size", "name", "new", "gone", "hidden"])
def test_every_change_of_a_tree_changes_its_digest_in_spite_of_the_memo(change, tree, tmp_path):
    before = digest(tree, tmp_path)
    if change == "content":
        (tree / "a").write_text("11")
    elif change == "same size":
        (tree / "a").write_text("9")
        later = (tree / "a").stat().st_mtime_ns + 1
        os.utime(tree / "a", ns=(later, later))
    elif change == "name":
        (tree / "a").rename(tree / "c")
    elif change == "new":
        (tree / "c").touch()
    elif change == "gone":
        (tree / "a").unlink()
    else:
        (tree / ".hidden").touch()
    assert digest(tree, tmp_path) != before


def test_a_tree_that_moved_has_the_same_digest(tree, tmp_path):
    before = digest(tree, tmp_path)
    assert digest(tree.rename(tmp_path / "moved"), tmp_path) == before


def test_the_memo_spares_reading_what_did_not_change(tree, tmp_path, monkeypatch):
    before, read = digest(tree, tmp_path), []
    monkeypatch.setattr(provenance, "file_digest", lambda path: read.append(path.name) or file_digest(path))
    assert digest(tree, tmp_path) == before
    assert read == []
    (tree / "a").write_text("longer")
    digest(tree, tmp_path)
    assert read == ["a"]


def test_one_memo_serves_several_trees(tree, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "a").write_text("x")
    first = digest(tree, tmp_path), digest(other, tmp_path)
    assert first == (digest(tree, tmp_path), digest(other, tmp_path))
    assert len(json.loads((tmp_path / "memo.json").read_text())) == 3


def test_a_memo_of_plain_paths_is_cleared_of_them(tree, tmp_path):
    before = digest(tree, tmp_path)
    memo = tmp_path / "memo.json"
    known = json.loads(memo.read_text())
    memo.write_text(json.dumps({**known, str(tree / "Mueller, Hans"): [1, 2, "x"]}))
    assert digest(tree, tmp_path) == before
    assert json.loads(memo.read_text()) == known


def test_versions_name_what_is_installed_and_leave_out_what_is_not(monkeypatch):
    monkeypatch.setattr(provenance, "_PACKAGES", ("numpy", "no-such-package"))
    found = provenance.versions()
    assert set(found) == {"python", "numpy"}


def test_the_commit_is_forty_digits_in_a_checkout_and_unknown_outside(monkeypatch, tmp_path):
    assert re.fullmatch(r"([0-9a-f]{40})(-dirty)?|unknown", provenance.commit())
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    assert provenance.commit() == "unknown"


def test_a_changed_file_makes_the_commit_dirty(monkeypatch, tmp_path):
    def git(*arguments):
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    (tmp_path / "file").write_text("1")
    git("init", "-q")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    assert re.fullmatch(r"[0-9a-f]{40}", provenance.commit())
    (tmp_path / "file").write_text("2")
    assert provenance.commit().endswith("-dirty")


def test_memory_is_that_of_this_process_in_mebibytes():
    block = bytearray(64 << 20)
    block[::4096] = b"x" * len(block[::4096])
    assert 64 < provenance.peak_memory_mib()["self"] < 1 << 20


def test_the_processor_has_a_name():
    assert provenance.processor()
