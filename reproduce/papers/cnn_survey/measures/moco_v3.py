"""MoCo v3 measured: features learnt without labels beside starting weights, and training with labels from scratch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from reproduce.errors import ArgumentError, NonFiniteError
from reproduce.models.selfsupervised.moco_v3 import Head, MomentumContrast
from reproduce.papers.cnn_survey.measures.linear_probe import probe_accuracy
from reproduce.papers.cnn_survey.measures.views import Views, apply_views, draw_views
from reproduce.papers.cnn_survey.protocol import Study
from reproduce.protocol.section import Call
from reproduce.randomness import seed31, stream
from reproduce.tasks.x_rays import Data, Row


@dataclass(frozen=True)
class Encoder:
    """A classifier of the catalog whose features are learnt.

    Attributes:
        name: Its name in the results files.
        build: Called with nothing else; one output "class" of one class.
        projection, prediction: Heads that are put behind its features.
        frozen: Layers that keep their starting weights.
    """

    name: str
    build: Call
    projection: Head
    prediction: Head
    frozen: tuple[str, ...]


@dataclass(frozen=True)
class MocoStudy(Study):
    """What is measured of MoCo v3; the width of its training is not used, since an encoder has its own.

    Attributes:
        encoders: What is trained.
        views: How two views of an X-ray differ.
        temperature: Temperature of the loss.
        momentum: Momentum of the first step.
        weight_decay: Weight decay of AdamW, in all arms.
        warmup_epochs: Over which the learning rate rises to its value, from where it falls as a cosine.
        n_labels: Numbers of X-rays whose labels the probes and the training from scratch may see, half of each label.
        probe_penalty: Penalty of the linear probe.
    """

    encoders: tuple[Encoder, ...]
    views: Views
    temperature: float
    momentum: float
    weight_decay: float
    warmup_epochs: int
    n_labels: tuple[int, ...]
    probe_penalty: float


def features_and_labels(
    data: Data, study: MocoStudy, group: str, seeds: Sequence[int]
) -> Iterator[tuple[int, list[Row]]]:
    """Yield the rows of each encoder, named by `group`, for each seed.

    `contrastive_loss`, x the epoch; `test_accuracy` of "MoCo v3, ..." and "starting weights, ..." by linear probes on
    frozen features, and of "labels alone, ..." by training all weights from scratch; x the number of labels.
    """
    (encoder,) = (each for each in study.encoders if each.name == group)
    arms = _Arms(encoder, study, n_steps=study.training.epochs * _batches(data, study))
    for seed in seeds:
        yield seed, list(_rows(arms, data, study, seed))


def labelled(labels: np.ndarray, n: int) -> np.ndarray:
    """Return the n X-rays whose labels may be seen, half of each label, the same for every seed and encoder.

    Raises:
        ArgumentError: n is odd, below 2, or more than twice as many as there are of a label.
    """
    of_each = [np.flatnonzero(labels == label) for label in (0, 1)]
    if n < 2 or n % 2 or n // 2 > min(map(len, of_each)):
        got = f"{n}, with {len(of_each[0])} and {len(of_each[1])} of the labels"
        do = "take an even number that each label has half of"
        raise ArgumentError(expected="a number of labelled X-rays", got=got, where="n_labels", do=do)
    return np.sort(np.concatenate([rows[: n // 2] for rows in of_each]))


class _Arms:
    """The compiled models of one encoder, started afresh for each seed.

    Training with labels has a classifier of its own, since MoCo freezes layers of the one whose features it trains.
    """

    def __init__(self, encoder: Encoder, study: MocoStudy, *, n_steps: int):
        self.encoder, self.study, self.n_steps = encoder, study, n_steps
        self._drawn: tuple[int | None, list[list[np.ndarray]]] = (None, [])
        _, self.moco = self._build()
        self.features, self.classifier = self.moco.backbone, encoder.build()
        self.moco.compile(self._optimiser(), jit_compile=False)
        self.classifier.compile(self._optimiser(), loss={"class": "binary_crossentropy"}, jit_compile=False)
        for model in (self.moco, self.classifier):
            model.optimizer.build(model.trainable_variables)

    def start(self, seed: int) -> None:
        """Set weights as a new classifier and new heads have them under a seed, and new optimisers.

        The classifier that is trained with labels starts from the weights whose features MoCo starts from.
        """
        if self._drawn[0] != seed:
            keras.utils.set_random_seed(seed31(seed, "weights", self.encoder.name))
            # building takes longer than an epoch, and is done once for the arms of a seed
            self._drawn = seed, [[_copy(each) for each in new.variables] for new in self._build()]
        for model, drawn in zip((self.classifier, self.moco), self._drawn[1], strict=True):
            for own, fresh in zip(model.variables, drawn, strict=True):
                own.assign(fresh)
            for variable in model.optimizer.variables:
                variable.assign(keras.ops.zeros(variable.shape, variable.dtype))

    def _build(self) -> tuple[keras.Model, MomentumContrast]:
        classifier, study = self.encoder.build(), self.study
        moco = MomentumContrast(
            classifier,
            projection=self.encoder.projection,
            prediction=self.encoder.prediction,
            temperature=study.temperature,
            momentum=study.momentum,
            n_steps=self.n_steps,
            frozen=self.encoder.frozen,
        )
        return classifier, moco

    def _optimiser(self) -> keras.Optimizer:
        t = self.study.training
        warm = self.n_steps * self.study.warmup_epochs // t.epochs
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, self.n_steps - warm, warmup_target=t.learning_rate, warmup_steps=warm
        )
        return keras.optimizers.AdamW(schedule, weight_decay=self.study.weight_decay)


def _copy(variable: keras.Variable) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable))


def _rows(arms: _Arms, data: Data, study: MocoStudy, seed: int) -> Iterator[Row]:
    name = arms.encoder.name
    arms.start(seed)
    _settle(arms.features, data, study, seed)
    yield from _probes(arms.features, data, study, seed, condition=f"starting weights, {name}")
    arms.start(seed)
    for epoch in range(study.training.epochs):
        loss = _contrast(arms.moco, data, study, seed, epoch)
        if not np.isfinite(loss):
            do = "take a smaller learning rate"
            raise NonFiniteError(expected="a finite loss", got=str(loss), where=f"{name}, epoch {epoch + 1}", do=do)
        yield "contrastive_loss", name, float(epoch + 1), seed, loss
    yield from _probes(arms.features, data, study, seed, condition=f"MoCo v3, {name}")
    for n in study.n_labels:
        arms.start(seed)
        score = _from_scratch(arms, data, study, seed, n)
        yield "test_accuracy", f"labels alone, {name}", float(n), seed, score


def _batches(data: Data, study: MocoStudy) -> int:
    return len(data.train_images) // study.training.batch_size


def _contrast(moco: MomentumContrast, data: Data, study: MocoStudy, seed: int, epoch: int) -> float:
    """Train one epoch without labels, an incomplete batch left out; return the mean loss."""
    n = _batches(data, study) * study.training.batch_size
    images = data.train_images[stream(seed, "order", epoch).permutation(len(data.train_images))[:n]]
    pair = tuple(_seen(images, study.views, seed, f"view {side}", epoch) for side in (1, 2))
    history = moco.fit(pair, batch_size=study.training.batch_size, shuffle=False, verbose=0)
    return float(history.history["loss"][0])


def _settle(features: keras.Model, data: Data, study: MocoStudy, seed: int) -> None:
    """Show X-rays to starting weights, so that running statistics are those of X-rays as they are after training."""
    for epoch in range(study.training.epochs):
        order = stream(seed, "order", epoch).permutation(len(data.train_images))[: study.training.batch_size]
        features(_seen(data.train_images[order], study.views, seed, "view 1", epoch), training=True)


def _probes(features: keras.Model, data: Data, study: MocoStudy, seed: int, *, condition: str) -> Iterator[Row]:
    train, test = (_outputs(features, images, study) for images in (data.train_images, data.test_images))
    for n in study.n_labels:
        rows = labelled(data.train_labels, n)
        score = probe_accuracy(
            train[rows], data.train_labels[rows], test, data.test_labels, penalty=study.probe_penalty
        )
        yield "test_accuracy", condition, float(n), seed, score


def _from_scratch(arms: _Arms, data: Data, study: MocoStudy, seed: int, n: int) -> float:
    """Return the test accuracy after as many steps as MoCo has, on views of the labelled X-rays in turn."""
    size, rows = study.training.batch_size, labelled(data.train_labels, n)
    wanted = arms.n_steps * size
    passes = [rows[stream(seed, "labelled", n, i).permutation(n)] for i in range(-(-wanted // n))]
    order = np.concatenate(passes)[:wanted]
    images = _seen(data.train_images[order], study.views, seed, "labelled", n)
    labels = {"class": data.train_labels[order, None]}
    arms.classifier.fit(images, labels, batch_size=size, shuffle=False, verbose=0)
    said = _outputs(arms.classifier, data.test_images, study)[:, 0] > 0.5
    return float((said == (data.test_labels == 1)).mean())


def _outputs(model: keras.Model, images: np.ndarray, study: MocoStudy) -> np.ndarray:
    found = model.predict(images, batch_size=study.training.batch_size, verbose=0)
    return found["class"] if isinstance(found, dict) else found


def _seen(images: np.ndarray, views: Views, seed: int, *name: str | int) -> np.ndarray:
    return apply_views(images, draw_views(views, stream(seed, "views", *name), len(images)))
