"""Table 2 of document 001, the activation functions: what it says of each, calculated or measured on real X-rays.

    python experiments/layers_table2.py --data-root FOLDER      it holds pneumoniamnist.npz; two minutes on two cores

The sentences stand in papers/cnn_survey/activation_statements.py, the functions in units.py beside it.
"""

from dataclasses import replace

from reproduce import run
from reproduce.papers.cnn_survey.activation_statements import STATEMENTS
from reproduce.papers.cnn_survey.figures import draw_activations
from reproduce.papers.cnn_survey.measures.activations import (
    ActivationStudy,
    accuracies,
    dead_units,
    four_classes,
    gradients_over_depth,
    variance_over_layers,
)
from reproduce.papers.cnn_survey.measures.timing import time_ratios
from reproduce.papers.cnn_survey.protocol import SOURCE, TRAINING, smoke
from reproduce.papers.cnn_survey.units import PLACES, UNITS
from reproduce.protocol.reduced import reduced
from reproduce.results.property_results import PropertyTable
from reproduce.tasks.statements import STATEMENTS as TASK

DEPTHS = "silent: we use from 2 layers, where the ratio is 1, to the 16 of VGG-16 (001 3), where it is decided"
DYING = "silent: we count in 2 and 8 layers under the usual rate and ten and a hundred times it, after few epochs"
STACK = "silent: we use 32 layers of 256, as deep as Klambauer et al. 2017 show; decided at the last"


STUDY = ActivationStudy(
    training=TRAINING,
    units=UNITS,
    gradient_depths=(2, 4, 8, 16),
    depth=4,
    dying=("relu", "leaky_relu"),
    dying_depths=(2, 8),
    dying_rates=(1e-3, 1e-2, 1e-1),
    dying_epochs=2,
    dense_layers=32,
    dense_width=256,
    dense_starts=(("selu, LeCun", "selu", 1.0), ("selu, He", "selu", 2.0), ("elu, LeCun", "elu", 1.0)),
    because={
        **PLACES,
        "training": "silent: see each of its fields",
        "gradient_depths": DEPTHS,
        "depth": "silent: we use 4, deep enough to differ and quick",
        "dying": "001 Table 2, ReLU and Leaky ReLU",
        "dying_depths": DYING,
        "dying_rates": DYING,
        "dying_epochs": DYING,
        "dense_layers": STACK,
        "dense_width": STACK,
        "dense_starts": "silent: we use LeCun's, which SELU's paper asks for, and He's, which it does not",
    },
)
FEWER = {"gradient_depths": (2, 16), "dying_depths": (8,), "dying_rates": (1e-1,)}


def times(_: PropertyTable) -> dict[str, dict[str, float]]:
    """Return forward passes as multiples of ReLU's, with intervals."""
    return time_ratios(UNITS, repeats=40)


CPU = PropertyTable(
    table="table2_of_001",
    document="001",
    title="cnn_survey (document 001), Table 2: activation functions",
    source=SOURCE,
    profile="cpu",
    study=STUDY,
    measures=(gradients_over_depth, variance_over_layers, dead_units, accuracies, four_classes),
    statements=STATEMENTS,
    times=times,
)
SMOKE = replace(CPU, profile="smoke", study=reduced(smoke(STUDY), "smoke", **FEWER))
PROFILES = {"cpu": CPU, "smoke": SMOKE}

if __name__ == "__main__":
    run.main(PROFILES, TASK, further=draw_activations, script=__file__)
