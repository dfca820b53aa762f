"""AlexNet, VGG, GoogLeNet and what comes from keras.applications by hand: towers, grids, names, what is refused."""

import keras
import numpy as np
import pytest
from keras import applications, layers

from reproduce.errors import ArgumentError
from reproduce.models.classification.alexnet import FILTERS_2012, alexnet
from reproduce.models.classification.convnext import convnext
from reproduce.models.classification.googlenet import googlenet
from reproduce.models.classification.keras_architectures import densenet, efficientnet_b0, inception_v3, mobilenet_v2
from reproduce.models.classification.vgg import vgg

THREE = {"n_channels": 1, "n_classes": 3}
ALEXNET = THREE | {
    "filters": (8, 12, 8, 8, 8),
    "units": 4,
    "towers": 2,
    "stem_padding": 0,
    "response_normalisation": True,
    "dropout": 0.5,
}
VGG = THREE | {
    "n_convs": (1, 2, 1),
    "width": 2,
    "units": 4,
    "batch_norm": True,
    "bn_momentum": 0.75,
    "dropout": 0.25,
}
GOOGLENET = THREE | {
    "width": 4,
    "large_kernel": 3,
    "last_pool": 2,
    "batch_norm": True,
    "bn_momentum": 0.75,
    "auxiliary": True,
    "dropout": 0.4,
    "auxiliary_dropout": 0.7,
}
CONVNEXT = THREE | {"widths": (4, 8), "depths": (1, 3), "scale_start": 1e-6, "drop_path": 0.3}


def grids(model, *names):
    return [model.get_layer(name).output.shape[1:3] for name in names]


@pytest.mark.usefixtures("unallocated")
def test_grids_of_alexnet_are_those_of_figure_2():
    model = alexnet((227, 227), **ALEXNET | {"filters": FILTERS_2012})
    found = grids(model, "conv1", "conv1_pool", "conv2_join", "conv2_pool", "conv3", "conv5_pool")
    assert found == [(55, 55), (27, 27), (27, 27), (13, 13), (13, 13), (6, 6)]


def test_a_tower_reads_its_own_half_but_in_the_third_convolution():
    model = alexnet((67, 67), **ALEXNET)
    for name, half in (("conv2", 6), ("conv4", 4), ("conv5", 4)):
        source = model.get_layer(f"{name}_read1").input
        parts = keras.Model(source, model.get_layer(f"{name}_join").output)
        x = np.random.default_rng(0).random((1, *source.shape[1:]), np.float32)
        changed = x.copy()
        changed[..., x.shape[-1] // 2 :] += 1
        before, after = (keras.ops.convert_to_numpy(parts(each)) for each in (x, changed))
        assert np.array_equal(before[..., :half], after[..., :half])
        assert (before[..., half:] != after[..., half:]).any()
    assert isinstance(model.get_layer("conv3"), layers.Conv2D)


def test_responses_are_normalised_where_asked():
    names = {x.name for x in alexnet((67, 67), **ALEXNET).layers if "norm" in x.name}
    assert names == {"conv1_norm", "conv2_norm"}
    plain = alexnet((67, 67), **ALEXNET | {"response_normalisation": False})
    assert not any("norm" in x.name for x in plain.layers)


def test_vgg_halves_its_grid_after_each_stage():
    model = vgg((24, 17), **VGG)
    assert grids(model, "conv1_1", "conv2_2", "conv3_1", "pool3") == [(24, 17), (12, 8), (6, 4), (3, 2)]
    assert [model.get_layer(f"conv{k}_1").filters for k in (1, 2, 3)] == [2, 4, 8]
    drops = {x.name: x.rate for x in model.layers if isinstance(x, layers.Dropout)}
    assert drops == {"fc6_dropout": 0.25, "fc7_dropout": 0.25}
    momenta = {x.momentum for x in model.layers if isinstance(x, layers.BatchNormalization)}
    assert momenta == {0.75}


def test_grids_and_channels_of_googlenet_are_those_of_table_1():
    model = googlenet((224, 224), **GOOGLENET)
    names = ("conv1", "pool1", "pool2", "pool3", "pool4")
    assert grids(model, *names) == [(112, 112), (56, 56), (28, 28), (14, 14), (7, 7)]
    channels = [model.get_layer(f"inception{name}_join").output.shape[-1] * 16 for name in ("3a", "3b", "4e", "5b")]
    assert channels == [256, 480, 832, 1024]


def test_googlenet_of_the_paper_and_of_torchvision():
    torch, paper = (
        googlenet((64, 64), **GOOGLENET),
        googlenet((64, 64), **GOOGLENET | {"large_kernel": 5, "last_pool": 3, "batch_norm": False, "auxiliary": False}),
    )
    assert [m.get_layer("inception3a_5x5").kernel_size[0] for m in (torch, paper)] == [3, 5]
    assert [m.get_layer("pool4").pool_size[0] for m in (torch, paper)] == [2, 3]
    assert [m.get_layer("conv1").use_bias for m in (torch, paper)] == [False, True]
    assert {x.name for x in paper.layers if "norm" in x.name} == {"pool1_norm", "conv2_norm"}
    assert [set(m.output) for m in (torch, paper)] == [{"class", "aux1", "aux2"}, {"class"}]
    assert grids(paper, "pool4") == grids(torch, "pool4") == [(2, 2)]


def test_convnext_leaves_out_later_blocks_more_often():
    drops = {x.name: x.rate for x in convnext((16, 16), **CONVNEXT).layers if isinstance(x, layers.Dropout)}
    # four blocks: shares of 0, a third, two thirds and all of 0.3
    assert drops == pytest.approx(
        {"stage2_block1_drop": 0.1, "stage2_block2_drop": 0.2, "stage2_block3_drop": 0.3}, abs=1e-9
    )


def test_a_left_out_branch_is_left_out_for_a_whole_image():
    keras.utils.set_random_seed(1)
    layer = convnext((16, 16), **CONVNEXT | {"drop_path": 0.5}).get_layer("stage2_block3_drop")
    found = keras.ops.convert_to_numpy(layer(np.ones((200, 2, 2, 3), np.float32), training=True))
    each = found.reshape(200, -1)
    assert (each == each[:, :1]).all()
    assert set(each[:, 0].tolist()) == {0.0, 2.0}
    assert 70 < (each[:, 0] == 0).sum() < 130


@pytest.mark.parametrize(
    ("build", "size", "settings", "wrong"),
    [
        (alexnet, (66, 67), ALEXNET, {}),
        (alexnet, (67, 67), ALEXNET, {"filters": (8, 12, 8, 8)}),
        (alexnet, (67, 67), ALEXNET, {"filters": (8, 12, 8, 9, 8)}),
        (vgg, (7, 16), VGG, {}),
        (googlenet, (64, 64), GOOGLENET, {"width": 6}),
        (googlenet, (64, 64), GOOGLENET, {"large_kernel": 7}),
        (googlenet, (64, 64), GOOGLENET, {"last_pool": 4}),
        (convnext, (7, 8), CONVNEXT, {}),
        (convnext, (16, 16), CONVNEXT, {"depths": (1,)}),
        (convnext, (16, 16), CONVNEXT, {"widths": (), "depths": ()}),
        (inception_v3, (74, 75), THREE, {"bn_scale": True, "bn_momentum": 0.9, "dropout": 0.0}),
        (mobilenet_v2, (31, 32), THREE, {"alpha": 1.0, "bn_momentum": 0.9, "dropout": 0.0}),
        (densenet, (32, 31), THREE, {"application": applications.DenseNet121, "bn_momentum": 0.9}),
    ],
)
def test_what_cannot_be_is_refused(build, size, settings, wrong):
    with pytest.raises(ArgumentError):
        build(size, **settings | wrong)


@pytest.mark.usefixtures("unallocated")
def test_batch_normalisation_of_keras_architectures_is_told_what_to_keep():
    model = mobilenet_v2((32, 32), **THREE, alpha=0.35, bn_momentum=0.75, dropout=0.1)
    assert {x.momentum for x in model.layers if isinstance(x, layers.BatchNormalization)} == {0.75}
    assert model.get_layer("pool_dropout").rate == 0.1


@pytest.mark.usefixtures("unallocated")
def test_efficientnet_takes_images_as_they_are_or_bytes():
    def preparing(**settings):
        model = efficientnet_b0((32, 32), **THREE, bn_momentum=0.9, dropout=0.0, **settings)
        return [type(x).__name__ for x in model.layers if isinstance(x, (layers.Rescaling, layers.Normalization))]

    assert preparing(from_bytes=True) == ["Rescaling", "Normalization"]
    assert preparing(from_bytes=False) == []
