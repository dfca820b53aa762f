"""Area of the surface that runs between the eight voxels around a corner of the grid, for each of their 256 patterns.

Marching cubes (Lorensen and Cline 1987): the surface cuts every edge between an inside and an outside voxel in its
middle. The table is derived here rather than listed: cuts are joined on the faces of the cube, the closed polygons are
triangulated, and the triangles' normals are kept, so that areas follow for any spacing. The choices that marching cubes
leaves open are those of DeepMind's surface-distance, whose 256 areas come out the same for any spacing:

- Where a face has two inside voxels on a diagonal, the fewer kind (inside, where there are four of each) is cut off
  voxel by voxel. A pattern and its complement have one area.
- A pentagon is cut into the triangle over its three parallel edges and the trapezoid that remains.
- A hexagon is cut along the triangle of every other vertex.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np

# In the order of their bits.
_CORNERS = tuple(itertools.product((0, 1), repeat=3))
_Point = tuple[float, float, float]


@lru_cache(maxsize=64)
def surfel_areas_mm2(spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """Area in mm² of each pattern.

    Args:
        spacing_mm: (z, y, x) in mm.

    Returns:
        float64 `[256]`; entry `sum of inside(z, y, x) << (4 z + 2 y + x)` over the corners (z, y, x) of the unit cube.
        0 for the two patterns without a surface. Read only: the table is kept for the next call.
    """
    z_mm, y_mm, x_mm = spacing_mm
    across_mm2 = np.array([y_mm * x_mm, z_mm * x_mm, z_mm * y_mm])
    areas = np.linalg.norm(_triangle_normals() * across_mm2, axis=2).sum(axis=1)
    areas.setflags(write=False)
    return areas


@lru_cache(maxsize=1)
def _triangle_normals() -> np.ndarray:
    """float64 `[256, 4, 3]`: normals (z, y, x), as long as the triangles are large at unit spacing; zeros fill up."""
    normals = np.zeros((256, 4, 3))
    for pattern in range(128):
        inside = {corner: bool(pattern >> bit & 1) for bit, corner in enumerate(_CORNERS)}
        fewer = sum(inside.values()) <= 4
        polygons = _polygons([cut for face in _faces() for cut in _cuts(face, inside, fewer)])
        triangles = [triangle for polygon in polygons for triangle in _triangles(polygon)]
        for i, (a, b, c) in enumerate(np.array(triangles).reshape(-1, 3, 3)):
            normals[[pattern, 255 - pattern], i] = np.cross(b - a, c - a) / 2
    return normals


def _faces() -> list[list[tuple[int, ...]]]:
    """The four corners of each face, in a ring."""
    rings = []
    for axis, side in itertools.product(range(3), (0, 1)):
        ring = [(0, 0), (0, 1), (1, 1), (1, 0)]
        rings.append([(*pair[:axis], side, *pair[axis:]) for pair in ring])
    return rings


def _cuts(face: list[tuple[int, ...]], inside: dict[tuple[int, ...], bool], cut_off: bool) -> list[tuple]:
    """The lines in which the surface meets a face, each a pair of edge middles."""
    middles = [tuple((a + b) / 2 for a, b in zip(face[i], face[(i + 1) % 4], strict=True)) for i in range(4)]
    cut = [i for i in range(4) if inside[face[i]] != inside[face[(i + 1) % 4]]]
    if len(cut) == 4:
        return [(middles[i - 1], middles[i]) for i in range(4) if inside[face[i]] == cut_off]
    return [(middles[cut[0]], middles[cut[1]])] if cut else []


def _polygons(cuts: list[tuple]) -> list[list[_Point]]:
    """The closed rings that the cuts join into; each middle of an edge ends two cuts, one on either face."""
    neighbours: dict[_Point, list[_Point]] = {}
    for a, b in cuts:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    rings = []
    while neighbours:
        ring = [next(iter(neighbours))]
        while ring[-1] in neighbours:
            onward = [point for point in neighbours.pop(ring[-1]) if point in neighbours]
            if onward:
                ring.append(onward[0])
        rings.append(ring)
    return rings


def _triangles(polygon: list[_Point]) -> list[tuple[_Point, _Point, _Point]]:
    n = len(polygon)
    if n == 6:
        ears = [(polygon[i - 1], polygon[i], polygon[(i + 1) % n]) for i in (1, 3, 5)]
        return [(polygon[0], polygon[2], polygon[4]), *ears]
    first = 0
    if n == 5:
        # The middle of the three parallel edges: the tip of its ear is left out of the trapezoid.
        directions = [point.index(0.5) for point in polygon]
        first = next(i for i in range(n) if directions[i - 1] == directions[i] == directions[(i + 1) % n])
        first = (first + 1) % n
    ring = polygon[first:] + polygon[:first]
    return [(ring[0], ring[i], ring[i + 1]) for i in range(1, n - 1)]
