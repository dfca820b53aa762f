"""Parameters of Mask R-CNN at full width, beside the counts that torchvision prints, and where each of them sits."""

import math

import pytest

from reproduce.models.classification.resnet import RESNET50
from reproduce.models.detection.mask_rcnn import mask_rcnn

FULL = {
    "n_channels": 3,
    "width": 64,
    "blocks": RESNET50,
    "anchor_scale": 8.0,
    "n_candidates": 50,
    "n_proposals": 50,
    "n_sampled": 16,
    "n_detections": 10,
    "score_threshold": 0.5,
    "bn_momentum": 0.9,
}


def n_parameters(variables):
    return sum(math.prod(variable.shape) for variable in variables)


@pytest.mark.usefixtures("unallocated")
@pytest.mark.parametrize(
    ("n_regions", "frozen_bn", "trainable", "of_faster_rcnn"),
    [
        (91, True, 44_401_393, 41_755_286),
        pytest.param(91, False, 44_454_513, 41_808_406, marks=pytest.mark.slow),
        pytest.param(2, True, 43_922_395, 41_299_161, marks=pytest.mark.slow),
    ],
)
def test_parameters_at_full_width(n_regions, frozen_bn, trainable, of_faster_rcnn):
    """Trainable parameters, as torch counts them; a frozen batch normalisation has none (torchvision's convention).

    Without the mask head it is Faster R-CNN. Statistics, and scale and shift where they are frozen, come on top in
    Keras' count: 44,401,393 + 106,240.
    """
    model = mask_rcnn(
        (64, 64),
        **FULL,
        n_regions=n_regions,
        frozen_bn=frozen_bn,
    )
    assert n_parameters(model.trainable_variables) == trainable
    assert trainable - n_parameters(model.mask_head.trainable_variables) == of_faster_rcnn
    assert model.count_params() == {91: 44_507_633, 2: 44_028_635}[n_regions]


@pytest.mark.usefixtures("unallocated")
def test_parameters_of_each_part_by_hand():
    model = mask_rcnn((64, 64), **FULL, n_regions=91, frozen_bn=True)
    # 3x3 of 256 on 256 with bias; then a logit and a code of four for each of three shapes
    assert model.rpn_head.count_params() == (9 * 256 * 256 + 256) + (256 * 3 + 3) + (256 * 12 + 12) == 593_935
    # 7 * 7 * 256 on 1024, 1024 on 1024, then classes and a code for each
    fc = (49 * 256 * 1024 + 1024) + (1024 * 1024 + 1024)
    assert model.box_head.count_params() == fc + (1024 * 91 + 91) + (1024 * 364 + 364)
    # four 3x3, a deconvolution 2x2, a 1x1
    assert model.mask_head.count_params() == 4 * (9 * 256**2 + 256) + (4 * 256**2 + 256) + (256 * 91 + 91) == 2_646_107
    levels = [level.shape[1:] for level in model.pyramid.output]
    assert levels == [(16, 16, 256), (8, 8, 256), (4, 4, 256), (2, 2, 256), (1, 1, 256)]
