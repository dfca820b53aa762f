"""What document 001 says of MoCo v3, the two encoders that it is tried on, and the choices of their training."""

from document001 import place

from reproduce.models.moco_v3 import Head
from reproduce.models.resnet import RESNET18, resnet
from reproduce.models.vit import vit
from reproduce.reporting.properties import Compared, Custom
from reproduce.section import Call
from reproduce.studies.moco_v3 import Encoder
from reproduce.studies.study import Training
from reproduce.studies.views import Views

_X_RAY = {"size": (28, 28), "n_channels": 1, "n_classes": 1}
_RESNET = {"width": 8, "blocks": RESNET18, "block": "basic", "conv_bias": False, "bn_momentum": 0.9}
_VIT = {"patch": 7, "width": 64, "depth": 4, "heads": 4, "mlp_width": 128, "dropout": 0.0}
ENCODERS = (
    Encoder(
        "ResNet-18",
        Call(resnet, _X_RAY | _RESNET),
        projection=Head(2, hidden=256, width=64, last_norm=True),
        prediction=Head(2, hidden=256, width=64, last_norm=False),
        frozen=(),
    ),
    Encoder(
        "ViT",
        Call(vit, _X_RAY | _VIT),
        projection=Head(3, hidden=256, width=64, last_norm=True),
        prediction=Head(2, hidden=256, width=64, last_norm=True),
        frozen=("patches",),
    ),
)
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
    "encoders": "001 3, ViT and ResNet; silent: we make both small, and their heads 256 units, 4096 in the paper; "
    "layers and normalisation of the heads are those of the authors' release; a ViT's patches keep their starting "
    "weights (Chen et al. 2021, 4.3)",
    "views": "silent: see each of its fields",
    "temperature": "silent: we use 0.2 (Chen et al. 2021)",
    "momentum": "silent: we use 0.99, rising to 1 (Chen et al. 2021)",
    "weight_decay": "silent: we use 0.1 (Chen et al. 2021, ViT), in all arms",
    "warmup_epochs": "silent: we use a sixth of the epochs; the paper has 40 of 300",
    "n_labels": "silent: we use 32 and all, since labels are what self-supervision is to save",
    "probe_penalty": "silent: we use 1, which a logistic regression commonly has; the paper trains its probe by steps",
}

_said = place("3")


def _beside(other: str, n: int, encoder: str) -> Compared:
    return Compared("test_accuracy", (f"MoCo v3, {encoder}", n), (f"{other}, {encoder}", n))


def _of(name: str, key: str):
    """What is measured with one encoder."""
    few, every = "32 labels", "1024 labels"
    loss = Compared("contrastive_loss", (name, 1), (name, TRAINING.epochs))
    return (
        _said(", MoCo v3", f"{key}_learns", f"a self-supervised learning method: {name} learns its task", loss),
        *(
            _said(
                ", MoCo v3",
                f"{key}_{what}_{n}",
                f"enhances performance: {name}, {labels}, {text}",
                _beside(other, n, name),
            )
            for what, other, text in (
                ("start", "starting weights", "above the features of starting weights"),
                ("scratch", "labels alone", "above training from scratch with these labels alone"),
            )
            for n, labels in ((32, few), (1024, every))
        ),
    )


STATEMENTS = (
    *_of("ResNet-18", "resnet"),
    *_of("ViT", "vit"),
    _said(
        ", MoCo v3",
        "further",
        "enhances it further",
        Custom("further than what is not said: the methods without labels before it would have to be named and run"),
    ),
)
