"""Seconds of `reproduce predict` from the start of the command to the last file written, beside `import tensorflow`.

    python benchmarks/predict.py --model M.keras --images FOLDER [--repeats 5]

FOLDER holds NIfTI; the first of them is predicted, then the first sixty. Importing TensorFlow, timed in between, is the
least that any such command takes. Medians and ranges are written to benchmarks/results/predict.csv.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.progress import track
from timing import RESULTS, write_rows

HEAD = ("command", "cases", "seconds", "lowest", "highest", "over_import")
OUTPUT = RESULTS / "predict.csv"
RUN = "import sys; from reproduce.cli import main; main(sys.argv[1:])"


def seconds(code: str, *arguments: str) -> float:
    """Of one new Python that runs the code, which must succeed; what it says goes to the terminal."""
    start = time.perf_counter()
    subprocess.run((sys.executable, "-c", code, *arguments), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def predicting(model: Path, images: list[Path]) -> float:
    """Of one prediction into a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        paths = map(str, (*images, Path(folder) / "out"))
        return seconds(RUN, "predict", "--model", str(model), *paths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="file of `reproduce predict`")
    parser.add_argument("--images", type=Path, required=True, help="folder of NIfTI, sixty or more")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    images = sorted(path for path in options.images.glob("*.nii*") if not path.name.startswith("."))
    if len(images) < 60:
        parser.error(f"--images: expected sixty NIfTI files or more, got {len(images)} in {options.images}")
    taken: dict[tuple[str, int], list[float]] = {}
    for _ in track(range(options.repeats), "measure", transient=True):  # in turn, so that a busy moment meets all
        taken.setdefault(("import tensorflow", 0), []).append(seconds("import tensorflow"))
        for n in (1, 60):
            taken.setdefault(("reproduce predict", n), []).append(predicting(options.model, images[:n]))
    least = statistics.median(taken["import tensorflow", 0])
    rows = []
    for (command, n), each in taken.items():
        middle = statistics.median(each)
        rows.append((command, n, *(f"{value:.1f}" for value in (middle, min(each), max(each), middle / least))))
    write_rows(OUTPUT, [dict(zip(HEAD, row, strict=True)) for row in rows])


if __name__ == "__main__":
    main()
