"""What any model of this package costs, those included whose layers are called once a box."""

from __future__ import annotations

import keras

from reproduce.inspection.geometry import Cost, cost
from reproduce.models.detection.heads import rpn_head
from reproduce.models.detection.mask_rcnn import MaskRCNN


def model_cost(model: keras.Model) -> Cost:
    """Parameters, multiply-adds and activations of one image through a model.

    Of Mask R-CNN: its pyramid, the RPN head on each level, the box head on every proposal and the mask head on every
    detection, as many as there can be. RoIAlign, suppression and pasting hold no multiply-adds in the convention of
    `layer_readings.multiply_adds`, and are left out.

    Args:
        model: Of a builder of this package, for images of one size.

    Raises:
        ArgumentError: See `geometry.layer_geometry`.
    """
    if not isinstance(model, MaskRCNN):
        return cost(model)
    found = [(cost(part), times) for part, times in _parts(model)]
    return Cost(
        parameters=model.count_params(),
        multiply_adds=sum(times * each.multiply_adds for each, times in found),
        activation_bytes=sum(times * each.activation_bytes for each, times in found),
    )


def _parts(model: MaskRCNN) -> list[tuple[keras.Model, int]]:
    """Graphs of known size, and how often an image passes each."""
    levels = [keras.Input(level.shape[1:]) for level in model.pyramid.outputs]
    of_levels = [(keras.Model(level, rpn_head(4 * model.width)(level)), 1) for level in levels]
    return [(model.pyramid, 1), *of_levels, (model.box_head, model.n_proposals), (model.mask_head, model.n_detections)]
