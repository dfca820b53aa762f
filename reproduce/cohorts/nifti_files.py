"""The NIfTI files below a folder and their names; no image is opened."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from reproduce.cohorts.image_checks import LINKED_FOLDER
from reproduce.cohorts.ledger import OUT, LedgerEntry
from reproduce.errors import DataNotFoundError
from reproduce.paths import refuse_unlisted
from reproduce.patient_ids import path_id

_ENDINGS = (".nii.gz", ".nii")


def nifti_files(root: Path, *, expected: str, do: str) -> list[Path]:
    """Return the .nii and .nii.gz files below a folder, sorted, but hidden ones, as macOS leaves in archives.

    Raises:
        DataNotFoundError: There is none; the text says what was expected and what to do. Or a folder cannot be listed.
    """
    files = sorted(
        Path(parent, name)
        for parent, _, names in os.walk(root, onerror=refuse_unlisted)
        for name in names
        if name.endswith(_ENDINGS) and not name.startswith(".")
    )
    if not files:
        n_links = len(_links_out_of(root))
        links = f", but {n_links} links to folders, which are not followed" if n_links else ""
        raise DataNotFoundError(expected=expected, got=f"no .nii or .nii.gz{links}", where=root, do=do)
    return files


def linked_folders(root: Path, read: Iterable[Path]) -> list[LedgerEntry]:
    """Return ledger entries for links to folders outside of `root`, but those through which the files `read` lie."""
    through = {parent for path in read for parent in path.parents}
    return [LedgerEntry("", path_id(link, root), OUT, LINKED_FOLDER) for link in _links_out_of(root) - through]


def _links_out_of(root: Path) -> set[Path]:
    links = {Path(parent, name) for parent, folders, _ in os.walk(root) for name in folders}
    return {link for link in links if link.is_symlink() and not link.resolve().is_relative_to(root.resolve())}


def stem(path: Path) -> str:
    """Return a file's name without .nii or .nii.gz."""
    return path.name.removesuffix(".gz").removesuffix(".nii")
