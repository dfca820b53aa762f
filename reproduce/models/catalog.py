"""The classifiers of the literature: paper, builder, and the parameters that each is known to have."""

from __future__ import annotations

from dataclasses import dataclass

from keras import applications

from reproduce.models.classification import shufflenet_v1, shufflenet_v2
from reproduce.models.classification.alexnet import FILTERS_2012, FILTERS_2014, alexnet
from reproduce.models.classification.convnext import DEPTHS_T, WIDTHS_T, convnext
from reproduce.models.classification.drsn import drsn
from reproduce.models.classification.espnetv2 import UNITS, espnetv2, level_channels
from reproduce.models.classification.fbnet import FBNET_C, fbnet
from reproduce.models.classification.googlenet import googlenet
from reproduce.models.classification.keras_architectures import densenet, efficientnet_b0, inception_v3, mobilenet_v2
from reproduce.models.classification.lenet5 import lenet5, lenet5_dense
from reproduce.models.classification.overlock import OVERLOCK_S, OVERLOCK_T, OVERLOCK_XT, Plan, overlock
from reproduce.models.classification.resnet import RESNET18, RESNET34, RESNET50, RESNET101, RESNET152, resnet
from reproduce.models.classification.swin import DEPTHS_T as SWIN_DEPTHS
from reproduce.models.classification.swin import HEADS_T, swin
from reproduce.models.classification.vgg import VGG16, VGG19, vgg
from reproduce.models.classification.vit import vit
from reproduce.protocol.section import Call


@dataclass(frozen=True)
class Architecture:
    """An architecture in one of the forms that its parameters are counted in.

    Attributes:
        name: As the field calls it.
        paper: Authors and year.
        printed: Number of parameters as it is printed, and where.
        counted_as: Whose convention the counts follow.
        build: The builder with the arguments of the counted form; called with size, n_channels and n_classes.
        trainable: Parameters that the optimiser moves, which is what torch counts.
        total: With the running statistics of batch normalisation, which is what Keras' `count_params` counts.
        size: (y, x) of the image in pixels that the counts are for.
        n_channels: Likewise.
        n_classes: Likewise.
    """

    name: str
    paper: str
    printed: str
    counted_as: str
    build: Call
    trainable: int
    total: int
    size: tuple[int, int] = (224, 224)
    n_channels: int = 3
    n_classes: int = 1000


# Arguments that no count depends on; an experiment has its own.
_BN = {"bn_momentum": 0.9}
_DENSE = {"units": 4096, "dropout": 0.5}
_TORCH, _KERAS, _BOTH, _PAPER = "torchvision", "keras.applications", "torchvision and keras.applications", "the paper"
_LECUN, _ALEX = "LeCun et al. 1998", "Krizhevsky et al. 2012"
_VGG, _GOOGLENET = "Simonyan and Zisserman 2015", "Szegedy et al. 2015"
_HE, _HUANG = "He et al. 2016", "Huang et al. 2017"
_DIGITS = {"size": (32, 32), "n_channels": 1, "n_classes": 10}

_LENET = (
    Architecture("LeNet-5", _LECUN, "60,000 (II.B)", _PAPER, Call(lenet5, {"padding": 0}), 60_000, 60_000, **_DIGITS),
    Architecture(
        "LeNet-5, dense C3",
        _LECUN,
        "61,706 (usual re-implementations)",
        "usual re-implementations",
        Call(lenet5_dense, {"padding": 0, "activation": "tanh", "pooling": "average"}),
        61_706,
        61_706,
        **_DIGITS,
    ),
)


def _alexnet(name: str, printed: str, counted_as: str, count: int, **settings) -> Architecture:
    # The paper says 224 pixels and computes as from 227; torchvision pads 224.
    size = (224, 224) if settings["stem_padding"] else (227, 227)
    build = Call(alexnet, _DENSE | settings)
    paper = _ALEX if settings["filters"] is FILTERS_2012 else "Krizhevsky 2014"
    return Architecture(name, paper, printed, counted_as, build, count, count, size=size)


_2012 = {"filters": FILTERS_2012, "stem_padding": 0, "response_normalisation": True}
_2014 = {"filters": FILTERS_2014, "stem_padding": 2, "response_normalisation": False}
_ALEXNET = (
    _alexnet("AlexNet, two towers", "60 million (abstract)", _PAPER, 60_965_224, towers=2, **_2012),
    _alexnet("AlexNet, one tower", "62.4M (usual)", "usual re-implementations", 62_378_344, towers=1, **_2012),
    _alexnet("AlexNet of 2014", "61.1M (torchvision)", _TORCH, 61_100_840, towers=1, **_2014),
)


def _vgg(name: str, printed: str, count: int, **settings) -> Architecture:
    build = Call(vgg, _BN | _DENSE | {"width": 64, "batch_norm": False} | settings)
    return Architecture(name, _VGG, printed, _BOTH, build, count, count)


def _googlenet(name: str, printed: str, counted_as: str, trainable: int, total: int, **settings) -> Architecture:
    build = Call(googlenet, _BN | {"width": 64, "dropout": 0.4, "auxiliary_dropout": 0.7} | settings)
    return Architecture(name, _GOOGLENET, printed, counted_as, build, trainable, total)


def _resnet(name: str, printed: str, counted_as: str, trainable: int, total: int, **settings) -> Architecture:
    build = Call(resnet, _BN | {"width": 64, "conv_bias": counted_as == _KERAS} | settings)
    return Architecture(name, _HE, printed, counted_as, build, trainable, total)


def _densenet(name: str, printed: str, trainable: int, total: int, application) -> Architecture:
    return Architecture(
        name, _HUANG, printed, _BOTH, Call(densenet, _BN | {"application": application}), trainable, total
    )


_AS_TORCH = {"large_kernel": 3, "last_pool": 2, "batch_norm": True}
_AS_PRINTED = {"large_kernel": 5, "last_pool": 3, "batch_norm": False}
_IN_3X3, _IN_1X1 = {"block": "bottleneck_3x3"}, {"block": "bottleneck_1x1"}
_CLASSICS = (
    _vgg("VGG-16", "138 million (Table 2)", 138_357_544, n_convs=VGG16),
    _vgg("VGG-19", "144 million (Table 2)", 143_667_240, n_convs=VGG19),
    _googlenet("GoogLeNet", "6.6M (torchvision)", _TORCH, 6_624_904, 6_639_464, auxiliary=False, **_AS_TORCH),
    _googlenet("GoogLeNet", "7.0M (Caffe)", _PAPER, 6_998_552, 6_998_552, auxiliary=False, **_AS_PRINTED),
    _googlenet("GoogLeNet, aux", "13.0M (torchvision)", _TORCH, 13_004_888, 13_019_960, auxiliary=True, **_AS_TORCH),
    _googlenet("GoogLeNet, aux", "13.4M (Caffe)", _PAPER, 13_378_280, 13_378_280, auxiliary=True, **_AS_PRINTED),
    _resnet("ResNet-18", "11.7M (torchvision)", _TORCH, 11_689_512, 11_699_112, blocks=RESNET18, block="basic"),
    _resnet("ResNet-34", "21.8M (torchvision)", _TORCH, 21_797_672, 21_814_696, blocks=RESNET34, block="basic"),
    _resnet("ResNet-50", "25.6M (torchvision)", _TORCH, 25_557_032, 25_610_152, blocks=RESNET50, **_IN_3X3),
    _resnet("ResNet-50", "25.6M (Keras)", _KERAS, 25_583_592, 25_636_712, blocks=RESNET50, **_IN_1X1),
    _resnet("ResNet-101", "44.5M (torchvision)", _TORCH, 44_549_160, 44_654_504, blocks=RESNET101, **_IN_3X3),
    _resnet("ResNet-101", "44.7M (Keras)", _KERAS, 44_601_832, 44_707_176, blocks=RESNET101, **_IN_1X1),
    _resnet("ResNet-152", "60.2M (torchvision)", _TORCH, 60_192_808, 60_344_232, blocks=RESNET152, **_IN_3X3),
    _resnet("ResNet-152", "60.4M (Keras)", _KERAS, 60_268_520, 60_419_944, blocks=RESNET152, **_IN_1X1),
    _densenet("DenseNet-121", "8.0M (torchvision)", 7_978_856, 8_062_504, applications.DenseNet121),
    _densenet("DenseNet-169", "14.1M (torchvision)", 14_149_480, 14_307_880, applications.DenseNet169),
    _densenet("DenseNet-201", "20.0M (torchvision)", 20_013_928, 20_242_984, applications.DenseNet201),
)


def _inception(counted_as: str, trainable: int, total: int, **settings) -> Architecture:
    build = Call(inception_v3, _BN | {"dropout": 0.5} | settings)
    size = (299, 299)
    paper, printed = "Szegedy et al. 2016", "less than 25 million (abstract)"
    return Architecture("InceptionV3", paper, printed, counted_as, build, trainable, total, size=size)


def _efficientnet(counted_as: str, total: int, **settings) -> Architecture:
    build = Call(efficientnet_b0, _BN | {"dropout": 0.2} | settings)
    return Architecture("EfficientNet-B0", "Tan and Le 2019", "5.3M (Table 2)", counted_as, build, 5_288_548, total)


def _shufflenet_v1(groups: int, printed: str, trainable: int, total: int) -> Architecture:
    channels = shufflenet_v1.CHANNELS[groups]
    settings = {"groups": groups, "channels": channels, "units": shufflenet_v1.UNITS}
    name, counted_as = f"ShuffleNet v1 1x, {groups} groups", "Table 1 of the paper"
    build = Call(shufflenet_v1.shufflenet_v1, _BN | settings)
    return Architecture(name, "Zhang et al. 2018", printed, counted_as, build, trainable, total)


def _drsn(name: str, thresholds: str, trainable: int, total: int) -> Architecture:
    build = Call(drsn, _BN | {"width": 4, "blocks": (4, 4, 4), "thresholds": thresholds})
    counted_as = "the paper's widths and blocks, in two dimensions"
    return Architecture(name, "Zhao et al. 2020", "none", counted_as, build, trainable, total, **_DIGITS)


def _espnet(scale: float, printed: str, trainable: int, total: int) -> Architecture:
    build = Call(espnetv2, _BN | {"channels": level_channels(scale), "units": UNITS, "dropout": 0.2})
    name, counted_as = f"ESPNetV2 {scale:g}x", "the authors' release, but for what it never calls"
    return Architecture(name, "Mehta et al. 2019", printed, counted_as, build, trainable, total)


def _overlock(size: str, plan: Plan, printed: str, trainable: int, total: int) -> Architecture:
    build = Call(overlock, _BN | {"plan": plan, "merged": True, "auxiliary": False, "drop_path": 0.1})
    paper, counted_as = "Lou and Yu 2025", "the authors' release, merged"
    return Architecture(f"OverLoCK-{size}", paper, printed, counted_as, build, trainable, total)


_FBNET = Call(fbnet, _BN | {"blocks": FBNET_C, "width": 1.0, "epsilon": 1e-3, "dropout": 0.2})
_WU = "Wu et al. 2019"
_MOBILENET = Call(mobilenet_v2, _BN | {"alpha": 1.0, "dropout": 0.2})
_V2 = {"channels": shufflenet_v2.CHANNELS_1_0, "last_channels": 1024, "units": shufflenet_v2.UNITS}
_CONVNEXT = Call(convnext, {"widths": WIDTHS_T, "depths": DEPTHS_T, "scale_start": 1e-6, "drop_path": 0.1})
_VIT = Call(vit, {"patch": 16, "width": 768, "depth": 12, "heads": 12, "mlp_width": 3072, "dropout": 0.1})
_SWIN = Call(swin, {"width": 96, "depths": SWIN_DEPTHS, "heads": HEADS_T, "window": 7, "drop_path": 0.2})
_SANDLER, _MA = "Sandler et al. 2018", "Ma et al. 2018"
_LIU, _DOSOVITSKIY = "Liu et al. 2022", "Dosovitskiy et al. 2021"
_LATER = (
    _inception(_TORCH, 23_834_568, 23_869_000, bn_scale=True),
    _inception(_KERAS, 23_817_352, 23_851_784, bn_scale=False),
    Architecture("MobileNetV2", _SANDLER, "3.4M (Table 4)", _BOTH, _MOBILENET, 3_504_872, 3_538_984),
    _shufflenet_v1(1, "none", 1_531_936, 1_546_624),
    _shufflenet_v1(2, "1,733,848 (imgclsmob)", 1_733_848, 1_754_248),
    _shufflenet_v1(3, "1,865,728 (imgclsmob)", 1_865_728, 1_890_208),
    _shufflenet_v1(4, "1,968,344 (imgclsmob)", 1_968_344, 1_996_088),
    _shufflenet_v1(8, "none", 2_434_768, 2_473_936),
    Architecture(
        "ShuffleNet v2 1x",
        _MA,
        "2.3M (torchvision)",
        _TORCH,
        Call(shufflenet_v2.shufflenet_v2, _BN | _V2),
        2_278_604,
        2_294_784,
    ),
    _efficientnet(_TORCH, 5_330_564, from_bytes=False),
    _efficientnet(_KERAS, 5_330_571, from_bytes=True),
    Architecture("FBNet-C", _WU, "5.5M (Table 2)", "the paper's Table 1", _FBNET, 5_572_200, 5_616_568),
    _espnet(0.5, "1,241,332 (imgclsmob)", 1_239_722, 1_252_212),
    _espnet(1.0, "1,670,072 (imgclsmob)", 1_666_942, 1_689_856),
    _espnet(1.25, "1,965,440 (imgclsmob)", 1_961_542, 1_989_688),
    _espnet(1.5, "2,314,856 (imgclsmob)", 2_310_190, 2_343_568),
    _espnet(2.0, "3,498,136 (imgclsmob)", 3_491_934, 3_536_288),
    _drsn("DRSN-CS", "shared", 25_446, 26_126),
    _drsn("DRSN-CW", "by channel", 26_778, 27_458),
    Architecture("ViT-B/16", _DOSOVITSKIY, "86M (Table 1)", _TORCH, _VIT, 86_567_656, 86_567_656),
    Architecture("Swin-T", "Liu et al. 2021", "29M (Table 1)", _TORCH, _SWIN, 28_288_354, 28_288_354),
    Architecture("ConvNeXt-T", _LIU, "29M (Table 1)", _BOTH, _CONVNEXT, 28_589_128, 28_589_128),
    _overlock("XT", OVERLOCK_XT, "16M", 16_453_712, 16_489_736),
    _overlock("T", OVERLOCK_T, "33M", 33_467_040, 33_531_936),
    _overlock("S", OVERLOCK_S, "56M", 56_156_452, 56_257_316),
)

CATALOG = (*_LENET, *_ALEXNET, *_CLASSICS, *_LATER)
"""Every architecture, in the order of their years but for families, each in every form that has a count of its own."""
