"""Which voxels are scored together: single labels, the regions of BraTS under each numbering, or regions by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reproduce.cohorts.brats_layouts import BRATS_2017, BRATS_2023, CORE, ENHANCING, OEDEMA, REGIONS
from reproduce.errors import ArgumentError

LABELS = "labels"
BACKGROUND = "background"
_TISSUES = {"NCR": (CORE,), "ED": (OEDEMA,), "ET": (ENHANCING,)}
# From labels of files to those of this package. nnU-Net's own: nnunetv2/dataset_conversion/Dataset137_BraTS21.py.
NUMBERINGS: Mapping[str, Mapping[int, int]] = {
    "brats2017": BRATS_2017.labels,
    "brats2023": BRATS_2023.labels,
    "brats-nnunet": {0: 0, 1: OEDEMA, 2: CORE, 3: ENHANCING},
}
_PART = re.compile(r"\s*([^=;,]+?)\s*=\s*(\d{1,5}(?:\s*,\s*\d{1,5})*)\s*")

Members = tuple[int, ...]


@dataclass(frozen=True)
class RegionSet:
    """Regions whose scores are averaged.

    Attributes:
        name: What it is called on pages.
        regions: Name of each region, with the labels of the files that are its voxels, ascending.
        shares_out: Whether each voxel is in one region or in the background, so that the background can be a region.
    """

    name: str
    regions: Mapping[str, Members]
    shares_out: bool

    def with_background(self) -> dict[str, Members]:
        """Return the regions, the background before them where it can be one."""
        return {**({BACKGROUND: (0,)} if self.shares_out else {}), **self.regions}


def region_sets(text: str, found: Iterable[int]) -> tuple[RegionSet, ...]:
    """Return the sets of regions that `--regions` names.

    Args:
        text: "labels"; a numbering of BraTS, for WT, TC, ET and for NCR, ED, ET; or regions as "NAME=1,2;NAME=3".
        found: Labels of the files, 0 or not.

    Raises:
        ArgumentError: The text is none of these, no label is found, or a label has no place in a numbering of BraTS.
    """
    labels = sorted({label for label in found if label > 0})
    if text == LABELS:
        if not labels:
            do = "name the labels, as --regions lesion=1, to score empty masks"
            raise ArgumentError(expected="a label in some mask", got="none but 0", where="--regions", do=do)
        return (RegionSet(LABELS, {str(label): (label,) for label in labels}, shares_out=True),)
    if text in NUMBERINGS:
        return _of_brats(text, labels)
    parts = [_PART.fullmatch(part) for part in text.split(";")]
    named = {part[1]: tuple(sorted({int(n) for n in part[2].split(",")})) for part in parts if part}
    if len(named) < len(parts) or any(0 in members for members in named.values()):
        expected = (
            f"--regions {LABELS}, {', '.join(NUMBERINGS)}, or NAME=1,2;NAME=3 with labels above 0, each name once"
        )
        raise ArgumentError(expected=expected, got=repr(text), where="command line", do="write it so, in quotes")
    return (RegionSet("regions", named, shares_out=False),)


def _of_brats(numbering: str, labels: list[int]) -> tuple[RegionSet, ...]:
    ours = NUMBERINGS[numbering]
    if strange := [label for label in labels if label not in ours]:
        do = f"name the numbering of the files: {', '.join(NUMBERINGS)}; or the regions, as 'WT=1,2,3'"
        expected = f"labels {sorted(ours)} under {numbering}"
        raise ArgumentError(expected=expected, got=f"label {strange[0]}", where="--regions", do=do)

    def of(named: Mapping[str, Members]) -> dict[str, Members]:
        return {name: tuple(sorted(file for file in ours if ours[file] in members)) for name, members in named.items()}

    return (
        RegionSet("WT, TC, ET", of(REGIONS), shares_out=False),
        RegionSet("NCR, ED, ET", of(_TISSUES), shares_out=True),
    )
