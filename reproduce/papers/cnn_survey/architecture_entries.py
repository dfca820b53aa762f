"""The architectures of section 3 of document 001 as they are trained on X-rays: year, pixels, and what is smaller."""

from typing import Any

from reproduce.models.catalog import CATALOG, Architecture
from reproduce.models.classification.overlock import Plan
from reproduce.tasks.architectures import Entry

QUARTER = {"width": 16}
DENSE = {"units": 256}


def paper(name: str) -> Architecture:
    """Return the first form of that name that is counted in the catalogue."""
    return next(each for each in CATALOG if each.name == name)


def entry(name: str, year: int, idea: str, pixels: int, effort: float, **changed: Any) -> Entry:
    """Return an architecture of the catalogue on square images."""
    return Entry(paper(name), year, idea, (pixels, pixels), changed, effort)


SMALL_2012: dict[str, Any] = DENSE | {"filters": (24, 64, 96, 96, 64)}
# Kernels no larger than the grids that they mix, of 10x10 and 5x5 pixels, and fewer blocks.
SMALL_OVERLOCK = Plan((16, 32, 64, 96), (1, 1, 2, 1), (3, 1), (7, 7, 7, 5), 5, (4, 6), 4, 3, 256)
ENTRIES = (
    entry("LeNet-5", 1998, "convolution, pooling and dense layers together", 32, 2),
    entry("LeNet-5, dense C3", 1998, "as it is built today", 32, 2),
    entry("AlexNet, two towers", 2012, "ReLU, dropout, two GPUs", 67, 5, **SMALL_2012),
    entry("AlexNet, one tower", 2012, "the same on one", 67, 5, **SMALL_2012),
    entry("AlexNet of 2014", 2014, "no response normalisation", 64, 3, **DENSE, filters=(16, 48, 96, 64, 64)),
    entry("VGG-16", 2014, "small 3x3 kernels, 16 layers", 64, 16, **QUARTER, **DENSE),
    entry("VGG-19", 2014, "19 layers", 64, 20, **QUARTER, **DENSE),
    entry("GoogLeNet", 2014, "Inception: several scales side by side", 64, 14, **QUARTER),
    entry("InceptionV3", 2015, "factorised convolutions", 75, 75),
    entry("ResNet-18", 2015, "residual learning", 64, 6, **QUARTER),
    entry("ResNet-34", 2015, "34 layers", 64, 9, **QUARTER),
    entry("ResNet-50", 2015, "bottlenecks", 64, 16, **QUARTER),
    entry("ResNet-101", 2015, "101 layers", 64, 28, **QUARTER),
    entry("ResNet-152", 2015, "152 layers", 64, 42, **QUARTER),
    entry("DenseNet-121", 2017, "dense connections, features used again", 32, 40),
    entry("DenseNet-169", 2017, "169 layers", 32, 58),
    entry("DenseNet-201", 2017, "201 layers", 32, 80),
    entry("MobileNetV2", 2018, "depthwise convolutions, inverted residuals", 64, 31),
    entry("ShuffleNet v1 1x, 3 groups", 2018, "grouped convolutions, channel shuffle", 64, 21),
    entry("ShuffleNet v2 1x", 2018, "channel split", 64, 19),
    entry("EfficientNet-B0", 2019, "depth, width and size scaled together", 64, 43),
    entry("DRSN-CS", 2019, "soft thresholds against noise, shared", 32, 7),
    entry("DRSN-CW", 2019, "a threshold for each channel", 32, 7),
    entry("ESPNetV2 1x", 2019, "depthwise dilated convolutions", 64, 26),
    entry("FBNet-C", 2019, "differentiable architecture search", 64, 35),
    entry("ViT-B/16", 2020, "self-attention over patches", 64, 39, width=192, heads=3, mlp_width=768),
    entry("Swin-T", 2021, "attention in shifted windows", 64, 25, width=24, window=2),
    entry("ConvNeXt-T", 2022, "7x7 kernels, layer normalisation", 64, 20, widths=(24, 48, 96, 192)),
    entry("OverLoCK-XT", 2025, "an overview first, then a closer look", 160, 90, plan=SMALL_OVERLOCK),
)
BASIC = next(each for each in ENTRIES if each.name == "LeNet-5, dense C3")
SMOKE_NAMES = ("LeNet-5", "LeNet-5, dense C3", "AlexNet of 2014")
