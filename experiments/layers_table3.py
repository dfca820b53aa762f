"""Table 3 of document 001, the parts of a CNN, with the sentences of 2.1 and 2.2 on them: do they hold?

python experiments/layers_table3.py --data-root FOLDER      it holds pneumoniamnist.npz; a minute on two cores
"""

from dataclasses import replace

from reproduce import run
from reproduce.papers.cnn_survey.figures import draw_parts
from reproduce.papers.cnn_survey.measures import exact_dense
from reproduce.papers.cnn_survey.measures import exact_structure as check
from reproduce.papers.cnn_survey.measures.reductions import ReductionStudy, reductions
from reproduce.papers.cnn_survey.protocol import SOURCE, TRAINING, exact, place, smoke
from reproduce.results.properties import Compared
from reproduce.results.property_results import PropertyTable
from reproduce.tasks.statements import STATEMENTS as TASK

SMALL = "silent: 001 2.2 says small; we take these, and the statement is tested at the middle one"
STUDY = ReductionStudy(
    training=TRAINING,
    reductions=("max", "average", "stride", "none"),
    shifts_px=(1, 2, 3),
    turns_deg=(5.0, 10.0, 15.0),
    because={
        "training": "silent: see each of its fields",
        "reductions": "silent: 001 2.2 names maximum, mean and strides; we add none, for comparison",
        **dict.fromkeys(("shifts_px", "turns_deg"), SMALL),
    },
)
said, text = place("Table 3, "), place("")
CPU = PropertyTable(
    table="table3_of_001",
    document="001",
    title="cnn_survey (document 001), Table 3: the parts of a CNN",
    source=SOURCE,
    profile="cpu",
    study=STUDY,
    measures=(reductions,),
    statements=(
        said("input", "axes", "takes height x width x channels", exact(check.image_axes, "grey and colour images")),
        said("convolution", "local", "extracts local features",
             exact(check.convolution_is_local, "an output reads the 3x3 pixels of its window alone", kernel=3)),
        said("convolution", "slides", "slides a kernel over the image",
             exact(check.convolution_follows_shifts, "a shifted image gives shifted features, off the edge")),
        text("2.1", "same_padding", "padding of floor((k - 1) / 2) keeps the size",
             exact(check.same_padding_keeps_the_size, "kernels of 1 to 7 taps", kernels=(1, 2, 3, 4, 5, 6, 7))),
        text("2.1", "stride", "a stride above 1 makes smaller", exact(check.stride_makes_smaller, "strides 1, 2, 3")),
        text("2.1", "larger_kernel", "a larger kernel costs more",
             exact(check.larger_kernels_cost_more, "multiply-adds of 3x3, 5x5, 7x7", width=8)),
        text("2.1", "field_grows", "the receptive field grows exponentially with depth",
             exact(check.field_grows_exponentially, "a factor above 1.5 with each of 20 layers of stride 1", depth=20)),
        said("pooling", "reduces", "reduces dimension and cost",
             exact(check.pooling_makes_smaller, "a quarter of the places and of the next layer's multiply-adds")),
        text("2.2", "invariant", "pooling, most of all by maximum, is invariant to translation: strictly",
             exact(check.pooling_is_invariant, "no change at all when noise is shifted by one pixel")),
        text("2.2", "robust_shift", "the same, nearly: fewer decisions changed by a shift than with strides",
             Compared("changed_by_shift", ("stride", 2), ("max", 2))),
        text("2.2", "robust_turn", "robust to small turns: fewer changed decisions than with strides",
             Compared("changed_by_turn", ("stride", 10), ("max", 10))),
        text("2.2", "above_all_maximum", "more so by maximum than by mean",
             Compared("changed_by_shift", ("average", 2), ("max", 2))),
        text("2.2", "regularises", "pooling suppresses overfitting", Compared("overfit_gap", ("none", 0), ("max", 0))),
        text("2.2", "loses", "spatial detail is lost", exact(check.pooling_loses_detail, "two images, one output")),
        said("activation", "non_linear", "brings non-linearity",
             exact(check.activation_breaks_linearity, "f(a + b) = f(a) + f(b) without it, and not with it")),
        said("activation", "elementwise", "is applied element by element",
             exact(check.activation_is_elementwise, "an input moves no other output, for each function of Table 2")),
        said("dense", "connected", "each neuron reads all of the layer before",
             exact(exact_dense.reads_every_input, "each of 5 outputs moves with each of 12 inputs", n=12, m=5)),
        said("output", "tasks", "classes or numbers", exact(exact_dense.outputs_suit_tasks, "ranges of the outputs")),
        said("loss", "differences", "cross-entropy and squared error measure the difference from the truth",
             exact(check.losses_measure_difference, "0 where they agree, more the further they part")),
        said("optimiser", "slopes", "parameters are updated by backpropagation",
             exact(check.backpropagation_is_the_slope, "gradients equal the slopes of the loss to 1 %")),
        said("optimiser", "minimises", "minimises the loss",
             Compared("training_loss", ("before, max", 0), ("after, max", 0))),
    ),
)  # fmt: skip

SMOKE = replace(CPU, profile="smoke", study=smoke(STUDY))
PROFILES = {"cpu": CPU, "smoke": SMOKE}

if __name__ == "__main__":
    run.main(PROFILES, TASK, further=draw_parts, script=__file__)
