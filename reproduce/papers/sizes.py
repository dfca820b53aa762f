"""Findings on parameters and memory, by counting reference networks of the literature.

The documents print no counts of their own and leave the architecture open, so each verdict names the network that it
is about. What each document says of sizes stands in `claims.py` of its room.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
"""The 24 GB that the maker gives for an RTX 3090 are binary gigabytes."""

_BYTES = {"single": 4, "half": 2}
# Weights, gradients and the two moments of Adam, each in single precision.
_BYTES_PER_WEIGHT = 4 * 4


@dataclass(frozen=True)
class Network:
    """A reference network and which of its outputs a training step keeps.

    Attributes:
        name: For the reader.
        counted_as: Row in parameters.csv; the few weights of batch normalisation do not matter here.
        outputs: Outputs of all layers.
        least: The kinds that a backward pass cannot do without.
        most: The kinds that a plain framework stores.
    """

    name: str
    counted_as: str
    outputs: tuple[Output, ...]
    least: tuple[Kind, ...]
    most: tuple[Kind, ...]

    def activations(self, batch: int, *, bytes_each: int) -> tuple[int, int]:
        """Return the fewest and the most bytes of the activations of a step at 512x512 pixels."""
        least, most = (
            stored_bytes(self.outputs, SIZE, batch, kinds=kinds, bytes_each=bytes_each)
            for kinds in (self.least, self.most)
        )
        return least, most


def networks() -> tuple[Network, ...]:
    """Return the networks that statements on memory are checked with.

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
    """Return the learnable parameters of the reference networks, by name; parameters.csv says which variant each is."""
    text = Path(__file__).with_name("parameters.csv").read_text(encoding="utf-8")
    return {row["model"]: int(row["parameters"]) for row in csv.DictReader(text.splitlines())}


def parameter_finding(
    document: str, models: tuple[str, ...], *, verdict: Verdict, brief: str, explanation: str
) -> Finding:
    """Return a finding on the parameters of reference networks; the counts stand beside its verdict.

    Args:
        document: Number of the document.
        models: Rows of parameters.csv.
        verdict: Whether the counts agree with the document.
        brief: The verdict in a clause.
        explanation: What the document says, and what the counts say.
    """
    counts = parameter_counts()
    return Finding(
        check="parameters",
        document=document,
        data="networks of the literature",
        models=models,
        metrics=("parameters",),
        verdict=verdict,
        reading="network",
        values=tuple(Quantity(model, millions(counts[model])) for model in models),
        brief=brief,
        explanation=explanation,
    )


def memory_finding(
    network: Network, *, document: str, section: str, batch: int, precision: Literal["single", "half"]
) -> Finding:
    """Return a finding on a training step at 512x512 pixels: whether it fits a card of 24 GB.

    Args:
        network: What is trained.
        document: Number of the document.
        section: Where it prints the batch.
        batch: Images in a step.
        precision: Precision of the activations; weights, gradients and moments are single either way.
    """
    least, most = network.activations(batch, bytes_each=_BYTES[precision])
    weights = parameter_counts()[network.counted_as] * _BYTES_PER_WEIGHT
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
            f"Section {section} asks for {batch} images in one step. Until the gradients are taken the card has to "
            "hold the outputs of the layers; the lower figure is what a framework cannot do without unless it computes "
            "layers twice or splits the batch."
        ),
    )


def memory_verdict(least: int, most: int) -> Verdict:
    """Return whether a step of `least` to `most` bytes fits the card: it does, does not, or it depends."""
    if least > CARD_BYTES:
        return "inconsistent"
    return "consistent" if most <= CARD_BYTES else "undetermined"


def millions(count: int) -> str:
    """Return a count of parameters in words, e.g. "7.98 million"."""
    return f"{count / 1e6:.2f} million"
