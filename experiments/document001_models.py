"""The architectures of section 3 of document 001 as they are trained on X-rays: year, pixels, and what is smaller."""

from reproduce.models.catalog import CATALOG, Architecture
from reproduce.models.overlock import Plan
from reproduce.studies.architectures import Entry

QUARTER = {"width": 16}
DENSE = {"units": 256}


def paper(name: str) -> Architecture:
    """The first form of that name that is counted in the catalogue."""
    return next(each for each in CATALOG if each.name == name)


def entry(name: str, year: int, idea: str, pixels: int, effort: float, **changed) -> Entry:
    """An architecture of the catalogue on square images."""
    return Entry(paper(name), year, idea, (pixels, pixels), changed, effort)


SMALL_2012 = DENSE | {"filters": (24, 64, 96, 96, 64)}
SMALL_OVERLOCK = Plan((16, 32, 64, 96), (2, 2, 3, 2), (6, 2), (17, 15, 9, 5), 5, (4, 6), 4, 3, 256)
ENTRIES = (
    entry("LeNet-5", 1998, "convolution, pooling and dense layers together", 32, 5),
    entry("LeNet-5, dense C3", 1998, "as it is built today", 32, 2),
    entry("AlexNet, two towers", 2012, "ReLU, dropout, two GPUs", 67, 10, **SMALL_2012),
    entry("AlexNet, one tower", 2012, "the same on one", 67, 10, **SMALL_2012),
    entry("AlexNet of 2014", 2014, "no response normalisation", 64, 10, **DENSE, filters=(16, 48, 96, 64, 64)),
    entry("VGG-16", 2014, "small 3x3 kernels, 16 layers", 64, 10, **QUARTER, **DENSE),
    entry("VGG-19", 2014, "19 layers", 64, 10, **QUARTER, **DENSE),
    entry("GoogLeNet", 2014, "Inception: several scales side by side", 64, 10, **QUARTER),
    entry("InceptionV3", 2015, "factorised convolutions", 75, 10),
    entry("ResNet-18", 2015, "residual learning", 64, 10, **QUARTER),
    entry("ResNet-34", 2015, "34 layers", 64, 10, **QUARTER),
    entry("ResNet-50", 2015, "bottlenecks", 64, 10, **QUARTER),
    entry("ResNet-101", 2015, "101 layers", 64, 10, **QUARTER),
    entry("ResNet-152", 2015, "152 layers", 64, 10, **QUARTER),
    entry("DenseNet-121", 2017, "dense connections, features used again", 32, 10),
    entry("DenseNet-169", 2017, "169 layers", 32, 10),
    entry("DenseNet-201", 2017, "201 layers", 32, 10),
    entry("MobileNetV2", 2018, "depthwise convolutions, inverted residuals", 64, 10),
    entry("ShuffleNet v1 1x, 3 groups", 2018, "grouped convolutions, channel shuffle", 64, 10),
    entry("ShuffleNet v2 1x", 2018, "channel split", 64, 10),
    entry("EfficientNet-B0", 2019, "depth, width and size scaled together", 64, 10),
    entry("DRSN-CS", 2019, "soft thresholds against noise, shared", 32, 10),
    entry("DRSN-CW", 2019, "a threshold for each channel", 32, 10),
    entry("ESPNetV2 1x", 2019, "depthwise dilated convolutions", 64, 10),
    entry("FBNet-C", 2019, "differentiable architecture search", 64, 10),
    entry("ViT-B/16", 2020, "self-attention over patches", 64, 10, patch=8, width=192, depth=6, heads=3, mlp_width=384),
    entry("Swin-T", 2021, "attention in shifted windows", 64, 10, width=24, window=2),
    entry("ConvNeXt-T", 2022, "7x7 kernels, layer normalisation", 64, 10, widths=(24, 48, 96, 192)),
    entry("OverLoCK-XT", 2025, "an overview first, then a closer look", 160, 10, plan=SMALL_OVERLOCK),
)
BASIC = next(each for each in ENTRIES if each.name == "LeNet-5, dense C3")
SMOKE_NAMES = ("LeNet-5", "LeNet-5, dense C3", "DRSN-CW")
