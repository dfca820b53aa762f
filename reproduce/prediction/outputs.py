"""Where predictions go: a file of its own or a folder that holds nothing else, with a record of what made them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from reproduce.errors import ArgumentError, FolderInUseError
from reproduce.paths import path_below
from reproduce.prediction.dicom_inputs import SeriesImage
from reproduce.prediction.inputs import NiftiImage
from reproduce.provenance import write_json

RECORD = "prediction.json"
Format = Literal["nifti", "seg"]
_FILE_ENDINGS = {"nifti": (".nii", ".nii.gz"), "seg": (".dcm",)}
_ENDING = {"nifti": ".nii.gz", "seg": ".dcm"}


def planned_outputs(
    images: Sequence[NiftiImage | SeriesImage], output: Path, *, format: Format, inputs: Sequence[Path]
) -> tuple[Path, ...]:
    """Return the path of each image's prediction; nothing is written yet.

    Args:
        images: What is to be predicted.
        output: A file, told by its ending, for one image; or a folder.
        format: "seg" is DICOM SEG, which only a DICOM series can have.
        inputs: The paths that were named; nothing may be written below them.

    Raises:
        ArgumentError: A file for several images, another ending, SEG of a NIfTI image, or an output among the inputs;
            or a name that leads out of the folder, see `paths.path_below`.
        FolderInUseError: The file exists.
    """
    if format == "seg":
        for image in images:
            if isinstance(image, NiftiImage):
                do = "name a DICOM series, or leave --format seg out"
                raise ArgumentError(expected="DICOM for DICOM SEG", got="a NIfTI file", where=image.path, do=do)
    within = [path for path in inputs if output.resolve().is_relative_to(path.resolve())]
    if within:
        do = "name a folder elsewhere: the next run would take predictions for images"
        raise ArgumentError(expected="an output outside of the input", got=str(output), where=within[0], do=do)
    if not output.name.endswith((*_FILE_ENDINGS["nifti"], *_FILE_ENDINGS["seg"])):
        return tuple(path_below(output, f"{image.name}{_ENDING[format]}") for image in images)
    if len(images) != 1 or not output.name.endswith(_FILE_ENDINGS[format]):
        expected = f"a folder, or for a single image a file that ends in {' or '.join(_FILE_ENDINGS[format])}"
        got, do = f"{output.name} for {len(images)} image(s)", "name a folder"
        raise ArgumentError(expected=expected, got=got, where=output, do=do)
    if output.exists():
        do = "name another file, or remove it"
        raise FolderInUseError(expected="a file that is not there yet", got="one that is", where=output, do=do)
    return (output,)


def open_folder(output: Path, files: Sequence[Path], record: dict[str, object]) -> None:
    """Make the folder of predictions and write its record, so that a run that was stopped may be given again.

    A folder that is there must be empty or hold the record of the same model, recipe and format, and no file but those
    that are written now: a folder never mixes models, and nobody's file is lost.

    Args:
        output: The folder.
        files: To be written below it.
        record: What makes them, JSON.

    Raises:
        FolderInUseError: It is a file, or holds something else.
    """
    if output.exists() and not output.is_dir():
        do = "name another folder"
        raise FolderInUseError(expected="a folder", got="a file", where=output, do=do)
    there = {path for path in output.rglob("*") if path.is_file() and not path.name.startswith(".")}
    path, do = output / RECORD, "name another folder, or empty this one"
    if there and (path not in there or _content(path) != record):
        got = f"{len(there)} files of something else, {min(there).relative_to(output)} among them"
        raise FolderInUseError(expected="an empty folder, or one of the same model", got=got, where=output, do=do)
    others = sorted(there - {path, *files})
    if others:
        got = f"{len(others)} files of other images, {others[0].relative_to(output)} among them"
        raise FolderInUseError(expected="predictions of these images alone", got=got, where=output, do=do)
    write_json(path, record)


def _content(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
