"""What the dataset.json of a task of the Medical Segmentation Decathlon says: channels, labels, files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce.errors import AnnotationFormatError

LISTING = "dataset.json"
TEST_IMAGE = "image of the test set, whose reference is not published"


@dataclass(frozen=True)
class Listing:
    """The content of a dataset.json, of which no file has been opened."""

    modalities: tuple[str, ...]  # name of each channel, in the order of the channels
    labels: tuple[tuple[int, str], ...]  # (label, name), ascending; 0 is the background
    training: tuple[tuple[Path, Path], ...]  # (image, reference) of each training case, below the folder of the task
    tests: tuple[Path, ...]  # images of the test set, whose references are not published
    n_training: int | None  # how many training cases the task says it has; None where it does not say


def read_listing(folder: Path, *, do: str) -> Listing:
    """Read the dataset.json of a task's folder; `do` is what the error says that the user may name instead.

    Raises:
        AnnotationFormatError: It is no JSON, lacks a field, channels are not numbered from 0, labels are no whole
            numbers from 0 on, or share one; or a file lies outside of the folder.
    """
    path = folder / LISTING
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Listing(
            modalities=_modalities(content["modality"]),
            labels=_labels(content["labels"]),
            training=tuple((_inside(folder, c["image"]), _inside(folder, c["label"])) for c in content["training"]),
            tests=tuple(_inside(folder, name) for name in content.get("test", [])),
            n_training=int(content["numTraining"]) if "numTraining" in content else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        expected = "JSON with modality, labels, training and test, of files below its folder"
        got = f"{type(error).__name__}: {error}"
        raise AnnotationFormatError(expected=expected, got=got, where=path, do=do) from error


def _modalities(named: Mapping[str, str]) -> tuple[str, ...]:
    channels = {int(index): str(name) for index, name in named.items()}
    if sorted(channels) != list(range(len(named))) or not channels:
        raise ValueError(f"modalities that are not numbered from 0: {named!r}")
    return tuple(channels[i] for i in range(len(channels)))


def _labels(named: Mapping[str, str]) -> tuple[tuple[int, str], ...]:
    labels = {int(label): str(name) for label, name in named.items()}
    if len(labels) != len(named) or min(labels, default=-1) < 0:
        raise ValueError(f"labels that are no different numbers from 0 on: {named!r}")
    return tuple(sorted(labels.items()))


def _inside(folder: Path, name: Any) -> Path:
    below = os.path.normpath(name)  # links are not followed: git-annex and DVC keep the content of files elsewhere
    if os.path.isabs(below) or below.startswith(".."):
        raise ValueError(f"{name!r} lies elsewhere")
    return folder / below
