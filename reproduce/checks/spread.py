"""How far the cells of a table move when one fold of it is trained again under other arithmetic."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from reproduce.errors import ProtocolError, ResultsError
from reproduce.options import options_given
from reproduce.rerun import Folders, rerun
from reproduce.results.folders import RunFolder, damage_named, optional_number
from reproduce.results.spread import CELL, Cell, NumericalSpread, cell_of, write_spread
from reproduce.scripts import script_of

_ONEDNN, _ISA, _THREADS = "TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "TF_NUM_INTRAOP_THREADS"
_PINNED = {_ONEDNN: "1", _ISA: "AVX2", _THREADS: "1"}
ARITHMETICS = {
    "AVX2": _PINNED,
    "SSE41": {**_PINNED, _ISA: "SSE41"},
    "the processor's widest": {**_PINNED, _ISA: "DEFAULT"},
    "without oneDNN": {**_PINNED, _ONEDNN: "0"},
    "two threads": {**_PINNED, _THREADS: "2"},
}
"""Variables of each arithmetic by its name; that of the committed tables is the first."""
KINDS = ("segmentation", "classification")


def measure_spread(
    run: RunFolder, *, scripts: Path, cache: Path, data_root: Path | None, tell: Callable[[str], None]
) -> NumericalSpread:
    """Train one fold of a committed table under every arithmetic, write numerical_spread.csv, and its pages again.

    Trainings are kept under a key that has the arithmetic in it, so a measurement that was stopped goes on; what is
    prepared from the data is shared.

    Args:
        run: The committed run; its profile, source and options are those of the trainings, under one seed.
        scripts: Folder of the scripts.
        cache: Cache of the trainings.
        data_root: See `Folders`.
        tell: Called with a line before each training.

    Raises:
        ProtocolError: The table is of a kind that trains no folds, or whose numbers are not in table.csv.
        ResultsError: A training does not record its arithmetic, so that a kept one could stand for another.
        ReproduceError: A training cannot be run.
    """
    if run.kind not in KINDS:
        do = "a table of properties says by its tests over seeds what its numbers hang on; a census has no training"
        raise ProtocolError(
            expected=f"a table of {' or '.join(KINDS)}, whose trainings can be told apart by their arithmetic",
            got=f"kind {run.kind}",
            where=run.name,
            do=do,
        )
    with damage_named(run.path):
        given, one = (["--profile", run.profile, *options_given(run.protocol, but=but)] for but in ("", "--seeds"))
        folds = "n_folds" in run.protocol["protocol"]["validation"]
    one += ["--seeds", "1", "--workers", "1", *(("--fold", "0") if folds else ())]
    script, values = script_of(run.table, scripts), {}
    for name, variables in ARITHMETICS.items():
        tell(f"{run.name}: {'fold 0' if folds else 'one training of each model'} under {name}")
        with tempfile.TemporaryDirectory() as out:
            folders = Folders(Path(out), cache, data_root)
            values[name] = _values(rerun(script, run.name, one, folders, variables=variables))
    found = write_spread(run.path, values)
    folders = Folders(run.path.parents[2], cache, data_root)
    rerun(script, run.name, [*given, "--pages"], folders, variables={}, quiet=True)
    return found


def _values(run: RunFolder) -> dict[Cell, float]:
    path = run.path / "table.csv"
    with damage_named(run.path):
        if "arithmetic" not in run.json("provenance.json"):
            expected, do = "a run that says on which arithmetic it was made", "run a script that records its arithmetic"
            raise ResultsError(expected=expected, got="none", where=run.path / "provenance.json", do=do)
        return {cell_of(row): optional_number(row["value"], path) for row in run.rows("table.csv", (*CELL, "value"))}
