"""The protocol of a table as a value: every number with where it is printed, or with our reason for it."""

from reproduce.protocol.experiment import (
    NO_DOCUMENT,
    AnyArm,
    Arm,
    ClassArm,
    ClassDecision,
    ClassExperiment,
    Decision,
    Experiment,
    HeldOut,
    ImagePreparation,
    Optimisation,
    Preparation,
    Reading,
    SegmentationExperiment,
    Statement,
    Validation,
    VolumeArm,
)
from reproduce.protocol.section import Call, Section

__all__ = [
    "NO_DOCUMENT",
    "AnyArm",
    "Arm",
    "Call",
    "ClassArm",
    "ClassDecision",
    "ClassExperiment",
    "Decision",
    "Experiment",
    "HeldOut",
    "ImagePreparation",
    "Optimisation",
    "Preparation",
    "Reading",
    "Section",
    "SegmentationExperiment",
    "Statement",
    "Validation",
    "VolumeArm",
]
