"""The images of a split: which file an entry is, the digest of its voxels, and how alike two images look.

How alike: each image is cut into 12 blocks along every axis, and the differences of neighbouring blocks' means are
correlated (Pearson). Noise, another scale of grey, 8 bits, another size, smoothing and two degrees of rotation leave
0.95 or more; shifts by a block, crops and mirrored images do not, and are not found. docs/check_split.md has the
figures, false alarms too, and how they were had.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reproduce.errors import DataNotFoundError, NotAnImageError, ReproduceError
from reproduce.imaging.dicom import read_series
from reproduce.imaging.nifti import read_nifti
from reproduce.intake.files import sorted_files
from reproduce.leakage.split import Entry, SplitFileError, stem

NEAR = 0.95
_BLOCKS = 12
_AT_ONCE = 256
_NIFTI = (".nii", ".nii.gz")
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
_CHANNEL = re.compile(r"[_-](\d{4}|flair|t1|t1ce|t1n|t1c|t2|t2f|t2w)$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Content:
    """What is compared of one image.

    Attributes:
        entry: Whose it is.
        path: The file, or the folder of slices.
        digest: SHA-256 of shape and voxels as float64, whatever the file's type and compression.
        differences: float32 `[n]` of length 1; None of an image that is the same everywhere.
        n_axes: 2 or 3; images of other numbers of axes are not compared.
    """

    entry: Entry
    path: Path
    digest: str
    differences: np.ndarray | None
    n_axes: int


class ImageIndex:
    """The image files below a folder, by the names that a split may use for them."""

    def __init__(self, folder: Path) -> None:
        """Look through a folder.

        Raises:
            DataNotFoundError: It is not there, is no folder, or has no image.
        """
        if not folder.is_dir():
            got = "a file" if folder.exists() else "nothing there"
            raise DataNotFoundError(expected="a folder of images", got=got, where=folder, do="check the path")
        self._folder = folder
        self._by_stem: dict[str, dict[Path, None]] = defaultdict(dict)
        files = sorted_files(folder)
        pictures = (note.path for note in files.notes if note.path.suffix.lower() in _PICTURES and not note.is_fault)
        for path in (*files.nifti, *pictures):
            for name in {stem(path.name), _CHANNEL.sub("", stem(path.name))}:
                self._by_stem[name][path] = None
        for path in files.dicom:
            for parent in path.relative_to(folder).parents[:-1]:
                self._by_stem[parent.name][folder / parent] = None
        if not self._by_stem:
            do = "name a folder with NIfTI, DICOM, PNG, JPEG, TIFF or BMP"
            raise DataNotFoundError(expected="images", got=f"{files.n} other files", where=folder, do=do)

    def files_of(self, entry: Entry) -> tuple[Path, ...]:
        """Return the files of an entry, one a channel; none where there is no file of that name.

        Raises:
            SplitFileError: Files in several folders have that name.
        """
        if entry.path is not None:
            return (entry.path,)
        text = entry.text.replace("\\", "/")
        named = self._folder / text.lstrip("/")
        if _is_below(named, self._folder):
            return _channels_in(named) or (named,)
        found = tuple(self._by_stem.get(stem(text), ()))
        ends = [path for path in found if path.as_posix().endswith(f"/{text}")]
        found = tuple(ends) or found
        if len({path.parent for path in found}) > 1:
            got, do = f"{len(found)} in several folders", "write paths below the folder of images into the split"
            raise SplitFileError(expected="one image of that name", got=got, where=text, do=do)
        return found


def _is_below(path: Path, folder: Path) -> bool:
    try:
        return path.exists() and path.resolve().is_relative_to(folder.resolve())
    except OSError:  # a name that is too long for a file
        return False


def _channels_in(path: Path) -> tuple[Path, ...]:
    """Return the NIfTI images of a folder that is one case, but for its label map; none of a file."""
    inside = sorted(path.iterdir()) if path.is_dir() else []
    return tuple(each for each in inside if each.name.lower().endswith(_NIFTI) and not stem(each.name).endswith("seg"))


def read_content(entry: Entry, path: Path) -> Content:
    """Read an image and return what is compared of it.

    Raises:
        NotAnImageError: It is of no kind that is read here, or cannot be decoded.
        What `read_nifti` and `read_series` raise.
    """
    pixels = _pixels(path)
    return content_of(entry, path, pixels, is_picture=path.suffix.lower() in _PICTURES)


def content_of(entry: Entry, path: Path, pixels: np.ndarray, *, is_picture: bool) -> Content:
    """Return what is compared of pixels: `[z, y, x]` with channels last, or of a picture `[y, x]` with colours last."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    for plane in pixels:
        digest.update(np.ascontiguousarray(plane, dtype="<f8").tobytes())
    grey = pixels.mean(axis=-1) if is_picture and pixels.ndim == 3 else pixels
    while grey.ndim > 3:
        grey = grey[..., 0]
    return Content(entry, path, digest.hexdigest(), _differences(grey), grey.ndim)


def _pixels(path: Path) -> np.ndarray:
    if path.is_dir():
        return read_series(path).volume.voxels
    if path.name.lower().endswith(_NIFTI):
        return read_nifti(path).voxels
    from PIL import Image, UnidentifiedImageError

    do = "fetch the file again, or leave it out of the split"
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB") if image.mode in ("P", "CMYK", "YCbCr", "RGBA") else image)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        got = f"{type(error).__name__}"
        raise NotAnImageError(expected="NIfTI, a folder of slices, or a picture", got=got, where=path, do=do) from error


def _differences(pixels: np.ndarray) -> np.ndarray | None:
    # Plane by plane, so that a CT is never there in float64 as a whole.
    planes = pixels if pixels.ndim == 3 else pixels[None]
    blocks = np.stack([_block_means(_block_means(plane.astype(np.float64), axis=0), axis=1) for plane in planes])
    blocks = _block_means(blocks, axis=0) if pixels.ndim == 3 else blocks[0]
    steps = np.concatenate([np.diff(blocks, axis=axis).ravel() for axis in range(blocks.ndim)])
    steps = steps - steps.mean()
    length = np.linalg.norm(steps)
    return (steps / length).astype(np.float32) if np.isfinite(length) and length > 0 else None


def _block_means(values: np.ndarray, *, axis: int) -> np.ndarray:
    """Return means of equal parts along an axis; a voxel on the edge of two belongs to both in shares."""
    n = values.shape[axis]
    edges = np.linspace(0, n, _BLOCKS + 1)
    below = np.floor(edges).astype(int)
    sums = np.concatenate([np.zeros_like(np.take(values, [0], axis)), np.cumsum(values, axis)], axis)
    share = (edges - below).reshape([-1 if each == axis else 1 for each in range(values.ndim)])
    at_edges = np.take(sums, below, axis) * (1 - share) + np.take(sums, np.minimum(below + 1, n), axis) * share
    return np.diff(at_edges, axis=axis) * (_BLOCKS / n)


def near_pairs(one: Iterable[Content], other: Iterable[Content]) -> Iterator[tuple[Content, Content, float]]:
    """Yield pairs of images of two sides that look alike and are not the same, with their correlation."""
    sides = list(one), list(other)
    for n_axes in (2, 3):
        a, b = ([(each, each.differences) for each in side if _comparable(each, n_axes)] for side in sides)
        if not a or not b:
            continue
        columns = np.stack([differences for _, differences in b if differences is not None]).T
        for start in range(0, len(a), _AT_ONCE):
            some = a[start : start + _AT_ONCE]
            alike = np.stack([differences for _, differences in some if differences is not None]) @ columns
            for i, k in np.argwhere(alike >= NEAR):
                if some[i][0].digest != b[k][0].digest:
                    yield some[i][0], b[k][0], float(alike[i, k])


def _comparable(content: Content, n_axes: int) -> bool:
    return content.n_axes == n_axes and content.differences is not None


def read_contents(
    entries: Iterable[Entry], index: ImageIndex
) -> tuple[dict[Entry, tuple[Content, ...]], dict[Entry, ReproduceError]]:
    """Return the content of each entry's files, and why an entry has none."""
    contents: dict[Entry, tuple[Content, ...]] = {}
    faults: dict[Entry, ReproduceError] = {}
    for entry in entries:
        try:
            files = index.files_of(entry)
            if not files:
                do = "check the name, or name another folder of images"
                raise DataNotFoundError(expected="an image of that name", got="none", where=entry.text, do=do)
            contents[entry] = tuple(read_content(entry, path) for path in files)
        except ReproduceError as error:
            faults[entry] = error
    return contents, faults
