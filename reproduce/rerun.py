"""A table's script run in a process of its own; digests of its code and of its smoke run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce.cache_key import code_closure
from reproduce.errors import STOPPED, ScriptError
from reproduce.paths import CACHE_VARIABLE, DATA_VARIABLE, SAMPLES_VARIABLE
from reproduce.provenance import file_digest, write_json
from reproduce.results.folders import RunFolder, read_object, read_run

CODE = "code.json"
"""File of a results folder: digest of the code that made it, versions of libraries, digests of the smoke run."""


@dataclass(frozen=True)
class Folders:
    """Where a script that is run again reads and writes.

    Attributes:
        out: Folder of its results/ and figures/.
        cache: Its cache.
        data_root: Folder of the real data; None takes the phantom, whatever variables name.
    """

    out: Path
    cache: Path
    data_root: Path | None


def rerun(
    script: Path,
    run: str,
    options: Sequence[str],
    folders: Folders,
    *,
    variables: Mapping[str, str],
    quiet: bool = False,
) -> RunFolder:
    """Run a table's script in a process of its own and return what it wrote.

    Args:
        script: See `scripts.script_of`; a script with a function `tables` is asked for one of them.
        run: Table and run, e.g. "table1_lidc/phantom-cpu".
        options: Options of the script.
        folders: Where it reads and writes.
        variables: Variables of its environment, beside those of this process.
        quiet: Whether it says what it does only where it does not end well.

    Raises:
        ScriptError: It did not end well.
        KeyboardInterrupt: It was stopped.
    """
    table = run.partition("/")[0]
    one = ["--table", table] if "\ndef tables(" in script.read_text(encoding="utf-8") else []
    data = [] if folders.data_root is None else ["--data-root", str(folders.data_root)]
    environment = {**os.environ, **variables, CACHE_VARIABLE: str(folders.cache)}
    for name in (DATA_VARIABLE, SAMPLES_VARIABLE):
        environment.pop(name, None)
    command = [sys.executable, str(script), *one, "--out", str(folders.out), *data, *options]
    kept = subprocess.PIPE if quiet else None
    done = subprocess.run(command, env=environment, stdout=kept, stderr=kept, text=True, check=False)
    if (code := done.returncode) == STOPPED:
        raise KeyboardInterrupt
    if code:
        sys.stderr.write(done.stderr or "")
        do = "see what it said above; what it finished is kept in its cache"
        raise ScriptError(expected="a script that ends well", got=f"exit code {code}", where=" ".join(command), do=do)
    return read_run(folders.out / "results" / run)


def code_record(script: Path) -> dict[str, Any]:
    """Return the digest of the code that a script reaches, and versions of the libraries that this uses."""
    digest, libraries = code_closure(script)
    return {"code": digest, "libraries": libraries}


def write_code(folder: Path, code: Mapping[str, Any]) -> None:
    """Write code.json; what it says of the smoke run stays where it was recorded with the same code and libraries."""
    before = read_object(folder / CODE) if (folder / CODE).is_file() else {}
    smoke = {"smoke": before["smoke"]} if "smoke" in before and {**before, **code} == before else {}
    write_json(folder / CODE, {**code, **smoke})


def smoke_record(script: Path, table: str, *, cache: Path, source: str, data_root: Path | None) -> dict[str, Any]:
    """Return digests of the CSVs that the smoke run of a table writes, and on which arithmetic it ran.

    Args:
        script: Script of the table.
        table: Name of its results folder.
        cache: Cache that keeps its trainings; a smoke run whose key is there is read back.
        source: Name of the source that the smoke run takes.
        data_root: Folder of its real data; None takes the phantom.
    """
    with tempfile.TemporaryDirectory() as out:
        options, run = ["--profile", "smoke"], f"{table}/{source}-smoke"
        folders = Folders(Path(out), cache, data_root)
        folder = rerun(script, run, options, folders, variables={}, quiet=True).path
        files = {path.name: file_digest(path) for path in sorted(folder.glob("*.csv"))}
        return {"files": files, **arithmetic_of(read_object(folder / "provenance.json"))}


def arithmetic_of(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a provenance.json says of processor and arithmetic."""
    unknown = "not recorded"
    return {name: provenance.get(name, unknown) for name in ("processor", "arithmetic")}
