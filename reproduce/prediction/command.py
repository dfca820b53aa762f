"""Predicting many images with one model: headers are checked before the model is loaded, each file is written whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from reproduce.errors import DataNotFoundError, ReproduceError
from reproduce.imaging.nifti import write_nifti
from reproduce.imaging.nifti_header import GeometryChoice
from reproduce.paths import require_name
from reproduce.patient_ids import error_below, hidden_below, hide_below
from reproduce.prediction.dicom_inputs import SeriesImage, unreadable
from reproduce.prediction.inputs import NiftiImage, find_inputs, require_channels
from reproduce.prediction.model_file import read_recipe
from reproduce.prediction.outputs import Format, open_folder, planned_outputs
from reproduce.prediction.recipe import Recipe, painted, recipe_text
from reproduce.protocol.intensities import Window
from reproduce.provenance import file_digest

if TYPE_CHECKING:
    from reproduce.prediction.predictor import Predictor


@dataclass(frozen=True)
class Predicted:
    """What a run has done.

    Attributes:
        files: Files that are written, whole.
        n_planned: Number of images.
        failed: An error for each image that has none, each shown on the console too.
        stopped: Whether Ctrl-C ended the run.
    """

    files: tuple[Path, ...]
    n_planned: int
    failed: tuple[ReproduceError, ...]
    stopped: bool


def predict(
    model: Path,
    paths: Sequence[Path],
    output: Path,
    *,
    format: Format,
    choice: GeometryChoice,
    load: Callable[[Path], Predictor],
    console: Console,
    show_names: bool = False,
) -> Predicted:
    """Write a label map, or a DICOM SEG, for every image that paths name, on the image's own grid.

    A NIfTI image gets a NIfTI file of the same axes, shape, sform and qform; a DICOM series one of its own grid in LPS,
    or a SEG. Of DICOM a model whose window is in HU sees CT alone; that others lie there is shown. An image that cannot
    be read, or whose prediction is not finite, is reported, and the run goes on with the next. Ctrl-C ends the run
    after the files that are done; the same call goes on by writing all of them again.

    Args:
        model: A file of `model_file.save_model`.
        paths: NIfTI files, slices of DICOM series, and folders; see `inputs.find_inputs`.
        output: A file or a folder; see `outputs.planned_outputs`.
        format: "nifti" or "seg".
        choice: What to do where a NIfTI header contradicts itself.
        load: Loads the model when all else is in order, since TensorFlow takes seconds and a wrong path need not:
            `predictor.Predictor`, or `quick_start.load_alone`.
        console: Shows progress, and what is wrong with an image.
        show_names: Whether names below `paths` are shown, in names of outputs and in errors; else stand-ins are, see
            `patient_ids`.

    Raises:
        Errors of `outputs`, `model_file` and `predictor.Predictor`; of a single image also those of `inputs`, of the
        readers of images, and of its prediction.
    """
    require_name(model.name)
    recipe, digest = read_recipe(model), file_digest(model)
    typed = () if show_names else (*paths, output)
    run = _Run(recipe, f"{model.name} {digest[:16]}", format, choice, console, typed)
    with hidden_below(*typed):
        return _predicted(run, model, digest, paths, output, load=load, show_names=show_names)


def _predicted(
    run: _Run,
    model: Path,
    digest: str,
    paths: Sequence[Path],
    output: Path,
    *,
    load: Callable[[Path], Predictor],
    show_names: bool,
) -> Predicted:
    failed: list[ReproduceError] = []
    images = run.fitting(find_inputs(paths, leave_out=failed.append, show_names=show_names))
    n_planned = len(images) + len(failed)
    if n_planned == 0:
        expected, do = "a CT series: the model's window is in HU", "name CT, or take a model of these series"
        raise DataNotFoundError(expected=expected, got="other series alone", where=paths[0], do=do)
    files = planned_outputs(images, output, format=run.format, inputs=paths)
    with run.console.status("check the headers"):
        errors = [run.checked(image) for image in images]
    fitting = [(image, path) for image, path, error in zip(images, files, errors, strict=True) if error is None]
    failed += [error for error in errors if error is not None]
    if failed and n_planned == 1:
        raise failed[0]
    for error in failed:
        run.show_error(error)
    done: list[Path] = []
    if not fitting:
        return Predicted((), n_planned, tuple(failed), stopped=False)
    if files != (output,):
        made_by = {"model": model.name, "model_sha256": digest, "format": run.format}
        open_folder(output, files, {**made_by, "recipe": json.loads(recipe_text(run.recipe))})
    try:
        with run.console.status("load the model"):
            predictor = load(model)
        for image, path in track(fitting, "predict", console=run.console, disable=n_planned == 1):
            try:
                run.write(image, path, predictor)
                done.append(path)
            except ReproduceError as error:
                if n_planned == 1:
                    raise
                failed.append(error)
                run.show_error(error)
    except KeyboardInterrupt:
        return Predicted(tuple(done), n_planned, tuple(failed), stopped=True)
    return Predicted(tuple(done), n_planned, tuple(failed), stopped=False)


@dataclass(frozen=True)
class _Run:
    """What all images of a run share; `model` is the text that names the model in a SEG."""

    recipe: Recipe
    model: str
    format: Format
    choice: GeometryChoice
    console: Console
    typed: tuple[Path, ...]  # what lies below these is hidden; none where names are shown

    def fitting(self, images: Sequence[NiftiImage | SeriesImage]) -> tuple[NiftiImage | SeriesImage, ...]:
        """Return the images without the series that a window in HU means nothing for, and show how many those are."""
        if not isinstance(self.recipe.intensity, Window):
            return tuple(images)
        others = [image for image in images if isinstance(image, SeriesImage) and image.files.modality != "CT"]
        for modality, n in Counter(image.files.modality for image in others).items():
            self.show(f"{n} series of {modality}: left out, since the model's window is in HU")
        return tuple(image for image in images if image not in others)

    def show(self, text: str) -> None:
        self.console.print(hide_below(text, *self.typed), markup=False, highlight=False, soft_wrap=True)

    def show_error(self, error: ReproduceError) -> None:
        self.show(f"{type(error).__name__}: {error_below(error, *self.typed)}")

    def checked(self, image: NiftiImage | SeriesImage) -> ReproduceError | None:
        """Return what is wrong with an image by its headers, None for nothing."""
        try:
            require_channels(image, self.recipe.channels, self.choice)
            if isinstance(image, SeriesImage):
                self._check_series(image)
        except ReproduceError as error:
            return error
        except OSError as error:
            return unreadable(error, image.where)
        return None

    def _check_series(self, image: SeriesImage) -> None:
        header = image.header()
        if image.named_by is not None:
            n = len(image.files.files)
            self.show(f"{image.named_by}: a slice; all {n} of its series in {image.where} are predicted")
        if self.format == "seg":
            from reproduce.prediction.dicom_seg import require_seg  # highdicom is slow to import

            emptied = require_seg(image.files, header, recipe=self.recipe, model=self.model)
            if emptied:
                self.show(f"{image.where}: left empty in the SEG, not valid in the slices: {', '.join(emptied)}")

    def write(self, image: NiftiImage | SeriesImage, path: Path, predictor: Predictor) -> None:
        """Predict an image and write the file; an OSError is one of writing, which ends the run."""
        try:
            write = self._writer(image, path, predictor)
        except OSError as error:
            raise error if isinstance(error, ReproduceError) else unreadable(error, image.where) from error
        write()

    def _writer(self, image: NiftiImage | SeriesImage, path: Path, predictor: Predictor) -> Callable[[], object]:
        if isinstance(image, NiftiImage):
            volume = image.read(self.choice)
            labels = painted(predictor.masks(volume, where=image.where), self.recipe)
            grid = volume.on_same_grid(labels, "label")
            return partial(write_nifti, grid, path, like=image.path, choice=self.choice)
        series = image.read()
        masks = predictor.masks(series.volume, where=image.where)
        if self.format == "seg":
            from reproduce.prediction.dicom_seg import write_seg

            return partial(write_seg, path, masks, series, recipe=self.recipe, model=self.model)
        grid = series.volume.on_same_grid(painted(masks, self.recipe), "label")
        return partial(write_nifti, grid, path, like=None)
