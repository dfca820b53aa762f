"""Mask R-CNN on ResNet and a feature pyramid, trained by `fit`, read as a semantic map (He et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from reproduce.errors import ArgumentError
from reproduce.models import Tensor, register
from reproduce.models.classification.resnet import Variant, dilated_stages, resnet_features
from reproduce.models.detection.boxes import pyramid_anchors
from reproduce.models.detection.detections import Detections, detect, paste, semantic_map
from reproduce.models.detection.heads import BOX_BINS, MASK_BINS, box_head, feature_pyramid, mask_head, rpn_head
from reproduce.models.detection.instances import instances
from reproduce.models.detection.losses import class_loss, code_loss, mask_loss, objectness_loss
from reproduce.models.detection.proposals import Proposals, flatten_rpn, propose
from reproduce.models.detection.roi_align import CANONICAL_SIDE, pyramid_roi_align
from reproduce.models.detection.targets import HEAD_POSITIVE_SHARE, HeadTargets, Seed, head_targets, rpn_targets
from reproduce.models.layers.blocks import require_divisible

# FPN's anchors have 8 strides a side, for images of 800 pixels and more.
CANONICAL_ANCHOR_SCALE = 8.0


def mask_rcnn(size: tuple[int, int], *, n_channels: int, n_regions: int, width: int, **settings: Any) -> keras.Model:
    """Return Mask R-CNN from an image to the one-hot map of its regions; see `MaskRCNN` for the settings.

    A model from float `[batch, y, x, n_channels]` to {"mask": float32 `[batch, y, x, n_regions]`}, a 1 in each pixel.
    """
    return MaskRCNN(size, n_channels=n_channels, n_regions=n_regions, width=width, **settings)


@register
class MaskRCNN(keras.Model):
    """Backbone, pyramid, RPN, box head and mask head, with their own loss: compile it without one, and call `fit`.

    The reference is a one-hot mask; instances are derived from it (see `instances.instances`). In training the model
    gives what its loss needs; otherwise {"mask"}, the union of the instances that it finds.

    Under a compiled `fit` all shapes are static, so that it runs on TensorFlow and JAX, compiled by XLA or not.

    Args:
        size: (y, x) of the image in pixels, multiples of 32.
        n_channels: Channels of the image.
        n_regions: Regions, the background first, which is a class of the box head.
        width: Channels of the stem; 64 is ResNet's. The pyramid and the mask head have 4 times as many, the box head
            16 times.
        blocks: Residual blocks of the four stages; (3, 4, 6, 3) is ResNet-50.
        anchor_scale: Side of an anchor in strides of its level; 8 is FPN's. A box of 28 anchor scales a side (224
            pixels for 8) is sampled from P4, half of it from P3, and so on.
        n_candidates: Anchors a level that go into suppression; 1000 in FPN when it predicts.
        n_proposals: Boxes an image that come out of it; 1000 in FPN.
        n_sampled: Proposals an image that the heads learn from, a quarter of them positive; 512 in FPN.
        n_detections: Detections an image at the most; 100 in the paper.
        score_threshold: Score above which a detection counts. 0.05 suits average precision, which ranks detections;
            a union of them needs a decision.
        frozen_bn: Whether batch normalisation keeps its statistics, scale and shift as they are. So the published
            model, which starts from trained weights; from random weights, a deep network without working
            normalisation does not train well.
        bn_momentum: As in `blocks.conv_bn_relu`.

    Raises:
        ArgumentError: A side is no multiple of 32, or there is no region but the background, or a count is too small.
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        n_channels: int,
        n_regions: int,
        width: int,
        blocks: tuple[int, ...],
        anchor_scale: float,
        n_candidates: int,
        n_proposals: int,
        n_sampled: int,
        n_detections: int,
        score_threshold: float,
        frozen_bn: bool,
        bn_momentum: float,
        name: str = "mask_rcnn",
        **keras_settings: Any,
    ):
        super().__init__(name=name, **keras_settings)
        require_divisible(size, depth=5, where="mask_rcnn")
        least = int(1 / HEAD_POSITIVE_SHARE)
        if n_regions < 2 or min(n_candidates, n_proposals) < 1 or n_sampled < least:
            counts = {"n_regions": n_regions, "n_candidates": n_candidates, "n_proposals": n_proposals}
            raise ArgumentError(
                expected=f"2 regions or more, a candidate, a proposal, {least} sampled proposals",
                got=", ".join(f"{key} {n}" for key, n in {**counts, "n_sampled": n_sampled}.items()),
                where="mask_rcnn",
                do="count the background as a region; sample four proposals at the least, so that one may be positive",
            )
        self.size, self.n_channels, self.n_regions, self.width = (size[0], size[1]), n_channels, n_regions, width
        self.blocks, self.frozen_bn, self.bn_momentum = tuple(blocks), frozen_bn, bn_momentum
        self.anchor_scale = anchor_scale
        self.n_candidates, self.n_proposals, self.n_sampled = n_candidates, n_proposals, n_sampled
        self.n_detections, self.score_threshold = n_detections, score_threshold
        self.level_anchors = pyramid_anchors(self.size, scale=anchor_scale)
        self.pyramid = self._pyramid()
        self.rpn_head = rpn_head(4 * width)
        self.box_head = box_head(4 * width, n_units=16 * width, n_regions=n_regions)
        self.mask_head = mask_head(4 * width, n_regions=n_regions)
        self.seed_generator = keras.random.SeedGenerator()
        self(keras.Input((*self.size, n_channels), name="image"))

    def call(self, image: Tensor, training: bool = False) -> Tensor:
        """Return the semantic map of `[batch, y, x, n_channels]`, or in training what the loss needs.

        {"mask": float32 `[batch, y, x, n_regions]`}, one-hot; in training {"levels": P2 to P5, "objectness" and "code"
        of the anchors of each level}.
        """
        raw = self._raw(image, training)
        return raw if training else {"mask": self._semantic_map(raw)}

    def compute_loss(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor = None, training: bool = True
    ) -> Tensor:
        """Return the mean over images of the sum of the five losses.

        Outside of training the features are computed again, since the prediction does not hold them, and anchors and
        proposals are drawn with fixed seeds, so that the same weights always have the same validation loss.

        Args:
            x: The images.
            y: {"mask": one-hot `[batch, y, x, n_regions]`}.
            y_pred: What `call` gave.
            sample_weight: None, or {"mask": `[batch]`}, a factor for each image.
            training: Whether `y_pred` is of training.

        Returns:
            float32, a scalar.
        """
        raw = y_pred if training else self._raw(x, False)
        seeds = (self.seed_generator, self.seed_generator) if training else (0, 1)
        per_image = sum(self.image_losses(raw, y["mask"], seeds=seeds).values())
        if sample_weight is not None:
            per_image = per_image * ops.cast(sample_weight["mask"], per_image.dtype)
        return ops.mean(per_image)

    def image_losses(self, raw: dict[str, Any], mask: Tensor, *, seeds: Sequence[Seed]) -> dict:
        """Return the five losses of each image.

        Args:
            raw: What `call` gives in training.
            mask: One-hot `[batch, y, x, n_regions]`.
            seeds: Two, as in `targets.sample`: of anchors, and of proposals.

        Returns:
            float32 `[batch]` each under "objectness", "rpn_code", "class", "box_code" and "mask".
        """
        objects = instances(mask)
        rpn = rpn_targets(np.concatenate(self.level_anchors), objects, seed=seeds[0])
        sampled = rpn.sampled
        logits = ops.take_along_axis(ops.concatenate(raw["objectness"], axis=1), sampled.indices, axis=1)
        code = ops.take_along_axis(ops.concatenate(raw["code"], axis=1), sampled.indices[..., None], axis=1)
        sizes = {"n_sampled": self.n_sampled, "mask_bins": 2 * MASK_BINS}
        heads = head_targets(self._propose(raw), objects, **sizes, seed=seeds[1])
        return {
            "objectness": objectness_loss(logits, sampled.positive, sampled.chosen),
            "rpn_code": code_loss(code, rpn.code, sampled.positive, sampled.chosen),
            **self._head_losses(raw["levels"], heads),
        }

    def detections(self, image: Tensor) -> Detections:
        """Return the instances that `call` unites, of images `[batch, y, x, n_channels]`, in its inference mode."""
        return self._detect(self._raw(image, False))

    def cost_parts(self) -> list[tuple[keras.Model, int]]:
        """Return graphs of known size, and how often an image passes each at the most; see `geometry.cost`."""
        levels = [keras.Input(level.shape[1:]) for level in self.pyramid.outputs]
        of_levels = [(keras.Model(level, rpn_head(4 * self.width)(level)), 1) for level in levels]
        return [(self.pyramid, 1), *of_levels, (self.box_head, self.n_proposals), (self.mask_head, self.n_detections)]

    def get_config(self) -> dict:
        """Return the arguments that make this model again, without its weights."""
        names = (
            *("size", "n_channels", "n_regions", "width", "blocks", "anchor_scale", "n_candidates", "n_proposals"),
            *("n_sampled", "n_detections", "score_threshold", "frozen_bn", "bn_momentum", "name"),
        )
        return {name: getattr(self, name) for name in names}

    def _pyramid(self) -> keras.Model:
        image = keras.Input((*self.size, self.n_channels), name="image")
        # As torchvision's: the stride in the 3x3, no bias before batch normalisation.
        momentum, frozen = self.bn_momentum, self.frozen_bn
        variant = Variant("bottleneck_3x3", stem="7x7", conv_bias=False, bn_momentum=momentum, frozen_bn=frozen)
        stages = dilated_stages(self.blocks, output_stride=32, first_dilation="own", multi_grid=None)
        features = resnet_features(image, stages, variant, width=self.width)
        return keras.Model(image, feature_pyramid(features, 4 * self.width), name="pyramid")

    def _raw(self, image: Tensor, training: bool) -> dict:
        levels = self.pyramid(image, training=training)
        rpn = [flatten_rpn(self.rpn_head(level)) for level in levels]
        return {"levels": levels[:-1], "objectness": [o for o, _ in rpn], "code": [c for _, c in rpn]}

    def _propose(self, raw: dict[str, Any]) -> Proposals:
        counts = {"n_candidates": self.n_candidates, "n_proposals": self.n_proposals}
        return propose(raw["objectness"], raw["code"], self.level_anchors, size=self.size, **counts)

    def _on_boxes(self, head: keras.Model, levels: Sequence[Tensor], boxes: Tensor, *, n_bins: int) -> Tensor:
        """Return what a head says of each box: `[batch, box, ...]` for each of its outputs."""
        side = CANONICAL_SIDE * self.anchor_scale / CANONICAL_ANCHOR_SCALE
        features = pyramid_roi_align(levels, boxes, n_bins=n_bins, canonical_side=side)
        outputs = head(ops.reshape(features, (-1, *features.shape[2:])))
        return keras.tree.map_structure(lambda x: ops.reshape(x, (-1, boxes.shape[1], *x.shape[1:])), outputs)

    def _classify(self, levels: Sequence[Tensor], boxes: Tensor) -> tuple[Tensor, Tensor]:
        logits, code = self._on_boxes(self.box_head, levels, boxes, n_bins=BOX_BINS)
        return logits, ops.reshape(code, (-1, boxes.shape[1], self.n_regions, 4))

    def _masks(self, levels: Sequence[Tensor], boxes: Tensor, labels: Tensor) -> Tensor:
        """Return logits of the mask of each box's own class, `[batch, box, 28, 28]`."""
        of_all = self._on_boxes(self.mask_head, levels, boxes, n_bins=MASK_BINS)
        own = ops.one_hot(labels, self.n_regions, dtype="float32")
        return ops.sum(of_all * own[:, :, None, None, :], axis=-1)

    def _head_losses(self, levels: Sequence[Tensor], heads: HeadTargets) -> dict:
        logits, codes = self._classify(levels, heads.boxes)
        own = ops.one_hot(heads.label, self.n_regions, dtype="float32")
        code = ops.sum(codes * own[..., None], axis=2)
        # Positive boxes stand first, so the mask head need not see the others.
        n = heads.mask.shape[1]
        masks = self._masks(levels, heads.boxes[:, :n], heads.label[:, :n])
        return {
            "class": class_loss(logits, heads.label, heads.chosen),
            "box_code": code_loss(code, heads.code, heads.positive, heads.chosen),
            "mask": mask_loss(masks, heads.mask, heads.positive[:, :n]),
        }

    def _detect(self, raw: dict[str, Any]) -> Detections:
        proposals = self._propose(raw)
        logits, codes = self._classify(raw["levels"], proposals.boxes)
        threshold, n = self.score_threshold, self.n_detections
        return detect(logits, codes, proposals, size=self.size, score_threshold=threshold, n_detections=n)

    def _semantic_map(self, raw: dict[str, Any]) -> Tensor:
        found = self._detect(raw)
        masks = ops.sigmoid(self._masks(raw["levels"], found.boxes, found.labels))
        return semantic_map(paste(masks, found.boxes, size=self.size), found, n_regions=self.n_regions)
