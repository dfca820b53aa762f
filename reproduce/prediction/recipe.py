"""How a model wants its input and what its output means: a value that travels inside the model's file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from reproduce.errors import ArgumentError
from reproduce.imaging.intensity import ZScore
from reproduce.protocol.intensities import Window

FORMAT = 1
_LARGEST = 65535


@dataclass(frozen=True)
class Code:
    """A concept of SNOMED CT, as DICOM SEG names what a segment is.

    Attributes:
        value: Its number, e.g. "5366008".
        meaning: Its name, e.g. "Hippocampus".
    """

    value: str
    meaning: str


ORGAN = Code("123037004", "Anatomical Structure")
ABNORMALITY = Code("49755003", "Morphologically Abnormal Structure")
TISSUE = Code("85756007", "Tissue")


@dataclass(frozen=True)
class Region:
    """One channel of a model's output.

    Attributes:
        name: As in the protocol.
        label: Its value in a label map; 0 is background.
        category: Kind of thing that it is in DICOM SEG: `ORGAN`, `ABNORMALITY` or `TISSUE`.
        concept: The thing itself; `TISSUE` where nothing says more.
    """

    name: str
    label: int
    category: Code
    concept: Code


@dataclass(frozen=True)
class Recipe:
    """What a program must know of a model that it has not trained.

    Attributes:
        n_axes: 2 where the model sees slices, each resized to `size` as in training; 3 where it sees volumes: a smaller
            one is set into the middle of a box of `size` filled with 0, a larger one is seen in boxes that overlap by
            half or more, whose probabilities are averaged.
        size: (y, x), or (z, y, x), of the model's input.
        channels: What each channel of the image is, e.g. ("MRI",); their number is that of the model's input.
        intensity: How the values of an image become what the model sees, before anything is resized.
        regions: In the order of the model's output. They are painted into the label map in this order, so that where
            regions overlap the later one is seen.
        threshold: Probability from which a voxel belongs to a region; None where regions exclude each other, the
            background among them: the most probable one holds.

    Raises:
        ArgumentError: A part contradicts itself or another; the text says which.
    """

    n_axes: Literal[2, 3]
    size: tuple[int, ...]
    channels: tuple[str, ...]
    intensity: Window | ZScore
    regions: tuple[Region, ...]
    threshold: float | None

    def __post_init__(self) -> None:
        labels, names = [r.label for r in self.regions], [r.name for r in self.regions]
        faults = {
            "n_axes 2 or 3": self.n_axes not in (2, 3),
            "a size with a positive number for each axis": len(self.size) != self.n_axes
            or not all(n >= 1 for n in self.size),
            "a channel at least": not self.channels,
            "regions with names of their own": not names or len(set(names)) < len(names),
            f"labels from 0 to {_LARGEST}, one of them above 0": not all(0 <= label <= _LARGEST for label in labels)
            or not any(labels),
            "labels that no two regions share": len(set(labels)) < len(labels),
            "a threshold above 0 and up to 1, or None": self.threshold is not None and not 0 < self.threshold <= 1,
        }
        for expected, wrong in faults.items():
            if wrong:
                got, do = repr(self), "write what the model was trained with"
                raise ArgumentError(expected=expected, got=got, where="Recipe", do=do)
        if self.threshold is None and labels[0] != 0:
            expected = "the background, with label 0, as the first of regions that exclude each other"
            do = "name it; or give a threshold where the model's output has no background"
            raise ArgumentError(expected=expected, got=f"{names[0]!r} with label {labels[0]}", where="Recipe", do=do)
        if self.threshold is not None and 0 in labels:
            do = "leave the background out where each region is decided by itself"
            got = repr(names[labels.index(0)])
            raise ArgumentError(expected="no background beside a threshold", got=got, where="Recipe", do=do)


def painted(masks: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Return the label map of regions, each painted over those before it.

    Args:
        masks: bool `[z, y, x, region]`.
        recipe: Whose regions they are.

    Returns:
        uint8 `[z, y, x]`, uint16 where a label is above 255; 0 where no region is.
    """
    labels = np.zeros(masks.shape[:-1], np.min_scalar_type(max(region.label for region in recipe.regions)))
    for i, region in enumerate(recipe.regions):
        labels[masks[..., i]] = region.label
    return labels


def recipe_text(recipe: Recipe) -> str:
    """Return the JSON text of a recipe, the same for equal recipes."""
    kind = "window" if isinstance(recipe.intensity, Window) else "zscore"
    content = {"format": FORMAT, **asdict(recipe), "intensity": {"kind": kind, **asdict(recipe.intensity)}}
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def recipe_of(text: str) -> Recipe:
    """Return the recipe of a JSON text that `recipe_text` wrote.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError: It is no JSON, of another
            format, or a part is absent or odd.
        ArgumentError, ProtocolError: A part contradicts itself or another.
    """
    content = json.loads(text)
    if content["format"] != FORMAT:
        raise ValueError(f"format {content['format']!r}")
    given = dict(content["intensity"])
    intensity = {"window": Window, "zscore": ZScore}[given.pop("kind")](**given)
    regions = tuple(
        Region(str(r["name"]), int(r["label"]), _code(r["category"]), _code(r["concept"])) for r in content["regions"]
    )
    threshold = content["threshold"]
    return Recipe(
        n_axes=content["n_axes"],
        size=tuple(int(n) for n in content["size"]),
        channels=tuple(str(name) for name in content["channels"]),
        intensity=intensity,
        regions=regions,
        threshold=None if threshold is None else float(threshold),
    )


def _code(found: dict[str, str]) -> Code:
    code = Code(**found)
    if not isinstance(code.value, str) or not isinstance(code.meaning, str):
        raise TypeError(f"{code!r}, whose value and meaning are no texts")
    return code
