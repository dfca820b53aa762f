"""Training on single images that are held in memory: epochs of whole steps, in an order drawn anew for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from reproduce.randomness import stream


@dataclass(frozen=True, eq=False)
class ImageTrainingSet:
    """What one fold trains on; each epoch has an order of its own, drawn from (seed, fold, epoch) alone.

    Attributes:
        batches: Called with positions of images and the number of images at a time; returns batches of the image and
            the target of each output, in that order.
        cases: Name of each image, by its position.
        rows: Positions of the training images.
        batch_size: Images a step; a last step that is smaller is left out, where there is a full one.
        micro_batch: Images at a time, a divisor of `batch_size`; an epoch has whole steps only, so that no gradient
            waits for the next epoch.
        seed: Random seed of the training.
        fold: Index of the fold.
    """

    batches: Callable[[np.ndarray, int], tf.data.Dataset]
    cases: Sequence[str]
    rows: np.ndarray
    batch_size: int
    micro_batch: int
    seed: int
    fold: int

    def epoch(self, epoch: int) -> tf.data.Dataset:
        """Return shuffled micro-batches of one epoch: the image, and the target of each output."""
        return self.batches(self._order(epoch), self.micro_batch)

    def names(self, epoch: int, batch: int) -> list[str]:
        """Return which images the micro-batch of an epoch holds."""
        rows = self._order(epoch)[batch * self.micro_batch : (batch + 1) * self.micro_batch]
        return [self.cases[i] for i in rows]

    def _order(self, epoch: int) -> np.ndarray:
        order = stream(self.seed, "shuffle", self.fold, epoch).permutation(self.rows)
        return order[: len(order) // self.batch_size * self.batch_size or None]
