"""What each part of Mask R-CNN is to say of an image: targets of the sampled anchors, proposals and masks."""

from __future__ import annotations

from typing import NamedTuple

from keras import ops

from reproduce.models.detection.boxes import encode
from reproduce.models.detection.instances import Instances, match, of_instance
from reproduce.models.detection.proposals import RPN_WEIGHTS, Proposals
from reproduce.models.detection.roi_align import sample_separably, sampling_matrix
from reproduce.models.detection.sampling import Sample, n_positive_of, sample

# Ren et al. 2015, sections 3.1.2 and 3.1.3.
RPN_POSITIVE_IOU, RPN_NEGATIVE_IOU = 0.7, 0.3
RPN_SAMPLED, RPN_POSITIVE_SHARE = 256, 0.5
# He et al. 2017, section 3.1: a proposal is positive from an overlap of 0.5 on; one in four that are sampled.
HEAD_IOU, HEAD_POSITIVE_SHARE = 0.5, 0.25
HEAD_WEIGHTS = (10.0, 5.0)


class RpnTargets(NamedTuple):
    """Of the sampled anchors.

    Attributes:
        sampled: Which they are.
        code: float32 `[batch, anchor, 4]`, that moves each onto its instance; means nothing where not positive.
    """

    sampled: Sample
    code: object


class HeadTargets(NamedTuple):
    """Of the sampled proposals, the positive ones first.

    Attributes:
        boxes: float32 `[batch, box, 4]`, the proposals themselves.
        label: int32 `[batch, box]`, the region; 0 is the background.
        code: float32 `[batch, box, 4]`, that moves each onto its instance; means nothing where not positive.
        mask: float32 `[batch, first boxes, 28, 28]` in [0, 1], of the places that positive boxes can take.
        positive: bool `[batch, box]`.
        chosen: bool `[batch, box]`; False where there are too few proposals to fill the sample.
    """

    boxes: object
    label: object
    code: object
    mask: object
    positive: object
    chosen: object


def rpn_targets(anchors, objects: Instances, *, seed) -> RpnTargets:
    """Targets of up to 256 anchors, half of them positive where there are so many.

    silent: an anchor that reaches beyond the image is learned like any other, as in FPN; Faster R-CNN left it out.

    Args:
        anchors: float32 `[anchor, 4]`, of all levels.
        objects: Of each image.
        seed: As in `sampling.sample`.

    Returns:
        See `RpnTargets`.
    """
    matched = match(
        anchors[None], objects, positive_iou=RPN_POSITIVE_IOU, negative_iou=RPN_NEGATIVE_IOU, keep_best=True
    )
    sampled = sample(
        matched.positive, matched.negative, n_sampled=RPN_SAMPLED, positive_share=RPN_POSITIVE_SHARE, seed=seed
    )
    instance = ops.take_along_axis(matched.instance, sampled.index, axis=1)
    fixed = ops.take(anchors, sampled.index, axis=0)
    return RpnTargets(sampled, encode(of_instance(objects.boxes, instance), fixed, weights=RPN_WEIGHTS))


def head_targets(proposals: Proposals, objects: Instances, *, n_sampled: int, mask_bins: int, seed) -> HeadTargets:
    """Targets of up to `n_sampled` proposals, a quarter of them positive where there are so many.

    The instances' own boxes stand among the proposals, so that the heads have something to learn from the first step
    on, as in Faster R-CNN's code.

    Args:
        proposals: As `proposals.propose` gives them.
        objects: Of each image.
        n_sampled: Boxes an image.
        mask_bins: Side of a mask target.
        seed: As in `sampling.sample`.

    Returns:
        See `HeadTargets`. Gradients do not pass.
    """
    boxes = ops.stop_gradient(ops.concatenate([objects.boxes, proposals.boxes], axis=1))
    valid = ops.concatenate([objects.valid, proposals.valid], axis=1)
    matched = match(boxes, objects, positive_iou=HEAD_IOU, negative_iou=HEAD_IOU, keep_best=False)
    sampled = sample(
        matched.positive & valid,
        matched.negative & valid,
        n_sampled=n_sampled,
        positive_share=HEAD_POSITIVE_SHARE,
        seed=seed,
    )
    boxes = ops.take_along_axis(boxes, sampled.index[..., None], axis=1)
    instance = ops.take_along_axis(matched.instance, sampled.index, axis=1)
    n_masks = min(n_positive_of(n_sampled, HEAD_POSITIVE_SHARE), boxes.shape[1])
    return HeadTargets(
        boxes=boxes,
        label=ops.where(sampled.positive, instance + 1, 0),
        code=encode(of_instance(objects.boxes, instance), boxes, weights=HEAD_WEIGHTS),
        mask=mask_targets(objects.masks, boxes[:, :n_masks], instance[:, :n_masks], n_bins=mask_bins),
        positive=sampled.positive,
        chosen=sampled.chosen,
    )


def mask_targets(masks, boxes, instance, *, n_bins: int):
    """The part of an instance that lies in a box, on the grid of the mask head.

    Args:
        masks: float32 `[batch, y, x, instance]` in {0, 1}.
        boxes: float32 `[batch, box, 4]` in pixels.
        instance: int32 `[batch, box]`.
        n_bins: Side of the grid.

    Returns:
        float32 `[batch, box, n_bins, n_bins]` in [0, 1], by RoIAlign with pixels where edges of boxes have them.
    """
    _, y, x, n_instances = masks.shape
    settings = {"n_bins": n_bins, "scale": 1.0, "aligned": True}
    along_y = sampling_matrix(boxes[..., 0], boxes[..., 2], n_pixels=y, **settings)
    along_x = sampling_matrix(boxes[..., 1], boxes[..., 3], n_pixels=x, **settings)
    of_all = sample_separably(masks, along_y, along_x)  # [batch, box, bin, bin, instance]
    own = ops.one_hot(instance, n_instances, dtype="float32")
    return ops.sum(of_all * own[:, :, None, None, :], axis=-1)
