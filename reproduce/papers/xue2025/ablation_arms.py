"""The arms of the ablation of document 000: each optimisation alone, all together, and all but one."""

from collections.abc import Mapping
from dataclasses import replace

from reproduce.errors import DataNotFoundError
from reproduce.models.classification.pretrained_encoders import DENSENET121, INCEPTION_V3, RESNET50, VGG16, find_weights
from reproduce.models.losses import BinaryCrossEntropy, SquaredDice, sum_of
from reproduce.models.segmentation.optimised_cnn import ablation_cnn
from reproduce.models.segmentation.pretrained_cnn import pretrained_cnn
from reproduce.papers.xue2025.protocol import ALPHA, AUGMENTATION, FOCAL, FROM_HUNDREDTH, FROM_TENTH, LAYERS
from reproduce.protocol import Arm, Call, Statement
from reproduce.provenance import file_digest

BASE, TOGETHER = "base", "together"
TRANSFER = {
    "transfer_vgg16": VGG16,
    "transfer_resnet50": RESNET50,
    "transfer_inception_v3": INCEPTION_V3,
    "transfer_densenet121": DENSENET121,
}
WHY_NOT_RUN = dict.fromkeys(TRANSFER, "not run: weights absent")

_DICE = Call(SquaredDice, {"smooth": 1.0})
_LOSSES = {
    "Dice": _DICE,
    ALPHA: FOCAL,
    f"Dice and {ALPHA}, equal weights,": Call(sum_of, {"losses": (_DICE, FOCAL)}),
}
_ON_DICE, _ON_FOCAL, _ON_BOTH = _LOSSES
_ALL = ("residual", "dense", "skips")


def arms(*, width: int, depth: int, grey: tuple[float, float], weights: Mapping[str, str]) -> tuple[Arm, ...]:
    """Return every arm in the order of the table, all together last.

    Args:
        width: Channels of the first level, see `ablation_cnn`.
        depth: Levels of the models that are trained from nothing; a pretrained encoder has its own.
        grey: Intensities that are black and white to a pretrained encoder.
        weights: Digest of the file of weights of each arm of `TRANSFER` that is to run.
    """
    layers = {"width": width, "depth": depth, "bn_momentum": 0.9, **dict.fromkeys(_ALL, False), "prior": 0.01}
    base = Arm(
        name=BASE,
        build=Call(ablation_cnn, layers),
        losses={"mask": Call(BinaryCrossEntropy, {})},
        augmentation=None,
        because={
            "name": "silent: we name each arm after what differs from the base, or from all together",
            "build": f"{LAYERS}; plain; {FROM_HUNDREDTH}",
            "losses": "silent: we put cross-entropy on the mask, and leave the slice head out, so that no arm has an "
            "output that another lacks",
            "augmentation": "silent: we use none, so that an arm can add it",
        },
    )

    def arm(name: str, *structure: str, loss: str | None = None, augmented: bool = False) -> Arm:
        found = replace(base, name=name)
        dice = loss in (_ON_DICE, _ON_BOTH)
        if structure or dice:
            parts = f"with {' and '.join(structure)}; 4.1 names residual and dense ones, but no skips"
            why = f"{LAYERS}; {parts if structure else 'plain'}; {FROM_TENTH if dice else FROM_HUNDREDTH}"
            own = dict.fromkeys(structure, True) | {"prior": 0.1 if dice else 0.01}
            found = found.changed(why, build=Call(ablation_cnn, layers | own))
        if loss:
            why = f"silent: 4.2 names Dice and focal loss; we put {loss} on the mask, with no slice head either"
            found = found.changed(why, losses={"mask": _LOSSES[loss]})
        return found.changed("000 3.2", augmentation=AUGMENTATION) if augmented else found

    return (
        base,
        arm("residual", "residual"),
        arm("dense", "dense"),
        arm("residual_dense", "residual", "dense"),
        arm("skips", "skips"),
        arm("dice", loss=_ON_DICE),
        arm("focal", loss=_ON_FOCAL),
        arm("dice_focal", loss=_ON_BOTH),
        arm("augmentation", augmented=True),
        *(_transfer(base, name, width=width, grey=grey, sha256=digest) for name, digest in weights.items()),
        arm("without_structure", "skips", loss=_ON_BOTH, augmented=True),
        arm("without_skips", "residual", "dense", loss=_ON_BOTH, augmented=True),
        arm("without_loss", *_ALL, augmented=True),
        arm("without_augmentation", *_ALL, loss=_ON_BOTH),
        arm(TOGETHER, *_ALL, loss=_ON_BOTH, augmented=True),
    )


def _transfer(base: Arm, name: str, *, width: int, grey: tuple[float, float], sha256: str) -> Arm:
    layers = {"encoder": TRANSFER[name], "sha256": sha256, "grey": grey, "width": width, "bn_momentum": 0.9}
    layers["prior"] = 0.01
    build = (
        f"silent: 5 names VGG, ResNet and Inception; we freeze the encoder {name.removeprefix('transfer_')}, with the "
        f"weights of the file of this SHA-256, and train a U-shaped decoder; {FROM_HUNDREDTH}"
    )
    return replace(base, name=name).changed(build, build=Call(pretrained_cnn, layers))


def weights_at_hand() -> dict[str, str]:
    """Return the SHA-256 of the file of weights of each arm of `TRANSFER` that has one; the others cannot run."""
    found = {}
    for name, encoder in TRANSFER.items():
        try:
            found[name] = file_digest(find_weights(encoder))
        except DataNotFoundError:
            continue  # the arm is listed as not run
    return found


def statements(chosen: tuple[Arm, ...]) -> tuple[Statement, ...]:
    """Return that each arm beats the base in Dice per patient, and that all together beat all but one."""
    names = [arm.name for arm in chosen]
    alone = [Statement(name, BASE, "dice", _place(name)) for name in names if name != BASE]
    left_out = [Statement(TOGETHER, name, "dice", _place(name)) for name in names if name.startswith("without_")]
    return (*alone, *left_out)


def _place(name: str) -> str:
    if name.startswith("transfer_"):
        return "000 5"
    if name.endswith("skips"):
        return "ours: the document names no skip connections"
    return "000 3.2" if name.endswith("augmentation") else "000 7.3"
