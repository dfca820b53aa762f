"""What Table 1 of document 002 is trained by, divided by, and read as (sections 3.1 and 3.2)."""

from dataclasses import replace
from typing import Any

from reproduce.cohorts.thoracic_split import official_side
from reproduce.papers.profiles import scaled
from reproduce.protocol import Decision, Experiment, HeldOut, Optimisation, Reading, Tiles
from reproduce.protocol.intensities import Window

ORGANS = ("oesophagus", "heart", "lung_left", "lung_right", "spinal_cord")
LUNGS = "silent: we read the lungs, with the background as second class of mIoU, since only so is the print consistent"


def _reading(cell: str, metric: str, region: str, why: str) -> Reading:
    tolerance = "silent: we use 2 points, since neither spread nor number of cases is printed"
    level = "silent: we average over patients' volumes, since the unit is not named"
    because = {"cell": "002 3.3", **dict.fromkeys(("metric", "region"), why)}
    because |= {**dict.fromkeys(("level", "average"), level), "tolerance": tolerance}
    return Reading(because, cell, metric, region, "pixel", "per_case", tolerance=2.0)


READINGS = (
    _reading("miou", "miou", "lungs", LUNGS),
    _reading("dice", "dice", "lungs", LUNGS),
    _reading("miou", "iou", "organs", "silent: reading B, the mean over the five organs"),
    _reading("dice", "dice", "organs", "silent: reading B, the mean over the five organs"),
)
VALIDATION = HeldOut(
    shares=(0.7, 0.15, 0.15),
    official=official_side,
    division="shares",
    split_seed=0,
    seeds=(1, 2, 3),
    because={
        "shares": "002 3.2",
        "official": "silent: we use the names of the patients, 36, 12 and 12, where --official-split asks for it",
        "division": "002 3.2, which has shares of its own",
        "split_seed": "silent: we draw by patient",
        "seeds": "silent: we use three, since one run says nothing of its spread",
    },
)
DECISION = Decision(
    threshold=None,
    lesion_overlap=None,
    measured={"lungs": ("lung_left", "lung_right"), **{organ: (organ,) for organ in ORGANS}},
    means={"organs": ORGANS},
    surface_tolerance_mm=2.0,
    because={
        "threshold": "silent: we give a pixel to its most probable class",
        "lesion_overlap": "silent: we count no lesions, since organs are none",
        "measured": LUNGS,
        "means": "silent: we give the mean over the five organs beside it (reading B)",
        "surface_tolerance_mm": "silent: we use 2 mm; the print has no surface metric, it stands beside Dice",
    },
)
OPTIMISATION = Optimisation(
    learning_rate=1e-3,
    decay_power=0.9,
    batch_size=8,
    micro_batch=8,
    max_epochs=200,
    patience=None,
    precision="float32",
    because={
        "learning_rate": "002 3.2, Adam",
        "decay_power": "silent: 3.2 says dynamic decay; we use the power 0.9 of DeepLab and PSPNet",
        "batch_size": "002 3.2",
        "micro_batch": "silent: we use the whole batch where it fits",
        "max_epochs": "002 3.3, Figures 2 and 3: close to 200",
        "patience": "silent: we train all epochs, as the curves do, and keep the one of lowest validation loss",
        "precision": "silent: we use float32, TensorFlow's own",
    },
)
# Beside the width, what images of a few dozen pixels ask of a model.
SMALL: dict[str, dict[str, Any]] = {
    "DeepLabV3": {"rates": (2, 4, 6)},
    "Mask R-CNN": {"anchor_scale": 2.0, "n_candidates": 64, "n_proposals": 32, "n_sampled": 32, "n_detections": 16},
}
# For seconds in a test: one block where ResNet-50 has 3, 4, 6 and 3.
SHALLOW = {name: SMALL.get(name, {}) | {"blocks": (1, 1, 1, 1)} for name in ("DeepLabV3", "PSPNet", "Mask R-CNN")}


# Why the cpu profile has another value than the paper's; docs/cpu_profiles.md has what was tried.
_WHY_CPU = {
    "size": "cpu: the 128 pixels of the phantoms, which keep the cord, 10 mm wide: its mask shrunk to 64 and enlarged "
    "again has a Dice of 0.72; in full: 512, silent in 002",
    "intensity": "cpu: [-200, 300] HU to 0 to 1, in which fat, gullet and cord lie further apart than in [-1000, 400] "
    "and few steps tell them apart; in full: from air to soft tissue, silent in 002",
    "learning_rate": "cpu: twice the rate, since the steps are few; in full: 0.001, 002 3.2, Adam",
    "batch_size": "cpu: batches of 4, which make twice the steps of the same minutes; in full: 8, 002 3.2",
    "micro_batch": "cpu: the whole batch, which fits",
    "max_epochs": "cpu: the minutes end the training; in full: 200, 002 3.3, Figures 2 and 3",
}


_CPU_TILES = Tiles(
    size=64,
    region_share=1.0,
    because={
        "size": "cpu: a quarter of a slice, so that a step is cheap",
        "region_share": "cpu: all tiles are drawn about a pixel of an organ or of the background, each as often, so "
        "that gullet and cord, a hundredth of a slice, are seen as often as the lungs",
    },
)


def cpu_profile(paper: Experiment) -> Experiment:
    """Return the table so small that two cores train it in minutes, and that small organs can be found."""
    narrow = scaled(paper, "cpu", size=128, arguments={"width": 8}, own=SMALL, validation={"seeds": (1,)})
    optimisation = paper.optimisation
    for field, value in {"learning_rate": 2e-3, "batch_size": 4, "micro_batch": 4, "max_epochs": 15}.items():
        optimisation = optimisation.changed(_WHY_CPU[field], **{field: value})
    preparation = paper.preparation.changed(_WHY_CPU["size"], size=narrow.preparation.size)
    preparation = preparation.changed(_WHY_CPU["intensity"], intensity=Window(low_hu=-200.0, high_hu=300.0))
    return replace(narrow, preparation=preparation, optimisation=optimisation, tiles=_CPU_TILES)
