"""How public projects score masks: what an empty mask gives, what a miss gives, and what is averaged first.

Each convention is one object with the files that say so, read at the commit that is named. None of them disagrees on
the Dice of two masks that are not empty; they disagree on everything beside it. `docs/score.md` has them as a table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from reproduce.errors import ArgumentError

LEFT_OUT = math.nan
DIAGONAL: Final = "diagonal"
Value = float | Literal["diagonal"]
Average = Literal["cases first", "regions first", "pooled"]


@dataclass(frozen=True)
class Empty:
    """What a score is where a mask has no voxel; nan is left out of the mean."""

    both: float
    no_reference: Value  # the reference alone is empty: the prediction is all false
    no_prediction: Value  # the prediction alone is empty: a miss


@dataclass(frozen=True)
class Form:
    """How an HD95 is measured; see `metrics.surface` for elements, and for the two percentiles."""

    elements: Literal["voxels", "subvoxel"]
    percentile: Literal["by direction", "pooled"]
    unit: Literal["mm", "voxels"]


@dataclass(frozen=True)
class Convention:
    """How one project scores a folder of predictions.

    Attributes:
        name: What `--as` calls it.
        text: What it is, in one line.
        sources: Owner/repository, commit: file (function), each of which was read.
        dice: Dice of empty masks.
        form: How its HD95 is measured; None where it has none, or one that is not measured here.
        hd95: HD95 of empty masks, in the unit of the form.
        average: "cases first" is the mean over regions of means over cases; "regions first" the mean over cases of
            means over regions; "pooled" the mean over regions of one Dice of all voxels of all cases.
        background: Whether what has no label is a region of its own in the mean, where labels share out the image.
        nothing: The mean where every value is left out.
        undefined_region: What a region whose mean is nan does to the mean over regions.
    """

    name: str
    text: str
    sources: tuple[str, ...]
    dice: Empty
    average: Average
    form: Form | None = None
    hd95: Empty = Empty(LEFT_OUT, LEFT_OUT, LEFT_OUT)
    background: bool = False
    nothing: float = math.nan
    undefined_region: Literal["left out", "counts"] = "left out"


_MONAI = "Project-MONAI/MONAI 003f71c: monai/metrics"
_MONAI_SOURCES = (
    f"{_MONAI}/meandice.py (DiceMetric, DiceHelper.compute_channel)",
    f"{_MONAI}/hausdorff_distance.py (compute_percent_hausdorff_distance)",
    "Project-MONAI/MONAI 0118983: monai/metrics/utils.py (do_metric_reduction)",
)
_MEDPY = Form("voxels", "pooled", "voxels")  # medpy's hd95 without a spacing, or with that of (1, 1, 1)
# Of percentiles of inf NumPy makes nan, so that a miss is left out; MONAI 1.6.1 gives nan for it, too.
_MONAI_HD95 = Form("voxels", "by direction", "voxels")

CONVENTIONS = (
    Convention(
        name="nnunet",
        text="nnU-Net v2, summary.json: both empty is left out; foreground mean over labels of means over cases",
        sources=("MIC-DKFZ/nnUNet 0a50fa0: nnunetv2/evaluation/evaluate_predictions.py (compute_metrics_on_folder)",),
        dice=Empty(LEFT_OUT, 0.0, 0.0),
        average="cases first",
        undefined_region="counts",
    ),
    Convention(
        name="nnunet-pseudo",
        text="nnU-Net v2, pseudo Dice of its training log: voxels of a label pooled, there of patches, here of cases",
        sources=(
            "MIC-DKFZ/nnUNet 017de4a: nnunetv2/training/nnUNetTrainer/nnUNetTrainer.py (on_validation_epoch_end)",
        ),
        dice=Empty(LEFT_OUT, 0.0, 0.0),
        average="pooled",
    ),
    Convention(
        name="brats",
        text="BraTS 2020 as nnU-Net rebuilt it: both empty is 1 and 0 mm, one empty 0 and 373.13 mm",
        sources=(
            "MIC-DKFZ/nnUNet 1550452: nnunet/dataset_conversion/Task082_BraTS_2020.py (compute_BraTS_dice, _HD95)",
        ),
        dice=Empty(1.0, 0.0, 0.0),
        average="cases first",
        form=_MEDPY,
        hd95=Empty(0.0, 373.12866, 373.12866),
    ),
    Convention(
        name="brats2023",
        text="BraTS 2023, the legacy scores of whole scans: as 2020 with 374 mm; its lesion-wise scores are not here",
        sources=(
            "rachitsaluja/BraTS-2023-Metrics 0c603fc: brats_2023_metrics/surface_distance/brats_metrics.py"
            " (get_lesion_wise_score, get_lesion_wise_results)",
        ),
        dice=Empty(1.0, 0.0, 0.0),
        average="cases first",
        form=Form("subvoxel", "by direction", "mm"),
        hd95=Empty(0.0, 374.0, 374.0),
    ),
    Convention(
        name="monai",
        text="MONAI, DiceMetric() as it comes: an empty reference is left out, the background counts",
        sources=_MONAI_SOURCES,
        dice=Empty(LEFT_OUT, LEFT_OUT, 0.0),
        average="regions first",
        form=_MONAI_HD95,
        background=True,
        nothing=0.0,
    ),
    Convention(
        name="monai-foreground",
        text="MONAI, DiceMetric(include_background=False): an empty reference is left out",
        sources=_MONAI_SOURCES,
        dice=Empty(LEFT_OUT, LEFT_OUT, 0.0),
        average="regions first",
        form=_MONAI_HD95,
        nothing=0.0,
    ),
    Convention(
        name="monai-keep-empty",
        text="MONAI, DiceMetric(include_background=False, ignore_empty=False): both empty is 1",
        sources=_MONAI_SOURCES,
        dice=Empty(1.0, 0.0, 0.0),
        average="regions first",
        form=_MONAI_HD95,
        nothing=0.0,
    ),
    Convention(
        name="transunet",
        text="TransUNet: an empty reference is 1 and 0 voxels if anything is predicted; every miss has HD95 0",
        sources=(
            "Beckschen/TransUNet 2ffa29f: utils.py (calculate_metric_percase, test_single_volume)",
            "Beckschen/TransUNet 562462e: test.py (inference)",
        ),
        dice=Empty(0.0, 1.0, 0.0),
        average="cases first",
        form=_MEDPY,
        hd95=Empty(0.0, 0.0, 0.0),
    ),
    Convention(
        name="swinunetr",
        text="Swin UNETR on BTCV: an empty reference is 0, whatever is predicted",
        sources=(
            "Project-MONAI/research-contributions 38d76f2: SwinUNETR/BTCV/utils/utils.py (dice)",
            "Project-MONAI/research-contributions 1b75086: SwinUNETR/BTCV/test.py (main)",
        ),
        dice=Empty(0.0, 0.0, 0.0),
        average="regions first",
    ),
    Convention(
        name="l2r",
        text="Learn2Reg: a label without reference is left out; HD95 in voxels, and of a miss infinite",
        sources=("MDL-UzL/L2R 00106df: evaluation/utils.py (compute_dice, compute_hd95)",),
        dice=Empty(LEFT_OUT, LEFT_OUT, 0.0),
        average="regions first",
        form=Form("subvoxel", "by direction", "voxels"),
        hd95=Empty(LEFT_OUT, LEFT_OUT, math.inf),
    ),
    Convention(
        name="mist",
        text="MIST: both empty is 1 and 0 mm, one empty 0 and the diagonal of the image",
        sources=(
            "mist-medical/MIST 256c858: mist/evaluation/evaluator.py (_compute_metrics, _handle_edge_cases)",
            "mist-medical/MIST 4912ff6: mist/evaluation/evaluation_utils.py (compute_results_stats)",
            "mist-medical/MIST 3f3cc49: mist/metrics/segmentation_metrics.py (compute_robust_hausdorff)",
        ),
        dice=Empty(1.0, 0.0, 0.0),
        average="cases first",
        form=Form("subvoxel", "by direction", "mm"),
        hd95=Empty(0.0, DIAGONAL, DIAGONAL),
    ),
)


def conventions_named(names: Sequence[str]) -> tuple[Convention, ...]:
    """Return conventions by their names, each once, in the order of `CONVENTIONS`; all of them for no name.

    Raises:
        ArgumentError: A name that no convention has.
    """
    known = [convention.name for convention in CONVENTIONS]
    if unknown := [name for name in names if name not in known]:
        do = "name some of these, or none for all"
        raise ArgumentError(expected=f"--as {', '.join(known)}", got=unknown[0], where="command line", do=do)
    return tuple(convention for convention in CONVENTIONS if not names or convention.name in names)
