"""The five organs at risk of LCTSC: their labels, the names that they go by, and who wins a voxel of two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

OESOPHAGUS, HEART, LUNG_LEFT, LUNG_RIGHT, SPINAL_CORD = 1, 2, 3, 4, 5
LABEL_NAMES = dict(enumerate(("oesophagus", "heart", "lung_left", "lung_right", "spinal_cord"), start=1))
# From the first to the last: a later one is written over an earlier one. Lungs are outlined roughly where vessels and
# heart border on them; the cord is the smallest, and a few voxels are much of it.
PRECEDENCE = (LUNG_RIGHT, LUNG_LEFT, HEART, OESOPHAGUS, SPINAL_CORD)

# Case, spaces and the marks _ - . , ^ ~ / do not count: "Lung_L", "LUNG L" and "lung-l" are one spelling. The first of
# each line is that of LCTSC (and TG-263, Mayo et al. 2018). Nothing else is taken for an organ: a planning volume
# (SpinalCord_PRV), the canal, a lung less its tumour (Lung_L-GTV) or both lungs at once are something else.
SPELLINGS = {
    OESOPHAGUS: ("Esophagus", "Oesophagus", "Esoph", "Oesoph", "Eso", "Gullet"),
    HEART: ("Heart", "Cor", "Whole Heart", "Heart Whole"),
    LUNG_LEFT: ("Lung_L", "L Lung", "Lung Left", "Left Lung", "Lung Lt", "Lt Lung", "Lung Li", "Pulmo Sin"),
    LUNG_RIGHT: ("Lung_R", "R Lung", "Lung Right", "Right Lung", "Lung Rt", "Rt Lung", "Lung Re", "Pulmo Dex"),
    SPINAL_CORD: ("SpinalCord", "Spinal Cord", "Cord", "Spine Cord", "Medulla Spinalis", "Myelon"),
}


def _reduced(name: str) -> str:
    return re.sub(r"[\s_\-.,^~/]+", "", name).casefold()


_LABEL_OF = {_reduced(spelling): label for label, spellings in SPELLINGS.items() for spelling in spellings}


def organ_of(name: str) -> int | None:
    """Return the label of the organ that a structure's name stands for in `SPELLINGS`; None for any other name."""
    return _LABEL_OF.get(_reduced(name))


# Words of names that say what is outlined. A name with any other word may say whose it is.
_PLAIN = """
gtv ctv ptv itv igtv prv body external skin couch tumor tumour tumorbed bed block node nodes nodal boost avoid ring
bladder bone bones borders bowel brachial brain brainstem breast bronchus canal carina chest chiasm cochlea colon duct
duodenum eye eyes femur femoral femoralhead gland head hippocampus kidney kidneys larynx lens liver lung lungs mandible
muscle nerve optic oral cavity pancreas parotid pelvis penilebulb pituitary plexus prostate rectum rib ribs sacrum scar
seminal spine spleen stomach submandibular temporal testes thyroid trachea vertebra vessels vesicle wall areola artery
aorta atrium ventricle pericardium great vein cava heart esophagus oesophagus spinal cord spinalcord left right lt rt l
r total all in ex contour
"""
_WORDS = frozenset(_PLAIN.split())


def _is_plain(name: str) -> bool:
    words = set(re.findall(r"[^\W\d_]+", name.casefold()))
    return bool(words) and words <= _WORDS and not re.search(r"\d{3}", name)


def plain_names(names: Iterable[str]) -> str:
    """Return the names of structures for a ledger; of all others only how many there are.

    Plain is a name of words of anatomy and planning alone, one or more of them, without a long number.
    """
    names = list(names)
    plain = [name for name in names if _is_plain(name)]
    n_others = len(names) - len(plain)
    return ", ".join([*plain, *([f"{n_others} of other names"] if n_others else [])])


@dataclass(frozen=True)
class Naming:
    """What the names of a structure set stand for."""

    chosen: Mapping[int, int]  # label to index of the structure in the set
    absent: tuple[int, ...]  # labels of organs without a structure that has an outline, ascending
    ambiguous: Mapping[int, tuple[str, ...]]  # names of structures that claim one organ with an outline each, sorted
    unknown: tuple[str, ...]  # names that are in no line of the table, sorted


def name_organs(structures: Iterable[tuple[str, bool]]) -> Naming:
    """Return which structure is which organ, from their names and whether they have an outline of an area."""
    claims: dict[int, list[tuple[int, str]]] = {}
    unknown = []
    for index, (name, encloses) in enumerate(structures):
        label = organ_of(name)
        if label is None:
            unknown.append(name)
        elif encloses:
            claims.setdefault(label, []).append((index, name))
    chosen = {label: found[0][0] for label, found in sorted(claims.items()) if len(found) == 1}
    several = {label: tuple(sorted(name for _, name in found)) for label, found in claims.items() if len(found) > 1}
    return Naming(chosen, tuple(sorted(set(LABEL_NAMES) - set(claims))), several, tuple(sorted(unknown)))


def merged(masks: Mapping[int, np.ndarray], *, shape: tuple[int, int, int]) -> np.ndarray:
    """Return one label map of the masks of organs; a voxel of several goes to the last of them in `PRECEDENCE`.

    Masks are bool `[z, y, x]` by label; the map is uint8 of `shape`, 0 where no organ is.
    """
    labels = np.zeros(shape, dtype=np.uint8)
    for label in PRECEDENCE:
        if label in masks:
            labels[masks[label]] = label
    return labels
