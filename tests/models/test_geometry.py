"""Geometry against Keras' own shapes and sums by hand."""

import keras
import pytest
from keras import layers

from reproduce.models.deeplabv3 import deeplabv3
from reproduce.models.fcn8s import fcn8s
from reproduce.models.geometry import Cost, cost, layer_geometry
from reproduce.models.optimised_cnn import optimised_cnn
from reproduce.models.pspnet import pspnet
from reproduce.models.resnet import RESNET50, resnet
from reproduce.models.segnet import segnet
from reproduce.models.unet import unet
from reproduce.models.unoptimised_cnn import unoptimised_cnn

REGIONS = {"n_channels": 1, "n_regions": 2, "bn_momentum": 0.9}


def rows_of(model):
    return {row.name: row for row in layer_geometry(model)}


def chain(*stack, size=(13, 11), channels=2):
    return keras.Sequential([keras.Input((*size, channels)), *stack])


def narrow(size, **more):
    return {"size": size, **REGIONS, "width": 2, **more}


def deeplab(size, **more):
    settings = {"blocks": RESNET50, "output_stride": 8, "first_dilation": "previous", "multi_grid": None}
    settings |= {"rates": (12, 24, 36), "refinement": True, "dropout": 0.5, "auxiliary": False}
    return deeplabv3(**narrow(size, **settings | more))


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


@pytest.mark.parametrize(
    "build",
    [
        lambda: unet(**narrow((32, 48), batch_norm=True, dropout=0.5)),
        lambda: segnet(**narrow((32, 64))),
        lambda: fcn8s(**narrow((32, 64), batch_norm=True, dropout=0.5)),
        lambda: optimised_cnn(**narrow((16, 32), depth=2)),
        lambda: unoptimised_cnn(**narrow((16, 32), depth=2)),
        lambda: deeplab((32, 64), blocks=(1, 1, 1, 1), auxiliary=True),
        lambda: pspnet(
            **narrow((32, 64), blocks=(1, 1, 1, 1), stem="3x3", bins=(1, 2, 3), dropout=0.1, auxiliary=True)
        ),
    ],
)
def test_models_of_the_package_have_keras_shapes_and_counts(build):
    model = build()
    rows = rows_of(model)
    for layer in model.layers:
        first = layer.output[0] if isinstance(layer.output, (list, tuple)) else layer.output
        assert rows[layer.name].output == tuple(first.shape[1:])
        assert rows[layer.name].parameters == layer.count_params()
    assert cost(model).parameters == model.count_params()
    assert cost(model).multiply_adds > 0


def test_segnet_unpools_where_it_pooled():
    rows = rows_of(segnet(**narrow((64, 64))))
    # Two 3x3 convolutions and a pooling of 2: 1 + 2 + 2 + 1; the index is one byte a value.
    assert rows["pool1"].receptive_field == (6, 6)
    assert rows["pool1"].activation_bytes == 32 * 32 * 2 * (4 + 1)
    assert rows["unpool1"].jump == (1, 1)


def test_image_level_features_see_the_whole_image():
    rows = rows_of(deeplab((64, 64), blocks=(1, 1, 1, 1)))
    assert rows["aspp_image_pool"].receptive_field == rows["mask"].receptive_field == (64, 64)
    assert rows["aspp_project"].depends_on_image
    assert not rows["aspp_atrous1"].depends_on_image


STEP = """
import json, sys
import keras
from reproduce.models.geometry import cost
from reproduce.models.optimised_cnn import optimised_cnn
model = optimised_cnn((32, 32), n_channels=1, n_regions=1, width=4, depth=2, bn_momentum=0.9)
found = cost(model)
numbers = [found.parameters, found.multiply_adds, found.activation_bytes]
told = {"backend": keras.backend.backend(), "tensorflow": "tensorflow" in sys.modules, "numbers": numbers}
print(json.dumps(told))
"""


def test_same_cost_on_another_backend(under_jax):
    here = cost(optimised_cnn((32, 32), n_channels=1, n_regions=1, width=4, depth=2, bn_momentum=0.9))
    assert under_jax(STEP)["numbers"] == [here.parameters, here.multiply_adds, here.activation_bytes]
