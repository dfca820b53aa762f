"""Fixtures that all rooms share."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

_SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data"


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


@pytest.fixture(scope="session")
def phantom_root(tmp_path_factory) -> Path:
    """Three phantom patients at 64x64 and six slices in the layout of LIDC-IDRI; nobody may change it."""
    from reproduce.phantoms.lidc_writer import write_lidc_cohort

    root = tmp_path_factory.mktemp("phantom")
    write_lidc_cohort(root, n_patients=3, seed=5, matrix=64, n_slices=6, slice_spacing_mm=2.5, workers=1)
    return root


@pytest.fixture(scope="session")
def prepared(phantom_root, tmp_path_factory):
    """The phantom patients prepared, all nodules, 50 % consensus."""
    from reproduce.datasets import lidc_idri

    return lidc_idri.prepare(phantom_root, tmp_path_factory.mktemp("cache"), consensus=0.5, min_readers=1)


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
