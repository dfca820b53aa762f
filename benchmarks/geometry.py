"""Seconds that layer geometry takes: receptive fields, costs and windows of every layer of large classifiers.

    python benchmarks/geometry.py [--repeats 5]

Building the model is not timed. There is no peer for the whole of it; counting the parameters alone, as Keras does, is
given beside it as the least that any walk over the layers takes. Written to benchmarks/results/geometry.csv.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import keras
from rich.console import Console
from rich.progress import track
from rich.table import Table

from reproduce.inspection.geometry import layer_geometry

MODELS = ("VGG16", "ResNet50", "ResNet152", "InceptionV3", "DenseNet201", "MobileNetV2", "EfficientNetB0")
HEAD = ("model", "layers", "seconds", "seconds_of_count_params", "receptive_field")
OUTPUT = Path(__file__).parent / "results" / "geometry.csv"


def seconds(call: Callable[[], object], repeats: int) -> float:
    """The median of several calls."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measured(name: str, repeats: int) -> tuple[str, ...]:
    """One row of the file."""
    model = getattr(keras.applications, name)(weights=None)
    rows = layer_geometry(model)
    # The last layer on a grid: what comes after global pooling sees the whole image anyway.
    field = [row.receptive_field for row in rows if len(row.output) == 3][-1]
    own, counted = (seconds(call, repeats) for call in (lambda: layer_geometry(model), model.count_params))
    return name, str(len(rows)), f"{own:.3f}", f"{counted:.4f}", "x".join(map(str, field))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    found = [measured(name, repeats) for name in track(MODELS, "measure", transient=True)]
    with OUTPUT.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows((HEAD, *found))
    table = Table(*HEAD)
    for row in found:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
