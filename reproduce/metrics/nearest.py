"""Distance from points of a grid to the nearest of other points of that grid, exact, for surfaces that lie close.

A distance transform computes this for every voxel of the box; a surface asks for few of them. Here the distance to the
nearest target in the same column is known for all columns after two sweeps; each point then visits the columns around
its own, nearest first, until no column farther away can hold a nearer target: the minimisation by dimensions of
Saito and Toriwaki (1994), carried out only where it is asked for. Two segmentations of one organ are mostly within few
voxels, so few columns are visited. Points without a target within the columns visited go to a k-d tree.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.spatial import cKDTree

Shape = tuple[int, int, int]
SpacingMm = tuple[float, float, float]

# Beyond so many columns the tree is faster.
_COLUMNS = 256
# This many steps mean "none near"; one more still fits into uint8, which is all that a sweep adds.
_NONE_NEAR = 254
# Points handled together: index, distance and gathered steps stay in the second-level cache.
_POINTS_AT_ONCE = 1 << 14
# Points that are done are dropped from a block after so many columns.
_COLUMNS_BETWEEN_DROPS = 4


def nearest_mm(points: np.ndarray, targets: np.ndarray, *, shape: Shape, spacing_mm: SpacingMm) -> np.ndarray:
    """Euclidean distance in mm from each point to the nearest target.

    Args:
        points: int64 `[n]`, flat indices into a grid of `shape`.
        targets: int64 `[m]`, flat indices into the same grid.
        shape: (z, y, x).
        spacing_mm: (z, y, x) in mm.

    Returns:
        float64 `[n]`; inf where there is no target at all.
    """
    if targets.size == 0 or points.size == 0:
        return np.full(points.size, np.inf)
    grid = _Grid(shape, spacing_mm)
    steps = grid.steps_to(targets)
    index = grid.index(points)
    nearest_mm2 = np.empty(points.size)
    beyond = []
    for start in range(0, points.size, _POINTS_AT_ONCE):
        block = slice(start, start + _POINTS_AT_ONCE)
        beyond.append(start + _visit_columns(grid, steps, index[block], nearest_mm2[block]))
    far = np.concatenate(beyond)
    found_mm = np.sqrt(nearest_mm2, out=nearest_mm2)
    if far.size:
        found_mm[far] = _by_tree_mm(points[far], targets, shape, spacing_mm)
    return found_mm


class _Grid:
    """The grid with margins, so that a column around a point can be read without asking whether it exists.

    Attributes:
        apart_mm2: float64 `[n]`, rising; squared distance to each column that is visited.
        jumps: int64 `[n]`; what a point's index changes by on the way to that column.
        radius_mm2: Every column within it is visited, so a target found within it is the nearest.
        step_mm2: float64 `[256]`; squared distance of so many steps along a column; inf for none near.
    """

    def __init__(self, shape: Shape, spacing_mm: SpacingMm):
        self.shape = shape
        # Columns run along the finer of the first two axes, so that few of them lie within a distance. Along the last
        # axis a sweep would read memory against its order.
        self.along = 0 if spacing_mm[0] < spacing_mm[1] else 1
        columns, apart_mm2, radius_mm = _columns_around(shape, spacing_mm, self.along)
        self.margins = tuple(int(reach) for reach in np.abs(columns).max(axis=0))
        # Rows share their margins: the one behind a row is the one before the next.
        self.pitch = (shape[1] + 2 * self.margins[1], shape[2] + self.margins[2])
        self.jumps = (columns[:, 0] * self.pitch[0] + columns[:, 1]) * self.pitch[1] + columns[:, 2]
        self.apart_mm2, self.radius_mm2 = apart_mm2, radius_mm**2
        self.step_mm2 = (np.arange(256) * spacing_mm[self.along]) ** 2
        self.step_mm2[_NONE_NEAR:] = np.inf

    def index(self, flat: np.ndarray) -> np.ndarray:
        """int64 `[n]`: indices into the grid with margins, of flat indices into the grid without."""
        row, x = np.divmod(flat, self.shape[2])
        z, y = np.divmod(row, self.shape[1])
        return ((z + self.margins[0]) * self.pitch[0] + y + self.margins[1]) * self.pitch[1] + x + self.margins[2]

    def steps_to(self, targets: np.ndarray) -> np.ndarray:
        """uint8, flat, with margins: steps from each voxel to the nearest target of its column."""
        n_z = self.shape[0] + 2 * self.margins[0]
        n = n_z * self.pitch[0] * self.pitch[1]
        flat = np.full(n + self.margins[2], _NONE_NEAR, dtype=np.uint8)
        flat[self.index(targets)] = 0
        inside = tuple(slice(m, m + size) for m, size in zip(self.margins, self.shape, strict=True))
        slabs = np.moveaxis(flat[:n].reshape(n_z, *self.pitch)[inside], self.along, 0)
        across = np.empty(slabs.shape[1:], dtype=np.uint8)
        for order in (slabs, slabs[::-1]):
            for i in range(1, len(order)):
                np.add(order[i - 1], 1, out=across)
                np.minimum(order[i], across, out=order[i])
        return flat


def _visit_columns(grid: _Grid, steps: np.ndarray, index: np.ndarray, nearest_mm2: np.ndarray) -> np.ndarray:
    """Fill `nearest_mm2` for one block of points; which of them have no target within the radius.

    Args:
        grid: The grid with margins.
        steps: Of `grid.steps_to`.
        index: int64 `[n]`, of `grid.index`.
        nearest_mm2: float64 `[n]`, written to.

    Returns:
        int64, positions within the block.
    """
    which = np.arange(index.size)
    best_mm2 = grid.step_mm2.take(steps.take(index))
    for k in range(1, grid.jumps.size):
        if k % _COLUMNS_BETWEEN_DROPS == 1:
            going_on = best_mm2 > grid.apart_mm2[k]
            n_going_on = np.count_nonzero(going_on)
            if n_going_on < 0.8 * index.size or not n_going_on:
                nearest_mm2[which] = best_mm2
                which, index, best_mm2 = which[going_on], index[going_on], best_mm2[going_on]
                if not n_going_on:
                    break
        here_mm2 = grid.step_mm2.take(steps.take(index + grid.jumps[k]))
        here_mm2 += grid.apart_mm2[k]
        np.minimum(best_mm2, here_mm2, out=best_mm2)
    nearest_mm2[which] = best_mm2
    return which[best_mm2 > grid.radius_mm2]


@lru_cache(maxsize=64)
def _columns_around(shape: Shape, spacing_mm: SpacingMm, along: int) -> tuple[np.ndarray, np.ndarray, float]:
    """The columns within a radius: int64 `[n, 3]` steps (z, y, x) to each, nearest first; their squared distance; it.

    The radius is that of about `_COLUMNS` columns, and at most what the sweeps along a column can tell.
    """
    across = [axis for axis in range(3) if axis != along]
    across_mm2 = spacing_mm[across[0]] * spacing_mm[across[1]]
    radius_mm = float(min(np.sqrt(_COLUMNS * across_mm2 / np.pi), (_NONE_NEAR - 1) * spacing_mm[along]))
    reach = [min(int(radius_mm / spacing_mm[axis]), shape[axis] - 1) for axis in across]
    grid = np.mgrid[-reach[0] : reach[0] + 1, -reach[1] : reach[1] + 1].reshape(2, -1).T
    columns = np.zeros((len(grid), 3), dtype=np.int64)
    columns[:, across] = grid
    apart_mm2 = ((columns * spacing_mm) ** 2).sum(axis=1)
    order = np.argsort(apart_mm2, kind="stable")
    order = order[apart_mm2[order] <= radius_mm**2]
    return columns[order], apart_mm2[order], radius_mm


def _by_tree_mm(points: np.ndarray, targets: np.ndarray, shape: Shape, spacing_mm: SpacingMm) -> np.ndarray:
    """The same as `nearest_mm` by a k-d tree; distances from whole steps, so that they are exact multiples of them."""
    a, b = (np.stack(np.unravel_index(flat, shape), axis=1) for flat in (points, targets))
    tree = cKDTree(b * spacing_mm, balanced_tree=False, compact_nodes=False)
    _, which = tree.query(a * spacing_mm)
    return np.sqrt((((a - b[which]) * spacing_mm) ** 2).sum(axis=1))
