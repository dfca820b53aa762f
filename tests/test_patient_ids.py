"""Public names as they are, keyed hashes for all others, and the private table that leads back."""

import csv
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reproduce import patient_ids
from reproduce.errors import ArgumentError, CohortError
from reproduce.patient_ids import hidden_names, hide_below, hide_names, path_id, patient_id, private_folder, scan_id

TCIA = "1.3.6.1.4.1.14519.5.2.1.6279.6001.179049373636438705059720603192"
PUBLIC = (
    *(
        "LIDC-IDRI-0001",
        "LCTSC-Train-S1-001",
        "LCTSC-Test-S3-204",
        "LUNG1-001",
        "PHANTOM-0001",
        "BraTS-PHANTOM-0040",
        "hippocampus_PHANTOM0001",
    ),
    *("BraTS-GLI-00005-000", "BraTS-GLI-00005", "BraTS20_Training_001", "BraTS2021_00001", "Brats18_TCIA01_131_1"),
    *("BRATS_001", "TCGA-FG-6692", "pat0006", "BRATS2013-pat0006", "hippocampus_001", "liver_010"),
)
PRIVATE = (
    "Mueller^Hans",
    "0012345",
    "LIDC-IDRI-00011",
    "xLIDC-IDRI-0001",
    "LIDC-IDRI-0001\n",
    "P1",
    "case_001",
    "Müller",
)


@pytest.fixture(autouse=True)
def private(monkeypatch, tmp_path):
    folder = tmp_path / "private"
    monkeypatch.setattr(patient_ids, "private_folder", lambda: folder)
    patient_ids._remember.cache_clear()
    yield folder
    patient_ids._remember.cache_clear()


def test_names_of_public_data_sets_stay_and_make_no_key(private, tmp_path):
    assert [patient_id(name, folder=tmp_path) for name in ("", *PUBLIC)] == ["", *PUBLIC]
    assert scan_id(TCIA, patient="", folder=tmp_path) == TCIA
    assert scan_id("2.25.7", patient="PHANTOM-0001", folder=tmp_path) == "2.25.7"
    assert not private.exists()


def test_all_others_are_hashed_by_a_key_and_the_table_leads_back(private, tmp_path):
    made = [patient_id(name, folder=tmp_path / "a") for name in PRIVATE]
    assert all(patient_ids.re.fullmatch(r"case-[0-9a-f]{12}", each) for each in made)
    assert len(set(made)) == len(PRIVATE)
    assert [patient_id(name, folder=tmp_path / "a") for name in PRIVATE] == made
    assert scan_id("1.2.3.4.5.6", patient="P1", folder=tmp_path).startswith("scan-")
    with (private / "case_ids.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["id", "name", "folder"]
    folder = str(tmp_path / "a")
    assert rows[1:-1] == [[each, name, folder] for each, name in zip(made, PRIVATE, strict=True)]


def test_only_the_owner_can_read_key_and_table_and_another_key_gives_other_ids(private, tmp_path):
    before = patient_id("P1", folder=tmp_path)
    for name in ("key", "case_ids.csv"):
        assert stat.S_IMODE((private / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert sorted(path.name for path in private.iterdir()) == ["case_ids.csv", "key"]
    (private / "key").write_bytes(os.urandom(32))
    assert patient_id("P1", folder=tmp_path) != before
    (private / "key").write_bytes(b"short")
    with pytest.raises(ArgumentError, match="a key of 32 bytes, got 5 bytes"):
        patient_id("P1", folder=tmp_path)


def test_many_at_once_make_one_key(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _: patient_id("P1", folder=tmp_path), range(64)))
    assert len(made) == 1


def test_the_folder_lies_in_the_cache_of_the_user(monkeypatch, tmp_path):
    monkeypatch.delenv("REPRODUCE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert private_folder() == tmp_path / "reproduce" / "private"
    monkeypatch.setenv("REPRODUCE_CACHE", str(tmp_path / "cache"))
    assert private_folder() == tmp_path / "cache" / "private"
    monkeypatch.delenv("REPRODUCE_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert private_folder() == Path.home() / ".cache" / "reproduce" / "private"


def test_paths_keep_their_public_parts_and_the_kind_of_file(tmp_path):
    assert path_id(tmp_path / "imagesTr" / "hippocampus_001.nii.gz", tmp_path) == "imagesTr/hippocampus_001.nii.gz"
    assert path_id(tmp_path / "185" / "068.xml", tmp_path) == "185/068.xml"
    made = path_id(tmp_path / "LIDC-IDRI-0001" / "Hans" / "Mueller.Hans.DCM", tmp_path)
    assert patient_ids.re.fullmatch(r"LIDC-IDRI-0001/path-[0-9a-f]{12}/path-[0-9a-f]{12}\.dcm", made)


def test_errors_name_no_private_path_or_uid_and_say_where_to_look(private, tmp_path):
    root = tmp_path / "root"
    (root / "Mueller, Hans").mkdir(parents=True)
    path = root / "Mueller, Hans" / "IM-Mueller"
    path.touch()

    @hidden_names(root)
    def fail():
        got = f"1.2.276.0.7230010.3.1.2.0 and {TCIA} in {path.name}"
        raise CohortError(expected=f"one of {root}", got=got, where=f"{path}, slice 3", do="look")

    with pytest.raises(CohortError) as error:
        fail()
    text = str(error.value)
    assert "Mueller" not in text
    assert "1.2.276" not in text
    assert TCIA in text
    assert error.value.expected == "one of the data root"
    assert error.value.where == f"{path_id(path, root)}, slice 3"
    assert str(private / "case_ids.csv") in error.value.do
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__
    assert hide_names("nothing private", root) == "nothing private"


def test_a_name_that_ends_with_that_of_another_file_is_hidden_whole(monkeypatch, tmp_path):
    names = ["John.dcm", "Doe John.dcm"]
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.setattr(patient_ids.os, "walk", lambda root: [(root, [], names)])
    whole = path_id(tmp_path / "Doe John.dcm", tmp_path)
    assert hide_names("slices of Doe John.dcm differ", tmp_path) == f"slices of {whole} differ"


def test_errors_that_pass_two_readers_say_once_where_to_look(private, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "Mueller.dcm").touch()
    with pytest.raises(CohortError) as error, hidden_names(root), hidden_names(root):
        raise CohortError(expected="a slice", got="none", where=root / "Mueller.dcm", do="look")
    assert error.value.do == f"look; {private / 'case_ids.csv'} says what ids stand for"


def test_paths_that_were_typed_stay_and_what_lies_below_them_is_hidden(tmp_path):
    typed = tmp_path / "1.2.276.0.7230010.3"
    (typed / "Mueller").mkdir(parents=True)
    path, beside = typed / "Mueller" / "John.dcm", typed / "Mueller" / "Jane.dcm"
    for each in (path, beside):
        each.touch()
    uid = "1.2.276.0.7230010.3.1"
    shown = hide_below(f"{path} and {beside.name}: {uid}", typed)
    first, second = (path_id(each, typed) for each in (path, beside))
    assert shown.startswith(f"{typed / first} and {second.rpartition('/')[2]}: uid-")
    shown = hide_below(f"{path} and {beside}: {uid}", path, tmp_path / "none")  # a file: what lies beside it is hidden
    assert shown.startswith(f"{path} and {path.parent / path_id(beside, path.parent)}: uid-")
    assert hide_below(f"{path}: {uid}") == f"{path}: {uid}"


def test_a_relative_path_of_one_dot_is_shown_and_no_other_dot_taken_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("Mueller.dcm").touch()
    Path("a").touch()
    Path("the").mkdir()
    Path("Mueller, Hans").mkdir()
    made = path_id(Path("Mueller.dcm"), Path())
    for hide in (hide_names, hide_below):
        assert hide("expected a step of the 2.5 mm, got Mueller.dcm. Done", Path()).endswith(
            f"the 2.5 mm, got {made}. Done"
        )
        assert hide("where: Mueller, Hans", Path()) == f"where: {path_id(Path('Mueller, Hans'), Path())}"
