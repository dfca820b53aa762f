"""Table 1 and Figures 2 and 3 of document 002: six models outline the thorax on the CT of AAPM 2017 (LCTSC).

Printed: mIoU and Dice of FCNN 84.5, 86.2; U-Net 78.3, 80.1; DeepLabV3 80.7, 82.3; PSPNet 81.2, 83.0; Mask R-CNN 82.1,
83.7 %. SegNet's cells are lost; the text puts it below DeepLabV3. No code, no split, no word of the classes: the print
is consistent where mIoU is over lungs and the rest and Dice is of the lungs (reading A), which is how a cell is read.

    python experiments/table1_thoracic.py                                       phantom cohort, minutes on two cores
    python experiments/table1_thoracic.py --data-root LCTSC --profile paper     as printed, on a GPU
"""

from itertools import pairwise

from reproduce import run
from reproduce.papers.cells import claims_of
from reproduce.papers.profiles import scaled
from reproduce.papers.zheng2024.arms import ARMS
from reproduce.papers.zheng2024.figures import draw_document002
from reproduce.papers.zheng2024.protocol import (
    DECISION,
    OPTIMISATION,
    ORGANS,
    READINGS,
    SHALLOW,
    VALIDATION,
    cpu_profile,
)
from reproduce.phantoms.writers.lctsc import write_lctsc_cohort
from reproduce.prepared import thoracic
from reproduce.protocol import Call, Experiment, Preparation, Statement
from reproduce.protocol.intensities import Window
from reproduce.tasks.segmentation import SEGMENTATION

PHANTOM = {"n_patients": 60, "seed": 1, "matrix": 128, "n_slices": 15, "slice_spacing_mm": 8.0}
ORDER = ("FCNN", "Mask R-CNN", "PSPNet", "DeepLabV3", "U-Net")

PAPER = Experiment(
    table="table1_thoracic",
    document="002",
    title="zheng2024 (document 002), Table 1: six models on thoracic CT",
    source="lctsc",
    profile="paper",
    printed=True,
    phantom=Call(write_lctsc_cohort, PHANTOM),
    preparation=Preparation(
        size=512,
        intensity=Window(low_hu=-1000.0, high_hu=400.0),
        cohort=Call(thoracic.prepare_thoracic, {"absent": "refuse", "outside": "refuse"}),
        regions={"background": (0,), **{organ: (label,) for label, organ in enumerate(ORGANS, start=1)}},
        because={
            "size": "silent: we keep the 512 pixels of the CT",
            "intensity": "silent: 3.1 says normalised; we map [-1000, 400] HU, from air to soft tissue, to 0 to 1",
            "cohort": "silent: we leave out whoever lacks one of the five organs, and refuse a cut CT",
            "regions": "silent: 3.1 names airways and lobes, which the data set has not; we train its five organs",
        },
    ),
    arms=ARMS,
    optimisation=OPTIMISATION,
    validation=VALIDATION,
    decision=DECISION,
    readings=READINGS,
    statements=(
        *(Statement(a, b, "dice", "002 3.3, Table 1") for a, b in pairwise(ORDER)),
        Statement("DeepLabV3", "SegNet", "dice", "002 3.3"),
    ),
)
CPU = cpu_profile(PAPER)
SMOKE = scaled(
    PAPER,
    "smoke",
    size=32,
    arguments={"width": 4},
    own=SHALLOW,
    validation={"seeds": (1,)},
    phantom=Call(
        write_lctsc_cohort, {"n_patients": 4, "seed": 1, "matrix": 48, "n_slices": 4, "slice_spacing_mm": 24.0}
    ),
    max_epochs=1,
)

PROFILES = {"paper": PAPER, "cpu": CPU, "smoke": SMOKE}
CLAIMS = claims_of("table1_thoracic")

if __name__ == "__main__":
    run.main(PROFILES, SEGMENTATION, claims=CLAIMS, further=draw_document002, script=__file__)
