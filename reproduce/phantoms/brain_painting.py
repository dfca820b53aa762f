"""A phantom brain painted from its layers, solids and lesions: signal in four modalities, tissue, tumour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.brain_anatomy import Brain, Solid
from reproduce.phantoms.brain_contrast import Tissue
from reproduce.phantoms.brain_distractors import Distractors
from reproduce.phantoms.brain_fields import Axes
from reproduce.phantoms.brain_layers import Layers, draw_layers
from reproduce.phantoms.brain_tumour import Tumour
from reproduce.phantoms.shapes import Ellipsoid, blend, coverage

_REACH_MM = 14.0  # a push moves nothing farther, and no seam is wider

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Canvas:
    """A brain in the making.

    Attributes:
        axes: x as `[1, 1, x]`, y as `[1, y, 1]`, z as `[z, 1, 1]`, mm of the reference brain.
        before: Where each voxel lay before the tumour pushed it, likewise but each `[z, y, x]`.
        edge_mm: Edge of a voxel.
        layers: What lies under all solids.
        signals: float32 `[tissue, modality]`.
        images: float32 `[modality, z, y, x]`.
        tissues: uint8 `[z, y, x]`, a `Tissue`.
    """

    axes: Axes
    before: Axes
    edge_mm: float
    layers: Layers
    signals: np.ndarray
    images: np.ndarray
    tissues: np.ndarray

    def paint(self, box: Box, share: np.ndarray, tissue: Tissue, *, strength: np.ndarray | float = 1.0) -> None:
        """Replace a share of each voxel of a box by a tissue; where that is most of it, the voxel is of the tissue."""
        weight = share * strength
        for image, signal in zip(self.images, self.signals[tissue], strict=True):
            blend(image[box], weight, signal)
        self.tissues[box][share > 0.5] = tissue

    def near(self, solid: Solid) -> Box | None:
        """The box of voxels that a solid or a seam around it can reach; None outside of the grid."""
        if isinstance(solid, Ellipsoid):
            middle, reach = np.array(solid.centre_mm), np.array([max(solid.half_axes_mm[:2])] * 2 + [0.0])
            reach[2] = solid.half_axes_mm[2]
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
        """Signed distance to a solid that the tumour has pushed: float32 `[z, y, x]`."""
        return solid.distance_mm(*(axis[box] for axis in self.before))


def start_canvas(
    brain: Brain, tumour: Tumour, sulci: np.ndarray, signals: np.ndarray, axes: Axes, *, edge_mm: float
) -> Canvas:
    """A canvas with fluid, cortex and white matter on it; `sulci` as of `sulci_mm`, the rest as in `Canvas`."""
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
    """Nuclei, bright seams, ventricles with their choroid plexus, spots and scars, in place."""
    for tissue, nucleus in brain.nuclei:
        if box := canvas.near(nucleus):
            canvas.paint(box, coverage(canvas.distance_mm(nucleus, box), 1.5 * canvas.edge_mm), tissue)
    _paint_ventricles(canvas, brain, distractors)
    for spot in distractors.spots:
        if box := canvas.near(spot):
            share = coverage(canvas.distance_mm(spot, box), canvas.edge_mm + 1) * canvas.layers.white[box]
            canvas.paint(box, share, Tissue.HYPERINTENSITY)
    for scar in distractors.scars:
        if box := canvas.near(scar):
            distance = canvas.distance_mm(scar, box)
            inside = canvas.layers.tissue[box]
            canvas.paint(box, coverage(distance, canvas.edge_mm + 1) * inside, Tissue.SCAR)
            canvas.paint(box, coverage(distance + np.float32(3), canvas.edge_mm + 1) * inside, Tissue.CSF)


def _paint_ventricles(canvas: Canvas, brain: Brain, distractors: Distractors) -> None:
    for ventricle in brain.lateral_ventricles:
        if box := canvas.near(ventricle):
            ragged = np.float32(distractors.caps_mm) * (1 + brain.bumps.on_axes(_cut(canvas.axes, box)))
            seam = coverage(canvas.distance_mm(ventricle, box) - ragged, canvas.edge_mm + 2)
            canvas.paint(box, seam * canvas.layers.white[box], Tissue.HYPERINTENSITY)
    for ventricle in (*brain.middle_ventricles, *brain.lateral_ventricles):
        if box := canvas.near(ventricle):
            canvas.paint(box, coverage(canvas.distance_mm(ventricle, box), canvas.edge_mm), Tissue.CSF)
    for side in (-1, 1):
        plexus = Ellipsoid((side * 23, 30, 7), (2.4, 6, 3.5), side * 0.5)
        if box := canvas.near(plexus):
            canvas.paint(box, coverage(canvas.distance_mm(plexus, box), canvas.edge_mm), Tissue.CHOROID)


def paint_vessels(canvas: Canvas, brain: Brain) -> None:
    """Sinuses, arteries and veins over all else, in place; they lie where they are, tumour or not."""
    for vessel in brain.vessels:
        if box := canvas.near(vessel):
            distance = vessel.distance_mm(*_cut(canvas.axes, box))
            canvas.paint(box, coverage(distance, canvas.edge_mm), Tissue.VESSEL)


def _cut(axes: Axes, box: Box) -> Axes:
    x, y, z = axes
    return x[..., box[2]], y[:, box[1]], z[box[0]]
