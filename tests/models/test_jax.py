"""Models and losses under JAX: one training step of each, in a process that never sees TensorFlow."""

STEP = """
import json, sys
import numpy as np, keras
from reproduce.models.losses import BinaryCrossEntropy, Focal, SquaredDice
from reproduce.models.segmentation.optimised_cnn import optimised_cnn, unoptimised_cnn

rng = np.random.default_rng(0)
x = rng.random((2, 16, 16, 1), np.float32)
y = {"mask": (x > 0.7).astype("float32"), "slice": np.array([[1.0], [0.0]], np.float32)}
found = {"backend": keras.backend.backend()}
for build, losses in (
    (unoptimised_cnn, {"mask": BinaryCrossEntropy()}),
    (optimised_cnn, {"mask": SquaredDice(smooth=1.0), "slice": Focal(gamma=2.0, alpha=0.25)}),
):
    keras.utils.set_random_seed(1)
    model = build((16, 16), n_channels=1, n_regions=1, width=4, depth=2, bn_momentum=0.9)
    model.compile(keras.optimizers.Adam(1e-3), loss=losses)
    before = [np.array(v) for v in model.get_weights()]
    loss = model.train_on_batch(x, {name: y[name] for name in losses}, return_dict=True)["loss"]
    still = sum(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    found[build.__name__] = [float(loss), still]
found["tensorflow"] = any(name.partition(".")[0] == "tensorflow" for name in sys.modules)
print(json.dumps(found))
"""


def test_one_step_of_both_models_under_jax(under_jax):
    found = under_jax(STEP)
    for name in ("unoptimised_cnn", "optimised_cnn"):
        loss, still = found[name]
        assert 0 < loss < 2
        assert still == 0
