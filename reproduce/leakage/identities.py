"""Whose an entry is, and of which study: by a pattern, by columns, by the forms of public data sets, or by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.errors import ArgumentError
from reproduce.leakage.split import Division, Entry, stem
from reproduce.patient_ids import public_patient

# How the files of public data sets name patient and study; the first that fits is taken.
_FORMS = (
    # BraTS 2023 on: the last number is the visit (`cohorts.brats_layouts.BRATS_2023`).
    r"(?<![A-Za-z0-9])(?P<patient>BraTS-[A-Z]{3}-\d{5})-(?P<study>\d{3})(?!\d)",
    r"(?<![A-Za-z0-9])(?P<patient>sub-[0-9A-Za-z]+)(?:.*?[_/](?P<study>ses-[0-9A-Za-z]+))?",  # BIDS
    r"(?<![A-Za-z0-9])(?P<patient>patient\d{5,6})/(?P<study>study\d+)",  # CheXpert
    r"(?<![A-Za-z0-9])(?P<patient>p\d{8})/(?P<study>s\d{8})",  # MIMIC-CXR
    r"(?<!\d)(?P<patient>\d{8})_\d{3}\.png",  # ChestX-ray14: 00000001_000.png
)
_PATTERNS = tuple(re.compile(form) for form in _FORMS)
_CHANNEL = re.compile(r"[_-](\d{4}|flair|t1|t1ce|t1n|t1c|t2|t2f|t2w)$", re.IGNORECASE)


@dataclass(frozen=True)
class Identity:
    """Patient and study of an entry.

    Attributes:
        patient: Who.
        study: Name of the study within the patient; "" where nothing says it.
        by: "pattern", "column", "form" or "name": how it is known. By its own name an entry is a patient of its own.
    """

    patient: str
    study: str
    by: str


def compiled_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of `--patient`.

    Raises:
        ArgumentError: It is no regular expression.
    """
    try:
        return re.compile(text)
    except re.error as error:
        do = "write a regular expression whose group (?P<patient>...), or first group, is the patient"
        raise ArgumentError(expected="a regular expression", got=str(error), where="--patient", do=do) from error


def identify(division: Division, pattern: re.Pattern[str] | None) -> dict[Entry, Identity]:
    """Return patient and study of each entry of a division.

    Args:
        division: Of a split.
        pattern: Searched in each entry; its groups `patient` and `study`, else its first group, else what it matches.

    Raises:
        ArgumentError: The pattern does not match an entry.
    """
    entries: Sequence[Entry] = [entry for side in division.sides.values() for entry in side]
    found = {entry: _identity(entry, pattern) for entry in entries}
    lost = [entry for entry, identity in found.items() if identity is None]
    if lost:
        do = "widen the pattern, or leave it out"
        got = f"{len(lost)} of {len(found)} without a match"
        raise ArgumentError(expected="a pattern that matches every entry", got=got, where="--patient", do=do)
    return {entry: identity for entry, identity in found.items() if identity is not None}


def _identity(entry: Entry, pattern: re.Pattern[str] | None) -> Identity | None:
    if pattern is not None:
        match = pattern.search(entry.text)
        return None if match is None else _of_match(match, "pattern", entry)
    if entry.patient:
        return Identity(entry.patient, entry.study, "column")
    for form in _PATTERNS:
        match = form.search(entry.text.replace("\\", "/"))
        if match:
            return _of_match(match, "form", entry)
    public = public_patient(entry.text)
    if public:
        return Identity(public, entry.study, "form")
    # Folders of a split may count their files from 1 each: there a name says nothing of the other side's.
    own = entry.text if entry.path is not None else stem(entry.text)
    return Identity(_CHANNEL.sub("", own), entry.study, "name")


def _of_match(match: re.Match[str], by: str, entry: Entry) -> Identity:
    groups = match.groupdict()
    patient = groups.get("patient") or (match[1] if match.re.groups else None) or match[0]
    return Identity(patient, groups.get("study") or entry.study, by)
