"""A phantom brain painted from its layers, solids and lesions: signal in four modalities, tissue, tumour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.brain_anatomy import Brain, Solid
from reproduce.phantoms.brain_contrast import Tissue
from reproduce.phantoms.brain_distractors import Distractors
from reproduce.phantoms.brain_layers import Layers, draw_layers
from reproduce.phantoms.brain_tumour import Tumour
from reproduce.phantoms.scan_grid import Axes, Box
from reproduce.phantoms.shapes import Ellipsoid, blend, coverage

_REACH_MM = 14.0  # a push moves nothing farther, and no seam is wider


@dataclass(frozen=True, eq=False)
class Canvas:
    """A brain in the making."""

    axes: Axes  # in mm of the reference brain
    before: Axes  # where each voxel lay before the tumour pushed it, each [z, y, x]
    edge_mm: float  # of a voxel
    layers: Layers  # what lies under all solids
    signals: np.ndarray  # float32 [tissue, modality]
    images: np.ndarray  # float32 [modality, z, y, x]
    tissues: np.ndarray  # uint8 [z, y, x], a `Tissue`

    def paint(self, box: Box, share: np.ndarray, tissue: Tissue, *, strength: np.ndarray | float = 1.0) -> None:
        """Replace a share of each voxel of a box by a tissue; where that is most of it, the voxel is of the tissue."""
        weight = share * strength
        for image, signal in zip(self.images, self.signals[tissue], strict=True):
            blend(image[box], weight, signal)
        self.tissues[box][share > 0.5] = tissue

    def near(self, solid: Solid) -> Box | None:
        """Return the box of voxels that a solid or a seam around it can reach; None outside of the grid."""
        if isinstance(solid, Ellipsoid):
            wide = max(solid.half_axes_mm[:2])
            middle, reach = np.array(solid.centre_mm), np.array([wide, wide, solid.half_axes_mm[2]])
            low, high = middle - reach, middle + reach
        else:
            radius = solid.radii_mm[:, None]
            low, high = (solid.points_mm - radius).min(axis=0), (solid.points_mm + radius).max(axis=0)
        box = tuple(
            slice(*np.searchsorted(axis.ravel(), (a - _REACH_MM, b + _REACH_MM)))
            for axis, a, b in zip(self.axes, low, high, strict=True)
        )
        return box[::-1] if all(part.start < part.stop for part in box) else None

    def distance_mm(self, solid: Solid, box: Box) -> np.ndarray:
        """Return the signed distance to a solid that the tumour has pushed: float32 `[z, y, x]`."""
        return solid.distance_mm(*(axis[box] for axis in self.before))

    def paint_solid(self, solid: Solid, tissue: Tissue, width_mm: float) -> None:
        """Paint a solid whose edge falls off over a width."""
        if box := self.near(solid):
            self.paint(box, coverage(self.distance_mm(solid, box), width_mm), tissue)


def start_canvas(
    brain: Brain, tumour: Tumour, sulci: np.ndarray, signals: np.ndarray, axes: Axes, *, edge_mm: float
) -> Canvas:
    """Return a canvas with fluid, cortex and white matter on it; `sulci` as of `sulci_mm`, the rest as in `Canvas`."""
    before = tumour.before_push(axes)
    layers = draw_layers(brain, sulci, axes, before, edge_mm=edge_mm)
    shape = layers.tissue.shape
    images = np.broadcast_to(signals[Tissue.CSF][:, None, None, None], (signals.shape[1], *shape)).copy()
    canvas = Canvas(axes, before, edge_mm, layers, signals, images, np.full(shape, Tissue.CSF, np.uint8))
    everywhere = (slice(None),) * 3
    canvas.paint(everywhere, layers.tissue, Tissue.GREY)
    canvas.paint(everywhere, layers.white, Tissue.WHITE)
    return canvas


def paint_solids(canvas: Canvas, brain: Brain, distractors: Distractors) -> None:
    """Paint nuclei, bright seams, ventricles with their choroid plexus, spots and scars, in place."""
    for tissue, nucleus in brain.nuclei:
        canvas.paint_solid(nucleus, tissue, 1.5 * canvas.edge_mm)
    _paint_ventricles(canvas, brain, distractors)
    for spot in distractors.spots:
        if box := canvas.near(spot):
            share = coverage(canvas.distance_mm(spot, box), canvas.edge_mm + 1) * canvas.layers.white[box]
            canvas.paint(box, share, Tissue.HYPERINTENSITY)
    for scar in distractors.scars:
        if box := canvas.near(scar):
            distance, inside = canvas.distance_mm(scar, box), canvas.layers.tissue[box]
            canvas.paint(box, coverage(distance, canvas.edge_mm + 1) * inside, Tissue.SCAR)
            canvas.paint(box, coverage(distance + np.float32(3), canvas.edge_mm + 1) * inside, Tissue.CSF)


def _paint_ventricles(canvas: Canvas, brain: Brain, distractors: Distractors) -> None:
    for ventricle in brain.lateral_ventricles:
        if box := canvas.near(ventricle):
            ragged = np.float32(distractors.caps_mm) * (1 + brain.bumps.on_axes(_cut(canvas.axes, box)))
            seam = coverage(canvas.distance_mm(ventricle, box) - ragged, canvas.edge_mm + 2)
            canvas.paint(box, seam * canvas.layers.white[box], Tissue.HYPERINTENSITY)
    for ventricle in (*brain.middle_ventricles, *brain.lateral_ventricles):
        canvas.paint_solid(ventricle, Tissue.CSF, canvas.edge_mm)
    for side in (-1, 1):
        canvas.paint_solid(Ellipsoid((side * 23, 30, 7), (2.4, 6, 3.5), side * 0.5), Tissue.CHOROID, canvas.edge_mm)


def paint_vessels(canvas: Canvas, brain: Brain) -> None:
    """Paint sinuses, arteries and veins over all else, in place; they lie where they are, tumour or not."""
    for vessel in brain.vessels:
        if box := canvas.near(vessel):
            distance = vessel.distance_mm(*_cut(canvas.axes, box))
            canvas.paint(box, coverage(distance, canvas.edge_mm), Tissue.VESSEL)


def _cut(axes: Axes, box: Box) -> Axes:
    x, y, z = axes
    return x[..., box[2]], y[:, box[1]], z[box[0]]
