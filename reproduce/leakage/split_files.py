"""Splits from the usual files: JSON of nnU-Net and others, a CSV with a column, text lists, folders."""

from __future__ import annotations

import csv
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from reproduce.errors import DataNotFoundError
from reproduce.leakage.split import SIDES, Division, Entry, SplitFileError, side_named
from reproduce.paths import refuse_unlisted

_PATIENT = ("patient", "patientid", "subject", "subjectid", "pid", "participantid")
_STUDY = ("study", "studyid", "studyuid", "studyinstanceuid", "session", "visit", "accession")
_SIDE = ("split", "set", "subset", "partition", "fold", "phase", "side", "usage")
_IMAGE = (
    "image",
    "imagepath",
    "img",
    "filename",
    "file",
    "filepath",
    "path",
    "imageid",
    "case",
    "caseid",
    "id",
    "name",
)
_LISTS = (".txt", ".lst", ".list")
_NO_IMAGES = re.compile(
    r"(labels?|masks?|annotations?|ground_?truths?|segs?|segmentations?)(tr|ts|val)?", re.IGNORECASE
)
_DO = "see docs/check_split.md for the forms that are read"


def read_split(path: Path) -> tuple[Division, ...]:
    """Return the divisions of a split.

    Args:
        path: A .json, a .csv or .tsv, one of several text lists that are named as sides and lie beside each other, a
            folder with such lists, or a folder whose folders are named as sides.

    Raises:
        DataNotFoundError: Nothing is there.
        SplitFileError: It is none of these forms, or has fewer than two sides with entries.
    """
    if path.is_dir():
        lists = [each for each in sorted(path.iterdir()) if each.suffix.lower() in _LISTS and side_named(each.stem)]
        divisions = _of_lists(lists) if lists else _of_folders(path)
    elif not path.exists():
        raise DataNotFoundError(expected="a split", got="nothing there", where=path, do="check the path")
    elif path.suffix.lower() == ".json":
        divisions = _of_json(_json(path), path)
    elif path.suffix.lower() in (".csv", ".tsv"):
        divisions = _of_table(path)
    elif path.suffix.lower() in _LISTS:
        if not side_named(path.stem):
            _refuse("a text list named as a side, as train.txt", "another name", path)
        beside = sorted(path.parent.glob(f"*{path.suffix}"))
        divisions = _of_lists([each for each in beside if side_named(each.stem)])
    else:
        _refuse(".json, .csv, .tsv, text lists, or a folder", f"a file that ends in {path.suffix or 'nothing'}", path)
    for division in divisions:
        filled = [side for side, entries in division.sides.items() if entries]
        if len(filled) < 2:
            got = f"{' and '.join(filled) or 'none'}{f' in {division.name}' if division.name else ''}"
            _refuse("at least two sides with entries", got, path)
    if not divisions:
        _refuse("at least one division", "none", path)
    return divisions


def _refuse(expected: str, got: str, path: Path, do: str = _DO) -> NoReturn:
    raise SplitFileError(expected=expected, got=got, where=path, do=do)


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        _refuse("text in UTF-8", "other bytes", path, "save it as UTF-8")
    if not text.strip():
        _refuse("a split", "an empty file", path)
    return text


def _json(path: Path) -> Any:
    try:
        value = json.loads(_text(path))
        json.dumps(value, ensure_ascii=False).encode()  # half a character, as \ud800 writes it, is no name
        return value
    except (ValueError, RecursionError) as error:
        _refuse("JSON", f"{type(error).__name__}: {error}", path, "mend the file")


def _of_json(value: Any, path: Path) -> tuple[Division, ...]:
    if isinstance(value, dict) and isinstance(value.get("folds"), list):
        value = value["folds"]
    if isinstance(value, list):  # nnU-Net's splits_final.json: one dict a fold
        return tuple(Division(f"fold {i}", _sides(fold, path)) for i, fold in enumerate(value))
    if not isinstance(value, dict):
        _refuse("a JSON object, or a list of folds", type(value).__name__, path)
    if value and all(isinstance(side, str) for side in value.values()):  # {"case_1": "train"}
        return (Division("", _grouped([(side, Entry(name)) for name, side in value.items()], path)),)
    training = value.get("training")
    if isinstance(training, list) and any(isinstance(item, dict) and "fold" in item for item in training):
        rows = [(str(item.get("fold", "")), _entry(item, path)) for item in training if isinstance(item, dict)]
        return (Division("", _grouped(rows, path)),)  # MONAI's data list, whose folds are sides
    return (Division("", _sides(value, path)),)


def _sides(value: Any, path: Path) -> dict[str, tuple[Entry, ...]]:
    if not isinstance(value, dict):
        _refuse("a fold that is a JSON object of lists", type(value).__name__, path)
    named = {side_named(key): items for key, items in value.items() if isinstance(items, list) and side_named(key)}
    sides = {side: items for side, items in named.items() if side in SIDES} or named
    if not sides:
        _refuse("lists named as train, val and test", f"{', '.join(list(value)[:8]) or 'nothing'}", path)
    return {side: tuple(_entry(item, path) for item in items) for side, items in sides.items()}


def _entry(item: Any, path: Path) -> Entry:
    if isinstance(item, str | int) and not isinstance(item, bool) and str(item).strip():
        return Entry(str(item))
    if isinstance(item, dict):
        plain = {_plain(key): value for key, value in item.items() if isinstance(value, str | int | list)}
        image = next((plain[key] for key in _IMAGE if key in plain), None)
        image = image[0] if isinstance(image, list) and image else image
        patient, study = (next((str(plain[key]) for key in keys if key in plain), "") for keys in (_PATIENT, _STUDY))
        if isinstance(image, str | int) or patient:
            return Entry(str(image) if isinstance(image, str | int) else patient, patient, study)
    if isinstance(item, list) and item and isinstance(item[0], str):
        return Entry(item[0])
    _refuse("entries that are ids or paths, or objects with an image", type(item).__name__, path)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.casefold())


def _of_table(path: Path) -> tuple[Division, ...]:
    text = _text(path)
    first = text.lstrip().splitlines()[0]
    rows = csv.DictReader(text.splitlines(), delimiter=max(",;\t", key=first.count))
    columns = {_plain(name): name for name in rows.fieldnames or () if name}
    side = next((columns[name] for name in _SIDE if name in columns), None)
    patient, study = (next((columns[name] for name in names if name in columns), "") for names in (_PATIENT, _STUDY))
    # The file that is the image, else what is left when the columns of known meaning are gone.
    others = [name for name in columns.values() if name not in (side, patient, study)]
    image = next((columns[name] for name in _IMAGE if name in columns), patient or (others[0] if others else ""))
    if side is None or not image:
        got = f"columns {', '.join(columns.values())}"
        _refuse(f"a column {', '.join(_SIDE)} and one of images or patients", got, path)
    try:
        listed = list(rows)
    except csv.Error as error:
        _refuse("well-formed CSV", str(error), path, "mend the file")
    found = []
    for line, row in enumerate(listed, start=2):
        if None in row or None in row.values():
            _refuse(f"{len(columns)} fields", "another number", Path(f"{path}, line {line}"), "mend the line")
        entry = Entry(row[image].strip(), row[patient].strip() if patient else "", row[study].strip() if study else "")
        if not entry.text:
            _refuse(f"a value of {image}", "none", Path(f"{path}, line {line}"), "mend the line")
        found.append((row[side].strip(), entry))
    return (Division("", _grouped(found, path)),)


def _grouped(rows: Iterable[tuple[str, Entry]], path: Path) -> dict[str, tuple[Entry, ...]]:
    sides: dict[str, list[Entry]] = defaultdict(list)
    for word, entry in rows:
        side = side_named(word)
        if not side:
            _refuse("sides named train, val, test, or by the number of a fold", repr(word), path)
        sides[side].append(entry)
    return {side: tuple(entries) for side, entries in sides.items()}


def _of_lists(paths: Sequence[Path]) -> tuple[Division, ...]:
    sides: dict[str, list[Entry]] = defaultdict(list)
    for path in paths:
        for line in _text(path).splitlines():
            # What stands behind the image is its label: "image.png 1", "image.png, mask.png".
            text = re.sub(r"\s+\d+$", "", re.split(r"[\t,]", line.strip())[0].strip())
            if text and not text.startswith("#"):
                sides[side_named(path.stem)].append(Entry(text))
    return (Division("", {side: tuple(entries) for side, entries in sides.items()}),)


def _of_folders(path: Path) -> tuple[Division, ...]:
    sides: dict[str, tuple[Entry, ...]] = {}
    for folder in sorted(each for each in path.iterdir() if each.is_dir()):
        side = side_named(folder.name)
        if side:
            sides[side] = (*sides.get(side, ()), *_below(folder, path))
    if not sides:
        _refuse("folders named as train, val and test, or text lists of these names", "none", path)
    return (Division("", sides),)


def _below(folder: Path, root: Path) -> list[Entry]:
    """Return the images below a folder of one side; slices of DICOM are one entry a folder."""
    found: dict[Path, None] = {}
    for parent, folders, names in os.walk(folder, onerror=refuse_unlisted):
        folders[:] = sorted(name for name in folders if not _NO_IMAGES.fullmatch(name) and not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            each = Path(parent) if name.lower().endswith(".dcm") and Path(parent) != folder else Path(parent, name)
            found[each] = None
    return [Entry(each.relative_to(root).as_posix(), path=each) for each in found]
