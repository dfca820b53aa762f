"""Outcomes of trainings as the rows of results files."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
import pandas as pd

from reproduce.inspection.geometry import LayerGeometry, layer_geometry
from reproduce.metrics.seed_scores import SeedScore, seed_scores
from reproduce.randomness import seed_words
from reproduce.results.properties import COLUMNS, CONFIDENCE
from reproduce.tasks.architecture_training import Outcomes, read_json
from reproduce.tasks.architectures import ArchitectureStudy, Entry

_RESAMPLES = 2000
_LAST = 0.1  # share of the steps whose mean loss is what training reached


def probability_columns(study: ArchitectureStudy, outcomes: Mapping[str, Outcomes], labels: np.ndarray) -> pd.DataFrame:
    """Return one row a test X-ray: its number, its label, and the probability of pneumonia by each training."""
    columns = {"image": np.arange(len(labels)), "reference": labels.astype(int)}
    for entry in study.entries:
        for seed in study.seeds:
            columns[column(entry.name, seed)] = read_json(outcomes[entry.name].of(seed))["probabilities"]
    return pd.DataFrame(columns)


def column(name: str, seed: int) -> str:
    """Name the column of one training in the table of probabilities."""
    return f"{name}, seed {seed}"


def architecture_rows(
    study: ArchitectureStudy, costs: Mapping[str, Mapping[str, int]], probabilities: pd.DataFrame
) -> pd.DataFrame:
    """Return one row an architecture: what it is, what it costs here and at full size, and what it reaches.

    Args:
        study: Entries and seeds.
        costs: By name, the fields of `models.geometry.Cost` and "trainable".
        probabilities: Table that `probability_columns` returns.
    """
    rows = []
    for entry in study.entries:
        built, cost = entry.architecture, costs[entry.name]
        scores = _scores(study, entry, probabilities, n_resamples=_RESAMPLES)
        rows.append(
            {
                "architecture": entry.name,
                "year": entry.year,
                "paper": built.paper,
                "idea": entry.idea,
                "printed": built.printed,
                "counted_as": built.counted_as,
                "paper_pixels": built.size[0],
                "paper_trainable": built.trainable,
                "paper_total": built.total,
                "pixels": entry.size[0],
                "changed": entry.form,
                "trainable": cost["trainable"],
                "total": cost["parameters"],
                "multiply_adds": cost["multiply_adds"],
                "activation_bytes": cost["activation_bytes"],
                "images_seen": study.images_seen,
                "seeds": len(study.seeds),
                "accuracy": scores["accuracy"].values.mean(),
                "accuracy_low": scores["accuracy"].interval.low,
                "accuracy_high": scores["accuracy"].interval.high,
                "auroc": scores["auc"].values.mean(),
                "auroc_low": scores["auc"].interval.low,
                "auroc_high": scores["auc"].interval.high,
            }
        )
    return pd.DataFrame(rows)


def _scores(
    study: ArchitectureStudy, entry: Entry, probabilities: pd.DataFrame, *, n_resamples: int
) -> dict[str, SeedScore]:
    """Score the trainings of an architecture; all are drawn alike, so that their intervals can be compared."""
    by_seed = probabilities[[column(entry.name, seed) for seed in study.seeds]].to_numpy().T
    return seed_scores(
        probabilities["reference"].to_numpy() == 1,
        by_seed,
        n_resamples=n_resamples,
        confidence=CONFIDENCE,
        seed=seed_words("architectures"),
    )


def training_rows(
    study: ArchitectureStudy, outcomes: Mapping[str, Outcomes], probabilities: pd.DataFrame
) -> pd.DataFrame:
    """Return one row a training and quantity: `test_accuracy`, `test_auroc`, and `train_cross_entropy`.

    The last is the mean over the last tenth of the steps, in nats.
    """
    rows: list[tuple[str, str, float, int, float]] = []
    last = max(1, round(_LAST * study.steps))
    for entry in study.entries:
        scores = _scores(study, entry, probabilities, n_resamples=1)
        for i, seed in enumerate(study.seeds):
            loss = np.mean(read_json(outcomes[entry.name].of(seed))["losses"][-last:])
            values = {
                "test_accuracy": scores["accuracy"].values[i],
                "test_auroc": scores["auc"].values[i],
                "train_cross_entropy": loss,
            }
            rows += [
                (quantity, entry.name, float(study.images_seen), seed, value) for quantity, value in values.items()
            ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.sort_values(["quantity", "condition", "x", "seed"], ignore_index=True)


def structure_rows(entry: Entry) -> pd.DataFrame:
    """Return one row a layer of an architecture, the image first: what it makes, and what it costs."""
    model = entry.build()
    rows = [
        {
            "architecture": entry.name,
            "layer": row.name,
            "kind": row.kind,
            "output": "x".join(map(str, row.output)),
            "reads": _reads(row),
            "activation": _activation(model.get_layer(row.name)),
            "parameters": row.parameters,
            "multiply_adds": row.multiply_adds,
            "receptive_field": row.receptive_field[0],
        }
        for row in layer_geometry(model)
    ]
    return pd.DataFrame(rows)


def _activation(layer: keras.Layer) -> str:
    """Return the name of a layer's function; "" where it has none, or one that changes nothing."""
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return "" if name == "linear" else name


def _reads(row: LayerGeometry) -> str:
    """Return side and stride of a kernel, "5x5, stride 1"; "" for layers without one."""
    if not row.reads or (taps := getattr(row.reads[0], "taps", 1)) == 1:
        return ""
    return f"{taps}x{taps}, stride {row.reads[0].stride}"
