"""The one geometry type: voxels on a grid in patient space."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reproduce.errors import GeometryError

# Largest cosine between two axes that are taken to stand at right angles.
_SQUARE = 1e-3
FARTHEST_MM = 1e5  # of coordinates in a file, from its origin: beyond it one is damaged


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels with the affine that places them in the patient.

    Attributes:
        voxels: `[z, y, x]`, or `[z, y, x, channel]`; any dtype.
        affine: float64 `[4, 4]`; maps the index (x, y, z, 1) of a voxel centre to LPS millimetres (x to the patient's
            left, y to the back, z to the head), the world of DICOM. NIfTI's RAS is converted at the reader.
        unit: What a value means: "HU", "label", "probability" or "arbitrary", or the Units of a PET, e.g. "BQML".

    Raises:
        GeometryError: The affine is not an invertible 4x4 matrix, or the voxels are not 3-D or 4-D.
    """

    voxels: np.ndarray
    affine: np.ndarray
    unit: str

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        do = "mend the header, or leave the case out through the exclusion ledger"
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
            raise GeometryError(expected="an invertible 4x4 affine", got=repr(affine.tolist()), where="Volume", do=do)
        if self.voxels.ndim not in (3, 4):
            got = f"an array of shape {self.voxels.shape}"
            raise GeometryError(expected="voxels [z, y, x] or [z, y, x, channel]", got=got, where="Volume", do=do)
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Return the distance between neighbouring voxel centres along (z, y, x) in mm, derived from the affine."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(z), float(y), float(x)

    @property
    def voxel_mm3(self) -> float:
        """Return the volume of a voxel, |det| of the affine: on a sheared grid below the product of the spacings."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the number of voxels along (z, y, x)."""
        z, y, x = self.voxels.shape[:3]
        return z, y, x

    def world_mm(self, index_zyx: np.ndarray) -> np.ndarray:
        """Return LPS millimetres (x, y, z) of voxel indices.

        Args:
            index_zyx: `[..., 3]`, (z, y, x), whole or fractional.

        Returns:
            float64 `[..., 3]`; empty input gives empty output.
        """
        xyz = np.asarray(index_zyx, dtype=np.float64)[..., ::-1]
        return xyz @ self.affine[:3, :3].T + self.affine[:3, 3]

    def index_zyx(self, world_mm: np.ndarray) -> np.ndarray:
        """Return fractional voxel indices (z, y, x) of LPS millimetres (x, y, z); the inverse of `world_mm`."""
        offset = np.asarray(world_mm, dtype=np.float64) - self.affine[:3, 3]
        return (offset @ np.linalg.inv(self.affine[:3, :3]).T)[..., ::-1]

    def on_same_grid(self, voxels: np.ndarray, unit: str) -> Volume:
        """Return other voxels on this grid, e.g. a mask of this image.

        Raises:
            GeometryError: `voxels` has another number of voxels along z, y or x.
        """
        if voxels.shape[:3] != self.shape:
            raise GeometryError(
                expected=f"voxels of shape {self.shape}",
                got=f"shape {voxels.shape[:3]}",
                where="Volume.on_same_grid",
                do="resample onto the image's grid first",
            )
        return replace(self, voxels=voxels, unit=unit)


def require_right_angles(volume: Volume, *, where: str) -> None:
    """Return if the axes of a grid stand at right angles, so that its spacings alone tell distances in mm.

    Cosines up to 1e-3 pass: they change no distance by more than a thousandth, and headers are rounded.

    Raises:
        GeometryError: Two axes stand at another angle, as z and y do under a tilted gantry.
    """
    axes = volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0)
    cosines = axes.T @ axes - np.eye(3)
    if np.abs(cosines).max() > _SQUARE:
        i, j = np.unravel_index(np.abs(cosines).argmax(), cosines.shape)
        angle = np.degrees(np.arccos(np.clip(cosines[i, j], -1, 1)))
        raise GeometryError(
            expected="axes at right angles, since distances of surfaces are measured from the spacing of voxels alone",
            got=f"{'xyz'[i]} and {'xyz'[j]} at {angle:.1f} degrees, as under a tilted gantry",
            where=where,
            do="resample onto a grid at right angles, or leave the scan out through the exclusion ledger",
        )


def require_same_grid(a: Volume, b: Volume, *, names: tuple[str, str], tolerance_mm: float) -> None:
    """Return if two volumes share one grid.

    Args:
        a: One volume.
        b: The other one.
        names: What they are, for the error: e.g. the two files.
        tolerance_mm: Largest distance allowed between the same voxel of both, at any corner of the grid.

    Raises:
        GeometryError: Shapes differ, or a corner lies farther apart than `tolerance_mm`; both sides are named.
    """
    where = f"{names[0]} and {names[1]}"
    do = "resample one onto the other's grid, or leave the case out through the exclusion ledger"
    if a.shape != b.shape:
        raise GeometryError(
            expected=f"one shape (z, y, x) for both, {a.shape} as in {names[0]}",
            got=f"{b.shape} in {names[1]}",
            where=where,
            do=do,
        )
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in a.shape], indexing="ij")).reshape(3, -1).T
    apart_mm = float(np.linalg.norm(a.world_mm(corners) - b.world_mm(corners), axis=1).max())
    if apart_mm > tolerance_mm:
        raise GeometryError(
            expected=f"grids at most {tolerance_mm} mm apart",
            got=f"{apart_mm:.3f} mm between the same corner of both",
            where=where,
            do=do,
        )
