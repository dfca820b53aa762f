"""What Tables 1 and 2 of document 000 share: two arms, their augmentation, and the training of section 6.2."""

from dataclasses import replace

from reproduce.models.losses import BinaryCrossEntropy, Focal, SquaredDice
from reproduce.models.segmentation.optimised_cnn import optimised_cnn, unoptimised_cnn
from reproduce.papers.profiles import scaled
from reproduce.protocol import Arm, Call, Decision, Experiment, Optimisation, Reading, Statement, Tiles, Validation
from reproduce.protocol.augmentation import Augmentation

LAYERS = "silent: we use width 64 and four levels (He 2016, Ronneberger 2015) and momentum 0.9, since no layer is given"
FROM_HUNDREDTH = "mask from 0.01 (Lin 2017, 4.1)"
FROM_TENTH = "mask from 0.1"
RANGE = "silent: 3.2 names it without a range; we use one in which an image stays plausible"
TOLERANCE = "silent: we use 2 points, or 0.02, since the document prints neither spread nor number of cases"
REGION = "silent: we read the cells on the whole lesion or tumour, since no region is named"
ALPHA = "focal (gamma 2, Lin 2017; alpha 0.5)"
FOCAL = Call(Focal, {"gamma": 2.0, "alpha": 0.5})
LEVEL = "silent: we count slices in one matrix, and average Dice over patients' volumes, since the unit is not named"
_LAYERS = {"width": 64, "depth": 4, "bn_momentum": 0.9, "prior": 0.1}
AUGMENTATION = Augmentation(
    rotation_deg=15.0,
    scale=(0.9, 1.1),
    translation=0.05,
    flip=True,
    sides=(),
    because={
        "rotation_deg": RANGE,
        "scale": RANGE,
        "translation": RANGE,
        "flip": RANGE,
        "sides": "silent: we swap nothing, since no region is named after a side",
    },
)
UNOPTIMISED = Arm(
    name="unoptimised_cnn",
    build=Call(unoptimised_cnn, {**_LAYERS, "prior": 0.01}),
    losses={"mask": Call(BinaryCrossEntropy, {})},
    augmentation=None,
    because={
        "name": "000 Table 1, Table 2",
        "build": f"{LAYERS}; plain, since 4.1 counts residual and dense blocks among the optimisations; "
        f"{FROM_HUNDREDTH}",
        "losses": "silent: we use binary cross-entropy, since 4.2 counts Dice and focal loss among the optimisations",
        "augmentation": "silent: we use none, since it is one of the remedies that the optimised process adds",
    },
)
OPTIMISED = Arm(
    name="optimised_cnn",
    build=Call(optimised_cnn, _LAYERS),
    losses={"mask": Call(SquaredDice, {"smooth": 1.0}), "slice": FOCAL},
    augmentation=AUGMENTATION,
    because={
        "name": "000 Table 1, Table 2",
        "build": f"{LAYERS}; residual encoder and dense bottleneck after 4.1; {FROM_TENTH}",
        "losses": f"silent: 4.2 names Dice and focal; we use Dice on the mask, {ALPHA} on the slice, equal weights",
        "augmentation": "000 3.2",
    },
)
OPTIMISATION = Optimisation(
    learning_rate=1e-3,
    decay_power=None,
    batch_size=32,
    micro_batch=32,
    max_epochs=200,
    patience=10,
    precision="float32",
    because={
        "learning_rate": "000 6.2, Adam",
        "decay_power": "silent: we keep the rate, since no decay is named",
        "batch_size": "000 6.2",
        "micro_batch": "silent: we use the whole batch where it fits",
        "max_epochs": "silent: we use 200 and let early stopping end it",
        "patience": "000 6.2, read as: stop when the validation loss has not fallen for 10 epochs",
        "precision": "silent: we use float32, TensorFlow's own",
    },
)
VALIDATION = Validation(
    n_folds=5,
    validation_share=0.15,
    split_seed=0,
    seeds=(1, 2, 3),
    because={
        "n_folds": "000 6.2",
        "validation_share": "silent: we take 15 % of a fold's training patients, so that test patients stop nothing",
        "split_seed": "silent: we draw folds by patient",
        "seeds": "silent: we use three, since one run says nothing of its spread",
    },
)


def decision(*regions: str) -> Decision:
    """Return the decision: one half decides; each region is measured by itself."""
    return Decision(
        threshold=0.5,
        lesion_overlap=0.1,
        measured={region: (region,) for region in regions},
        means={},
        surface_tolerance_mm=2.0,
        because={
            "threshold": "silent: we use one half and tune nothing",
            "lesion_overlap": "silent: we call a lesion found when a tenth of it is marked",
            "measured": "silent: we measure each region that we train",
            "means": "silent: we average no regions, since the print names none",
            "surface_tolerance_mm": "silent: we use 2 mm; the print has no surface metric, it stands beside Dice",
        },
    )


def readings(region: str) -> tuple[Reading, ...]:
    """Return how the four printed metrics are read on one region."""
    because = dict.fromkeys(("cell", "metric"), "000 Table 1, Table 2") | {"region": REGION}
    because |= {"level": LEVEL, "average": LEVEL, "tolerance": TOLERANCE}
    slices = ("accuracy", "sensitivity", "specificity")
    return (
        *(Reading(because, metric, metric, region, "slice", "pooled", tolerance=2.0) for metric in slices),
        Reading(because, "dice", "dice", region, "pixel", "per_case", tolerance=0.02),
    )


def statements(place: str) -> tuple[Statement, ...]:
    """Return that the optimised model is better by each of the four metrics."""
    metrics = ("accuracy", "sensitivity", "specificity", "dice")
    return tuple(Statement("optimised_cnn", "unoptimised_cnn", metric, place) for metric in metrics)


# What the models of the cpu profile have instead, and why; docs/cpu_profiles.md has what was tried.
CPU_LAYERS = {"width": 8, "depth": 3, "bn_momentum": 0.97}
WHY_CPU = {
    "build": "smaller; momentum 0.97 for small batches",
    "batch_size": "for more steps",
    "micro_batch": "the whole batch, which fits",
    "max_epochs": "the minutes end it",
    "decay_power": "so that the last steps settle",
    "n_folds": "fewer models",
}


def _with_alpha(arm: Arm, alpha: float, why: str) -> Arm:
    """Return an arm under "cpu" with another alpha on its slice head, if it has one."""
    if "slice" not in arm.losses:
        return arm
    losses = {**arm.losses, "slice": Call(Focal, {"gamma": 2.0, "alpha": alpha})}
    return arm.changed(f"cpu: alpha {alpha}, {why}; in full: {arm.because['losses']}", losses=losses)


def profiles_of(
    paper: Experiment,
    *,
    cpu_phantom: Call,
    cpu_size: int,
    why_cpu_size: str,
    cpu_batch: int,
    cpu_epochs: int,
    cpu_alpha: float,
    why_cpu_alpha: str,
    cpu_tiles: Tiles | None = None,
    smoke_phantom: Call,
) -> dict[str, Experiment]:
    """Return a table under each profile: minutes on two cores on small images, and seconds on a small phantom.

    Args:
        paper: With the values of the document.
        cpu_phantom: A phantom cohort that is large enough to decide on 0.05 in Dice per patient.
        cpu_size: Side of the images in pixels under "cpu".
        why_cpu_size: Its reason.
        cpu_batch: Images or tiles a step under "cpu".
        cpu_epochs: Epochs under "cpu".
        cpu_alpha: Of the focal loss on the slice under "cpu".
        why_cpu_alpha: Its reason.
        cpu_tiles: What the models see of a slice under "cpu"; None shows all of it.
        smoke_phantom: A phantom cohort of seconds.
    """
    cpu = scaled(
        paper,
        "cpu",
        size=cpu_size,
        arguments=CPU_LAYERS,
        validation={"n_folds": 2},
        phantom=cpu_phantom,
        why={**WHY_CPU, "size": why_cpu_size},
        batch_size=cpu_batch,
        micro_batch=cpu_batch,
        max_epochs=cpu_epochs,
        decay_power=1.0,
    )
    arms = tuple(_with_alpha(arm, cpu_alpha, why_cpu_alpha) for arm in cpu.arms)
    cpu = replace(cpu, arms=arms, tiles=cpu_tiles)
    smoke = scaled(
        paper,
        "smoke",
        size=32,
        arguments={"width": 4, "depth": 2},
        validation={"seeds": (1,), "n_folds": 2},
        phantom=smoke_phantom,
        batch_size=4,
        micro_batch=4,
        max_epochs=2,
    )
    return {"paper": paper, "cpu": cpu, "smoke": smoke}
