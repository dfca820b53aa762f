"""What each tissue looks like in each of the four modalities of BraTS."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

MODALITIES = ("flair", "t1", "t1ce", "t2")


# From 1; 0 is outside of the stripped brain.
Tissue = IntEnum(
    "Tissue",
    "CSF GREY WHITE NUCLEUS PALLIDUM CHOROID VESSEL HYPERINTENSITY SCAR OEDEMA ENHANCING NECROSIS SOLID",
)
# Relative signal of what a voxel is made of, white matter on T1 near 300: the order that textbooks give (T1: white over
# grey over CSF; T2 the reverse; FLAIR as T2 with dark CSF), the distances as in images of the BraTS kind.
_SIGNAL = {  #            flair   t1  t1ce   t2
    Tissue.CSF: (38, 92, 165, 840),
    Tissue.GREY: (222, 232, 305, 405),
    Tissue.WHITE: (194, 308, 342, 288),
    Tissue.NUCLEUS: (212, 258, 318, 345),
    Tissue.PALLIDUM: (180, 285, 334, 262),
    Tissue.CHOROID: (170, 180, 520, 560),
    Tissue.VESSEL: (110, 190, 640, 150),
    Tissue.HYPERINTENSITY: (292, 262, 318, 440),
    Tissue.SCAR: (300, 205, 275, 500),
    Tissue.OEDEMA: (290, 240, 318, 470),
    Tissue.ENHANCING: (292, 250, 520, 440),
    Tissue.NECROSIS: (235, 165, 215, 610),
    Tissue.SOLID: (300, 205, 270, 520),
}


def draw_signals(rng: np.random.Generator) -> np.ndarray:
    """Draw one patient's signals: float32 `[tissue, modality]`, by `Tissue` (row 0, background, is 0) and `MODALITIES`.

    Sequences differ in how far they set tissues apart, tissues from patient to patient; the enhancement and the
    fluid of a necrosis differ most.
    """
    table = np.array([(0, 0, 0, 0), *(_SIGNAL[tissue] for tissue in Tissue)], dtype=np.float64)
    white = table[Tissue.WHITE].copy()
    apart = rng.uniform(0.8, 1.15, len(MODALITIES))
    table[1:] = np.maximum(white + apart * (table[1:] - white), 20)
    table *= rng.normal(1, 0.012, table.shape)
    bright = table[Tissue.GREY, 0]
    table[Tissue.OEDEMA, 0] = bright * rng.uniform(1.1, 1.42)
    table[Tissue.HYPERINTENSITY, 0] = bright * rng.uniform(1.15, 1.4)
    table[Tissue.SCAR, 0] = bright * rng.uniform(1.2, 1.5)
    table[Tissue.SOLID, 0] = bright * rng.uniform(1.1, 1.45)
    table[Tissue.NECROSIS, 0] = bright * rng.uniform(0.6, 1.3)
    table[Tissue.ENHANCING, 2] *= rng.uniform(0.82, 1.25)
    return table.astype(np.float32)
