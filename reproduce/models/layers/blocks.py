"""Blocks that several architectures share; every layer is named after its block."""

from __future__ import annotations

from keras import layers

from reproduce.errors import ArgumentError


def require_divisible(size: tuple[int, int], *, depth: int, where: str) -> None:
    """Return if a grid can be halved `depth` times; else the decoder would come back to another grid.

    Args:
        size: (y, x) in pixels.
        depth: Halvings.
        where: Name of the model.

    Raises:
        ArgumentError: A side is no positive multiple of `2 ** depth`.
    """
    step = 2**depth
    if any(side < step or side % step for side in size):
        raise ArgumentError(
            expected=f"sides that are multiples of {step} (2 to the depth of {depth})",
            got=f"{size[0]} x {size[1]} pixels",
            where=where,
            do="resize to a multiple, or take a smaller depth where the model has one to choose",
        )


def conv_bn_relu(x, filters: int, name: str, *, kernel: int = 3, stride: int = 1, bn_momentum: float):
    """Convolution without bias, batch normalisation (Ioffe and Szegedy 2015), ReLU.

    Args:
        x: `[batch, y, x, channel]`.
        filters: Channels out.
        name: Prefix of the three layers.
        kernel: Side of the kernel in pixels.
        stride: Step in pixels.
        bn_momentum: Share of the old running statistics that one step keeps; papers and frameworks disagree.

    Returns:
        `[batch, ceil(y / stride), ceil(x / stride), filters]`.
    """
    x = layers.Conv2D(filters, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
    x = layers.BatchNormalization(momentum=bn_momentum, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def biased_conv_relu(x, filters: int, name: str, *, kernel: int = 3, batch_norm: bool, bn_momentum: float):
    """Convolution with bias and ReLU, as before batch normalisation was known; with it in between where asked.

    The bias stays before a batch normalisation, which takes it away again: its gradient is zero, and it only counts
    among the parameters, as it does in the counts that are printed for such models.

    Args:
        x: `[batch, y, x, channel]`.
        filters: Channels out.
        name: Prefix of the layers.
        kernel: Side of the kernel in pixels; the grid is kept by zeros around it.
        batch_norm: Whether batch normalisation (Ioffe and Szegedy 2015) stands before the ReLU.
        bn_momentum: As in `conv_bn_relu`; without effect where there is no batch normalisation.

    Returns:
        `[batch, y, x, filters]`.
    """
    x = layers.Conv2D(filters, kernel, padding="same", kernel_initializer="he_normal", name=name)(x)
    if batch_norm:
        x = layers.BatchNormalization(momentum=bn_momentum, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def residual_block(x, filters: int, name: str, *, stride: int = 1, bn_momentum: float):
    """Basic residual block y = relu(F(x) + shortcut(x)) (He et al. 2016, equations 1 and 2, Figure 2).

    F is conv3x3-BN-ReLU-conv3x3-BN; the shortcut is the identity, or a 1x1 convolution with batch normalisation where
    the shape changes (option B there).

    Args:
        x: `[batch, y, x, channel]`.
        filters: Channels out.
        name: Prefix of the layers.
        stride: Step of the first convolution and of the projection, in pixels.
        bn_momentum: As in `conv_bn_relu`.

    Returns:
        `[batch, ceil(y / stride), ceil(x / stride), filters]`.
    """
    shortcut = x
    if stride != 1:
        # A 1x1 convolution of stride s is one of stride 1 on every s-th pixel. TensorFlow 2.21's oneDNN kernel for the
        # gradient of the former writes out of bounds on CPUs (the process dies), so we take the pixels first.
        shortcut = layers.MaxPooling2D(1, stride, name=f"{name}_shortcut_subsample")(shortcut)
    if stride != 1 or x.shape[-1] != filters:
        shortcut = layers.Conv2D(filters, 1, use_bias=False, kernel_initializer="he_normal", name=f"{name}_shortcut")(
            shortcut
        )
        shortcut = layers.BatchNormalization(momentum=bn_momentum, name=f"{name}_shortcut_bn")(shortcut)
    y = conv_bn_relu(x, filters, f"{name}_conv1", stride=stride, bn_momentum=bn_momentum)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv2")(
        y
    )
    y = layers.BatchNormalization(momentum=bn_momentum, name=f"{name}_conv2_bn")(y)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([y, shortcut]))


def dense_block(x, n_layers: int, growth: int, name: str, *, bn_momentum: float):
    """Dense block with bottlenecks (DenseNet-B, Huang et al. 2017, section 3).

    Each layer is BN-ReLU-conv1x1(4 growth)-BN-ReLU-conv3x3(growth) and is concatenated to all that came before it.

    Args:
        x: `[batch, y, x, channel]`.
        n_layers: Layers of the block.
        growth: Channels that each layer adds (k).
        name: Prefix of the layers.
        bn_momentum: As in `conv_bn_relu`.

    Returns:
        `[batch, y, x, channel + n_layers * growth]`.
    """
    for i in range(1, n_layers + 1):
        y = x
        for step, (filters, kernel) in enumerate(((4 * growth, 1), (growth, 3)), start=1):
            prefix = f"{name}_layer{i}_conv{step}"
            y = layers.BatchNormalization(momentum=bn_momentum, name=f"{prefix}_bn")(y)
            y = layers.ReLU(name=f"{prefix}_relu")(y)
            y = layers.Conv2D(
                filters, kernel, padding="same", use_bias=False, kernel_initializer="he_normal", name=prefix
            )(y)
        x = layers.Concatenate(name=f"{name}_layer{i}_concat")([x, y])
    return x


def mask_head(x, n_regions: int):
    """Probability of each region in each pixel: 1x1 convolution and sigmoid, in float32 whatever the precision.

    Args:
        x: `[batch, y, x, channel]`.
        n_regions: Regions, which may overlap.

    Returns:
        The tensor "mask", float32 `[batch, y, x, n_regions]` in [0, 1].
    """
    logits = layers.Conv2D(n_regions, 1, dtype="float32", name="mask_logits")(x)
    return layers.Activation("sigmoid", dtype="float32", name="mask")(logits)


def region_probabilities(logits):
    """Probability of each region in each pixel, in float32 whatever the precision.

    Softmax where there are several regions, which exclude each other, so the first is the background; sigmoid of one.

    Args:
        logits: float32 `[batch, y, x, n_regions]`.

    Returns:
        The tensor "mask", float32 `[batch, y, x, n_regions]` in [0, 1].
    """
    activation = "softmax" if logits.shape[-1] > 1 else "sigmoid"
    return layers.Activation(activation, dtype="float32", name="mask")(logits)


def slice_head(x):
    """Probability that a slice holds a lesion: global average pooling, one unit, sigmoid, in float32.

    Args:
        x: `[batch, y, x, channel]`.

    Returns:
        The tensor "slice", float32 `[batch, 1]` in [0, 1].
    """
    pooled = layers.GlobalAveragePooling2D(name="slice_pool")(x)
    return layers.Dense(1, activation="sigmoid", dtype="float32", name="slice")(pooled)
