"""Transfer learning (Xue 2025, 5): a pretrained encoder, frozen, inside a U-shaped decoder that is trained."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from reproduce.errors import ArgumentError
from reproduce.models import Tensor, register
from reproduce.models.classification.pretrained_encoders import Encoder, load_encoder
from reproduce.models.layers.blocks import mask_head, require_divisible
from reproduce.models.layers.own_layer import OwnLayer
from reproduce.models.segmentation.optimised_cnn import up_to_image


@register
class ImageNetInput(OwnLayer):
    """Images of three channels in [0, 255], red first, as an encoder of keras.applications was trained to see them."""

    def __init__(self, mode: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.mode = mode

    def call(self, images: Tensor) -> Tensor:
        """Return `keras.applications.imagenet_utils.preprocess_input` in this mode."""
        return keras.applications.imagenet_utils.preprocess_input(images, data_format="channels_last", mode=self.mode)


def pretrained_cnn(
    size: tuple[int, int],
    *,
    n_channels: int,
    n_regions: int,
    encoder: Encoder,
    sha256: str,
    grey: tuple[float, float],
    width: int,
    bn_momentum: float,
    prior: float = 0.5,
) -> keras.Model:
    """Return a frozen encoder with weights from a file, and the decoder of `optimised_cnn` on its features.

    silent: Xue 2025, 5 names VGG, ResNet and Inception and says no more. Intensities between the two ends of `grey`
    become 0 to 255 in proportion, what lies beyond stays in proportion. An image of one channel is repeated, as a grey
    photograph is; several channels are mixed to three by a learned 1x1 convolution, which starts as their mean, since
    no three of four modalities are a picture's red, green and blue. Then the encoder's own normalisation follows.

    Args:
        size: Multiples of `2 ** encoder.depth`.
        encoder: One of `pretrained_encoders`.
        sha256: Digest of the file of its weights.
        grey: Intensities of the image that are black and white, the low one first: (0, 1) for a window.
        width: Channels of the decoder on the image's own grid; each halving doubles them.
        prior: Probability from which the mask starts, see `mask_head`.

    Raises:
        ArgumentError: Black is not below white.
        DataNotFoundError: The file of weights is absent.
        WeightsError: It is not the one that is named, or holds no weights of this encoder.
    """
    require_divisible(size, depth=encoder.depth, where="pretrained_cnn")
    image = keras.Input((*size, n_channels), name="image")
    features = load_encoder(encoder, sha256=sha256)(_as_picture(image, n_channels, grey, encoder.mode))
    finer = {tuple(feature.shape[1:3]): feature for feature in features[:-1]}
    # only VGG16 has features on the image's own grid
    skips = [finer.get((size[0] // 2**level, size[1] // 2**level)) for level in range(encoder.depth)]
    x = up_to_image(features[-1], skips, width=width, depth=encoder.depth, bn_momentum=bn_momentum)
    return keras.Model(image, {"mask": mask_head(x, n_regions, prior=prior)}, name="pretrained_cnn")


def _as_picture(image: Tensor, n_channels: int, grey: tuple[float, float], mode: str) -> Tensor:
    """Return three channels as the encoder expects them."""
    black, white = grey
    if not black < white:
        do = "give the intensity that is black first"
        raise ArgumentError(expected="two grey ends, black below white", got=repr(grey), where="pretrained_cnn", do=do)
    scale = 255.0 / (white - black)
    x = layers.Rescaling(scale, offset=-black * scale, name="grey")(image)
    if n_channels == 1:
        x = layers.Concatenate(name="repeat")([x, x, x])
    else:
        mean = keras.initializers.Constant(1 / n_channels)
        x = layers.Conv2D(3, 1, kernel_initializer=mean, name="mix")(x)
    return ImageNetInput(mode, name="preprocess")(x)
