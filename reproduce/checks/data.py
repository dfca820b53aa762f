"""The data that a run of results/ needs to be run again."""

from __future__ import annotations

import os
from pathlib import Path

from reproduce.errors import DataNotFoundError
from reproduce.paths import DATA_VARIABLE, SAMPLES_VARIABLE, data_root
from reproduce.results.folders import RunFolder
from reproduce.results.verdict_words import PHANTOM

_NO_DATA = "none"


def data_for(run: RunFolder, named: Path | None) -> Path | None:
    """Return the folder of the data that a run was made from; None for a phantom, or where it went without.

    Args:
        run: The run.
        named: The value of --data-root; $REPRODUCE_DATA, then $REPRODUCE_REAL_DATA stand in where it is None.

    Raises:
        DataNotFoundError: The run is of real data, and no folder is named; or a folder is named that is not there.
    """
    if run.source in (PHANTOM, _NO_DATA):
        return None
    samples = os.environ.get(SAMPLES_VARIABLE)
    root = data_root(named) or (data_root(Path(samples)) if samples else None)
    if root is None:
        do = f"name its folder with --data-root or ${DATA_VARIABLE}"
        raise DataNotFoundError(expected=f"the data set {run.source}", got="no folder", where=run.name, do=do)
    return root
