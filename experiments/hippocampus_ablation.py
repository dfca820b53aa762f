"""What each ingredient of our own model brings, on the cases that its design was chosen on, and on no other.

Every arm is our model with one ingredient left out or changed, trained as long as the whole; 32 development cases are
predicted by each. Left out against whole: paired Wilcoxon, Holm over all. Nothing here is a test result: that is the
five folds of hippocampus_decathlon.py.

    python experiments/hippocampus_ablation.py --data-root Task04_Hippocampus
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from reproduce import run
from reproduce.figures.ablation import write_effects
from reproduce.models.losses import CategoricalCrossEntropy, SquaredDice
from reproduce.papers.decathlon import table
from reproduce.papers.decathlon.arms import BENDING, LEAN, smaller
from reproduce.papers.decathlon.protocol import development_side
from reproduce.phantoms.writers.hippocampus import write_hippocampus_cohort
from reproduce.protocol import Call, HeldOut, Statement, VolumeArm
from reproduce.results.folders import RunFolder
from reproduce.tasks.segmentation import SEGMENTATION


def arms(whole: VolumeArm, plain: VolumeArm) -> tuple[VolumeArm, ...]:
    """Return the whole model last; before it each arm that lacks an ingredient, or has one more."""

    def why(what: str) -> str:
        return f"silent: we leave out {what}, to see what it brings"

    def without(what: str, **changes: Any) -> VolumeArm:
        return whole.changed(why(what), name=f"without {what}", **changes)

    no_shortcuts = Call(whole.build.function, {**whole.build.arguments, "residual": False})
    no_bending = BENDING.changed(why("bending"), deformation_voxels=0.0)
    same_greys = BENDING.changed(why("change of greys"), contrast=(1.0, 1.0), brightness=0.0, noise=0.0)
    mirror = "silent: we mirror too, to see what it brings"
    return (
        plain,
        without("shortcuts", build=no_shortcuts),
        without("augmentation", augmentation=None),
        without("bending", augmentation=no_bending),
        without("change of greys", augmentation=same_greys),
        whole.changed(mirror, name="with mirroring", augmentation=BENDING.changed(mirror, flip=True)),
        without("cross-entropy", losses={"mask": Call(SquaredDice, {"smooth": 1.0})}),
        without("Dice", losses={"mask": Call(CategoricalCrossEntropy, {"weight": 1.0})}),
        without("falling rate", optimisation=whole.optimisation.changed(why("falling rate"), decay_power=None)),
        whole,
    )


PLAIN, WHOLE = table.VOLUMES
FEWER = "silent: we train a tenth of the table's epochs, as long as the 3-D U-Net, so that ten arms can be trained"
ARMS = arms(replace(WHOLE, optimisation=WHOLE.optimisation.changed(FEWER, max_epochs=15)), PLAIN)
PAPER = replace(
    table.PAPER,
    table="hippocampus_ablation",
    title="Decathlon, hippocampus: what each ingredient of our model brings, on development cases",
    arms=ARMS,
    validation=HeldOut(
        shares=(0.7, 0.1, 0.2),
        official=development_side,
        division="official",
        split_seed=0,
        seeds=(1,),
        because={
            "shares": "silent: we use none of them, since the division is fixed",
            "official": "silent: we test the development cases, and stop by every tenth number of the others",
            "division": "silent: we use ours, so that no other case decides about the design",
            "split_seed": "silent: we draw nothing",
            "seeds": "silent: we use one; the pairs are cases",
        },
    ),
    statements=tuple(Statement(LEAN, arm.name, "dice", "ours: no document says it") for arm in ARMS[:-1]),
)
CPU = replace(PAPER, profile="cpu")
SMOKE = replace(
    PAPER,
    profile="smoke",
    phantom=Call(write_hippocampus_cohort, {"n_patients": 10, "seed": 1}),
    preparation=table.SMOKE.preparation,
    arms=tuple(smaller(arm) for arm in ARMS[-2:]),
    optimisation=table.SMOKE.optimisation,
    statements=PAPER.statements[-1:],
)

PROFILES = {"paper": PAPER, "cpu": CPU, "smoke": SMOKE}


def effects(of: RunFolder, _: Path) -> tuple[Path, ...]:
    """Write what each arm adds, with its test, beside the cases that it follows from."""
    return write_effects(of, {})


if __name__ == "__main__":
    run.main(PROFILES, SEGMENTATION, further=effects, script=__file__)
