"""Fixtures that all rooms share."""

import gc
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import reproduce  # noqa: F401  (sets the arithmetic before a test imports NumPy)

pytest_plugins = ["tests.dicom_of_arrays", "tests.run_results"]

# At each of its rounds the collector walks the modules of TensorFlow and all collected tests.
gc.set_threshold(50_000, 20, 20)

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"

_SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_finish() -> None:
    """Take what collection made out of the collector's rounds."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the unpacked real sample data; skips, with the reason, where there is none."""
    named = os.environ.get("REPRODUCE_REAL_DATA")
    if named:
        if not Path(named).is_dir():
            pytest.fail(f"REPRODUCE_REAL_DATA names {named}, which is no folder")
        return Path(named)
    unpack = _SAMPLES / "unpack.sh"
    if not unpack.exists():
        pytest.skip("real sample data absent: set REPRODUCE_REAL_DATA to the folder that holds it")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "reproduce" / "samples"
    subprocess.run(["bash", str(unpack), str(cache)], check=True, capture_output=True)
    return cache


@pytest.fixture(autouse=True, scope="session")
def private_names(tmp_path_factory) -> Iterator[Path]:
    """The folder that stands in for the user's own, which keeps the key and the table of hashed names."""
    from reproduce import patient_ids

    folder = tmp_path_factory.mktemp("private") / "names"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patient_ids, "private_folder", lambda: folder)
        yield folder


@pytest.fixture(scope="session")
def phantom_root(tmp_path_factory) -> Path:
    """Three phantom patients at 64x64 and six slices in the layout of LIDC-IDRI; nobody may change it."""
    from reproduce.phantoms.writers.lidc import write_lidc_cohort

    root = tmp_path_factory.mktemp("phantom")
    write_lidc_cohort(root, n_patients=3, seed=5, matrix=64, n_slices=6, slice_spacing_mm=2.5, workers=1)
    return root


@pytest.fixture(scope="session")
def prepared(phantom_root, tmp_path_factory):
    """The phantom patients prepared, all nodules, 50 % consensus."""
    from reproduce.prepared import lidc_idri

    return lidc_idri.prepare_lidc(phantom_root, tmp_path_factory.mktemp("cache"), consensus=0.5, min_readers=1)


@pytest.fixture(scope="session")
def load_script():
    """A function that gives the module of a script of experiments/ by its name, loaded once."""
    loaded = {}

    def load(name):
        if name not in loaded:
            spec = importlib.util.spec_from_file_location(f"experiments_{name}", EXPERIMENTS / f"{name}.py")
            loaded[name] = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = loaded[name]
            spec.loader.exec_module(loaded[name])
        return loaded[name]

    return load


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs the command line in this process, in a wide terminal: exit code, stdout, stderr."""
    from reproduce import cli

    monkeypatch.setenv("COLUMNS", "160")

    def command(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        return SimpleNamespace(code=stopped.value.code or 0, **capsys.readouterr()._asdict())

    return command


@pytest.fixture
def under_jax():
    """Runs code in a process of its own under JAX, which must see no TensorFlow; the JSON that it prints last.

    The code prints an object with `backend`, `tensorflow` (whether it was imported) and whatever it found.
    """
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")

    def run(code: str, *arguments: str) -> dict:
        environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
        command, project = [sys.executable, "-c", code, *arguments], Path(__file__).parents[1]
        done = subprocess.run(command, capture_output=True, text=True, cwd=project, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
        assert found.pop("backend") == "jax"
        assert not found.pop("tensorflow")
        return found

    return run


@pytest.fixture
def unallocated():
    """While a test runs, variables know their shapes but get no values, so that models of full width cost nothing.

    Keras keeps such variables in a list, and the next scope that ends would give all of them values, minutes and
    gigabytes of them; so the list is thrown away with the session.
    """
    import keras

    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session(free_memory=False)


@pytest.fixture
def unlisted(monkeypatch):
    """A function that makes a folder one that nobody may list; root, whom tests run as, may list any."""
    closed, scandir = set(), os.scandir

    def refuse(path="."):
        if os.fspath(path) in closed:
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    return lambda folder: closed.add(str(folder))


@pytest.fixture
def edit(monkeypatch):
    """Change text of a module as `cache_key` reads it, and nothing else."""
    from reproduce import cache_key

    def forget():
        cache_key._read.cache_clear()
        cache_key._reached.cache_clear()

    def change(module, old, new):
        path, read = Path(importlib.util.find_spec(module).origin), Path.read_bytes
        assert old.encode() in read(path)
        changed = read(path).replace(old.encode(), new.encode())
        monkeypatch.setattr(Path, "read_bytes", lambda self: changed if self == path else read(self))
        forget()

    yield change
    monkeypatch.undo()
    forget()
