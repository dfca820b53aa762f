"""What the document says of parameters (4.1) and of a training step on a card of 24 GB (6.2), checked by counting."""

from __future__ import annotations

from reproduce.audit.finding import Finding
from reproduce.papers.sizes import memory_finding, millions, networks, parameter_counts, parameter_finding


def size_findings() -> tuple[Finding, ...]:
    """Return one finding on dense connections, then two on each reference network at 32 images, single and half."""
    counts = parameter_counts()
    dense, residual = counts["DenseNet-121"], counts["ResNet-50"]
    fewer = parameter_finding(
        "000",
        ("DenseNet-121", "ResNet-50"),
        verdict="consistent" if dense < residual else "inconsistent",
        brief=f"DenseNet-121 has {millions(dense)}, ResNet-50 {millions(residual)}",
        explanation="Section 4.1 credits dense connections with fewer parameters; the published networks agree.",
    )
    memory = (
        memory_finding(network, document="000", section="6.2", batch=32, precision=precision)
        for network in networks()
        for precision in ("single", "half")
    )
    return (fewer, *memory)
