"""Table 2: an unoptimised and an optimised CNN outline brain tumours on BraTS."""

from reproduce.cohorts.brats_layouts import MODALITIES, PUBLISHED, REGIONS
from reproduce.papers.xue2025.protocol import (
    OPTIMISATION,
    OPTIMISED,
    UNOPTIMISED,
    VALIDATION,
    decision,
    profiles_of,
    readings,
    statements,
)
from reproduce.phantoms.writers.brats import write_brats_cohort
from reproduce.prepared import brats
from reproduce.protocol import Call, Experiment, Preparation
from reproduce.protocol.intensities import Normalised

PHANTOM = {"n_patients": 16, "seed": 1, "matrix": 120, "n_slices": 32, "slice_spacing_mm": 4.0}

PAPER = Experiment(
    table="table2_brats",
    document="000",
    title="xue2025 (document 000), Table 2: BraTS before and after optimisation",
    source="brats",
    profile="paper",
    printed=True,
    phantom=Call(write_brats_cohort, PHANTOM),
    preparation=Preparation(
        size=512,
        intensity=Normalised(grey=(-2.0, 4.0), within="nonzero", channels=MODALITIES),
        cohort=Call(brats.prepare_brats, {"layouts": PUBLISHED, "broken": "refuse"}),
        regions=REGIONS,
        because={
            "size": "000 6.2; slices of 240x240 are enlarged",
            "intensity": "silent: we use the z-score within the brain, since MR has no unit, whatever 3.2's 0 to 1",
            "cohort": "silent: we take the four modalities as channels, flair t1 t1ce t2, every year's layout",
            "regions": "silent: we train all three of the challenge (WT, TC, ET) and read the cell on WT",
        },
    ),
    arms=(UNOPTIMISED, OPTIMISED),
    optimisation=OPTIMISATION,
    validation=VALIDATION,
    decision=decision(*REGIONS),
    readings=readings("WT"),
    statements=statements("000 7.1.2"),
)
# Sixteen slices of 6 mm: many patients decide more than fine ones.
_MANY = Call(write_brats_cohort, {**PHANTOM, "n_patients": 72, "n_slices": 16, "slice_spacing_mm": 6.0})
_SMALL = Call(write_brats_cohort, {"n_patients": 4, "seed": 1, "matrix": 48, "n_slices": 10, "slice_spacing_mm": 12.0})
PROFILES = profiles_of(
    PAPER,
    cpu_phantom=_MANY,
    cpu_size=64,
    why_cpu_size="3.75 mm a pixel, a tumour is ten wide",
    cpu_batch=4,
    cpu_epochs=8,
    cpu_alpha=0.4,
    why_cpu_alpha="its share of slices without a tumour",
    smoke_phantom=_SMALL,
)
CPU, SMOKE = PROFILES["cpu"], PROFILES["smoke"]
