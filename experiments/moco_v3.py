"""MoCo v3, which document 001 (section 3) names: do features learnt without labels help on real X-rays?

    python experiments/moco_v3.py --data-root FOLDER      it holds pneumoniamnist.npz; minutes on two cores

Chen, Xie and He 2021, "An Empirical Study of Training Self-Supervised Vision Transformers"; the document names other
authors. A stopped run goes on when the same command is given again.
"""

from dataclasses import replace

from document001 import SOURCE, smoke
from document001_moco import CHOICES, ENCODERS, TRAINING, VIEWS, encoders, statements

from reproduce.reporting.moco_figure import draw_moco
from reproduce.reporting.property_results import PropertyTable
from reproduce.studies.by_seed import BySeed
from reproduce.studies.command import main
from reproduce.studies.moco_v3 import MocoStudy, features_and_labels

LABELS = (32, TRAINING.n_train)
CPU = PropertyTable(
    table="moco_v3_of_001",
    document="001",
    title="Document 001, section 3: MoCo v3, features without labels",
    source=SOURCE,
    profile="cpu",
    study=MocoStudy(
        training=TRAINING,
        encoders=ENCODERS,
        views=VIEWS,
        temperature=0.2,
        momentum=0.99,
        weight_decay=0.1,
        warmup_epochs=2,
        n_labels=LABELS,
        probe_penalty=1.0,
        because=CHOICES,
    ),
    measures=(BySeed(features_and_labels, groups=tuple(each.name for each in ENCODERS)),),
    statements=statements(epochs=TRAINING.epochs, n_labels=LABELS),
)
_SMALL = smoke(CPU).study
_SMALL = replace(_SMALL, training=replace(_SMALL.training, batch_size=16, epochs=2), warmup_epochs=1, n_labels=(8, 32))
_SMALL = replace(_SMALL, encoders=encoders(blocks=(1, 1), depth=1))
SMOKE = replace(CPU, profile="smoke", study=_SMALL, statements=statements(epochs=2, n_labels=(8, 32)))

if __name__ == "__main__":
    main({"cpu": CPU, "smoke": SMOKE}, script=__file__, draw=draw_moco)
