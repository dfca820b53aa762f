"""U-Net, SegNet and FCN-8s under JAX, in a process that never sees TensorFlow: a step, and the same output."""

import keras
import numpy as np
import pytest

from reproduce.models.segmentation.fcn8s import fcn8s
from reproduce.models.segmentation.segnet import segnet
from reproduce.models.segmentation.unet import unet

PLAIN = {"batch_norm": False, "bn_momentum": 0.9, "dropout": 0.5}
BUILDERS = {
    "unet": (unet, PLAIN),
    "segnet": (segnet, {"bn_momentum": 0.9}),
    "fcn8s": (fcn8s, PLAIN | {"batch_norm": True}),
}
STEP = """
import json, sys
from pathlib import Path
import numpy as np, keras
from reproduce.models.losses import CategoricalCrossEntropy
import reproduce.models.segmentation.fcn8s, reproduce.models.segmentation.segnet

folder = Path(sys.argv[1])
x = np.load(folder / "images.npy")
y = np.eye(3, dtype=np.float32)[np.digitize(x[..., 0], [-0.5, 0.5])]
found = {"backend": keras.backend.backend()}
for file in sorted(folder.glob("*.keras")):
    model = keras.saving.load_model(file)
    np.save(folder / f"{file.stem}.npy", keras.ops.convert_to_numpy(model(x, training=False)["mask"]))
    model.compile(keras.optimizers.Adam(1e-3), loss={"mask": CategoricalCrossEntropy(weight=1.0)})
    before = [np.array(v) for v in model.get_weights()]
    loss = model.train_on_batch(x, {"mask": y}, return_dict=True)["loss"]
    still = [w.path for w, a in zip(model.weights, before) if w.trainable and np.array_equal(a, w.numpy())]
    found[file.stem] = [float(loss), [path for path in still if not path.endswith("bias")]]
found["tensorflow"] = any(name.partition(".")[0] == "tensorflow" for name in sys.modules)
print(json.dumps(found))
"""


@pytest.mark.slow
def test_what_one_backend_saved_gives_the_same_under_jax_and_trains_there(under_jax, tmp_path):
    images = np.random.default_rng(0).standard_normal((2, 64, 64, 1)).astype(np.float32)
    np.save(tmp_path / "images.npy", images)
    expected = {}
    for name, (build, settings) in BUILDERS.items():
        keras.utils.set_random_seed(1)
        model = build((64, 64), n_channels=1, n_regions=3, width=4, **settings)
        expected[name] = keras.ops.convert_to_numpy(model(images, training=False)["mask"])
        model.save(tmp_path / f"{name}.keras")
    found = under_jax(STEP, str(tmp_path))
    for name in BUILDERS:
        loss, still = found[name]
        assert 0 < loss < 20
        assert still == []
        assert np.load(tmp_path / f"{name}.npy") == pytest.approx(expected[name], abs=1e-5)
