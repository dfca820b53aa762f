"""Images with one label each, whatever file they come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """A cohort of images that are classified whole.

    Attributes:
        images: uint8 or uint16 `[n, y, x, channel]`, grey values or colours.
        labels: int `[n]`.
        cases: Unique name of each image.
        patients: Patient of each image, the unit of every split; the case where no patient is known.
        source: The file or folder that they come from.
    """

    images: np.ndarray
    labels: np.ndarray
    cases: tuple[str, ...]
    patients: tuple[str, ...]
    source: Path
