"""Table 1 of document 000: an unoptimised and an optimised CNN find and outline lung nodules on LIDC-IDRI.

Printed: accuracy 89.6 -> 95.2 %, sensitivity 85.7 -> 93.5 %, specificity 91 -> 96.8 %, Dice 0.812 -> 0.894; no code, no
split, no layers, no unit of counting. No one test set gives the first three of both columns (see the audit).

    python experiments/table1_lidc.py                                           phantom cohort, minutes on two cores
    python experiments/table1_lidc.py --data-root LIDC-IDRI --profile paper     as printed, on a GPU
"""

from reproduce import run
from reproduce.papers.cells import claims_of
from reproduce.papers.xue2025.figures import draw_processes_and_bars
from reproduce.papers.xue2025.lidc import PROFILES
from reproduce.tasks.segmentation import SEGMENTATION

CLAIMS = claims_of("table1_lidc")

if __name__ == "__main__":
    run.main(PROFILES, SEGMENTATION, claims=CLAIMS, further=draw_processes_and_bars, script=__file__)
