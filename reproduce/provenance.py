"""What a result was made from: digests of files, versions, device, times."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_PACKAGES = ("reproduce", "tensorflow", "keras", "tensorflow-datasets", "numpy", "scipy", "scikit-image", "pydicom")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then rename: a reader never sees half of it. Its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, its line ends as they are; see `write_bytes`."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: object) -> None:
    """Write JSON with sorted keys, two spaces of indent and a last newline; see `write_bytes`."""
    write_text(path, json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_digest(root: Path, *, memo: Path) -> str:
    """SHA-256 over the names and contents of all files below a folder.

    Contents are read once: `memo` remembers each file's digest with its size and time of change, as git's index does,
    so that the second call costs one look at each file. It names files by SHA-256 of their paths, since these may say
    who was scanned.

    Args:
        root: The folder; hidden files count, links are followed. An empty folder has a digest too.
        memo: A JSON file that is made or brought up to date.
    """
    known = json.loads(memo.read_text()) if memo.exists() else {}
    files = sorted(path for path in root.rglob("*") if path.is_file())
    names = {path: hashlib.sha256(os.fsencode(path)).hexdigest() for path in files}
    stamps = {path: [path.stat().st_size, path.stat().st_mtime_ns] for path in files}
    stale = [path for path in files if known.get(names[path], [None])[:-1] != stamps[path]]
    with ThreadPoolExecutor() as pool:
        for path, digest in zip(stale, pool.map(file_digest, stale), strict=True):
            known[names[path]] = [*stamps[path], digest]
    if stale:
        write_json(memo, known)
    whole = hashlib.sha256()
    for path in files:
        whole.update(f"{path.relative_to(root).as_posix()}\0{known[names[path]][-1]}\n".encode())
    return whole.hexdigest()


def versions() -> dict[str, str]:
    """Installed versions of Python and of what computes results; a package that is absent is left out."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The git commit of this package's code, "-dirty" behind it where files differ, "unknown" outside a checkout.

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
    """The name of the processor, as the system gives it."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def peak_memory_mib() -> dict[str, float]:
    """Largest resident memory so far, in MiB: of this process, and of the largest of its children that have ended."""
    scale = 1024.0  # Linux counts in KiB
    return {
        "self": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale,
        "largest_child": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / scale,
    }
