"""A fixed number of positive and negative boxes drawn from each image (Ren et al. 2015, section 3.1.3)."""

from __future__ import annotations

from typing import NamedTuple

import keras
from keras import ops


class Sample(NamedTuple):
    """Boxes that the loss looks at, the positive ones first.

    Attributes:
        index: int32 `[batch, n]`, into the boxes.
        positive: bool `[batch, n]`.
        chosen: bool `[batch, n]`; False where the image has fewer than n boxes of either kind.
    """

    index: object
    positive: object
    chosen: object


def n_positive_of(n_sampled: int, positive_share: float) -> int:
    """Most positive boxes in a sample; they fill its first places."""
    return int(n_sampled * positive_share)


def sample(positive, negative, *, n_sampled: int, positive_share: float, seed) -> Sample:
    """Up to `positive_share * n_sampled` positive boxes at random, filled up with negative ones at random.

    Args:
        positive: bool `[batch, box]`.
        negative: bool `[batch, box]`, none of them positive.
        n_sampled: Boxes an image; min(n_sampled, box) are returned.
        positive_share: Largest share of positive boxes: 0.5 in the RPN, 0.25 in the heads.
        seed: A `keras.random.SeedGenerator`, which draws anew each time, or an integer, which draws the same again.

    Returns:
        See `Sample`.
    """
    n_boxes = positive.shape[1]
    n_positive = min(n_positive_of(n_sampled, positive_share), n_boxes)
    noise = keras.random.uniform(ops.shape(positive), 0.0, 1.0, seed=seed)
    of_positive = ops.where(positive, noise, -1.0)
    lowest = ops.top_k(of_positive, n_positive)[0][:, -1:]
    within_share = positive & (of_positive >= lowest)
    priority = ops.where(within_share, 2.0 + noise, ops.where(negative, noise, -1.0))
    values, index = ops.top_k(priority, min(n_sampled, n_boxes))
    return Sample(index, values >= 2.0, values >= 0.0)
