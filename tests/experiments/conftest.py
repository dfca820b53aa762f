"""Every script of experiments/ run once under its smoke profile, for all tests that look at what it leaves."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

PROJECT = Path(__file__).parents[2]
OF_X_RAYS = {"architectures", "layers_table1", "layers_table2", "layers_table3", "moco_v3", "pneumonia_cnn"}


@dataclass(frozen=True)
class SmokeRun:
    """A script that ran undisturbed: its cache, its exit code, what it said, and what it changed in the project."""

    name: str
    cache: Path
    code: int
    text: str
    changed: set[str]

    def folder(self, table: str, source: str = "phantom") -> Path:
        """The results folder of a table."""
        return self.cache / "smoke" / "results" / table / f"{source}-smoke"

    def contents(self) -> dict[str, bytes]:
        """Every byte that a run leaves for people to read, but for provenance.json."""
        files = [p for p in (self.cache / "smoke").rglob("*") if p.is_file() and p.name != "provenance.json"]
        return {path.relative_to(self.cache).as_posix(): path.read_bytes() for path in files}


def _hear_ctrl_c():
    """A job in the background of a shell is born deaf to Ctrl-C, and would hand that on to what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _committed() -> dict[str, int]:
    """When each file was written last that git tracks, or would."""
    command = ["git", "-C", str(PROJECT), "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name: (PROJECT / name).stat().st_mtime_ns for name in names if (PROJECT / name).is_file()}


@pytest.fixture(scope="session")
def x_rays(tmp_path_factory):
    """A folder with X-rays of noise, those with pneumonia brighter."""
    rng, labels = np.random.default_rng(3), np.arange(40, dtype=np.uint8)[:, None] % 2
    images = (rng.integers(0, 100, (40, 28, 28)) + 100 * labels[..., None]).astype(np.uint8)
    folder = tmp_path_factory.mktemp("x_rays")
    arrays = {"images": images, "labels": labels}
    parts = {f"{part}_{name}": array for part in ("train", "val", "test") for name, array in arrays.items()}
    np.savez(folder / "pneumoniamnist.npz", **parts)
    return folder


@pytest.fixture(scope="session")
def start_smoke(x_rays):
    """A function that starts a script under its smoke profile, in a group of its own as a terminal does."""

    def start(name, cache, *options):
        command = [sys.executable, str(PROJECT / "experiments" / f"{name}.py"), "--profile", "smoke", *options]
        if name in OF_X_RAYS and "--data-root" not in options:
            command += ["--data-root", str(x_rays)]
        environment = {**os.environ, "REPRODUCE_CACHE": str(cache), "KERAS_HOME": str(cache / "keras")}
        for variable in ("REPRODUCE_DATA", "REPRODUCE_REAL_DATA", "REPRODUCE_WEIGHTS"):
            environment.pop(variable, None)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            command, env=environment, text=True, start_new_session=True, preexec_fn=_hear_ctrl_c, **pipes
        )

    return start


@pytest.fixture(scope="session")
def smoke_run(start_smoke, tmp_path_factory):
    """A function that gives the one smoke run of a script by its name."""
    done = {}

    def run(name, again=False):
        if name not in done or again:
            cache = done[name].cache if again else tmp_path_factory.mktemp(name)
            before = _committed()
            process = start_smoke(name, cache)
            _, text = process.communicate()
            after = _committed()
            changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
            found = SmokeRun(name, cache, process.returncode, text, changed)
            if again:
                return found
            done[name] = found
        return done[name]

    return run
