"""Four readers of a phantom scan, who disagree as readers do, and the nine ratings of LIDC that they give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from reproduce.phantoms.chest.anatomy import Anatomy
from reproduce.phantoms.chest.lesions import GROUND_GLASS, NODULE, PART_SOLID, PLAQUE, PLUG, SMALL_NODULE, Lesion
from reproduce.phantoms.chest.outlines import outline_of
from reproduce.phantoms.scan_grid import ScanGrid

N_READERS = 4
_AGREED = 3  # readers who outline the first nodule of every patient, whatever their chance to miss it
_LUNG_HU = -840.0
_AS_NODULE = {PLUG: 0.12, PLAQUE: 0.06}  # chance to outline one as a nodule of 3 mm or more
_SEES_SMALL, _SEES_OTHER, _CALLS_OTHER = 0.5, 0.4, 0.25


@dataclass(frozen=True)
class Characteristics:
    """Ratings in the order of LIDC's files; whole numbers from 1 to 5, calcification to 6 (absent).

    The scales are those of McNitt-Gray et al. 2007: 5 is the most obvious, the roundest, the sharpest, marked
    lobulation and spiculation, solid, highly suspicious.
    """

    subtlety: int
    internalStructure: int  # noqa: N815 - the name of the element in the file
    calcification: int
    sphericity: int
    margin: int
    lobulation: int
    spiculation: int
    texture: int
    malignancy: int


@dataclass(frozen=True)
class Habits:
    """What one reader does with every nodule: outlines too wide or too tight, shakily, and sees more or fewer."""

    bias_mm: float
    jitter_mm: float
    keenness: float


@dataclass(frozen=True, eq=False)
class NoduleMark:
    """One reader's nodule of 3 mm or more."""

    lesion: int  # index of the lesion that it is
    outlines: dict[int, np.ndarray]  # slice index to closed chain int [n, 2], (x, y); first pixels outside the nodule
    characteristics: Characteristics


@dataclass(frozen=True)
class PointMark:
    """One reader's point, a pixel (x, y) of a slice, on a nodule under 3 mm or on a non-nodule."""

    lesion: int
    slice_index: int
    x: int
    y: int


@dataclass(frozen=True)
class Reading:
    """All marks of one reader."""

    nodules: tuple[NoduleMark, ...]
    small_nodules: tuple[PointMark, ...]
    non_nodules: tuple[PointMark, ...]


def read_scan(
    lesions: tuple[Lesion, ...], anatomy: Anatomy, grid: ScanGrid, rng: np.random.Generator
) -> tuple[Reading, ...]:
    """Draw the readings of four readers.

    A nodule is seen with a chance that grows with its size and density; a seen one of under 5 mm may be called small,
    a faint one a non-nodule. The first lesion, a nodule of 3 mm or more, is outlined by three readers at least.
    Outlines keep to the lung.
    """
    habits = [Habits(rng.normal(0, 0.32), rng.uniform(0.2, 0.4), rng.normal(0, 0.6)) for _ in range(N_READERS)]
    calls = np.array([[_call(lesion, habit, rng) for lesion in lesions] for habit in habits], dtype=object)
    missing = [i for i in rng.permutation(N_READERS) if calls[i, 0] != "nodule"]
    for i in missing[: max(0, _AGREED - (N_READERS - len(missing)))]:
        calls[i, 0] = "nodule"
    read = zip(habits, calls, strict=True)
    return tuple(_mark(list(zip(lesions, c, strict=True)), habit, anatomy, grid, rng) for habit, c in read)


def conspicuity(lesion: Lesion) -> float:
    """Return how much a lesion strikes the eye, 0 to 1: contrast to the lung times a saturating term of its size."""
    density = lesion.density_hu - (0 if lesion.texture == "solid" else 350 if lesion.texture == "part-solid" else 560)
    contrast = np.clip((density - _LUNG_HU) / 880, 0, 1)
    return float(contrast * (1 - np.exp(-((lesion.diameter_mm / 6.5) ** 1.6))))


def _call(lesion: Lesion, habit: Habits, rng: np.random.Generator) -> str:
    """Return what a reader takes a lesion for: "nodule", "small", "other" or "" where it is missed."""
    sees, doubts, measures = rng.random(3)
    if lesion.kind == SMALL_NODULE:
        return "small" if sees < _SEES_SMALL else ""
    if lesion.kind != NODULE:
        if sees < _AS_NODULE.get(lesion.kind, 0.0):
            return "nodule"
        return "other" if sees < _SEES_OTHER else ""
    if sees > 1 / (1 + np.exp(1.0 - 4.2 * conspicuity(lesion) - habit.keenness)):
        return ""
    if lesion.diameter_mm < 5 and measures < 0.6 * (5 - lesion.diameter_mm) / 2:
        return "small"
    return "other" if doubts < _CALLS_OTHER * (1 - conspicuity(lesion)) ** 2 else "nodule"


def _mark(
    calls: list[tuple[Lesion, str]], habit: Habits, anatomy: Anatomy, grid: ScanGrid, rng: np.random.Generator
) -> Reading:
    nodules: list[NoduleMark] = []
    small: list[PointMark] = []
    other: list[PointMark] = []
    for i, (lesion, call) in enumerate(calls):
        if call == "nodule":
            outlines = _outline(lesion, habit, anatomy, grid, rng)
            nodules.append(NoduleMark(i, outlines, rate(lesion, conspicuity(lesion), rng)))
        elif call:
            z, y, x = np.rint(grid.index_zyx(lesion.centre_mm)).astype(int)
            (small if call == "small" else other).append(PointMark(i, int(z), int(x), int(y)))
    return Reading(tuple(nodules), tuple(small), tuple(other))


def _outline(
    lesion: Lesion, habit: Habits, anatomy: Anatomy, grid: ScanGrid, rng: np.random.Generator
) -> dict[int, np.ndarray]:
    """Draw one reader's chains by slice; at least the voxel at the centre of the lesion is enclosed."""
    reach = lesion.reach_mm + 2.5 + grid.pixel_mm * np.array([2, 2, 0]) + np.array([0, 0, grid.slice_mm])
    box = grid.box_of("a lesion", lesion.centre_mm - reach, lesion.centre_mm + reach)
    axes = grid.axes(box)
    field = lesion.distance_mm(*axes)
    shake = _smooth_field(field.shape, max(1.5, 0.35 * lesion.diameter_mm / grid.pixel_mm), rng)
    wide = min(1.0, lesion.diameter_mm / 8)  # a hand errs less, in millimetres, around a smaller thing
    held = field + np.float32(wide) * (np.float32(habit.jitter_mm) * shake - np.float32(habit.bias_mm)) < 0
    held &= anatomy.lungs_distance_mm(*axes) < grid.pixel_mm
    middle = np.rint(grid.index_zyx(lesion.centre_mm)).astype(int) - [part.start for part in box]
    held[tuple(np.clip(middle, 0, np.array(held.shape) - 1))] = True
    labels, _ = ndimage.label(held, structure=np.ones((3, 3, 3)))
    held = labels == labels[tuple(np.clip(middle, 0, np.array(held.shape) - 1))]
    corner = np.array([box[2].start, box[1].start])
    return {box[0].start + k: outline_of(cut) + corner for k, cut in enumerate(held) if cut.any()}


def _smooth_field(shape: tuple[int, int, int], grain_px: float, rng: np.random.Generator) -> np.ndarray:
    """Draw smooth Gaussian noise of unit variance: how a drawn line strays."""
    padded = rng.standard_normal([n + 2 * int(2 * grain_px) * (axis > 0) for axis, n in enumerate(shape)])
    smooth = ndimage.gaussian_filter(padded, (0.6, grain_px, grain_px), mode="wrap")
    smooth /= smooth.std() + 1e-6
    edge = int(2 * grain_px)
    return smooth[:, edge : edge + shape[1], edge : edge + shape[2]].astype(np.float32)


def rate(lesion: Lesion, conspicuity: float, rng: np.random.Generator) -> Characteristics:
    """Draw one reader's ratings: the truth on the reader's scale, off by one now and then.

    `conspicuity` is how much the lesion strikes the eye, 0 to 1.
    """
    solidity = {GROUND_GLASS: 1.2, PART_SOLID: 3.0}.get(lesion.texture, 5.0)
    spiky = 0.0 if not len(lesion.spikes) else 1.2 + 0.16 * len(lesion.spikes)
    suspicion = 1.2 + 0.11 * lesion.diameter_mm + 0.55 * spiky + (0.4 if lesion.texture == PART_SOLID else 0)
    truth = {
        "subtlety": 1.3 + 4.2 * conspicuity,
        "sphericity": 5.4 - 9 * float(np.log(lesion.axes).std()),
        "margin": 5 - 0.7 * spiky - 0.5 * (5 - solidity),
        "lobulation": 1 + 32 * lesion.irregularity,
        "spiculation": 1 + spiky,
        "texture": solidity,
        "malignancy": suspicion,
    }
    ratings = {name: int(np.clip(round(value + rng.normal(0, 0.45)), 1, 5)) for name, value in truth.items()}
    return Characteristics(internalStructure=1, calcification=6, **ratings)
