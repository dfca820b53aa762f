"""Joint augmentation of a volume and its labels by one smooth resampling into a box."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import ndimage
from scipy.interpolate import BSpline
from scipy.spatial.transform import Rotation

from reproduce.imaging.boxes import Box
from reproduce.protocol.augmentation import VolumeAugmentation


def augmented(
    image: np.ndarray, labels: np.ndarray, box: Box, augmentation: VolumeAugmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a volume as it might have been, in a box about its middle: turned, scaled, mirrored, bent, other greys.

    Each voxel of the box is looked up once in the volume, at `middle + mirror . rotation . (p + bend(p) + shift) /
    scale` for its position p from the middle of the box. Greys are interpolated linearly, each label by itself and the
    one with most weight stays, a label rather than background where both have half, as in `augment.apply_transforms`.
    What comes from outside is 0: the mean of z-scores, and background. All is drawn from `rng` in one order, so that a
    sample can be drawn again from its seed alone.

    Args:
        image: float32 `[z, y, x, channel]`.
        labels: uint8 `[z, y, x]`.
        box: (z, y, x) in voxels.
        augmentation: Ranges.
        rng: Generator of this sample alone.

    Returns:
        float32 `[*box, channel]` and uint8 `[*box]`.
    """
    positions = _positions(image.shape[:3], box, augmentation, rng)
    greys = np.stack([_looked_up(image[..., i], positions) for i in range(image.shape[-1])], axis=-1)
    return _regreyed(greys.reshape(*box, -1), augmentation, rng), _relabelled(labels, positions).reshape(box)


def _positions(shape: Box, box: Box, augmentation: VolumeAugmentation, rng: np.random.Generator) -> np.ndarray:
    """Return where in the volume each voxel of the box comes from, float32 `[3, voxels]`."""
    a = augmentation
    turn = Rotation.from_euler("zyx", rng.uniform(-a.rotation_deg, a.rotation_deg, 3), degrees=True).as_matrix()
    mirror = np.diag([1.0, 1.0, -1.0 if a.flip and rng.random() < 0.5 else 1.0])
    linear = mirror @ turn / rng.uniform(*a.scale)
    shift = rng.uniform(-a.translation_voxels, a.translation_voxels, 3)
    start = linear @ (shift - (np.array(box) - 1) / 2) + (np.array(shape) - 1) / 2
    # A sum over the three axes, and control points turned before they are interpolated: a tenth of the products.
    along = [np.arange(side)[None] * linear[:, i, None] for i, side in enumerate(box)]
    positions = (start[:, None] + along[0])[:, :, None, None] + along[1][:, None, :, None] + along[2][:, None, None, :]
    positions = positions.astype(np.float32)
    if a.deformation_voxels:
        points = np.tensordot(linear, rng.normal(0.0, a.deformation_voxels, (3, *a.control_points)), 1)
        for i, side in enumerate(box):  # one axis after another
            points = np.tensordot(points, _spline(a.control_points[i], side), (1, 1))  # the first one goes to the end
        positions += points.astype(np.float32)
    return positions.reshape(3, -1)


@cache
def _spline(n_points: int, side: int) -> np.ndarray:
    """Return the weight of each control point in each voxel of an axis, float64 `[side, n_points]`; rows add up to 1.

    A uniform cubic B-spline; beyond the ends of the axis the first and the last point are repeated.
    """
    knots = np.arange(-3.0, n_points + 3.0)
    weights = BSpline.design_matrix(np.linspace(0.0, n_points - 1.0, side), knots, 3).toarray()  # of -1 to n_points
    found = weights[:, 1:-1].copy()
    found[:, 0] += weights[:, 0]
    found[:, -1] += weights[:, -1]
    return found


def _looked_up(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    return ndimage.map_coordinates(values, positions, np.float32, order=1, mode="constant", cval=0.0, prefilter=False)


def _relabelled(labels: np.ndarray, positions: np.ndarray) -> np.ndarray:
    found = np.zeros(positions.shape[1], np.uint8)
    present = [int(label) for label in np.unique(labels) if label]
    if not present:
        return found
    # Most voxels come from nowhere near a label, and the look-ups are what an augmentation costs.
    ends = [np.flatnonzero(labels.any(axis=tuple({0, 1, 2} - {axis})))[[0, -1]] for axis in range(3)]
    near = np.all(
        [(low - 1 < position) & (position < high + 1) for (low, high), position in zip(ends, positions, strict=True)], 0
    )
    weights = [_looked_up((labels == label).astype(np.float32), positions[:, near]) for label in present]
    found[near] = np.array([*present, 0], np.uint8)[np.argmax(np.stack([*weights, 1.0 - sum(weights)]), axis=0)]
    return found


def _regreyed(image: np.ndarray, augmentation: VolumeAugmentation, rng: np.random.Generator) -> np.ndarray:
    a = augmentation
    factor, added = rng.uniform(*a.contrast), rng.uniform(-a.brightness, a.brightness)
    noise = rng.uniform(0.0, a.noise) * rng.standard_normal(image.shape, np.float32)
    return (image * factor + added + noise).astype(np.float32)
