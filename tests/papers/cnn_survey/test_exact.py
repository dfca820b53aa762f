"""The calculations behind Tables 1 to 3, held to arithmetic; each with a case in which it says no."""

import numpy as np
import pytest
from keras import layers
from scipy import integrate

from reproduce.inspection import activation_formulas as formulas
from reproduce.papers.cnn_survey.measures import exact_activations, exact_dense, exact_structure
from reproduce.protocol.section import Call

RELU, SIGMOID = Call(formulas.relu, {}), Call(formulas.sigmoid, {})
LEAKY = Call(formulas.leaky, {"slope": 0.01})


def holds(finding):
    return finding.holds


def test_a_layer_with_another_formula_is_told():
    right = exact_activations.agrees_with_keras(Call(layers.LeakyReLU, {"negative_slope": 0.01}), LEAKY)
    wrong = exact_activations.agrees_with_keras(Call(layers.LeakyReLU, {"negative_slope": 0.3}), LEAKY)
    assert right.holds
    assert not wrong.holds  # at -20: -0.2 against -6, 5.8 apart, relative to 1
    assert "6e+00" in wrong.measured


@pytest.mark.parametrize(
    "check",
    [
        exact_activations.rectifies,
        exact_activations.sigmoid_range,
        exact_activations.tanh_range,
        exact_activations.sigmoid_is_softmax_of_two,
        exact_activations.tanh_is_a_sigmoid,
        exact_activations.tanh_is_symmetric,
        exact_activations.distribution,
        exact_activations.unit_without_gradient,
        exact_activations.fixed_point,
        exact_dense.outputs_suit_tasks,
        exact_dense.output_depends_on_task,
        exact_structure.image_axes,
        exact_structure.convolution_follows_shifts,
        exact_structure.stride_makes_smaller,
        exact_structure.pooling_makes_smaller,
        exact_structure.pooling_loses_detail,
        exact_structure.activation_breaks_linearity,
        exact_structure.losses_measure_difference,
        exact_structure.backpropagation_is_the_slope,
    ],
)
def test_what_is_known_to_hold_holds(check):
    assert check().holds


def test_only_a_function_that_goes_flat_on_both_sides_saturates():
    assert exact_activations.saturates(SIGMOID, bound=0.25).holds
    assert not exact_activations.saturates(RELU, bound=1.0).holds
    assert not exact_activations.saturates(SIGMOID, bound=0.2).holds


def test_relu_is_flat_somewhere_and_leaky_relu_nowhere():
    assert exact_activations.never_flat(LEAKY, RELU).holds
    assert not exact_activations.never_flat(RELU, LEAKY).holds


def test_parameters_by_hand():
    relu, leaky = Call(layers.ReLU, {}), Call(layers.LeakyReLU, {"negative_slope": 0.01})
    shared = Call(layers.PReLU, {"shared_axes": (1, 2)})
    assert not exact_activations.has_more_parameters(leaky, than=relu, channels=8).holds
    found = exact_activations.has_more_parameters(shared, than=leaky, channels=8)
    assert found.holds
    assert found.measured == "8 learnt parameters on 8 channels, against 0"
    # unshared, as Keras has it by itself: 28 * 28 * 8
    assert "6272" in exact_activations.has_more_parameters(Call(layers.PReLU, {}), than=leaky, channels=8).measured


def test_exponentials():
    assert exact_activations.exponentials(SIGMOID, than=RELU).holds
    assert not exact_activations.exponentials(LEAKY, than=RELU).holds
    assert exact_activations.no_exponential(RELU).holds
    assert not exact_activations.no_exponential(SIGMOID).holds


def test_prelu_contains_leaky_relu_but_not_sigmoid():
    assert exact_activations.contains(formulas.leaky, [(0.01, LEAKY), (0.0, RELU)]).holds
    assert not exact_activations.contains(formulas.leaky, [(0.0, SIGMOID)]).holds


@pytest.mark.parametrize("variance", [0.5, 1.0, 2.0])
def test_moments_of_selu_are_the_integrals(variance):
    def density(z):
        return np.exp(-(z**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)

    value = formulas.selu().value
    first = integrate.quad(lambda z: float(value(z)) * density(z), -30, 30, points=[0])[0]
    second = integrate.quad(lambda z: float(value(z)) ** 2 * density(z), -30, 30, points=[0])[0]
    assert exact_activations.moments_of_selu(variance) == pytest.approx((first, second - first**2), abs=1e-7)


def test_selu_draws_variances_by_the_factor_of_its_paper():
    # Klambauer et al. 2017, appendix: the Jacobian at (0, 1) has the entry 0.782648
    assert "shrinks to 0.783" in exact_activations.fixed_point().measured


def test_dense_layers_by_hand():
    assert "100 % of 12 x 5" in exact_dense.reads_every_input(12, 5).measured
    assert exact_dense.takes_any_shape([(3, 7), (7, 3)]).measured == "3 to 7, 7 to 3"
    # 28 * 28 * (28 * 28 * 2) + 28 * 28 * 2 against 9 * 2 + 2
    found = exact_dense.dense_against_convolution(2)
    assert found.holds
    assert "28x28: 1230880 against 20" in found.measured


def test_output_layers_by_hand():
    found = exact_dense.output_is_small()
    assert found.holds
    # Simonyan and Zisserman 2015: 138.36 million in all, 4.097 in the last layer; LeNet-5: 850 behind 48120 + 10164
    assert "4097000 behind 119545856" in found.measured
    assert "850 behind 58284" in found.measured


def test_the_printed_padding_fails_for_even_kernels_alone():
    assert exact_structure.same_padding_keeps_the_size((1, 3, 5)).holds
    found = exact_structure.same_padding_keeps_the_size((3, 4))
    assert not found.holds
    assert "k = 4 gives 27" in found.measured


def test_the_receptive_field_is_a_straight_line():
    found = exact_structure.field_grows_exponentially(20)
    assert not found.holds
    assert "41 pixels, 2 more with each" in found.measured  # 1 + 20 * 2
    assert "3, 7, 15, 31, 63, 127" in found.measured


def test_windows_and_costs_by_hand():
    assert "9 of 225 pixels" in exact_structure.convolution_is_local(3).measured
    assert "25 of 225 pixels" in exact_structure.convolution_is_local(5).measured
    # 28 * 28 * 9 * 2
    assert "3x3: 14112 multiply-adds" in exact_structure.larger_kernels_cost_more(2).measured


def test_pooling_is_not_invariant_and_softmax_not_elementwise():
    assert not exact_structure.pooling_is_invariant().holds
    found = exact_structure.activation_is_elementwise()
    assert not found.holds
    assert found.measured.endswith("of: softmax")
