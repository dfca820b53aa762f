"""Outlines to pixels by the even-odd rule: all outlines of a structure on all its slices in one pass, by scan lines."""

from __future__ import annotations

import numpy as np

_DECIMALS = 6  # of a pixel: coarser than the noise of an affine, finer than any outline is meant


def fill_even_odd(outlines_yx: list[np.ndarray], slices: np.ndarray, *, shape: tuple[int, int, int]) -> np.ndarray:
    """Fill the pixels that lie inside an odd number of the outlines of their slice.

    A pixel is its centre. Holes, islands, islands in holes and keyhole outlines (which run in and out of a hole along
    one line) follow from the rule alone, and so does an outline that is there twice: it encloses nothing. A centre on
    an outline belongs to what lies at greater x, or, on a horizontal piece, at greater y: outlines that share a border
    then share every pixel out between them. Coordinates and crossings are rounded to 1e-6 of a pixel first, so that the
    rule holds on a border although the affine brings noise. What lies outside of the image is cut off.

    Args:
        outlines_yx: float64 `[n, 2]` each, n >= 1, in pixels (y, x); the last point joins the first. Fewer than three
            points enclose nothing.
        slices: int `[k]`, slice of each outline, within `shape`.
        shape: Shape of the image, (z, y, x).

    Returns:
        bool of `shape`; all False where there is no outline, or none that reaches the image.
    """
    mask = np.zeros(shape, dtype=bool)
    if not outlines_yx:
        return mask
    points = np.round(np.concatenate(outlines_yx), _DECIMALS)
    corner, size = _box(points, np.asarray(slices), shape)
    if min(size) <= 0:
        return mask
    starts, ends = _edges(points, np.array([len(outline) for outline in outlines_yx]))
    edge_slices = np.repeat(slices, [len(outline) for outline in outlines_yx]) - corner[0]
    edge, row = _crossed_rows(starts[:, 0], ends[:, 0], first=corner[1], n_rows=size[1])
    (y0, x0), (y1, x1) = starts[edge].T, ends[edge].T
    crossing = np.round(x0 + (row - y0) * (x1 - x0) / (y1 - y0), _DECIMALS)
    column = np.clip(np.ceil(crossing).astype(np.intp) - corner[2], 0, size[2])
    # Every crossing turns all pixels from its column on; an odd number of turns is inside.
    width = size[2] + 1
    flat = (edge_slices[edge] * size[1] + (row - corner[1])) * width + column
    turns = np.zeros((size[0], size[1], width), dtype=np.uint8)
    np.add.at(turns.reshape(-1), flat, np.uint8(1))
    inside = np.bitwise_xor.accumulate(turns, axis=2)[:, :, :-1] & 1
    mask[tuple(slice(c, c + n) for c, n in zip(corner, size, strict=True))] = inside
    return mask


def _box(
    points: np.ndarray, slices: np.ndarray, shape: tuple[int, int, int]
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return corner and size, (z, y, x), of the part of the image that the points can enclose."""
    low = np.maximum(np.ceil(points.min(axis=0)), 0).astype(int)
    high = np.minimum(np.floor(points.max(axis=0)), np.array(shape[1:]) - 1).astype(int)
    corner = (int(slices.min()), int(low[0]), int(low[1]))
    return corner, (int(slices.max()) - corner[0] + 1, int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1)


def _edges(points: np.ndarray, n_points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of all edges of closed outlines, the one with the smaller y first.

    An edge that two outlines run along in opposite directions then has the same crossings to the last bit.
    """
    following = np.arange(1, len(points) + 1)
    last = np.cumsum(n_points) - 1
    following[last] = last - n_points + 1
    other = points[following]
    is_down = (points[:, 0] <= other[:, 0])[:, None]
    return np.where(is_down, points, other), np.where(is_down, other, points)


def _crossed_rows(y0: np.ndarray, y1: np.ndarray, *, first: int, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (edge, row) of every pixel row that an edge crosses: rows with y0 <= row < y1, within the box."""
    begin = np.clip(np.ceil(y0).astype(np.intp), first, first + n_rows)
    end = np.clip(np.ceil(y1).astype(np.intp), first, first + n_rows)
    n_crossed = end - begin
    edge = np.repeat(np.arange(len(y0)), n_crossed)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(n_crossed) - n_crossed, n_crossed) + begin[edge]
    return edge, row
