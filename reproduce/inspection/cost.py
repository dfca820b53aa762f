"""What any model of this package costs, those included whose layers are called once a box."""

from __future__ import annotations

import keras

from reproduce.inspection.geometry import Cost, cost


def model_cost(model: keras.Model) -> Cost:
    """Return parameters, multiply-adds and activations of one image through a model.

    Of Mask R-CNN, by its `cost_parts`: its pyramid, the RPN head on each level, the box head on every proposal and the
    mask head on every detection, as many as there can be. RoIAlign, suppression and pasting hold no multiply-adds in
    the convention of `layer_readings.multiply_adds`, and are left out.

    Args:
        model: Made by a builder of this package, for images of one size.

    Raises:
        ArgumentError: See `geometry.layer_geometry`.
    """
    if not hasattr(model, "cost_parts"):
        return cost(model)
    found = [(cost(part), times) for part, times in model.cost_parts()]
    return Cost(
        parameters=model.count_params(),
        multiply_adds=sum(times * each.multiply_adds for each, times in found),
        activation_bytes=sum(times * each.activation_bytes for each, times in found),
    )
