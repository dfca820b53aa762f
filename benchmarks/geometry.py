"""Seconds that layer geometry takes: receptive fields, costs and windows of every layer of large classifiers.

    python benchmarks/geometry.py [--repeats 5]

Building the model is not timed. There is no peer for the whole of it; counting the parameters alone, as Keras does, is
given beside it as the least that any walk over the layers takes. Written to benchmarks/results/geometry.csv.
"""

from __future__ import annotations

import argparse
import statistics
import time

import keras
from rich.progress import track
from timing import RESULTS, in_turn, write_rows

from reproduce.inspection.geometry import layer_geometry

MODELS = ("VGG16", "ResNet50", "ResNet152", "InceptionV3", "DenseNet201", "MobileNetV2", "EfficientNetB0")
HEAD = ("model", "layers", "seconds", "seconds_of_count_params", "receptive_field")
OUTPUT = RESULTS / "geometry.csv"


def measured(name: str, repeats: int) -> tuple[str, ...]:
    """One row of the file."""
    model = getattr(keras.applications, name)(weights=None)
    rows = layer_geometry(model)
    # The last layer on a grid: what comes after global pooling sees the whole image anyway.
    field = [row.receptive_field for row in rows if len(row.output) == 3][-1]
    sides = {"own": lambda: layer_geometry(model), "counted": model.count_params}
    taken = in_turn(sides, rounds=repeats, clock=time.perf_counter)
    own, counted = (statistics.median(taken[name]) / 1e3 for name in sides)
    return name, str(len(rows)), f"{own:.3f}", f"{counted:.4f}", "x".join(map(str, field))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    found = [measured(name, repeats) for name in track(MODELS, "measure", transient=True)]
    write_rows(OUTPUT, [dict(zip(HEAD, row, strict=True)) for row in found])


if __name__ == "__main__":
    main()
