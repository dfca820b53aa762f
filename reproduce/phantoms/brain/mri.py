"""One phantom patient with a brain tumour: four modalities on one grid, and the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.errors import ArgumentError
from reproduce.imaging.volume import Volume
from reproduce.phantoms.brain.anatomy import Brain, draw_brain
from reproduce.phantoms.brain.contrast import MODALITIES, draw_signals
from reproduce.phantoms.brain.painting import BRAIN_MM3, label_parts, paint_brain
from reproduce.phantoms.brain.scanner import acquire, draw_sequence
from reproduce.phantoms.brain.tumour import Tumour, draw_distractors, draw_tumour
from reproduce.phantoms.scan_grid import Axes, ScanGrid
from reproduce.phantoms.shapes import triple
from reproduce.randomness import stream

FIELD_MM = 240.0  # of BraTS: 240 x 240 x 155 voxels of 1 mm
_MIDDLE_SLICE_MM = 77.0
_LEAST_HEIGHT_MM = 40.0
_HEAD_MM = np.array([76.0, 95.0, 72.0])
_SHADING = {"flair": 0.11, "t1": 0.09, "t1ce": 0.08, "t2": 0.09}


@dataclass(frozen=True, eq=False)
class BrainMri:
    """A phantom patient with everything that is known about it; arrays are `[z, y, x]`."""

    images: dict[str, Volume]  # int16 by modality, in arbitrary units; 0 outside of the stripped brain
    reference: Volume  # uint8, labels of BraTS 2021: 1 core that does not enhance, 2 oedema, 4 enhancing
    tissues: np.ndarray  # uint8, the `Tissue` in the middle of the slice; 0 outside
    tumour: Tumour


def draw_patient(seed: int, number: int, *, matrix: int, n_slices: int, slice_spacing_mm: float) -> BrainMri:
    """Draw one patient of a phantom cohort, the same for the same arguments.

    The field of view is 240 mm whatever the matrix, as in BraTS; 240, 155 and 1.0 mm give the grid of BraTS. The same
    patient on another grid has the same anatomy and tumour. Arguments are those of `PhantomPatient`; slices lie around
    the middle of the field of BraTS.

    Raises:
        ArgumentError: `matrix` is below 32, there are fewer than 3 slices, or all of them make less than 40 mm.
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
    tumour = draw_tumour(named("tumour"), brain_mm3=BRAIN_MM3, visible_mm=visible_mm)
    sequences = {name: draw_sequence(named("sequence", name), shading_height=_SHADING[name]) for name in MODALITIES}
    box = grid.box_of("a head", -_HEAD_MM * brain.stretch, _HEAD_MM * brain.stretch)
    axes = _reference_axes(grid.fine_axes(box), brain)
    distractors, signals = draw_distractors(named("distractors")), draw_signals(named("contrast"))
    canvas, parts = paint_brain(brain, tumour, distractors, signals, axes, edge_mm=grid.pixel_mm)
    inside = grid.slice_mean(canvas.layers.stripped_mm) < 0
    thick = _reference_axes(grid.axes(box), brain)

    # That of BraTS, whose first voxel of 1 mm lies at (0, -239, 0) mm in LPS, for voxels of any size.
    edge_mm, affine = (grid.pixel_mm - 1) / 2, np.diag([grid.pixel_mm, grid.pixel_mm, grid.slice_mm, 1.0])
    affine[:3, 3] = edge_mm, edge_mm + 1 - FIELD_MM, _MIDDLE_SLICE_MM - (n_slices - 1) / 2 * grid.slice_mm

    def placed(cut: np.ndarray, unit: str) -> Volume:
        whole = np.zeros(grid.shape, cut.dtype)
        whole[box] = cut
        return Volume(whole, affine, unit)

    images = {
        name: placed(acquire(grid.slice_mean(image), inside, sequences[name], thick, named("noise", name)), "arbitrary")
        for name, image in zip(MODALITIES, canvas.images, strict=True)
    }
    labels = label_parts({label: grid.slice_mean(share) for label, share in parts.items()}) * inside
    tissues = placed(canvas.tissues[grid.n_cuts // 2 :: grid.n_cuts] * inside, "label").voxels
    return BrainMri(images, placed(labels, "label"), tissues, tumour)


def _reference_axes(axes: Axes, brain: Brain) -> Axes:
    """Return axes of the patient in the millimetres of the reference brain."""
    x, y, z = (axis / np.float32(stretch) for axis, stretch in zip(axes, brain.stretch, strict=True))
    return x, y, z


def _place_grid(rng: np.random.Generator, matrix: int, n_slices: int, slice_mm: float) -> ScanGrid:
    """Place the field around the head, its middle 10 mm before that of the brain, as in the atlas of BraTS."""
    pixel_mm = FIELD_MM / matrix
    middle = np.array([1.5, -10.5, 4.5]) + rng.uniform(-2.5, 2.5, 3)
    half = np.array([matrix - 1, matrix - 1, n_slices - 1]) / 2 * (pixel_mm, pixel_mm, slice_mm)
    return ScanGrid(matrix, n_slices, pixel_mm, slice_mm, triple(middle - half))
