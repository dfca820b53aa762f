"""MoCo v3, which document 001 (section 3) names: do features learnt without labels help on real X-rays?

    python experiments/moco_v3.py --data-root FOLDER      it holds pneumoniamnist.npz; minutes on two cores

Chen, Xie and He 2021, "An Empirical Study of Training Self-Supervised Vision Transformers"; the document names other
authors. A stopped run goes on when the same command is given again.
"""

from dataclasses import replace

from reproduce import run
from reproduce.papers.cnn_survey.measures.moco_v3 import MocoStudy, features_and_labels
from reproduce.papers.cnn_survey.moco_figure import draw_moco
from reproduce.papers.cnn_survey.moco_statements import CHOICES, ENCODERS, TRAINING, VIEWS, encoders, statements
from reproduce.papers.cnn_survey.protocol import SOURCE, smoke
from reproduce.protocol.reduced import reduced
from reproduce.results.property_results import PropertyTable
from reproduce.tasks.by_seed import BySeed
from reproduce.tasks.statements import STATEMENTS

LABELS = (32, TRAINING.n_train)
STUDY = MocoStudy(
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
)
CPU = PropertyTable(
    table="moco_v3_of_001",
    document="001",
    title="cnn_survey (document 001), section 3: MoCo v3, features without labels",
    source=SOURCE,
    profile="cpu",
    study=STUDY,
    measures=(BySeed(features_and_labels, groups=tuple(each.name for each in ENCODERS)),),
    statements=statements(epochs=TRAINING.epochs, n_labels=LABELS),
)
_SMALL = smoke(STUDY)
_SMALL = replace(_SMALL, training=reduced(_SMALL.training, "smoke", batch_size=16, epochs=2))
_FEWER = {"warmup_epochs": 1, "n_labels": (8, 32), "encoders": encoders(blocks=(1, 1), depth=1)}
SMOKE = replace(
    CPU,
    profile="smoke",
    study=reduced(_SMALL, "smoke", **_FEWER),
    statements=statements(epochs=2, n_labels=(8, 32)),
)
PROFILES = {"cpu": CPU, "smoke": SMOKE}

if __name__ == "__main__":
    run.main(PROFILES, STATEMENTS, further=draw_moco, script=__file__)
