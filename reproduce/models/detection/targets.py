"""What each part of Mask R-CNN is to say of an image: targets of the sampled anchors, proposals and masks."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import keras
from keras import ops

from reproduce.models import Tensor
from reproduce.models.detection.boxes import encode
from reproduce.models.detection.instances import Instances, match, of_instance
from reproduce.models.detection.proposals import RPN_WEIGHTS, Proposals
from reproduce.models.detection.roi_align import roi_align

# Ren et al. 2015, sections 3.1.2 and 3.1.3.
RPN_POSITIVE_IOU, RPN_NEGATIVE_IOU = 0.7, 0.3
RPN_SAMPLED, RPN_POSITIVE_SHARE = 256, 0.5
# He et al. 2017, section 3.1: a proposal is positive from an overlap of 0.5 on; one in four that are sampled.
HEAD_IOU, HEAD_POSITIVE_SHARE = 0.5, 0.25
HEAD_WEIGHTS = (10.0, 5.0)


Seed: TypeAlias = keras.random.SeedGenerator | int


class Sample(NamedTuple):
    """Boxes that the loss looks at, the positive ones first."""

    indices: Tensor  # int32 `[batch, n]`, into the boxes
    positive: Tensor  # bool `[batch, n]`
    chosen: Tensor  # bool `[batch, n]`; False where the image has fewer than n boxes of either kind


class RpnTargets(NamedTuple):
    """What the loss of the RPN compares its outputs with."""

    sampled: Sample  # which they are
    code: Tensor  # float32 `[batch, anchor, 4]`, that moves each onto its instance where positive


class HeadTargets(NamedTuple):
    """What the losses of the heads compare their outputs with, the positive proposals first."""

    boxes: Tensor  # float32 `[batch, box, 4]`, the proposals themselves
    label: Tensor  # int32 `[batch, box]`, the region; 0 is the background
    code: Tensor  # float32 `[batch, box, 4]`, that moves each onto its instance where positive
    mask: Tensor  # float32 `[batch, first boxes, 28, 28]` in [0, 1], of what positive boxes can be
    positive: Tensor  # bool `[batch, box]`
    chosen: Tensor  # bool `[batch, box]`; False where proposals are too few


def rpn_targets(anchors: Tensor, objects: Instances, *, seed: Seed) -> RpnTargets:
    """Return targets of up to 256 anchors, half of them positive where there are so many.

    silent: an anchor that reaches beyond the image is learned like any other, as in FPN; Faster R-CNN left it out.

    Args:
        anchors: float32 `[anchor, 4]`, of all levels.
        objects: Instances of each image.
        seed: As in `sample`.
    """
    overlaps = {"positive_iou": RPN_POSITIVE_IOU, "negative_iou": RPN_NEGATIVE_IOU}
    matched = match(anchors[None], objects, **overlaps, keep_best=True)
    positive, negative = matched.positive, matched.negative
    sampled = sample(positive, negative, n_sampled=RPN_SAMPLED, positive_share=RPN_POSITIVE_SHARE, seed=seed)
    instance = ops.take_along_axis(matched.instance, sampled.indices, axis=1)
    fixed = ops.take(anchors, sampled.indices, axis=0)
    return RpnTargets(sampled, encode(of_instance(objects.boxes, instance), fixed, weights=RPN_WEIGHTS))


def head_targets(
    proposals: Proposals, objects: Instances, *, n_sampled: int, mask_bins: int, seed: Seed
) -> HeadTargets:
    """Return targets of up to `n_sampled` proposals, a quarter of them positive where there are so many.

    The instances' own boxes stand among the proposals, so that the heads have something to learn from the first step
    on, as in Faster R-CNN's code. Gradients do not pass.

    Args:
        proposals: As `proposals.propose` gives them.
        objects: Instances of each image.
        n_sampled: Boxes an image.
        mask_bins: Side of a mask target.
        seed: As in `sample`.
    """
    boxes = ops.stop_gradient(ops.concatenate([objects.boxes, proposals.boxes], axis=1))
    valid = ops.concatenate([objects.valid, proposals.valid], axis=1)
    matched = match(boxes, objects, positive_iou=HEAD_IOU, negative_iou=HEAD_IOU, keep_best=False)
    positive, negative = matched.positive & valid, matched.negative & valid
    sampled = sample(positive, negative, n_sampled=n_sampled, positive_share=HEAD_POSITIVE_SHARE, seed=seed)
    boxes = ops.take_along_axis(boxes, sampled.indices[..., None], axis=1)
    instance = ops.take_along_axis(matched.instance, sampled.indices, axis=1)
    n_masks = min(n_positive_of(n_sampled, HEAD_POSITIVE_SHARE), boxes.shape[1])
    return HeadTargets(
        boxes=boxes,
        label=ops.where(sampled.positive, instance + 1, 0),
        code=encode(of_instance(objects.boxes, instance), boxes, weights=HEAD_WEIGHTS),
        mask=mask_targets(objects.masks, boxes[:, :n_masks], instance[:, :n_masks], n_bins=mask_bins),
        positive=sampled.positive,
        chosen=sampled.chosen,
    )


def mask_targets(masks: Tensor, boxes: Tensor, instance: Tensor, *, n_bins: int) -> Tensor:
    """Return the part of an instance that lies in a box, on the grid of the mask head.

    Float32 `[batch, box, n_bins, n_bins]` in [0, 1], by RoIAlign with pixels where edges of boxes have them, of masks
    `[batch, y, x, instance]` in {0, 1}, boxes `[batch, box, 4]` in pixels and int32 `instance` `[batch, box]`.
    """
    of_all = roi_align(masks, boxes, n_bins=n_bins, scale=1.0, aligned=True)  # [batch, box, bin, bin, instance]
    own = ops.one_hot(instance, masks.shape[-1], dtype="float32")
    return ops.sum(of_all * own[:, :, None, None, :], axis=-1)


def n_positive_of(n_sampled: int, positive_share: float) -> int:
    """Return the most positive boxes in a sample; they fill its first places."""
    return int(n_sampled * positive_share)


def sample(positive: Tensor, negative: Tensor, *, n_sampled: int, positive_share: float, seed: Seed) -> Sample:
    """Return up to `positive_share * n_sampled` positive boxes at random, filled up with negative ones at random.

    See Ren et al. 2015, section 3.1.3.

    Args:
        positive: bool `[batch, box]`.
        negative: bool `[batch, box]`, none of them positive.
        n_sampled: Boxes an image; min(n_sampled, box) are returned.
        positive_share: Largest share of positive boxes: 0.5 in the RPN, 0.25 in the heads.
        seed: A `keras.random.SeedGenerator`, which draws anew each time, or an integer, which draws the same again.
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
