"""Table 2 of document 000: an unoptimised and an optimised CNN outline brain tumours on BraTS.

Printed: accuracy 87.3 -> 94.1 %, sensitivity 81.4 -> 91.2 %, specificity 90.2 -> 95.6 %, Dice 0.768 -> 0.885; no code,
no split, no year of BraTS, no region. A cell is read on the whole tumour (WT); core and enhancing part stand beside it.

    python experiments/table2_brats.py                                      phantom cohort, minutes on two cores
    python experiments/table2_brats.py --data-root BraTS --profile paper    as printed, on a GPU
"""

from reproduce import run
from reproduce.papers.cells import claims_of
from reproduce.papers.xue2025.brats import PROFILES
from reproduce.papers.xue2025.figures import draw_processes_and_bars
from reproduce.tasks.segmentation import SEGMENTATION

CLAIMS = claims_of("table2_brats")

if __name__ == "__main__":
    run.main(PROFILES, SEGMENTATION, claims=CLAIMS, further=draw_processes_and_bars, script=__file__)
