"""The table of nine models, five folds by case; the protocol is ours, and made for two cores."""

from dataclasses import replace

from reproduce.papers.decathlon.arms import LEAN, of_slices, volume_arms
from reproduce.papers.decathlon.protocol import DECISION, PHANTOM, READINGS, preparation
from reproduce.papers.zheng2024.protocol import OPTIMISATION
from reproduce.phantoms.writers.hippocampus import write_hippocampus_cohort
from reproduce.protocol import NO_DOCUMENT, Call, Experiment, Statement, Validation


def experiment(profile: str, *, size: int, width: int, slice_epochs: int, seeds: tuple[int, ...], volumes: dict):
    """The table under one profile."""
    arms = (*of_slices(width=width), *volume_arms(**volumes))
    names = [arm.name for arm in arms]
    return Experiment(
        table="hippocampus_decathlon",
        document=NO_DOCUMENT,
        title="Decathlon, hippocampus: nine models, five folds by case",
        source="decathlon",
        profile=profile,
        printed=False,
        phantom=PHANTOM,
        preparation=preparation(size=size),
        arms=arms,
        optimisation=replace(
            OPTIMISATION,
            batch_size=16,
            micro_batch=16,
            max_epochs=slice_epochs,
            because=OPTIMISATION.because
            | {
                "batch_size": "silent: we use 16 slices, as many as the budget of steps allows",
                "max_epochs": "silent: we use few, since an epoch has 5000 slices and two cores train seven models",
            },
        ),
        validation=Validation(
            n_folds=5,
            validation_share=0.1,
            split_seed=0,
            seeds=seeds,
            because={
                "n_folds": "silent: we use five, as nnU-Net",
                "validation_share": "silent: we take a tenth of a fold's training cases to choose the epoch by",
                "split_seed": "silent: we draw folds by case",
                "seeds": "silent: we use one, since two hundred cases tell models apart better than seeds do",
            },
        ),
        decision=DECISION,
        readings=READINGS,
        statements=tuple(Statement(LEAN, name, "dice", "ours: no document says it") for name in names if name != LEAN),
    )


PAPER = experiment(
    "paper",
    size=64,
    width=8,
    slice_epochs=2,
    seeds=(1,),
    volumes={"width": 6, "widths": (8, 32, 64, 128), "unet_epochs": 15, "epochs": 150},
)
CPU = replace(PAPER, profile="cpu")  # the protocol is ours, and made for two cores
SMOKE = experiment(
    "smoke",
    size=32,
    width=4,
    slice_epochs=1,
    seeds=(1,),
    volumes={"width": 2, "widths": (2, 4, 8), "unet_epochs": 1, "epochs": 1},
)
SMOKE = replace(
    SMOKE,
    phantom=Call(write_hippocampus_cohort, {"n_patients": 4, "seed": 1}),
    arms=(SMOKE.arms[1], *SMOKE.arms[-3:]),
    validation=replace(SMOKE.validation, n_folds=2),
    statements=SMOKE.statements[-2:],
)
PROFILES = {"paper": PAPER, "cpu": CPU, "smoke": SMOKE}
