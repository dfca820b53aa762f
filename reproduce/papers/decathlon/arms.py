"""The models of the hippocampus table: seven that see slices, two that see volumes."""

from dataclasses import replace

from reproduce.models.losses import CategoricalCrossEntropy, Focal, SquaredDice, sum_of
from reproduce.models.segmentation.lean_unet3d import lean_unet3d
from reproduce.models.segmentation.unet3d import unet3d
from reproduce.papers.xue2025.protocol import LAYERS, OPTIMISED
from reproduce.papers.zheng2024.arms import ARMS as SIX
from reproduce.papers.zheng2024.arms import AUGMENTATION
from reproduce.papers.zheng2024.protocol import SMALL
from reproduce.protocol import Arm, Call, Optimisation, VolumeArm
from reproduce.protocol.augmentation import VolumeAugmentation
from reproduce.protocol.reduced import narrowed, reduced

LEAN, UNET3D = "lean 3-D U-Net (ours)", "3-D U-Net"
BOX = (32, 48, 32)
DICE_AND_ENTROPY = {
    "mask": Call(
        sum_of,
        {"losses": (Call(SquaredDice, {"smooth": 1.0}), Call(CategoricalCrossEntropy, {"weight": 1.0}))},
    )
}
RANGE = "silent: we use a range in which a hippocampus stays plausible; none was tuned"
BENDING = VolumeAugmentation(
    rotation_deg=15.0,
    scale=(0.85, 1.18),
    translation_voxels=3.0,
    flip=False,
    deformation_voxels=1.5,
    control_points=(5, 6, 5),
    contrast=(0.75, 1.25),
    brightness=0.2,
    noise=0.15,
    because={
        "rotation_deg": RANGE,
        "scale": RANGE,
        "translation_voxels": RANGE,
        "flip": "silent: we do not mirror, since every crop of the data set has one handedness; see the ablation",
        "deformation_voxels": RANGE,
        "control_points": "silent: we take a point every eight to ten voxels, so that a bend is wider than a label",
        "contrast": RANGE,
        "brightness": RANGE,
        "noise": RANGE,
    },
)


def of_volumes(name: str, build: Call, why: str, *, learning_rate: float, epochs: int) -> VolumeArm:
    """Return a model of volumes in boxes of 32 x 48 x 32, two a step, under a rate that falls to nothing."""
    optimisation = Optimisation(
        learning_rate=learning_rate,
        decay_power=0.9,
        batch_size=2,
        micro_batch=2,
        max_epochs=epochs,
        patience=None,
        precision="mixed_bfloat16",
        because={
            "learning_rate": f"silent: we use Adam, at the rate that trained the {name} fastest on development cases",
            "decay_power": "silent: we use the power 0.9 of nnU-Net (Isensee 2021)",
            "batch_size": "silent: we use two volumes, as nnU-Net",
            "micro_batch": "silent: we use the whole batch where it fits",
            "max_epochs": f"silent: we train the {name} for a part of 30 minutes of two cores a fold; see CPU minutes",
            "patience": "silent: we train all epochs and keep the one of lowest validation loss",
            "precision": "silent: we use bfloat16, weights in float32; processors that have it train a third faster",
        },
    )
    return VolumeArm(
        name=name,
        build=build,
        losses=DICE_AND_ENTROPY,
        box=BOX,
        augmentation=BENDING,
        optimisation=optimisation,
        because={
            "name": "silent: we name it after its paper, or say that it is ours",
            "build": why,
            "losses": "silent: we use Dice and cross-entropy, equal weights, as nnU-Net",
            "box": "silent: we use a box that covers the labels of 19 cases of 20 from the middle of the image",
            "augmentation": RANGE,
            "optimisation": "silent: see each of its fields",
        },
    )


def _optimised_cnn() -> Arm:
    """Return the optimised CNN of document 000 with Lin's alpha, and a mask that starts from one half."""
    arm = OPTIMISED.changed("silent: we write its name in words, as those of the others", name="optimised CNN")
    layers = {name: value for name, value in arm.build.arguments.items() if name != "prior"}
    arm = arm.changed(
        f"{LAYERS}; residual encoder and dense bottleneck after 4.1", build=Call(arm.build.function, layers)
    )
    return arm.changed(
        "silent: 4.2 names Dice and focal; we use Dice on the mask, focal (gamma 2, alpha 0.25: Lin 2017) on the "
        "slice, equal weights, and smooth 1 so that empty slices have a gradient",
        losses={**arm.losses, "slice": Call(Focal, {"gamma": 2.0, "alpha": 0.25})},
    )


def of_slices(*, width: int) -> tuple[Arm, ...]:
    """Return the six models of document 002 and the optimised CNN of document 000, `width` wide."""
    flat = AUGMENTATION.changed("silent: we swap nothing, since no label is named after a side", sides=())
    arms = (*(arm.changed("002 3.2", augmentation=flat) for arm in SIX), _optimised_cnn())
    return tuple(
        arm.changed(
            f"silent: we narrow it to what two cores can train; in its document's table: {arm.because['build']}",
            build=Call(arm.build.function, {**arm.build.arguments, "width": width, **SMALL.get(arm.name, {})}),
        )
        for arm in arms
    )


def volume_arms(*, width: int, widths: tuple[int, ...], unet_epochs: int, epochs: int) -> tuple[VolumeArm, VolumeArm]:
    """Return the 3-D U-Net of its paper's layers, `width` wide, and our own."""
    plain = Call(unet3d, {"width": width, "bn_momentum": 0.9})
    own = Call(lean_unet3d, {"widths": widths, "residual": True, "bn_momentum": 0.9})
    why = "silent: we use the paper's layers (Cicek 2016), narrowed to what two cores can train"
    our = "silent: we use layers of our own, that two cores can train"
    return (
        of_volumes(UNET3D, plain, why, learning_rate=1e-3, epochs=unet_epochs),
        of_volumes(LEAN, own, our, learning_rate=3e-3, epochs=epochs),
    )


def smaller(arm: Arm | VolumeArm) -> Arm | VolumeArm:
    """Return an arm for the smoke profile: a narrow model, of volumes one epoch; that of slices is the experiment's."""
    if not isinstance(arm, VolumeArm):
        return narrowed(arm, "smoke", width=4)
    optimisation = reduced(arm.optimisation, "smoke", max_epochs=1)
    return replace(narrowed(arm, "smoke", width=2, widths=(2, 4, 8)), optimisation=optimisation)
