"""Section 3 of document 001: each architecture that it names, trained on real X-rays with the same budget.

    python experiments/architectures.py --data-root FOLDER      it holds pneumoniamnist.npz

The architectures stand in papers/cnn_survey/architecture_entries.py. Rerun the command to resume a stopped run.
"""

from dataclasses import replace

from reproduce import run
from reproduce.papers.cnn_survey.architecture_entries import BASIC, ENTRIES, SMOKE_NAMES
from reproduce.papers.cnn_survey.architecture_figures import draw_architectures
from reproduce.papers.cnn_survey.protocol import SOURCE
from reproduce.protocol.reduced import reduced
from reproduce.results.property_results import PropertyTable
from reproduce.tasks.architectures import ArchitectureStudy
from reproduce.tasks.comparison import COMPARISON

SEEDS = "silent: we use three, each another start and order"
BUDGET = (
    "silent: we have all look at as many X-rays, a number that is the same on any machine; CPU seconds would "
    "give the quick ones more, and another result each time; they stand in provenance.json"
)
CPU = PropertyTable(
    table="architectures_of_001",
    document="001",
    title="cnn_survey (document 001), section 3: architectures on the same X-rays, with the same budget",
    source=SOURCE,
    profile="cpu",
    study=ArchitectureStudy(
        entries=ENTRIES,
        basic=BASIC,
        seeds=(1, 2, 3),
        n_train=2428,
        images_seen=3200,
        batch_size=32,
        learning_rate=1e-3,
        warm_up=0.1,
        because={
            "entries": "silent: we take forms of the families that 001 3 names, and those that the families or other "
            "sections have: InceptionV3, ShuffleNet v2, EfficientNet-B0, Swin-T; what is smaller is said of each",
            "basic": "silent: we draw LeNet-5 as it is built today; 001 Figure 1 and Table 3 name only the parts",
            "seeds": SEEDS,
            "n_train": "silent: we use all X-rays of the part that the data set has for training",
            "images_seen": BUDGET,
            "batch_size": "000 6.2; 001 names none",
            "learning_rate": "000 6.2, Adam; 001 names no optimiser; the same for all",
            "warm_up": "silent: we raise the rate over a tenth of the steps, without which transformers and networks "
            "without normalisation are thrown off at the start, and lower it to 0, so that so few steps settle",
        },
    ),
    measures=(),
    statements=(),
)
_FEW = tuple(each for each in ENTRIES if each.name in SMOKE_NAMES)
_LESS = {"entries": _FEW, "seeds": (1, 2), "n_train": 32, "images_seen": 64}
SMOKE = replace(CPU, profile="smoke", study=reduced(CPU.study, "smoke", **_LESS))

PROFILES = {"cpu": CPU, "smoke": SMOKE}

if __name__ == "__main__":
    run.main(PROFILES, COMPARISON, further=draw_architectures, script=__file__)
