"""Whether a registration brings points together, and whether its deformation folds space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reproduce.errors import MetricInputError
from reproduce.metrics import inputs


def target_registration_error_mm(fixed_mm: np.ndarray, moved_mm: np.ndarray) -> np.ndarray:
    """Distance of each landmark from where it belongs, in mm (Fitzpatrick et al. 1998).

    Args:
        fixed_mm: `[n, d]`, landmarks in the world of the fixed image, in mm.
        moved_mm: `[n, d]`, the same landmarks of the moving image after registration, in the same world. Before
            registration it gives the initial error.

    Returns:
        float64 `[n]`; empty for empty input. Its mean and standard deviation are what papers print.

    Raises:
        MetricInputError: The shapes differ or are not `[n, d]`, or a coordinate is nan or infinite.
    """
    fixed_mm = inputs.finite(fixed_mm, where="target_registration_error_mm")
    moved_mm = inputs.finite(moved_mm, where="target_registration_error_mm")
    inputs.same_shape(fixed_mm, moved_mm, where="target_registration_error_mm")
    if fixed_mm.ndim != 2:
        raise MetricInputError(
            expected="landmarks [n, d]",
            got=f"shape {fixed_mm.shape}",
            where="target_registration_error_mm",
            do="one row per landmark, one column per axis",
        )
    return np.linalg.norm(moved_mm - fixed_mm, axis=1)


def jacobian_determinant(displacement_mm: np.ndarray, *, spacing_mm: Sequence[float]) -> np.ndarray:
    """Local change of volume under x -> x + u(x): det(I + du/dx); below or at 0 space folds.

    Derivatives by central differences inside and one-sided ones at the border (numpy.gradient). Forward differences,
    as some tools take, see finer folds, so their shares differ.

    Args:
        displacement_mm: `[z, y, x, 3]` with components (z, y, x), or `[y, x, 2]` with components (y, x), in mm along
            the axes of the grid; finite.
        spacing_mm: (z, y, x), or (y, x), in mm.

    Returns:
        float64 `[z, y, x]` or `[y, x]`; 1 where nothing moves. Empty for empty input.

    Raises:
        MetricInputError: Components, axes and spacing disagree in number, an axis has a single voxel (no derivative),
            or a value is nan or infinite.
    """
    displacement_mm = inputs.finite(displacement_mm, where="jacobian_determinant")
    shape = displacement_mm.shape
    n_axes = displacement_mm.ndim - 1
    if n_axes not in (2, 3) or shape[-1] != n_axes or len(spacing_mm) != n_axes or 1 in shape[:-1]:
        raise MetricInputError(
            expected="a displacement [z, y, x, 3] or [y, x, 2], at least two voxels per axis, and a spacing per axis",
            got=f"shape {shape} and {len(spacing_mm)} spacings",
            where="jacobian_determinant",
            do="put the components last, in the order of the axes",
        )
    if not displacement_mm.size:
        return np.empty(shape[:-1])
    jacobian = np.empty((*shape, n_axes))
    for axis, step_mm in enumerate(spacing_mm):
        jacobian[..., axis] = np.gradient(displacement_mm, step_mm, axis=axis)
        jacobian[..., axis, axis] += 1
    return np.linalg.det(jacobian)


def folding_share(determinant: np.ndarray, *, region: np.ndarray) -> float:
    """Share of voxels where the deformation folds: determinant <= 0, in [0, 1].

    Args:
        determinant: float, any shape; of `jacobian_determinant`.
        region: bool, the same shape: where it matters. Borders and air move freely, and papers differ in leaving them
            out, so it is named: `np.ones(determinant.shape, bool)` for all.

    Returns:
        float64; nan for an empty region.

    Raises:
        MetricInputError: The shapes differ, `region` is not boolean, or a determinant in it is nan or infinite.
    """
    determinant, region = np.asarray(determinant), np.asarray(region)
    inputs.same_shape(determinant, region, where="folding_share")
    inputs.masks(region, region, where="folding_share, region")
    inside = inputs.finite(determinant[region], where="folding_share")
    return float(np.count_nonzero(inside <= 0) / inside.size) if inside.size else np.nan
