"""The custom CNN: its parameters by hand, its output, and what it refuses."""

import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.models.classification.custom_cnn import custom_cnn

LAYERS = {"width": 4, "depth": 2, "dropout": 0.1, "bn_momentum": 0.9}


def test_parameters_and_output():
    model = custom_cnn((8, 9), n_channels=1, n_classes=1, **LAYERS)
    stages = 9 * 4 + 9 * 4 * 4 + 9 * 4 * 8 + 9 * 8 * 8  # without bias
    assert model.count_params() == stages + 4 * (4 + 4 + 8 + 8) + 8 + 1
    found = np.asarray(model.predict(np.zeros((3, 8, 9, 1), np.float32), verbose=0)["class"])
    assert found.shape == (3, 1)
    assert ((found >= 0) & (found <= 1)).all()


def test_an_image_that_poolings_use_up_is_refused():
    with pytest.raises(ArgumentError, match="custom_cnn"):
        custom_cnn((3, 8), n_channels=1, n_classes=1, **LAYERS)
