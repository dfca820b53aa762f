"""The ablation that document 000 claims (7.2, 7.3) and never shows: structure, loss and augmentation, one by one.

Printed: "significantly enhance", no number. Each arm is tested against the base by Dice per patient, and all together
against all but one (Wilcoxon, Holm). Pretrained encoders run where --weights or the cache of Keras has their files.

    python experiments/ablation.py                      both phantom cohorts, about half an hour on two cores
    python experiments/ablation.py --profile paper --lidc LIDC-IDRI --brats BraTS --weights DIR         on GPUs
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import tyro

from reproduce import paths, run
from reproduce.errors import ReproduceError
from reproduce.figures.ablation import write_effects
from reproduce.models.classification.pretrained_encoders import WEIGHTS_VARIABLE
from reproduce.papers.xue2025 import brats as brats_table
from reproduce.papers.xue2025 import lidc as lidc_table
from reproduce.papers.xue2025.ablation_arms import WHY_NOT_RUN, arms, statements, weights_at_hand
from reproduce.papers.xue2025.ablation_figure import TABLES, draw_ablation
from reproduce.protocol import Experiment
from reproduce.protocol.intensities import Window
from reproduce.results.folders import find_runs

ROOT = Path(__file__).resolve().parents[1]


def ablated(of: Experiment, table: str, weights: dict, *, width: int, depth: int, only=(), **changes) -> Experiment:
    """A table's experiment with the arms of the ablation; `only` some of them, where any are named."""
    grey = (0.0, 1.0) if isinstance(of.preparation.intensity, Window) else of.preparation.intensity.grey
    every = arms(width=width, depth=depth, grey=grey, weights=weights)
    chosen = tuple(arm for arm in every if not only or arm.name in only)
    named = {"table": table, "title": f"Document 000, the ablation it never shows: {of.source}", "printed": False}
    return replace(of, **named, **changes, arms=chosen, statements=statements(chosen))


def profiles(module, table: str, weights: dict) -> dict[str, Experiment]:
    """The ablation of one table under each profile; on CPUs fewer and longer trainings, since fourteen arms share."""
    v, o = replace(module.CPU.validation, n_folds=2), replace(module.CPU.optimisation, max_epochs=20)
    few = ("base", "without_structure", "together")
    return {
        "paper": ablated(module.PAPER, table, weights, width=64, depth=4),
        "cpu": ablated(module.CPU, table, weights, width=8, depth=3, validation=v, optimisation=o),
        "smoke": ablated(module.SMOKE, table, weights, width=4, depth=2, only=few),
    }


def main(
    profile: Literal["paper", "cpu", "smoke"] | None = None,
    lidc: Path | None = None,
    brats: Path | None = None,
    weights: Path | None = None,
    workers: int | None = None,
) -> None:
    """Run the ablation on both data sets; options as for the tables. $REPRODUCE_DATA, one folder, is not read."""
    os.environ.pop(paths.DATA_VARIABLE, None)
    roots = [paths.data_root(root) for root in (lidc, brats)]  # a wrong path is told now, not hours later
    if weights is not None:
        os.environ[WEIGHTS_VARIABLE] = str(paths.existing_folder(weights, holding="files of weights"))
    for table, module, root in zip(TABLES, (lidc_table, brats_table), roots, strict=True):
        given = (("--profile", profile), ("--workers", workers), ("--data-root", root))
        words = [str(word) for pair in given if pair[1] is not None for word in pair]
        run.main(profiles(module, table, weights_at_hand()), script=__file__, arguments=words)
    home = paths.cache_dir(ROOT) / "smoke" if profile == "smoke" else ROOT
    runs = find_runs(home / "results", TABLES)
    written = [path for each in runs for path in write_effects(each, WHY_NOT_RUN)]
    print(*written, *draw_ablation(runs, home / "figures"), sep="\n")


if __name__ == "__main__":
    try:
        tyro.cli(main)
    except ReproduceError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)
