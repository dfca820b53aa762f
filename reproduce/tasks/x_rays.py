"""The choices that all measurements share, and the X-rays as the networks see them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from reproduce.cohorts.pneumonia_mnist import XRays, read_part
from reproduce.errors import ArgumentError
from reproduce.protocol.section import Section
from reproduce.randomness import stream

Row = tuple[str, str, float, int, float]


@dataclass(frozen=True)
class Training(Section):
    """How each small network is trained.

    Attributes:
        seeds: One training of every network each; of starting weights and of the order of the images.
        n_train: X-rays that are trained on, half of them with pneumonia, the same for all seeds.
        width: Channels of every convolution.
        learning_rate: Rate of Adam.
        batch_size: X-rays a step.
        epochs: Passes over the X-rays.
    """

    seeds: tuple[int, ...]
    n_train: int
    width: int
    learning_rate: float
    batch_size: int
    epochs: int


class TrainedStudy(Protocol):
    """The choices of a table whose measurements train small networks."""

    @property
    def training(self) -> Training:
        """Return how each network is trained."""


@dataclass(frozen=True, eq=False)
class Data:
    """X-rays with the mean 0 and the standard deviation 1 over all pixels of those that are trained on.

    Attributes:
        train_images, test_images: float32 `[n, y, x, 1]`.
        train_labels, test_labels: float32 `[n]`, 1 for pneumonia.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load(path: Path, *, n_train: int) -> Data:
    """Read the X-rays of a study: some of the part "train", drawn by a named stream, and all of the part "test".

    Args:
        path: File that `pneumonia_mnist.find_file` finds.
        n_train: Even; as in `Training`.

    Raises:
        ArgumentError: `n_train` is odd, below 2, or more than there are of either label.
        AnnotationFormatError: The file is broken.
    """
    train, test = read_part(path, "train"), read_part(path, "test")
    of_each = [np.flatnonzero(train.labels == label) for label in (0, 1)]
    if n_train < 2 or n_train % 2 or n_train // 2 > min(map(len, of_each)):
        got = f"{n_train}, with {len(of_each[0])} normal and {len(of_each[1])} with pneumonia"
        do = "take an even number that each label has half of"
        raise ArgumentError(expected="a number of X-rays that can be drawn", got=got, where="n_train", do=do)
    rng = stream("x-rays", n_train)
    chosen = np.sort(np.concatenate([rng.permutation(rows)[: n_train // 2] for rows in of_each]))
    images = train.images[chosen].astype(np.float64)
    centre, spread = images.mean(), images.std()

    def normalised(part: np.ndarray) -> np.ndarray:
        return ((part.astype(np.float64) - centre) / spread).astype(np.float32)[..., None]

    labels = (part.labels.astype(np.float32) for part in (XRays(images, train.labels[chosen]), test))
    train_labels, test_labels = labels
    return Data(normalised(images), train_labels, normalised(test.images), test_labels)
