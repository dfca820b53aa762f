"""Probabilities of whole scans, kept on disk as the model gave them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from reproduce.errors import NonFiniteError
from reproduce.training.pipeline import SliceName, Slices


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one scan.

    Attributes:
        mask: float16 `[z, size, size, region]`, probabilities on the model's grid.
        slice: float32 `[z]`, probability of a lesion by the slice head; None where the model has none.
    """

    mask: np.ndarray
    slice: np.ndarray | None


def predict_scans(model: keras.Model, slices: Slices, patients: tuple[str, ...], folder: Path, *, batch_size: int):
    """Write a prediction for each scan of some patients to `folder/<scan>.npz`, one scan in memory at a time.

    Args:
        model: Trained.
        slices: The cohort.
        patients: Test patients of the fold.
        folder: Of this model, seed and fold alone.
        batch_size: Slices at a time.

    Raises:
        NonFiniteError: A probability is not finite; the slice is named, and its scan is not written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [slices.names[i] for i in slices.indices(patients)]
    batches = slices.of(patients).map(lambda example: example["image"]).batch(batch_size).prefetch(2)
    pending: list[dict[str, np.ndarray]] = []
    done = 0
    for images in batches:
        outputs = {name: keras.ops.convert_to_numpy(v) for name, v in model.predict_on_batch(images).items()}
        for i in range(len(images)):
            _require_finite(outputs, i, names[done + len(pending)])
            pending.append({name: output[i] for name, output in outputs.items()})
            position = done + len(pending)
            if position == len(names) or names[position].scan != names[done].scan:
                _write(folder / f"{names[done].scan}.npz", pending)
                done, pending = position, []


def read_prediction(path: Path) -> Prediction:
    """The prediction of a scan that `predict_scans` wrote."""
    with np.load(path) as stored:
        return Prediction(stored["mask"], stored.get("slice"))


def _require_finite(outputs: dict[str, np.ndarray], i: int, name: SliceName) -> None:
    for output, values in outputs.items():
        if not np.isfinite(values[i]).all():
            n = np.count_nonzero(~np.isfinite(values[i]))
            raise NonFiniteError(
                expected=f"finite probabilities in the output {output}",
                got=f"{n} of {values[i].size} that are not",
                where=f"{name.patient} slice {name.slice}",
                do="look at this slice, or train again with a lower learning rate or in float32",
            )


def _write(path: Path, pending: list[dict[str, np.ndarray]]) -> None:
    arrays = {"mask": np.stack([output["mask"] for output in pending]).astype(np.float16)}
    if "slice" in pending[0]:
        arrays["slice"] = np.array([output["slice"][0] for output in pending], np.float32)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    os.replace(temporary, path)
