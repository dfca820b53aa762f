"""From the predictions of all jobs to scores of cases, decisions on slices, histories, and slices to look at."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.progress import track

from reproduce.datasets.slices import Prepared
from reproduce.imaging.intensity import window
from reproduce.metrics.levels import positive_slices
from reproduce.protocol import Experiment
from reproduce.reporting.cases import CaseScore, SliceDecisions, case_frame, slice_frame
from reproduce.reporting.overlays import Overlay
from reproduce.scoring import native_masks, score_scan, slice_decisions
from reproduce.training.job import Job
from reproduce.training.predict import Prediction, read_prediction

N_OVERLAYS = 5
_CROP_PIXELS = 192


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that the results files are made of.

    Attributes:
        cases, slices: See `reporting.cases`.
        history: model, seed, fold, epoch, train_loss, validation_loss.
        overlays: Of patients from the worst to the best, see `evaluate`.
    """

    cases: pd.DataFrame
    slices: pd.DataFrame
    history: pd.DataFrame
    overlays: list[Overlay]


def evaluate(jobs: Sequence[Job], experiment: Experiment, prepared: Prepared) -> Evaluation:
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
    regions = experiment.preparation.regions
    for patient, scan, labels in track(prepared.scans(), description="score scans", transient=True):
        for job in tested[patient]:
            key = (job.arm.name, job.seed, job.fold.index, patient, scan)
            prediction = _prediction(job, scan)
            masks = native_masks(prediction.mask, labels.shape[1:], experiment.decision.threshold)
            of_regions = score_scan(labels, masks, prediction.slice, regions=regions, decision=experiment.decision)
            scores += [
                CaseScore(*key, region, level, counts)
                for region, by_level in of_regions.items()
                for level, counts in by_level.items()
            ]
            first = next(iter(regions.values()))
            reference = positive_slices(np.isin(labels, first) if first else labels > 0, min_voxels=1)
            decided = slice_decisions(masks[..., 0], prediction.slice, experiment.decision)
            decisions.append(SliceDecisions(*key, _bits(reference), _bits(decided)))
    cases = case_frame(scores)
    return Evaluation(cases, slice_frame(decisions), _history(jobs), _overlays(cases, tested, experiment, prepared))


def _prediction(job: Job, scan: str) -> Prediction:
    return read_prediction(job.folder / "predictions" / f"{scan}.npz")


def _bits(flags: np.ndarray) -> str:
    return "".join("1" if flag else "0" for flag in flags)


def _history(jobs: Sequence[Job]) -> pd.DataFrame:
    rows = [
        {"model": job.arm.name, "seed": job.seed, "fold": job.fold.index, **row}
        for job in jobs
        for row in json.loads((Path(job.folder) / "history.json").read_text())
    ]
    return pd.DataFrame(rows).sort_values(["model", "seed", "fold", "epoch"], ignore_index=True)


def _overlays(
    cases: pd.DataFrame, tested: dict[str, list[Job]], experiment: Experiment, prepared: Prepared
) -> list[Overlay]:
    arms, seed = [arm.name for arm in experiment.arms], experiment.validation.seeds[0]
    region = next(iter(experiment.preparation.regions))
    rows = cases[(cases["level"] == "pixel") & (cases["region"] == region) & (cases["seed"] == seed)]
    dice = rows.pivot_table(index=["patient", "scan"], columns="model", values="dice")
    ordered = dice.dropna(subset=[arms[-1]]).sort_values(arms[-1], kind="stable")
    steps = np.linspace(0, len(ordered) - 1, min(N_OVERLAYS, len(ordered))).round().astype(int)
    chosen = {ordered.index[step]: ordered.iloc[step] for step in steps}
    drawn = {}
    for example in _largest_slices(prepared, {scan for _, scan in chosen}, experiment):
        patient, scan, z = example["patient"].decode(), example["scan"].decode(), int(example["slice"])
        by_arm = {job.arm.name: job for job in tested[patient] if job.seed == seed}
        inside = _inside(example["labels"], experiment)
        masks = [
            native_masks(_prediction(by_arm[arm], scan).mask[z : z + 1], inside.shape, experiment.decision.threshold)[
                0, ..., 0
            ]
            for arm in arms
        ]
        note = "Dice of the scan: " + ", ".join(f"{chosen[patient, scan][arm]:.3f} {arm}" for arm in arms)
        crop = _crop(inside)
        grey = np.round(255 * window(example["image"][..., 0], experiment.preparation.intensity.grey)).astype(np.uint8)
        drawn[scan] = Overlay(
            patient,
            z,
            note,
            grey[crop],
            inside[crop],
            np.stack([mask[crop] for mask in masks]),
            (float(example["spacing_mm"][1]), float(example["spacing_mm"][2])),
        )
    return [drawn[scan] for _, scan in chosen]


def _largest_slices(prepared: Prepared, scans: set[str], experiment: Experiment) -> list[dict]:
    """Of each scan the example whose reference has the most voxels, the first of several."""
    best: dict[str, tuple[int, dict]] = {}
    for example in prepared.read().as_numpy_iterator():
        scan = example["scan"].decode()
        if scan in scans:
            area = int(_inside(example["labels"], experiment).sum())
            if scan not in best or area > best[scan][0]:
                best[scan] = (area, example)
    return [example for _, example in best.values()]


def _inside(labels: np.ndarray, experiment: Experiment) -> np.ndarray:
    members = next(iter(experiment.preparation.regions.values()))
    return np.isin(labels, members) if members else labels > 0


def _crop(mask: np.ndarray) -> tuple[slice, slice]:
    """A square around the middle of a mask, within the slice."""
    middle = np.argwhere(mask).mean(axis=0) if mask.any() else np.array(mask.shape) / 2
    starts = [
        int(np.clip(round(centre - _CROP_PIXELS / 2), 0, max(0, n - _CROP_PIXELS)))
        for centre, n in zip(middle, mask.shape, strict=True)
    ]
    return slice(starts[0], starts[0] + _CROP_PIXELS), slice(starts[1], starts[1] + _CROP_PIXELS)
