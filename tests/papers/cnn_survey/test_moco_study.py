"""The measurement of MoCo v3: which X-rays are labelled, what a unit yields, and that units do not depend on others."""

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.classification.vit import vit
from reproduce.models.selfsupervised.moco_v3 import Head
from reproduce.papers.cnn_survey.measures.moco_v3 import Encoder, MocoStudy, features_and_labels, labelled
from reproduce.papers.cnn_survey.measures.views import Views
from reproduce.protocol.section import Call
from reproduce.tasks.x_rays import Data, Training

WHY = "silent: we use it because the test says so"


def section(kind, **fields):
    return kind(**fields, because=dict.fromkeys(fields, WHY))


HEAD = Head(2, hidden=8, width=4, last_norm=True)
SMALL = {"size": (8, 8), "n_channels": 1, "n_classes": 1, "patch": 4, "width": 8, "depth": 1, "heads": 2}
STUDY = section(
    MocoStudy,
    training=section(Training, seeds=(1, 2), n_train=16, width=1, learning_rate=1e-2, batch_size=8, epochs=2),
    encoders=(Encoder("tiny", Call(vit, SMALL | {"mlp_width": 16, "dropout": 0.1}), HEAD, HEAD, ("patches",)),),
    views=section(
        Views,
        least_area=0.5,
        aspect=1.2,
        flip=0.0,
        contrast=0.2,
        brightness=0.2,
        blur_px=(0.1, 0.5),
        blurred=0.5,
    ),
    temperature=0.2,
    momentum=0.9,
    weight_decay=0.1,
    warmup_epochs=1,
    n_labels=(4, 16),
    probe_penalty=1.0,
)


def data():
    """Images of noise whose upper half is brighter where the label is 1."""
    rng, labels = np.random.default_rng(0), np.arange(16) % 2
    images = rng.normal(size=(16, 8, 8, 1))
    images[:, :4] += 3 * labels[:, None, None, None]
    return Data(
        images.astype(np.float32), labels.astype(np.float32), images.astype(np.float32), labels.astype(np.float32)
    )


def test_labelled_are_the_first_of_each_label():
    labels = np.array([0, 0, 0, 1, 1, 0, 1])
    assert labelled(labels, 4).tolist() == [0, 1, 3, 4]
    assert labelled(labels, 6).tolist() == [0, 1, 2, 3, 4, 6]
    for n in (0, 3, 8):
        with pytest.raises(ArgumentError, match="labelled X-rays"):
            labelled(labels, n)


@pytest.mark.slow
def test_a_unit_has_its_rows_and_is_the_same_whatever_ran_before():
    both = dict(features_and_labels(data(), STUDY, "tiny", (1, 2)))
    assert list(both) == [1, 2]
    rows = both[2]
    assert [row[:3] for row in rows if row[0] == "contrastive_loss"] == [
        ("contrastive_loss", "tiny", 1.0),
        ("contrastive_loss", "tiny", 2.0),
    ]
    arms = {(row[1], row[2]) for row in rows if row[0] == "test_accuracy"}
    assert arms == {(f"{arm}, tiny", n) for arm in ("starting weights", "MoCo v3", "labels alone") for n in (4, 16)}
    assert {row[3] for row in rows} == {2}
    assert both[1] != [(*row[:3], 1, row[4]) for row in rows]
    keras.backend.clear_session()
    (alone,) = features_and_labels(data(), STUDY, "tiny", (2,))
    assert alone == (2, rows)
