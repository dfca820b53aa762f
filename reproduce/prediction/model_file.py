"""The recipe inside a model's file: a JSON text beside Keras's own parts of the .keras archive."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reproduce.errors import ArgumentError, DataNotFoundError, ModelFileError, ReproduceError
from reproduce.prediction.recipe import FORMAT, Recipe, recipe_of, recipe_text

if TYPE_CHECKING:
    import keras

MEMBER = "reproduce_recipe.json"
SUFFIX = ".keras"
_MOST_BYTES = 2**20  # of a recipe, which has some hundred


def save_model(model: keras.Model, path: Path, *, recipe: Recipe) -> None:
    """Write a model as a .keras file that says how it wants its input; a reader never sees half of it.

    Keras itself loads the file as any other. Anything that the model computes is kept (averaged weights, mirrored
    copies of the input), nothing that trains it: neither losses nor the optimiser.

    Args:
        model: With one input `[batch, y, x, channel]` or `[batch, z, y, x, channel]`, and one output, or one named
            "mask", of float probabilities `[..., region]`.
        path: To end in .keras; its folder is made.
        recipe: What the model was trained with.

    Raises:
        ArgumentError: Another suffix, or the recipe is not that of the model's input and output.
    """
    if path.suffix != SUFFIX:
        do = "let the name end in .keras"
        raise ArgumentError(expected="a name that ends in .keras", got=path.name, where="save_model", do=do)
    require_fit(model, recipe, where="save_model")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{SUFFIX}")
    try:
        model.save(temporary, include_optimizer=False)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(zipfile.ZipInfo(MEMBER), recipe_text(recipe))  # without the time of day
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_recipe(path: Path) -> Recipe:
    """The recipe of a .keras file, without loading the model.

    Raises:
        DataNotFoundError: There is no such file.
        ModelFileError: It is no .keras file, has no recipe, or one that cannot be read.
    """
    if not path.is_file():
        got = "a folder" if path.is_dir() else "nothing there"
        raise DataNotFoundError(expected="a .keras file", got=got, where=path, do="check the path")
    try:
        found = _unpacked(path)
    except Exception as error:  # here only the archive is read, whose library raises a dozen types on corrupt bytes
        do = "fetch or export the model again; .h5 and SavedModel are not read"
        raise ModelFileError(expected="a .keras file", got=str(error), where=path, do=do) from error
    if found is None:
        raise ModelFileError(
            expected="a model that says how it wants its input",
            got=f"a .keras file without {MEMBER}",
            where=path,
            do="write it with reproduce.prediction.model_file.save_model and the recipe it was trained with",
        )
    try:
        return recipe_of(found)
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError, ReproduceError) as error:
        got = f"{type(error).__name__}: {error}"
        do = "write it again with the version of this package that reads it"
        raise ModelFileError(expected=f"a recipe of format {FORMAT}", got=got, where=path, do=do) from error


def _unpacked(path: Path) -> str | None:
    """Return the text of the recipe in an archive, None where it has none."""
    with zipfile.ZipFile(path) as archive:
        if MEMBER not in archive.namelist():
            return None
        n_bytes = archive.getinfo(MEMBER).file_size
        if n_bytes > _MOST_BYTES:
            raise ValueError(f"a recipe of {n_bytes} bytes")
        return archive.read(MEMBER).decode()


def require_fit(model: keras.Model, recipe: Recipe, *, where: object) -> None:
    """Return if the input and the output of a model are those of a recipe.

    Raises:
        ArgumentError: They have another number of axes, another size, or other channels.
    """
    expected_in = (*recipe.size, len(recipe.channels))
    expected_out = (*recipe.size, len(recipe.regions))
    shape_in, shape_out = _shapes(model, expected_in, where)
    for side, expected, shape in (("input", expected_in, shape_in), ("output", expected_out, shape_out)):
        if len(shape) != len(expected) or any(n not in (None, m) for n, m in zip(shape, expected, strict=True)):
            do = "write the recipe that the model was trained with"
            got = f"{shape} of the model"
            raise ArgumentError(expected=f"an {side} of {expected}, as the recipe says", got=got, where=where, do=do)


def _shapes(model: keras.Model, given: tuple[int, ...], where: object) -> tuple[tuple[int | None, ...], ...]:
    """Shapes of input and output without the batch; a model that does not say them is shown an image of zeros."""
    shape = getattr(model, "input_shape", None)
    if shape is not None:
        return tuple(shape)[1:], tuple(mask_of(model.output).shape)[1:]
    try:
        output = model(np.zeros((1, *given), np.float32), training=False)
    except Exception as error:  # whatever its layers raise on an image that is none of theirs
        got = f"{type(error).__name__}: {error}".splitlines()[0]
        do = "write the recipe that the model was trained with"
        raise ArgumentError(expected=f"a model that takes {given}", got=got, where=where, do=do) from error
    return given, tuple(mask_of(output).shape)[1:]


def mask_of(output: Any) -> Any:
    """The output that holds the probabilities of regions: the one named "mask", or the only one."""
    if isinstance(output, dict):
        if "mask" not in output:
            do = 'name the output "mask"'
            raise ArgumentError(expected='an output "mask"', got=repr(sorted(output)), where="model", do=do)
        return output["mask"]
    return output
