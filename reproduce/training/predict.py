"""Probabilities of whole scans, kept on disk as the model gave them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from reproduce.array_files import write_arrays
from reproduce.errors import NonFiniteError
from reproduce.paths import path_below
from reproduce.protocol import Tiles
from reproduce.training.pipeline import SliceName, Slices
from reproduce.training.tiles import most_probable_tile


@dataclass(frozen=True, eq=False)
class Prediction:
    """Probabilities of one scan.

    Attributes:
        mask: float16 `[z, size, size, region]`, probabilities on the model's grid.
        slice: float32 `[z]`, probability of a lesion by the slice head; None where the model has none.
    """

    mask: np.ndarray
    slice: np.ndarray | None


def predict_scans(
    model: keras.Model,
    folder: Path,
    *,
    slices: Slices,
    patients: tuple[str, ...],
    batch_size: int,
    tiles: Tiles | None = None,
    whole: keras.Model | None = None,
) -> None:
    """Write a prediction for each scan of some patients to `folder/<scan>.npz`, one scan in memory at a time.

    Args:
        model: Trained.
        folder: Folder of this model, seed and fold alone.
        slices: The cohort.
        patients: Test patients of the fold.
        batch_size: Slices at a time.
        tiles: What the model sees of a slice; None for all of it.
        whole: For a model of tiles the same that sees whole slices; it is given the weights.

    Raises:
        NonFiniteError: A probability is not finite; the slice is named, and its scan is not written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if whole is not None:
        whole.set_weights(model.get_weights())
    names = [slices.names[i] for i in slices.indices(patients)]
    batches = slices.of(patients).map(lambda example: example["image"]).batch(batch_size).prefetch(2)
    pending: list[dict[str, np.ndarray]] = []
    done = 0
    for images in batches:
        said = (whole or model).predict_on_batch(images)
        if tiles is not None and "slice" in said:
            said["slice"] = most_probable_tile(model, images.numpy(), tiles.size)
        outputs = {name: keras.ops.convert_to_numpy(v) for name, v in said.items()}
        for i in range(len(images)):
            pending.append({name: output[i] for name, output in outputs.items()})
            for name, values in pending[-1].items():
                require_finite(values, name, names[done + len(pending) - 1])
            position = done + len(pending)
            if position == len(names) or names[position].scan != names[done].scan:
                stacked = {name: np.stack([output[name] for output in pending]) for name in pending[0]}
                write_prediction(path_below(folder, f"{names[done].scan}.npz"), stacked)
                done, pending = position, []


def read_prediction(path: Path) -> Prediction:
    """Read the prediction of a scan that `predict_scans` wrote."""
    with np.load(path) as stored:
        return Prediction(stored["mask"], stored.get("slice"))


def require_finite(values: np.ndarray, output: str, name: SliceName) -> None:
    """Check that a model's output for a slice or scan is finite.

    Raises:
        NonFiniteError: It is not; the text names slice or scan.
    """
    if not np.isfinite(values).all():
        raise NonFiniteError(
            expected=f"finite probabilities in the output {output}",
            got=f"{np.count_nonzero(~np.isfinite(values))} of {values.size} that are not",
            where=str(name),
            do="check the image, or train again with a lower learning rate or in float32",
        )


def write_prediction(path: Path, outputs: dict[str, np.ndarray]) -> None:
    """Write a model's output for a scan, whole or not at all.

    Args:
        path: A .npz file.
        outputs: "mask" `[z, y, x, region]`, and "slice" `[z, 1]` where the model has a slice head; others are left out.
    """
    arrays = {"mask": outputs["mask"].astype(np.float16)}
    if "slice" in outputs:
        arrays["slice"] = outputs["slice"][:, 0].astype(np.float32)
    write_arrays(path, arrays, compressed=True)
