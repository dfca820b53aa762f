"""MoCo v3, which document 001 (section 3) names: do features learnt without labels help on real X-rays?

    python experiments/moco_v3.py --data-root FOLDER      it holds pneumoniamnist.npz; minutes on two cores

Chen, Xie and He 2021, "An Empirical Study of Training Self-Supervised Vision Transformers"; the document names other
authors. A stopped run goes on when the same command is given again.
"""

from dataclasses import replace

from reproduce.protocol.experiment.reduced import reduced

from reproduce import run
from reproduce.papers.cnn_survey.figures import draw_statements
from reproduce.papers.cnn_survey.measures.moco_v3 import MocoStudy, features_and_labels
from reproduce.papers.cnn_survey.moco_statements import CHOICES, ENCODERS, TRAINING, VIEWS, encoders, statements
from reproduce.papers.cnn_survey.protocol import SOURCE, smoke
from reproduce.results.property_results import PropertyTable
from reproduce.tasks.by_seed import BySeed
from reproduce.tasks.statements import STATEMENTS

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
_SMALL = replace(_SMALL, training=reduced(_SMALL.training, "smoke", batch_size=16, epochs=2))
_FEWER = {"warmup_epochs": 1, "n_labels": (8, 32), "encoders": encoders(blocks=(1, 1), depth=1)}
_SMALL = reduced(_SMALL, "smoke", **_FEWER)
SMOKE = replace(CPU, profile="smoke", study=_SMALL, statements=statements(epochs=2, n_labels=(8, 32)))

PROFILES = {"cpu": CPU, "smoke": SMOKE}

if __name__ == "__main__":
    run.main(PROFILES, STATEMENTS, further=draw_statements, script=__file__)
