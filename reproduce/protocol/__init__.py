"""The protocol of a table as a value: every number with where it is printed, or with our reason for it."""

from reproduce.protocol.experiment import (
    NO_DOCUMENT,
    Arm,
    Decision,
    Experiment,
    HeldOut,
    Optimisation,
    Preparation,
    Reading,
    Statement,
    Validation,
    VolumeArm,
)
from reproduce.protocol.section import Call, Section

__all__ = [
    "NO_DOCUMENT",
    "Arm",
    "Call",
    "Decision",
    "Experiment",
    "HeldOut",
    "Optimisation",
    "Preparation",
    "Reading",
    "Section",
    "Statement",
    "Validation",
    "VolumeArm",
]
