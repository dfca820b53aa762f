"""Table 1 of document 001, dense against output layers, with the sentences of 2.1, 2.3 and 3 on them: do they hold?

    python experiments/layers_table1.py --data-root FOLDER      FOLDER holds pneumoniamnist.npz; a minute on two cores

Each sentence is calculated, or measured on ten seeds of small networks on real X-rays; the rules stand below.
"""

from dataclasses import replace

from reproduce import run
from reproduce.papers.cnn_survey.figures import draw_dense
from reproduce.papers.cnn_survey.measures import exact_dense as check
from reproduce.papers.cnn_survey.measures.dense_layers import DenseStudy, another_task, overfitting
from reproduce.papers.cnn_survey.protocol import SOURCE, TRAINING, exact, place, smoke
from reproduce.results.properties import Compared, Custom
from reproduce.results.property_results import PropertyTable
from reproduce.tasks.statements import STATEMENTS as TASK

STUDY = DenseStudy(
    training=TRAINING,
    pooling=4,
    dropout=0.5,
    ridge=0.01,
    because={
        "training": "silent: see each of its fields",
        "pooling": "silent: we pool 4x4, which leaves 392 of 6272 numbers",
        "dropout": "silent: we use one half (Srivastava et al. 2014; AlexNet, which 001 3 names)",
        "ridge": "silent: we use 0.01, so that the read-out is defined where features are collinear",
    },
)
said, text = place("Table 1, "), place("")
CPU = PropertyTable(
    table="table1_of_001",
    document="001",
    title="cnn_survey (document 001), Table 1: dense layer and output layer",
    source=SOURCE,
    profile="cpu",
    study=STUDY,
    measures=(overfitting, another_task),
    statements=(
        said("dense: function", "integrates", "brings all features together",
             exact(check.reads_every_input, "each of 5 outputs moves with each of 12 inputs", n=12, m=5)),
        said("dense: function", "reshapes", "changes the number of dimensions",
             exact(check.takes_any_shape, "three shapes, up and down", shapes=((784, 10), (10, 784), (1, 1)))),
        said("dense: activations", "relu_or_tanh", "ReLU and tanh are typical",
             Custom("says what is usual; a count over published networks would decide")),
        said("dense: parameters", "need_training", "need to be optimised",
             Compared("test_accuracy", ("pooled", 392), ("frozen", 392))),
        said("dense: task", "general", "serves any task: trained for one, its features help another",
             Compared("mirrored_accuracy", ("trained", 0), ("untrained", 0))),
        said("output: function", "suits_task", "its prediction fits the task, and depends on it",
             exact(check.output_depends_on_task, "the range of one task's output leaves out values of the other")),
        said("output: activations", "output_activations", "softmax, sigmoid or linear, by the task",
             exact(check.outputs_suit_tasks, "softmax a distribution, sigmoid a share, linear any number")),
        said("output: parameters", "small", "has few parameters",
             exact(check.output_is_small, "fewer than the dense layers before it, in the networks that 001 3 names")),
        said("output: task", "useless_elsewhere", "dense features tell of another task, the output less",
             Compared("mirrored_accuracy", ("trained", 0), ("output", 0))),
        text("2.1", "shares_weights", "local connections and shared weights, against dense ones",
             exact(check.dense_against_convolution, "fewer parameters, the same at twice the size", width=8)),
        text("2.3", "overfits", "prone to overfitting where its input is large",
             Compared("overfit_gap", ("all_features", 6272), ("mean", 8))),
        text("2.3", "overfits_more_than_pooled", "the same, against the pooled features of the same convolution",
             Compared("overfit_gap", ("all_features", 6272), ("pooled", 392))),
        text("3", "dropout", "dropout acts against overfitting",
             Compared("overfit_gap", ("all_features", 6272), ("dropout", 6272))),
    ),
)  # fmt: skip

SMOKE = replace(CPU, profile="smoke", study=smoke(STUDY))
PROFILES = {"cpu": CPU, "smoke": SMOKE}

if __name__ == "__main__":
    run.main(PROFILES, TASK, further=draw_dense, script=__file__)
