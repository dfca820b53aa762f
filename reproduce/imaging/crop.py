"""Parts of volumes: cut out around a mask, and put back where they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reproduce.errors import ArgumentError, GeometryError
from reproduce.imaging.volume import Volume, require_same_grid

Box = tuple[slice, slice, slice]
_POSITION_MM = 1e-3


def box_around(mask: np.ndarray, *, multiple_of: int) -> Box:
    """Find the smallest box around a mask that stays within the grid and has sides that a network can halve.

    Args:
        mask: bool `[z, y, x]`, e.g. the brain.
        multiple_of: The sides along y and x are multiples of it, 2 to the depth of the network; along z nothing is
            added. Where there is room on both sides, the mask stays in the middle, or half a voxel off.

    Raises:
        ArgumentError: The mask is not boolean or not 3-D, is empty, or the grid is too small for such a side.
    """
    if mask.dtype != bool or mask.ndim != 3 or not mask.any() or multiple_of < 1:
        _refuse("a boolean mask [z, y, x] with voxels, and multiple_of of 1 or more", f"{mask.dtype} of {mask.shape}")
    sides = []
    for axis, step in enumerate((1, multiple_of, multiple_of)):
        inside = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        first, n = int(inside[0]), int(inside[-1] - inside[0] + 1)
        side, room = -(-n // step) * step, mask.shape[axis]
        if side > room:
            _refuse(f"a grid of {side} voxels or more along axis {axis}", f"{room}")
        start = min(max(first - (side - n) // 2, 0), room - side)
        sides.append(slice(start, start + side))
    return sides[0], sides[1], sides[2]


def cropped(volume: Volume, box: Box) -> Volume:
    """Cut out the voxels within a box, each where it was in the patient.

    Args:
        volume: `[z, y, x]` or `[z, y, x, channel]`.
        box: Along (z, y, x), within the grid, in steps of 1; see `box_around`.

    Raises:
        ArgumentError: The box is empty, steps, or leaves the grid.
    """
    for side, n in zip(box, volume.shape, strict=True):
        if side.step not in (None, 1) or not 0 <= side.start < side.stop <= n:
            _refuse(f"a box within {volume.shape}", repr(box))
    affine = volume.affine.copy()
    affine[:3, 3] = volume.world_mm(np.array([side.start for side in box]))
    return replace(volume, voxels=volume.voxels[box], affine=affine)


def put_back(crop: Volume, grid: Volume, *, outside: float) -> Volume:
    """Put a crop back on the grid that it was cut from, at its position in the patient.

    Args:
        crop: `[z, y, x]` or `[z, y, x, channel]`, any unit: a prediction on what `cropped` gave.
        grid: Whose shape and affine to take; its voxels are not read.
        outside: The value of all other voxels.

    Returns:
        The crop's dtype and unit.

    Raises:
        GeometryError: The crop does not lie within the grid, voxel on voxel.
    """
    start = np.rint(grid.index_zyx(crop.world_mm(np.zeros(3)))).astype(int)
    z, y, x = (slice(int(first), int(first) + n) for first, n in zip(start, crop.shape, strict=True))
    box = (z, y, x)
    if any(side.start < 0 or side.stop > n for side, n in zip(box, grid.shape, strict=True)):
        raise GeometryError(
            expected=f"a crop within a grid of {grid.shape} voxels",
            got=f"voxels {[(side.start, side.stop) for side in box]} along (z, y, x)",
            where="put_back",
            do="pass the grid that the crop was cut from",
        )
    voxels = np.full((*grid.shape, *crop.voxels.shape[3:]), outside, dtype=crop.voxels.dtype)
    voxels[box] = crop.voxels
    whole = grid.on_same_grid(voxels, crop.unit)
    require_same_grid(cropped(whole, box), crop, names=("the grid", "the crop"), tolerance_mm=_POSITION_MM)
    return whole


def _refuse(expected: str, got: str) -> None:
    raise ArgumentError(expected=expected, got=got, where="crop", do="check the mask, the box and the grid")
