"""The ablation that document 000 claims (7.2, 7.3) and never shows: structure, loss and augmentation, one by one.

Printed: "significantly enhance", no number. Each arm is tested against the base by Dice per patient, and all together
against all but one (Wilcoxon, Holm). Pretrained encoders run where --weights or the cache of Keras has their files.

    python experiments/ablation.py                      both phantom cohorts, about half an hour on two cores
    python experiments/ablation.py --profile paper --lidc LIDC-IDRI --brats BraTS --weights DIR         on GPUs
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Options(run.Options):
    """Options of a table, and those of two. $REPRODUCE_DATA, one folder, is not read.

    Attributes:
        lidc: Folder of LIDC-IDRI. Left out: a phantom cohort.
        brats: Folder of BraTS. Left out: a phantom cohort.
        weights: Folder of files of pretrained encoders. Left out: the cache of Keras.
        table: Run on this data set alone, whose folder --data-root may name.
    """

    lidc: Path | None = None
    brats: Path | None = None
    weights: Path | None = None
    table: Literal["ablation_lidc", "ablation_brats"] | None = None

    def roots(self) -> dict[str, Path | None]:
        """Return the folder of each table that is run; a wrong path is told now, not hours later."""
        named = dict(zip(TABLES, (self.lidc, self.brats), strict=True))
        if self.table is None and self.data_root is not None:
            run.refuse("--lidc and --brats", "--data-root for two data sets", "name each folder, or give --table")
        if self.table is not None:
            named = {self.table: named[self.table] or self.data_root}
        return {table: paths.data_root(root) for table, root in named.items()}


def ablate(options: Options, console: Console) -> None:
    """Run the ablation on the data sets that the options name."""
    roots = options.roots()
    if options.weights is not None:
        os.environ[WEIGHTS_VARIABLE] = str(paths.existing_folder(options.weights, holding="files of weights"))
    of = tables()
    for table, root in roots.items():
        one = replace(options, data_root=root)
        run.run_table(of[table], SEGMENTATION, one, script=SCRIPT, console=console, further=effects)


def main() -> None:
    """Run the ablation from the command line."""
    os.environ.pop(paths.DATA_VARIABLE, None)
    options = tyro.cli(Options, description=__doc__)
    run.told_as_errors(lambda console: ablate(options, console))


if __name__ == "__main__":
    main()
