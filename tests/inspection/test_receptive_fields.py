"""Geometry of branches and of the package's models: receptive fields as printed, and as gradients measure them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from reproduce.inspection.geometry import cost, layer_geometry
from reproduce.models.classification.resnet import RESNET50, resnet
from reproduce.models.segmentation.deeplabv3 import deeplabv3
from reproduce.models.segmentation.fcn8s import fcn8s
from reproduce.models.segmentation.optimised_cnn import optimised_cnn, unoptimised_cnn
from reproduce.models.segmentation.pspnet import pspnet
from reproduce.models.segmentation.segnet import segnet
from reproduce.models.segmentation.unet import unet

REGIONS = {"n_channels": 1, "n_regions": 2, "bn_momentum": 0.9}


def rows_of(model):
    return {row.name: row for row in layer_geometry(model)}


def chain(*stack, size=(13, 11), channels=2):
    return keras.Sequential([keras.Input((*size, channels)), *stack])


def linear(layer):
    """A layer that passes on a share of the gradient to all that it reads."""
    config = layer.get_config()
    if isinstance(layer, layers.MaxPooling2D):
        return layers.AveragePooling2D.from_config(config)
    if isinstance(layer, (layers.Activation, layers.Softmax)):
        return layers.Identity(name=layer.name)
    if "activation" in config:
        config["activation"] = "linear"
    return type(layer).from_config(config)


def linearised(model):
    copy = keras.models.clone_model(model, clone_function=linear)
    rng = np.random.default_rng(1)
    for weight in copy.trainable_weights:
        if len(weight.shape) > 1:
            fan_in = np.prod(weight.shape[:-1])
            weight.assign(rng.uniform(0.5, 1.5, weight.shape) / fan_in)
    return copy


def measured(tap, position, shape):
    """(first, last) pixel along each axis on which an output of a linearised model depends; None where on nothing."""
    image = tf.constant(np.random.default_rng(2).uniform(0.5, 1.5, (1, *shape)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(image)
        output = tap(image, training=False)[0]
        channels = output[tuple(position)] if output.shape.rank > 1 else output
        value = tf.reduce_sum(channels * tf.range(1.0, channels.shape[0] + 1.0))
    slope = tape.gradient(value, image)
    slope = np.zeros(image.shape[1:]) if slope is None else np.abs(slope.numpy()[0])
    seen = [np.flatnonzero(slope.max(axis=(1 - axis, 2))) for axis in (0, 1)]
    return tuple((each[0], each[-1]) for each in seen) if len(seen[0]) else None


def seen_by_geometry(row, position, image):
    found = []
    for (first, last), side in zip(row.field_at(position), image, strict=True):
        first, last = max(first, 0), min(last, side - 1)
        found.append((first, last))
    return tuple(found) if all(first <= last for first, last in found) else None


SAME, VALID = {"padding": "same"}, {"padding": "valid"}
SINGLE = {
    "convolution": lambda: [layers.Conv2D(2, (3, 5), **SAME)],
    "stride same": lambda: [layers.Conv2D(2, 3, 2, **SAME), layers.Conv2D(2, 3, 2, **SAME)],
    "stride valid": lambda: [layers.Conv2D(2, (2, 3), (3, 2), **VALID)],
    "dilation": lambda: [layers.Conv2D(2, 3, dilation_rate=(2, 4), **SAME)],
    "groups": lambda: [layers.Conv2D(2, 3, groups=2, **SAME)],
    "depthwise": lambda: [layers.DepthwiseConv2D(3, 2, **SAME)],
    "separable": lambda: [layers.SeparableConv2D(2, 3, **VALID)],
    "max-pooling": lambda: [layers.MaxPooling2D(3, 2, **SAME)],
    "average pooling": lambda: [layers.AveragePooling2D((2, 3), (2, 1))],
    "transposed, 2 by 2": lambda: [layers.Conv2D(2, 3, 2), layers.Conv2DTranspose(2, 2, 2)],
    "transposed, 3 by 2, same": lambda: [layers.Conv2D(2, 3, 2), layers.Conv2DTranspose(2, 3, 2, **SAME)],
    "transposed, 4 by 2, same": lambda: [layers.Conv2DTranspose(2, 4, 2, **SAME), layers.Conv2D(2, 3, **SAME)],
    "transposed, 5 by 3, valid": lambda: [layers.Conv2D(2, 3, 2), layers.Conv2DTranspose(2, 5, 3, **VALID)],
    "transposed, 2 by 3": lambda: [layers.Conv2DTranspose(2, 2, 3)],
    "transposed, 5 by 1, same": lambda: [layers.Conv2DTranspose(2, 5, 1, **SAME)],
    "upsampling": lambda: [layers.Conv2D(2, 3, 2), layers.UpSampling2D((2, 3))],
    "bilinear upsampling": lambda: [layers.Conv2D(2, 3, 2), layers.UpSampling2D((2, 3), interpolation="bilinear")],
    "resizing": lambda: [layers.Conv2D(2, 3), layers.Resizing(16, 6, interpolation="bilinear")],
    "nearest resizing": lambda: [layers.Conv2D(2, 3), layers.Resizing(7, 20, interpolation="nearest")],
    "padding": lambda: [layers.ZeroPadding2D(((1, 2), (0, 3))), layers.Conv2D(2, 3)],
    "cropping": lambda: [layers.Cropping2D(((1, 2), (0, 3))), layers.Conv2D(2, 3)],
    "normalisation": lambda: [layers.BatchNormalization(), layers.LayerNormalization()],
    "group normalisation": lambda: [layers.Conv2D(4, 3), layers.GroupNormalization(2)],
    "global pooling": lambda: [layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), layers.Dense(3)],
    "kept axes": lambda: [layers.GlobalAveragePooling2D(keepdims=True), layers.Conv2D(2, 1)],
    "flattening": lambda: [layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)],
    "dense on a grid": lambda: [layers.Conv2D(2, 3), layers.Dense(3), layers.Dropout(0.5)],
}


@pytest.mark.parametrize("case", SINGLE)
def test_every_output_sees_what_its_gradient_shows(case):
    model = chain(*SINGLE[case]())
    row = layer_geometry(model)[-1]
    assert row.output == model.output_shape[1:]
    copy = linearised(model)
    grid = row.output[:-1] if len(row.output) > 1 else (1, 1)
    for y, x in {(grid[0] // 2 + i, grid[1] // 2 + i) for i in range(2) if min(grid) > 2} or {(0, 0)}:
        assert seen_by_geometry(row, (y, x), (13, 11)) == measured(copy, (y, x), (13, 11, 2)), (y, x)
    # At the edges the intervals also count what padding would show if the features went on.
    for place in ((0, 0), (0, grid[1] - 1), (grid[0] - 1, 0), (grid[0] - 1, grid[1] - 1)):
        bound, found = seen_by_geometry(row, place, (13, 11)), measured(copy, place, (13, 11, 2))
        assert found is None or all(b[0] <= f[0] and f[1] <= b[1] for b, f in zip(bound, found, strict=True)), place


def branches(size=(24, 20)):
    image = keras.Input((*size, 2))
    down = layers.Conv2D(2, 3, 2, "same", name="down")(image)
    wide = layers.Conv2D(2, 3, dilation_rate=3, padding="same", name="wide")(down)
    gate = layers.Dense(2, name="gate")(layers.GlobalAveragePooling2D(name="mean")(layers.Conv2D(2, 3)(down)))
    up = layers.Conv2DTranspose(2, 2, 2, name="up")(layers.Add(name="add")([down, wide]))
    joined = layers.Concatenate(name="join")([image, up])
    scaled = layers.Multiply(name="scale")([up, layers.Reshape((1, 1, 2), name="view")(gate)])
    return keras.Model(image, {"joined": joined, "scaled": scaled})


def test_branches_see_what_their_gradients_show():
    model = branches()
    rows, copy = rows_of(model), linearised(model)
    # down sees 3, wide 3 + 2 * 3 * 2 = 15; both outputs of a 2 by 2 transposed convolution see what its one input sees.
    assert rows["down"].receptive_field == (3, 3)
    assert rows["add"].receptive_field == rows["up"].receptive_field == rows["join"].receptive_field == (15, 15)
    assert rows["join"].jump == (1, 1)
    assert not rows["join"].depends_on_image
    assert rows["scale"].depends_on_image
    assert rows["scale"].receptive_field == (24, 20)
    for name in ("wide", "add", "up", "join", "scale"):
        tap = keras.Model(copy.input, copy.get_layer(name).output)
        # Away from the edges, where taps of a dilated convolution fall between the padding and the image.
        scale = 2 if rows[name].output[0] == 24 else 1
        for place in ((5, 4), (6, 5)):
            place = tuple(scale * i for i in place)
            assert seen_by_geometry(rows[name], place, (24, 20)) == measured(tap, place, (24, 20, 2)), (name, place)


def narrow(size, **more):
    return {"size": size, **REGIONS, "width": 2, **more}


def deeplab(size, **more):
    settings = {"blocks": RESNET50, "output_stride": 8, "first_dilation": "previous", "multi_grid": None}
    settings |= {"rates": (12, 24, 36), "refinement": True, "dropout": 0.5, "auxiliary": False}
    return deeplabv3(**narrow(size, **settings | more))


def resnet50(size, block):
    return resnet(
        size, n_channels=1, n_classes=2, width=2, blocks=RESNET50, block=block, conv_bias=False, bn_momentum=0.9
    )


# Model, layer, receptive field along y, rows of the image; the image is narrow, since axes do not mix.
PRINTED = {
    "ResNet-50, stride in the first 1x1": (lambda: resnet50((544, 32), "bottleneck_1x1"), "stage4_block3_relu", 483),
    "ResNet-50, stride in the 3x3": (lambda: resnet50((544, 32), "bottleneck_3x3"), "stage4_block3_relu", 427),
    "U-Net, lowest level": (
        lambda: unet(**narrow((320, 16), batch_norm=False, dropout=0.5)),
        "bottleneck_dropout",
        140,
    ),
    "U-Net": (lambda: unet(**narrow((320, 16), batch_norm=False, dropout=0.5)), "mask_logits", None),
    "optimised CNN": (lambda: optimised_cnn(**narrow((640, 16), depth=4)), "mask_logits", None),
    "unoptimised CNN": (lambda: unoptimised_cnn(**narrow((320, 16), depth=4)), "mask_logits", None),
    "DeepLabV3, backbone": (lambda: deeplab((544, 32)), "stage4_block3_relu", 427),
    "DeepLabV3, widest rate": (lambda: deeplab((1152, 32)), "aspp_atrous3", 427 + 2 * 36 * 8),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", PRINTED)
def test_receptive_field_of_an_architecture_is_as_printed_and_as_measured(case):
    build, name, printed = PRINTED[case]
    model = build()
    row = rows_of(model)[name]
    assert printed in (None, row.receptive_field[0])
    copy = linearised(model)
    tap = keras.Model(copy.input, copy.get_layer(name).output)
    middle = row.output[0] // 2
    extents = []
    for y in range(middle, middle + len(row.footprints[0].table)):
        place = (y, row.output[1] // 2)
        found = measured(tap, place, model.input_shape[1:])
        assert found == seen_by_geometry(row, place, model.input_shape[1:3])
        extents.append(found[0][1] - found[0][0] + 1)
    assert max(extents) == row.receptive_field[0]


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
