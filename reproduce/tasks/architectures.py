"""Architectures beside each other: what each is here, and the budget that all of them have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import keras

from reproduce.models.catalog import Architecture
from reproduce.protocol.section import Section


@dataclass(frozen=True)
class Entry:
    """An architecture as it is trained here.

    Attributes:
        architecture: At full size, of the catalogue.
        year: Year in which the document, or else its paper, has it.
        idea: What is new in it, in few words; of the document where it names one.
        size: (y, x) of the image in pixels here.
        changed: Arguments of the builder that are others here than at full size.
        effort: Seconds that a training takes on one core, roughly: for the order of work and the progress bar alone.
    """

    architecture: Architecture
    year: int
    idea: str
    size: tuple[int, int]
    changed: Mapping[str, Any]
    effort: float

    @property
    def name(self) -> str:
        """Return the name in the results files."""
        return self.architecture.name

    @property
    def key(self) -> str:
        """Return the name as a file may have it."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def form(self) -> str:
        """Say what is other here than at full size; pixels and channels of the image apart."""
        own = self.architecture.build.arguments
        pairs = [pair for name, value in self.changed.items() for pair in _differences(name, value, own[name])]
        return "; ".join(f"{name} {_words(value)}, not {_words(paper)}" for name, value, paper in pairs)

    def build(self) -> keras.Model:
        """Build the model with weights of its own: one grey channel, one probability, that of pneumonia."""
        call = self.architecture.build
        return call.function(self.size, n_channels=1, n_classes=1, **{**call.arguments, **self.changed})


@dataclass(frozen=True)
class ArchitectureStudy(Section):
    """The budget that all architectures have.

    Attributes:
        entries: The architectures in the order of the document.
        basic: That whose structure is drawn as the basic one.
        seeds: One training of every architecture each; of starting weights, dropout and the order of the images.
        n_train: X-rays that are trained on, half of them with pneumonia, the same for all.
        images_seen: X-rays that each training looks at, those that come again included; a multiple of `batch_size`.
        batch_size: X-rays a step.
        learning_rate: Largest rate of Adam.
        warm_up: Share of the steps over which it rises to that from 0; it then falls to 0 as a cosine.
    """

    entries: tuple[Entry, ...]
    basic: Entry
    seeds: tuple[int, ...]
    n_train: int
    images_seen: int
    batch_size: int
    learning_rate: float
    warm_up: float

    @property
    def steps(self) -> int:
        """Return the number of steps of each training."""
        return self.images_seen // self.batch_size


def _differences(name: str, value: Any, paper: Any) -> list[tuple[str, Any, Any]]:
    """Name, value here and value in the paper; of a plan one for each field that is another."""
    if not is_dataclass(value):
        return [(name, value, paper)]
    pairs = [(field.name, getattr(value, field.name), getattr(paper, field.name)) for field in fields(value)]
    return [(f"{name} {key}", here, there) for key, here, there in pairs if here != there]


def _words(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(_words, value))})"
    return f"{value:g}" if isinstance(value, float) else str(value)
