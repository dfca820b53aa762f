"""Names that may leave this computer: those of public data sets, and keyed hashes in place of all others.

A hospital's PatientID, the UIDs of its series, and the names of its folders and files say who was scanned. Results,
ledgers, caches, errors and the terminal name a case, a scan and a file by HMAC-SHA256 of what it is called, in 12
hexadecimal digits, unless it is called as in a public data set or a phantom. The key is random, made once, and stays
with a table that leads back in a folder that only its owner can read.
"""

from __future__ import annotations

import csv
import functools
import hmac
import io
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reproduce.errors import ArgumentError, ReproduceError
from reproduce.paths import CACHE_VARIABLE

KEY, TABLE = "key", "case_ids.csv"
_HEAD = ("id", "name", "folder")
_KEY_BYTES = 32
_SHORT = 4  # what is named so shortly, "a" or "the", would be found in every text
_PATIENTS = (
    r"LIDC-IDRI-\d{4}",
    r"LCTSC-(Train|Test)-S\d-\d{3}",
    r"LUNG\d-\d{3}",
    r"(BraTS-)?PHANTOM-\d{4}",
    r"BraTS-(GLI|SSA|MEN|MET|PED)-\d{5}(-\d{3})?",
    r"BraTS(20|21)_(Training|Validation)_\d{3}|BraTS2021_\d{5}",
    r"Bra[tT][sS]1[789]_(2013|CBICA|TCIA\d\d|UAB|WashU|TMC|MDA)_\w{1,3}_1",
    r"BRATS_\d{3}|(BRATS2013-)?pat\d{4}",
    r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}",
    r"(hippocampus|la|liver|lung|prostate|pancreas|hepaticvessel|spleen|colon)_(\d{3}|PHANTOM\d{4})",
)
_TCIA = r"1\.3\.6\.1\.4\.1\.14519\.5\.2\.1\.[\d.]+"  # root of the UIDs that the Cancer Imaging Archive gives
_PATIENT = re.compile("|".join(_PATIENTS))
_FILE = re.compile(
    rf"(({'|'.join(_PATIENTS)})([_-](flair|t1|t1ce|t1n|t1c|t2|t2f|t2w|seg))?|{_TCIA}|\d{{1,3}}"
    r"|imagesTr|labelsTr|imagesTs|dataset)(\.xml|\.dcm|\.json|\.nii|\.nii\.gz)?"
)
HASHED = re.compile(r"(case|scan|path|uid)-[0-9a-f]{12}")
_ENDING = re.compile(r"(\.nii)?\.gz$|\.(nii|dcm|xml|json)$", re.IGNORECASE)
# Of a series, a study or an image; those that the standard or a public archive gives say nothing of a patient.
_UID = re.compile(rf"(?<![\w.])(?!1\.2\.840\.10008\.)(?!{_TCIA})(?:[012](?:\.\d+){{4,}}|2\.25\.\d{{20,}})(?!\w)")


_PUBLIC_IN_TEXT = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_PATIENTS)})(?![A-Za-z0-9])")


def public_patient(text: str) -> str:
    """Return the first name in a text, as a path, that is of the form of a patient of a public data set; "" for none.

    >>> public_patient("TCGA-FG-6692/TCGA-FG-6692_flair.nii.gz")
    'TCGA-FG-6692'
    """
    found = _PUBLIC_IN_TEXT.search(text)
    return found[0] if found else ""


def private_folder() -> Path:
    """Return the folder of key and table: `private` in `$REPRODUCE_CACHE`, or in `reproduce` of the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get(CACHE_VARIABLE) or Path(cache, "reproduce")).absolute() / "private"


def patient_id(patient: str, *, folder: Path) -> str:
    """Return what a patient is called in results; "" for "", which is no name.

    Args:
        patient: PatientID, or what stands for it where a data set has none.
        folder: Where the patient's files lie, for the private table.
    """
    return patient if not patient or _PATIENT.fullmatch(patient) else _hashed("case", patient, folder)


def scan_id(scan: str, *, patient: str, folder: Path) -> str:
    """Return what a scan is called in results: by its own name where that, or its patient's name, is of a public form.

    Args:
        scan: SeriesInstanceUID, or what stands for it.
        patient: PatientID; "" where it is not known.
        folder: Where the scan's files lie, for the private table.
    """
    is_public = _PATIENT.fullmatch(patient) or _PATIENT.fullmatch(scan) or re.fullmatch(_TCIA, scan)
    return scan if is_public else _hashed("scan", scan, folder)


def path_id(path: Path, root: Path) -> str:
    """Return what a file or folder below a data root is called in results, each part of its path by itself."""
    parts, folder = [], root
    for part in path.relative_to(root).parts:
        ending = _ENDING.search(part)
        hashed = "" if _FILE.fullmatch(part) else _hashed("path", part, folder) + (ending[0].lower() if ending else "")
        parts.append(hashed or part)
        folder /= part
    return "/".join(parts)


@contextmanager
def hidden_names(root: Path) -> Iterator[None]:
    """Let errors of this package name what lies below a data root as results do, and leave out UIDs of the scans."""
    try:
        yield
    except ReproduceError as error:
        raise with_texts(error, lambda text: hide_names(text, root)) from None


@contextmanager
def hidden_below(*paths: Path) -> Iterator[None]:
    """Let errors of this package name what lies below paths that somebody typed as `hide_below` does."""
    try:
        yield
    except ReproduceError as error:
        raise error_below(error, *paths) from None


def error_below(error: ReproduceError, *paths: Path) -> ReproduceError:
    """Return an error whose texts went through `hide_below`."""
    return with_texts(error, lambda text: hide_below(text, *paths))


def hide_names(text: str, root: Path) -> str:
    """Return a text with the paths and file names below a data root, and UIDs of scans, as results name them."""
    hidden = _without_paths(text, root, lambda path: path_id(path, root))
    return _without_uids(hidden.replace(str(root), "the data root") if root.is_absolute() else hidden, root)


def hide_below(text: str, *paths: Path) -> str:
    """Return a text with what lies below paths that somebody typed, and UIDs of scans, as results name them.

    The paths themselves stay as they were typed. What lies beside a file is hidden as if its folder had been typed.
    """
    roots = {path if path.is_dir() else path.parent for path in paths if path.exists()}
    for root in sorted(roots, key=lambda root: -len(root.parts)):  # a folder below another one was typed itself
        text = _without_paths(text, root, functools.partial(_shown, root, paths))
    return _without_uids(text, paths[0], but=tuple(map(str, (*paths, *roots)))) if paths else text


def _shown(root: Path, typed: Sequence[Path], path: Path) -> str:
    return str(path if path in typed else root / path_id(path, root))


def _without_paths(text: str, root: Path, name: Callable[[Path], str]) -> str:
    """Return a text with each path below a folder called by `name`, and each file name by its last part."""
    if not text:
        return ""
    below = [Path(folder, each) for folder, folders, files in os.walk(root) for each in (*folders, *files)]
    for path in sorted(below, key=lambda path: -len(str(path))):
        if len(path.parts) > 1:
            text = text.replace(str(path), name(path))
        elif path.name in text and len(path.name) > _SHORT and path.is_dir():  # "." was typed
            text = name(path).join(re.split(rf"(?<![\w/.-]){re.escape(path.name)}(?![\w.-])", text))
    for path in sorted(below, key=lambda path: -len(path.name)):  # one name may end with another
        if len(path.name) > _SHORT and path.name in text and not _FILE.fullmatch(path.name) and path.is_file():
            is_name = rf"(?<![\w/-]){re.escape(path.name)}(?![\w-])"
            text = name(path).rpartition("/")[2].join(re.split(is_name, text))
    return text


def _without_uids(text: str, root: Path, *, but: Sequence[str] = ()) -> str:
    """Return a text with ids in place of UIDs, but for those in the texts of `but`."""
    kept = sorted((each for each in but if _UID.search(each)), key=len, reverse=True)
    either = "|".join([*map(re.escape, kept), f"(?P<uid>{_UID.pattern})"])
    return re.sub(either, lambda found: _hashed("uid", found[0], root) if found["uid"] else found[0], text)


def with_texts(error: ReproduceError, hide: Callable[[str], str]) -> ReproduceError:
    """Return an error whose texts `hide` has gone through, which says where the table is that leads back from ids."""
    hidden = {part: hide(str(getattr(error, part))) for part in ("expected", "got", "where", "do")}
    hint = f"; {private_folder() / TABLE} says what ids stand for"
    if any(HASHED.search(text) for text in hidden.values()) and hint not in hidden["do"]:
        hidden["do"] += hint
    return type(error)(**hidden)


def _hashed(kind: str, name: str, folder: Path) -> str:
    """Return the id of a name, which the private table then holds."""
    private = private_folder()
    digest = hmac.new(_key(private), f"{kind}\0{name}".encode(errors="surrogateescape"), "sha256").hexdigest()
    made = f"{kind}-{digest[:12]}"
    _remember(private / TABLE, made, name, str(folder))
    return made


def _key(private: Path) -> bytes:
    """Return the key, which is made where there is none; of two processes that make it, both take the first one's."""
    path = private / KEY
    if not path.exists():
        private.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = private / f".{KEY}.{os.getpid()}.{secrets.token_hex(4)}"
        _append(temporary, secrets.token_bytes(_KEY_BYTES))
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        do = "put the file back from a copy; or remove it with the table beside it, and cases get other ids"
        raise ArgumentError(expected=f"a key of {_KEY_BYTES} bytes", got=f"{len(key)} bytes", where=path, do=do)
    return key


@functools.cache
def _remember(table: Path, *row: str) -> None:
    """Add a row to the private table unless it is there; rows are appended whole, so that processes share the file."""
    known = []
    if table.exists():
        with table.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            known = [tuple(read) for read in csv.reader(file)]
    rows = [each for each in ((_HEAD, row) if not known else (row,)) if each not in known]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    _append(table, text.getvalue().encode(errors="surrogateescape"))


def _append(path: Path, content: bytes) -> None:
    """Append to a file that nobody but its owner can read."""
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(number, "ab", buffering=0) as file:
        file.write(content)
