"""What a room offers under its own name is there, and costs no library that it does not need."""

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from reproduce.metrics import confusion, overlap

PROJECT = Path(__file__).parents[1]
HEAVY = {
    "metrics": ("pandas", "keras", "tensorflow"),
    "imaging": ("pandas", "keras", "tensorflow", "pydicom", "nibabel"),
    "prediction": ("keras", "tensorflow", "pydicom"),
    "audit": ("numpy",),
}


@pytest.mark.parametrize("room", HEAVY)
def test_every_public_name_can_be_imported(room):
    module = importlib.import_module(f"reproduce.{room}")
    assert all(callable(getattr(module, name)) for name in module.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name  # noqa: B018


@pytest.mark.parametrize("room", HEAVY)
def test_a_room_is_imported_without_heavy_libraries(room):
    code = f"import sys, reproduce.{room}; print(sorted(set(sys.modules) & {set(HEAVY[room])}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", [confusion, overlap], ids=lambda module: module.__name__)
def test_examples_in_docstrings(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
