"""The table of nine models, five folds by case; the protocol is ours, and made for two cores."""

from dataclasses import replace
from pathlib import Path

from reproduce.papers.decathlon.arms import LEAN, of_slices, smaller, volume_arms
from reproduce.papers.decathlon.cpu_minutes import draw_cpu_minutes
from reproduce.papers.decathlon.protocol import DECISION, PHANTOM, READINGS, preparation, write_by_choice
from reproduce.papers.zheng2024.protocol import OPTIMISATION
from reproduce.phantoms.writers.hippocampus import write_hippocampus_cohort
from reproduce.protocol import NO_DOCUMENT, Arm, Call, Experiment, Statement, Validation, VolumeArm
from reproduce.protocol.reduced import reduced
from reproduce.results.folders import RunFolder

VOLUMES = volume_arms(width=6, widths=(8, 32, 64, 128), unet_epochs=15, epochs=150)
ARMS: tuple[Arm | VolumeArm, ...] = (*of_slices(width=8), *VOLUMES)
PAPER = Experiment(
    table="hippocampus_decathlon",
    document=NO_DOCUMENT,
    title="Decathlon, hippocampus: nine models, five folds by case",
    source="decathlon",
    profile="paper",
    printed=False,
    phantom=PHANTOM,
    preparation=preparation(size=64),
    arms=ARMS,
    optimisation=OPTIMISATION.changed(
        "silent: we use 16 slices, as many as the budget of steps allows", batch_size=16, micro_batch=16
    ).changed("silent: we use few, since an epoch has 5000 slices and two cores train seven models", max_epochs=2),
    validation=Validation(
        n_folds=5,
        validation_share=0.1,
        split_seed=0,
        seeds=(1,),
        because={
            "n_folds": "silent: we use five, as nnU-Net",
            "validation_share": "silent: we take a tenth of a fold's training cases to choose the epoch by",
            "split_seed": "silent: we draw folds by case",
            "seeds": "silent: we use one, since two hundred cases tell models apart better than seeds do",
        },
    ),
    decision=DECISION,
    readings=READINGS,
    statements=tuple(
        Statement(LEAN, arm.name, "dice", "ours: no document says it") for arm in ARMS if arm.name != LEAN
    ),
)
CPU = replace(PAPER, profile="cpu")  # the protocol is ours, and made for two cores
SMOKE = replace(
    PAPER,
    profile="smoke",
    phantom=Call(write_hippocampus_cohort, {"n_patients": 4, "seed": 1}),
    preparation=reduced(PAPER.preparation, "smoke", size=32),
    arms=tuple(smaller(arm) for arm in (ARMS[1], *ARMS[-3:])),
    optimisation=reduced(PAPER.optimisation, "smoke", max_epochs=1),
    validation=reduced(PAPER.validation, "smoke", n_folds=2),
    statements=PAPER.statements[-2:],
)
# Processor seconds that all models train for on one fold: 30 minutes of two cores.
BUDGET_S = 30 * 60 * 2.0
PROFILES = {"paper": PAPER, "cpu": CPU, "smoke": SMOKE}


def what_only_it_has(run: RunFolder, figures: Path) -> tuple[Path, ...]:
    """Write Dice by who chose the design, and draw Dice against processor minutes; the files written."""
    return (write_by_choice(run.path), *draw_cpu_minutes(run, figures))
