"""The contrastive loss of MoCo v3, in keras.ops."""

from __future__ import annotations

from keras import ops


def info_nce(query, key, *, temperature: float):
    """2 tau * -log(exp(q_i k_i / tau) / sum_j exp(q_i k_j / tau)) of each image (Chen et al. 2021, Algorithm 1, `ctr`).

    q and k are scaled to length 1; the other images of the batch are the negatives, there is no queue. The factor 2 tau
    stands in the algorithm, and makes the scale of the gradient depend less on tau.

    Args:
        query: float `[batch, channel]`; a vector of zeros stays one, and is as near to all keys.
        key: Likewise; the i-th is that of the same image. No gradient goes through it.
        temperature: tau > 0; 0.2 for ViT in the paper, 1 for ResNet-50 in the authors' release.

    Returns:
        float32 `[batch]`, >= 0: 0 for one image alone, 2 tau log(batch) where all keys are alike; `[0]` for none.
    """
    q, k = _unit_length(query), ops.stop_gradient(_unit_length(key))
    logits = ops.matmul(q, ops.transpose(k)) / temperature
    own = ops.sum(q * k, axis=-1) / temperature
    return 2.0 * temperature * (ops.logsumexp(logits, axis=-1) - own)


def symmetrised(queries, keys, *, temperature: float):
    """`info_nce` of each image's first view against its second's key, plus the other way (Algorithm 1).

    Args:
        queries: Of the first and of the second view, float `[batch, channel]` each.
        keys: Likewise.
        temperature: As for `info_nce`.

    Returns:
        float32 `[batch]`.
    """
    (q1, q2), (k1, k2) = queries, keys
    return info_nce(q1, k2, temperature=temperature) + info_nce(q2, k1, temperature=temperature)


def _unit_length(x):
    return ops.normalize(ops.cast(x, "float32"), axis=-1, order=2, epsilon=1e-12)
