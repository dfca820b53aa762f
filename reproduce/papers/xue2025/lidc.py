"""Table 1: an unoptimised and an optimised CNN find and outline lung nodules on LIDC-IDRI."""

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
from reproduce.phantoms.writers.lidc import write_lidc_cohort
from reproduce.prepared import lidc_idri
from reproduce.protocol import Call, Experiment, Preparation, Tiles
from reproduce.protocol.intensities import Window

PHANTOM = {"n_patients": 16, "seed": 1, "matrix": 512, "n_slices": 24, "slice_spacing_mm": 2.5}

PAPER = Experiment(
    table="table1_lidc",
    document="000",
    title="xue2025 (document 000), Table 1: LIDC-IDRI before and after optimisation",
    source="lidc_idri",
    profile="paper",
    printed=True,
    phantom=Call(write_lidc_cohort, PHANTOM),
    preparation=Preparation(
        size=512,
        intensity=Window(low_hu=-1000.0, high_hu=400.0),
        cohort=Call(lidc_idri.prepare_lidc, {"consensus": 0.5, "min_readers": 1}),
        regions={"nodule": ()},
        because={
            "size": "000 6.2",
            "intensity": "silent: 3.2 says 0 to 1; we map the lung window [-1000, 400] HU, from air to soft tissue",
            "cohort": "silent: we take nodules of 3 mm or more, and voxels inside half of its readers' outlines",
            "regions": "000 6.1: lung nodules",
        },
    ),
    arms=(UNOPTIMISED, OPTIMISED),
    optimisation=OPTIMISATION,
    validation=VALIDATION,
    decision=decision("nodule"),
    readings=readings("nodule"),
    statements=statements("000 7.1.1"),
)
# Many patients and few slices of each, since it is patients that decide on a difference in Dice. Nine slices of 5 mm,
# the thickest of LIDC-IDRI, make the 40 mm that a nodule of 30 mm needs. Pixels of 1.2 to 1.8 mm.
_MANY = Call(write_lidc_cohort, {**PHANTOM, "n_patients": 128, "matrix": 256, "n_slices": 9, "slice_spacing_mm": 5.0})
_SMALL = Call(write_lidc_cohort, {**PHANTOM, "n_patients": 4, "matrix": 64, "n_slices": 8})
PROFILES = profiles_of(
    PAPER,
    cpu_phantom=_MANY,
    cpu_size=192,
    why_cpu_size="2 mm a pixel, a nodule of 13 mm is six wide",
    cpu_batch=4,
    cpu_epochs=8,
    cpu_alpha=0.3,
    why_cpu_alpha="since training shows nodules oftener",
    cpu_tiles=Tiles(
        size=64,
        region_share=0.8,
        because={
            "size": "cpu: a third of a slice, so that a nodule is no speck in what a model sees, and a step is cheap",
            "region_share": "cpu: four fifths of the tiles of a slice with a nodule show it, so that a model sees "
            "nodules as often as lungs without one",
        },
    ),
    smoke_phantom=_SMALL,
)
CPU, SMOKE = PROFILES["cpu"], PROFILES["smoke"]
