"""The activations of Table 2 of document 001, each as a layer of Keras, as a formula, and how it starts."""

from keras import layers

from reproduce.inspection import activation_formulas as formulas
from reproduce.papers.cnn_survey.measures.small_cnns import Unit, prelu
from reproduce.protocol.section import Call

LEAK = 0.01  # silent: "a very small slope"; Maas et al. 2013 use 0.01
PRELU_START = 0.25  # silent: He et al. 2015
ALPHA = 1.0  # silent: "a hyperparameter"; Clevert et al. 2016 use 1

RELU, LEAKY, ELU = Call(formulas.relu, {}), Call(formulas.leaky, {"slope": LEAK}), Call(formulas.elu, {"alpha": ALPHA})
SELU, SIGMOID, TANH = (Call(function, {}) for function in (formulas.selu, formulas.sigmoid, formulas.tanh))
PRELU = Call(formulas.leaky, {"slope": PRELU_START, "learnt": 1})

RELU_LAYER = Call(layers.ReLU, {})
LEAKY_LAYER = Call(layers.LeakyReLU, {"negative_slope": LEAK})
PRELU_LAYER = Call(prelu, {"start": PRELU_START})
ELU_LAYER = Call(layers.ELU, {"alpha": ALPHA})
SIGMOID_LAYER, TANH_LAYER, SELU_LAYER = (
    Call(layers.Activation, {"activation": name}) for name in ("sigmoid", "tanh", "selu")
)

UNITS = (
    Unit("relu", RELU_LAYER, RELU, "he_normal"),
    Unit("sigmoid", SIGMOID_LAYER, SIGMOID, "glorot_normal"),
    Unit("tanh", TANH_LAYER, TANH, "glorot_normal"),
    Unit("leaky_relu", LEAKY_LAYER, LEAKY, "he_normal"),
    Unit("elu", ELU_LAYER, ELU, "he_normal"),
    Unit("selu", SELU_LAYER, SELU, "lecun_normal"),
    Unit("prelu", PRELU_LAYER, PRELU, "he_normal"),
)
PLACES = {
    "units": f"silent: we use slopes {LEAK} (Maas 2013) and {PRELU_START} (He 2015), alpha {ALPHA:g} (Clevert 2016); "
    "each starts as its own paper has it: He for ReLU and its kin, Glorot for sigmoid and tanh, LeCun for SELU"
}
