"""Table 3 measured: what pooling does to shifts, turns and overfitting, and that training lowers the loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from reproduce.papers.cnn_survey.measures.small_cnns import Reduction, reduced_cnn
from reproduce.papers.cnn_survey.measures.trainings import (
    accuracy,
    compiled,
    cross_entropy,
    logits,
    start_afresh,
    train,
)
from reproduce.papers.cnn_survey.protocol import Study
from reproduce.tasks.x_rays import Data, Row


@dataclass(frozen=True)
class ReductionStudy(Study):
    """What Table 3 is measured by.

    Attributes:
        reductions: How features are made smaller.
        shifts_px: Test X-rays are shifted by so many pixels to the right, edges repeated.
        turns_deg: And turned by so many degrees, linear interpolation, edges repeated.
    """

    reductions: tuple[Reduction, ...]
    shifts_px: tuple[int, ...]
    turns_deg: tuple[float, ...]


def reductions(data: Data, study: ReductionStudy) -> Iterator[Row]:
    """Yield losses, accuracy, and the share of decisions that a shift or a turn changes, of each reduction.

    Yields:
        `training_loss` (cross-entropy, before and after) and `overfit_gap` (test less training), `test_accuracy` at
        x = 0; `changed_by_shift` at x pixels, `changed_by_turn` at x degrees.
    """
    t = study.training
    moved: list[tuple[str, float, np.ndarray]]
    moved = [("changed_by_shift", px, shifted(data.test_images, px)) for px in study.shifts_px]
    moved += [("changed_by_turn", deg, turned(data.test_images, deg)) for deg in study.turns_deg]
    for reduction in study.reductions:
        model = compiled(reduced_cnn(reduction, width=t.width))
        for seed in t.seeds:
            start_afresh(model, seed)
            before = cross_entropy(model, data.train_images, data.train_labels)
            train(model, data.train_images, data.train_labels, t, seed=seed)
            after = cross_entropy(model, data.train_images, data.train_labels)
            tested = cross_entropy(model, data.test_images, data.test_labels)
            yield "training_loss", f"before, {reduction}", 0, seed, before
            yield "training_loss", f"after, {reduction}", 0, seed, after
            yield "overfit_gap", reduction, 0, seed, tested - after
            yield "test_accuracy", reduction, 0, seed, accuracy(model, data.test_images, data.test_labels)
            said = logits(model, data.test_images)[:, 0] > 0
            for quantity, x, images in moved:
                changed = (logits(model, images)[:, 0] > 0) != said
                yield quantity, reduction, x, seed, float(changed.mean())


def shifted(images: np.ndarray, px: int) -> np.ndarray:
    """Return images `[n, y, x, 1]` moved to the right by whole pixels, at least 0, their left edge repeated."""
    padded = np.pad(images, [(0, 0), (0, 0), (px, 0), (0, 0)], mode="edge")
    return padded[:, :, : images.shape[2]]


def turned(images: np.ndarray, deg: float) -> np.ndarray:
    """Return images `[n, y, x, 1]` turned about their centre by degrees, interpolated linearly, edges repeated."""
    return ndimage.rotate(images, deg, axes=(1, 2), reshape=False, order=1, mode="nearest")
