"""The protocol of an experiment as a value: every number with the place that prints it, or with our reason for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from reproduce.protocol.augmentation import Augmentation, VolumeAugmentation
from reproduce.protocol.intensities import Normalised, Window
from reproduce.protocol.section import Call, Section

NO_DOCUMENT = "none"


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
class Tiles(Section):
    """What models of slices see instead of whole ones: squares of them, at their resolution.

    Training draws one tile of each slice in each epoch, and its slice flag says whether a region is in the tile.
    Validation draws one likewise, the same in every epoch. Masks are predicted by the same weights on whole slices, so
    the model is fully convolutional; by its slice head a slice is as probable as the most probable of the tiles that
    cover it.

    Attributes:
        size: Side of a tile in pixels.
        region_share: Share of the tiles that are drawn about a pixel of one of the slice's regions, each region as
            often; the others lie anywhere, as all of a slice without a region.
    """

    size: int
    region_share: float


@dataclass(frozen=True)
class Arm(Section):
    """One column of a table: a model with what it is trained on.

    Attributes:
        name: As in the results files.
        build: Model builder; called with the size, the number of channels and of regions.
        losses: For each output of the model its loss; the total is their sum. None named: the model brings its own.
        augmentation: What is drawn for each training image, or None.
    """

    name: str
    build: Call
    losses: Mapping[str, Call]
    augmentation: Augmentation | None

    @property
    def targets(self) -> dict[str, str]:
        """For each output what it is trained towards: "slice" the flag of the slice, any other the mask."""
        return {output: "slice" if output == "slice" else "mask" for output in self.losses or ("mask",)}


@dataclass(frozen=True)
class Optimisation(Section):
    """How the weights are found.

    Attributes:
        learning_rate: Of Adam, at the start.
        decay_power: Epoch e of n, from 0, has the rate `learning_rate * (1 - e / n) ** decay_power`; None keeps it.
        batch_size: Images a step.
        micro_batch: Images at a time, a divisor of `batch_size`; where it is smaller, gradients are accumulated and
            averaged, and the weights move once in `batch_size` images. The losses of this package are means over
            images, so the step is that of the whole batch, to rounding, but for batch normalisation: in training it
            takes mean and variance of the micro-batch (Ioffe and Szegedy 2015), so a model with it computes something
            else, and its running statistics move once a micro-batch. Only equal `micro_batch` gives equal results.
        max_epochs: Epochs at the most.
        patience: Epochs without a lower validation loss after which training stops; None never stops it early. Either
            way the weights of the epoch with the lowest stay.
        precision: Keras dtype policy.
    """

    learning_rate: float
    decay_power: float | None
    batch_size: int
    micro_batch: int
    max_epochs: int
    patience: int | None
    precision: str


@dataclass(frozen=True)
class VolumeArm(Section):
    """One column of a table: a model that sees volumes instead of slices, at their own grid.

    Attributes:
        name: As in the results files.
        build: Model builder; called with the box, the number of channels and of regions.
        losses: For each output of the model its loss, all towards the mask; the total is their sum.
        box: (z, y, x) in voxels of what the model sees: a smaller volume lies in the middle of zeros, a larger one is
            seen in boxes that overlap, whose probabilities are averaged.
        augmentation: What is drawn for each training volume, or None.
        optimisation: Its own; the experiment's holds for arms that see slices. Batches count volumes.
    """

    name: str
    build: Call
    losses: Mapping[str, Call]
    box: tuple[int, int, int]
    augmentation: VolumeAugmentation | None
    optimisation: Optimisation

    @property
    def targets(self) -> dict[str, str]:
        """For each output what it is trained towards; see `Arm.targets`."""
        return dict.fromkeys(self.losses, "mask")


@dataclass(frozen=True)
class ImagePreparation(Section):
    """From a file or folder of labelled images to what a classifier sees: grey values divided by the largest there are.

    Attributes:
        cohort: Reads a data root; called with it, returns `labelled_images.LabelledImages`.
        regions: Name of each class, with the labels that it unites.
    """

    cohort: Call
    regions: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class ClassArm(Section):
    """One column of a table: a model that tells the class of an image.

    Attributes:
        name: As in the results files.
        build: Model builder; called with the size of the image, the number of channels and of classes.
        loss: Loss of its output "class", towards 1 for the second of two classes.
    """

    name: str
    build: Call
    loss: Call

    @property
    def losses(self) -> dict[str, Call]:
        """The loss by output; see `Arm.losses`."""
        return {"class": self.loss}


AnyArm = Arm | VolumeArm | ClassArm
Arms = TypeVar("Arms", bound=AnyArm, covariant=True)


@dataclass(frozen=True)
class ClassDecision(Section):
    """From the probability of the second of two classes to a decision.

    Attributes:
        threshold: Probability above which an image is of the second class.
    """

    threshold: float


@dataclass(frozen=True)
class Validation(Section):
    """How patients are divided where each is tested once.

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
class OneFold(Validation):
    """How patients are divided where one fold alone is trained and tested.

    Attributes:
        fold: Its index, from 0.
    """

    fold: int


@dataclass(frozen=True)
class HeldOut(Section):
    """How patients are divided where some are never tested.

    Attributes:
        shares: Of the patients who train, who validate and who are tested; they add up to 1.
        official: Side of a patient, "train", "validation" or "test", in the division that the data set comes with; None
            where it comes with none.
        division: "shares" draws one, "official" takes that of the data set.
        split_seed: Of the drawing.
        seeds: One training each.
    """

    shares: tuple[float, float, float]
    official: Callable[[str], str] | None
    division: Literal["shares", "official"]
    split_seed: int
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Decision(Section):
    """From probabilities to decisions, and what is measured of them.

    Attributes:
        threshold: Probability from which a pixel or a slice is positive. None where regions exclude each other, the
            background among them: a pixel then belongs to the most probable.
        lesion_overlap: Share of a reference lesion's voxels that must be predicted for it to count as found; None where
            a region has no lesions to count.
        measured: Name of each region that is measured, with the regions of the preparation that it unites.
        means: Name of each mean over measured regions, with those.
        surface_tolerance_mm: Distance within which two surfaces agree, for surface Dice.
    """

    threshold: float | None
    lesion_overlap: float | None
    measured: Mapping[str, tuple[str, ...]]
    means: Mapping[str, tuple[str, ...]]
    surface_tolerance_mm: float


@dataclass(frozen=True)
class Reading(Section):
    """How a printed cell is read, where the document does not say on what it was measured.

    Attributes:
        cell: Metric as the document prints it; the first reading of a cell is the one that is judged.
        metric: Its name in the results files.
        region: Measured region, or mean of several.
        level: "pixel", "slice", "lesion" or "patient".
        average: "pooled" (one set of counts) or "per_case" (mean over patients).
        tolerance: Largest |ours - printed| that counts as within, in the unit of the cell.
    """

    cell: str
    metric: str
    region: str
    level: str
    average: str
    tolerance: float


@dataclass(frozen=True)
class Statement:
    """A sentence of the document that a paired test can decide.

    Attributes:
        better: Arm that is said to be better.
        worse: Arm that it is compared with.
        metric: By which, as printed; region and level are those of the cell's first reading.
        place: Section of the document.
    """

    better: str
    worse: str
    metric: str
    place: str


Prepares = TypeVar("Prepares", bound=Section, covariant=True)
Decides = TypeVar("Decides", bound=Section, covariant=True)


@dataclass(frozen=True)
class Experiment(Generic[Prepares, Arms, Decides]):
    """A table of a document as something that can be run.

    Attributes:
        table: Name of the results folder and of the CSV of printed cells, e.g. "table1_lidc".
        document: Its number; `NO_DOCUMENT` for a table of ours, which none prints.
        title: One line.
        source: Name of the real data set.
        profile: "paper", "cpu" or "smoke".
        printed: Whether the document prints cells of this table; not so for a table that it should have had.
        phantom: Writes the phantom cohort; called with the folder and the number of workers.
        preparation, arms, optimisation, validation, decision, readings, statements: See their classes.
        tiles: What models of slices see of them; None shows them whole.
    """

    table: str
    document: str
    title: str
    source: str
    profile: str
    printed: bool
    phantom: Call
    preparation: Prepares
    arms: tuple[Arms, ...]
    optimisation: Optimisation
    validation: Validation | HeldOut
    decision: Decides
    readings: tuple[Reading, ...]
    statements: tuple[Statement, ...]
    tiles: Tiles | None = None

    @property
    def is_ours(self) -> bool:
        """Whether no document has this table."""
        return self.document == NO_DOCUMENT

    def optimisation_of(self, arm: AnyArm) -> Optimisation:
        """How the weights of an arm are found: by its own words, or by the experiment's."""
        return arm.optimisation if isinstance(arm, VolumeArm) else self.optimisation


SegmentationExperiment = Experiment[Preparation, Arm | VolumeArm, Decision]
ClassExperiment = Experiment[ImagePreparation, ClassArm, ClassDecision]
