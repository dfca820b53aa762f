"""Anchors of a feature pyramid: three shapes at each position, one size a level (Lin et al. 2017, FPN, section 4.1)."""

from __future__ import annotations

import numpy as np

# Height over width (Ren et al. 2015, section 3.1.1).
RATIOS = (0.5, 1.0, 2.0)


def level_anchors(grid: tuple[int, int], *, stride: tuple[int, int], side: float) -> np.ndarray:
    """The anchors of one level, row by row, the shapes of a position one after another.

    An anchor of ratio r is `side * sqrt(r)` high and `side / sqrt(r)` wide. Half sides are rounded to whole pixels and
    anchors stand at the upper left corner of their cell, not at its centre: both as in torchvision, whose weights
    would not fit otherwise; the papers leave both open.

    Args:
        grid: (y, x) cells of the level.
        stride: (y, x) pixels of the image in a cell.
        side: Square root of the anchors' area in pixels.

    Returns:
        float32 `[y * x * 3, 4]`: y0, x0, y1, x1 in pixels of the image; some reach beyond it.
    """
    ratios = np.array(RATIOS)
    half = np.stack([side * np.sqrt(ratios), side / np.sqrt(ratios)], axis=-1) / 2
    shapes = np.round(np.concatenate([-half, half], axis=-1))  # [3, 4]
    rows, columns = np.meshgrid(np.arange(grid[0]) * stride[0], np.arange(grid[1]) * stride[1], indexing="ij")
    corners = np.stack([rows, columns, rows, columns], axis=-1).reshape(-1, 1, 4)
    return (corners + shapes).reshape(-1, 4).astype(np.float32)


def pyramid_grids(size: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Cells (y, x) of P2 to P6 for an image whose sides are multiples of 32; P6 takes every second cell of P5."""
    grids = [(size[0] // 2**level, size[1] // 2**level) for level in range(2, 6)]
    return (*grids, tuple((side + 1) // 2 for side in grids[-1]))


def pyramid_anchors(size: tuple[int, int], *, scale: float) -> tuple[np.ndarray, ...]:
    """The anchors of P2 to P6; their side is `scale` strides on each level.

    Args:
        size: (y, x) of the image in pixels, multiples of 32.
        scale: 8 gives the sides 32, 64, 128, 256, 512 of FPN, for images of 800 pixels and more; small ones need less.

    Returns:
        One array a level, as in `level_anchors`.
    """
    levels = enumerate(pyramid_grids(size), start=2)
    return tuple(level_anchors(grid, stride=(2**k, 2**k), side=scale * 2**k) for k, grid in levels)
