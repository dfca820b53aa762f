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
_HIGHEST_LABEL = 65535
_LONGEST_NAME = 255
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

    A byte order mark does not count. Channels and labels may be written as nnU-Net 2 does: `channel_names` instead of
    `modality`, and labels by name (`{"background": 0, "anterior": 1}`). The cases must be listed, which it does not do.

    Raises:
        AnnotationFormatError: It is no JSON, lacks a field, has one twice, channels are not numbered from 0, labels are
            no whole numbers from 0 to 65535, or share one; or a file lies outside of the folder.
    """
    path = folder / LISTING
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_doubles)
        if "training" not in content:
            raise ValueError("no list of training cases, as of nnU-Net 2; list image and label of each")
        return Listing(
            modalities=_modalities(content["modality" if "modality" in content else "channel_names"]),
            labels=_labels(content["labels"]),
            training=tuple((_inside(folder, c["image"]), _inside(folder, c["label"])) for c in content["training"]),
            tests=tuple(_inside(folder, name) for name in content.get("test", [])),
            n_training=_whole(content["numTraining"]) if "numTraining" in content else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        expected = "JSON with modality, labels, training and test, of files below its folder"
        got = f"{type(error).__name__}: {error}"
        raise AnnotationFormatError(expected=expected, got=got, where=path, do=do) from error


def _modalities(named: Mapping[str, str]) -> tuple[str, ...]:
    channels = {_whole(index): _word(name) for index, name in named.items()}
    if sorted(channels) != list(range(len(named))) or not channels:
        raise ValueError(f"modalities that are not numbered from 0: {named!r}")
    return tuple(channels[i] for i in range(len(channels)))


def _labels(named: Mapping[str, Any]) -> tuple[tuple[int, str], ...]:
    by_name = not all(key.strip().isdecimal() for key in named)
    labels = {_whole(n): _word(name) for name, n in (named.items() if by_name else ((v, k) for k, v in named.items()))}
    if len(labels) != len(named) or min(labels, default=-1) < 0 or max(labels) > _HIGHEST_LABEL:
        raise ValueError(f"labels that are no different numbers from 0 to {_HIGHEST_LABEL}: {named!r}")
    return tuple(sorted(labels.items()))


def _whole(value: object) -> int:
    """Return a whole number that is written as one, or as a string."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"{value!r} instead of a whole number")
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{str(value)[:40]!r} instead of a whole number") from None


def _word(value: object) -> str:
    text = str(value)
    text.encode()  # half a character, as \ud800 writes it, can go into no file
    return text


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a name twice in {[name for name, _ in pairs]!r}")
    return found


def _inside(folder: Path, name: Any) -> Path:
    if b"\0" in os.fsencode(name) or max(map(len, os.fsencode(name).split(b"/"))) > _LONGEST_NAME:
        raise ValueError(f"{name[:40]!r} can be no path")
    below = os.path.normpath(name)  # links are not followed: git-annex and DVC keep the content of files elsewhere
    if os.path.isabs(below) or below.startswith(".."):
        raise ValueError(f"{name!r} lies elsewhere")
    return folder / below
