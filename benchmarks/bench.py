"""One table of speed beside other libraries: files, masks, input, training, inference, and metrics as they stand.

    make bench                                      all of it: half an hour
    python benchmarks/bench.py dicom lidc --quick   some parts, on tiny inputs

Each part runs in a process of its own and times both sides in turn; one whose sides do not compute the same is refused.
Times do not carry over to another machine, ratios within one run do. LIDC needs $REPRODUCE_REAL_DATA with the folder
lidc_idri. A whole run writes bench.csv, bench.md and bench.png. The first one is longer: phantoms are written, and
torch compiles its variants, which it keeps in a cache of its own.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import math
import multiprocessing
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from pathlib import Path

import matplotlib.pyplot as plt
from timing import RESULTS, DifferentResultsError, Row, markdown, not_timed, one_thread, show, write_rows

from reproduce.arithmetic import flags
from reproduce.provenance import processor

DATA = Path(__file__).parents[1] / "data" / "benchmarks"
# The module of each part, which has `rows(data, *, quick)`; metrics is read from its own tables.
PARTS = {
    "dicom": "dicom_series",
    "lidc": "lidc_pylidc",
    "input": "input_pipeline",
    "training": "training_step",
    "inference": "inference",
    "metrics": "bench",
}
LIBRARIES = (
    "tensorflow",
    "keras",
    "numpy",
    "pydicom",
    "SimpleITK",
    "pylidc",
    "monai",
    "torch",
    "onnxruntime",
    "tf2onnx",
)
# What ours does otherwise than a peer that is faster; shown where a part misses its goal.
WHY = {
    "dicom": "Ours parses each file three times, by pydicom: to search the folder, to check every header before any"
    " pixel is read, and to decode it. GDCM parses in C++; the loop over pydicom parses once and checks nothing.",
    "input": "Ours resamples by TensorFlow's kernel, on one thread as pinned, and traces the graph of each epoch.",
    "training": "Both sides call oneDNN for their convolutions, under the same instructions; batch normalisation, Adam"
    " and the loop, which this package writes itself, are the rest.",
    "inference": "`Predictor` calls Keras' predict_on_batch for each slice.",
}


def rows(data: Path, *, quick: bool) -> Iterator[Row]:
    """Return what `metrics.py` has written of one volume, as it stands."""
    path = RESULTS / "metrics_surface.csv"
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["volume"] == "lungs, Dice 0.98" and not row["library"].startswith("reproduce"):
                theirs, ratio = 1e3 * float(row["median s"]), float(row["times ours"])
                what = "HD95, ASSD and surface Dice of lungs, 512x512x133"
                unknown = math.nan
                numbers = (theirs / ratio, theirs, "ms of wall clock", ratio, unknown, unknown, unknown)
                yield Row(what, row["library"], *numbers, "as metrics.md has it; metrics_agreement.csv has the values")


def rows_of(part: str, data: Path, quick: bool) -> list[Row]:
    """Return the rows of a part, up to one that says why where its sides do not compute the same."""
    warnings.simplefilter("ignore")  # the peers' own
    found = []
    try:
        for row in importlib.import_module(PARTS[part]).rows(data, quick=quick):
            print(f"  {row.what}, {row.peer}: {row.ratio:.2f}", flush=True)
            found.append(row)
    except DifferentResultsError as error:
        found.append(not_timed(part, "", f"refused, {error}"))
    return found


def measured(parts: list[str], data: Path, *, quick: bool) -> dict[str, list[Row]]:
    """Return the rows of parts, each run in a process of its own."""
    one_thread()
    found = {}
    for part in parts:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            found[part] = pool.submit(rows_of, part, data, quick).result()
        show([row.text() for row in found[part]], title=part)
    return found


def page(found: dict[str, list[Row]], *, command: str, load: float) -> str:
    """Return bench.md: machine, versions, the table of each part, and why a goal is missed."""
    installed = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    versions = ", ".join(f"{name} {installed[name.lower()]}" for name in LIBRARIES if name.lower() in installed)
    held = ", ".join(f"{name}={value}" for name, value in flags().items())
    lines = [
        "# Speed beside other libraries",
        "",
        f"Written by `{command}`. {processor()}, {os.cpu_count()} cores, load {load:.1f} at the start; Python"
        f" {platform.python_version()}, {versions}. Both sides under {held}.",
        "",
        "`ratio` is the median over the rounds of the peer's time over ours, `lowest` and `highest` its range: above 1"
        " ours is faster. Both sides take turns in one run and have computed the same, as `check` says.",
        "",
        "![Ratios of each comparison](bench.png)",
    ]
    for part, part_rows in found.items():
        lines += ["", f"## {part}", "", markdown([row.text() for row in part_rows])]
        if part in WHY and any(row.ratio < max(1, 0 if math.isnan(row.goal) else row.goal) for row in part_rows):
            lines.append(WHY[part])
    return "\n".join(lines).rstrip() + "\n"


def draw(found: dict[str, list[Row]], path: Path) -> None:
    """Draw the ratio of each comparison with its range and its goal, on a logarithmic axis."""
    timed = [row for part_rows in found.values() for row in part_rows if not math.isnan(row.ratio)][::-1]
    figure, axes = plt.subplots(figsize=(11, 1.2 + 0.34 * len(timed)), layout="constrained")
    for y, row in enumerate(timed):
        axes.plot(row.ratio, y, "o", color="tab:blue" if row.ratio >= 1 else "tab:orange")
        axes.hlines(y, row.lowest, row.highest, color="0.4")
        axes.plot(row.goal, y, "|", color="black", markersize=12)
    axes.axvline(1, color="0.6", linewidth=0.8)
    axes.set(xscale="log", xlabel="time of the peer over ours (line: range over rounds, bar: goal)")
    axes.set_yticks(
        range(len(timed)), [f"{row.what} | {row.peer} | {row.unit.split(',')[0]}" for row in timed], fontsize=7
    )
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="parts to run; all where none is named")
    parser.add_argument("--quick", action="store_true", help="tiny inputs, few rounds; results/ stays as it is")
    parser.add_argument("--output", type=Path, help="folder for the files in the place of results/")
    parser.add_argument("--data", type=Path, default=DATA, help="folder for phantoms, which are written once")
    options = parser.parse_args()
    whole = not options.parts and not options.quick
    load = os.getloadavg()[0]
    found = measured(options.parts or list(PARTS), options.data, quick=options.quick)
    output = options.output or (RESULTS if whole else None)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        write_rows(output / "bench.csv", [row.text() for part_rows in found.values() for row in part_rows])
        command = " ".join(("python benchmarks/bench.py", *sys.argv[1:]))
        (output / "bench.md").write_text(page(found, command=command, load=load), encoding="utf-8")
        draw(found, output / "bench.png")
    return int(any("refused" in row.check for part_rows in found.values() for row in part_rows))


if __name__ == "__main__":
    sys.exit(main())
