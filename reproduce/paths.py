"""Where things lie: data roots, caches, runs, results."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from reproduce.errors import ArgumentError, DataNotFoundError

CACHE_VARIABLE = "REPRODUCE_CACHE"
DATA_VARIABLE = "REPRODUCE_DATA"
SAMPLES_VARIABLE = "REPRODUCE_REAL_DATA"
_LONGEST_NAME = 255 - len(".12345678.tmp") - len(".nii.gz")  # bytes, with what writers put before and after it


def cache_dir(project: Path) -> Path:
    """Return the folder of everything that can be made again: phantoms, prepared examples, unfinished runs.

    `$REPRODUCE_CACHE` where it is set, else `data/` in the project, which git ignores. It may not exist yet.
    """
    return Path(os.environ.get(CACHE_VARIABLE) or project / "data").absolute()


def data_root(argument: Path | None) -> Path | None:
    """Return the folder of the real data set that the user names, or None for the phantom cohort.

    Args:
        argument: The value of `--data-root`; `$REPRODUCE_DATA` stands in where it is None.

    Raises:
        DataNotFoundError: A folder is named that does not exist, or that is empty.
    """
    named = argument or (Path(os.environ[DATA_VARIABLE]) if os.environ.get(DATA_VARIABLE) else None)
    return None if named is None else existing_folder(named, holding="the data set in its own layout")


def existing_folder(folder: Path, *, holding: str) -> Path:
    """Return the absolute path of a folder that exists and is not empty.

    Raises:
        DataNotFoundError: It does not exist, is a file, or is empty.
    """
    if not folder.is_dir():
        got = "a file" if folder.exists() else "nothing there"
    elif not any(folder.iterdir()):
        got = "an empty folder"
    else:
        return folder.absolute()
    do = "check the path, or leave it out to run on the phantom cohort"
    raise DataNotFoundError(expected=f"a folder with {holding}", got=got, where=folder, do=do)


def refuse_unlisted(error: OSError) -> NoReturn:
    """Refuse a folder that cannot be listed; given to `os.walk`, which passes over it otherwise.

    Raises:
        DataNotFoundError: Always.
    """
    expected, do = "a folder that can be listed", "give yourself the right to list it, or move it away"
    raise DataNotFoundError(expected=expected, got=error.strerror or str(error), where=error.filename, do=do) from error


def existing_file(path: Path) -> Path:
    """Return a path that is a file.

    Raises:
        DataNotFoundError: It is a folder, a pipe or a device, or nothing is there.
    """
    if path.is_file():
        return path
    got = "a folder" if path.is_dir() else "a pipe or a device" if path.exists() else "nothing there"
    raise DataNotFoundError(expected="a file", got=got, where=path, do="check the path")


def require_name(name: str) -> None:
    """Return if a name that comes from a file, as a case id or a UID, may become a path below a folder of ours.

    Args:
        name: Names of folders and last of a file, with "/" between them.

    Raises:
        ArgumentError: One of them is empty, "." or "..", holds a backslash or a control character, is no UTF-8, or is
            too long for a file system.
    """
    for part in name.split("/"):
        is_text = all(0xD800 > ord(c) >= 32 or ord(c) > 0xDFFF for c in part) and not {"\\", "\x7f"} & set(part)
        if part in ("", ".", "..") or not is_text or len(part.encode()) > _LONGEST_NAME:
            expected, do = "a name that a file below a folder can have", "rename it where it comes from"
            raise ArgumentError(expected=expected, got=ascii(name), where="name of a file", do=do)


def path_below(folder: Path, name: str) -> Path:
    """Return the path of a file that is to be written below a folder by a name that comes from a file.

    Args:
        folder: It need not exist yet.
        name: See `require_name`.

    Raises:
        ArgumentError: As `require_name`; or the path leads out of the folder, through a link in it.
    """
    require_name(name)
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        got, do = str(path.resolve()), "remove the link, or name another folder"
        raise ArgumentError(expected=f"a path below {folder}", got=got, where=path, do=do)
    return path
