"""MoCo v3 (Chen, Xie and He 2021, "An Empirical Study of Training Self-Supervised Vision Transformers")."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras
from keras import layers, ops

from reproduce.errors import ArgumentError
from reproduce.models import Tensor

# The layer that turns features into classes in every classifier of the catalog.
LOGITS = "class_logits"
# Of the heads' batch normalisation, as torch has them, in which the authors' release is written.
_NORM = {"epsilon": 1e-5, "momentum": 0.9}


@dataclass(frozen=True)
class Head:
    """A perceptron behind features: dense layers without biases, batch normalisation and ReLU between them.

    The paper (section 4) has 3 layers for projection and 2 for prediction, 4096 hidden units and 256 at the end, and
    batch normalisation in all layers; for ResNet-50 the release projects by 2 and leaves the last one's of the
    prediction out.

    Attributes:
        n_layers: Dense layers.
        hidden: Units of all but the last.
        width: Units of the last.
        last_norm: Whether batch normalisation, without scale and shift, follows the last.

    Raises:
        ArgumentError: A number below 1.
    """

    n_layers: int
    hidden: int
    width: int
    last_norm: bool

    def __post_init__(self) -> None:
        if min(self.n_layers, self.hidden, self.width) < 1:
            do = "take what the paper has, or less"
            raise ArgumentError(expected="numbers from 1", got=repr(self), where="Head", do=do)


def features(classifier: keras.Model) -> keras.Model:
    """Return what a classifier of the catalog sees before it names classes; its layers are shared, not copied.

    So that a classifier whose features were trained by `MomentumContrast` can be trained on, or asked, at once.

    Args:
        classifier: With a layer "class_logits"; auxiliary outputs are left out.

    Returns:
        Model from the classifier's image to float `[batch, feature]`.

    Raises:
        ArgumentError: There is no such layer.
    """
    if LOGITS not in {layer.name for layer in classifier.layers}:
        got = f"{classifier.name}, which ends in {classifier.layers[-1].name}"
        do = "end the classifier with class_head.class_head"
        raise ArgumentError(expected=f"a classifier with a layer {LOGITS}", got=got, where="features", do=do)
    return keras.Model(classifier.input, classifier.get_layer(LOGITS).input, name=f"{classifier.name}_features")


def info_nce(query: Tensor, key: Tensor, *, temperature: float) -> Tensor:
    """Return 2 tau * -log(exp(q_i k_i / tau) / sum_j exp(q_i k_j / tau)) of each image (Algorithm 1, `ctr`).

    q and k are scaled to length 1; the other images of the batch are the negatives, there is no queue. The factor 2 tau
    stands in the algorithm, and makes the scale of the gradient depend less on tau.

    Float32 `[batch]`, >= 0, of queries and keys `[batch, channel]`, the i-th ones of the same image: 0 for one image
    alone, 2 tau log(batch) where all keys are alike; `[0]` for none. A vector of zeros stays one, and is as near to all
    keys. No gradient goes through keys. tau is 0.2 for ViT in the paper, 1 for ResNet-50 in the authors' release.
    """
    q, k = (ops.normalize(ops.cast(x, "float32"), axis=-1, order=2, epsilon=1e-12) for x in (query, key))
    k = ops.stop_gradient(k)
    logits = ops.matmul(q, ops.transpose(k)) / temperature
    own = ops.sum(q * k, axis=-1) / temperature
    return 2.0 * temperature * (ops.logsumexp(logits, axis=-1) - own)


def symmetrised(queries: Tensor, keys: Tensor, *, temperature: float) -> Tensor:
    """Return `info_nce` of each image's first view against its second's key, plus the other way (Algorithm 1).

    Float32 `[batch]` of pairs of queries and of keys, float `[batch, channel]` each.
    """
    (q1, q2), (k1, k2) = queries, keys
    return info_nce(q1, k2, temperature=temperature) + info_nce(q2, k1, temperature=temperature)


def momentum_at(step: Tensor, *, start: float, n_steps: int) -> Tensor:
    """Return 1 - (1 - start) (1 + cos(pi step / n_steps)) / 2: from `start` to 1 along half a cosine (section 4).

    Float32 scalar for a number or tensor from 0; beyond `n_steps`, the whole training, it stays 1. `start` is 0.99 in
    the paper.
    """
    share = ops.minimum(ops.cast(step, "float32") / n_steps, 1.0)
    return 1.0 - (1.0 - start) * (1.0 + ops.cos(math.pi * share)) / 2.0


class MomentumContrast(keras.Model):
    """Trains the features of a classifier without labels (Algorithm 1); `fit` takes pairs of views and no targets.

    f_q is features, projection and prediction; f_k is a copy of features and projection that follows f_q's by an
    exponential moving average and gets no gradient. Keys are computed as in training, so that f_k's batch normalisation
    sees the batch, and keeps running statistics of its own.

    Algorithm 1 moves f_k at the end of a step. Here that stands at the beginning of the next, as in the authors'
    release: the same numbers, but for the last step of all, after which `follow` is to be called by who wants f_k.

    Args:
        classifier: Classifier of the catalog; see `features`.
        projection: Head of both.
        prediction: Head of f_q alone.
        temperature: tau of `info_nce`.
        momentum: m of the first step; it rises to 1, see `momentum_at`.
        n_steps: Steps of the whole training.
        frozen: Layers that keep their starting weights, in the classifier too: of a ViT "patches", without which
            training is unstable (section 4.3); none for a CNN.

    Raises:
        ArgumentError: No such layer to freeze; no "class_logits"; the prediction ends in another width than the
            projection; or temperature, momentum or n_steps out of range.
    """

    def __init__(
        self,
        classifier: keras.Model,
        *,
        projection: Head,
        prediction: Head,
        temperature: float,
        momentum: float,
        n_steps: int,
        frozen: Sequence[str],
    ):
        super().__init__(name="moco_v3")
        checks = (
            (projection.width == prediction.width, "heads of one width", f"{projection.width} and {prediction.width}"),
            (temperature > 0, "a temperature above 0", str(temperature)),
            (0 <= momentum <= 1, "a momentum in [0, 1]", str(momentum)),
            (n_steps >= 1, "a step or more", str(n_steps)),
        )
        for holds, expected, got in checks:
            if not holds:
                do = "take what the paper has"
                raise ArgumentError(expected=expected, got=got, where="MomentumContrast", do=do)
        self.temperature, self.start, self.n_steps = temperature, momentum, n_steps
        self.backbone = features(classifier)
        _freeze(self.backbone, frozen)
        width = projection.width
        projected = _perceptron(self.backbone.output, projection, "projection")
        self.encoder = keras.Model(self.backbone.input, projected, name="encoder")
        code = keras.Input((width,), name="code")
        self.prediction = keras.Model(code, _perceptron(code, prediction, "prediction"), name="predictor")
        with keras.name_scope("momentum"):  # its variables have paths of their own, its layers the names of f_q's
            self.momentum_encoder = keras.models.clone_model(self.encoder)
        self.momentum_encoder.set_weights(self.encoder.get_weights())
        for weight in self.momentum_encoder.weights:
            # each alone, since a layer of batch normalisation that is frozen as a whole leaves the batch's statistics
            weight.trainable = False
        self.step = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="step")
        self.built = True

    @property
    def pairs(self) -> list[tuple]:
        """Return (weight of f_k, weight of f_q) of all that f_q learns and f_k follows."""
        both = zip(self.momentum_encoder.weights, self.encoder.weights, strict=True)
        return [(slow, fast) for slow, fast in both if fast.trainable]

    def follow(self) -> None:
        """Set f_k <- m f_k + (1 - m) f_q, with m of the step that is done; before the first one both are the same."""
        m = momentum_at(ops.maximum(self.step - 1, 0), start=self.start, n_steps=self.n_steps)
        for slow, fast in self.pairs:
            slow.assign(slow + (1.0 - m) * (ops.stop_gradient(fast) - slow))

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return queries and keys of two views of the same images, `{"q1", "q2", "k1", "k2"}`: float `[batch, width]`.

        Args:
            inputs: Pair of float `[batch, y, x, channel]`.
            training: Whether this is a step of training, which f_k follows.
        """
        if training:
            self.follow()
            self.step.assign_add(1)
        codes = {}
        for i, view in enumerate(inputs, start=1):
            codes[f"q{i}"] = self.prediction(self.encoder(view, training=training), training=training)
            codes[f"k{i}"] = ops.stop_gradient(self.momentum_encoder(view, training=training))
        return codes

    def compute_loss(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor = None, training: bool = True
    ) -> Tensor:
        """Return the mean of `symmetrised` over the batch; there are no targets and no weights."""
        queries, keys = (y_pred["q1"], y_pred["q2"]), (y_pred["k1"], y_pred["k2"])
        return ops.mean(symmetrised(queries, keys, temperature=self.temperature))


def _perceptron(x: Tensor, head: Head, name: str) -> Tensor:
    for i in range(1, head.n_layers):
        x = layers.Dense(head.hidden, use_bias=False, name=f"{name}{i}")(x)
        x = layers.BatchNormalization(**_NORM, name=f"{name}{i}_bn")(x)
        x = layers.ReLU(name=f"{name}{i}_relu")(x)
    x = layers.Dense(head.width, use_bias=False, name=f"{name}{head.n_layers}")(x)
    if head.last_norm:
        x = layers.BatchNormalization(center=False, scale=False, **_NORM, name=f"{name}{head.n_layers}_bn")(x)
    return x


def _freeze(model: keras.Model, names: Sequence[str]) -> None:
    known = {layer.name: layer for layer in model.layers}
    for name in names:
        if name not in known:
            do = f"name layers of {model.name}"
            raise ArgumentError(expected="layers to freeze", got=repr(name), where="MomentumContrast.frozen", do=do)
        known[name].trainable = False
