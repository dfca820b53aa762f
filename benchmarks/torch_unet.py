"""The U-Net of `reproduce.models.segmentation.unet` as a torch module with the same weights, for the benchmarks."""

from __future__ import annotations

import keras
import numpy as np
import torch
from torch import nn
from torch.nn import functional

KERAS_EPSILON = 1e-3


class UNet(nn.Module):
    """Four poolings and a decoder that joins the features of each level; `forward` gives logits, not probabilities.

    Args:
        model: A model of `unet` with batch normalisation and without dropout, whose weights are copied.
    """

    def __init__(self, model: keras.Model):
        super().__init__()
        self.parts = nn.ModuleDict()
        for layer in model.layers:
            if isinstance(layer, keras.layers.Conv2DTranspose):
                self.parts[layer.name] = _transposed(layer)
            elif isinstance(layer, keras.layers.Conv2D):
                self.parts[layer.name] = _convolution(layer)
            elif isinstance(layer, keras.layers.BatchNormalization):
                self.parts[layer.name] = _norm(layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return float32 `[batch, region, y, x]` of `[batch, channel, y, x]`."""
        skips = []
        for i in (1, 2, 3, 4):
            x = self._level(x, f"encoder{i}")
            skips.append(x)
            x = functional.max_pool2d(x, 2)
        x = self._level(x, "bottleneck")
        for i in (4, 3, 2, 1):
            x = torch.cat([skips.pop(), self.parts[f"decoder{i}_up"](x)], dim=1)
            x = self._level(x, f"decoder{i}")
        return self.parts["mask_logits"](x)

    def _level(self, x: torch.Tensor, name: str) -> torch.Tensor:
        for i in (1, 2):
            x = functional.relu(self.parts[f"{name}_conv{i}_bn"](self.parts[f"{name}_conv{i}"](x)))
        return x


def channels_first(array: np.ndarray) -> torch.Tensor:
    """Return `[batch, channel, y, x]` of `[batch, y, x, channel]`, contiguous."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(array, -1, 1)))


def _weights(layer: keras.Layer) -> list[torch.Tensor]:
    return [torch.from_numpy(np.array(keras.ops.convert_to_numpy(weight))) for weight in layer.weights]


def _convolution(layer: keras.layers.Conv2D) -> nn.Conv2d:
    kernel, bias = _weights(layer)
    side, _, n_in, n_out = kernel.shape
    module = nn.Conv2d(n_in, n_out, side, padding=side // 2)
    module.weight.data, module.bias.data = kernel.permute(3, 2, 0, 1).contiguous(), bias
    return module


def _transposed(layer: keras.layers.Conv2DTranspose) -> nn.ConvTranspose2d:
    kernel, bias = _weights(layer)
    side, _, n_out, n_in = kernel.shape
    module = nn.ConvTranspose2d(n_in, n_out, side, side)
    module.weight.data, module.bias.data = kernel.permute(3, 2, 0, 1).contiguous(), bias
    return module


def _norm(layer: keras.layers.BatchNormalization) -> nn.BatchNorm2d:
    gamma, beta, mean, variance = _weights(layer)
    module = nn.BatchNorm2d(len(gamma), eps=layer.epsilon, momentum=1 - layer.momentum)
    module.weight.data, module.bias.data = gamma, beta
    module.running_mean.data, module.running_var.data = mean, variance
    return module
