"""What each ingredient of our own model brings, on the cases that its design was chosen on, and on no other.

Every arm is our model with one ingredient left out or changed, trained as long as the whole; 32 development cases are
predicted by each. Left out against whole: paired Wilcoxon, Holm over all. Nothing here is a test result: that is the
five folds of hippocampus_decathlon.py.

    python experiments/hippocampus_ablation.py --data-root Task04_Hippocampus
"""

from dataclasses import replace
from pathlib import Path

from reproduce import run
from reproduce.figures.ablation import write_effects
from reproduce.models.losses import CategoricalCrossEntropy, SquaredDice
from reproduce.papers.decathlon import table
from reproduce.papers.decathlon.arms import BENDING, LEAN, UNET3D
from reproduce.papers.decathlon.protocol import development_side
from reproduce.protocol import Call, Experiment, HeldOut, Statement, VolumeArm
from reproduce.results.folders import read_run

NO_BEND = {"deformation_voxels": 0.0}
NO_GREY = {"contrast": (1.0, 1.0), "brightness": 0.0, "noise": 0.0}


def arms(whole: VolumeArm, plain: VolumeArm) -> tuple[VolumeArm, ...]:
    """The whole model last; before it each arm that lacks an ingredient, or has one more."""
    layers, epochs = whole.build.arguments, whole.optimisation.max_epochs

    def without(name: str, **changes) -> VolumeArm:
        return replace(whole, name=f"without {name}", **changes)

    constant = replace(whole.optimisation, decay_power=None)
    return (
        replace(plain, optimisation=replace(plain.optimisation, max_epochs=epochs)),
        without("shortcuts", build=Call(whole.build.function, {**layers, "residual": False})),
        without("augmentation", augmentation=None),
        without("bending", augmentation=replace(BENDING, **NO_BEND)),
        without("change of greys", augmentation=replace(BENDING, **NO_GREY)),
        replace(whole, name="with mirroring", augmentation=replace(BENDING, flip=True)),
        without("cross-entropy", losses={"mask": Call(SquaredDice, {"smooth": 1.0})}),
        without("Dice", losses={"mask": Call(CategoricalCrossEntropy, {"weight": 1.0})}),
        without("falling rate", optimisation=constant),
        whole,
    )


def ablated(of: Experiment, *, epochs: int) -> Experiment:
    """The ablation under a profile of the table, each arm trained for `epochs`."""
    plain, whole = (
        replace(arm, optimisation=replace(arm.optimisation, max_epochs=epochs))
        for arm in of.arms
        if arm.name in (UNET3D, LEAN)
    )
    every = arms(whole, plain)
    return replace(
        of,
        table="hippocampus_ablation",
        title="Decathlon, hippocampus: what each ingredient of our model brings, on development cases",
        arms=every,
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
        statements=tuple(
            Statement(LEAN, arm.name, "dice", "ours: no document says it") for arm in every if arm is not whole
        ),
    )


PAPER = ablated(table.PAPER, epochs=15)
CPU = replace(PAPER, profile="cpu")
SMOKE = ablated(table.SMOKE, epochs=1)
SMOKE = replace(
    SMOKE,
    phantom=replace(SMOKE.phantom, arguments={"n_patients": 10, "seed": 1}),
    arms=SMOKE.arms[-2:],
    statements=SMOKE.statements[-1:],
)

if __name__ == "__main__":
    run.main({"paper": PAPER, "cpu": CPU, "smoke": SMOKE}, script=__file__)
    for folder in sorted((Path(__file__).resolve().parents[1] / "results" / CPU.table).glob("*-*")):
        print(*write_effects(read_run(folder), {}), sep="\n")
