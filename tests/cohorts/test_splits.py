import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.cohorts.splits import Fold, held_out_fold, patient_folds, read_splits, require_no_leakage, write_splits
from reproduce.errors import ArgumentError, CohortError, DataNotFoundError, LeakageError, ResultsError

PATIENTS = [f"p{i:02d}" for i in range(11)]


@given(
    patients=st.lists(st.text("abc", min_size=1, max_size=4), min_size=2, max_size=30, unique=True),
    n_folds=st.integers(2, 7),
    share=st.floats(0, 0.9),
    seed=st.integers(0, 99),
)
def test_everybody_is_tested_once_and_stands_on_one_side(patients, n_folds, share, seed):
    if len(patients) < n_folds:
        with pytest.raises(CohortError):
            patient_folds(patients, n_folds=n_folds, validation_share=share, seed=seed)
        return
    folds = patient_folds(patients, n_folds=n_folds, validation_share=share, seed=seed)
    assert sorted(name for fold in folds for name in fold.test) == sorted(patients)
    sizes = [len(fold.test) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    for fold in folds:
        assert sorted(fold.train + fold.validation + fold.test) == sorted(patients)
        assert fold.train
        assert bool(fold.validation) == (share > 0 and len(patients) - len(fold.test) > 1)


def test_the_validation_part_is_the_share_of_those_not_tested():
    # 10 patients in 5 folds: 8 not tested, a quarter of them is 2
    folds = patient_folds(PATIENTS[:10], n_folds=5, validation_share=0.25, seed=0)
    assert [(len(f.train), len(f.validation), len(f.test)) for f in folds] == [(6, 2, 2)] * 5


def test_two_patients_in_two_folds_train_without_validation():
    folds = patient_folds(["a", "b"], n_folds=2, validation_share=0.2, seed=3)
    assert [fold.validation for fold in folds] == [(), ()]
    assert {fold.train + fold.test for fold in folds} == {("a", "b"), ("b", "a")}


def test_neither_order_nor_repetition_of_patients_matters():
    once = patient_folds(PATIENTS, n_folds=3, validation_share=0.2, seed=1)
    assert patient_folds(PATIENTS[::-1] + PATIENTS, n_folds=3, validation_share=0.2, seed=1) == once


def test_another_seed_gives_other_folds():
    one, two = (patient_folds(PATIENTS, n_folds=3, validation_share=0.2, seed=seed) for seed in (1, 2))
    assert [fold.test for fold in one] != [fold.test for fold in two]


@pytest.mark.parametrize(("n_folds", "share"), [(1, 0.2), (3, 1.0), (3, -0.1), (3, float("nan"))])
def test_arguments_out_of_range(n_folds, share):
    with pytest.raises(ArgumentError, match="n_folds of 2 or more"):
        patient_folds(PATIENTS, n_folds=n_folds, validation_share=share, seed=0)


def test_no_patients_are_too_few():
    with pytest.raises(CohortError, match="at least 2 patients"):
        patient_folds([], n_folds=2, validation_share=0.2, seed=0)


@pytest.mark.parametrize(
    ("sides", "text"),
    [
        ((("a", "b"), (), ("a",)), "a in train and test"),
        ((("a",), ("b",), ("b",)), "b in validation and test"),
        ((("a",), ("a",), ("b",)), "a in train and validation"),
        ((("a", "a"), (), ("b",)), "a in train and train"),
    ],
)
def test_a_patient_on_two_sides_is_named(sides, text):
    with pytest.raises(LeakageError, match=text):
        Fold(0, *sides)


@pytest.mark.parametrize("sides", [((), (), ("a",)), (("a",), ("b",), ())])
def test_a_fold_needs_someone_to_train_and_someone_to_test(sides):
    with pytest.raises(CohortError, match="at least one patient to train"):
        Fold(0, *sides)


def test_files_come_back_as_they_went(tmp_path):
    folds = patient_folds(PATIENTS, n_folds=3, validation_share=0.3, seed=1)
    path = tmp_path / "splits.json"
    write_splits(folds, path)
    first = path.read_bytes()
    assert read_splits(path) == folds
    write_splits(read_splits(path), path)
    assert path.read_bytes() == first


def test_a_patient_tested_twice_is_neither_written_nor_read(tmp_path):
    folds = (Fold(0, ("b",), (), ("a",)), Fold(1, ("b",), (), ("a",)))
    text = r"a in the folds \[0, 1\]"
    with pytest.raises(LeakageError, match=text):
        require_no_leakage(folds)
    with pytest.raises(LeakageError, match=text):
        write_splits(folds, tmp_path / "splits.json")
    sides = {"train": ["b"], "validation": [], "test": ["a"]}
    path = tmp_path / "edited.json"
    path.write_text(json.dumps({"folds": [{"index": 0, **sides}, {"index": 1, **sides}]}))
    with pytest.raises(LeakageError, match=text) as error:
        read_splits(path)
    assert "edited.json" in error.value.where


def test_a_patient_moved_to_two_sides_by_hand_is_found_on_load(tmp_path):
    path = tmp_path / "edited.json"
    path.write_text(json.dumps({"folds": [{"index": 4, "train": ["a"], "validation": [], "test": ["a", "b"]}]}))
    with pytest.raises(LeakageError, match="a in train and test") as error:
        read_splits(path)
    assert error.value.where.endswith("edited.json, fold 4")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"folds": 3}',
        '{"folds": [{"index": 1e999, "train": ["b"], "validation": [], "test": ["a"]}]}',
        "[" * 100_000,
        '{"folds": [{"index": 0}]}',
        '{"folds": [{"index": 0, "train": [1], "validation": [], "test": ["a"]}]}',
        '{"folds": [{"index": 0, "train": "bc", "validation": [], "test": ["a"]}]}',
    ],
)
def test_a_broken_file_of_folds(tmp_path, text):
    path = tmp_path / "splits.json"
    path.write_text(text)
    with pytest.raises(ResultsError, match="JSON list of folds"):
        read_splits(path)


def test_an_absent_file_of_folds(tmp_path):
    with pytest.raises(DataNotFoundError, match="nothing there"):
        read_splits(tmp_path / "splits.json")


SHARES = (0.7, 0.15, 0.15)


def test_sixty_patients_are_divided_42_9_9():
    fold = held_out_fold([f"P{i}" for i in range(60)], shares=SHARES, official=None, seed=0)
    assert (len(fold.train), len(fold.validation), len(fold.test)) == (42, 9, 9)
    assert len({*fold.train, *fold.validation, *fold.test}) == 60


def test_a_division_depends_on_the_seed_and_not_on_the_order():
    names = [f"P{i}" for i in range(20)]
    first = held_out_fold(names, shares=SHARES, official=None, seed=0)
    assert held_out_fold([*reversed(names), *names], shares=SHARES, official=None, seed=0) == first
    assert held_out_fold(names, shares=SHARES, official=None, seed=1) != first


def test_the_official_division_goes_by_the_name():
    sides = {"a": "train", "b": "test", "c": "validation", "d": "train"}
    fold = held_out_fold("abcd", shares=SHARES, official=sides.__getitem__, seed=0)
    assert fold == Fold(0, ("a", "d"), ("c",), ("b",))


@pytest.mark.parametrize("shares", [(0.7, 0.3, 0.0), (0.5, 0.2, 0.2), (1.2, -0.1, -0.1)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ArgumentError, match="three shares"):
        held_out_fold("abcdef", shares=shares, official=None, seed=0)


def test_three_patients_can_be_divided_and_two_cannot():
    fold = held_out_fold("abc", shares=SHARES, official=None, seed=0)
    assert (len(fold.train), len(fold.validation), len(fold.test)) == (1, 1, 1)
    with pytest.raises(CohortError, match="at least 3"):
        held_out_fold("ab", shares=SHARES, official=None, seed=0)
