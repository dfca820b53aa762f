"""Table 1 measured: whether dense layers have to be trained, overfit, and serve another task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from reproduce.papers.cnn_survey.measures.small_cnns import dense_head_cnn
from reproduce.papers.cnn_survey.measures.trainings import accuracy, compiled, cross_entropy, start_afresh, train
from reproduce.papers.cnn_survey.protocol import Study
from reproduce.tasks.x_rays import Data, Row


@dataclass(frozen=True)
class DenseStudy(Study):
    """What Table 1 is measured by.

    Attributes:
        pooling: Side and stride of the pooling before the dense layer of the common network.
        dropout: Rate, before and behind the dense layer, of the network that has it.
        ridge: Weight of the squared coefficients in the linear read-out of dense features, as a share of the X-rays.
    """

    pooling: int
    dropout: float
    ridge: float


def overfitting(data: Data, study: DenseStudy) -> Iterator[Row]:
    """Yield `overfit_gap`, test less training cross-entropy, and `test_accuracy`; x is the number of inputs.

    Conditions: "pooled", "frozen" (the same, its dense layer untrained), "all_features", "dropout" (all features, with
    dropout), "mean" (one number a channel).
    """
    t, width = study.training, study.training.width
    pool, mean = keras.layers.MaxPooling2D(study.pooling), keras.layers.GlobalAveragePooling2D()
    models = (
        dense_head_cnn(pool, width=width, name="pooled"),
        dense_head_cnn(pool, width=width, frozen=True, name="frozen"),
        dense_head_cnn(None, width=width, name="all_features"),
        dense_head_cnn(None, width=width, dropout=study.dropout, name="dropout"),
        dense_head_cnn(mean, width=width, name="mean"),
    )
    for model in map(compiled, models):
        n_inputs = model.get_layer("dense").input.shape[-1]
        for seed in t.seeds:
            train(model, data.train_images, data.train_labels, t, seed=seed)
            parts = ((data.train_images, data.train_labels), (data.test_images, data.test_labels))
            fitted, tested = (cross_entropy(model, *part) for part in parts)
            yield "overfit_gap", model.name, n_inputs, seed, tested - fitted
            yield "test_accuracy", model.name, n_inputs, seed, accuracy(model, data.test_images, data.test_labels)


def another_task(data: Data, study: DenseStudy) -> Iterator[Row]:
    """Yield `mirrored_accuracy`: whether an X-ray is mirrored, read linearly from a dense layer; x is 0.

    Conditions: "trained" and "untrained" dense features, both trained or not on pneumonia, and "output": what the
    trained network's own output says of it, its sign taken to suit.
    """
    t = study.training
    model = compiled(dense_head_cnn(keras.layers.MaxPooling2D(study.pooling), width=t.width, name="pooled"))
    features = keras.Model(model.input, model.get_layer("dense").output)
    (images, labels), (test_images, test_labels) = (mirrored(p) for p in (data.train_images, data.test_images))
    for seed in t.seeds:
        start_afresh(model, seed)
        untrained = read_out(features, images, labels, test_images, test_labels, ridge=study.ridge)
        train(model, data.train_images, data.train_labels, t, seed=seed)
        trained = read_out(features, images, labels, test_images, test_labels, ridge=study.ridge)
        output = accuracy(model, test_images, test_labels)
        yield "mirrored_accuracy", "untrained", 0, seed, untrained
        yield "mirrored_accuracy", "trained", 0, seed, trained
        yield "mirrored_accuracy", "output", 0, seed, max(output, 1 - output)


def mirrored(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return images `[n, y, x, 1]` with every second one mirrored, and which: 1 for mirrored, float64 `[n]`."""
    which = np.arange(len(images)) % 2
    return np.where(which[:, None, None, None] == 1, images[:, :, ::-1], images), which.astype(np.float64)


def read_out(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
    *,
    ridge: float,
) -> float:
    """Return the accuracy on test images of a ridge regression of labels on features, scaled to mean 0, variance 1.

    Args:
        model: Gives features `[n, k]`; those that do not vary are left out.
        images: Images that are fitted on, as the model takes them.
        labels: float `[n]`, 0 or 1; one half decides.
        test_images: Images that are not fitted on.
        test_labels: Labels of the test images.
        ridge: See `DenseStudy`.
    """
    train, test = (
        np.asarray(keras.ops.convert_to_numpy(model(part, training=False)), np.float64)
        for part in (images, test_images)
    )
    varying = train.std(axis=0) > 0
    centre, spread = train.mean(axis=0)[varying], train.std(axis=0)[varying]
    x, x_test = (train[:, varying] - centre) / spread, (test[:, varying] - centre) / spread
    penalty = ridge * len(x) * np.eye(x.shape[1])
    coefficients = np.linalg.solve(x.T @ x + penalty, x.T @ (labels - labels.mean()))
    return float(((x_test @ coefficients + labels.mean() > 0.5) == test_labels).mean())
