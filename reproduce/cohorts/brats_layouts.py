"""How the releases of BraTS name their files and number their labels, and the one numbering of this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reproduce.errors import ArgumentError

FLAIR, T1, T1CE, T2 = MODALITIES = ("flair", "t1", "t1ce", "t2")

CORE, OEDEMA, ENHANCING = 1, 2, 4
LABEL_NAMES = {CORE: "necrotic and non-enhancing core", OEDEMA: "oedema", ENHANCING: "enhancing tumour"}
REGIONS = {"WT": (CORE, OEDEMA, ENHANCING), "TC": (CORE, ENHANCING), "ET": (ENHANCING,)}


@dataclass(frozen=True)
class Layout:
    """One scan is one file a modality and one of labels, which share a folder and the start of their names.

    Raises:
        ArgumentError: A modality or a label that this package does not know, or no modality.
    """

    name: str  # of the release, for errors and the ledger
    modalities: Mapping[str, str]  # any of `MODALITIES`, with the end of its file's name without .nii or .nii.gz
    reference: str  # the end of the name of the label map
    labels: Mapping[int, int]  # from labels of the file to those of `LABEL_NAMES`; 0 is background; others are errors
    named_by: Literal["file", "folder"]  # whether a scan is named by what its files' names share, or by their folder
    visit: str = ""  # regular expression of the part of a name that tells visits of one patient apart
    brain: str | None = None  # the end of the name of a brain mask; None where all but the brain is 0 in every image

    def __post_init__(self) -> None:
        is_known = set(self.modalities) <= set(MODALITIES) and set(self.labels.values()) <= {0, *LABEL_NAMES}
        if not is_known or not self.modalities or self.named_by not in ("file", "folder"):
            expected = f"modalities of {MODALITIES}, labels that become 0, 1, 2 or 4, named by file or folder"
            got = f"{list(self.modalities)}, {dict(self.labels)}, {self.named_by}"
            raise ArgumentError(expected=expected, got=got, where=f"Layout {self.name}", do="mend the layout")

    @property
    def endings(self) -> dict[str, str]:
        """End of a file's name for each role: the modalities, "reference", and "brain" where there is one."""
        brain = {} if self.brain is None else {"brain": self.brain}
        return {**self.modalities, "reference": self.reference, **brain}


@dataclass(frozen=True)
class Decathlon:
    """A folder with a dataset.json of the Medical Segmentation Decathlon (Antonelli et al. 2022).

    One scan is one file with a channel a modality; which channel and which label is what, dataset.json says in words.
    The collection does not say whose scans they are, so that each counts as a patient of its own.
    """

    name: str  # for errors and the ledger
    modalities: Mapping[str, str]  # the word for each modality; case is ignored
    labels: Mapping[str, int]  # from words to `LABEL_NAMES`; case is ignored, and "tumour" is "tumor"


BRATS_2017 = Layout(
    name="BraTS 2017 to 2021",
    modalities={FLAIR: "_flair", T1: "_t1", T1CE: "_t1ce", T2: "_t2"},
    reference="_seg",
    labels={0: 0, 1: CORE, 2: OEDEMA, 4: ENHANCING},
    named_by="file",
)
BRATS_2023 = Layout(
    name="BraTS 2023 on",
    modalities={FLAIR: "-t2f", T1: "-t1n", T1CE: "-t1c", T2: "-t2w"},
    reference="-seg",
    labels={0: 0, 1: CORE, 2: OEDEMA, 3: ENHANCING},  # 4, of 2024, is a resection cavity: no tissue of ours
    named_by="file",
    visit=r"-\d{3}$",  # BraTS-GLI-00005-001 is the second visit of BraTS-GLI-00005
)
TASK01 = Decathlon(
    name="Medical Segmentation Decathlon, Task01",
    modalities={FLAIR: "FLAIR", T1: "T1w", T1CE: "t1gd", T2: "T2w"},
    labels={"background": 0, "edema": OEDEMA, "non-enhancing tumor": CORE, "enhancing tumor": ENHANCING},
)
PUBLISHED = (BRATS_2017, BRATS_2023, TASK01)

# Two samples in names of their own. They are read only where a caller names them.
TCIA_FUSION = Layout(
    name="TCIA example with fused labels",
    modalities={FLAIR: "_fla_bet", T1: "_t1_bet", T1CE: "_t1c_bet", T2: "_t2_bet"},
    reference="_seg_simple-fusion",
    labels={0: 0, 1: CORE, 2: OEDEMA, 4: ENHANCING},
    named_by="folder",
)
BRATS_2013_TWO = Layout(
    name="BraTS 2013 with two modalities, normalised already",
    modalities={FLAIR: "Flair_subtrMeanDivStd", T1CE: "T1c_subtrMeanDivStd"},
    reference="OTMultiClass",
    labels={0: 0, 1: CORE, 2: OEDEMA, 3: CORE, 4: ENHANCING},  # 3, non-enhancing, joined 1, necrosis, in 2017
    named_by="folder",
    brain="brainmask",
)
