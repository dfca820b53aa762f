"""What a run found, before it is written."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from reproduce.audit.printed import Cell
from reproduce.protocol import SegmentationExperiment
from reproduce.protocol.text import changes
from reproduce.results.verdict_words import PHANTOM, caveats

__all__ = ["PHANTOM", "Run"]


@dataclass(frozen=True, eq=False)
class Run:
    """What a run found.

    Attributes:
        experiment: The experiment as it was run.
        paper: The same table under the document's own protocol.
        source: "phantom", or the name of the real data set.
        cases: Table that `cases.case_frame` returns.
        slices: Table that `cases.slice_frame` returns.
        history: model, seed, fold, epoch, train_loss, validation_loss, validation_dice, validation_miou.
        costs: model, parameters, multiply_adds, activation_bytes.
        cells: What the document prints; none where it prints no cell of this table.
        texts: What its text prints of the same.
    """

    experiment: SegmentationExperiment
    paper: SegmentationExperiment
    source: str
    cases: pd.DataFrame
    slices: pd.DataFrame
    history: pd.DataFrame
    costs: pd.DataFrame
    cells: tuple[Cell, ...] = ()
    texts: tuple[Cell, ...] = ()

    @property
    def caveats(self) -> tuple[str, ...]:
        """Return why the numbers say nothing of the printed ones; empty where they may be compared."""
        return caveats(self.source, self.experiment.profile, changes(self.paper, self.experiment))
