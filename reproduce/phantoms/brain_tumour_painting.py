"""A tumour painted into a phantom brain, and the shares of its parts that make the reference."""

from __future__ import annotations

import numpy as np

from reproduce.phantoms.brain_anatomy import Brain
from reproduce.phantoms.brain_contrast import Tissue
from reproduce.phantoms.brain_layers import SKETCH, draw_layers
from reproduce.phantoms.brain_painting import Canvas
from reproduce.phantoms.brain_tumour import Tumour
from reproduce.phantoms.shapes import coverage

CORE_LABEL, OEDEMA_LABEL, ENHANCING_LABEL = 1, 2, 4  # of BraTS 2017 to 2021
_STEP_MM3 = 8.0


def oedema_reach_mm(brain: Brain, tumour: Tumour, sulci: np.ndarray, *, brain_mm3: float) -> float:
    """Return how far, in the sense of `Tumour.way_mm`, the oedema goes so that the tumour has its share of the brain.

    The oedema of a core that is larger than the share reaches nowhere. `sulci` are those of `sulci_mm`.
    """
    layers = draw_layers(brain, sulci, SKETCH, tumour.before_push(SKETCH), edge_mm=2.0)
    core = (tumour.core_mm(SKETCH) < 0) & (layers.hull_mm < 0)
    open_to_it = (layers.tissue > 0.5) & (layers.hull_mm < 0) & ~core
    ways = np.sort(tumour.way_mm(SKETCH, layers.white)[open_to_it])
    n_wanted = int(tumour.share * brain_mm3 / _STEP_MM3) - int(core.sum())
    return float(ways[np.clip(n_wanted, 0, len(ways) - 1)])


def paint_tumour(canvas: Canvas, tumour: Tumour, reach_mm: float) -> dict[int, np.ndarray]:
    """Paint oedema, core and rim into a brain without its tumour, in place.

    Args:
        canvas: The brain.
        tumour: The tumour.
        reach_mm: From `oedema_reach_mm`.

    Returns:
        float32 `[z, y, x]` by label: the share of each voxel that belongs to the part.
    """
    everywhere = (slice(None),) * 3
    inside = coverage(canvas.layers.hull_mm, canvas.edge_mm)
    distance = tumour.core_mm(canvas.axes)
    core = coverage(distance, canvas.edge_mm) * inside
    way = tumour.way_mm(canvas.axes, canvas.layers.white)
    dry = canvas.layers.tissue * (canvas.tissues != Tissue.CSF)
    swollen = coverage(way - np.float32(reach_mm), 1.5 * canvas.edge_mm) * inside * dry
    fading = 1 - np.float32(0.4) * np.clip(way / np.float32(max(reach_mm, 1)), 0, 1)
    canvas.paint(everywhere, swollen, Tissue.OEDEMA, strength=fading)
    if tumour.enhances:
        hollow = coverage(distance + tumour.rim_mm(canvas.axes), canvas.edge_mm) * core
        canvas.paint(everywhere, core, Tissue.ENHANCING)
        canvas.paint(everywhere, hollow, Tissue.NECROSIS)
    else:
        hollow = core
        canvas.paint(everywhere, core, Tissue.SOLID)
    return {CORE_LABEL: hollow, OEDEMA_LABEL: swollen * (1 - core), ENHANCING_LABEL: core - hollow}


def label_parts(parts: dict[int, np.ndarray]) -> np.ndarray:
    """Return the reference, uint8: the part that has most of a voxel, where the tumour has half of it, else 0.

    `parts` are shares by label, as `paint_tumour` returns them.
    """
    labels = np.array(list(parts), np.uint8)
    inside = sum(parts.values()) >= 0.5
    reference = np.zeros(inside.shape, np.uint8)
    reference[inside] = labels[np.stack([share[inside] for share in parts.values()]).argmax(axis=0)]
    return reference
