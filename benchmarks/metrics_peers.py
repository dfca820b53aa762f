"""One call per library for one job, so that each can be timed, measured and compared on the same pair of masks.

Every library gets its input in the form that costs it least: MONAI a tensor that shares the array's memory.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

import numpy as np
import surface_distance
import torch
from medpy.metric import binary as medpy_binary
from metrics_volumes import Pair
from monai import metrics as monai_metrics

from reproduce.metrics import confusion, overlap, surface

_EMPTY = {"both_empty": math.nan, "one_empty": math.inf}
# surface-distance was written for NumPy 1.
np.Inf = np.inf  # noqa: NPY201


@dataclass(frozen=True)
class Peer:
    """A library doing a job.

    Attributes:
        library: Its distribution.
        call: What is called, for the table.
        run: Maps a pair to named values.
        ours: The name of our call of the same definition, or "" for ours itself.
        hausdorff_mm: The Hausdorff distance of a pair, which is no part of the job; None for jobs without surfaces.
    """

    library: str
    call: str
    run: Callable[[Pair], dict[str, float]]
    ours: str = ""
    hausdorff_mm: Callable[[Pair], float] | None = None

    @property
    def version(self) -> str:
        """As installed."""
        return metadata.version(self.library)


def _ours(elements: str) -> Callable[[Pair], dict[str, float]]:
    def run(pair: Pair) -> dict[str, float]:
        distances = surface.surface_distances(
            pair.reference, pair.prediction, spacing_mm=pair.spacing_mm, elements=elements
        )
        there, back = surface.average_surface_distance_mm(distances, **_EMPTY)
        return {
            "HD95 by direction": surface.hausdorff_percentile_by_direction_mm(distances, percent=95, **_EMPTY),
            "HD95 pooled": surface.hausdorff_percentile_pooled_mm(distances, percent=95, **_EMPTY),
            "ASSD": surface.assd_mm(distances, **_EMPTY),
            "ASD reference to prediction": there,
            "ASD prediction to reference": back,
            "surface Dice": surface.surface_dice(distances, tolerance_mm=pair.tolerance_mm, both_empty=math.nan),
        }

    return run


def _our_hausdorff_mm(elements: str) -> Callable[[Pair], float]:
    return lambda pair: surface.hausdorff_mm(
        surface.surface_distances(pair.reference, pair.prediction, spacing_mm=pair.spacing_mm, elements=elements),
        **_EMPTY,
    )


def _monai(pair: Pair) -> dict[str, float]:
    masks = _tensors(pair)
    spacing = {"spacing": pair.spacing_mm}
    return {
        "HD95 by direction": monai_metrics.compute_hausdorff_distance(**masks, **spacing, percentile=95).item(),
        "ASSD": monai_metrics.compute_average_surface_distance(**masks, **spacing, symmetric=True).item(),
        "surface Dice": monai_metrics.compute_surface_dice(
            **masks, **spacing, class_thresholds=[pair.tolerance_mm]
        ).item(),
    }


def _medpy(pair: Pair) -> dict[str, float]:
    arguments = pair.prediction, pair.reference, pair.spacing_mm
    return {"HD95 pooled": float(medpy_binary.hd95(*arguments)), "ASSD": float(medpy_binary.assd(*arguments))}


def _surface_distance(pair: Pair) -> dict[str, float]:
    found = surface_distance.compute_surface_distances(pair.reference, pair.prediction, pair.spacing_mm)
    there, back = surface_distance.compute_average_surface_distance(found)
    return {
        "HD95 by direction": float(surface_distance.compute_robust_hausdorff(found, 95)),
        "ASD reference to prediction": float(there),
        "ASD prediction to reference": float(back),
        "surface Dice": float(surface_distance.compute_surface_dice_at_tolerance(found, pair.tolerance_mm)),
    }


def _surface_distance_hausdorff_mm(pair: Pair) -> float:
    found = surface_distance.compute_surface_distances(pair.reference, pair.prediction, pair.spacing_mm)
    return float(surface_distance.compute_robust_hausdorff(found, 100))


def _our_counts(pair: Pair) -> dict[str, float]:
    counts = confusion.count(pair.reference, pair.prediction)
    return {"Dice": overlap.dice_from_counts(counts, both_empty=math.nan)}


def _read_once(pair: Pair) -> dict[str, float]:
    np.count_nonzero(pair.reference)
    np.count_nonzero(pair.prediction)
    return {}


def _tensors(pair: Pair) -> dict[str, object]:
    y_pred, y = (torch.from_numpy(mask[None, None]) for mask in (pair.prediction, pair.reference))
    return {"y_pred": y_pred, "y": y, "include_background": True}


SURFACES = (
    Peer(
        "reproduce",
        "surface_distances(voxels) + HD95, ASSD, surface Dice",
        _ours("voxels"),
        hausdorff_mm=_our_hausdorff_mm("voxels"),
    ),
    Peer(
        "reproduce",
        "surface_distances(subvoxel) + HD95, ASSD, surface Dice",
        _ours("subvoxel"),
        hausdorff_mm=_our_hausdorff_mm("subvoxel"),
    ),
    Peer(
        "monai",
        "hausdorff (95), average_surface, surface_dice",
        _monai,
        "voxels",
        lambda pair: monai_metrics.compute_hausdorff_distance(**_tensors(pair), spacing=pair.spacing_mm).item(),
    ),
    Peer(
        "medpy",
        "hd95, assd (it has no surface Dice)",
        _medpy,
        "voxels",
        lambda pair: float(medpy_binary.hd(pair.prediction, pair.reference, pair.spacing_mm)),
    ),
    Peer(
        "surface-distance",
        "surface_distances + HD95, ASD, surface Dice",
        _surface_distance,
        "subvoxel",
        _surface_distance_hausdorff_mm,
    ),
)
COUNTS = (
    Peer("reproduce", "count + dice_from_counts", _our_counts),
    Peer("numpy", "count_nonzero of both masks: reading them once", _read_once, ours="count"),
    Peer("medpy", "dc", lambda pair: {"Dice": float(medpy_binary.dc(pair.prediction, pair.reference))}, ours="count"),
    Peer(
        "surface-distance",
        "compute_dice_coefficient",
        lambda pair: {"Dice": float(surface_distance.compute_dice_coefficient(pair.reference, pair.prediction))},
        ours="count",
    ),
    Peer("monai", "compute_dice", lambda pair: {"Dice": monai_metrics.compute_dice(**_tensors(pair)).item()}, "count"),
)


def attempt(peer: Peer, pair: Pair) -> dict[str, float] | None:
    """The values of a peer, or None where it raises what its documentation says: medpy on an empty mask."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return peer.run(pair)
        except RuntimeError:
            if peer.library == "medpy" and not (pair.reference.any() and pair.prediction.any()):
                return None
            raise
