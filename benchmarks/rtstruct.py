"""Seconds from an RTSTRUCT file to masks: five structures on 150 slices of 512x512, beside scikit-image's polygons.

    python benchmarks/rtstruct.py [--repeats 5]

The outlines are traced from solids of the size of the organs of LCTSC and written as a file first; that is not timed.
The peer draws each outline by itself with `skimage.draw.polygon2mask` and combines those of a slice by exclusive or. It
is given the points that our reader read, and pays for no file.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from skimage.draw import polygon2mask
from timing import in_turn, show

from reproduce.imaging.rtstruct import StructureSet, read_structures
from reproduce.imaging.rtstruct_masks import draw_structure
from reproduce.imaging.volume import Volume
from reproduce.phantoms.chest.scanner import Scanner, Storage
from reproduce.phantoms.writers.dicom_ct import CtSeriesTags
from reproduce.phantoms.writers.rtstruct import write_structure_set

SHAPE = (150, 512, 512)
AFFINE = np.array([[0.9766, 0, 0, -250], [0, 0.9766, 0, -250], [0, 0, 3.0, -600], [0, 0, 0, 1]])
# Centre (y, x) and half axes (y, x) in pixels, number of bulges of the rim, and whether there is a hole.
SOLIDS = {
    "Lung_L": ((250, 350), (110, 75), 9, True),
    "Lung_R": ((250, 160), (115, 80), 11, True),
    "Heart": ((230, 280), (65, 75), 5, False),
    "Esophagus": ((300, 262), (10, 9), 2, False),
    "SpinalCord": ((350, 256), (7, 8), 1, False),
}


def draw_solids() -> dict[str, np.ndarray]:
    """Masks by name, bool `[z, y, x]`: ellipses with a wavy rim that swell and shrink with the slice."""
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]].astype(np.float32)
    masks = {name: np.zeros(SHAPE, dtype=bool) for name in SOLIDS}
    for name, ((cy, cx), (ry, rx), n_waves, has_hole) in SOLIDS.items():
        radius, angle = np.hypot((y - cy) / ry, (x - cx) / rx), np.arctan2(y - cy, x - cx)
        for z in range(SHAPE[0]):
            swell = 0.7 + 0.3 * np.sin(np.pi * z / SHAPE[0])
            masks[name][z] = radius < swell * (1 + 0.08 * np.sin(n_waves * angle + 0.1 * z))
            if has_hole:
                masks[name][z] &= radius > 0.12
    return masks


def write_file(path: Path, masks: dict[str, np.ndarray], image: Volume) -> None:
    scanner = Scanner("PHANTOM", "SOFT", 0.6, 20.0, 0.2, 200, Storage(False, 12, -1024, None))
    tags = CtSeriesTags(("benchmark",), "PHANTOM", "benchmark", scanner, "HFS", True)
    write_structure_set(path, masks, image, tags)


def ours(structures: StructureSet, image: Volume) -> dict[str, np.ndarray]:
    return {s.name: draw_structure(s, image, outside="refuse").voxels for s in structures.structures}


def by_polygons(structures: StructureSet, image: Volume) -> dict[str, np.ndarray]:
    """What scikit-image makes of the outlines, one at a time."""
    masks = {}
    for structure in structures.structures:
        masks[structure.name] = np.zeros(image.shape, dtype=bool)
        for contour in structure.contours:
            points = image.index_zyx(contour.points_mm)
            masks[structure.name][round(points[0, 0])] ^= polygon2mask(image.shape[1:], points[:, 1:])
    return masks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    image, truth = Volume(np.zeros(SHAPE, dtype=np.int16), AFFINE, "HU"), draw_solids()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "structures.dcm"
        write_file(path, truth, image)
        megabytes = path.stat().st_size / 1e6
        structures = read_structures(path)
        sides = {
            "read the file": lambda: read_structures(path),
            "fill the outlines": lambda: ours(structures, image),
        }
        taken = in_turn(sides, rounds=repeats, clock=time.perf_counter)
        polygons = {"scikit-image, outline by outline": lambda: by_polygons(structures, image)}
        taken |= in_turn(polygons, rounds=1, clock=time.perf_counter)
    n_contours = sum(len(s.contours) for s in structures.structures)
    n_points = sum(len(c.points_mm) for s in structures.structures for c in s.contours)
    print(f"{n_contours} outlines of {n_points} points, {megabytes:.1f} MB, on {SHAPE[0]} slices of 512x512")
    median_s = {name: statistics.median(each) / 1e3 for name, each in taken.items()}
    show(
        [
            {"step": name, "median s": f"{median_s[name]:.3f}", "slowest s": f"{max(taken[name]) / 1e3:.3f}"}
            for name in taken
        ]
    )
    print(f"file to masks: {sum(median_s[name] for name in sides):.2f} s; asked for: 2 s")
    others = by_polygons(structures, image)
    for name, mask in ours(structures, image).items():
        other = others[name]
        print(f"{name:11} {mask.sum():>9} voxels; other than drawn: {(mask ^ truth[name]).sum()}, ", end="")
        print(f"other than scikit-image: {(mask ^ other).sum()}")


if __name__ == "__main__":
    main()
