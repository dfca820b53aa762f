"""What document 001 says of MoCo v3, the two encoders that it is tried on, and the choices of their training."""

from collections.abc import Iterator

from reproduce.models.classification.resnet import RESNET18, resnet
from reproduce.models.classification.vit import vit
from reproduce.models.selfsupervised.moco_v3 import Head
from reproduce.papers.cnn_survey.measures.moco_v3 import Encoder
from reproduce.papers.cnn_survey.measures.views import Views
from reproduce.papers.cnn_survey.protocol import place
from reproduce.protocol.section import Call
from reproduce.results.properties import Compared, Custom, Statement
from reproduce.tasks.x_rays import Training

_X_RAY = {"size": (28, 28), "n_channels": 1, "n_classes": 1}
_RESNET = {"width": 8, "block": "basic", "conv_bias": False, "bn_momentum": 0.9}
_VIT = {"patch": 7, "width": 64, "heads": 4, "mlp_width": 128, "dropout": 0.0}


def encoders(*, blocks: tuple[int, ...], depth: int) -> tuple[Encoder, Encoder]:
    """Return a residual network with these blocks a stage and a ViT of this depth, with the heads of the authors."""
    return (
        Encoder(
            "ResNet-18",
            Call(resnet, _X_RAY | _RESNET | {"blocks": blocks}),
            projection=Head(2, hidden=256, width=64, last_norm=True),
            prediction=Head(2, hidden=256, width=64, last_norm=False),
            frozen=(),
        ),
        Encoder(
            "ViT",
            Call(vit, _X_RAY | _VIT | {"depth": depth}),
            projection=Head(3, hidden=256, width=64, last_norm=True),
            prediction=Head(2, hidden=256, width=64, last_norm=True),
            frozen=("patches",),
        ),
    )


ENCODERS = encoders(blocks=RESNET18, depth=4)
TRAINING = Training(
    seeds=(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    n_train=1024,
    width=8,
    learning_rate=1e-3,
    batch_size=128,
    epochs=12,
    because={
        "seeds": "silent: we use ten, as for Tables 1 to 3",
        "n_train": "silent: we use 1024 X-rays, so that all of it takes minutes",
        "width": "silent: we use 8 channels in the stem of ResNet-18; ViT has its own width",
        "learning_rate": "silent: we use 1e-3 in all arms; the paper's 1.5e-4 at a batch of 256 is for 300 epochs",
        "batch_size": "silent: we use 128, each with 127 negatives; the paper has 4096",
        "epochs": "silent: we use 12, so that all of it takes minutes; the paper has 300",
    },
)
_VIEWS = "silent: we use what Chen et al. 2021 take from SimCLR and BYOL, as far as it suits grey X-rays of 28x28"
VIEWS = Views(
    least_area=0.2,
    aspect=4 / 3,
    flip=0.0,
    contrast=0.4,
    brightness=0.4,
    blur_px=(0.1, 1.0),
    blurred=0.5,
    because={
        "least_area": _VIEWS,
        "aspect": _VIEWS,
        "flip": "silent: we mirror nothing, since a chest has a left and a right side",
        "contrast": _VIEWS,
        "brightness": _VIEWS,
        "blur_px": "silent: we use up to a pixel; the paper's 2 of 224 pixels would be a quarter of one here",
        "blurred": _VIEWS,
    },
)
CHOICES = {
    "training": "silent: see each of its fields",
    "encoders": "silent: we take ViT and ResNet, which 001 3 names, both small, and heads of 256 units, 4096 in the "
    "paper; layers and normalisation of the heads are those of the authors' release; a ViT's patches keep their "
    "starting weights (Chen et al. 2021, 4.3)",
    "views": "silent: see each of its fields",
    "temperature": "silent: we use 0.2 (Chen et al. 2021)",
    "momentum": "silent: we use 0.99, rising to 1 (Chen et al. 2021)",
    "weight_decay": "silent: we use 0.1 (Chen et al. 2021, ViT), in all arms",
    "warmup_epochs": "silent: we use a sixth of the epochs; the paper has 40 of 300",
    "n_labels": "silent: we use 32 and all, since labels are what self-supervision is to save",
    "probe_penalty": "silent: we use 1, which a logistic regression commonly has; the paper trains its probe by steps",
}

_said = place("3")
# The document compares with no training with labels; whoever reads it will ask.
_NOT_SAID = "asked here, not said in 001"


def statements(*, epochs: int, n_labels: tuple[int, int]) -> tuple[Statement, ...]:
    """Return what is said of MoCo v3, and what is asked beside it, for so many epochs and for few and all labels."""
    further = Custom("further than what is not said: the methods without labels before it would have to be run")
    return (
        *_of("ResNet-18", "resnet", epochs, n_labels),
        *_of("ViT", "vit", epochs, n_labels),
        _said(", MoCo v3", "further", "enhances it further", further),
    )


def _of(encoder: str, key: str, epochs: int, n_labels: tuple[int, int]) -> Iterator[Statement]:
    """Yield what is measured with one encoder."""
    learns = Compared("contrastive_loss", (encoder, 1), (encoder, epochs))
    yield _said(", MoCo v3", f"{key}_learns", f"learns without labels, {encoder}: the loss falls", learns)
    for name, n in zip(("few", "all"), n_labels, strict=True):
        by = Compared("test_accuracy", (f"MoCo v3, {encoder}", n), (f"starting weights, {encoder}", n))
        said = f"enhances performance, {encoder}, {name} labels: features above those of starting weights"
        yield _said(", MoCo v3", f"{key}_start_{name}", said, by)
    for name, n in zip(("few", "all"), n_labels, strict=True):
        by = Compared("test_accuracy", (f"MoCo v3, {encoder}", n), (f"labels alone, {encoder}", n))
        asked = f"{encoder}, {name} labels: features above training from scratch with these labels alone"
        yield Statement(key=f"{key}_scratch_{name}", place=_NOT_SAID, text=asked, by=by)
