"""What the document says of the parameters of its FCN (1) and of a step of 8 images (3.2), checked by counting."""

from __future__ import annotations

from reproduce.audit.finding import Finding
from reproduce.papers.sizes import memory_finding, millions, networks, parameter_counts, parameter_finding

COMPARED = ("FCN-8s", "U-Net", "SegNet", "DeepLabV3", "PSPNet", "Mask R-CNN")


def size_findings() -> tuple[Finding, ...]:
    """Return one finding on the parameters of the six networks and one on the memory of a step."""
    counts = parameter_counts()
    largest = max(COMPARED, key=counts.__getitem__)
    parameters = parameter_finding(
        "002",
        (*COMPARED, "VGG-16"),
        verdict="inconsistent" if largest == "FCN-8s" else "undetermined",
        brief=f"the largest of the six is {largest} with {millions(counts[largest])}",
        explanation="Section 1 says that the fully convolutional network reduces the number of parameters. The "
        "published one has hardly fewer than the classifier it is built from, and more than each network that it is "
        "compared with.",
    )
    return (parameters, memory_finding(networks()[0], document="002", section="3.2", batch=8, precision="single"))
