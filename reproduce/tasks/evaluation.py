"""From the predictions of all jobs to scores of cases, decisions on slices, histories, and slices to look at."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reproduce.figures.overlays import Overlay
from reproduce.imaging.intensity import window
from reproduce.metrics.confusion import Counts
from reproduce.metrics.decisions import inside
from reproduce.metrics.formulas import Metric
from reproduce.metrics.levels import positive_slices
from reproduce.prepared.slices import Prepared
from reproduce.progress import tracked
from reproduce.protocol import SegmentationExperiment
from reproduce.results.cases import COSTS, CURVES, CaseScore, SliceDecisions, case_frame, slice_frame
from reproduce.tasks.scoring import cell_region, measured_labels, native_masks, score_scan, slice_decisions
from reproduce.training.job import Job
from reproduce.training.predict import Prediction, read_prediction
from reproduce.training.state import read_history

N_OVERLAYS = 5
_MOST_NAMED = 8  # above a slice
_CROP_PIXELS = 192


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that the results files are made of.

    Attributes:
        cases, slices: See `reporting.cases`.
        history: model, seed, fold, epoch, train_loss, validation_loss, and validation_<metric> of `CURVES`.
        costs: model, parameters, multiply_adds, activation_bytes, one row an arm; see `models.geometry.Cost`.
        overlays: Slices to look at, from the worst patient to the best; see `evaluate`.
    """

    cases: pd.DataFrame
    slices: pd.DataFrame
    history: pd.DataFrame
    costs: pd.DataFrame
    overlays: list[Overlay]


def evaluate(jobs: Sequence[Job], experiment: SegmentationExperiment, prepared: Prepared) -> Evaluation:
    """Score every stored prediction on its own grid, one scan in memory at a time.

    The slices to look at are chosen by rule: of the scans ordered by the Dice of the last arm under the first seed, the
    worst, the best, and those in equal steps between; of each the slice with the largest reference.

    Args:
        jobs: All done.
        experiment: Their protocol.
        prepared: The cohort.
    """
    tested: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        for patient in job.fold.test:
            tested[patient].append(job)
    scores, decisions = [], []
    members = measured_labels(experiment)[cell_region(experiment)]
    for scan in tracked(prepared.scans(), "score", "scans"):
        reference = positive_slices(inside(scan.labels, members), min_voxels=1)
        for job in tested[scan.patient]:
            key = (job.arm.name, job.seed, job.fold.index, scan.patient, scan.scan)
            prediction = _prediction(job, scan.scan)
            masks = native_masks(prediction.mask, scan.labels.shape[1:], experiment)
            scored = score_scan(scan.labels, masks, prediction.slice, spacing_mm=scan.spacing_mm, experiment=experiment)
            for region, (by_level, of_scan) in scored.items():
                for level, counts in by_level.items():
                    scores.append(CaseScore(*key, region, level, counts, of_scan if level == "pixel" else {}))
            by_slice = slice_decisions(_of_cell(masks, experiment), prediction.slice, experiment.decision)
            decisions.append(SliceDecisions(*key, _bits(reference), _bits(by_slice)))
    cases = case_frame(scores)
    overlays = _overlays(cases, tested, experiment, prepared)
    return Evaluation(cases, slice_frame(decisions), history_of(jobs), costs_of(jobs), overlays)


def _prediction(job: Job, scan: str) -> Prediction:
    return read_prediction(job.folder / "predictions" / f"{scan}.npz")


def _bits(flags: np.ndarray) -> str:
    return "".join("1" if flag else "0" for flag in flags)


def history_of(jobs: Sequence[Job], curves: Sequence[Metric] = CURVES) -> pd.DataFrame:
    """Return one row a model, seed, fold and epoch: losses, and some metrics of the validation cases."""
    rows = [
        {
            "model": job.arm.name,
            "seed": job.seed,
            "fold": job.fold.index,
            "epoch": row.epoch,
            "train_loss": row.train_loss,
            "validation_loss": row.validation_loss,
            **{f"validation_{metric.name}": _pooled(metric, row.validation) for metric in curves},
        }
        for job in jobs
        for row in read_history(job.folder)
    ]
    return pd.DataFrame(rows).sort_values(["model", "seed", "fold", "epoch"], ignore_index=True)


def costs_of(jobs: Sequence[Job]) -> pd.DataFrame:
    """Return one row a model: parameters, multiply-adds and bytes of activations."""
    by_arm = {job.arm.name: job.spent for job in reversed(jobs)}
    rows = [{"model": arm, **{key: int(spent[key]) for key in COSTS}} for arm, spent in by_arm.items()]
    return pd.DataFrame(rows).sort_values("model", ignore_index=True)


def _pooled(metric: Metric, counts: Counts | None) -> float:
    return math.nan if counts is None else metric.of(counts)


def _overlays(
    cases: pd.DataFrame, tested: dict[str, list[Job]], experiment: SegmentationExperiment, prepared: Prepared
) -> list[Overlay]:
    arms, seed = [arm.name for arm in experiment.arms], experiment.validation.seeds[0]
    region = cell_region(experiment)
    rows = cases[(cases["level"] == "pixel") & (cases["region"] == region) & (cases["seed"] == seed)]
    dice = rows.pivot_table(index=["patient", "scan"], columns="model", values="dice")
    ordered = dice.dropna(subset=[arms[-1]]).sort_values(arms[-1], kind="stable")
    steps = np.linspace(0, len(ordered) - 1, min(N_OVERLAYS, len(ordered))).round().astype(int)
    chosen = {ordered.index[step]: ordered.iloc[step] for step in steps}
    named = arms if len(arms) <= _MOST_NAMED else (arms[0], arms[-1])
    drawn = {}
    for example in _largest_slices(prepared, {scan for _, scan in chosen}, experiment):
        patient, scan, z = example["patient"].decode(), example["scan"].decode(), int(example["slice"])
        shown = inside(example["labels"], measured_labels(experiment)[region])
        by_arm = {
            job.arm.name: native_masks(_prediction(job, scan).mask[z : z + 1], shown.shape, experiment)
            for job in tested[patient]
            if job.seed == seed
        }
        crop = _crop(shown)
        grey = window(example["image"][..., 0], experiment.preparation.intensity.grey)
        drawn[scan] = Overlay(
            patient,
            z,
            "Dice of the scan: " + ", ".join(f"{chosen[patient, scan][arm]:.3f} {arm}" for arm in named),
            np.round(255 * grey).astype(np.uint8)[crop],
            shown[crop],
            np.stack([_of_cell(by_arm[arm], experiment)[0][crop] for arm in arms]),
            (float(example["spacing_mm"][1]), float(example["spacing_mm"][2])),
        )
    return [drawn[scan] for _, scan in chosen]


def _largest_slices(prepared: Prepared, scans: set[str], experiment: SegmentationExperiment) -> list[dict]:
    """Return of each scan the example whose reference has the most voxels, the first of several."""
    best: dict[str, tuple[int, dict]] = {}
    members = measured_labels(experiment)[cell_region(experiment)]
    for example in prepared.read().as_numpy_iterator():
        scan = example["scan"].decode()
        if scan in scans:
            area = int(inside(example["labels"], members).sum())
            if scan not in best or area > best[scan][0]:
                best[scan] = (area, example)
    return [example for _, example in best.values()]


def _of_cell(masks: np.ndarray, experiment: SegmentationExperiment) -> np.ndarray:
    return masks[..., list(experiment.decision.measured).index(cell_region(experiment))]


def _crop(mask: np.ndarray) -> tuple[slice, slice]:
    """Return a square around a mask, with room beside it, within the slice."""
    found = np.argwhere(mask) if mask.any() else np.array([mask.shape]) // 2
    low, high = found.min(axis=0), found.max(axis=0) + 1
    side = max(_CROP_PIXELS, round(1.2 * int((high - low).max())))
    middle = found.mean(axis=0) if side == _CROP_PIXELS else (low + high) / 2
    starts = [
        int(np.clip(round(centre - side / 2), 0, max(0, n - side)))
        for centre, n in zip(middle, mask.shape, strict=True)
    ]
    return slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side)
