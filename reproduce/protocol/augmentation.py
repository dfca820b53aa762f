"""Ranges from which the changes of a training image are drawn."""

from __future__ import annotations

from dataclasses import dataclass

from reproduce.protocol.section import Section


@dataclass(frozen=True)
class Augmentation(Section):
    """Ranges from which one affine map is drawn for an image; each factor is uniform and independent.

    Attributes:
        rotation_deg: Largest angle in degrees, either way.
        scale: (smallest, largest) magnification.
        translation: Largest shift as a share of the side, either way, along each axis.
        flip: Whether to mirror left and right with probability one half.
        sides: Pairs of regions that change places in a mirrored image, such as the two lungs.
    """

    rotation_deg: float
    scale: tuple[float, float]
    translation: float
    flip: bool
    sides: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class VolumeAugmentation(Section):
    """Ranges from which a smooth map and a change of greys are drawn for a volume; each factor is independent.

    Attributes:
        rotation_deg: Largest angle about each of the three axes in degrees, either way.
        scale: (smallest, largest) magnification.
        translation_voxels: Largest shift along each axis, either way.
        flip: Whether to mirror left and right, the last axis, with probability one half.
        deformation_voxels: Standard deviation of the displacement of each control point along each axis; 0 for none.
        control_points: Points along z, y and x between which the displacement is a cubic spline; 2 at least.
        contrast: (smallest, largest) factor of the greys.
        brightness: Largest grey that is added or taken away.
        noise: Largest standard deviation of noise, drawn evenly from 0 on.
    """

    rotation_deg: float
    scale: tuple[float, float]
    translation_voxels: float
    flip: bool
    deformation_voxels: float
    control_points: tuple[int, int, int]
    contrast: tuple[float, float]
    brightness: float
    noise: float
