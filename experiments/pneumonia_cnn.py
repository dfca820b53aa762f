"""Normal or pneumonia: a custom CNN on the chest X-rays of PneumoniaMNIST, two widths, five seeds; AUC, accuracy, F1.

No document prints it: it shows that a table of classification is a script, a cohort and a model.

    python experiments/pneumonia_cnn.py --data-root FOLDER      it holds pneumoniamnist.npz; minutes on two cores
"""

from dataclasses import replace

from reproduce import run
from reproduce.cohorts.pneumonia_mnist import labelled_x_rays, published_side
from reproduce.models.classification.custom_cnn import custom_cnn
from reproduce.models.losses import BinaryCrossEntropy
from reproduce.protocol import (
    NO_DOCUMENT,
    Call,
    ClassArm,
    ClassDecision,
    Experiment,
    HeldOut,
    ImagePreparation,
    Optimisation,
    Reading,
    Statement,
)
from reproduce.protocol.reduced import reduced
from reproduce.tasks.classification import CLASSIFICATION

TOLERANCE = "silent: we compare with no print; the field needs a number"
WHOLE = "silent: we count each test image once"


def arm(name: str, width: int) -> ClassArm:
    """Return a custom CNN of three stages."""
    return ClassArm(
        name=name,
        build=Call(custom_cnn, {"width": width, "depth": 3, "dropout": 0.3, "bn_momentum": 0.9}),
        loss=Call(BinaryCrossEntropy, {}),
        because={
            "name": f"silent: we name it after its {width} channels",
            "build": f"silent: we use three stages, which 28 pixels allow, and {width} channels in the first",
            "loss": "silent: we use binary cross-entropy, since there are two classes",
        },
    )


def reading(metric: str) -> Reading:
    """Return how a metric would be read if a document printed it."""
    because = dict.fromkeys(("cell", "metric", "region", "level", "average"), WHOLE) | {"tolerance": TOLERANCE}
    return Reading(because, metric, metric, "pneumonia", "image", "pooled", 0.01)


WIDE, NARROW = "custom CNN, 16 channels", "custom CNN, 4 channels"
CPU = Experiment(
    table="pneumonia_cnn",
    document=NO_DOCUMENT,
    title="PneumoniaMNIST: a custom CNN says normal or pneumonia",
    source="pneumoniamnist",
    profile="cpu",
    printed=False,
    phantom=None,
    preparation=ImagePreparation(
        cohort=Call(labelled_x_rays, {}),
        regions={"normal": (0,), "pneumonia": (1,)},
        because={
            "cohort": "silent: we take the images at their 28 pixels; no patients are known, so a case is an image",
            "regions": "silent: we take both labels of the file",
        },
    ),
    arms=(arm(NARROW, 4), arm(WIDE, 16)),
    optimisation=Optimisation(
        learning_rate=1e-3,
        decay_power=0.9,
        batch_size=32,
        micro_batch=32,
        max_epochs=15,
        patience=None,
        precision="float32",
        because={
            "learning_rate": "silent: we use 1e-3, Adam",
            "decay_power": "silent: we lower the rate to 0 by the power 0.9",
            "batch_size": "silent: we use 32",
            "micro_batch": "silent: we use the whole batch",
            "max_epochs": "silent: we use 15, so that the table takes minutes on two cores",
            "patience": "silent: we train all epochs and keep the one of lowest validation loss",
            "precision": "silent: we use float32",
        },
    ),
    validation=HeldOut(
        shares=(0.7, 0.15, 0.15),
        official=published_side,
        division="official",
        split_seed=0,
        seeds=(1, 2, 3, 4, 5),
        because={
            "shares": "silent: we use none of them, since the data set comes with a division",
            "official": "silent: we read the side from the name of the case, which is that of its part",
            "division": "silent: we use that of the data set",
            "split_seed": "silent: we draw nothing",
            "seeds": "silent: we use five, for their spread",
        },
    ),
    decision=ClassDecision(threshold=0.5, because={"threshold": "silent: we use one half and tune nothing"}),
    readings=tuple(map(reading, ("auc", "accuracy", "f1"))),
    statements=tuple(Statement(WIDE, NARROW, metric, "ours: no document says it") for metric in ("auc", "accuracy")),
)
SMOKE = replace(
    CPU,
    profile="smoke",
    optimisation=reduced(CPU.optimisation, "smoke", max_epochs=1),
    validation=reduced(CPU.validation, "smoke", seeds=(1, 2)),
)
PROFILES = {"cpu": CPU, "smoke": SMOKE}

if __name__ == "__main__":
    run.main(PROFILES, CLASSIFICATION, script=__file__)
