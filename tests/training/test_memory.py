"""The memory of a training step: a graph by hand, the pool by hand, and the micro-batch that fits a card."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from reproduce.errors import ProtocolError
from reproduce.training.liveness import peak_bytes
from reproduce.training.memory import GIB, StepMemory, largest_micro_batch, of_size, step_memory
from reproduce.training.pool_memory import Pool

MIB = 2**20


def graph_of(function, *shapes):
    concrete = tf.function(function).get_concrete_function(*(tf.TensorSpec(shape) for shape in shapes))
    return concrete.graph, concrete.outputs


def test_a_chain_value_by_value_lies_in_one_tensor():
    """Each of the three writes into the output of the one before: 1024 x 1024 float32 are 4 MiB, once."""
    assert peak_bytes(*graph_of(lambda x: tf.exp(tf.nn.relu(x * 2.0)), (1024, 1024))) == 4 * MIB


def test_a_tensor_that_is_read_later_is_kept():
    """The exponential is read again by the sum, so its logarithm needs 4 MiB of its own."""

    def both(x):
        first = tf.exp(x)
        return tf.math.log(first), first

    assert peak_bytes(*graph_of(both, (1024, 1024))) == 8 * MIB


def test_what_no_output_needs_is_not_computed():
    def function(x):
        tf.linalg.matmul(x, x)
        return tf.exp(x)

    assert peak_bytes(*graph_of(function, (1024, 1024))) == 4 * MIB


def test_a_freed_piece_is_used_again_and_the_pool_never_shrinks():
    pool = Pool()
    first = pool.take(MIB)
    pool.give_back(first)
    pool.take(MIB)
    assert pool.touched == MIB
    pool.take(3 * MIB)
    assert pool.touched == 4 * MIB


def test_free_neighbours_unite_and_pieces_that_are_too_small_stay_unused():
    """Four pieces of 1 MiB in a row: the first two, freed, hold a tensor of 2; the first and third do not."""
    for freed, expected in (((0, 1), 4), ((0, 2), 6)):
        pool = Pool()
        pool.take(1)  # the region of 1 MiB
        pool.take(2 * MIB - 256)  # the region of 2 MiB
        before = pool.touched
        pieces = [pool.take(MIB) for _ in range(4)]
        for i in freed:
            pool.give_back(pieces[i])
        pool.take(2 * MIB)
        assert round((pool.touched - before) / MIB) == expected, freed


def compiled(batch_norm):
    image = keras.Input((64, 64, 1))
    features = keras.layers.Conv2D(16, 3, padding="same", name="conv1")(image)
    if batch_norm:
        features = keras.layers.BatchNormalization(name="bn")(features)
    features = keras.layers.Activation("relu", name="relu")(features)
    mask = keras.layers.Conv2D(1, 1, activation="sigmoid", name="mask")(features)
    model = keras.Model(image, {"mask": mask})
    model.compile(keras.optimizers.Adam(1e-3), loss={"mask": "binary_crossentropy"}, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


SPEC = tf.TensorSpec((2, 64, 64, 1)), {"mask": tf.TensorSpec((2, 64, 64, 1))}


def test_weights_and_moments_are_counted_exactly():
    """3 x 3 x 16 + 16 and 16 + 1 weights: 177, in float32; Adam keeps two of each, a rate and a counter."""
    model = compiled(batch_norm=False)
    memory = step_memory(model, SPEC)
    assert memory.weights == 4 * 177
    assert memory.optimiser == sum(v.numpy().nbytes for v in model.optimizer.variables)
    assert memory.optimiser >= 2 * memory.weights


def test_batch_normalisation_keeps_one_tensor_more_and_images_count_in_proportion():
    """The convolution's output, 64 x 64 x 16 float32 an image, is kept for the gradient; without BN ReLU lies in it."""
    plain, normalised = (step_memory(compiled(bn), of_size(SPEC, 32)).tensors for bn in (False, True))
    assert normalised - plain >= 32 * 64 * 64 * 16 * 4
    assert step_memory(compiled(False), of_size(SPEC, 64)).tensors == pytest.approx(2 * plain, rel=0.1)


def test_tracing_moves_no_weight():
    model = compiled(batch_norm=True)
    before = model.get_weights()
    step_memory(model, SPEC)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def memory_of(n):
    return StepMemory(weights=GIB, optimiser=2 * GIB, tensors=2 * n * GIB, libraries=0)


def test_the_largest_divisor_that_fits_is_taken():
    """3 GiB and 2 an image: 24 GiB hold 10, and 8 is the largest divisor of 32 below."""
    assert largest_micro_batch(memory_of, 32, 24 * GIB) == 8
    assert largest_micro_batch(memory_of, 32, 100 * GIB) == 32


def test_a_card_that_does_not_hold_one_image_is_refused():
    with pytest.raises(ProtocolError, match=r"5\.0 GB for one image at a time"):
        largest_micro_batch(memory_of, 32, 4 * GIB)
