"""The counts of Armato et al., Med Phys 38 (2011) 915-931, again from all annotation files of LIDC-IDRI.

    python experiments/census_lidc.py --data-root FOLDER

FOLDER holds the XML of the readers, at any depth; no image is needed. Half a minute on two cores. Expected: 1018 CT
scans, 7410 lesions, 2673 nodules of 3 mm or more, 910 of them outlined by all four readers. There are no random numbers
in it: the same files give the same bytes, provenance.json aside.
"""

import sys
from pathlib import Path

import tyro
from rich.console import Console
from rich.progress import track

from reproduce import paths
from reproduce.cohorts.lidc_census import Grouping, count_scans, find_reads
from reproduce.cohorts.lidc_grouping import SAME_NODULE_MM
from reproduce.errors import DataNotFoundError, ReproduceError
from reproduce.papers.armato2011.census import CensusProtocol, PrintedCount, write_census
from reproduce.papers.armato2011.figures import draw_census

ROOT = Path(__file__).resolve().parents[1]
PROTOCOL = CensusProtocol(
    printed=(  # abstract of the paper; the last number is the tolerance, as a share
        PrintedCount("ct_scans", "scan", 1018, 0.00, "CT scans"),
        PrintedCount("lesions", "lesion", 7371, 0.04, "lesions marked as nodule by at least one reader"),
        PrintedCount("nodules", "lesion", 2669, 0.02, "of these, marked as nodule >= 3 mm by at least one"),
        PrintedCount("nodules_by_four", "lesion", 928, 0.02, "of these, marked as nodule >= 3 mm by all four"),
    ),
    grouping=Grouping(pixel_mm=0.7, tolerance_mm=SAME_NODULE_MM),
    varied=tuple(Grouping(p, t) for p in (0.5, 0.7, 0.9) for t in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)),
    remarks="""
The paper does not say how marks of different readers were joined to lesions. silent: we go through the pairs of marks
of different readers, nearest first, and join them up to 3 mm, never two marks of one reader, because points within one
nodule of less than 3 mm are less than 3 mm apart. silent: we take 0.7 mm for the pixels of every scan, because the
annotation files give places within a slice in pixels only, and chest CT has about 0.5 to 0.9 mm.

Why the counts differ. `sensitivity.csv` has them for pixels of 0.5 to 0.9 mm and distances of 0 to 6 mm. Lesions hang
on the distance: below 3 mm a lesion is one point of each reader, and two readers hardly hit the same pixel. Nodules,
and those outlined by all four, hardly move, because outlines of one nodule overlap. So the distance is not why 18 of
the nodules by all four are missing here; the released files do not show them. One file holds eight reading sessions,
four of which lie on other slice positions than the rest; their two lesions are counted, as no image is looked at.
""",
)


def main(
    data_root: Path | None = None, results: Path = ROOT / "results", figures: Path = ROOT / "figures", workers: int = 2
) -> None:
    """Count all marks of the readers of LIDC-IDRI and write the counts beside the printed ones.

    Args:
        data_root: Folder with the annotation XML; $REPRODUCE_DATA stands in. There is no phantom of this table.
        results: Folder of all results.
        figures: Folder of all figures.
        workers: Processes.
    """
    root = paths.data_root(data_root)
    if root is None:
        do = "pass --data-root FOLDER; this table has no phantom"
        raise DataNotFoundError(expected="annotation files of LIDC-IDRI", got="no folder", where="--data-root", do=do)
    reads, ledger = find_reads(root)
    counted = count_scans(reads, grouping=PROTOCOL.grouping, varied=PROTOCOL.varied, workers=workers)
    scans = list(track(counted, "CT scans", total=len(reads), console=Console(stderr=True)))
    folder = results / "census_lidc" / "lidc_idri-paper"
    written = write_census(folder, PROTOCOL, scans, ledger, source=root)
    print((folder / "table.md").read_text(encoding="utf-8"))
    print(*written, *draw_census(folder, figures), sep="\n")


if __name__ == "__main__":
    try:
        tyro.cli(main)
    except ReproduceError as error:
        sys.exit(str(error))
