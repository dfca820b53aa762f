"""The command line of the tables of statements: data to measurements, verdicts, files and figures."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import pandas as pd
import tyro
from rich.console import Console

from reproduce import paths, provenance
from reproduce.cohorts.pneumonia_mnist import find_file
from reproduce.errors import ReproduceError
from reproduce.protocol.text import check_reasons
from reproduce.results.properties import COLUMNS, Decided, decide
from reproduce.results.property_results import NO_DATA, PropertyTable, write_properties
from reproduce.results.verdict_words import tally
from reproduce.tasks.by_seed import BySeed, kept_rows
from reproduce.tasks.x_rays import load
from reproduce.training.determinism import configure

SAMPLES_VARIABLE = "REPRODUCE_REAL_DATA"
Draw = Callable[[Path, Path], tuple[Path, ...]]
Times = Callable[[PropertyTable], dict]


def main(tables: Mapping[str, PropertyTable], *, script: str, draw: Draw, times: Times | None = None) -> None:
    """Run a table's script: parse the command line, measure, decide, write, draw, and leave with 0, or 2 for an error.

    Args:
        tables: By profile, "cpu" and "smoke".
        script: `__file__` of the script.
        draw: Draws the figures of a results folder into a folder.
        times: Measures what differs from run to run; it goes to provenance.json alone.
    """

    def command(data_root: Path | None = None, profile: Literal["cpu", "smoke"] = "cpu") -> None:
        """Decide every statement of the table.

        Args:
            data_root: Folder of pneumoniamnist.npz; $REPRODUCE_DATA or $REPRODUCE_REAL_DATA stands in. Without any the
                measured statements are not run.
            profile: "smoke" takes seconds, for tests, and is never written to results/.
        """
        check_reasons(tables["cpu"], *tables.values())
        project = Path(script).resolve().parents[1]
        home = project if profile == "cpu" else paths.cache_dir(project) / "smoke"
        run(tables[profile], home, data_root, draw=draw, times=times)

    try:
        tyro.cli(command, description=next(iter(tables.values())).title)
    except ReproduceError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(2)


def run(
    table: PropertyTable, home: Path, data_root: Path | None, *, draw: Draw, times: Times | None = None
) -> list[Decided]:
    """Measure, decide and write one table; its verdicts.

    Args:
        table: What is asked.
        home: Folder of results/ and figures/.
        data_root: As on the command line.
        draw: As for `main`.
        times: Likewise.
    """
    start, console = time.perf_counter(), Console(stderr=True)
    configure(worker=0, precision="float32")
    file = _file(data_root)
    source = table.source if file else NO_DATA
    measurements = _measure(table, file, paths.cache_dir(home), console)
    decided = decide(table.statements, measurements)
    place = Path(table.table) / f"{source}-{table.profile}"
    folder = home / "results" / place
    write_properties(folder, table, decided, measurements, source=source)
    measured_times = times(table) if times else {}
    facts = {
        "versions": provenance.versions(),
        "commit": provenance.commit(),
        "processor": provenance.processor(),
        "source_sha256": provenance.file_digest(file) if file else None,
        "times": measured_times,
        "peak_memory_mib": provenance.peak_memory_mib(),
        "seconds": round(time.perf_counter() - start, 1),
    }
    provenance.write_json(folder / "provenance.json", facts)
    for name, t in measured_times.items():
        console.print(f"time of {name}: {t['ratio']} times the first one's [{t['low']}, {t['high']}]")
    drawn = draw(folder, home / "figures" / place)
    console.print(f"{table.title}: {tally([each.word for each in decided])}; {facts['seconds']} s")
    sys.stdout.writelines(f"{path}\n" for path in (*sorted(folder.iterdir()), *drawn))
    return decided


def _file(data_root: Path | None) -> Path | None:
    """The file of X-rays, or None where no folder is named at all."""
    samples = os.environ.get(SAMPLES_VARIABLE)
    named = paths.data_root(data_root) or (Path(samples) if samples else None)
    return None if named is None else find_file(named)


def _measure(table: PropertyTable, file: Path | None, cache: Path, console: Console) -> pd.DataFrame:
    """All measurements, sorted; none, and that said, where there are no X-rays."""
    rows = []
    if file is None:
        console.print(f"no --data-root: what needs X-rays of {table.source} is not run; no phantom stands in for them")
    else:
        data = load(file, n_train=table.study.training.n_train)
        for measure in table.measures:
            start = time.perf_counter()
            if isinstance(measure, BySeed):
                rows.extend(kept_rows(measure, table.study, file, cache, console=console))
            else:
                rows.extend(measure(data, table.study))
            console.print(f"{measure.__name__}: {time.perf_counter() - start:.1f} s")
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"x": float, "seed": int, "value": float})
    return frame.sort_values(["quantity", "condition", "x", "seed"], ignore_index=True)
