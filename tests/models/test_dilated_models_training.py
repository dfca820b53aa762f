"""DeepLabV3, PSPNet and FCN learn: four slices by heart, and one step of the document's size at full width."""

import resource

import keras
import numpy as np
import pytest

from reproduce.models.classification.resnet import RESNET50
from reproduce.models.losses import CategoricalCrossEntropy
from reproduce.models.segmentation.deeplabv3 import deeplabv3
from reproduce.models.segmentation.fcn_resnet import fcn_resnet
from reproduce.models.segmentation.pspnet import pspnet

pytestmark = pytest.mark.slow

ATROUS = {"output_stride": 8, "first_dilation": "own", "multi_grid": None, "refinement": True, "dropout": 0.5}
BUILDERS = {
    "deeplabv3": (deeplabv3, ATROUS, {"rates": (1, 2, 3)}, {"rates": (12, 24, 36)}),
    "fcn_resnet": (fcn_resnet, {}, {}, {}),
    "pspnet": (pspnet, {"stem": "7x7", "bins": (1, 2, 3, 6), "dropout": 0.1}, {}, {}),
}


def slices(side):
    """Four slices with two ellipses of other sizes, places and intensities in noise, and their one-hot reference."""
    y, x = np.mgrid[:side, :side] / side
    images, references = [], []
    for i in range(4):
        large = ((y - 0.4 - 0.05 * i) / 0.3) ** 2 + ((x - 0.35) / (0.18 + 0.03 * i)) ** 2 < 1
        small = ((y - 0.6 + 0.1 * i) / 0.2) ** 2 + ((x - 0.8) / 0.14) ** 2 < 1
        labels = np.where(small, 2, large.astype(int))
        noise = np.random.default_rng(i).normal(0, 0.1, (side, side))
        images.append(np.choose(labels, (0.2, 0.5, 0.8)) + noise)
        references.append(np.eye(3)[labels])
    return np.array(images, np.float32)[..., None], np.array(references, np.float32)


def dice(model, images, reference):
    """Smallest over both regions and four slices."""
    found = keras.ops.convert_to_numpy(model(images, training=False)["mask"]).argmax(axis=-1)
    regions = np.eye(3)[found][..., 1:]
    shared, sizes = (regions * reference[..., 1:]).sum((1, 2)), (regions + reference[..., 1:]).sum((1, 2))
    return float((2 * shared / sizes).min())


def compiled(model, learning_rate):
    losses = {"mask": CategoricalCrossEntropy(1.0), "aux": CategoricalCrossEntropy(0.4)}
    model.compile(keras.optimizers.Adam(learning_rate), loss=losses)
    return model


@pytest.mark.parametrize("name", BUILDERS)
def test_four_slices_by_heart(name, record_property):
    keras.utils.set_random_seed(5)
    build, own, small, _ = BUILDERS[name]
    settings = {"n_channels": 1, "n_regions": 3, "width": 8, "blocks": (1, 1, 1, 1), "auxiliary": True}
    model = compiled(build((64, 64), bn_momentum=0.9, **settings, **own, **small), 3e-3)
    images, reference = slices(64)
    steps, found = 0, 0.0
    while found <= 0.95 and steps < 400:
        for _ in range(10):
            model.train_on_batch(images, {"mask": reference, "aux": reference})
        steps, found = steps + 10, dice(model, images, reference)
    record_property("steps", steps)
    print(f"{name}: Dice {found:.3f} after {steps} steps")
    assert found > 0.95


@pytest.mark.parametrize("name", BUILDERS)
def test_one_step_at_512_and_full_width(name, record_property):
    keras.utils.set_random_seed(5)
    build, own, _, full = BUILDERS[name]
    settings = {"n_channels": 1, "n_regions": 6, "width": 64, "blocks": RESNET50, "auxiliary": True}
    model = compiled(build((512, 512), bn_momentum=0.9, **settings, **own, **full), 1e-3)
    rng = np.random.default_rng(0)
    image = rng.random((1, 512, 512, 1), np.float32)
    reference = np.eye(6, dtype=np.float32)[rng.integers(0, 6, (1, 512, 512))]
    before = {weight.path: np.copy(keras.ops.convert_to_numpy(weight)) for weight in model.trainable_weights}
    loss = float(model.train_on_batch(image, {"mask": reference, "aux": reference}, return_dict=True)["loss"])
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    record_property("peak_gib", gib)
    print(f"{name}: loss {loss:.3f}, {gib:.1f} GiB at most in this process so far")
    # Alone in its process each needs 2.8 to 3.6 GiB; unrolled dilations would need many times that.
    assert gib < 16
    assert np.isfinite(loss)
    after = {weight.path: keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights}
    still = {path.split("/")[0] for path, values in after.items() if np.array_equal(before[path], values)}
    # One image: the mean over it is its own mean, so what lies before that normalisation learns nothing.
    assert still <= {"aspp_image", "aspp_image_bn", "pyramid1", "pyramid1_bn"}
    assert all(np.isfinite(values).all() for values in after.values())
