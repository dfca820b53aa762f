"""Beside plain torch 2.13 modules of the same weights, written here from the papers' layer lists: outputs to 1e-4.

Convolutions go from Keras' (y, x, in, out) to torch's (out, in, y, x), transposed ones from (y, x, out, in) to
(in, out, y, x). Keras adds 1e-3 to the variance in batch normalisation, so torch is told to; its own default is 1e-5.
"""

import keras
import numpy as np
import pytest
from keras import ops

from reproduce.models.segmentation.fcn8s import BilinearUpsampling, fcn8s
from reproduce.models.segmentation.segnet import max_pool_with_indices, segnet, unpool
from reproduce.models.segmentation.unet import unet

pytestmark = pytest.mark.bench
torch = pytest.importorskip("torch", reason="torch of the extra `bench` is not installed")
nn = torch.nn

SIDE, WIDTH, N_CHANNELS, N_REGIONS = 64, 8, 2, 3
VGG = ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))


class Blocks(nn.Module):
    """Convolutions and batch normalisations by the names of the layers of Keras, made when they are first called."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.parts = nn.ModuleDict()

    def weights(self, name):
        return [torch.from_numpy(ops.convert_to_numpy(weight).copy()) for weight in self.model.get_layer(name).weights]

    def conv(self, x, name):
        kernel, bias = self.weights(name)
        module = nn.Conv2d(kernel.shape[2], kernel.shape[3], kernel.shape[0], padding=kernel.shape[0] // 2)
        module.weight.data, module.bias.data = kernel.permute(3, 2, 0, 1), bias
        return self.keep(name, module)(x)

    def norm(self, x, name):
        gamma, beta, mean, variance = self.weights(name)
        module = nn.BatchNorm2d(len(gamma), eps=1e-3)
        module.weight.data, module.bias.data = gamma, beta
        module.running_mean.data, module.running_var.data = mean, variance
        return self.keep(name, module)(x)

    def up(self, x, name, factor, *, padding):
        kernel, *bias = self.weights(name)
        module = nn.ConvTranspose2d(
            kernel.shape[3], kernel.shape[2], kernel.shape[0], factor, padding=padding, bias=bool(bias)
        )
        module.weight.data = kernel.permute(3, 2, 0, 1)
        if bias:
            module.bias.data = bias[0]
        return self.keep(name, module)(x)

    def keep(self, name, module):
        assert name not in self.parts
        self.parts[name] = module
        return module.eval()

    def conv_relu(self, x, name, *, batch_norm):
        x = self.conv(x, name)
        return torch.relu(self.norm(x, f"{name}_bn") if batch_norm else x)


class UNet(Blocks):
    """Ronneberger et al. 2015, Figure 1, with zeros at the border."""

    def forward(self, x):
        skips = []
        for i in (1, 2, 3, 4):
            x = self.level(x, f"encoder{i}")
            skips.append(x)
            x = nn.functional.max_pool2d(x, 2)
        x = self.level(x, "bottleneck")
        for i in (4, 3, 2, 1):
            x = torch.cat([skips.pop(), self.up(x, f"decoder{i}_up", 2, padding=0)], dim=1)
            x = self.level(x, f"decoder{i}")
        return torch.softmax(self.conv(x, "mask_logits"), dim=1)

    def level(self, x, name):
        for i in (1, 2):
            x = self.conv_relu(x, f"{name}_conv{i}", batch_norm=f"{name}_conv1_bn" in self.names)
        return x

    @property
    def names(self):
        return {layer.name for layer in self.model.layers}


class SegNet(Blocks):
    """Badrinarayanan et al. 2017, Figure 2, with torch's own pooling indices and unpooling."""

    def forward(self, x):
        indices = []
        for stage, (n, _) in enumerate(VGG, start=1):
            for i in range(1, n + 1):
                x = self.conv_relu(x, f"conv{stage}_{i}", batch_norm=True)
            x, index = nn.functional.max_pool2d(x, 2, return_indices=True)
            indices.append(index)
        for stage in (5, 4, 3, 2, 1):
            x = nn.functional.max_unpool2d(x, indices.pop(), 2)
            for i in range(VGG[stage - 1][0], 1 if stage == 1 else 0, -1):
                x = self.conv_relu(x, f"deconv{stage}_{i}", batch_norm=True)
        return torch.softmax(self.conv(x, "mask_logits"), dim=1)


class FCN8s(Blocks):
    """Long et al. 2015, Figure 3, with zeros at the border in place of padding by 100 and cropping."""

    def forward(self, x):
        batch_norm, pools = "fc6_bn" in {layer.name for layer in self.model.layers}, {}
        for stage, (n, _) in enumerate(VGG, start=1):
            for i in range(1, n + 1):
                x = self.conv_relu(x, f"conv{stage}_{i}", batch_norm=batch_norm)
            x = pools[stage] = nn.functional.max_pool2d(x, 2)
        x = self.conv_relu(self.conv_relu(x, "fc6", batch_norm=batch_norm), "fc7", batch_norm=batch_norm)
        x = self.conv(x, "score_fc7")
        for stage in (4, 3):
            x = self.up(x, f"up_pool{stage}", 2, padding=1) + self.conv(pools[stage], f"score_pool{stage}")
        return torch.softmax(self.up(x, "up_image", 8, padding=4), dim=1)


def shaken(model, seed):
    """The model with every bias, scale, statistic and deconvolution away from where it starts."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        value = ops.convert_to_numpy(weight)
        factor, shift = rng.uniform(0.7, 1.3, value.shape), rng.uniform(-0.1, 0.1, value.shape)
        weight.assign((value * factor + (shift if value.ndim == 1 else 0.01 * shift)).astype(np.float32))
    return model


PLAIN = {"batch_norm": False, "bn_momentum": 0.9, "dropout": 0.5}
CASES = {
    "unet": (unet, PLAIN, UNet),
    "unet_bn": (unet, PLAIN | {"batch_norm": True}, UNet),
    "segnet": (segnet, {"bn_momentum": 0.9}, SegNet),
    "fcn8s": (fcn8s, PLAIN, FCN8s),
    "fcn8s_bn": (fcn8s, PLAIN | {"batch_norm": True}, FCN8s),
}


@pytest.mark.parametrize("case", CASES)
def test_same_weights_same_output(case, record_property):
    build, settings, module = CASES[case]
    keras.utils.set_random_seed(7)
    model = build((SIDE, 2 * SIDE), n_channels=N_CHANNELS, n_regions=N_REGIONS, width=WIDTH, **settings)
    model = shaken(model, 8)
    images = np.random.default_rng(9).standard_normal((2, SIDE, 2 * SIDE, N_CHANNELS)).astype(np.float32)
    ours = ops.convert_to_numpy(model(images, training=False)["mask"])
    reference = module(model)
    with torch.no_grad():
        theirs = reference(torch.from_numpy(images).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
    apart = float(np.abs(ours - theirs).max())
    record_property("largest_difference", apart)
    print(f"{case}: largest difference of a probability {apart:.2e}")
    assert (ours.std(axis=(0, 1, 2)) > 1e-3).all()
    assert apart < 1e-4
    n_parameters = sum(parameter.numel() for parameter in reference.parameters())
    assert n_parameters == sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def torch_index(index, shape):
    """Places in windows as torch counts them: row-major in the plane of each channel."""
    y, x, _ = np.indices(index.shape[1:])
    place = index.astype(np.int64)
    return (2 * y + place // 2) * shape[2] + 2 * x + place % 2


@pytest.mark.parametrize("levels", [3, 1000])
def test_pooling_and_unpooling(levels):
    # With three levels nearly every window has equal maxima; with one level in a thousand hardly any has.
    x = np.random.default_rng(0).integers(-levels, levels, (2, 8, 12, 5)).astype(np.float32)
    values, index = (ops.convert_to_numpy(part) for part in max_pool_with_indices(ops.convert_to_tensor(x)))
    pooled, places = nn.functional.max_pool2d(torch.from_numpy(x).permute(0, 3, 1, 2), 2, return_indices=True)
    assert np.array_equal(values, pooled.permute(0, 2, 3, 1).numpy())
    assert np.array_equal(torch_index(index, x.shape), places.permute(0, 2, 3, 1).numpy())
    back = ops.convert_to_numpy(unpool(ops.convert_to_tensor(10 * values), ops.convert_to_tensor(index)))
    theirs = nn.functional.max_unpool2d(10 * pooled, places, 2).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(back, theirs)


@pytest.mark.parametrize("factor", [2, 8, 16])
def test_bilinear_deconvolution_inside_the_border(factor):
    x = np.random.default_rng(0).standard_normal((1, 4, 5, 2)).astype(np.float32)
    layer = keras.layers.Conv2DTranspose(
        2, 2 * factor, factor, "same", use_bias=False, kernel_initializer=BilinearUpsampling()
    )
    ours = ops.convert_to_numpy(layer(x))
    theirs = nn.functional.interpolate(
        torch.from_numpy(x).permute(0, 3, 1, 2), scale_factor=factor, mode="bilinear", align_corners=False
    )
    theirs = theirs.permute(0, 2, 3, 1).numpy()
    inner = slice(factor // 2, -factor // 2)
    assert ours[:, inner, inner] == pytest.approx(theirs[:, inner, inner], abs=1e-5)
    # torch repeats the border, the deconvolution sees zeros there.
    assert np.abs(ours - theirs).max() > 0.01
