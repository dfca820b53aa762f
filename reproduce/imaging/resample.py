"""Images on other grids: slices to a network's size and back, volumes onto each other through the patient's space."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage
from skimage.transform import resize

from reproduce.errors import ArgumentError
from reproduce.imaging.volume import Volume

_OUTSIDE = {"HU": -1024, "label": 0, "probability": 0, "arbitrary": 0}


def resize_slices(slices: np.ndarray, size: tuple[int, int], *, order: int) -> np.ndarray:
    """Resize slices to another number of rows and columns over the same field of view.

    Half-pixel centres: output pixel i lies at input pixel (i + 1/2) * n_in / n_out - 1/2, so both grids share their
    outer edges, and resizing to the old size maps every position back to where it was. The way back for probabilities
    is therefore this same function with the size of the original image. When shrinking, an image is smoothed first
    (scikit-image: Gaussian of (n_in / n_out - 1) / 2 pixels); beyond the outermost centres the edge pixel goes on.

    Args:
        slices: `[z, y, x]` or `[z, y, x, channel]`.
        size: Rows and columns of the output.
        order: 0 is nearest neighbour, for labels: values and dtype stay, no smoothing, the higher neighbour where two
            are as near. 1 is linear, for images and probabilities. No default: the wrong one mixes labels.

    Returns:
        `[z, rows, columns]` or `[z, rows, columns, channel]`; the dtype of the input for order 0, float32 for order 1.
        No slices in, no slices out.

    Raises:
        ArgumentError: The input is not 3-D or 4-D, has no pixels, `size` is not positive, or `order` is not 0 or 1.
    """
    if slices.ndim not in (3, 4) or min(slices.shape[1:]) < 1:
        _refuse("slices [z, y, x] or [z, y, x, channel] with pixels", f"shape {slices.shape}", "resize_slices")
    if len(size) != 2 or min(size) < 1:
        _refuse("size = (rows, columns), both at least 1", repr(size), "resize_slices")
    if order not in (0, 1):
        _refuse("order 0 (nearest) or 1 (linear)", repr(order), "resize_slices")
    if order == 0:
        rows, columns = (_nearest(n_in, n_out) for n_in, n_out in zip(slices.shape[1:3], size, strict=True))
        return slices[:, rows[:, None], columns]
    resized = np.empty((len(slices), *size, *slices.shape[3:]), dtype=np.float32)
    for z, image in enumerate(slices):  # one slice at a time: the float copies stay small
        resized[z] = resize(
            image.astype(np.float32), resized.shape[1:], order=1, mode="edge", anti_aliasing=True, preserve_range=True
        )
    return resized


def resample_onto(volume: Volume, grid: Volume, *, interpolation: Literal["nearest", "linear"]) -> Volume:
    """Resample a volume onto the grid of another one, position by position in LPS mm.

    Voxel centres of `grid` go through its affine to mm and through the inverse affine of `volume` to fractional
    indices, where `volume` is interpolated (scipy.ndimage). Within half a voxel of its outermost centres the edge voxel
    goes on; farther out there is no image: -1024 in HU, else 0. Nothing is smoothed: for a much coarser grid smooth
    first.

    Args:
        volume: What is resampled; `[z, y, x]` or `[z, y, x, channel]`, unit "HU", "label", "probability" or
            "arbitrary".
        grid: Whose shape and affine to take; its voxels are not read.
        interpolation: "nearest" keeps values and dtype; "linear" gives float32. Labels take "nearest" alone.

    Returns:
        The volume on the new grid, its unit unchanged.

    Raises:
        ArgumentError: Another interpolation or unit, a label with "linear", or a volume without voxels.
    """
    if interpolation not in ("nearest", "linear") or (volume.unit == "label" and interpolation == "linear"):
        _refuse('interpolation "nearest", or "linear" except for labels', interpolation, f"a volume of {volume.unit}")
    if volume.unit not in _OUTSIDE:
        _refuse(f"a unit of {', '.join(_OUTSIDE)}", repr(volume.unit), "resample_onto")
    if volume.voxels.size == 0:
        _refuse("a volume with voxels", f"shape {volume.voxels.shape}", "resample_onto")
    matrix, offset = _index_map(volume, grid)
    inside = _inside(matrix, offset, n_in=volume.shape, n_out=grid.shape)
    channels = np.moveaxis(volume.voxels.reshape(*volume.shape, -1), -1, 0)
    resampled = [
        _interpolated(channel, matrix, offset, n_out=grid.shape, linear=interpolation == "linear")
        for channel in channels
    ]
    for channel in resampled:
        channel[~inside] = _OUTSIDE[volume.unit]
    voxels = resampled[0] if volume.voxels.ndim == 3 else np.stack(resampled, axis=-1)
    return grid.on_same_grid(voxels, volume.unit)


def _nearest(n_in: int, n_out: int) -> np.ndarray:
    """Return the input index nearest to each of `n_out` centres: floor((i + 1/2) * n_in / n_out), in whole numbers."""
    return (2 * np.arange(n_out) + 1) * n_in // (2 * n_out)


def _index_map(volume: Volume, grid: Volume) -> tuple[np.ndarray, np.ndarray]:
    """Return matrix and offset from indices (z, y, x) of `grid` to fractional indices (z, y, x) of `volume`."""
    xyz = np.linalg.inv(volume.affine) @ grid.affine
    return xyz[:3, :3][::-1, ::-1], xyz[:3, 3][::-1]


def _interpolated(
    voxels: np.ndarray, matrix: np.ndarray, offset: np.ndarray, *, n_out: tuple[int, int, int], linear: bool
) -> np.ndarray:
    """Interpolate voxels `[z, y, x]` at `matrix @ index + offset`, the edge voxel beyond the edge."""
    source = voxels.astype(np.float32) if linear else voxels.astype(np.uint8) if voxels.dtype == bool else voxels
    diagonal = np.abs(matrix - np.diag(np.diag(matrix))).max() < 1e-12
    resampled = ndimage.affine_transform(
        source,
        np.diag(matrix) if diagonal else matrix,  # a diagonal is interpolated axis by axis, much faster
        offset,
        output_shape=n_out,
        order=int(linear),
        mode="nearest",
    )
    return resampled.astype(bool) if voxels.dtype == bool and not linear else resampled


def _inside(
    matrix: np.ndarray, offset: np.ndarray, *, n_in: tuple[int, int, int], n_out: tuple[int, int, int]
) -> np.ndarray:
    """Return whether each output voxel centre, bool `[z, y, x]`, lies within the boxes of the input's voxels."""
    inside = np.ones(n_out, dtype=bool)
    y, x = np.ogrid[: n_out[1], : n_out[2]]
    for z in range(n_out[0]):  # slice by slice: three float coordinates per voxel of a whole CT are gigabytes
        for row, start, n in zip(matrix, offset, n_in, strict=True):
            index = start + row[0] * z + row[1] * y + row[2] * x
            inside[z] &= (index >= -0.5 - 1e-6) & (index <= n - 0.5 + 1e-6)
    return inside


def _refuse(expected: str, got: str, where: str) -> None:
    raise ArgumentError(expected=expected, got=got, where=where, do="see the docstring for what the function takes")
