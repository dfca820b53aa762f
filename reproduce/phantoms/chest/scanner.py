"""Scanners: resolution, noise, field of view, and how a scanner stores its numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

AIR_HU = -1000.0


@dataclass(frozen=True)
class Storage:
    """How the numbers of a slice are stored."""

    is_signed: bool  # two's complement, or unsigned
    bits: int  # that are used of 16
    intercept_hu: int  # HU of the stored number 0; the slope is 1
    padding: int | None  # stored number outside the circle of reconstruction; None where the scanner writes air there

    @property
    def range_hu(self) -> tuple[int, int]:
        """Return the least and the greatest HU that the stored bits can say, padding aside."""
        if self.is_signed:
            return -1024, 2 ** (self.bits - 1) - 1 + self.intercept_hu
        return self.intercept_hu, 2**self.bits - 1 + self.intercept_hu


@dataclass(frozen=True)
class Scanner:
    """One scanner with the protocol of one scan."""

    model: str
    kernel: str  # of the reconstruction
    blur_mm: float  # standard deviation of the point spread in the slice
    noise_hu: float  # standard deviation in the middle of the body
    noise_peak_per_mm: float  # frequency at which the noise is strongest
    tube_ma: int  # tube current, lower with more noise
    storage: Storage


_STORAGES = (
    ("PHANTOM CT-1", Storage(is_signed=False, bits=12, intercept_hu=-1024, padding=None)),
    ("PHANTOM CT-2", Storage(is_signed=True, bits=16, intercept_hu=0, padding=-2000)),
    ("PHANTOM CT-3", Storage(is_signed=True, bits=16, intercept_hu=-1024, padding=-2000)),
)
_KERNELS = (("SOFT", 0.85, 0.14), ("STANDARD", 0.65, 0.20), ("LUNG", 0.45, 0.34))


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Draw a scanner; noise 15 to 40 HU, more of it with sharper kernels and lower dose."""
    model, storage = _STORAGES[rng.integers(len(_STORAGES))]
    sharpness = int(rng.choice(len(_KERNELS), p=[0.25, 0.55, 0.2]))
    kernel, blur_mm, peak = _KERNELS[sharpness]
    dose = rng.uniform(0, 1)
    noise_hu = 15 + 25 * (0.55 * (1 - dose) + 0.45 * sharpness / 2)
    return Scanner(model, kernel, blur_mm, float(noise_hu), peak, int(60 + 20 * round(17 * dose)), storage)


def scan(
    hu: np.ndarray, scanner: Scanner, rng: np.random.Generator, *, pixel_mm: float, body_radius_mm: float
) -> np.ndarray:
    """Return what the scanner makes of the true densities: blurred, noisy, rounded, cut to its range, padded.

    Noise is white noise filtered per slice to the spectrum f exp(-(f / peak)^2 / 2), the ramp of filtered back
    projection under the roll-off of a kernel; it falls towards the rim of the body, where rays are short.

    Densities are float32 `[z, y, x]` in HU, already averaged over the slices; `body_radius_mm` is the mean radius.

    Returns:
        int16 `[z, y, x]`, HU; outside the circle of reconstruction the HU of the padding, or air.
    """
    side = hu.shape[1]
    frequency = np.hypot(fft.fftfreq(side, pixel_mm)[:, None], fft.rfftfreq(side, pixel_mm)[None, :])
    spectrum = frequency * np.exp(-0.5 * (frequency / scanner.noise_peak_per_mm) ** 2)
    weights = np.full(spectrum.shape[1], 2.0)
    weights[0] = weights[-1] = 1.0
    gain = scanner.noise_hu / np.sqrt((spectrum**2 * weights).sum() / side**2)
    spectrum = (spectrum * gain).astype(np.float32)
    offsets = (np.arange(side, dtype=np.float32) - (side - 1) / 2) * np.float32(pixel_mm)
    radius = np.hypot(offsets[:, None], offsets[None, :])
    level = 0.35 + 0.65 * np.exp(-((radius / body_radius_mm) ** 2))
    circle = radius <= side / 2 * pixel_mm
    low, high = scanner.storage.range_hu
    padding = low if scanner.storage.padding is None else scanner.storage.padding + scanner.storage.intercept_hu
    scanned = np.empty(hu.shape, np.int16)
    for k, plane in enumerate(hu):
        white = rng.standard_normal(plane.shape, dtype=np.float32)
        noise = fft.irfft2(fft.rfft2(white) * spectrum, s=plane.shape)
        sharp = ndimage.gaussian_filter(plane, scanner.blur_mm / pixel_mm, mode="nearest", truncate=3.0)
        noisy = np.clip(np.rint(sharp + level * noise), low, high)
        scanned[k] = np.where(circle, noisy, padding)
    return scanned
