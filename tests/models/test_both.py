"""What holds for every architecture: shapes, ranges, names, training, saving, batches, sizes, precision."""

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError


def predicted(model, images):
    return {name: keras.ops.convert_to_numpy(value) for name, value in model(images, training=False).items()}


def test_outputs_are_float32_probabilities_on_the_grid_of_the_image(model, images):
    outputs = predicted(model, images)
    assert outputs["mask"].shape == (2, 16, 16, 2)
    assert set(outputs) <= {"mask", "slice"}
    for values in outputs.values():
        assert values.dtype == np.float32
        assert ((values >= 0) & (values <= 1)).all()
        assert values.std() > 0


def test_extreme_images_stay_in_range(model):
    for value in (0.0, 1.0, 1e6):
        for probabilities in predicted(model, np.full((1, 16, 16, 2), value, np.float32)).values():
            assert np.isfinite(probabilities).all()
            assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_one_step_moves_every_weight(trained):
    pairs = zip(trained.model.weights, trained.before, trained.after, strict=True)
    assert [weight.path for weight, before, after in pairs if np.array_equal(before, after)] == []


def test_one_step_moves_most_of_each_weight(trained):
    # A ReLU that is dead on both images may hold back a channel, not half of a layer.
    pairs = zip(trained.model.weights, trained.before, trained.after, strict=True)
    assert [weight.path for weight, before, after in pairs if np.mean(before != after) < 0.5] == []


def test_training_lowers_the_loss(trained):
    assert trained.losses[-1] < trained.losses[0]


def test_save_and_load_agree(trained, images, tmp_path):
    trained.model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for name, values in predicted(trained.model, images).items():
        assert np.array_equal(predicted(again, images)[name], values)
    for name, loss in trained.model.loss.items():
        assert type(again.loss[name]) is type(loss)
        assert again.loss[name].get_config() == loss.get_config()


def test_a_batch_of_two_equals_two_of_one(model, images):
    together = predicted(model, images)
    for i in range(2):
        for name, values in predicted(model, images[i : i + 1]).items():
            assert together[name][i] == pytest.approx(values[0], abs=1e-5)


def test_every_layer_has_a_name_of_its_own_that_keras_did_not_give(model):
    names = [layer.name for layer in model.layers]
    assert len(names) == len(set(names))
    given = [keras.src.utils.naming.to_snake_case(type(layer).__name__) for layer in model.layers]
    automatic = [n for n, kind in zip(names, given, strict=True) if n == kind or n.startswith(f"{kind}_")]
    assert automatic == []


@pytest.mark.parametrize(("size", "depth"), [((30, 32), 2), ((32, 30), 2), ((32, 32), 6), ((0, 32), 2), ((33, 33), 1)])
def test_a_size_that_the_decoder_cannot_give_back_is_refused(builder, size, depth):
    with pytest.raises(ArgumentError, match=f"multiples of {2**depth}") as caught:
        builder(size, n_channels=1, n_regions=1, width=4, depth=depth, bn_momentum=0.9)
    assert caught.value.got == f"{size[0]} x {size[1]} pixels"
    assert caught.value.where == builder.__name__


def test_sides_may_differ_and_depth_may_be_0(builder):
    model = builder((16, 8), n_channels=1, n_regions=3, width=4, depth=2, bn_momentum=0.9)
    assert model.output["mask"].shape == (None, 16, 8, 3)
    assert builder((5, 7), n_channels=1, n_regions=1, width=4, depth=0, bn_momentum=0.9).output["mask"].shape[1:3] == (
        5,
        7,
    )


def test_heads_stay_float32_under_mixed_precision(bfloat16, builder, images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = builder((16, 16), n_channels=2, n_regions=2, width=4, depth=1, bn_momentum=0.9)
    finally:
        keras.config.set_dtype_policy("float32")
    assert {tensor.dtype for tensor in model.output.values()} == {"float32"}
    assert next(layer for layer in model.layers if "conv1" in layer.name).compute_dtype == "bfloat16"
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    assert all(values.dtype == np.float32 for values in predicted(model, images).values())


def test_momentum_reaches_every_batch_normalisation(builder):
    model = builder((8, 8), n_channels=1, n_regions=1, width=4, depth=1, bn_momentum=0.75)
    momenta = {layer.momentum for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)}
    assert momenta == {0.75}


def test_the_same_seed_draws_the_same_weights_and_another_one_others(builder):
    def kernels(seed):
        keras.utils.set_random_seed(seed)
        model = builder((8, 8), n_channels=1, n_regions=1, width=4, depth=1, bn_momentum=0.9)
        return np.concatenate([np.ravel(v) for v in model.get_weights()])

    assert np.array_equal(kernels(1), kernels(1))
    assert not np.array_equal(kernels(1), kernels(2))
