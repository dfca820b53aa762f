"""The branching vessels and bronchi of the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.phantoms.chest.anatomy import Anatomy
from reproduce.phantoms.scan_grid import Box, ScanGrid
from reproduce.phantoms.shapes import cone_distance_mm, coverage

_TIP_RADIUS_MM = 0.5
_ROOT_RADIUS_MM = 6.0
_MURRAY = 2.7  # r^k of a trunk is the sum of r^k of its branches; 3 in Murray (1926), 2.7 is measured in lungs
_DETOUR = 0.25  # how much a long way to the heart counts against a short new branch


@dataclass(frozen=True, eq=False)
class VesselTree:
    """Segments of one tree."""

    nodes_mm: np.ndarray  # float32 [n, 3], (x, y, z); node 0 is the root at the hilum
    parents: np.ndarray  # int [n]; the root is its own parent
    radii_mm: np.ndarray  # float32 [n], of the segment from the parent to the node
    is_artery: bool  # bronchi run beside arteries


def grow_trees(anatomy: Anatomy, grid: ScanGrid, rng: np.random.Generator) -> tuple[VesselTree, ...]:
    """Grow arteries and veins of both lungs to random tips in the part of the lungs that the scan shows.

    Tips lie up to 20 mm above and below the scan, for vessels run obliquely. A lung that the scan does not meet has
    only a root in its two trees.
    """
    trees = []
    for side in (-1, 1):
        for is_artery, root in ((True, (40 * side, 8, -20)), (False, (34 * side, 2, -38))):
            tips = _draw_tips(anatomy, grid, rng, side=side)
            trees.append(_grow(np.array(root, np.float32) * np.float32(anatomy.size), tips, is_artery=is_artery))
    return tuple(trees)


def _draw_tips(anatomy: Anatomy, grid: ScanGrid, rng: np.random.Generator, *, side: int) -> np.ndarray:
    """Draw random points in one lung, at least 2 mm from its surface, about one in a cube of 12 mm."""
    low = np.array([0, -anatomy.cage_mm[1], grid.z_mm[0] - 20])
    high = np.array([anatomy.cage_mm[0], anatomy.cage_mm[1], grid.z_mm[-1] + 20])
    n_points = int(np.prod(high - low) / 12.0**3)
    points = rng.uniform(low, high, (n_points, 3)).astype(np.float32) * np.array([side, 1, 1], np.float32)
    return points[anatomy.lungs_distance_mm(*points.T) < -2]


def _grow(root: np.ndarray, tips: np.ndarray, *, is_artery: bool) -> VesselTree:
    """Grow a tree to every tip, from near to far: each joins the node that makes its way to the root short."""
    nodes = np.vstack([root, tips[np.argsort(np.linalg.norm(tips - root, axis=1), kind="stable")]])
    parents, ways = np.zeros(len(nodes), dtype=int), np.zeros(len(nodes), dtype=np.float32)
    for i in range(1, len(nodes)):
        steps = np.linalg.norm(nodes[:i] - nodes[i], axis=1)
        parents[i] = np.argmin(steps + _DETOUR * ways[:i])
        ways[i] = ways[parents[i]] + steps[parents[i]]
    loads = np.ones(len(nodes))
    for i in range(len(nodes) - 1, 0, -1):
        loads[parents[i]] += loads[i]
    radii = np.minimum(_TIP_RADIUS_MM * loads ** (1 / _MURRAY), _ROOT_RADIUS_MM)
    return VesselTree(nodes.astype(np.float32), parents, radii.astype(np.float32), is_artery)


def cover_vessels(trees: tuple[VesselTree, ...], grid: ScanGrid) -> np.ndarray:
    """Return the share of each voxel that vessels fill: float32 `[z, y, x]`, all zero where no tree meets the grid."""
    filled = np.zeros(grid.shape, np.float32)
    for tree in trees:
        for i, parent in enumerate(tree.parents[1:], start=1):
            radii = (min(tree.radii_mm[parent], 1.25 * tree.radii_mm[i]), tree.radii_mm[i])
            cover_cone(filled, grid, ends_mm=(tree.nodes_mm[parent], tree.nodes_mm[i]), radii_mm=radii)
    return filled


def cover_bronchi(trees: tuple[VesselTree, ...], grid: ScanGrid) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of voxels in the outer wall and in the lumen of the bronchi that run beside large arteries."""
    outer, lumen = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    for tree in (tree for tree in trees if tree.is_artery):
        for i in np.flatnonzero(tree.radii_mm > 1.5):
            ends = [tree.nodes_mm[j] - np.array([0, 1, 0]) * (2.1 * tree.radii_mm[j]) for j in (tree.parents[i], i)]
            radius = 0.85 * tree.radii_mm[i]
            cover_cone(outer, grid, ends_mm=tuple(ends), radii_mm=(radius, radius))
            cover_cone(lumen, grid, ends_mm=tuple(ends), radii_mm=(0.7 * radius, 0.7 * radius))
    return outer, lumen


def cover_cone(
    filled: np.ndarray, grid: ScanGrid, *, ends_mm: tuple[np.ndarray, np.ndarray], radii_mm: tuple[float, float]
) -> None:
    """Raise `filled` `[z, y, x]`, in place, to the share of each voxel that a cone fills."""
    found = cone_share(grid, ends_mm=ends_mm, radii_mm=radii_mm)
    if found is not None:
        box, share = found
        np.maximum(filled[box], share, out=filled[box])


def cone_share(
    grid: ScanGrid, *, ends_mm: tuple[np.ndarray, np.ndarray], radii_mm: tuple[float, float]
) -> tuple[Box, np.ndarray] | None:
    """Return the box around a cone, and the share in [0, 1] of each of its voxels that the cone fills.

    The share is averaged over the slice; a cone that is thinner than a pixel covers at most its width over that of the
    pixel. None where the cone misses the grid.
    """
    ends = np.stack(ends_mm)
    reach = max(radii_mm) + grid.pixel_mm * np.array([1, 1, 0]) + grid.slice_mm * np.array([0, 0, 0.5])
    box = grid.box(ends.min(axis=0) - reach, ends.max(axis=0) + reach)
    if box is None:
        return None
    distance = cone_distance_mm(*grid.fine_axes(box), ends_mm=ends_mm, radii_mm=radii_mm)
    thin = np.float32(min(1.0, 2 * max(radii_mm) / grid.pixel_mm))
    return box, grid.slice_mean(coverage(distance, grid.pixel_mm)) * thin
