"""Imports go one way: the contracts of setup.cfg, and what is really loaded."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
ROOMS = {
    "reproduce.audit": ("tensorflow", "keras", "pydicom", "nibabel"),
    "reproduce.metrics": ("tensorflow", "keras", "pydicom", "nibabel", "pandas", "matplotlib"),
    "reproduce.cohorts": ("tensorflow", "keras", "matplotlib"),
    "reproduce.imaging": ("tensorflow", "keras", "matplotlib"),
    "reproduce.phantoms": ("tensorflow", "keras", "matplotlib"),
    "reproduce.tasks.scoring": ("tensorflow", "keras", "pydicom"),
    "reproduce.cli": ("tensorflow", "keras", "pydicom", "scipy"),
}
LOAD_ALL = """
import importlib, json, pkgutil, sys
room = importlib.import_module(sys.argv[1])
names = [m.name for m in pkgutil.walk_packages(getattr(room, "__path__", []), room.__name__ + ".")]
for name in names:
    importlib.import_module(name)
print(json.dumps([len(names), sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def loaded(room):
    command = [sys.executable, "-c", LOAD_ALL, room]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_contracts_hold():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_loads_without(room):
    n_modules, modules = loaded(room)
    assert n_modules > 0 or room in ("reproduce.tasks.scoring", "reproduce.cli")
    assert not set(ROOMS[room]) & set(modules)


def test_models_and_losses_import_keras_and_foundations_alone():
    paths = (PROJECT / "reproduce" / "models").rglob("*.py")
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    imported = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert "keras" in imported
    allowed = {
        "__future__",
        "collections.abc",
        "dataclasses",
        "fractions",
        "functools",
        "math",
        "numpy",
        "os",
        "pathlib",
        "typing",
        "keras",
        "reproduce.errors",
        "reproduce.provenance",
        "reproduce.randomness",
        "reproduce.protocol.section",
    }
    assert {name for name in imported if not name.startswith("reproduce.models")} <= allowed
