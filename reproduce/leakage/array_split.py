"""A split that is an archive of arrays with its images, as MedMNIST publishes them."""

from __future__ import annotations

from pathlib import Path

from reproduce.array_files import read_arrays
from reproduce.leakage.images import Content, content_of
from reproduce.leakage.split import Division, Entry, SplitFileError, side_named

_END = "_images"
_DO = "name an .npz with train_images, val_images and test_images"


def read_array_split(path: Path) -> tuple[Division, dict[Entry, tuple[Content, ...]]]:
    """Return the division of an .npz whose arrays are called as sides, e.g. `train_images`, and what is compared.

    Args:
        path: Arrays uint8 `[n, y, x]`, `[n, y, x, 3]` or, as MedMNIST's volumes, `[n, z, y, x]`.

    Raises:
        SplitFileError: It is no such archive, or has fewer than two sides.
    """
    arrays = read_arrays(path, error=SplitFileError, do=_DO)
    sides = {side_named(name.removesuffix(_END)): pixels for name, pixels in arrays.items() if name.endswith(_END)}
    sides = {side: pixels for side, pixels in sides.items() if side and pixels.ndim in (3, 4) and len(pixels)}
    if len(sides) < 2:
        got = ", ".join(f"{name} {pixels.shape}" for name, pixels in arrays.items())
        raise SplitFileError(expected="arrays of images of two sides", got=got or "none", where=path, do=_DO)
    contents: dict[Entry, tuple[Content, ...]] = {}
    entries: dict[str, tuple[Entry, ...]] = {}
    for side, pixels in sides.items():
        is_picture = pixels.ndim == 3 or pixels.shape[-1] == 3
        entries[side] = tuple(Entry(f"{side}/{i}", path=path) for i in range(len(pixels)))
        for entry, image in zip(entries[side], pixels, strict=True):
            contents[entry] = (content_of(entry, path, image, is_picture=is_picture),)
    return Division("", entries), contents
