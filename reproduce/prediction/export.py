"""A trained model in three forms: .keras for `reproduce predict`, SavedModel and ONNX for programs without Keras."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import keras

from reproduce.errors import ArgumentError, FolderInUseError, ModelFileError
from reproduce.paths import require_name
from reproduce.prediction.model_file import SUFFIX, require_fit, save_model
from reproduce.prediction.recipe import Recipe, recipe_text
from reproduce.provenance import write_text

_ONNX_NEEDS = ("tf2onnx", "onnx")


@dataclass(frozen=True)
class Exported:
    """Where the forms of a model lie.

    Attributes:
        keras: For this package and Keras; the recipe is inside.
        saved_model: Folder for TensorFlow Serving and what else reads a SavedModel.
        onnx: For ONNX Runtime and what else reads ONNX; None where it was not asked for.
        recipe: The recipe as JSON, for programs that read one of the last two.
    """

    keras: Path
    saved_model: Path
    onnx: Path | None
    recipe: Path


def export_model(model: keras.Model, folder: Path, *, name: str, recipe: Recipe, onnx: bool) -> Exported:
    """Write a model in every form to a folder; all take the same input and give the same probabilities.

    The input is what a program must make of an image by the recipe: normalised, at the recipe's size, float32, channels
    last, any number of slices or volumes at a time.

    Args:
        model: Trained; see `model_file.save_model`.
        folder: Made where it is not there.
        name: Name of the files, without an ending.
        recipe: What the model was trained with.
        onnx: Whether to write ONNX too, which needs the extra `export` and TensorFlow as Keras's backend.

    Raises:
        ArgumentError: The recipe is not that of the model's input and output, or the name is none of a file.
        FolderInUseError: A form of this name is there already: Keras would mix a new SavedModel with an old one.
        ModelFileError: ONNX is asked for, but its packages are not installed.
    """
    require_name(name)
    require_fit(model, recipe, where="export_model")
    exported = Exported(
        keras=folder / f"{name}{SUFFIX}",
        saved_model=folder / f"{name}_saved_model",
        onnx=folder / f"{name}.onnx" if onnx else None,
        recipe=folder / f"{name}.json",
    )
    _require_new(exported)
    absent = [package for package in _ONNX_NEEDS if importlib.util.find_spec(package) is None]
    if onnx and absent:
        got, do = f"no {' and no '.join(absent)}", "install the extra: pip install 'reproduce[export]'"
        raise ModelFileError(expected="the packages that write ONNX", got=got, where="export_model", do=do)
    save_model(model, exported.keras, recipe=recipe)
    write_text(exported.recipe, recipe_text(recipe))
    model.export(exported.saved_model, format="tf_saved_model", verbose=False)
    if exported.onnx is not None:
        model.export(exported.onnx, format="onnx", verbose=False)
    return exported


def _require_new(exported: Exported) -> None:
    paths = [exported.keras, exported.saved_model, exported.onnx, exported.recipe]
    there = [path for path in paths if path is not None and path.exists()]
    if there:
        do = "remove it, or choose another name"
        raise FolderInUseError(expected="no export of this name", got="one", where=there[0], do=do)
    if exported.keras.parent.is_file():
        do = "name a folder"
        raise ArgumentError(expected="a folder", got="a file", where=exported.keras.parent, do=do)
