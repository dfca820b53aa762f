"""The classifiers of the literature: paper, builder, and the parameters that each is known to have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras import applications

from reproduce.models.classification.alexnet import FILTERS_2012, FILTERS_2014, alexnet
from reproduce.models.classification.convnext import DEPTHS_T, WIDTHS_T, convnext
from reproduce.models.classification.drsn import drsn
from reproduce.models.classification.espnetv2 import UNITS as ESPNET_UNITS
from reproduce.models.classification.espnetv2 import espnetv2, level_channels
from reproduce.models.classification.fbnet import FBNET_C, fbnet
from reproduce.models.classification.googlenet import googlenet
from reproduce.models.classification.keras_architectures import densenet, efficientnet_b0, inception_v3, mobilenet_v2
from reproduce.models.classification.lenet5 import lenet5, lenet5_dense
from reproduce.models.classification.overlock import OVERLOCK_S, OVERLOCK_T, OVERLOCK_XT, overlock
from reproduce.models.classification.resnet import RESNET18, RESNET34, RESNET50, RESNET101, RESNET152, resnet
from reproduce.models.classification.shufflenet import CHANNELS_V1, CHANNELS_V2, UNITS, shufflenet_v1, shufflenet_v2
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
        n_channels: Channels of the image that the counts are for.
        n_classes: Classes that the counts are for.
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


def _family(paper: str, function: Callable, **shared: Any) -> Callable[..., Architecture]:
    """Return a function that makes rows of one builder; `total` is `trainable` where there are no statistics."""

    def row(
        name: str,
        printed: str,
        counted_as: str,
        trainable: int,
        total: int | None = None,
        *,
        on: dict[str, Any] | None = None,
        **own: Any,
    ) -> Architecture:
        build = Call(function, shared | own)
        return Architecture(name, paper, printed, counted_as, build, trainable, total or trainable, **(on or {}))

    return row


_TORCH, _KERAS, _BOTH, _PAPER = "torchvision", "keras.applications", "torchvision and keras.applications", "the paper"
_USUAL, _TABLE1, _LESS = "usual re-implementations", "Table 1 of the paper", "less than 25 million (abstract)"
_RELEASE, _MERGED = "the authors' release, but for what it never calls", "the authors' release, merged"
_IN_TWO = "the paper's widths and blocks, in two dimensions"
_DIGITS = {"on": {"size": (32, 32), "n_channels": 1, "n_classes": 10}}
# The paper of AlexNet says 224 pixels and computes as from 227; torchvision pads 224.
_227, _299 = {"on": {"size": (227, 227)}}, {"on": {"size": (299, 299)}}

# Arguments that no count depends on; an experiment has its own.
_BN = {"bn_momentum": 0.9}
_DENSE = {"units": 4096, "dropout": 0.5}

_lenet5 = _family("LeCun et al. 1998", lenet5, padding=0)
_lenet5_dense = _family("LeCun et al. 1998", lenet5_dense, padding=0, activation="tanh", pooling="average")
_2012 = {"filters": FILTERS_2012, "stem_padding": 0, "response_normalisation": True}
_2014 = {"filters": FILTERS_2014, "stem_padding": 2, "response_normalisation": False}
_alexnet = _family("Krizhevsky et al. 2012", alexnet, **_DENSE, **_2012)
_alexnet_2014 = _family("Krizhevsky 2014", alexnet, **_DENSE, **_2014)
_vgg = _family("Simonyan and Zisserman 2015", vgg, **_BN, **_DENSE, width=64, batch_norm=False)
_googlenet = _family("Szegedy et al. 2015", googlenet, **_BN, width=64, dropout=0.4, auxiliary_dropout=0.7)
_AS_TORCH = {"large_kernel": 3, "last_pool": 2, "batch_norm": True}
_AS_PRINTED = {"large_kernel": 5, "last_pool": 3, "batch_norm": False}
_resnet = _family("He et al. 2016", resnet, **_BN, width=64)
_BASIC = {"block": "basic", "conv_bias": False}
_IN_3X3, _IN_1X1 = {"block": "bottleneck_3x3", "conv_bias": False}, {"block": "bottleneck_1x1", "conv_bias": True}
_densenet = _family("Huang et al. 2017", densenet, **_BN)
_inception = _family("Szegedy et al. 2016", inception_v3, **_BN, dropout=0.5)
_mobilenet = _family("Sandler et al. 2018", mobilenet_v2, **_BN, alpha=1.0, dropout=0.2)
_shuffle_v1 = _family("Zhang et al. 2018", shufflenet_v1, **_BN, units=UNITS)
_shuffle_v2 = _family("Ma et al. 2018", shufflenet_v2, **_BN, units=UNITS, channels=CHANNELS_V2[1.0])
_efficientnet = _family("Tan and Le 2019", efficientnet_b0, **_BN, dropout=0.2)
_fbnet = _family("Wu et al. 2019", fbnet, **_BN, blocks=FBNET_C, width=1.0, epsilon=1e-3, dropout=0.2)
_espnet = _family("Mehta et al. 2019", espnetv2, **_BN, units=ESPNET_UNITS, dropout=0.2)
_drsn = _family("Zhao et al. 2020", drsn, **_BN, width=4, blocks=(4, 4, 4))
_VIT = {"patch": 16, "width": 768, "depth": 12, "heads": 12, "mlp_width": 3072, "dropout": 0.1}
_vit = _family("Dosovitskiy et al. 2021", vit, **_VIT)
_SWIN = {"width": 96, "depths": SWIN_DEPTHS, "heads": HEADS_T, "window": 7, "drop_path": 0.2}
_swin = _family("Liu et al. 2021", swin, **_SWIN)
_CONVNEXT = {"widths": WIDTHS_T, "depths": DEPTHS_T, "scale_start": 1e-6, "drop_path": 0.1}
_convnext = _family("Liu et al. 2022", convnext, **_CONVNEXT)
_overlock = _family("Lou and Yu 2025", overlock, **_BN, merged=True, auxiliary=False, drop_path=0.1)

CATALOG = (
    _lenet5("LeNet-5", "60,000 (II.B)", _PAPER, 60_000, **_DIGITS),
    _lenet5_dense("LeNet-5, dense C3", "61,706 (usual re-implementations)", _USUAL, 61_706, **_DIGITS),
    _alexnet("AlexNet, two towers", "60 million (abstract)", _PAPER, 60_965_224, towers=2, **_227),
    _alexnet("AlexNet, one tower", "62.4M (usual)", _USUAL, 62_378_344, towers=1, **_227),
    _alexnet_2014("AlexNet of 2014", "61.1M (torchvision)", _TORCH, 61_100_840, towers=1),
    _vgg("VGG-16", "138 million (Table 2)", _BOTH, 138_357_544, n_convs=VGG16),
    _vgg("VGG-19", "144 million (Table 2)", _BOTH, 143_667_240, n_convs=VGG19),
    _googlenet("GoogLeNet", "6.6M (torchvision)", _TORCH, 6_624_904, 6_639_464, auxiliary=False, **_AS_TORCH),
    _googlenet("GoogLeNet", "7.0M (Caffe)", _PAPER, 6_998_552, auxiliary=False, **_AS_PRINTED),
    _googlenet("GoogLeNet, aux", "13.0M (torchvision)", _TORCH, 13_004_888, 13_019_960, auxiliary=True, **_AS_TORCH),
    _googlenet("GoogLeNet, aux", "13.4M (Caffe)", _PAPER, 13_378_280, auxiliary=True, **_AS_PRINTED),
    _resnet("ResNet-18", "11.7M (torchvision)", _TORCH, 11_689_512, 11_699_112, blocks=RESNET18, **_BASIC),
    _resnet("ResNet-34", "21.8M (torchvision)", _TORCH, 21_797_672, 21_814_696, blocks=RESNET34, **_BASIC),
    _resnet("ResNet-50", "25.6M (torchvision)", _TORCH, 25_557_032, 25_610_152, blocks=RESNET50, **_IN_3X3),
    _resnet("ResNet-50", "25.6M (Keras)", _KERAS, 25_583_592, 25_636_712, blocks=RESNET50, **_IN_1X1),
    _resnet("ResNet-101", "44.5M (torchvision)", _TORCH, 44_549_160, 44_654_504, blocks=RESNET101, **_IN_3X3),
    _resnet("ResNet-101", "44.7M (Keras)", _KERAS, 44_601_832, 44_707_176, blocks=RESNET101, **_IN_1X1),
    _resnet("ResNet-152", "60.2M (torchvision)", _TORCH, 60_192_808, 60_344_232, blocks=RESNET152, **_IN_3X3),
    _resnet("ResNet-152", "60.4M (Keras)", _KERAS, 60_268_520, 60_419_944, blocks=RESNET152, **_IN_1X1),
    _densenet("DenseNet-121", "8.0M (torchvision)", _BOTH, 7_978_856, 8_062_504, application=applications.DenseNet121),
    _densenet(
        "DenseNet-169", "14.1M (torchvision)", _BOTH, 14_149_480, 14_307_880, application=applications.DenseNet169
    ),
    _densenet(
        "DenseNet-201", "20.0M (torchvision)", _BOTH, 20_013_928, 20_242_984, application=applications.DenseNet201
    ),
    _inception("InceptionV3", _LESS, _TORCH, 23_834_568, 23_869_000, bn_scale=True, **_299),
    _inception(
        "InceptionV3", "less than 25 million (abstract)", _KERAS, 23_817_352, 23_851_784, bn_scale=False, **_299
    ),
    _mobilenet("MobileNetV2", "3.4M (Table 4)", _BOTH, 3_504_872, 3_538_984),
    *(
        _shuffle_v1(f"ShuffleNet v1 1x, {n} groups", n_printed, _TABLE1, *counts, groups=n, channels=CHANNELS_V1[n])
        for n, n_printed, *counts in (
            (1, "none", 1_531_936, 1_546_624),
            (2, "1,733,848 (imgclsmob)", 1_733_848, 1_754_248),
            (3, "1,865,728 (imgclsmob)", 1_865_728, 1_890_208),
            (4, "1,968,344 (imgclsmob)", 1_968_344, 1_996_088),
            (8, "none", 2_434_768, 2_473_936),
        )
    ),
    _shuffle_v2("ShuffleNet v2 1x", "2.3M (torchvision)", _TORCH, 2_278_604, 2_294_784, last_channels=1024),
    _efficientnet("EfficientNet-B0", "5.3M (Table 2)", _TORCH, 5_288_548, 5_330_564, from_bytes=False),
    _efficientnet("EfficientNet-B0", "5.3M (Table 2)", _KERAS, 5_288_548, 5_330_571, from_bytes=True),
    _fbnet("FBNet-C", "5.5M (Table 2)", "the paper's Table 1", 5_572_200, 5_616_568),
    *(
        _espnet(f"ESPNetV2 {scale:g}x", f"{n_printed} (imgclsmob)", _RELEASE, *counts, channels=level_channels(scale))
        for scale, n_printed, *counts in (
            (0.5, "1,241,332", 1_239_722, 1_252_212),
            (1.0, "1,670,072", 1_666_942, 1_689_856),
            (1.25, "1,965,440", 1_961_542, 1_989_688),
            (1.5, "2,314,856", 2_310_190, 2_343_568),
            (2.0, "3,498,136", 3_491_934, 3_536_288),
        )
    ),
    _drsn("DRSN-CS", "none", _IN_TWO, 25_446, 26_126, thresholds="shared", **_DIGITS),
    _drsn("DRSN-CW", "none", _IN_TWO, 26_778, 27_458, thresholds="by channel", **_DIGITS),
    _vit("ViT-B/16", "86M (Table 1)", _TORCH, 86_567_656),
    _swin("Swin-T", "29M (Table 1)", _TORCH, 28_288_354),
    _convnext("ConvNeXt-T", "29M (Table 1)", _BOTH, 28_589_128),
    _overlock("OverLoCK-XT", "16M", _MERGED, 16_453_712, 16_489_736, plan=OVERLOCK_XT),
    _overlock("OverLoCK-T", "33M", _MERGED, 33_467_040, 33_531_936, plan=OVERLOCK_T),
    _overlock("OverLoCK-S", "56M", _MERGED, 56_156_452, 56_257_316, plan=OVERLOCK_S),
)
"""Every architecture, in the order of their years but for families, each in every form that has a count of its own."""
