"""One phantom patient with a brain tumour: four modalities on one grid, and the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.errors import ArgumentError
from reproduce.imaging.volume import Volume
from reproduce.phantoms.brain_anatomy import Brain, draw_brain
from reproduce.phantoms.brain_contrast import MODALITIES, draw_signals
from reproduce.phantoms.brain_distractors import Distractors, draw_distractors
from reproduce.phantoms.brain_layers import SKETCH, sulci_mm
from reproduce.phantoms.brain_painting import Canvas, paint_solids, paint_vessels, start_canvas
from reproduce.phantoms.brain_scanner import Sequence, acquire, draw_sequence
from reproduce.phantoms.brain_tumour import Tumour, draw_tumour
from reproduce.phantoms.brain_tumour_painting import label_parts, oedema_reach_mm, paint_tumour
from reproduce.phantoms.scan_grid import Axes, ScanGrid
from reproduce.randomness import stream

FIELD_MM = 240.0  # of BraTS: 240 x 240 x 155 voxels of 1 mm
_MIDDLE_SLICE_MM = 77.0
_BRAIN_MM3 = 1.45e6  # of the reference brain with the fluid in its sulci
_LEAST_HEIGHT_MM = 40.0
_HEAD_MM = np.array([76.0, 95.0, 72.0])
_SHADING = {"flair": 0.11, "t1": 0.09, "t1ce": 0.08, "t2": 0.09}


@dataclass(frozen=True, eq=False)
class BrainMri:
    """A phantom patient with everything that is known about it; arrays are `[z, y, x]`."""

    images: dict[str, Volume]  # int16 by modality, in arbitrary units; 0 outside of the stripped brain
    reference: Volume  # uint8, labels of BraTS 2021: 1 core that does not enhance, 2 oedema, 4 enhancing
    tissues: np.ndarray  # uint8, the `Tissue` in the middle of the slice; 0 outside
    brain: Brain
    tumour: Tumour
    distractors: Distractors  # what else is bright
    sequences: dict[str, Sequence]  # how each modality was scanned


def draw_patient(seed: int, number: int, *, matrix: int, n_slices: int, slice_spacing_mm: float) -> BrainMri:
    """Draw one patient of a phantom cohort, the same for the same arguments.

    The field of view is 240 mm whatever the matrix, as in BraTS; 240, 155 and 1.0 mm give the grid of BraTS. The same
    patient on another grid has the same anatomy and tumour.

    Args:
        seed: Of the cohort.
        number: Of the patient, from 1.
        matrix: Rows and columns, 32 or more.
        n_slices: Slices, around the middle of the field of BraTS; with `slice_spacing_mm` 40 mm or more.
        slice_spacing_mm: Distance of slices, and their thickness.

    Raises:
        ArgumentError: An argument is out of its range.
    """
    if matrix < 32 or n_slices < 3 or not n_slices * slice_spacing_mm >= _LEAST_HEIGHT_MM:
        expected = f"matrix >= 32, n_slices >= 3, n_slices * slice_spacing_mm >= {_LEAST_HEIGHT_MM:g} mm"
        got, where = f"{matrix}, {n_slices}, {slice_spacing_mm} mm", "draw_patient"
        do = "ask for a larger matrix, or for more or thicker slices"
        raise ArgumentError(expected=expected, got=got, where=where, do=do)

    def named(*purpose: str) -> np.random.Generator:
        return stream(seed, "brain phantom", number, *purpose)

    brain = draw_brain(named("anatomy"))
    grid = _place_grid(named("position"), matrix, n_slices, slice_spacing_mm)
    visible_mm = grid.z_mm[0] / brain.stretch[2], grid.z_mm[-1] / brain.stretch[2]
    tumour = draw_tumour(named("tumour"), brain_mm3=_BRAIN_MM3, visible_mm=visible_mm)
    distractors = draw_distractors(named("distractors"))
    sequences = {name: draw_sequence(named("sequence", name), shading_height=_SHADING[name]) for name in MODALITIES}
    box = grid.box(-_HEAD_MM * brain.stretch, _HEAD_MM * brain.stretch)
    axes = _reference_axes(grid.fine_axes(box), brain)
    canvas, parts = _paint(brain, tumour, distractors, draw_signals(named("contrast")), axes, edge_mm=grid.pixel_mm)
    inside = grid.slice_mean(canvas.layers.stripped_mm) < 0
    thick = _reference_axes(grid.axes(box), brain)

    def placed(cut: np.ndarray, unit: str) -> Volume:
        whole = np.zeros(grid.shape, cut.dtype)
        whole[box] = cut
        return Volume(whole, _affine(grid), unit)

    images = {
        name: placed(acquire(grid.slice_mean(image), inside, sequences[name], thick, named("noise", name)), "arbitrary")
        for name, image in zip(MODALITIES, canvas.images, strict=True)
    }
    labels = label_parts({label: grid.slice_mean(share) for label, share in parts.items()}) * inside
    tissues = canvas.tissues[grid.n_cuts // 2 :: grid.n_cuts] * inside
    tissues = placed(tissues, "label").voxels
    return BrainMri(images, placed(labels, "label"), tissues, brain, tumour, distractors, sequences)


def _paint(
    brain: Brain, tumour: Tumour, distractors: Distractors, signals: np.ndarray, axes: Axes, *, edge_mm: float
) -> tuple[Canvas, dict[int, np.ndarray]]:
    """Paint the brain with all that is in it, and the shares of the tumour's parts; vessels run over the tumour too."""
    sulci = sulci_mm(brain, tumour.before_push(SKETCH))
    canvas = start_canvas(brain, tumour, sulci, signals, axes, edge_mm=edge_mm)
    paint_solids(canvas, brain, distractors)
    parts = paint_tumour(canvas, tumour, oedema_reach_mm(brain, tumour, sulci, brain_mm3=_BRAIN_MM3))
    paint_vessels(canvas, brain)
    return canvas, parts


def _reference_axes(axes: Axes, brain: Brain) -> Axes:
    """Return axes of the patient in the millimetres of the reference brain."""
    return tuple(axis / np.float32(stretch) for axis, stretch in zip(axes, brain.stretch, strict=True))


def _place_grid(rng: np.random.Generator, matrix: int, n_slices: int, slice_mm: float) -> ScanGrid:
    """Place the field around the head, its middle 10 mm before that of the brain, as in the atlas of BraTS."""
    pixel_mm = FIELD_MM / matrix
    middle = np.array([1.5, -10.5, 4.5]) + rng.uniform(-2.5, 2.5, 3)
    half = np.array([matrix - 1, matrix - 1, n_slices - 1]) / 2 * (pixel_mm, pixel_mm, slice_mm)
    return ScanGrid(matrix, n_slices, pixel_mm, slice_mm, tuple(map(float, middle - half)))


def _affine(grid: ScanGrid) -> np.ndarray:
    """Return that of BraTS, whose first voxel of 1 mm lies at (0, -239, 0) mm in LPS, for voxels of any size."""
    affine = np.diag([grid.pixel_mm, grid.pixel_mm, grid.slice_mm, 1.0])
    edge = (grid.pixel_mm - 1) / 2
    affine[:3, 3] = edge, edge + 1 - FIELD_MM, _MIDDLE_SLICE_MM - (grid.n_slices - 1) / 2 * grid.slice_mm
    return affine
