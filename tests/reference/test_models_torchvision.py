"""Dilated ResNets against torchvision 0.28 and torch 2.13: the same weights, layer by layer, give the same output.

torchvision.models.segmentation.deeplabv3_resnet50 and fcn_resnet50, torchvision.models.resnet18, resnet50 and
resnet101, all with weights=None and in eval mode; PSPNet is written here in plain torch on torchvision's resnet50.
"""

import importlib.util

import keras
import numpy as np
import pytest

from reproduce.models.classification.resnet import RESNET18, RESNET50, resnet
from reproduce.models.layers.grid import AdaptiveAveragePooling, BilinearResize
from reproduce.models.segmentation.deeplabv3 import deeplabv3
from reproduce.models.segmentation.fcn_resnet import fcn_resnet
from reproduce.models.segmentation.pspnet import pspnet

if importlib.util.find_spec("triton") and keras.backend.backend() == "tensorflow":
    # Both bring an LLVM of their own: importing triton, as torch does where it is, ends a process that has TensorFlow.
    pytest.skip("triton crashes beside TensorFlow; torch does without: pip uninstall triton", allow_module_level=True)
torch = pytest.importorskip("torch", reason="torch of the extra `bench` is not installed")
torchvision = pytest.importorskip("torchvision", reason="torchvision of the extra `bench` is not installed")
pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore")]
nn, functional = torch.nn, torch.nn.functional

FULL = {"n_channels": 3, "n_regions": 5, "width": 64, "blocks": RESNET50, "auxiliary": True, "bn_momentum": 0.9}
DEEPLAB = FULL | {
    "output_stride": 8,
    "first_dilation": "previous",
    "multi_grid": None,
    "rates": (12, 24, 36),
    "refinement": True,
    "dropout": 0.5,
}
# 104 x 72 pixels: a grid of 13 x 9, so the rates 24 and 36 look past its edge and 12 does not.
SIZE = (104, 72)
ATROUS = {f"0.convs.{i}": f"aspp_atrous{i}" for i in (1, 2, 3)}
DEEPLAB_HEAD = {"0.convs.0": "aspp_point", **ATROUS, "0.project": "aspp_project"}


def randomised(network, seed):
    """The network in eval mode, its batch normalisations drawn, so that none is the identity that it starts as."""
    generator = torch.Generator().manual_seed(seed)
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            # torch draws the weights of heads small: larger scales keep their features from fading away.
            head = "classifier" in name or name.startswith(("pyramid", "mask", "aux"))
            for values, low, high in (
                (module.weight.data, *((2.0, 4.0) if head else (0.3, 0.9))),
                (module.bias.data, -0.3, 0.3),
                (module.running_mean, -0.3, 0.3),
                (module.running_var, 0.5, 1.5),
            ):
                values.uniform_(low, high, generator=generator)
    return network.eval()


def backbone_names(network):
    """For each convolution and batch normalisation of a torchvision ResNet the name of our layer."""
    names = {"conv1": "stem_conv1", "bn1": "stem_conv1_bn", "fc": "class_logits"}
    for k in (1, 2, 3, 4):
        for i in range(len(getattr(network, f"layer{k}"))):
            ours, theirs = f"stage{k}_block{i + 1}", f"layer{k}.{i}"
            for j in (1, 2, 3):
                names |= {f"{theirs}.conv{j}": f"{ours}_conv{j}", f"{theirs}.bn{j}": f"{ours}_conv{j}_bn"}
            names |= {f"{theirs}.downsample.0": f"{ours}_shortcut", f"{theirs}.downsample.1": f"{ours}_shortcut_bn"}
    return names


def under(prefix, names):
    return {f"{prefix}.{theirs}": ours for theirs, ours in names.items()}


def pairs(names):
    """Names of a convolution `.0` and a batch normalisation `.1` in a Sequential."""
    return {f"{theirs}.{i}": ours + end for theirs, ours in names.items() for i, end in ((0, ""), (1, "_bn"))}


def load(model, network, names):
    """Every weight of the torch network into our model; none may be left on either side."""
    filled = set()
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            weights = [module.weight.permute(2, 3, 1, 0)] + ([] if module.bias is None else [module.bias])
        elif isinstance(module, nn.Linear):
            weights = [module.weight.T, module.bias]
        elif isinstance(module, nn.BatchNorm2d):
            weights = [module.weight, module.bias, module.running_mean, module.running_var]
        else:
            continue
        model.get_layer(names[name]).set_weights([w.detach().numpy() for w in weights])
        filled.add(names[name])
    assert filled == {layer.name for layer in model.layers if layer.weights}


def ours_and_theirs(model, network, outputs, seed=1):
    """For each output the logits on the image's grid, ours and torch's, on two images of noise."""
    images = np.random.default_rng(seed).standard_normal((2, *SIZE, 3)).astype(np.float32)
    logits = keras.Model(model.input, {name: model.get_layer(layer).output for name, layer in outputs.items()})
    ours = {name: keras.ops.convert_to_numpy(v) for name, v in logits(images, training=False).items()}
    with torch.no_grad():
        theirs = network(torch.from_numpy(images).permute(0, 3, 1, 2))
    return ours, {name: v.permute(0, 2, 3, 1).numpy() for name, v in theirs.items()}


def agree(model, network, names, record_property):
    load(model, network, names)
    ours, theirs = ours_and_theirs(model, network, {"mask": "mask_resize", "aux": "aux_resize"})
    for name in ("mask", "aux"):
        expected = theirs["out" if name == "mask" else name]
        # Over the pixels of one image and region: the biases alone would spread regions apart.
        apart, spread = float(np.abs(ours[name] - expected).max()), float(expected.std(axis=(1, 2)).mean())
        record_property(f"{name}: largest difference of logits", apart)
        record_property(f"{name}: standard deviation of logits", spread)
        print(f"{model.name} {name}: logits differ by at most {apart:.2e}, their standard deviation is {spread:.3f}")
        assert spread > 0.05
        assert apart < 1e-4


def test_deeplabv3_resnet50(record_property):
    torch.manual_seed(1)
    settings = {"weights": None, "weights_backbone": None, "num_classes": 5, "aux_loss": True}
    network = randomised(torchvision.models.segmentation.deeplabv3_resnet50(**settings), 2)
    names = under("backbone", backbone_names(network.backbone)) | under("aux_classifier", fcn_names("aux"))
    names |= under("classifier", pairs(DEEPLAB_HEAD))
    names |= under("classifier", {"0.convs.4.1": "aspp_image", "0.convs.4.2": "aspp_image_bn", "1": "refinement"})
    names |= under("classifier", {"2": "refinement_bn", "4": "mask_logits"})
    model = deeplabv3(SIZE, **DEEPLAB)
    agree(model, network, names, record_property)
    # The paper dilates the first block of a stage like the others; torchvision does not, and it shows.
    own = deeplabv3(SIZE, **DEEPLAB | {"first_dilation": "own"})
    own.set_weights(model.get_weights())
    ours, theirs = ours_and_theirs(own, network, {"mask": "mask_resize"})
    assert np.abs(ours["mask"] - theirs["out"]).max() > 1e-3


def fcn_names(name):
    return {"0": f"{name}_conv", "1": f"{name}_conv_bn", "4": f"{name}_logits"}


def test_fcn_resnet50(record_property):
    torch.manual_seed(2)
    settings = {"weights": None, "weights_backbone": None, "num_classes": 5, "aux_loss": True}
    network = randomised(torchvision.models.segmentation.fcn_resnet50(**settings), 3)
    names = under("backbone", backbone_names(network.backbone)) | under("aux_classifier", fcn_names("aux"))
    names |= under("classifier", fcn_names("mask"))
    agree(fcn_resnet(SIZE, **FULL), network, names, record_property)


class TorchPSPNet(nn.Module):
    """PSPNet of Zhao et al. 2017 in plain torch: torchvision's ResNet-50, all 3x3 of stages 3 and 4 dilated."""

    def __init__(self, n_regions):
        super().__init__()
        self.backbone = torchvision.models.resnet50(weights=None, replace_stride_with_dilation=[False, True, True])
        self.backbone.fc = nn.Identity()
        for stage, dilation in ((self.backbone.layer3, 2), (self.backbone.layer4, 4)):
            for block in stage:
                block.conv2.dilation = block.conv2.padding = (dilation, dilation)
        self.pyramid = nn.ModuleList(self.conv(2048, 512, 1) for _ in (1, 2, 3, 6))
        self.mask = nn.Sequential(*self.conv(4096, 512, 3), nn.Dropout(0.1), nn.Conv2d(512, n_regions, 1))
        self.aux = nn.Sequential(*self.conv(1024, 256, 3), nn.Dropout(0.1), nn.Conv2d(256, n_regions, 1))

    @staticmethod
    def conv(before, after, kernel):
        layer = nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=False)
        return nn.Sequential(layer, nn.BatchNorm2d(after), nn.ReLU())

    def forward(self, image):
        net = self.backbone
        x = net.layer2(net.layer1(net.maxpool(net.relu(net.bn1(net.conv1(image))))))
        third = net.layer3(x)
        fourth = net.layer4(third)
        levels = [fourth]
        for n_bins, conv in zip((1, 2, 3, 6), self.pyramid, strict=True):
            level = conv(functional.adaptive_avg_pool2d(fourth, n_bins))
            levels.append(functional.interpolate(level, fourth.shape[2:], mode="bilinear", align_corners=False))
        outputs = {"out": self.mask(torch.cat(levels, 1)), "aux": self.aux(third)}
        return {
            name: functional.interpolate(x, image.shape[2:], mode="bilinear", align_corners=False)
            for name, x in outputs.items()
        }


def test_pspnet_resnet50(record_property):
    torch.manual_seed(3)
    network = randomised(TorchPSPNet(5), 4)
    names = under("backbone", backbone_names(network.backbone)) | under("aux", fcn_names("aux"))
    names |= pairs({f"pyramid.{i}": f"pyramid{n_bins}" for i, n_bins in enumerate((1, 2, 3, 6))})
    names |= {"mask.0": "fusion", "mask.1": "fusion_bn", "mask.4": "mask_logits"}
    model = pspnet(SIZE, **FULL, stem="7x7", bins=(1, 2, 3, 6), dropout=0.1)
    agree(model, network, names, record_property)


@pytest.mark.parametrize(
    ("build", "blocks", "block"), [("resnet18", RESNET18, "basic"), ("resnet50", RESNET50, "bottleneck_3x3")]
)
def test_resnet_classifiers(build, blocks, block):
    torch.manual_seed(4)
    network = randomised(getattr(torchvision.models, build)(weights=None, num_classes=7), 5)
    # 75 x 50 is odd at every halving: 38 x 25, 19 x 13, 10 x 7, 5 x 4, 3 x 2
    settings = {"n_channels": 3, "n_classes": 7, "width": 64, "conv_bias": False, "bn_momentum": 0.9}
    model = resnet((75, 50), blocks=blocks, block=block, **settings)
    load(model, network, backbone_names(network))
    images = np.random.default_rng(1).standard_normal((2, 75, 50, 3)).astype(np.float32)
    logits = keras.Model(model.input, model.get_layer("class_logits").output)(images, training=False)
    with torch.no_grad():
        expected = network(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()
    assert expected.std() > 0.05
    assert keras.ops.convert_to_numpy(logits) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("n_bins", [1, 2, 3, 6])
@pytest.mark.parametrize("size", [(1, 1), (4, 5), (6, 12), (11, 7), (64, 64)])
def test_adaptive_average_pooling(n_bins, size):
    features = np.random.default_rng(0).standard_normal((2, *size, 3)).astype(np.float32)
    expected = functional.adaptive_avg_pool2d(torch.from_numpy(features).permute(0, 3, 1, 2), n_bins)
    ours = keras.ops.convert_to_numpy(AdaptiveAveragePooling(n_bins)(features))
    assert ours == pytest.approx(expected.permute(0, 2, 3, 1).numpy(), abs=1e-6)


@pytest.mark.parametrize(
    ("before", "after"), [((1, 1), (8, 9)), ((3, 2), (8, 8)), ((6, 6), (13, 9)), ((9, 7), (72, 56))]
)
def test_bilinear_resize(before, after):
    features = np.random.default_rng(0).standard_normal((2, *before, 3)).astype(np.float32)
    channels_first = torch.from_numpy(features).permute(0, 3, 1, 2)
    expected = functional.interpolate(channels_first, after, mode="bilinear", align_corners=False)
    ours = keras.ops.convert_to_numpy(BilinearResize(after)(features))
    assert ours == pytest.approx(expected.permute(0, 2, 3, 1).numpy(), abs=1e-5)
