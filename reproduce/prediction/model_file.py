"""The recipe inside a model's file: a JSON text beside Keras's own parts of the .keras archive."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reproduce.errors import ArgumentError, DataNotFoundError, ModelFileError, ReproduceError
from reproduce.prediction.recipe import FORMAT, Recipe, recipe_of, recipe_text

if TYPE_CHECKING:
    import keras

MEMBER = "reproduce_recipe.json"
SUFFIX = ".keras"
_CONFIG = "config.json"
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
    from reproduce.models.layers.normalisation import in_layers_of_keras

    if path.suffix != SUFFIX:
        do = "let the name end in .keras"
        raise ArgumentError(expected="a name that ends in .keras", got=path.name, where="save_model", do=do)
    require_fit(model, recipe, where="save_model")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{SUFFIX}")
    try:
        in_layers_of_keras(model).save(temporary, include_optimizer=False)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(zipfile.ZipInfo(MEMBER), recipe_text(recipe))  # without the time of day
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_recipe(path: Path) -> Recipe:
    """Return the recipe of a .keras file, without loading the model.

    Raises:
        DataNotFoundError: There is no such file.
        ModelFileError: It is no .keras file, is damaged, has layers of another package, which Keras would import; or it
            has no recipe, or one that cannot be read.
    """
    if not path.is_file():
        got = "a folder" if path.is_dir() else "a pipe or a device" if path.exists() else "nothing there"
        raise DataNotFoundError(expected="a .keras file", got=got, where=path, do="check the path")
    try:
        with zipfile.ZipFile(path) as archive:
            if MEMBER not in archive.namelist():
                raise ModelFileError(
                    expected="a model that says how it wants its input",
                    got=f"a .keras file without {MEMBER}",
                    where=path,
                    do="write it with reproduce.prediction.model_file.save_model and the recipe it was trained with",
                )
            n_bytes = archive.getinfo(MEMBER).file_size
            if n_bytes > _MOST_BYTES:
                raise ValueError(f"a recipe of {n_bytes} bytes")
            text = archive.read(MEMBER).decode()
            config = json.loads(archive.read(_CONFIG).decode())
    except ModelFileError:
        raise
    except Exception as error:  # zipfile, zlib and json raise a dozen types on damaged bytes
        got = f"{type(error).__name__}: {error}"
        do = "fetch or export the model again; .h5 and SavedModel are not read"
        raise ModelFileError(expected="a .keras file", got=got, where=path, do=do) from error
    if strange := sorted(set(_strange_modules(config))):
        do = "build the model of layers of Keras or of this package, and export it again"
        raise ModelFileError(expected="layers of Keras or of this package", got=", ".join(strange), where=path, do=do)
    try:
        return recipe_of(text)
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError, ReproduceError) as error:
        got = f"{type(error).__name__}: {error}"
        do = "write it again with the version of this package that reads it"
        raise ModelFileError(expected=f"a recipe of format {FORMAT}", got=got, where=path, do=do) from error


def _strange_modules(config: Any) -> Iterator[str]:
    """Give the modules that a config of Keras names, which Keras would import, and that no one has vouched for."""
    waiting = [config]  # no recursion: a damaged config may be nested to any depth
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            module = each.get("module")
            if "class_name" in each and isinstance(module, str) and not _is_known(module, each.get("registered_name")):
                yield module
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _is_known(module: str, registered: object) -> bool:
    """Return whether a module is of Keras, is here in this package, or is loaded and has registered the class."""
    package = module.partition(".")[0]
    is_registered = isinstance(registered, str) and ">" in registered
    if package == "reproduce" and not is_registered:
        try:
            return importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            return False
    return package in ("keras", "builtins", "reproduce") or (is_registered and module in sys.modules)


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
    """Return the shapes of input and output without the batch; a model that has none is called on an image of zeros."""
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
    """Return the output that holds the probabilities of regions: the one named "mask", or the only one."""
    if isinstance(output, dict):
        if "mask" not in output:
            do = 'name the output "mask"'
            raise ArgumentError(expected='an output "mask"', got=repr(sorted(output)), where="model", do=do)
        return output["mask"]
    return output
