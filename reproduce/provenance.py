"""Provenance of a result: digests of files, versions, device, times; and files written whole or not at all."""

from __future__ import annotations

import glob
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from reproduce.errors import NotWritableError, ReproduceError
from reproduce.paths import refuse_unlisted
from reproduce.patient_ids import hidden_names

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PACKAGES = ("reproduce", "tensorflow", "keras", "tensorflow-datasets", "numpy", "scipy", "scikit-image", "pydicom")


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing under a temporary name; at the end it is on the disk under its own, whole.

    Where the block raises, or the disk is full, the temporary file is removed and what bore the name before stays; one
    that a killed process left is removed by the next who writes the same file.

    Args:
        path: The file; its folder is made.

    Raises:
        NotWritableError: The system refuses to write it, and says why.
    """
    temporary = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for other in path.parent.glob(glob.escape(f".{path.name}.{platform.node()}.") + "*.tmp"):
            if not _is_running(other.name.split(".")[-2]):
                other.unlink(missing_ok=True)
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except ReproduceError:
        raise
    except OSError as error:
        raise not_writable(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _is_running(process: str) -> bool:
    """Return whether a process of this machine has a number."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError, OverflowError):
        return True
    return True


def not_writable(path: Path, error: OSError) -> NotWritableError:
    """Return our error for one of the system's that says why a path cannot be written."""
    do = "free space, allow writing there, or name another folder; finished work is kept: rerun the command to resume"
    where = error.filename2 or error.filename or path
    return NotWritableError(expected=f"to write {path.name}", got=error.strerror or str(error), where=where, do=do)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file as `written_whole` does."""
    with written_whole(path) as stream:
        stream.write(content)


def require_writable(folder: Path) -> None:
    """Return if files can be made in a folder, or in the nearest one above it that exists.

    Raises:
        NotWritableError: They cannot, or something in its way is no folder.
    """
    nearest = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise not_writable(nearest, error) from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, its line ends as they are; see `write_bytes`."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: object) -> None:
    """Write JSON with sorted keys, two spaces of indent and a last newline; see `write_bytes`."""
    write_text(path, json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def file_digest(path: Path) -> str:
    """Return SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_digest(root: Path, *, memo: Path) -> str:
    """Return SHA-256 over the names and contents of all files below a folder, links to files and folders followed.

    A tree of links has the digest of the tree that they stand for. A link to a folder that it lies in is passed over.

    Contents are read once: `memo` remembers each file's digest with its size and time of change, as git's index does,
    so that the second call costs one look at each file. It names files by SHA-256 of their paths, since these may say
    who was scanned; entries of other names are dropped.

    Args:
        root: The folder; hidden files count. An empty folder has a digest too.
        memo: A JSON file that is made or brought up to date.

    Raises:
        DataNotFoundError: A folder cannot be listed.
    """
    remembered = json.loads(memo.read_text()) if memo.exists() else {}
    known = {name: entry for name, entry in remembered.items() if _SHA256.fullmatch(name)}
    with hidden_names(root):
        files = sorted(path for path in _below(root, {root.resolve()}) if path.is_file())
    names = {path: hashlib.sha256(os.fsencode(path)).hexdigest() for path in files}
    stamps = {path: [path.stat().st_size, path.stat().st_mtime_ns] for path in files}
    stale = [path for path in files if known.get(names[path], [None])[:-1] != stamps[path]]
    with ThreadPoolExecutor() as pool:
        for path, digest in zip(stale, pool.map(file_digest, stale), strict=True):
            known[names[path]] = [*stamps[path], digest]
    if stale or known.keys() != remembered.keys():
        write_json(memo, known)
    whole = hashlib.sha256()
    for path in files:
        whole.update(f"{path.relative_to(root).as_posix()}\0{known[names[path]][-1]}\n".encode())
    return whole.hexdigest()


def _below(folder: Path, above: set[Path]) -> Iterator[Path]:
    """Yield what lies below a folder but folders, and follow links to those that are not `above`."""
    for parent, folders, names in os.walk(folder, onerror=refuse_unlisted):
        yield from (Path(parent, name) for name in names)
        for link in (Path(parent, name) for name in folders if Path(parent, name).is_symlink()):
            target = link.resolve()
            if target not in above and not Path(parent).resolve().is_relative_to(target):
                yield from _below(link, {*above, target})


def versions() -> dict[str, str]:
    """Return installed versions of Python and of what computes results; a package that is absent is left out."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """Return the git commit of this package's code, with "-dirty" where files differ, "unknown" outside a checkout.

    What a run itself writes, results/ and figures/, does not count: it would call every second run dirty.
    """
    here = ["git", "-C", str(Path(__file__).parent)]
    head = subprocess.run([*here, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    if head.returncode != 0:
        return "unknown"
    watched = [":/", ":(top,exclude)results", ":(top,exclude)figures"]
    status = [*here, "status", "--porcelain", "--untracked-files=no", "--", *watched]
    changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout
    return head.stdout.strip() + ("-dirty" if changed else "")


def processor() -> str:
    """Return the name of the processor, as the system gives it."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def peak_memory_mib() -> dict[str, float]:
    """Return the largest resident memory so far in MiB: of this process, and of the largest of its ended children."""
    scale = 1024.0  # Linux counts in KiB
    return {
        "self": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale,
        "largest_child": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / scale,
    }
