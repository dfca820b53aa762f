"""How cases and errors are named in what is shown: by the rule of `patient_ids`, or as the files are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reproduce.errors import ReproduceError
from reproduce.patient_ids import error_below, path_id


@dataclass(frozen=True)
class Shown:
    """Names of what lies below two paths.

    Attributes:
        predictions: As it was typed.
        references: As it was typed.
        names: Whether names are shown as they are; else by stand-ins for what is not called as in a public data set.
    """

    predictions: Path
    references: Path
    names: bool

    def case(self, name: str) -> str:
        """Return what a case is called."""
        folder = self.references if self.references.is_dir() else self.references.parent
        return name if self.names else path_id(folder / name, folder)

    def error(self, error: ReproduceError) -> str:
        """Return what is wrong with a case, in one line."""
        told = error if self.names else error_below(error, self.predictions, self.references)
        return f"{type(told).__name__}: expected {told.expected}, got {told.got}; {told.do}"
