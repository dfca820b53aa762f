"""The sentences of Table 2 of document 001, each with the calculation or the measurement that decides it."""

from reproduce.inspection.activation_formulas import leaky
from reproduce.papers.cnn_survey.measures import exact_activations as check
from reproduce.papers.cnn_survey.protocol import exact, place
from reproduce.papers.cnn_survey.units import (
    ELU,
    ELU_LAYER,
    LEAK,
    LEAKY,
    LEAKY_LAYER,
    PRELU,
    PRELU_LAYER,
    RELU,
    RELU_LAYER,
    SELU,
    SELU_LAYER,
    SIGMOID,
    TANH,
    UNITS,
)
from reproduce.protocol.section import Call
from reproduce.results.properties import Compared, Exact

RATIO = "log10_gradient_ratio"
TENTH = -1.0  # a gradient vanishes where the 14 layers between leave less than a tenth
TWICE = 0.301  # log10 of 2: a variance is stable where 32 layers leave it between a half and the double
SAID = "Keras' layer against the formula, to 1e-6"
FLAT = "a derivative that goes to 0 on both sides and has its maximum at 0"
RANGE = "strictly inside, in float64, as far as its own precision goes"
DEAD, DEAD_LEAKY = ("relu, 8 layers", 0.1), ("leaky_relu, 8 layers", 0.1)
CHANCE = 0.25  # of one in four turns

said = place("Table 2, ")


def formula(layer: Call, function: Call) -> Exact:
    """Return the check that Keras' layer is the printed function."""
    return exact(check.agrees_with_keras, SAID, layer=layer, formula=function)


def costs(function: Call) -> Exact:
    """Return the check that it needs more exponentials than ReLU; times differ by run and stand in provenance.json."""
    return exact(check.exponentials, "exponentials a value, against those of ReLU", formula=function, than=RELU)


def flat(function: Call, bound: float) -> Exact:
    """Return the check that its derivative vanishes far out."""
    return exact(check.saturates, FLAT, formula=function, bound=bound)


def parameters(layer: Call, than: Call) -> Exact:
    """Return the check that it has more parameters than another."""
    return exact(check.has_more_parameters, "learnt numbers of the layer", layer=layer, than=than, channels=8)


def alleviates(unit: str) -> Compared:
    """Return the comparison: its gradient keeps more of its size over depth than that of sigmoid."""
    return Compared(RATIO, (unit, 16), ("sigmoid", 16))


def better(one: str, other: str) -> Compared:
    """Return the comparison: it is more accurate on test X-rays; "improved" says no more."""
    return Compared("test_accuracy", (one, 4), (other, 4))


STATEMENTS = (
    said("ReLU", "relu", "x above 0, else 0", exact(check.rectifies, "Keras' layer, to the bit")),
    said("ReLU", "relu_simple", "simple to calculate", exact(check.no_exponential, "no exponential", formula=RELU)),
    said("ReLU", "relu_gradient", "alleviates vanishing gradients, against sigmoid", alleviates("relu")),
    said("ReLU", "relu_can_die", "a unit can die", exact(check.unit_without_gradient, "a unit without any gradient")),
    said("ReLU", "relu_dies", "units die in training: 8 layers, rate 0.1", Compared("dead_share", DEAD, (DEAD[0], 0))),
    said("Sigmoid", "sigmoid", "outputs in (0, 1)", exact(check.sigmoid_range, RANGE)),
    said(
        "Sigmoid",
        "sigmoid_binary",
        "for outputs of two classes",
        exact(check.sigmoid_is_softmax_of_two, "equals a softmax of two"),
    ),
    said("Sigmoid", "sigmoid_flat", "gradients vanish: its derivative", flat(SIGMOID, 0.25)),
    said("Sigmoid", "sigmoid_gradient", "gradients vanish: over 16 layers", Compared(RATIO, TENTH, ("sigmoid", 16))),
    said("Sigmoid", "sigmoid_costs", "complex to calculate", costs(SIGMOID)),
    said("Tanh", "tanh", "outputs in (-1, 1)", exact(check.tanh_range, RANGE)),
    said(
        "Tanh", "tanh_variant", "a variant of sigmoid", exact(check.tanh_is_a_sigmoid, "2 sigmoid(2 x) - 1, to 1e-12")
    ),
    said("Tanh", "tanh_symmetric", "more symmetric than sigmoid", exact(check.tanh_is_symmetric, "odd about 0")),
    said("Tanh", "tanh_flat", "gradients vanish: its derivative", flat(TANH, 1.0)),
    said(
        "Tanh",
        "tanh_gradient",
        "gradients vanish: over 16 layers, Glorot's start",
        Compared(RATIO, TENTH, ("tanh", 16)),
    ),
    said(
        "Softmax",
        "softmax",
        "outputs in (0, 1) of sum 1, a distribution",
        exact(check.distribution, "Keras' layer, 2 to 10 classes"),
    ),
    said("Leaky ReLU", "leaky", "a small slope times x at or below 0", formula(LEAKY_LAYER, LEAKY)),
    said("Leaky ReLU", "leaky_better", "an improved ReLU", better("leaky_relu", "relu")),
    said(
        "Leaky ReLU",
        "leaky_never_flat",
        "units cannot die: its derivative",
        exact(check.never_flat, "no derivative of 0, where ReLU has some", formula=LEAKY, other=RELU),
    ),
    said(
        "Leaky ReLU",
        "leaky_lives",
        "fewer units die in training than of ReLU",
        Compared("dead_share", DEAD, DEAD_LEAKY),
    ),
    said("Leaky ReLU", "leaky_parameters", "more parameters", parameters(LEAKY_LAYER, RELU_LAYER)),
    said("ELU", "elu", "x above 0, else a (exp(x) - 1)", formula(ELU_LAYER, ELU)),
    said("ELU", "elu_gradient", "alleviates vanishing gradients, against sigmoid", alleviates("elu")),
    said("ELU", "elu_costs", "rather complex to calculate", costs(ELU)),
    said("SELU", "selu", "a scaled ELU", formula(SELU_LAYER, SELU)),
    said("SELU", "selu_better", "an improved ELU", better("selu", "elu")),
    said(
        "SELU",
        "selu_fixed_point",
        "keeps mean and variance: of normal inputs",
        exact(check.fixed_point, "a fixed point at (0, 1) to 1e-4 that draws what is near"),
    ),
    said(
        "SELU",
        "selu_variance",
        "keeps the variance of X-rays over 32 layers, LeCun's start",
        Compared("abs_log10_variance", TWICE, ("selu, LeCun", 32)),
    ),
    said(
        "SELU",
        "selu_mean",
        "keeps the mean of X-rays over 32 layers within 0.1, LeCun's start",
        Compared("abs_mean", 0.1, ("selu, LeCun", 32)),
    ),
    said(
        "SELU",
        "selu_against_elu",
        "keeps the variance better than ELU",
        Compared("abs_log10_variance", ("elu, LeCun", 32), ("selu, LeCun", 32)),
    ),
    said(
        "SELU",
        "selu_any_start",
        "the same as printed, no start being named: He's",
        Compared("abs_log10_variance", TWICE, ("selu, He", 32)),
    ),
    said("SELU", "selu_costs", "rather complex to calculate", costs(SELU)),
    said("PReLU", "prelu", "a slope times x at or below 0", formula(PRELU_LAYER, PRELU)),
    said("PReLU", "prelu_better", "an improved Leaky ReLU", better("prelu", "leaky_relu")),
    said(
        "PReLU",
        "prelu_learns",
        "the slope is learnt: moves by 0.001 or more",
        Compared("slope_change", ("prelu", 4), 0.001),
    ),
    said(
        "PReLU",
        "prelu_flexible",
        "more flexible",
        exact(
            check.contains,
            "ReLU and Leaky ReLU are cases of it",
            formula=leaky,
            others=((0.0, RELU), (LEAK, LEAKY)),
        ),
    ),
    said("PReLU", "prelu_parameters", "more parameters", parameters(PRELU_LAYER, LEAKY_LAYER)),
    *(
        said(
            f"{unit.name}, column of classes",
            f"{unit.name}_classes",
            "serves where there are several classes",
            Compared("four_classes_accuracy", (unit.name, 2), CHANCE),
        )
        for unit in UNITS
    ),
)
