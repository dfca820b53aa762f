"""Statements: sentences of a document, each decided by a calculation or by a measurement under several seeds."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd

from reproduce import provenance
from reproduce.cohorts.pneumonia_mnist import find_file
from reproduce.results.cases import read_frame, write_frame
from reproduce.results.properties import COLUMNS, decide
from reproduce.results.property_results import PropertyTable, write_properties
from reproduce.results.verdict_words import tally
from reproduce.tasks.by_seed import BySeed, kept_rows
from reproduce.tasks.task import Claims, Context, Page, Task
from reproduce.tasks.x_rays import TrainedStudy, load
from reproduce.training.determinism import configure

MEASUREMENTS = "measurements.csv"


def _measure(table: PropertyTable[TrainedStudy], context: Context) -> dict[str, Any]:
    configure(worker=0, precision="float32")
    rows, file, console = [], context.root and find_file(context.root), context.console
    if file is None:
        console.print(
            f"  no --data-root: statements that need X-rays of {table.source} are not run; there is no phantom of them"
        )
    else:
        data = load(file, n_train=table.study.training.n_train)
        for measure in table.measures:
            start = time.perf_counter()
            rows += (
                kept_rows(measure, table.study, file, context.cache, workers=context.workers, console=console)
                if isinstance(measure, BySeed)
                else measure(data, table.study)
            )
            console.print(f"  {measure.__name__}: {time.perf_counter() - start:.1f} s")
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"x": float, "seed": int, "value": float})
    frame = frame.sort_values(["quantity", "condition", "x", "seed"], ignore_index=True)
    write_frame(frame, context.folder / MEASUREMENTS)
    facts: dict[str, Any] = {"source_sha256": provenance.file_digest(file) if file else None}
    if table.times is not None:
        facts["times"] = table.times(table)
        for name, t in facts["times"].items():
            console.print(f"  time of {name}: {t['ratio']} times the first one's [{t['low']}, {t['high']}]")
    return facts


def _write(table: PropertyTable, whole: PropertyTable, context: Context, _: Claims) -> Page:
    types = {"quantity": str, "condition": str, "x": float, "seed": int, "value": float}
    measurements = read_frame(context.folder / MEASUREMENTS, dtype=types, keep_default_na=False)
    decided = decide(table.statements, measurements)
    write_properties(context.folder, table, whole, decided, source=context.source)
    return Page(tally([each.word for each in decided]))


STATEMENTS = Task("statements", _measure, _write, needs_data=False)
