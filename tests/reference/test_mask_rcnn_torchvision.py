"""Mask R-CNN and its parts against torchvision 0.28 and torch 2.13.

torchvision.ops.roi_align, MultiScaleRoIAlign, nms and batched_nms; of torchvision.models.detection BoxCoder,
AnchorGenerator and, with the same weights, maskrcnn_resnet50_fpn(weights=None, weights_backbone=None) in eval mode.
"""

import importlib.util

import keras
import numpy as np
import pytest
from keras import ops

from reproduce.models.classification.resnet import RESNET50
from reproduce.models.detection.boxes import decode, encode, pyramid_anchors, pyramid_grids
from reproduce.models.detection.losses import BETA, smooth_l1
from reproduce.models.detection.mask_rcnn import mask_rcnn
from reproduce.models.detection.proposals import nms
from reproduce.models.detection.roi_align import pyramid_roi_align, roi_align

if importlib.util.find_spec("triton") and keras.backend.backend() == "tensorflow":
    # Both bring an LLVM of their own: importing triton, as torch does where it is, ends a process that has TensorFlow.
    pytest.skip("triton crashes beside TensorFlow; torch does without: pip uninstall triton", allow_module_level=True)
torch = pytest.importorskip("torch", reason="torch of the extra `bench` is not installed")
torchvision = pytest.importorskip("torchvision", reason="torchvision of the extra `bench` is not installed")
pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore")]

YX = [1, 0, 3, 2]  # x0, y0, x1, y1 as torchvision has them, to y0, x0, y1, x1, and back


def array(tensor):
    return ops.convert_to_numpy(tensor)


def torched(boxes):
    return torch.from_numpy(np.ascontiguousarray(boxes[..., YX]))


def random_boxes(rng, n, size):
    low = rng.uniform(-0.1 * size, 0.9 * size, (n, 2))
    return np.hstack([low, low + rng.uniform(0.3, 0.7 * size, (n, 2))]).astype(np.float32)


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize(("n_bins", "scale"), [(7, 0.25), (14, 0.125), (3, 1.0)])
def test_roi_align(n_bins, scale, aligned):
    rng = np.random.default_rng(n_bins)
    features = rng.standard_normal((2, 16, 20, 5)).astype(np.float32)
    boxes = np.stack([random_boxes(rng, 30, 16 / scale) for _ in range(2)])
    found = array(roi_align(features, boxes, n_bins=n_bins, scale=scale, aligned=aligned))
    expected = torchvision.ops.roi_align(
        torch.from_numpy(features).permute(0, 3, 1, 2),
        list(torched(boxes)),
        (n_bins, n_bins),
        spatial_scale=scale,
        sampling_ratio=2,
        aligned=aligned,
    )
    assert found.reshape(60, n_bins, n_bins, 5) == pytest.approx(expected.permute(0, 2, 3, 1).numpy(), abs=1e-4)


def test_roi_align_on_the_levels_of_a_pyramid():
    rng = np.random.default_rng(0)
    levels = [rng.standard_normal((1, n, n, 3)).astype(np.float32) for n in (256, 128, 64, 32)]
    boxes = np.vstack([random_boxes(rng, 30, 1000), random_boxes(rng, 30, 100)]).clip(0, 1024)
    pool = torchvision.ops.MultiScaleRoIAlign(["2", "3", "4", "5"], 7, sampling_ratio=2)
    features = {str(k): torch.from_numpy(x).permute(0, 3, 1, 2) for k, x in enumerate(levels, start=2)}
    expected = pool(features, [torched(boxes)], [(1024, 1024)]).permute(0, 2, 3, 1).numpy()
    found = array(pyramid_roi_align(levels, boxes[None], n_bins=7, canonical_side=224.0))[0]
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_nms(threshold):
    rng = np.random.default_rng(1)
    boxes, scores = random_boxes(rng, 300, 60), rng.random(300).astype(np.float32)
    groups = rng.integers(0, 3, 300).astype(np.int32)
    valid = np.ones((1, 300), bool)
    for group, expected in (
        (np.zeros_like(groups), torchvision.ops.nms(torched(boxes), torch.from_numpy(scores), threshold)),
        (
            groups,
            torchvision.ops.batched_nms(torched(boxes), torch.from_numpy(scores), torch.from_numpy(groups), threshold),
        ),
    ):
        kept = nms(boxes[None], scores[None], valid, groups=group[None], iou_threshold=threshold, n_kept=300)
        assert array(kept.indices)[0][array(kept.valid)[0]].tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("ours", "theirs"), [((1.0, 1.0), (1.0, 1.0, 1.0, 1.0)), ((10.0, 5.0), (10.0, 10.0, 5.0, 5.0))]
)
def test_box_coding(ours, theirs):
    coder = torchvision.models.detection._utils.BoxCoder(theirs)
    rng = np.random.default_rng(2)
    boxes, anchors = random_boxes(rng, 50, 100), random_boxes(rng, 50, 100)
    code = array(encode(boxes, anchors, weights=ours))
    expected = coder.encode_single(torched(boxes), torched(anchors)).numpy()[:, YX]
    assert code == pytest.approx(expected, rel=1e-4, abs=1e-4)
    moved = coder.decode_single(torch.from_numpy(3 * code[:, YX]), torched(anchors)).numpy()[:, YX]
    assert array(decode(3 * code, anchors, weights=ours)) == pytest.approx(moved, rel=1e-4, abs=1e-3)


def test_smooth_l1():
    difference = np.linspace(-2, 2, 101, dtype=np.float32)
    tensor = torch.from_numpy(difference)
    expected = torch.nn.functional.smooth_l1_loss(tensor, 0 * tensor, beta=BETA, reduction="none").numpy()
    assert array(smooth_l1(difference)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("scale", [8.0, 3.0])
def test_anchors(scale):
    sides = tuple((int(scale * 2**k),) for k in range(2, 7))
    generator = torchvision.models.detection.anchor_utils.AnchorGenerator(sides, ((0.5, 1.0, 2.0),) * 5)
    images = torchvision.models.detection.image_list.ImageList(torch.zeros(1, 3, 128, 192), [(128, 192)])
    maps = [torch.zeros(1, 1, *grid) for grid in pyramid_grids((128, 192))]
    expected = generator(images, maps)[0].numpy()[:, YX]
    assert np.array_equal(np.concatenate(pyramid_anchors((128, 192), scale=scale)), expected)


SIDE, N_REGIONS = 128, 4


def network():
    """maskrcnn_resnet50_fpn with 100 proposals, heads and batch normalisation drawn so that it finds something."""
    torch.manual_seed(4)
    model = torchvision.models.detection.maskrcnn_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=N_REGIONS,
        min_size=SIDE,
        max_size=SIDE,
        image_mean=[0.0] * 3,
        image_std=[1.0] * 3,
        rpn_pre_nms_top_n_test=200,
        rpn_post_nms_top_n_test=100,
        box_detections_per_img=20,
        box_score_thresh=0.2,
    )
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.3, 0.9)
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 1.5)
    for layer, factor in (
        (model.rpn.head.cls_logits, 20.0),
        (model.rpn.head.bbox_pred, 5.0),
        (model.roi_heads.box_predictor.cls_score, 20.0),
    ):
        layer.weight.data *= factor
    return model.eval()


def backbone_weights(body):
    """Layer of ours, weights of theirs, for a ResNet."""
    yield "stem_conv1", body.conv1
    yield "stem_conv1_bn", body.bn1
    for k in (1, 2, 3, 4):
        for i, block in enumerate(getattr(body, f"layer{k}"), start=1):
            for j in (1, 2, 3):
                yield f"stage{k}_block{i}_conv{j}", getattr(block, f"conv{j}")
                yield f"stage{k}_block{i}_conv{j}_bn", getattr(block, f"bn{j}")
            if block.downsample is not None:
                yield f"stage{k}_block{i}_shortcut", block.downsample[0]
                yield f"stage{k}_block{i}_shortcut_bn", block.downsample[1]


def weights_of(module):
    if isinstance(module, torch.nn.ConvTranspose2d | torch.nn.Conv2d):
        weights = [module.weight.permute(2, 3, 1, 0), module.bias]
    elif isinstance(module, torch.nn.Linear):
        weights = [module.weight.T, module.bias]
    else:
        weights = [module.weight, module.bias, module.running_mean, module.running_var]
    return [w.detach().numpy() for w in weights if w is not None]


def codes_swapped(weights, n):
    """The last axis holds n codes of x, y, w, h; ours are y, x, h, w."""
    order = np.arange(4 * n).reshape(n, 4)[:, YX].ravel()
    return [w[..., order] for w in weights]


def load(ours, theirs):
    filled = 0

    def fill(model, name, weights):
        nonlocal filled
        model.get_layer(name).set_weights(weights)
        filled += len(weights)

    for name, module in backbone_weights(theirs.backbone.body):
        fill(ours.pyramid, name, weights_of(module))
    for i, k in enumerate((2, 3, 4, 5)):
        fill(ours.pyramid, f"p{k}_lateral", weights_of(theirs.backbone.fpn.inner_blocks[i][0]))
        fill(ours.pyramid, f"p{k}", weights_of(theirs.backbone.fpn.layer_blocks[i][0]))
    rpn, heads = theirs.rpn.head, theirs.roi_heads
    fill(ours.rpn_head, "rpn_conv", weights_of(rpn.conv[0][0]))
    fill(ours.rpn_head, "rpn_objectness", weights_of(rpn.cls_logits))
    fill(ours.rpn_head, "rpn_code", codes_swapped(weights_of(rpn.bbox_pred), 3))
    kernel, bias = weights_of(heads.box_head.fc6)
    # theirs flattens channel, y, x; ours y, x, channel
    kernel = kernel.reshape(256, 7, 7, -1).transpose(1, 2, 0, 3).reshape(kernel.shape)
    fill(ours.box_head, "box_fc6", [kernel, bias])
    fill(ours.box_head, "box_fc7", weights_of(heads.box_head.fc7))
    fill(ours.box_head, "box_class", weights_of(heads.box_predictor.cls_score))
    fill(ours.box_head, "box_code", codes_swapped(weights_of(heads.box_predictor.bbox_pred), N_REGIONS))
    for i in range(4):
        fill(ours.mask_head, f"mask_conv{i + 1}", weights_of(heads.mask_head[i][0]))
    fill(ours.mask_head, "mask_deconv", weights_of(heads.mask_predictor.conv5_mask))
    fill(ours.mask_head, "mask_logits", weights_of(heads.mask_predictor.mask_fcn_logits))
    assert filled == len(ours.weights)


@pytest.mark.slow
def test_the_whole_model_with_the_same_weights(record_property):
    theirs = network()
    ours = mask_rcnn(
        (SIDE, SIDE),
        n_channels=3,
        n_regions=N_REGIONS,
        width=64,
        blocks=RESNET50,
        anchor_scale=8.0,
        n_candidates=200,
        n_proposals=100,
        n_sampled=64,
        n_detections=20,
        score_threshold=0.2,
        frozen_bn=False,
        bn_momentum=0.9,
    )
    load(ours, theirs)
    image = np.random.default_rng(5).random((1, SIDE, SIDE, 3), np.float32)
    tensor = torch.from_numpy(image).permute(0, 3, 1, 2)
    raw = ours._raw(image, False)
    with torch.no_grad():
        features = theirs.backbone(tensor)
        images = torchvision.models.detection.image_list.ImageList(tensor, [(SIDE, SIDE)])
        proposals = theirs.rpn(images, features)[0][0].numpy()[:, YX]
        found = theirs.roi_heads(features, [torch.from_numpy(proposals[:, YX])], [(SIDE, SIDE)])[0][0]
    for level, expected in zip(raw["levels"], features.values(), strict=False):
        assert array(level)[0] == pytest.approx(expected[0].permute(1, 2, 0).numpy(), abs=1e-3)
    mine = ours._propose(raw)
    kept = array(mine.boxes)[0][array(mine.valid)[0]]
    assert kept == pytest.approx(proposals, abs=1e-2)
    detections = ours._detect(raw)
    n = int(array(detections.valid).sum())
    assert n == len(found["scores"]) > 3
    boxes, scores = array(detections.boxes)[0, :n], array(detections.scores)[0, :n]
    assert array(detections.labels)[0, :n].tolist() == found["labels"].tolist()
    assert scores == pytest.approx(found["scores"].numpy(), abs=1e-4)
    assert boxes == pytest.approx(found["boxes"].numpy()[:, YX], abs=1e-2)
    logits = ours._masks(raw["levels"], detections.boxes, detections.labels)
    masks = array(ops.sigmoid(logits))[0, :n]
    assert masks == pytest.approx(found["masks"][:, 0].numpy(), abs=1e-3)
    apart = {
        "proposals": np.abs(kept - proposals).max(),
        "scores": np.abs(scores - found["scores"].numpy()).max(),
        "boxes": np.abs(boxes - found["boxes"].numpy()[:, YX]).max(),
        "masks": np.abs(masks - found["masks"][:, 0].numpy()).max(),
    }
    for name, value in apart.items():
        record_property(f"largest difference of {name}", float(value))
    print(f"{len(kept)} proposals, {n} detections; largest differences {apart}; masks' deviation {masks.std():.3f}")
