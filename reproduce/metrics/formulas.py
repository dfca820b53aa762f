"""The metrics that tables print: formula, unit and levels of each, once; results and pages take them from here.

TP, FP, FN and TN are counts of voxels, slices, lesions, patients or images. A ratio 0/0 is undefined: nan, not counted
in a mean. One mask empty gives 0 by the formulas of overlap, both empty 0/0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reproduce.metrics.scan_masks import hd95_mm, surface_dice

LEVELS = ("pixel", "slice", "lesion", "patient", "image")
# True negatives of lesions cannot be counted, so what needs them does not exist for lesions.
_WITH_NEGATIVES = ("pixel", "slice", "patient", "image")
_PIXELS = ("pixel",)

Part = tuple[str, ...]
Ratio = tuple[Part, Part]


@dataclass(frozen=True)
class Metric:
    """A metric as tables print it.

    Attributes:
        name: As in results files.
        unit: "%", "ratio" or "mm", where a document prints no cell of it.
        levels: Those of `LEVELS` at which it exists.
        ratios: For a metric of counts, (numerator, denominator) as names of counts to be added up; the metric is the
            mean of the ratios, pooled counts give the pooled metric. Empty for one number a scan or a ranking.
        formula: For a metric of counts that is no mean of ratios, or of scans: called with what `of` takes, it returns
            what `of` does. It is averaged over cases and never pooled, since sums of counts say nothing of it.
        larger_is_better: False for distances.
        heading: Head of its column on a page; empty for its name.
    """

    name: str
    unit: str
    levels: tuple[str, ...]
    ratios: tuple[Ratio, ...] = ()
    formula: Callable[[Any], Any] | None = None
    larger_is_better: bool = True
    heading: str = ""

    def of(self, counts: Any) -> Any:
        """Return the metric of a set of counts, or of a scan; nan where it is undefined, as a ratio of 0/0.

        Args:
            counts: With attributes tp, fp, fn, tn: numbers, or arrays of one shape. For a metric of `OF_SCANS` the
                `ScanMasks` of a scan.

        Returns:
            float, or float64 of that shape.
        """
        if self.formula is not None:
            return self.formula(counts)
        terms = [tuple(sum(getattr(counts, name) for name in part) for part in ratio) for ratio in self.ratios]
        if all(np.ndim(below) == 0 for _, below in terms):
            return sum(above / below if below else math.nan for above, below in terms) / len(terms)
        shares = [
            np.divide(above, below, out=np.full(np.shape(below), np.nan), where=np.asarray(below) > 0)
            for above, below in terms
        ]
        return sum(shares) / len(shares)


_IOU: Ratio = (("tp",), ("tp", "fp", "fn"))
_DICE: tuple[Ratio, ...] = ((("tp", "tp"), ("tp", "tp", "fp", "fn")),)
ACCURACY = Metric("accuracy", "%", _WITH_NEGATIVES, ((("tp", "tn"), ("tp", "fp", "fn", "tn")),))
SENSITIVITY = Metric("sensitivity", "%", LEVELS, ((("tp",), ("tp", "fn")),))
SPECIFICITY = Metric("specificity", "%", _WITH_NEGATIVES, ((("tn",), ("tn", "fp")),))
PRECISION = Metric("precision", "%", LEVELS, ((("tp",), ("tp", "fp")),))
# Dice 1945; the same formula is called F1 where images are classified.
DICE = Metric("dice", "ratio", LEVELS[:4], _DICE, heading="Dice")
F1 = Metric("f1", "ratio", ("image",), _DICE)
IOU = Metric("iou", "ratio", _PIXELS, (_IOU,), heading="IoU")
# Over two classes, the region and all that is not the region.
MIOU = Metric("miou", "ratio", _PIXELS, (_IOU, (("tn",), ("tn", "fp", "fn"))))
# One number a scan, see `scan_masks`.
HD95_MM = Metric("hd95_mm", "mm", _PIXELS, formula=hd95_mm, larger_is_better=False, heading="HD95 in mm")
SURFACE_DICE = Metric("surface_dice", "ratio", _PIXELS, formula=surface_dice, heading="surface Dice")
# One number a set of images, see `ranking`.
AUC = Metric("auc", "ratio", ("image",))

OF_COUNTS = (ACCURACY, SENSITIVITY, SPECIFICITY, PRECISION, DICE, IOU, MIOU)
OF_SCANS = (HD95_MM, SURFACE_DICE)
OF_IMAGES = (AUC, ACCURACY, SENSITIVITY, SPECIFICITY, PRECISION, F1)


def existing(metrics: Sequence[Metric], level: str) -> list[Metric]:
    """Return those of some metrics that exist at a level."""
    return [metric for metric in metrics if level in metric.levels]


def metric_named(name: str) -> Metric:
    """Return the metric of this file that results files call by a name.

    Raises:
        KeyError: No metric here has that name.
    """
    return {metric.name: metric for metric in (*OF_COUNTS, *OF_SCANS, *OF_IMAGES)}[name]


def unit_of(name: str) -> str:
    """Return the unit of a metric by its name; see `metric_named`."""
    return metric_named(name).unit
