"""Nodules of two LIDC-IDRI patients beside pylidc 0.2.3: voxels of the 50 % consensus and Dice, by outline convention.

    pip install -e .[bench]
    python benchmarks/lidc_pylidc.py --data-root <folder with LIDC-IDRI-0001 and -0003>

pylidc reads no XML: it carries the annotations in a database of its own. It was written for an older NumPy, whose
`numpy.int` is given back here before it is imported. `rows` times ours from the XML and pylidc from its database, whose
objects are forgotten before each pass; neither reads pixels.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from timing import Row, compared, in_turn, not_timed, require_same

from reproduce.cohorts.lidc import LidcScan, find_cohort
from reproduce.cohorts.lidc_annotations import read_annotations
from reproduce.cohorts.lidc_nodules import Nodule, nodules_on
from reproduce.imaging.dicom import CtSeries, read_series

HALF = 0.5
BOTH = (False, True)


@dataclass(frozen=True)
class Compared:
    """One nodule in both libraries.

    Counts of voxels and Dice between the libraries are kept by whether outlines count as nodule; `dice_conventions` is
    between ours without and ours with outlines.
    """

    patient: str
    readers_ours: int
    readers_theirs: int
    n_ours: dict[bool, int]
    n_theirs: dict[bool, int]
    dice: dict[bool, float]
    dice_conventions: float


def compare(root: Path) -> list[Compared]:
    """Both libraries on each scan below a folder."""
    pylidc = import_pylidc()
    found = []
    for scan in find_cohort(root).scans:
        series = read_series(scan.series)
        ours = our_nodules(scan, series)
        theirs = their_nodules(pylidc, scan.series.series_uid)
        z_mm = series.volume.world_mm(np.array([[k, 0, 0] for k in range(series.volume.shape[0])]))[:, 2]
        placed = [{k: on_our_grid(v, z_mm, series.volume.shape) for k, v in masks.items()} for masks, _ in theirs]
        for i, excluded in enumerate(ours[False]):
            own = {kind: painted(ours[kind][i], series.volume.shape) for kind in (False, True)}
            best = max(range(len(placed)), key=lambda k: dice(own[False], placed[k][False]))
            other = placed[best]
            found.append(
                Compared(
                    scan.patient,
                    len(excluded.readers),
                    theirs[best][1],
                    {kind: int(own[kind].sum()) for kind in own},
                    {kind: int(other[kind].sum()) for kind in own},
                    {kind: dice(own[kind], other[kind]) for kind in own},
                    dice(own[False], own[True]),
                )
            )
    return found


def rows(data: Path, *, quick: bool) -> Iterator[Row]:
    """Compare on the scans below $REPRODUCE_REAL_DATA/lidc_idri; outlines outside, where both have the same voxels."""
    what, peer = "LIDC readers to consensus masks", "pylidc 0.2.3"
    root = Path(os.environ.get("REPRODUCE_REAL_DATA", "")) / "lidc_idri"
    try:
        pylidc = import_pylidc()
    except ImportError as error:
        yield not_timed(what, peer, str(error))
        return
    if "REPRODUCE_REAL_DATA" not in os.environ or not root.is_dir():
        yield not_timed(
            what, peer, "pylidc knows real patients alone; REPRODUCE_REAL_DATA names no folder with lidc_idri"
        )
        return
    nodules = compare(root)
    same = [n.dice[False] == 1 and n.readers_ours == n.readers_theirs for n in nodules]
    require_same(all(same), f"{what}: {same.count(False)} of {len(same)} nodules differ")
    check = f"{len(nodules)} nodules with the same readers, {sum(n.n_ours[False] for n in nodules)} voxels the same"
    scans = [(scan, read_series(scan.series)) for scan in find_cohort(root).scans]

    def theirs() -> None:
        pylidc._session.expunge_all()
        for scan, _ in scans:
            their_nodules(pylidc, scan.series.series_uid, kinds=(False,))

    sides = {"ours": lambda: [our_nodules(*each, kinds=(False,)) for each in scans], "theirs": theirs}
    taken = in_turn(sides, rounds=2 if quick else 9)
    yield compared(f"{what}, {len(scans)} scans", peer, taken["ours"], taken["theirs"], check=check)


def import_pylidc():
    """The peer, with the names of NumPy that it was written for."""
    for name, kind in (("int", int), ("float", float), ("bool", bool)):
        if name not in np.__dict__:
            setattr(np, name, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pkg_resources and old SQLAlchemy calls, on import
        import pylidc
    return pylidc


def our_nodules(scan: LidcScan, series: CtSeries, *, kinds: tuple[bool, ...] = BOTH) -> dict[bool, tuple[Nodule, ...]]:
    reads = read_annotations(scan.annotations)
    return {kind: nodules_on(series, reads, consensus=HALF, outline_included=kind) for kind in kinds}


def their_nodules(pylidc, series_uid: str, *, kinds: tuple[bool, ...] = BOTH) -> list[tuple[dict[bool, tuple], int]]:
    """For each cluster: (mask [y, x, z], first row, first column, z in mm) without and with contour points; readers."""
    scan = pylidc.query(pylidc.Scan).filter(pylidc.Scan.series_instance_uid == series_uid).one()
    found = []
    for group in scan.cluster_annotations():
        boxes = np.array([annotation.bbox_matrix() for annotation in group])
        box = np.column_stack([boxes[:, :, 0].min(axis=0), boxes[:, :, 1].max(axis=0)])
        z_mm = scan.slice_zvals[box[2, 0] : box[2, 1] + 1]
        masks = {}
        for kind in kinds:
            inside = [a.boolean_mask(bbox=box, include_contour_points=kind) for a in group]
            masks[kind] = (np.mean(inside, axis=0) >= HALF, box[0, 0], box[1, 0], z_mm)
        found.append((masks, len(group)))
    return found


def on_our_grid(placed: tuple, z_mm: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    mask, row, column, their_z_mm = placed
    whole = np.zeros(shape, dtype=bool)
    for k, z in enumerate(their_z_mm):
        slices = np.flatnonzero(np.abs(z_mm - z) < 0.05)
        if len(slices):  # the sample has a part of the slices
            whole[slices[0], row : row + mask.shape[0], column : column + mask.shape[1]] = mask[:, :, k]
    return whole


def painted(nodule: Nodule, shape: tuple[int, int, int]) -> np.ndarray:
    whole = np.zeros(shape, dtype=bool)
    whole[nodule.consensus.box] = nodule.consensus.voxels
    return whole


def dice(a: np.ndarray, b: np.ndarray) -> float:
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, required=True)
    nodules = compare(parser.parse_args().data_root)
    table = Table("patient", "readers", "pylidc's", title="Voxels of the consensus, and Dice")
    for name in ("outline outside", "pylidc's", "Dice", "outline inside", "pylidc's", "Dice", "outside / inside"):
        table.add_column(name, justify="right")
    for row in nodules:
        counts = [f"{row.readers_ours}", f"{row.readers_theirs}"]
        for kind in (False, True):
            counts += [f"{row.n_ours[kind]}", f"{row.n_theirs[kind]}", f"{row.dice[kind]:.4f}"]
        table.add_row(row.patient, *counts, f"{row.dice_conventions:.4f}")
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
