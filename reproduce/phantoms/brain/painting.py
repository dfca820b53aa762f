"""A phantom brain painted from its layers, solids and lesions: signal in four modalities, tissue, tumour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.brain.anatomy import Brain, Solid
from reproduce.phantoms.brain.contrast import Tissue
from reproduce.phantoms.brain.layers import SKETCH, Layers, draw_layers, sulci_mm
from reproduce.phantoms.brain.tumour import Distractors, Tumour
from reproduce.phantoms.scan_grid import Axes, Box
from reproduce.phantoms.shapes import Ellipsoid, blend, coverage

CORE_LABEL, OEDEMA_LABEL, ENHANCING_LABEL = 1, 2, 4  # of BraTS 2017 to 2021
_STEP_MM3 = 8.0
BRAIN_MM3 = 1.45e6  # of the reference brain with the fluid in its sulci
_EVERYWHERE = (slice(None),) * 3
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
        x, y, z = (
            slice(*np.searchsorted(axis.ravel(), (a - _REACH_MM, b + _REACH_MM)).tolist())
            for axis, a, b in zip(self.axes, low, high, strict=True)
        )
        return (z, y, x) if all(part.start < part.stop for part in (x, y, z)) else None

    def distance_mm(self, solid: Solid, box: Box) -> np.ndarray:
        """Return the signed distance to a solid that the tumour has pushed: float32 `[z, y, x]`."""
        return solid.distance_mm(*(axis[box] for axis in self.before))

    def paint_solid(
        self, solid: Solid, tissue: Tissue, width_mm: float, *, within: np.ndarray | None = None, inset_mm: float = 0
    ) -> None:
        """Paint a solid, less a rim of `inset_mm`, whose edge falls off over a width, into the share `within`."""
        if box := self.near(solid):
            share = coverage(self.distance_mm(solid, box) + np.float32(inset_mm), width_mm)
            self.paint(box, share if within is None else share * within[box], tissue)


def paint_brain(
    brain: Brain, tumour: Tumour, distractors: Distractors, signals: np.ndarray, axes: Axes, *, edge_mm: float
) -> tuple[Canvas, dict[int, np.ndarray]]:
    """Paint a brain with all that is in it.

    Returns:
        The canvas, and by label the share of each voxel that belongs to a part of the tumour, float32 `[z, y, x]`.
    """
    sulci, before = sulci_mm(brain, tumour.before_push(SKETCH)), tumour.before_push(axes)
    layers = draw_layers(brain, sulci, axes, before, edge_mm=edge_mm)
    shape = layers.tissue.shape
    images = np.broadcast_to(signals[Tissue.CSF][:, None, None, None], (signals.shape[1], *shape)).copy()
    canvas = Canvas(axes, before, edge_mm, layers, signals, images, np.full(shape, Tissue.CSF, np.uint8))
    canvas.paint(_EVERYWHERE, layers.tissue, Tissue.GREY)
    canvas.paint(_EVERYWHERE, layers.white, Tissue.WHITE)
    _paint_solids(canvas, brain, distractors)
    parts = _paint_tumour(canvas, tumour, _oedema_reach_mm(brain, tumour, sulci))
    for vessel in brain.vessels:  # they run over the tumour too, and lie where they are, tumour or not
        if box := canvas.near(vessel):
            share = coverage(vessel.distance_mm(*_cut(canvas.axes, box)), canvas.edge_mm)
            canvas.paint(box, share, Tissue.VESSEL)
    return canvas, parts


def _paint_solids(canvas: Canvas, brain: Brain, distractors: Distractors) -> None:
    """Paint nuclei, bright seams, ventricles with their choroid plexus, spots and scars, in place."""
    for tissue, nucleus in brain.nuclei:
        canvas.paint_solid(nucleus, tissue, 1.5 * canvas.edge_mm)
    for ventricle in brain.lateral_ventricles:
        if box := canvas.near(ventricle):
            ragged = np.float32(distractors.caps_mm) * (1 + brain.bumps.on_axes(_cut(canvas.axes, box)))
            seam = coverage(canvas.distance_mm(ventricle, box) - ragged, canvas.edge_mm + 2)
            canvas.paint(box, seam * canvas.layers.white[box], Tissue.HYPERINTENSITY)
    for ventricle in (*brain.middle_ventricles, *brain.lateral_ventricles):
        canvas.paint_solid(ventricle, Tissue.CSF, canvas.edge_mm)
    for side in (-1, 1):
        canvas.paint_solid(Ellipsoid((side * 23, 30, 7), (2.4, 6, 3.5), side * 0.5), Tissue.CHOROID, canvas.edge_mm)
    layers, soft_mm = canvas.layers, canvas.edge_mm + 1
    for spot in distractors.spots:
        canvas.paint_solid(spot, Tissue.HYPERINTENSITY, soft_mm, within=layers.white)
    for scar in distractors.scars:
        canvas.paint_solid(scar, Tissue.SCAR, soft_mm, within=layers.tissue)
        canvas.paint_solid(scar, Tissue.CSF, soft_mm, within=layers.tissue, inset_mm=3)


def _oedema_reach_mm(brain: Brain, tumour: Tumour, sulci: np.ndarray) -> float:
    """Return how far, as `Tumour.way_mm` says, the oedema goes so that the tumour has its share of the brain."""
    layers = draw_layers(brain, sulci, SKETCH, tumour.before_push(SKETCH), edge_mm=2.0)
    core = (tumour.core_mm(SKETCH) < 0) & (layers.hull_mm < 0)
    open_to_it = (layers.tissue > 0.5) & (layers.hull_mm < 0) & ~core
    ways = np.sort(tumour.way_mm(SKETCH, layers.white)[open_to_it])
    n_wanted = int(tumour.share * BRAIN_MM3 / _STEP_MM3) - int(core.sum())
    return float(ways[np.clip(n_wanted, 0, len(ways) - 1)])


def _paint_tumour(canvas: Canvas, tumour: Tumour, reach_mm: float) -> dict[int, np.ndarray]:
    """Paint oedema, core and rim, in place; return the shares of their parts."""
    inside = coverage(canvas.layers.hull_mm, canvas.edge_mm)
    distance = tumour.core_mm(canvas.axes)
    core = coverage(distance, canvas.edge_mm) * inside
    way = tumour.way_mm(canvas.axes, canvas.layers.white)
    dry = canvas.layers.tissue * (canvas.tissues != Tissue.CSF)
    swollen = coverage(way - np.float32(reach_mm), 1.5 * canvas.edge_mm) * inside * dry
    fading = 1 - np.float32(0.4) * np.clip(way / np.float32(max(reach_mm, 1)), 0, 1)
    canvas.paint(_EVERYWHERE, swollen, Tissue.OEDEMA, strength=fading)
    if tumour.enhances:
        hollow = coverage(distance + tumour.rim_mm(canvas.axes), canvas.edge_mm) * core
        canvas.paint(_EVERYWHERE, core, Tissue.ENHANCING)
        canvas.paint(_EVERYWHERE, hollow, Tissue.NECROSIS)
    else:
        hollow = core
        canvas.paint(_EVERYWHERE, core, Tissue.SOLID)
    return {CORE_LABEL: hollow, OEDEMA_LABEL: swollen * (1 - core), ENHANCING_LABEL: core - hollow}


def label_parts(parts: dict[int, np.ndarray]) -> np.ndarray:
    """Return the reference, uint8: the part that has most of a voxel, where the tumour has half of it, else 0.

    `parts` are shares by label, as `paint_brain` returns them.
    """
    labels = np.array(list(parts), np.uint8)
    shares = np.stack(list(parts.values()))
    inside = shares.sum(axis=0) >= 0.5
    reference = np.zeros(inside.shape, np.uint8)
    reference[inside] = labels[shares[:, inside].argmax(axis=0)]
    return reference


def _cut(axes: Axes, box: Box) -> Axes:
    x, y, z = axes
    return x[..., box[2]], y[:, box[1]], z[box[0]]
