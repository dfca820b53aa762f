"""The ablation that document 000 claims (7.2, 7.3) and never shows: structure, loss and augmentation, one by one.

Printed: "significantly enhance", no number. Each arm is tested against the base by Dice per patient, and all together
against all but one (Wilcoxon, Holm). Pretrained encoders run where --weights or the cache of Keras has their files.

    python experiments/ablation.py                      both phantom cohorts, about half an hour on two cores
    python experiments/ablation.py --profile paper --lidc LIDC-IDRI --brats BraTS --weights DIR         on GPUs
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import tyro
from rich.console import Console

from reproduce import paths, run
from reproduce.figures.ablation import write_effects
from reproduce.models.classification.pretrained_encoders import WEIGHTS_VARIABLE
from reproduce.papers.xue2025 import brats as brats_table
from reproduce.papers.xue2025 import lidc as lidc_table
from reproduce.papers.xue2025.ablation_arms import WHY_NOT_RUN, arms, statements, weights_at_hand
from reproduce.papers.xue2025.ablation_figure import TABLES, draw_ablation_of_both
from reproduce.papers.xue2025.protocol import CPU_LAYERS, WHY_CPU
from reproduce.protocol import Arm, Experiment
from reproduce.protocol.intensities import Window
from reproduce.protocol.reduced import narrowed
from reproduce.results.folders import RunFolder
from reproduce.tasks.segmentation import SEGMENTATION

SCRIPT = Path(__file__)


def profiles(of: Mapping[str, Experiment], table: str, weights: Mapping[str, str]) -> dict[str, Experiment]:
    """Return the ablation of one table, given under each profile, under the same ones."""

    def ablated(profile: str, chosen: tuple[Arm, ...], **changes: Any) -> Experiment:
        title = f"xue2025 (document 000), the ablation it never shows: {of[profile].source}"
        changes |= {"arms": chosen, "statements": statements(chosen)}
        return replace(of[profile], table=table, title=title, printed=False, **changes)

    seen = of["paper"].preparation.intensity
    grey = (0.0, 1.0) if isinstance(seen, Window) else seen.grey
    every = arms(width=64, depth=4, grey=grey, weights=weights)
    few = [arm for arm in every if arm.name in ("base", "without_structure", "together")]
    cpu = tuple(narrowed(arm, "cpu", WHY_CPU, **CPU_LAYERS) for arm in every)
    smoke = tuple(narrowed(arm, "smoke", width=4, depth=2) for arm in few)
    why = "cpu: one seed, so that two cores train ten arms and more on both data sets in half an hour"
    fewer = of["cpu"].validation.changed(why, seeds=(1,))
    return {
        "paper": ablated("paper", every),
        "cpu": ablated("cpu", cpu, validation=fewer),
        "smoke": ablated("smoke", smoke),
    }


def tables() -> dict[str, dict[str, Experiment]]:
    """The ablation of both data sets by table, with the arms whose weights are at hand."""
    weights = weights_at_hand()
    return {
        table: profiles(of, table, weights)
        for table, of in zip(TABLES, (lidc_table.PROFILES, brats_table.PROFILES), strict=True)
    }


def effects(of: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Write what each arm adds, with its test, and draw the effects on both data sets as far as both have been run."""
    return (*write_effects(of, WHY_NOT_RUN), *draw_ablation_of_both(of, figures))


def main(
    profile: Literal["paper", "cpu", "smoke"] | None = None,
    lidc: Path | None = None,
    brats: Path | None = None,
    weights: Path | None = None,
    table: Literal["ablation_lidc", "ablation_brats"] | None = None,
    data_root: Path | None = None,
    out: Path | None = None,
    folds: int | None = None,
    seeds: int | None = None,
    only: str | None = None,
    fold: int | None = None,
    epochs: int | None = None,
    workers: int | None = None,
    pages: bool = False,
) -> None:
    """Run the ablation on both data sets; options as for the tables. $REPRODUCE_DATA, one folder, is not read.

    With --table it runs on one, whose folder --data-root may name.
    """
    os.environ.pop(paths.DATA_VARIABLE, None)

    def both(console: Console) -> None:
        named = dict(zip(TABLES, (lidc, brats), strict=True))
        if table is not None:
            named[table] = named[table] or data_root
        roots = [paths.data_root(root) for root in named.values()]  # a wrong path is told now, not hours later
        if weights is not None:
            os.environ[WEIGHTS_VARIABLE] = str(paths.existing_folder(weights, holding="files of weights"))
        given = {"out": out, "folds": folds, "seeds": seeds, "only": only, "fold": fold, "epochs": epochs}
        for (name, of), root in zip(tables().items(), roots, strict=True):
            if table in (None, name):
                options = run.Options(profile, root, **given, workers=workers, pages=pages)
                run.run_table(of, SEGMENTATION, options, script=SCRIPT, console=console, further=effects)

    run.told_as_errors(both)


if __name__ == "__main__":
    tyro.cli(main)
