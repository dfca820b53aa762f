"""The protocol of an experiment as a value: every number with the place that prints it, or with our reason for it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from reproduce.errors import ProtocolError

_PLACE = re.compile(r"^(\d{3} .+|silent: .+)", re.DOTALL)


@dataclass(frozen=True)
class Call:
    """A function or class with its arguments, to be called later: `Call(optimised_cnn, {"width": 64})`."""

    function: Callable
    arguments: Mapping[str, Any]

    def __call__(self, *positional, **more):
        """The result of the function for these arguments and more."""
        return self.function(*positional, **self.arguments, **more)


@dataclass(frozen=True)
class Section:
    """A part of a protocol in which every field says where it comes from.

    Attributes:
        because: For each field its place, "000 6.2" (document and section), or "silent: we use X because Y".

    Raises:
        ProtocolError: A field has no place, a place belongs to no field, or its form is neither of the two.
    """

    because: Mapping[str, str]

    def __post_init__(self):
        named = {field.name for field in fields(self)} - {"because"}
        for wrong in sorted(named ^ set(self.because)):
            fault = "a field without a place" if wrong in named else "a place for a field that does not exist"
            self._refuse(wrong, fault)
        for name, place in self.because.items():
            if not _PLACE.match(place):
                self._refuse(name, repr(place))

    def _refuse(self, name: str, got: str):
        raise ProtocolError(
            expected='for each field "000 6.2" (document, section) or "silent: we use X because Y"',
            got=got,
            where=f"{type(self).__name__}.{name}",
            do="write the place in `because`",
        )


@dataclass(frozen=True)
class Window:
    """Hounsfield units between two ends go to [0, 1] in proportion; what is beyond an end becomes that end.

    Attributes:
        low_hu: Becomes 0.
        high_hu: Becomes 1.

    Raises:
        ProtocolError: The low end is not below the high one.
    """

    low_hu: float
    high_hu: float

    def __post_init__(self):
        _require_ascending(self, (self.low_hu, self.high_hu))

    @property
    def grey(self) -> tuple[float, float]:
        """The intensities that figures show as black and as white."""
        return self.low_hu, self.high_hu


@dataclass(frozen=True)
class Normalised:
    """Intensities that the cohort's preparation has normalised already; models see them as they are.

    Attributes:
        grey: The intensities that figures show as black and as white.

    Raises:
        ProtocolError: Black is not below white.
    """

    grey: tuple[float, float]

    def __post_init__(self):
        _require_ascending(self, self.grey)


def _require_ascending(intensity: Window | Normalised, ends: tuple[float, float]) -> None:
    if not -math.inf < ends[0] < ends[1] < math.inf:
        raise ProtocolError(
            expected="two finite ends, the low one first",
            got=repr(tuple(ends)),
            where=type(intensity).__name__,
            do="give the ends of the window, not its centre and width",
        )


@dataclass(frozen=True)
class Preparation(Section):
    """From the images on disk to what a model sees.

    Attributes:
        size: Side of the square image in pixels.
        intensity: How the intensities of the prepared cohort become what a model sees.
        cohort: Reads and prepares a data root; called with the root and the cache folder.
        regions: Name of each region that a mask has, with the labels that it unites; none named means any label.
    """

    size: int
    intensity: Window | Normalised
    cohort: Call
    regions: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Augmentation(Section):
    """Ranges from which one affine map is drawn for an image; each factor is uniform and independent.

    Attributes:
        rotation_deg: Largest angle in degrees, either way.
        scale: (smallest, largest) magnification.
        translation: Largest shift as a share of the side, either way, along each axis.
        flip: Whether to mirror left and right with probability one half.
    """

    rotation_deg: float
    scale: tuple[float, float]
    translation: float
    flip: bool


@dataclass(frozen=True)
class Arm(Section):
    """One column of a table: a model with what it is trained on.

    Attributes:
        name: As in the results files.
        build: Model builder; called with the size, the number of channels and of regions.
        losses: For each output of the model its loss; the total is their sum.
        augmentation: What is drawn for each training image, or None.
    """

    name: str
    build: Call
    losses: Mapping[str, Call]
    augmentation: Augmentation | None


@dataclass(frozen=True)
class Optimisation(Section):
    """How the weights are found.

    Attributes:
        learning_rate: Of Adam, at the start.
        batch_size: Images a step.
        micro_batch: Images at a time, a divisor of `batch_size`; where it is smaller, gradients are accumulated and
            averaged, and the weights move once in `batch_size` images. The losses of this package are means over
            images, so the step is that of the whole batch, to rounding, but for batch normalisation: in training it
            takes mean and variance of the micro-batch (Ioffe and Szegedy 2015), so a model with it computes something
            else, and its running statistics move once a micro-batch. Only equal `micro_batch` gives equal results.
        max_epochs: Epochs at the most.
        patience: Epochs without a lower validation loss after which training stops; the weights of the best epoch stay.
        precision: Keras dtype policy.
    """

    learning_rate: float
    batch_size: int
    micro_batch: int
    max_epochs: int
    patience: int
    precision: str


@dataclass(frozen=True)
class Validation(Section):
    """How patients are divided.

    Attributes:
        n_folds: Parts; each is the test set once.
        validation_share: Share of a fold's training patients on whom early stopping looks.
        split_seed: Of the division.
        seeds: One whole cross-validation each.
    """

    n_folds: int
    validation_share: float
    split_seed: int
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Decision(Section):
    """From probabilities to decisions.

    Attributes:
        threshold: Probability from which a pixel or a slice is positive.
        lesion_overlap: Share of a reference lesion's voxels that must be predicted for it to count as found.
    """

    threshold: float
    lesion_overlap: float


@dataclass(frozen=True)
class Reading(Section):
    """How a printed cell is read, where the document does not say on what it was measured.

    Attributes:
        metric: Its name in the results files.
        level: "pixel", "slice", "lesion" or "patient".
        average: "pooled" (one set of counts) or "per_case" (mean over patients).
        tolerance: Largest |ours - printed| that counts as within, in the unit of the cell.
    """

    metric: str
    level: str
    average: str
    tolerance: float


@dataclass(frozen=True)
class Statement:
    """A sentence of the document that a paired test can decide.

    Attributes:
        better: Arm that is said to be better.
        worse: Arm that it is compared with.
        metric: By which; its level is that of the reading of the same metric.
        place: Section of the document.
    """

    better: str
    worse: str
    metric: str
    place: str


@dataclass(frozen=True)
class Experiment:
    """A table of a document as something that can be run.

    Attributes:
        table: Name of the results folder and of the CSV of printed cells, e.g. "table1_lidc".
        document: Its number.
        title: One line.
        source: Name of the real data set.
        profile: "paper", "cpu" or "smoke".
        phantom: Writes the phantom cohort; called with the folder and the number of workers.
        preparation, arms, optimisation, validation, decision, readings, statements: See their classes.
    """

    table: str
    document: str
    title: str
    source: str
    profile: str
    phantom: Call
    preparation: Preparation
    arms: tuple[Arm, ...]
    optimisation: Optimisation
    validation: Validation
    decision: Decision
    readings: tuple[Reading, ...]
    statements: tuple[Statement, ...]
