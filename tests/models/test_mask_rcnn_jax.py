"""Mask R-CNN under JAX: a step of `fit`, an evaluation and a prediction, in a process that never sees TensorFlow."""

import math

import pytest

STEP = """
import json, sys
import numpy as np, keras
from reproduce.models.detection.mask_rcnn import mask_rcnn

labels = np.zeros((2, 64, 64), int)
labels[0, 10:40, 20:50], labels[1, 30:44, 8:20] = 1, 2
images = (0.2 + 0.3 * labels[..., None]).astype("float32")
masks = {"mask": np.eye(3, dtype="float32")[labels]}
keras.utils.set_random_seed(1)
model = mask_rcnn(
    (64, 64), n_channels=1, n_regions=3, width=4, blocks=(1, 1, 1, 1), anchor_scale=3.0, n_candidates=16,
    n_proposals=16, n_sampled=16, n_detections=4, score_threshold=0.01, frozen_bn=False, bn_momentum=0.9,
)
model.compile(keras.optimizers.Adam(1e-3))
before = [np.array(v) for v in model.trainable_variables]
seed = np.array(model.seed_generator.state)
loss = model.fit(images, masks, batch_size=2, epochs=1, verbose=0).history["loss"][0]
still = [v.path for v, old in zip(model.trainable_variables, before) if np.array_equal(old, np.array(v))]
prediction = model.predict(images, verbose=0)["mask"]
print(json.dumps({
    "backend": keras.backend.backend(),
    "loss": float(loss),
    "still": still,
    "seed moved": bool((seed != np.array(model.seed_generator.state)).any()),
    "evaluations": [float(model.evaluate(images, masks, verbose=0)) for _ in range(2)],
    "one-hot": bool((prediction.sum(-1) == 1).all()) and sorted(set(np.unique(prediction))) <= [0.0, 1.0],
    "tensorflow": any(name.partition(".")[0] == "tensorflow" for name in sys.modules),
}))
"""


@pytest.mark.slow
def test_fit_evaluate_and_predict_under_jax(under_jax):
    found = under_jax(STEP)
    assert math.isfinite(found["loss"])
    assert found["still"] == []
    assert found["seed moved"]
    assert found["one-hot"]
    first, second = found["evaluations"]
    assert math.isfinite(first)
    assert first == second
