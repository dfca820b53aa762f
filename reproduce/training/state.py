"""What a training is after an epoch, on disk, so that it goes on after a kill as if nothing had happened."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from reproduce.array_files import write_arrays
from reproduce.errors import ModelFileError
from reproduce.metrics.confusion import Counts
from reproduce.provenance import write_text


@dataclass(frozen=True)
class Epoch:
    """One row of a training's history.

    Attributes:
        epoch: Number of the epoch, from 0.
        train_loss: Mean over the epoch's batches.
        validation_loss: Mean over the validation slices; None without validation patients.
        validation: Counts of all validation cases, e.g. of pixels at the model's size; None without validation
            patients, or for a task without counts.
        cpu_s: Seconds of processor time that training took, validation left out; of all threads of the process.
    """

    epoch: int
    train_loss: float
    validation_loss: float | None
    validation: Counts | None
    cpu_s: float = field(compare=False)


def best_epoch(history: list[Epoch]) -> int:
    """Return the epoch whose weights are kept: the first of lowest validation loss, or the last where there is none."""
    losses = [row.validation_loss for row in history if row.validation_loss is not None]
    return int(np.argmin(losses)) if len(losses) == len(history) else len(history) - 1


def write_state(folder: Path, model: keras.Model, history: list[Epoch]) -> None:
    """Write weights and optimiser, then the history that makes them valid; the best epoch's weights beside them."""
    variables = [*model.variables, *model.optimizer.variables]
    name = f"epoch{len(history) - 1}.npz"
    write_arrays(folder / name, {f"arr_{i}": variable.numpy() for i, variable in enumerate(variables)})
    if best_epoch(history) == len(history) - 1:
        write_arrays(folder / "best.npz", by_name(model))
    write_text(folder / "history.json", json.dumps([asdict(row) for row in history], indent=1) + "\n")
    for old in folder.glob("epoch*.npz"):
        if old.name != name:
            old.unlink()


def read_state(folder: Path, model: keras.Model) -> list[Epoch]:
    """Set a model and its optimiser to the last epoch that was written, and return the history; empty at the start."""
    if not (folder / "history.json").exists():
        return []
    history = read_history(folder)
    _assign(folder / f"epoch{len(history) - 1}.npz", [*model.variables, *model.optimizer.variables])
    return history


def read_history(folder: Path) -> list[Epoch]:
    """Read the epochs that a training has behind it."""
    rows = json.loads((folder / "history.json").read_text())
    return [Epoch(**{**row, "validation": row["validation"] and Counts(**row["validation"])}) for row in rows]


def read_best(folder: Path, model: keras.Model) -> None:
    """Set a model to the weights of its best epoch, each by its name.

    Raises:
        ModelFileError: The file has other weights than the model.
    """
    path = folder / "best.npz"
    weights = {weight.path: weight for weight in model.weights}
    with np.load(path) as stored:
        if set(stored) != set(weights):
            other = sorted(set(stored) ^ set(weights))[:3]
            do = "train again: the model has changed since"
            raise ModelFileError(expected="the weights of this model", got=f"not {other}", where=path, do=do)
        for name, weight in weights.items():
            weight.assign(stored[name])


def by_name(model: keras.Model) -> dict[str, np.ndarray]:
    """Return the weights of a model by their names, running statistics among them.

    Raises:
        ModelFileError: Two weights share a name.
    """
    found = {weight.path: weight.numpy() for weight in model.weights}
    if len(found) < len(model.weights):
        do = "name every layer of the model"
        raise ModelFileError(expected="weights with names of their own", got="shared ones", where=model.name, do=do)
    return found


def _assign(path: Path, variables: list[keras.Variable]) -> None:
    with np.load(path) as stored:
        for i, variable in enumerate(variables):
            variable.assign(stored[f"arr_{i}"])
