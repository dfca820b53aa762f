"""One kernel for a step of Adam: by hand, and the numbers of Keras over many steps, accumulated or not."""

import keras
import numpy as np
import pytest

from reproduce.training.adam import OneKernelAdam


def test_a_first_step_by_hand():
    # m = 0.1 g, v = 0.001 g^2; rate sqrt(0.001) / 0.1 m / (sqrt(v) + e) = rate g / (|g| + e / sqrt(0.001))
    weight = keras.Variable(np.array([1.0, 1.0], np.float32))
    OneKernelAdam(0.5, epsilon=1e-7).apply([np.array([4.0, -0.25], np.float32)], [weight])
    assert weight.numpy() == pytest.approx([0.5, 1.5], rel=1e-4)


@pytest.mark.parametrize("steps", [None, 3])
def test_many_steps_are_those_of_keras(steps):
    rng, weights, optimisers = np.random.default_rng(0), [], []
    for kind in (OneKernelAdam, keras.optimizers.Adam):
        weights.append([keras.Variable(np.ones((2, 3), np.float32)), keras.Variable(np.ones(3, np.float32))])
        optimisers.append(kind(0.01, gradient_accumulation_steps=steps))
    for _ in range(12):
        drawn = [rng.normal(0, 10.0, (2, 3)).astype(np.float32), rng.normal(0, 1e-3, 3).astype(np.float32)]
        for optimiser, own in zip(optimisers, weights, strict=True):
            optimiser.apply(drawn, own)
    for own, expected in zip(weights[0], weights[1], strict=True):
        np.testing.assert_allclose(own.numpy(), expected.numpy(), rtol=1e-5)
    for own, expected in zip(*(optimiser.variables for optimiser in optimisers), strict=True):
        # the kernel takes 1 - b2 in float32, where 1 - 0.999 is 0.001 times 1 + 1.3e-5
        np.testing.assert_allclose(own.numpy(), expected.numpy(), rtol=3e-5)
