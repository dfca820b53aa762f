"""What the hippocampus tables share: cases, labels, decisions, and the cases that the design was chosen on."""

import re
from pathlib import Path

import pandas as pd

from reproduce.cohorts.decathlon import HIPPOCAMPUS
from reproduce.imaging.intensity import ZScore
from reproduce.phantoms.writers.hippocampus import write_hippocampus_cohort
from reproduce.prepared import decathlon
from reproduce.protocol import Call, Decision, Preparation, Reading
from reproduce.protocol.intensities import Normalised
from reproduce.results.cases import read_frame, write_frame
from reproduce.results.summary import summarise

PHANTOM = Call(write_hippocampus_cohort, {"n_patients": 40, "seed": 1})
LABELS = ("Anterior", "Posterior")
DICE = "silent: we average over cases, and read the mean of both labels first, as the Decathlon ranks"
DECISION = Decision(
    threshold=None,
    lesion_overlap=None,
    measured={label: (label,) for label in LABELS},
    means={"mean": LABELS},
    surface_tolerance_mm=1.0,
    because={
        "threshold": "silent: we give a voxel to its most probable label",
        "lesion_overlap": "silent: we count no lesions, since a hippocampus is none",
        "measured": "silent: we measure both labels, as the Decathlon does",
        "means": "silent: we give their mean beside them",
        "surface_tolerance_mm": "silent: we use 1 mm, the side of a voxel, as the Decathlon does",
    },
)


_BECAUSE = dict.fromkeys(("cell", "metric", "region", "level", "average"), DICE) | {
    "tolerance": "silent: we compare with no print; the field needs a number"
}
READINGS = tuple(
    Reading(_BECAUSE, "dice", "dice", region, "pixel", "per_case", tolerance=0.0) for region in ("mean", *LABELS)
)


def preparation(*, size: int) -> Preparation:
    """Return both labels and the background in z-scores; slices, for models that see them, `size` wide."""
    return Preparation(
        size=size,
        intensity=Normalised(grey=(-2.0, 3.0), within="image", channels=HIPPOCAMPUS.modalities),
        cohort=Call(
            decathlon.prepare_decathlon,
            {"task": HIPPOCAMPUS, "broken": "refuse", "intensity": ZScore(within="image")},
        ),
        regions={"background": (0,), **{label: (i,) for i, label in enumerate(LABELS, start=1)}},
        because={
            "size": "silent: we enlarge slices of about 50 x 35 to a square, which all models can halve",
            "intensity": "silent: we use the z-score of the image, since MR has no unit",
            "cohort": "silent: we take the training cases of the Decathlon, since the others have no reference",
            "regions": "silent: we train both labels and the background",
        },
    )


# Drawn once, before any training (NumPy's RandomState(7).permutation of the 200 sorted names, places 40 to 71). Layers,
# rates and ranges of our own model were chosen by the Dice on these cases alone.
DEVELOPMENT = frozenset(
    (
        *(36, 41, 52, 53, 58, 60, 68, 83, 93, 102, 123, 132, 164, 172, 185, 203),
        *(228, 231, 233, 244, 253, 257, 260, 264, 277, 279, 295, 303, 358, 361, 376, 378),
    )
)


def development_side(patient: str) -> str:
    """Return the side of a case in the ablation: development cases are tested, no other is.

    Args:
        patient: E.g. "hippocampus_036"; of phantoms every fifth stands in for a development case. One that is called
            otherwise is no case of the Decathlon, chose nothing, and trains.
    """
    named = re.fullmatch(r"hippocampus_(?:PHANTOM)?(\d+)", patient)
    if named is None:
        return "train"
    number = int(named[1])
    tested = number % 5 == 1 if "PHANTOM" in patient else number in DEVELOPMENT
    return "test" if tested else "validation" if number % 10 == 0 else "train"


def write_by_choice(folder: Path) -> Path:
    """Write Dice on the cases that chose the design and on those that chose nothing, with intervals, to by_choice.csv.

    Args:
        folder: Results of a run of the table.
    """
    cases = read_frame(folder / "cases.csv")
    chose = cases["patient"].map(lambda patient: development_side(patient) == "test")
    rows = [
        {"cases": name, "model": s.model, "region": s.region, "n": s.n, "dice": s.value, "low": s.low, "high": s.high}
        for name, part in (("chose nothing", cases[~chose]), ("chose the design", cases[chose]))
        for s in summarise(part, DECISION.means)
        if (s.metric, s.level, s.average) == ("dice", "pixel", "per_case")
    ]
    write_frame(pd.DataFrame(rows), folder / "by_choice.csv")
    return folder / "by_choice.csv"
