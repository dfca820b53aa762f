"""Metrics on real masks and real nodule lists, where the truth follows from how one side was made of the other."""

import csv
import math

import nibabel as nib
import numpy as np
import pytest

from reproduce.metrics.froc import competition_performance_metric, froc_curve, match_candidates
from reproduce.metrics.overlap import dice
from reproduce.metrics.surface import (
    assd_mm,
    hausdorff_mm,
    hausdorff_percentile_by_direction_mm,
    hausdorff_percentile_pooled_mm,
    surface_dice,
    surface_distances,
)

pytestmark = pytest.mark.real
EMPTY = {"both_empty": math.nan, "one_empty": math.inf}


@pytest.fixture(scope="module")
def hippocampi(real_data):
    """Every mask of the Decathlon sample with its spacing, one voxel of air around it."""
    found = []
    for path in sorted(real_data.glob("msd_hippocampus/labelsTr/*.nii.gz")):
        image = nib.load(path)
        spacing_mm = tuple(float(step) for step in image.header.get_zooms()[2::-1])
        found.append((np.pad(np.asarray(image.dataobj).T > 0, 1), spacing_mm))
    assert len(found) == 200
    return found


@pytest.mark.parametrize("elements", ["voxels", "subvoxel"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_masks_moved_by_one_voxel(hippocampi, elements, axis):
    # Every element has its own image one voxel away, and the outermost one along the axis has none nearer.
    for mask, spacing_mm in hippocampi:
        moved = np.roll(mask, 1, axis=axis)
        distances = surface_distances(mask, moved, spacing_mm=spacing_mm, elements=elements)
        step_mm = spacing_mm[axis]
        assert hausdorff_mm(distances, **EMPTY) == step_mm
        assert hausdorff_percentile_by_direction_mm(distances, percent=95, **EMPTY) in (0, step_mm)
        assert hausdorff_percentile_pooled_mm(distances, percent=95, **EMPTY) <= step_mm
        assert 0 < assd_mm(distances, **EMPTY) < step_mm
        assert surface_dice(distances, tolerance_mm=step_mm, both_empty=math.nan) == pytest.approx(1)
        # What is not within a hair lies one step away.
        share = 1 - surface_dice(distances, tolerance_mm=step_mm / 2, both_empty=math.nan)
        assert assd_mm(distances, **EMPTY) == pytest.approx(share * step_mm)
        assert 0.5 < dice(mask, moved, both_empty=math.nan) < 1


@pytest.fixture(scope="module")
def luna16(real_data):
    """Nodules of LUNA16: scan, centre in world mm, diameter."""
    with (real_data / "luna16" / "annotations.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1186
    scans = {}
    for row in rows:
        centre_mm = [float(row[f"coord{axis}"]) for axis in "XYZ"]
        scans.setdefault(row["seriesuid"], []).append((centre_mm, float(row["diameter_mm"])))
    return scans


@pytest.mark.parametrize(("radii_away", "cpm"), [(0.0, 1.0), (0.99, 1.0), (1.01, 0.0)])
def test_candidates_beside_every_nodule(luna16, radii_away, cpm):
    hits = []
    for nodules in luna16.values():
        nodules_mm, diameters_mm = np.array([n[0] for n in nodules]), np.array([n[1] for n in nodules])
        candidates_mm = nodules_mm + [[0, 0, radii_away * d / 2] for d in diameters_mm]
        hits.append(
            match_candidates(
                candidates_mm,
                np.ones(len(nodules)),
                nodules_mm=nodules_mm,
                diameters_mm=diameters_mm,
                irrelevant_mm=np.empty((0, 3)),
                irrelevant_diameters_mm=np.empty(0),
            )
        )
    curve = froc_curve(hits)
    # Some nodules lie in one another, so a candidate just outside its own may hit a neighbour.
    assert competition_performance_metric(curve) == pytest.approx(cpm, abs=0.01)
