"""Predicting many images with one model: all is checked before the model is loaded, each file is written whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from reproduce.imaging.nifti import write_nifti
from reproduce.imaging.nifti_header import GeometryChoice
from reproduce.prediction.inputs import CtImage, NiftiImage, find_inputs, require_channels
from reproduce.prediction.model_file import read_recipe
from reproduce.prediction.outputs import Format, open_folder, planned_outputs
from reproduce.prediction.recipe import painted, recipe_text
from reproduce.provenance import file_digest

if TYPE_CHECKING:
    from reproduce.prediction.predictor import Predictor


@dataclass(frozen=True)
class Predicted:
    """What a run has done.

    Attributes:
        files: Those that were written, whole.
        n_planned: How many it was to write.
    """

    files: tuple[Path, ...]
    n_planned: int


def predict(
    model: Path,
    paths: Sequence[Path],
    output: Path,
    *,
    format: Format,
    choice: GeometryChoice,
    load: Callable[[Path], Predictor],
    console: Console,
) -> Predicted:
    """Write a label map, or a DICOM SEG, for every image that paths name, on the image's own grid.

    A NIfTI image gets a NIfTI file of the same axes, shape, sform and qform; a CT series one of its own grid in LPS, or
    a SEG. Ctrl-C ends the run after the files that are done; the same call goes on by writing all of them again.

    Args:
        model: A file of `model_file.save_model`.
        paths: NIfTI files and folders; see `inputs.find_inputs`.
        output: A file or a folder; see `outputs.planned_outputs`.
        format: "nifti" or "seg".
        choice: What to do where a NIfTI header contradicts itself.
        load: Loads the model when all else is in order, since TensorFlow takes seconds and a wrong path need not:
            `predictor.Predictor`, or `quick_start.load_alone`.
        console: Where progress is shown.

    Raises:
        Errors of `inputs`, `outputs`, `model_file`, `predictor`, `dicom_seg` and of the readers of images: those of
        headers before the model is loaded, others at the image that has them, after which files before it stay.
    """
    recipe = read_recipe(model)
    images = find_inputs(paths)
    for image in images:
        require_channels(image, recipe.channels, choice)
    files = planned_outputs(images, output, format=format, inputs=paths)
    digest = file_digest(model)
    if files != (output,):
        made_by = {
            "model": model.name,
            "model_sha256": digest,
            "format": format,
            "recipe": json.loads(recipe_text(recipe)),
        }
        open_folder(output, files, made_by)
    done: list[Path] = []
    try:
        with console.status("load the model"):
            predictor = load(model)
        pairs = zip(images, files, strict=True)
        for image, path in track(pairs, "predict", total=len(files), console=console, disable=len(files) == 1):
            _write(image, path, predictor, format=format, choice=choice, model=f"{model.name} {digest[:16]}")
            done.append(path)
    except KeyboardInterrupt:
        pass  # the caller sees by the count that the run is not whole
    return Predicted(tuple(done), len(files))


def _write(
    image: NiftiImage | CtImage, path: Path, predictor: Predictor, *, format: Format, choice: GeometryChoice, model: str
) -> None:
    if isinstance(image, NiftiImage):
        volume = image.read(choice)
        labels = painted(predictor.masks(volume, where=image.where), predictor.recipe)
        write_nifti(volume.on_same_grid(labels, "label"), path, like=image.path, choice=choice)
        return
    series = image.read()
    masks = predictor.masks(series.volume, where=image.where)
    if format == "seg":
        from reproduce.prediction.dicom_seg import write_seg  # highdicom takes half a second

        write_seg(path, masks, series, recipe=predictor.recipe, model=model)
    else:
        write_nifti(series.volume.on_same_grid(painted(masks, predictor.recipe), "label"), path, like=None)
