"""Starting weights follow from the seed that is set before a model is built, and layers of one shape draw apart."""

import keras
import numpy as np
import pytest

from reproduce.models.catalog import CATALOG
from reproduce.models.classification.convnext import convnext
from reproduce.models.classification.swin import swin
from reproduce.models.classification.vit import vit

SMALL = {
    "vit": lambda: vit(
        (16, 16), n_channels=1, n_classes=2, patch=8, width=8, depth=2, heads=2, mlp_width=16, dropout=0.0
    ),
    "swin": lambda: swin(
        (16, 16), n_channels=1, n_classes=2, width=8, depths=(2,), heads=(2,), window=2, drop_path=0.0
    ),
    "convnext": lambda: convnext(
        (16, 16), n_channels=1, n_classes=2, widths=(4, 8), depths=(2, 2), scale_start=1e-6, drop_path=0.0
    ),
}
FAMILIES = {each.build.function.__name__: each for each in CATALOG}


def drawn(build, seed):
    """Weights that are not one constant, under a seed."""
    keras.utils.set_random_seed(seed)
    found = {weight.path: keras.ops.convert_to_numpy(weight) for weight in build().weights}
    return {path: values for path, values in found.items() if np.ptp(values) > 0}


def require_drawn_by_the_seed(build):
    one, same, other = (drawn(build, seed) for seed in (1, 1, 2))
    assert one
    assert one.keys() == same.keys() == other.keys()
    assert [path for path in one if not np.array_equal(one[path], same[path])] == []
    assert [path for path in one if np.array_equal(one[path], other[path])] == []


@pytest.mark.parametrize("name", SMALL)
def test_another_seed_is_another_start_and_the_same_one_the_same(name):
    require_drawn_by_the_seed(SMALL[name])


@pytest.mark.parametrize("name", SMALL)
def test_layers_of_one_shape_do_not_start_alike(name):
    kernels = [values for values in drawn(SMALL[name], 1).values() if values.ndim > 1]
    alike = [a.shape for i, a in enumerate(kernels) for b in kernels[:i] if a.shape == b.shape and np.array_equal(a, b)]
    assert alike == []


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_the_catalog_starts_by_the_seed(family):
    each = FAMILIES[family]
    require_drawn_by_the_seed(lambda: each.build(each.size, n_channels=each.n_channels, n_classes=2))
