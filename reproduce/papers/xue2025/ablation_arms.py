"""The arms of the ablation of document 000: each optimisation alone, all together, and all but one."""

from collections.abc import Mapping

from reproduce.errors import DataNotFoundError
from reproduce.models.classification.pretrained_encoders import DENSENET121, INCEPTION_V3, RESNET50, VGG16, find_weights
from reproduce.models.losses import BinaryCrossEntropy, Focal, SquaredDice, sum_of
from reproduce.models.segmentation.optimised_cnn import ablation_cnn
from reproduce.models.segmentation.pretrained_cnn import pretrained_cnn
from reproduce.papers.xue2025.protocol import AUGMENTATION, LAYERS
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

_BCE = Call(BinaryCrossEntropy, {})
_DICE = Call(SquaredDice, {"smooth": 1.0})
_FOCAL = Call(Focal, {"gamma": 2.0, "alpha": 0.25})
_DICE_FOCAL = Call(sum_of, {"losses": (_DICE, _FOCAL)})
_NO_STRUCTURE = {"residual": False, "dense": False, "skips": False}
_STRUCTURE = {"residual": True, "dense": True, "skips": True}
_BECAUSE = {
    "name": "silent: we name each arm after what differs from the base, or from all together",
    "build": f"{LAYERS}; residual and dense after 4.1, skip connections apart, since the document does not name them",
    "losses": "silent: we put Dice, focal (gamma 2, alpha 0.25: Lin 2017) or their sum, equal weights, on the mask, "
    "and leave the slice head out, so that no arm has an output that another lacks",
    "augmentation": "000 3.2, or none",
}


def arms(*, width: int, depth: int, grey: tuple[float, float], weights: Mapping[str, str]) -> tuple[Arm, ...]:
    """Every arm in the order of the table, all together last.

    Args:
        width: See `ablation_cnn`, and so for `depth`.
        depth: Of the models that are trained from nothing; a pretrained encoder has its own.
        grey: Intensities that are black and white to a pretrained encoder.
        weights: Of each arm of `TRANSFER` that is to run, the digest of its file.
    """

    def arm(name: str, *, loss: Call = _BCE, augmented: bool = False, structure: dict | None = None) -> Arm:
        layers = {"width": width, "depth": depth, "bn_momentum": 0.9, **_NO_STRUCTURE, **(structure or {})}
        return Arm(
            name=name,
            build=Call(ablation_cnn, layers),
            losses={"mask": loss},
            augmentation=AUGMENTATION if augmented else None,
            because=_BECAUSE,
        )

    whole = {"loss": _DICE_FOCAL, "augmented": True, "structure": _STRUCTURE}
    return (
        arm(BASE),
        arm("residual", structure={"residual": True}),
        arm("dense", structure={"dense": True}),
        arm("residual_dense", structure={"residual": True, "dense": True}),
        arm("skips", structure={"skips": True}),
        arm("dice", loss=_DICE),
        arm("focal", loss=_FOCAL),
        arm("dice_focal", loss=_DICE_FOCAL),
        arm("augmentation", augmented=True),
        *(_transfer(name, width=width, grey=grey, sha256=digest) for name, digest in weights.items()),
        arm("without_structure", **whole | {"structure": {"skips": True}}),
        arm("without_skips", **whole | {"structure": {"residual": True, "dense": True}}),
        arm("without_loss", **whole | {"loss": _BCE}),
        arm("without_augmentation", **whole | {"augmented": False}),
        arm(TOGETHER, **whole),
    )


def _transfer(name: str, *, width: int, grey: tuple[float, float], sha256: str) -> Arm:
    layers = {"encoder": TRANSFER[name], "sha256": sha256, "grey": grey, "width": width, "bn_momentum": 0.9}
    build = (
        "silent: 5 names VGG, ResNet and Inception; we freeze the encoder, with the weights of the file of this "
        "SHA-256, and train a U-shaped decoder"
    )
    return Arm(
        name=name,
        build=Call(pretrained_cnn, layers),
        losses={"mask": _BCE},
        augmentation=None,
        because=_BECAUSE | {"build": build},
    )


def weights_at_hand() -> dict[str, str]:
    """SHA-256 of the file of weights of each arm of `TRANSFER` whose file is there; the others cannot run."""
    found = {}
    for name, encoder in TRANSFER.items():
        try:
            found[name] = file_digest(find_weights(encoder))
        except DataNotFoundError:
            continue  # the arm is listed as not run
    return found


def statements(chosen: tuple[Arm, ...]) -> tuple[Statement, ...]:
    """That each arm beats the base in Dice per patient, and that all together beat all but one."""
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
