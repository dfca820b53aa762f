"""What models cost whose layers are called once a box."""

import pytest
from keras import Input, Model, layers

from reproduce.inspection.geometry import cost, layer_geometry
from reproduce.models.detection.mask_rcnn import mask_rcnn

SETTINGS = {
    "width": 4,
    "blocks": (1, 1, 1, 1),
    "anchor_scale": 2.0,
    "n_candidates": 8,
    "n_sampled": 4,
    "score_threshold": 0.5,
    "frozen_bn": False,
    "bn_momentum": 0.9,
}


def detector(**counts):
    return mask_rcnn((32, 32), n_channels=1, n_regions=3, **SETTINGS, **counts)


def test_a_graph_costs_the_sum_of_its_layers():
    image = Input((8, 8, 1))
    model = Model(image, layers.Conv2D(2, 3, padding="same")(image))
    assert cost(model).multiply_adds == sum(row.multiply_adds for row in layer_geometry(model)) == 9 * 2 * 64


@pytest.fixture(scope="module")
def costs():
    counts = ((4, 2), (5, 2), (4, 3))
    return [cost(detector(n_proposals=n, n_detections=m)) for n, m in counts]


def test_heads_are_paid_for_each_box(costs):
    usual, one_proposal_more, one_detection_more = costs
    # 7 x 7 bins of 16 channels to 64 units, 64 to 64, and these to 3 classes and 12 codes
    assert one_proposal_more.multiply_adds - usual.multiply_adds == 49 * 16 * 64 + 64 * 64 + 64 * 15
    # four 3 x 3 of 16 channels on 14 x 14, a 2 x 2 deconvolution to 28 x 28, 16 channels to 3 masks
    mask = 4 * 9 * 16 * 16 * 196 + 4 * 16 * 16 * 196 + 16 * 3 * 784
    assert one_detection_more.multiply_adds - usual.multiply_adds == mask


def test_parameters_are_those_of_keras_whatever_the_number_of_boxes(costs):
    assert {each.parameters for each in costs} == {detector(n_proposals=4, n_detections=2).count_params()}
