"""One phantom patient: the scan, the truth of it, and what four readers make of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reproduce.imaging.volume import Volume
from reproduce.phantoms.chest.anatomy import Anatomy, draw_anatomy
from reproduce.phantoms.chest.lesions import NODULE, Lesion, draw_lesions
from reproduce.phantoms.chest.painting import paint_chest, paint_lungs
from reproduce.phantoms.chest.readers import Reading, read_scan
from reproduce.phantoms.chest.scanner import Scanner, draw_scanner, scan
from reproduce.phantoms.chest.vessels import grow_trees
from reproduce.phantoms.scan_grid import ScanGrid
from reproduce.phantoms.shapes import triple
from reproduce.randomness import stream

_LEAST_FIELD_MM, _LARGEST_FIELD_MM = 0.6 * 512, 0.9 * 512


@dataclass(frozen=True, eq=False)
class ChestCt:
    """A phantom scan with everything that is known about it; arrays are `[z, y, x]`."""

    image: Volume  # int16, HU; z runs from the feet to the head
    grid: ScanGrid  # the same grid in the frame of the body
    structures: dict[str, np.ndarray]  # bool by name: body, lung_left, lung_right, heart, oesophagus, spinal_cord
    lesions: tuple[Lesion, ...]  # what there is in the lungs; the first is a nodule of 13 mm or more
    nodule_labels: np.ndarray  # uint8: i + 1 where lesion i is a nodule of 3 mm or more, else 0
    readings: tuple[Reading, ...]  # what each of the four readers marked
    scanner: Scanner  # how the scan was made and is to be stored


def draw_patient(seed: int, number: int, *, matrix: int, n_slices: int, slice_spacing_mm: float) -> ChestCt:
    """Draw one patient of a phantom cohort, the same for the same arguments.

    Patients differ in size, build, contrast, lesions, scanner, and in the part of the chest that the scan shows. The
    field of view belongs to the patient: a smaller matrix has larger pixels (0.6 to 0.9 mm at 512). Arguments are
    those of `PhantomPatient`; all slices together should make 40 mm or more.

    Raises:
        CohortError: The part of the lungs that the scan shows is too small for a nodule.
        ValueError: `matrix` is below 32, there are fewer than 3 slices, or their distance is not above 0.
    """
    if matrix < 32 or n_slices < 3 or not slice_spacing_mm > 0:
        got = f"{matrix}, {n_slices}, {slice_spacing_mm}"
        raise ValueError(f"expected matrix >= 32, n_slices >= 3, spacing > 0; got {got}")

    def named(purpose: str) -> np.random.Generator:
        return stream(seed, "chest phantom", number, purpose)

    anatomy, scanner = draw_anatomy(named("anatomy")), draw_scanner(named("scanner"))
    grid, shift_mm = _place_grid(anatomy, named("position"), matrix, n_slices, slice_spacing_mm)
    trees = grow_trees(anatomy, grid, named("vessels"))
    lesions = draw_lesions(anatomy, grid, trees, named("lesions"))
    lungs_hu = paint_lungs(anatomy, grid, trees, lesions, named("tissue"))
    densities, structures = paint_chest(anatomy, grid, lungs_hu)
    radius_mm = float(np.mean(anatomy.body_mm))
    voxels = scan(densities, scanner, named("noise"), pixel_mm=grid.pixel_mm, body_radius_mm=radius_mm)
    affine = np.diag([grid.pixel_mm, grid.pixel_mm, grid.slice_mm, 1.0])
    affine[:3, 3] = np.round(np.array(grid.corner_mm) + shift_mm, 4)
    labels, readings = _label_nodules(lesions, structures, grid), read_scan(lesions, anatomy, grid, named("readers"))
    return ChestCt(Volume(voxels, affine, "HU"), grid, structures, lesions, labels, readings, scanner)


def _place_grid(
    anatomy: Anatomy, rng: np.random.Generator, matrix: int, n_slices: int, slice_mm: float
) -> tuple[ScanGrid, np.ndarray]:
    """Place the field of view around the body and part of the chest; return the shift to the scanner's origin too.

    Numbers are rounded to what a DICOM decimal string holds, so that the file says exactly what was drawn.
    """
    field = float(np.clip(2 * anatomy.body_mm[0] * rng.uniform(1.04, 1.18), _LEAST_FIELD_MM, _LARGEST_FIELD_MM))
    pixel_mm = round(field / matrix, 6)
    height = (n_slices - 1) * slice_mm
    lowest, highest = -100 * anatomy.size, 62 * anatomy.size - height
    z = float(rng.uniform(lowest, highest)) if highest > lowest else 0.5 * (lowest + highest)
    aside = rng.uniform(-1, 1, 2) * (0.015 * field, 0.02 * field)
    corner = np.array([aside[0], aside[1] - 0.01 * field, z]) - pixel_mm * (matrix - 1) / 2 * np.array([1, 1, 0])
    corner = np.append(np.round(corner[:2], 4), np.round(corner[2], 1))
    shift_mm = np.round(np.array([rng.uniform(-15, 15), rng.uniform(-40, 40), rng.uniform(-260, -60)]), 1)
    return ScanGrid(matrix, n_slices, pixel_mm, slice_mm, triple(corner)), shift_mm


def _label_nodules(lesions: tuple[Lesion, ...], structures: dict[str, np.ndarray], grid: ScanGrid) -> np.ndarray:
    """Label voxels whose centre lies inside a nodule and inside a lung."""
    labels = np.zeros(grid.shape, np.uint8)
    for i, lesion in enumerate(lesions):
        box = grid.box(lesion.centre_mm - lesion.reach_mm, lesion.centre_mm + lesion.reach_mm)
        if lesion.kind == NODULE and box is not None:
            inside = lesion.distance_mm(*grid.axes(box)) < 0
            inside &= structures["lung_left"][box] | structures["lung_right"][box]
            labels[box][inside] = i + 1
    return labels
