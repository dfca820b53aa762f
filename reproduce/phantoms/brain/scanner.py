"""How a phantom brain comes out of the scanner and of the preparation of BraTS: shaded, blurred, noisy, stripped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from reproduce.phantoms.brain.fields import Field, draw_field
from reproduce.phantoms.scan_grid import Axes
from reproduce.phantoms.shapes import Triple, triple


@dataclass(frozen=True, eq=False)
class Sequence:
    """One modality of one patient."""

    gain: float  # stored number for one unit of signal; scanners differ
    shading: Field  # of the receiving coils
    shading_height: float  # standard deviation of its logarithm
    texture: Field  # grain of the tissue
    blur_mm: Triple  # standard deviation of the point spread along z, y, x
    noise: float  # standard deviation of the noise in either channel, in units of signal
    shift: Triple  # by which part of a voxel registration missed, along z, y, x


def draw_sequence(rng: np.random.Generator, *, shading_height: float) -> Sequence:
    """Draw a scanner and protocol for one modality; the mean height of its shading is given."""
    plane_mm = float(rng.uniform(0.35, 0.6))
    return Sequence(
        gain=float(np.exp(rng.uniform(np.log(0.6), np.log(2.6)))),
        shading=draw_field(rng, 50.0),
        shading_height=float(shading_height * rng.uniform(0.5, 1.5)),
        texture=draw_field(rng, 3.5),
        blur_mm=(float(rng.uniform(0.4, 1.3)), plane_mm, plane_mm),
        noise=float(rng.uniform(4.5, 12)),
        shift=triple(rng.uniform(-0.3, 0.3, 3)),
    )


def acquire(
    signal: np.ndarray, inside: np.ndarray, sequence: Sequence, axes: Axes, rng: np.random.Generator
) -> np.ndarray:
    """Return the stored image of one modality.

    The signal is shaded, blurred, given Rician noise (the modulus of a signal with Gaussian noise in two channels),
    stripped, and resampled by a part of a voxel with cubic convolution (Keys 1981), whose negative lobes make the
    small dips below zero along the rim that images of BraTS have.

    The signal is float32 `[z, y, x]`, 0 or more, on `axes` in mm; `inside` is bool, what is left after stripping.

    Returns:
        int16 `[z, y, x]`; exactly 0 away from what is inside.
    """
    shading = np.float32(sequence.shading_height) * sequence.shading.on_axes(axes)
    image = signal * np.exp(shading + np.float32(0.022) * sequence.texture.on_axes(axes))
    for axis, (blur_mm, along) in enumerate(zip(sequence.blur_mm, axes[::-1], strict=True)):
        voxel_mm = float(np.ptp(along)) / max(1, along.size - 1)
        if blur_mm > 0.3 * voxel_mm:
            image = ndimage.gaussian_filter1d(image, blur_mm / voxel_mm, axis=axis, mode="nearest", truncate=3.0)
    noise = np.float32(sequence.noise) * rng.standard_normal((2, *image.shape), dtype=np.float32)
    image = np.sqrt((image + noise[0]) ** 2 + noise[1] ** 2) * inside
    for axis, shift in enumerate(sequence.shift):
        image = ndimage.correlate1d(image, _cubic_weights(shift), axis=axis, mode="nearest")
    image *= ndimage.binary_dilation(inside)
    return np.clip(np.rint(image * np.float32(sequence.gain)), -32768, 32767).astype(np.int16)


def _cubic_weights(shift: float) -> np.ndarray:
    """Return the weights of five neighbours for a value `shift` voxels farther, |shift| < 1 (Keys 1981, a = -1/2)."""
    apart = np.abs(np.arange(-2, 3) - shift)
    near = 1.5 * apart**3 - 2.5 * apart**2 + 1
    far = -0.5 * apart**3 + 2.5 * apart**2 - 4 * apart + 2
    return np.where(apart < 1, near, np.where(apart < 2, far, 0.0))
