"""Folds by patient: who trains, who validates, who is tested, and nobody twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from reproduce.errors import ArgumentError, CohortError, DataNotFoundError, LeakageError, ResultsError
from reproduce.protocol import HeldOut, Validation
from reproduce.provenance import write_json
from reproduce.randomness import stream

_SIDES = ("train", "validation", "test")


@dataclass(frozen=True)
class Fold:
    """Patients of one fold of a cross-validation, each side sorted.

    Raises:
        LeakageError: A patient stands on two sides.
        CohortError: Nobody trains, or nobody is tested.
    """

    index: int  # from 0
    train: tuple[str, ...]  # whose cases move the weights
    validation: tuple[str, ...]  # whose loss stops the training; empty means no early stopping
    test: tuple[str, ...]  # that are only ever predicted

    def __post_init__(self) -> None:
        for side in _SIDES:
            object.__setattr__(self, side, tuple(sorted(getattr(self, side))))
        n_sides = Counter(patient for side in _SIDES for patient in getattr(self, side))
        twice = sorted(patient for patient, n in n_sides.items() if n > 1)
        where = f"fold {self.index}"
        if twice:
            sides = {patient: [s for s in _SIDES for p in getattr(self, s) if p == patient] for patient in twice[:5]}
            got = "; ".join(f"{patient} in {' and '.join(found)}" for patient, found in sides.items())
            do = "draw the folds again by patient, not by scan or slice"
            raise LeakageError(expected="each patient on one side of the fold", got=got, where=where, do=do)
        if not self.train or not self.test:
            got, do = f"{len(self.train)} to train and {len(self.test)} to test", "use fewer folds, or more patients"
            raise CohortError(expected="at least one patient to train and one to test", got=got, where=where, do=do)


def patient_folds(patients: Iterable[str], *, n_folds: int, validation_share: float, seed: int) -> tuple[Fold, ...]:
    """Return folds in which every patient is tested exactly once.

    The patients are shuffled by the stream (seed, "folds") and cut into `n_folds` test parts whose sizes differ by one
    at most. Of each fold's other patients, `validation_share` (rounded, and at least one where the share is above 0)
    are drawn by the stream (seed, "validation", fold); the rest trains. A fold with a single patient to train on keeps
    it for training: its validation part is empty, and such a fold trains without early stopping.

    Args:
        patients: Names; the order does not matter, and a patient with several scans counts once.
        n_folds: 2 or more.
        validation_share: Part of a fold's non-test patients, in [0, 1); 0 gives empty validation parts.
        seed: Names the streams.

    Raises:
        ArgumentError: `n_folds` or `validation_share` is out of its range.
        CohortError: Fewer patients than folds.
    """
    if n_folds < 2 or not 0 <= validation_share < 1:
        expected = "n_folds of 2 or more and a validation_share in [0, 1)"
        got = f"n_folds {n_folds} and validation_share {validation_share}"
        raise ArgumentError(expected=expected, got=got, where="patient_folds", do="mend the protocol")
    names = np.array(sorted(set(patients)), dtype=object)
    if len(names) < n_folds:
        expected, do = f"at least {n_folds} patients for {n_folds} folds", "use fewer folds, or more patients"
        raise CohortError(expected=expected, got=f"{len(names)}", where="patient_folds", do=do)
    tests = np.array_split(stream(seed, "folds").permutation(names), n_folds)
    return tuple(_fold(i, names, set(test), validation_share, seed) for i, test in enumerate(tests))


def _fold(index: int, names: np.ndarray, test: set[str], share: float, seed: int) -> Fold:
    others = [name for name in names if name not in test]
    n_validation = min(max(round(share * len(others)), int(share > 0)), len(others) - 1)
    drawn = stream(seed, "validation", index).permutation(np.array(others, dtype=object))
    return Fold(index, tuple(drawn[n_validation:]), tuple(drawn[:n_validation]), tuple(test))


def held_out_fold(
    patients: Iterable[str], *, shares: tuple[float, float, float], official: Callable[[str], str] | None, seed: int
) -> Fold:
    """Return one division into patients who train, validate and are tested.

    The patients are shuffled by the stream (seed, "held out") and cut: of n, round(share n) validate and are tested,
    at least one each; the others train.

    Args:
        patients: Names; the order does not matter, and a patient with several scans counts once.
        shares: Of those who train, validate and are tested; each above 0, the sum 1.
        official: Side of a patient, "train", "validation" or "test", where the data set comes with a division; then
            shares and seed are not used. None draws.
        seed: Names the stream.

    Raises:
        ArgumentError: The shares are no shares.
        CohortError: Nobody is left to train or to be tested, or a patient's name is not of the official division.
    """
    names = sorted(set(patients))
    if official is not None:
        sides = {name: official(name) for name in names}
        return Fold(0, *(tuple(name for name in names if sides[name] == side) for side in _SIDES))
    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        expected, do = "three shares above 0 that add up to 1", "mend the protocol"
        raise ArgumentError(expected=expected, got=f"{shares}", where="held_out_fold", do=do)
    n_validation, n_test = (max(1, round(share * len(names))) for share in shares[1:])
    if len(names) < 3:
        expected, do = "at least 3 patients to divide", "find more patients"
        raise CohortError(expected=expected, got=f"{len(names)}", where="held_out_fold", do=do)
    drawn = stream(seed, "held out").permutation(np.array(names, dtype=object))
    cut = n_validation + n_test
    return Fold(0, tuple(drawn[cut:]), tuple(drawn[n_test:cut]), tuple(drawn[:n_test]))


def require_no_leakage(folds: Sequence[Fold]) -> None:
    """Return if no patient is tested in two folds; that nobody stands on two sides of one, a `Fold` sees to itself.

    Raises:
        LeakageError: A patient is tested twice; the text names patient and folds.
    """
    tested: dict[str, list[int]] = {}
    for fold in folds:
        for patient in fold.test:
            tested.setdefault(patient, []).append(fold.index)
    twice = {patient: indices for patient, indices in sorted(tested.items()) if len(indices) > 1}
    if twice:
        got = "; ".join(f"{patient} in the folds {indices}" for patient, indices in list(twice.items())[:5])
        do = "draw the folds again by patient, not by scan or slice"
        raise LeakageError(expected="each patient tested in one fold", got=got, where="folds", do=do)


def folds_by(validation: Validation | HeldOut, patients: Iterable[str]) -> tuple[Fold, ...]:
    """Return how a protocol divides some patients: into folds, or once."""
    v = validation
    if isinstance(v, HeldOut):
        official = v.official if v.division == "official" else None
        return (held_out_fold(patients, shares=v.shares, official=official, seed=v.split_seed),)
    return patient_folds(patients, n_folds=v.n_folds, validation_share=v.validation_share, seed=v.split_seed)


def write_splits(folds: Sequence[Fold], path: Path) -> None:
    """Write folds as JSON that one can diff; the same folds give the same bytes.

    Raises:
        LeakageError: A patient is tested in two folds.
    """
    require_no_leakage(folds)
    write_json(path, {"folds": [asdict(fold) for fold in folds]})


def read_splits(path: Path) -> tuple[Fold, ...]:
    """Read the folds of a file that `write_splits` wrote, and check them again.

    Raises:
        DataNotFoundError: There is no such file.
        ResultsError: It is no JSON, or has other fields than a list of folds.
        LeakageError: A patient stands on two sides of a fold, or is tested in two folds.
        CohortError: In a fold nobody trains, or nobody is tested.
    """
    do = "draw the folds again, or take the file out of version control again"
    if not path.is_file():
        raise DataNotFoundError(expected="a file of folds", got="nothing there", where=path, do=do)
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))["folds"]
        parts = [(int(fold["index"]), [_names(fold[side]) for side in _SIDES]) for fold in found]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        expected = "a JSON list of folds with index, train, validation and test"
        got = f"{type(error).__name__}: {error}"
        raise ResultsError(expected=expected, got=got, where=path, do=do) from error
    try:
        folds = tuple(Fold(index, *sides) for index, sides in parts)
        require_no_leakage(folds)
    except (LeakageError, CohortError) as error:
        where = f"{path}, {error.where}"
        raise type(error)(expected=error.expected, got=error.got, where=where, do=error.do) from error
    return folds


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"patients must be a list of strings, not {value!r}")
    for name in value:
        name.encode()  # half a character, as \ud800 writes it, can go into no file
    return tuple(value)
