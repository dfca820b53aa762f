"""The NIfTI files below a folder and their names; no image is opened."""

from __future__ import annotations

import os
from pathlib import Path

from reproduce.errors import DataNotFoundError

_ENDINGS = (".nii.gz", ".nii")


def nifti_files(root: Path, *, expected: str, do: str) -> list[Path]:
    """Return the .nii and .nii.gz files below a folder, sorted, but hidden ones, as macOS leaves in archives.

    Raises:
        DataNotFoundError: There is none; the text says what was expected and what to do.
    """
    files = sorted(
        Path(parent, name)
        for parent, _, names in os.walk(root)
        for name in names
        if name.endswith(_ENDINGS) and not name.startswith(".")
    )
    if not files:
        raise DataNotFoundError(expected=expected, got="no .nii or .nii.gz", where=root, do=do)
    return files


def stem(path: Path) -> str:
    """Return a file's name without .nii or .nii.gz."""
    return path.name.removesuffix(".gz").removesuffix(".nii")
