"""Slices as pictures within the page: the image once, the outlines as lines on top of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from skimage.measure import find_contours

from reproduce.figures.overlays import Overlay
from reproduce.report.drawing import polyline


@dataclass(frozen=True)
class Picture:
    """A part of one slice with its outlines, in millimetres.

    Attributes:
        patient, slice, note: Which, and what to know of it.
        width_mm, height_mm: Size of the part.
        image: PNG as a `data:` address.
        reference: Outline of the reference as the text of SVG's `d`; "" where it is empty.
        predictions: (model, outline), the outline as the text of SVG's `d`.
    """

    patient: str
    slice: int
    note: str
    width_mm: float
    height_mm: float
    image: str
    reference: str
    predictions: tuple[tuple[str, str], ...]


def pictures(overlays: Sequence[Overlay], models: Sequence[str]) -> list[Picture]:
    """Return a picture for each overlay, in their order."""
    return [_picture(overlay, models) for overlay in overlays]


def outline(mask: np.ndarray, pixel_mm: tuple[float, float]) -> str:
    """Return the edge of a mask as the text of SVG's `d`, in millimetres from the corner of the first pixel.

    Args:
        mask: bool `[y, x]`.
        pixel_mm: (y, x).

    Returns:
        One closed line for each part and each hole; "" for an empty mask. A part at the edge is closed along it.
    """
    lines = find_contours(np.pad(mask, 1).astype(np.float64), 0.5)
    # The middle of the first pixel lies at index 1 of the padded mask, and at half a pixel from the corner.
    edges_mm = [(line - 0.5) * np.array(pixel_mm) for line in lines]
    return "".join(polyline([(x, y) for y, x in line], closed=True) for line in edges_mm)


def png_address(image: np.ndarray) -> str:
    """Return a uint8 `[y, x]` image as a PNG within a `data:` address."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", optimize=True)
    return address(buffer.getvalue())


def address(png: bytes) -> str:
    """Return the bytes of a PNG file as a `data:` address."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _picture(overlay: Overlay, models: Sequence[str]) -> Picture:
    y_mm, x_mm = overlay.pixel_mm
    ny, nx = overlay.image.shape
    return Picture(
        overlay.patient,
        overlay.slice,
        overlay.note,
        round(nx * x_mm, 2),
        round(ny * y_mm, 2),
        png_address(overlay.image),
        outline(overlay.reference, overlay.pixel_mm),
        tuple(
            (model, outline(mask, overlay.pixel_mm)) for model, mask in zip(models, overlay.predictions, strict=True)
        ),
    )
