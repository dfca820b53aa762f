"""From proposals to detections, and from the masks of detections to a semantic map."""

from __future__ import annotations

from typing import NamedTuple

from keras import ops

from reproduce.models import Tensor
from reproduce.models.detection.boxes import clip_to, decode
from reproduce.models.detection.proposals import Proposals, nms
from reproduce.models.detection.targets import HEAD_WEIGHTS

NMS_IOU = 0.5  # Detectron's and torchvision's; the papers do not say
N_CANDIDATES = 512  # pairs of proposal and class that go into the suppression, the best ones


class Detections(NamedTuple):
    """Boxes with a class, the best score first."""

    boxes: Tensor  # float32 `[batch, detection, 4]` within the image, in pixels
    scores: Tensor  # float32 `[batch, detection]` in [0, 1]
    labels: Tensor  # int32 `[batch, detection]`, from 1
    valid: Tensor  # bool `[batch, detection]`; False where fewer are found


def detect(
    logits: Tensor,
    codes: Tensor,
    proposals: Proposals,
    *,
    size: tuple[int, int],
    score_threshold: float,
    n_detections: int,
) -> Detections:
    """Return the best pairs of proposal and class, without those that overlap a better one of their class too much.

    Too much is an intersection over union above `NMS_IOU`.

    Args:
        logits: float32 `[batch, proposal, region]`.
        codes: float32 `[batch, proposal, region, 4]`.
        proposals: As `proposals.propose` gives them.
        size: (y, x) of the image in pixels.
        score_threshold: Softmax score above which a detection counts.
        n_detections: Detections an image at the most.
    """
    _, n_proposals, n_regions = logits.shape
    n = n_proposals * (n_regions - 1)
    boxes = clip_to(decode(codes[:, :, 1:], proposals.boxes[:, :, None], weights=HEAD_WEIGHTS), size)
    boxes = ops.reshape(boxes, (-1, n, 4))
    scores = ops.where(proposals.valid[..., None], ops.softmax(logits, axis=-1)[:, :, 1:], 0.0)
    scores, place = ops.top_k(ops.reshape(scores, (-1, n)), min(n, N_CANDIDATES))
    boxes = ops.take_along_axis(boxes, place[..., None], axis=1)
    labels = place % (n_regions - 1) + 1
    not_empty = ops.all(boxes[..., 2:] > boxes[..., :2], axis=-1)
    found = (scores > score_threshold) & not_empty
    kept = nms(boxes, scores, found, groups=labels, iou_threshold=NMS_IOU, n_kept=n_detections)
    return Detections(
        ops.take_along_axis(boxes, kept.indices[..., None], axis=1),
        ops.take_along_axis(scores, kept.indices, axis=1),
        ops.take_along_axis(labels, kept.indices, axis=1),
        kept.valid,
    )


def paste(masks: Tensor, boxes: Tensor, *, size: tuple[int, int]) -> Tensor:
    """Return each mask in its place in the image, by bilinear interpolation between the centres of its bins.

    silent: where a pixel of the box lies beyond the centre of the outermost bin it takes that bin's value, which makes
    this the inverse of `targets.mask_targets`; torchvision fades to 0 there and so thins each object.

    Float32 `[batch, detection, y, x]` in [0, 1], 0 outside of the box, of masks `[batch, detection, bin, bin]` in
    [0, 1] and boxes `[batch, detection, 4]` in pixels.
    """
    n_bins = masks.shape[-1]
    along_y = _reading_matrix(boxes[..., 0], boxes[..., 2], n_bins=n_bins, n_pixels=size[0])
    along_x = _reading_matrix(boxes[..., 1], boxes[..., 3], n_bins=n_bins, n_pixels=size[1])
    return ops.matmul(ops.matmul(along_y, masks), ops.swapaxes(along_x, -1, -2))


def semantic_map(pasted: Tensor, found: Detections, *, n_regions: int) -> Tensor:
    """Return the union of the detections: each pixel has the class of the best score among those that hold it.

    Float32 `[batch, y, x, n_regions]`, a 1 in each pixel; the background, which is the first, where no detection holds
    it. A detection of `pasted`, `[batch, detection, y, x]` in [0, 1], holds a pixel from one half on.
    """
    holds = (pasted >= 0.5) & found.valid[..., None, None]
    best = ops.argmax(ops.cast(holds, "int32"), axis=1)  # [batch, y, x], the first that holds
    y, x = pasted.shape[2:]
    labels = ops.take_along_axis(found.labels, ops.reshape(best, (-1, y * x)), axis=1)
    region = ops.where(ops.any(holds, axis=1), ops.reshape(labels, (-1, y, x)), 0)
    return ops.one_hot(region, n_regions, dtype="float32")


def _reading_matrix(low: Tensor, high: Tensor, *, n_bins: int, n_pixels: int) -> Tensor:
    """Return what each bin adds to each pixel, float32 `[..., n_pixels, n_bins]`; rows of pixels outside are 0."""
    centres = ops.arange(n_pixels, dtype="float32") + 0.5
    share = (centres - low[..., None]) / ops.maximum(high - low, 1e-6)[..., None]  # [..., n_pixels]
    inside = (share >= 0.0) & (share <= 1.0)
    position = ops.clip(share * n_bins - 0.5, 0.0, n_bins - 1.0)
    distance = ops.abs(position[..., None] - ops.arange(n_bins, dtype="float32"))
    return ops.where(inside[..., None], ops.maximum(1.0 - distance, 0.0), 0.0)
