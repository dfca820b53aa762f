"""Arrays in `.npz` files: written whole; read without unpickling, or allocating what the file cannot hold."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from reproduce.errors import ReproduceError
from reproduce.provenance import written_whole

_LAST_CHARACTER = 0x10FFFF
MOST_TIMES = 1032  # what deflate can pack into one byte


def read_arrays(
    path: Path, names: Sequence[str] | None = None, *, error: type[ReproduceError], do: str
) -> dict[str, np.ndarray]:
    """Return arrays of a file by name; all of them where none is named.

    Whatever NumPy and zipfile raise on bytes that they have not written is the file's fault; they have a dozen types
    for it, a few of them undocumented. Nothing else runs here.

    Args:
        path: An archive that `numpy.savez` or `savez_compressed` wrote.
        names: Of the arrays.
        error: What is raised.
        do: Its next step for the user.

    Raises:
        error: The file cannot be opened, is no such archive, or lacks an array; or an array is corrupt, holds objects,
            holds no text where it says text, or asks for more bytes than the file can hold.
    """
    expected = "an archive of arrays" if names is None else f"an archive with {' and '.join(names)}"
    try:
        with zipfile.ZipFile(path) as archive:
            most = MOST_TIMES * path.stat().st_size
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            wanted = list(members) if names is None else names
            return {name: _array(archive, members[name], most) for name in wanted}
    except MemoryError:
        raise
    except Exception as fault:
        got = f"{type(fault).__name__}: {fault}"
        raise error(expected=expected, got=got, where=path, do=do) from fault


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> np.ndarray:
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, _, kind = headers[version](stream)
    n_bytes = math.prod(shape) * max(kind.itemsize, 1)
    if min(shape, default=0) < 0 or not n_bytes <= info.file_size <= most:
        raise ValueError(f"{info.filename} of shape {shape} and type {kind}, {n_bytes} bytes, of {info.file_size}")
    with archive.open(info) as stream:
        array = np.lib.format.read_array(stream, allow_pickle=False)
    if kind.kind == "U" and not _is_text(array):
        raise ValueError(f"{info.filename} of text holds numbers that are no characters")
    return array


def _is_text(array: np.ndarray) -> bool:
    """Return whether all numbers of an array of text are characters, and none is half of one; NumPy does not ask."""
    codes = np.frombuffer(array.astype(array.dtype.newbyteorder("=")).tobytes(), np.uint32)
    return not ((codes > _LAST_CHARACTER) | ((codes >= 0xD800) & (codes < 0xE000))).any()


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], *, compressed: bool = False) -> None:
    """Write arrays by their names to a .npz file, whole or not at all; the same arrays give the same bytes."""
    save: Callable[..., None] = np.savez_compressed if compressed else np.savez
    with written_whole(path) as stream:
        save(stream, **arrays)
