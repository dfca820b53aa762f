"""The small classifiers under JAX: their tests again, in a process whose Keras never sees TensorFlow."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_small_classifiers_and_their_layers():
    files = ("small_classifiers", "channel_layers", "attention_layers", "lenet5", "drsn")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
    command += [str(HERE / f"test_{name}.py") for name in files]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parents[1], env=environment, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
