"""What may be shown of a folder: its names as they are, or stand-ins for patients, scans, files and typed text."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reproduce.cohorts.thoracic_organs import plain_names
from reproduce.errors import ReproduceError
from reproduce.patient_ids import hide_names, path_id, patient_id, scan_id, with_texts

_OURS = re.compile(r"nodule of \d of \d readers( \(\d+\))?|(train|val|test)_(images|labels)|vol|seg")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")


@dataclass(frozen=True)
class Names:
    """How names below a folder are shown.

    Attributes:
        root: The folder; no path above it is shown.
        shown: Whether names are shown as the files have them.
        patients: PatientID of all series, which texts must not hold.
    """

    root: Path
    shown: bool
    patients: frozenset[str] = frozenset()

    def path(self, path: Path) -> str:
        """Return a path below the root, "." for the root itself."""
        return (path.relative_to(self.root).as_posix() if self.shown else path_id(path, self.root)) or "."

    def patient(self, patient: str) -> str:
        """Return what a patient is called."""
        return patient if self.shown else patient_id(patient, folder=self.root)

    def scan(self, scan: str, *, patient: str) -> str:
        """Return what a series or a study is called, "" for ""."""
        return scan if self.shown or not scan else scan_id(scan, patient=patient, folder=self.root)

    def part(self, what: str, number: int, name: str) -> str:
        """Return what a structure, segment or array is called: its name where nobody's name can be in it.

        That is one made of words for organs and tumours alone, and one that this package or MedMNIST gives.
        """
        is_plain = name and (plain_names([name]) == name or _OURS.fullmatch(name))
        return name if self.shown or is_plain else f"{what} {number}"

    def text(self, text: str) -> str:
        """Return a note or an error without values that somebody typed, paths, UIDs and patients."""
        if self.shown:
            return text.replace(f"{self.root}/", "").replace(str(self.root), ".")
        return _hidden(text, self.root, self.patients)


@contextmanager
def as_typed(*paths: Path) -> Iterator[None]:
    """Let errors show paths as they were typed, and not the folders above that make them absolute."""
    try:
        yield
    except ReproduceError as error:
        whole = {str(path.absolute()): str(path) for path in paths}
        raise with_texts(
            error, lambda text: functools.reduce(lambda t, p: t.replace(*p), whole.items(), text)
        ) from None


@functools.cache  # a reason that many files have walks through the tree once
def _hidden(text: str, root: Path, patients: frozenset[str]) -> str:
    text = _QUOTED.sub("'...'", text)
    for patient in sorted(patients, key=len, reverse=True):
        if len(patient) > 2:
            text = text.replace(patient, patient_id(patient, folder=root))
    return hide_names(text, root) if re.search(r"[/.]\w", text) else text
