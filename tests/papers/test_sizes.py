import pytest

from reproduce.papers.sizes import CARD_BYTES, memory_verdict, networks, parameter_counts
from reproduce.papers.stored_activations import EVERY_KIND, Output, densenet121, resnet50, stored_bytes, unet_2015
from reproduce.papers.xue2025 import claims as xue2025
from reproduce.papers.zheng2024 import claims as zheng2024

FINDINGS = (*xue2025.size_findings(), *zheng2024.size_findings())


def gigabytes(network, batch, bytes_each):
    return [round(value / 1e9, 1) for value in network.activations(batch, bytes_each=bytes_each)]


def test_one_layer_by_hand():
    # 64 channels of 256 x 256, 32 images, 4 bytes: 64 * 65536 * 32 * 4.
    assert stored_bytes([Output("convolution", 64, 2)], 512, 32, kinds=["convolution"], bytes_each=4) == 536_870_912


def test_kinds_that_are_not_kept_cost_nothing():
    assert stored_bytes(unet_2015(), 512, 32, kinds=[], bytes_each=4) == 0


def test_convolutions_of_the_networks_by_hand():
    # U-Net in units of 512 * 512: 128 + 64 + 32 + 16 + 8 down, 16 + 32 + 64 + 128 up.
    assert stored_bytes(unet_2015(), 512, 1, kinds=["convolution"], bytes_each=1) == 488 * 512 * 512
    assert len([each for each in resnet50(32) if each.kind == "convolution"]) == 53
    assert len([each for each in densenet121() if each.kind == "convolution"]) == 120


@pytest.mark.parametrize(
    ("name", "single", "half"),
    [
        # With every output but the 120 units of the up-convolutions, which may be freed once they are concatenated:
        # (488 + 30 + 240) * 512 * 512 * 32 * 4 = 25.4e9. All of them: 878 units, 29.5e9.
        ("U-Net of 2015", [25.4, 29.5], [12.7, 14.7]),
        ("U-Net with batch normalisation", [41.8, 45.8], [20.9, 22.9]),
        ("DeepLabV3 on ResNet-50", [17.8, 35.4], [8.9, 17.7]),
        ("ResNet-50", [7.6, 15.0], [3.8, 7.5]),
        ("DenseNet-121", [4.9, 15.3], [2.4, 7.7]),
    ],
)
def test_activations_at_512_and_batch_32(name, single, half):
    network = next(each for each in networks() if each.name == name)
    assert gigabytes(network, 32, 4) == single
    assert gigabytes(network, 32, 2) == half


def test_unet_at_batch_8():
    assert gigabytes(networks()[0], 8, 4)[1] == 7.4


def test_every_kind_is_counted_somewhere():
    kinds = {output.kind for network in networks() for output in network.outputs}
    assert kinds == set(EVERY_KIND)


def test_verdict_at_the_edge_of_the_card():
    assert memory_verdict(CARD_BYTES, CARD_BYTES) == "consistent"
    assert memory_verdict(CARD_BYTES, CARD_BYTES + 1) == "undetermined"
    assert memory_verdict(CARD_BYTES + 1, CARD_BYTES + 1) == "inconsistent"


def test_verdicts_on_memory():
    found = {
        (each.document, each.models[0], each.brief.split(" precision")[0].split()[-1]): each.verdict
        for each in FINDINGS
        if each.metrics == ("memory",)
    }
    assert found == {
        ("000", "U-Net of 2015", "single"): "inconsistent",
        ("000", "U-Net of 2015", "half"): "consistent",
        ("000", "U-Net with batch normalisation", "single"): "inconsistent",
        ("000", "U-Net with batch normalisation", "half"): "consistent",
        ("000", "DeepLabV3 on ResNet-50", "single"): "undetermined",
        ("000", "DeepLabV3 on ResNet-50", "half"): "consistent",
        ("000", "ResNet-50", "single"): "consistent",
        ("000", "ResNet-50", "half"): "consistent",
        ("000", "DenseNet-121", "single"): "consistent",
        ("000", "DenseNet-121", "half"): "consistent",
        ("002", "U-Net of 2015", "single"): "consistent",
    }


def test_verdicts_on_parameters():
    dense, fcn = (each for each in FINDINGS if each.metrics == ("parameters",))
    assert (dense.document, dense.verdict) == ("000", "consistent")
    assert dense.brief == "DenseNet-121 has 7.98 million, ResNet-50 25.56 million"
    assert (fcn.document, fcn.verdict) == ("002", "inconsistent")
    assert fcn.brief == "the largest of the six is FCN-8s with 134.49 million"
    # Against its own backbone it saves 2.8 %.
    counts = parameter_counts()
    assert round(100 * (1 - counts["FCN-8s"] / counts["VGG-16"]), 1) == 2.8
