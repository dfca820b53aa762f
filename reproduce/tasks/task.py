"""Kinds of tables as `run` sees them: how a table is measured, and how its pages are written from the measurements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from reproduce.audit.printed import Cell
from reproduce.errors import DataNotFoundError
from reproduce.results.verdict import Verdict


@dataclass(frozen=True)
class Claims:
    """What a document prints of a table.

    Attributes:
        cells: The printed cells in their order; none of a table that no document prints.
        texts: What its text prints of the same.
    """

    cells: tuple[Cell, ...] = ()
    texts: tuple[Cell, ...] = ()


@dataclass(frozen=True, eq=False)
class Context:
    """Folders, source and processes of a run.

    Attributes:
        root: Folder of the data; None where there is none and the task goes without.
        source: Name of the data set, "phantom", or "none".
        cache: Folder for what can be made again.
        folder: Results folder of this run.
        workers: Processes.
        console: Console for messages.
    """

    root: Path | None
    source: str
    cache: Path
    folder: Path
    workers: int
    console: Console

    @property
    def data(self) -> Path:
        """Return the folder of the data, for a task that needs one.

        Raises:
            DataNotFoundError: There is none.
        """
        if self.root is None:
            do = "name its folder with --data-root"
            raise DataNotFoundError(expected=f"the data set {self.source}", got="no folder", where="--data-root", do=do)
        return self.root


@dataclass(frozen=True)
class Page:
    """The pages of a run in short.

    Attributes:
        line: The verdict of the whole table in one line.
        verdicts: Verdicts of printed cells, for the terminal.
    """

    line: str
    verdicts: Sequence[Verdict] = field(default=())


Trainings = tuple[Callable[[], Any], Sequence[Any]]
"""What makes the `training.job.CohortInputs` of all models in any process, and each `training.job.Job`."""


@dataclass(frozen=True)
class Task:
    """A kind of table.

    Attributes:
        kind: Its name in protocol.json.
        measure: Called with the experiment and the context: does the work, writes the CSVs that pages follow from to
            the context's folder, and returns facts for provenance.json.
        write: Called with the experiment, the whole protocol that profiles are compared with, the context and the
            claims: writes every page from those CSVs alone, so that pages can be written again without any training.
        needs_data: Whether a table without a phantom stops where no data root is named.
        prepare: Called with the experiment and the context: prepares the data as `measure` does, and returns the
            trainings, none of them begun; None where a table is not made of trainings that can be planned.
    """

    kind: str
    measure: Callable[[Any, Context], dict[str, Any]]
    write: Callable[[Any, Any, Context, Claims], Page]
    needs_data: bool = True
    prepare: Callable[[Any, Context], Trainings] | None = None
