"""Statements on parameters and memory, checked against counts of the networks in the literature.

The documents print no counts of their own and leave the architecture open, so each verdict names the reference network
that it is about.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reproduce.audit.finding import Finding, Quantity, Verdict
from reproduce.papers.stored_activations import (
    EVERY_KIND,
    Kind,
    Output,
    deeplabv3_resnet50,
    densenet121,
    resnet50,
    stored_bytes,
    unet_2015,
)

SIZE = 512
CARD_BYTES = 24 * 2**30
"""The 24 GB that the maker gives for the card of document 000 are binary gigabytes."""

_COMPARED = ("FCN-8s", "U-Net", "SegNet", "DeepLabV3", "PSPNet", "Mask R-CNN")
_SINGLE, _HALF = 4, 2
# Weights, gradients and the two moments of Adam, each in single precision.
_BYTES_PER_WEIGHT = 4 * 4


@dataclass(frozen=True)
class Network:
    """A reference network and which of its outputs a training step keeps.

    Attributes:
        name: For the reader.
        counted_as: Its row in parameters.csv; the few weights of batch normalisation do not matter here.
        outputs: Its layers.
        least: The kinds that a backward pass cannot do without.
        most: The kinds that a plain framework stores.
    """

    name: str
    counted_as: str
    outputs: tuple[Output, ...]
    least: tuple[Kind, ...]
    most: tuple[Kind, ...]

    def activations(self, batch: int, *, bytes_each: int) -> tuple[int, int]:
        """Fewest and most bytes of the activations of a step at 512x512 pixels."""
        least, most = (
            stored_bytes(self.outputs, SIZE, batch, kinds=kinds, bytes_each=bytes_each)
            for kinds in (self.least, self.most)
        )
        return least, most


def networks() -> tuple[Network, ...]:
    """The networks that the statements on memory are checked with.

    A U-Net must keep its concatenations, which feed convolutions; the up-convolutions that went into them may be freed.
    Dense blocks and residual stages can do with the outputs of their convolutions.
    """
    skips: tuple[Kind, ...] = ("convolution", "pooling", "concatenation")
    plain = tuple(kind for kind in EVERY_KIND if kind != "normalisation")
    bare: tuple[Kind, ...] = ("convolution", "pooling")
    normalised = (*bare, "normalisation")
    unet = unet_2015()
    return (
        Network("U-Net of 2015", "U-Net", unet, skips, plain),
        Network("U-Net with batch normalisation", "U-Net", unet, (*skips, "normalisation"), EVERY_KIND),
        Network("DeepLabV3 on ResNet-50", "DeepLabV3", deeplabv3_resnet50(), bare, normalised),
        Network("ResNet-50", "ResNet-50", resnet50(32), bare, normalised),
        Network("DenseNet-121", "DenseNet-121", densenet121(), bare, normalised),
    )


def parameter_counts() -> dict[str, int]:
    """Learnable parameters of the reference networks, by name; parameters.csv says which variant each is."""
    text = Path(__file__).with_name("parameters.csv").read_text(encoding="utf-8")
    return {row["model"]: int(row["parameters"]) for row in csv.DictReader(text.splitlines())}


def size_findings() -> tuple[Finding, ...]:
    """What the counts say of the documents' statements on parameters and memory."""
    counts = parameter_counts()
    return (_densenet(counts), *_memory(counts), _fcn(counts), _batch_of_eight(counts))


def _densenet(counts: dict[str, int]) -> Finding:
    dense, residual = counts["DenseNet-121"], counts["ResNet-50"]
    return _parameters(
        "000",
        ("DenseNet-121", "ResNet-50"),
        counts,
        "consistent" if dense < residual else "inconsistent",
        f"DenseNet-121 has {_millions(dense)}, ResNet-50 {_millions(residual)}",
        "Section 4.1 credits dense connections with fewer parameters; the published networks agree.",
    )


def _fcn(counts: dict[str, int]) -> Finding:
    largest = max(_COMPARED, key=counts.__getitem__)
    return _parameters(
        "002",
        (*_COMPARED, "VGG-16"),
        counts,
        "inconsistent" if largest == "FCN-8s" else "undetermined",
        f"the largest of the six is {largest} with {_millions(counts[largest])}",
        "Section 1 says that the fully convolutional network reduces the number of parameters. The published one has "
        "hardly fewer than the classifier it is built from, and more than each network that it is compared with.",
    )


def _parameters(
    document: str, models: tuple[str, ...], counts: dict[str, int], verdict: Verdict, brief: str, explanation: str
) -> Finding:
    return Finding(
        check="parameters",
        document=document,
        data="networks of the literature",
        models=models,
        metrics=("parameters",),
        verdict=verdict,
        reading="network",
        values=tuple(Quantity(model, _millions(counts[model])) for model in models),
        brief=brief,
        explanation=explanation,
    )


def _memory(counts: dict[str, int]) -> Iterator[Finding]:
    for network in networks():
        for precision, bytes_each in (("single", _SINGLE), ("half", _HALF)):
            yield _step(network, counts, document="000", place="6.2", batch=32, precision=precision, each=bytes_each)


def _batch_of_eight(counts: dict[str, int]) -> Finding:
    return _step(networks()[0], counts, document="002", place="3.2", batch=8, precision="single", each=_SINGLE)


def _step(
    network: Network, counts: dict[str, int], *, document: str, place: str, batch: int, precision: str, each: int
) -> Finding:
    least, most = network.activations(batch, bytes_each=each)
    weights = counts[network.counted_as] * _BYTES_PER_WEIGHT
    verdict = memory_verdict(least + weights, most + weights)
    fits = {
        "consistent": f"fits 24 GB in {precision} precision",
        "inconsistent": f"does not fit 24 GB in {precision} precision",
        "undetermined": f"fits 24 GB in {precision} precision only if outputs are freed",
    }
    return Finding(
        check="memory of a training step",
        document=document,
        data=f"{SIZE}x{SIZE}, batch {batch}",
        models=(network.name,),
        metrics=("memory",),
        verdict=verdict,
        reading="network",
        values=(
            Quantity("activations", f"{least / 1e9:.1f} to {most / 1e9:.1f} GB"),
            Quantity("weights, gradients and moments", f"{weights / 1e9:.1f} GB"),
            Quantity("card", f"{CARD_BYTES / 1e9:.1f} GB"),
        ),
        brief=fits[verdict],
        explanation=(
            f"Section {place} asks for {batch} images in one step. Until the gradients are taken the card has to hold "
            "the outputs of the layers; the lower figure is what a framework cannot do without unless it computes "
            "layers twice or splits the batch."
        ),
    )


def memory_verdict(least: int, most: int) -> Verdict:
    """Whether a step of `least` to `most` bytes fits the card: it surely does, surely does not, or it depends."""
    if least > CARD_BYTES:
        return "inconsistent"
    return "consistent" if most <= CARD_BYTES else "undetermined"


def _millions(count: int) -> str:
    return f"{count / 1e6:.2f} million"
