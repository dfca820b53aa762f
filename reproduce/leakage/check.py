"""What is on two sides of a split: entries, patients, images; and whether its sides are as large as a paper says."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from reproduce.errors import ArgumentError, DataNotFoundError, ReproduceError
from reproduce.leakage.array_split import read_array_split
from reproduce.leakage.identities import Identity, identify
from reproduce.leakage.images import Content, ImageIndex, near_pairs, read_contents
from reproduce.leakage.split import Division, Entry, side_named
from reproduce.leakage.split_files import read_split


@dataclass(frozen=True)
class Leak:
    """Something that stands on two sides of a division.

    Attributes:
        kind: "patient" (its entries, or studies of its own, on both sides), "duplicate" (the same voxels) or
            "near-duplicate" (images that look alike).
        sides: The two sides.
        patient: Whose it is; of images that of the first side's.
        entries: For each of the two sides those that leak.
        studies: Studies of the patient on both sides.
        correlation: Of a near-duplicate; 1 for all others.
    """

    kind: str
    sides: tuple[str, str]
    patient: str
    entries: tuple[tuple[Entry, ...], tuple[Entry, ...]]
    studies: tuple[str, ...] = ()
    correlation: float = 1.0


@dataclass(frozen=True)
class SideCounts:
    """How large a side is, and what was expected; `n_studies` counts those that the split or a form names."""

    n_entries: int
    n_patients: int
    n_studies: int
    expected: int | None

    @property
    def as_expected(self) -> bool:
        """Return whether the expected number is that of entries or of patients."""
        return self.expected is None or self.expected in (self.n_entries, self.n_patients)


@dataclass(frozen=True)
class Checked:
    """All that is said of one division.

    Attributes:
        name: Of the division.
        counts: By side.
        leaks: Patients first, then duplicates, then near-duplicates.
        known_by: How many entries' patients are known by what, see `Identity.by`.
        repeated: Entries that stand on one side more than once, by side.
    """

    name: str
    counts: Mapping[str, SideCounts]
    leaks: tuple[Leak, ...]
    known_by: Mapping[str, int]
    repeated: Mapping[str, tuple[Entry, ...]]


@dataclass(frozen=True)
class Report:
    """All that is said of a split.

    Attributes:
        divisions: Each by itself.
        n_images: Images that were compared; None where no folder was named.
        faults: Entries whose image is not there or cannot be read.
        validated_again: Entries on the validation side of several folds, which a pooled score counts more than once.
    """

    divisions: tuple[Checked, ...]
    n_images: int | None = None
    faults: Mapping[Entry, ReproduceError] = field(default_factory=dict)
    validated_again: tuple[Entry, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 1 for a leak or another count than expected, else 2 where an image could not be read, else 0."""
        wrong = any(each.leaks or not all(n.as_expected for n in each.counts.values()) for each in self.divisions)
        return 1 if wrong else 2 if self.faults else 0


def check_split(
    path: Path, *, images: Path | None, pattern: re.Pattern[str] | None, expected: Mapping[str, int]
) -> Report:
    """Check a split.

    Args:
        path: See `read_split`; or an .npz, whose images are compared in any case, see `read_array_split`.
        images: Folder of its images; None compares none.
        pattern: See `identify`.
        expected: Entries or patients of a side, by side.

    Raises:
        DataNotFoundError: The split or the folder is not there, or no entry has an image.
        SplitFileError: See `read_split` and `read_array_split`.
        ArgumentError: A side is expected that the split does not have; see `identify`.
    """
    contents: dict[Entry, tuple[Content, ...]] = {}
    faults: dict[Entry, ReproduceError] = {}
    if path.suffix.lower() == ".npz" and path.is_file():
        division, contents = read_array_split(path)
        divisions: tuple[Division, ...] = (division,)
    else:
        divisions = read_split(path)
    known = {side for division in divisions for side in division.sides}
    if strange := sorted(set(expected) - known):
        do = "name the sides of the split"
        raise ArgumentError(expected=f"{', '.join(sorted(known))}", got=strange[0], where="--expected", do=do)
    if images is not None and not contents:
        entries = dict.fromkeys(entry for division in divisions for side in division.sides.values() for entry in side)
        contents, faults = read_contents(entries, ImageIndex(images))
        if not contents:
            first = next(iter(faults.values()))
            got = f"{len(faults)} without; the first: {first.got}"
            raise DataNotFoundError(expected="an image for some entry", got=got, where=first.where, do=first.do)
    checked = tuple(_check(division, contents, pattern, expected) for division in divisions)
    validated = Counter(entry for division in divisions for entry in set(division.sides.get("val", ())))
    again = tuple(entry for entry, n in validated.items() if n > 1)
    n_images = sum(len(found) for found in contents.values()) if contents else None
    return Report(checked, n_images, faults, again)


def expected_counts(text: str) -> dict[str, int]:
    """Return the counts of `--expected`, e.g. "train=200,val=50,test=10"; none for "".

    Raises:
        ArgumentError: It is written otherwise.
    """
    counts = {}
    for part in text.split(",") if text else ():
        side, _, number = part.partition("=")
        if not side_named(side) or not number.strip().isdecimal():
            do = "write it so"
            raise ArgumentError(expected="train=200,val=50,test=10", got=repr(text), where="--expected", do=do)
        counts[side_named(side)] = int(number)
    return counts


def _check(
    division: Division,
    contents: Mapping[Entry, Sequence[Content]],
    pattern: re.Pattern[str] | None,
    expected: Mapping[str, int],
) -> Checked:
    who = identify(division, pattern)
    counts = {
        side: SideCounts(
            len(entries),
            len({who[entry].patient for entry in entries}),
            len({(who[entry].patient, who[entry].study) for entry in entries if who[entry].study}),
            expected.get(side),
        )
        for side, entries in division.sides.items()
    }
    leaks = [
        leak
        for sides in combinations(division.sides, 2)
        for leak in (*_patients(division, sides, who), *_images(division, sides, who, contents))
    ]
    kinds = ("patient", "duplicate", "near-duplicate")
    repeated = {side: tuple(e for e, n in Counter(found).items() if n > 1) for side, found in division.sides.items()}
    return Checked(
        division.name,
        counts,
        tuple(sorted(leaks, key=lambda leak: kinds.index(leak.kind))),
        Counter(each.by for each in who.values()),
        {side: entries for side, entries in repeated.items() if entries},
    )


def _patients(division: Division, sides: tuple[str, str], who: Mapping[Entry, Identity]) -> Iterable[Leak]:
    one, other = (_by_patient(division.sides[side], who) for side in sides)
    for patient in sorted(set(one) & set(other)):
        studies = [{who[entry].study for entry in found[patient] if who[entry].study} for found in (one, other)]
        shared = tuple(sorted(studies[0] & studies[1]))
        yield Leak("patient", sides, patient, (tuple(one[patient]), tuple(other[patient])), shared)


def _by_patient(entries: Iterable[Entry], who: Mapping[Entry, Identity]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in dict.fromkeys(entries):
        found[who[entry].patient].append(entry)
    return found


def _images(
    division: Division,
    sides: tuple[str, str],
    who: Mapping[Entry, Identity],
    contents: Mapping[Entry, Sequence[Content]],
) -> Iterable[Leak]:
    """Yield images of other entries on the other side; an entry on both sides leaks as its patient does."""
    one, other = (
        [content for entry in dict.fromkeys(division.sides[side]) for content in contents.get(entry, ())]
        for side in sides
    )
    by_digest: dict[str, list[Content]] = defaultdict(list)
    for content in other:
        if content.differences is not None:
            by_digest[content.digest].append(content)
    for content in one:
        for same in by_digest.get(content.digest, ()):
            if same.entry != content.entry:
                yield Leak("duplicate", sides, who[content.entry].patient, ((content.entry,), (same.entry,)))
    for content, alike, correlation in near_pairs(one, other):
        if who[content.entry].patient != who[alike.entry].patient:
            pair = ((content.entry,), (alike.entry,))
            yield Leak("near-duplicate", sides, who[content.entry].patient, pair, correlation=correlation)
