"""Geometry against sums by hand, against what others print of keras.applications, and on another backend."""

import keras
import pytest
from keras import layers

from reproduce.inspection.geometry import Cost, cost, layer_geometry
from reproduce.models.classification.resnet import RESNET50, resnet
from reproduce.models.segmentation.optimised_cnn import optimised_cnn

REGIONS = {"n_channels": 1, "n_regions": 2, "bn_momentum": 0.9}


def rows_of(model):
    return {row.name: row for row in layer_geometry(model)}


def chain(*stack, size=(13, 11), channels=2):
    return keras.Sequential([keras.Input((*size, channels)), *stack])


def test_cost_by_hand():
    model = chain(
        layers.Conv2D(4, 3, padding="same"),  # 13 * 11 outputs, 3 * 3 * 2 * 4 weights each
        layers.BatchNormalization(),
        layers.Conv2D(8, (1, 3), groups=2),  # 13 * 9 outputs, 3 * (4 / 2) * 8
        layers.DepthwiseConv2D(3, depth_multiplier=2),  # 11 * 7 outputs of 16 channels, 9 each
        layers.SeparableConv2D(5, 3),  # 9 * 5 outputs: 9 * 16 and 16 * 5
        layers.Conv2DTranspose(3, 2, 2),  # 9 * 5 inputs, 2 * 2 * 5 * 3
        layers.MaxPooling2D(2),
        layers.Flatten(),  # 9 * 5 * 3 = 135
        layers.Dense(10),
    )
    macs = [13 * 11 * 72, 0, 13 * 9 * 48, 11 * 7 * 16 * 9, 9 * 5 * (144 + 80), 9 * 5 * 60, 0, 0, 1350]
    rows = layer_geometry(model)
    assert [row.multiply_adds for row in rows] == macs
    floats = [13 * 11 * 4, 13 * 11 * 4, 13 * 9 * 8, 11 * 7 * 16, 9 * 5 * 5, 18 * 10 * 3, 135, 0, 10]
    assert [row.activation_bytes for row in rows] == [4 * n for n in floats]
    assert cost(model) == Cost(model.count_params(), sum(macs), 4 * sum(floats))
    assert [row.running_statistics for row in rows] == [0, 8, 0, 0, 0, 0, 0, 0, 0]


def test_image_of_a_functional_model_is_counted_and_half_precision_is_half():
    image = keras.Input((4, 4, 1))
    half = layers.Conv2D(2, 1, dtype="float16")(image)
    model = keras.Model(image, layers.Conv2D(3, 1, dtype="float32")(half))
    # Conv2D of float16 stands behind a layer that casts nothing: 16 floats, 32 halves, 48 floats.
    assert cost(model).activation_bytes == 16 * 4 + 32 * 2 + 48 * 4


@pytest.mark.slow
def test_resnet50_at_full_width_takes_the_printed_multiply_adds():
    model = resnet(
        (224, 224),
        n_channels=3,
        n_classes=1000,
        width=64,
        blocks=RESNET50,
        block="bottleneck_3x3",
        conv_bias=False,
        bn_momentum=0.9,
    )
    # With the stride in the 3x3, as torchvision's: 4.09 billion there.
    assert cost(model).multiply_adds == 4_089_184_256
    learned = [row.parameters - row.running_statistics for row in layer_geometry(model)]
    assert sum(learned) == 25_557_032


def test_layer_that_is_called_twice_is_counted_once_and_computes_twice():
    image = keras.Input((8, 8, 1))
    shared = layers.Conv2D(1, 3, padding="same", name="shared")
    model = keras.Model(image, shared(layers.BatchNormalization()(shared(image))))
    first, again = [row for row in layer_geometry(model) if row.name == "shared"]
    assert (first.parameters, again.parameters) == (10, 0)
    assert first.multiply_adds == again.multiply_adds == 8 * 8 * 9
    assert (first.receptive_field, again.receptive_field) == ((3, 3), (5, 5))
    assert cost(model).parameters == model.count_params()


def test_model_within_a_model_is_entered():
    inner = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3, name="a"), layers.Conv2D(1, 3, name="b")])
    image = keras.Input((8, 8, 1))
    wrapped = keras.Model(image, layers.Conv2D(1, 3, name="c")(inner(image)))
    rows = rows_of(wrapped)
    assert list(rows) == [wrapped.layers[0].name, f"{inner.name}/a", f"{inner.name}/b", "c"]
    assert rows["c"].receptive_field == (7, 7)


def test_vgg16_sees_212_pixels_and_takes_the_printed_multiply_adds():
    rows = rows_of(keras.applications.VGG16(weights=None))
    assert sum(row.multiply_adds for row in rows.values()) == 15_470_264_320
    assert sum(row.parameters for row in rows.values()) == 138_357_544
    assert rows["block5_pool"].receptive_field == (212, 212)
    assert rows["block5_pool"].jump == (32, 32)
    assert rows["predictions"].receptive_field == (224, 224)


# Receptive fields of Araujo, Norris and Sim 2019, Table 1; multiply-adds as papers and counters of others print them.
APPLICATIONS = {
    "ResNet50": ("conv5_block3_out", 483, 3_857_973_248),
    "InceptionV3": ("mixed10", 1311, None),
    "MobileNetV2": ("out_relu", 491, 300_774_272),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICATIONS)
def test_applications_of_keras(name):
    layer, field, macs = APPLICATIONS[name]
    model = getattr(keras.applications, name)(weights=None)
    rows = rows_of(model)
    assert rows[layer].receptive_field == (field, field)
    assert macs in (None, cost(model).multiply_adds)
    assert cost(model).parameters == model.count_params()
    for each in model.layers:
        assert rows[each.name].output == tuple(each.output.shape[1:])


@pytest.mark.slow
def test_resnet152_sees_beyond_its_image():
    rows = rows_of(keras.applications.ResNet152(weights=None))
    assert rows["conv5_block3_out"].receptive_field == (1507, 1507)


STEP = """
import json, sys
import keras
from reproduce.inspection.geometry import cost
from reproduce.models.segmentation.optimised_cnn import optimised_cnn
model = optimised_cnn((32, 32), n_channels=1, n_regions=1, width=4, depth=2, bn_momentum=0.9)
found = cost(model)
numbers = [found.parameters, found.multiply_adds, found.activation_bytes]
told = {"backend": keras.backend.backend(), "tensorflow": "tensorflow" in sys.modules, "numbers": numbers}
print(json.dumps(told))
"""


def test_same_cost_on_another_backend(under_jax):
    here = cost(optimised_cnn((32, 32), n_channels=1, n_regions=1, width=4, depth=2, bn_momentum=0.9))
    assert under_jax(STEP)["numbers"] == [here.parameters, here.multiply_adds, here.activation_bytes]
