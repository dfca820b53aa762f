"""Where things lie: data roots, caches, runs, results."""

from __future__ import annotations

import os
from pathlib import Path

from reproduce.errors import DataNotFoundError

CACHE_VARIABLE = "REPRODUCE_CACHE"
DATA_VARIABLE = "REPRODUCE_DATA"


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
