"""Fixtures that all rooms share."""

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
