"""DICOM files: told from all others by their content, and parsed no farther than the file itself goes."""

from __future__ import annotations

import io
import stat
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from pydicom.dataset import FileDataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from reproduce.errors import DataNotFoundError, NotAnImageError

_BARE_STARTS = (b"\x08\x00", b"\x00\x08", b"\x02\x00")  # group 0008 in either byte order, group 0002
_FIRST_BYTES = 1024
_CHUNK = 2**20
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_OPEN = 0xFFFFFFFF
_SLACK_BYTES, _MOST_TIMES = 8 * 2**20, 100
FETCH = "fetch the file again, or remove it"


class _Whole(io.BufferedReader):
    """A file that refuses to be asked for more than it has: the parser allocates what a length says before it reads."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self._path, self._n_bytes = path, path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _CHUNK and size > self._n_bytes - self.tell():
            _refuse(self._path, f"a file that ends {size - self._n_bytes + self.tell()} bytes before a nested element")
        return super().read(size)


@dataclass(frozen=True)
class PixelElement:
    """The element of a file that holds its pixels.

    Attributes:
        n_claimed: Its length as the file says it; None where it is left open (compressed pixels), 0 without pixels.
        n_held: Bytes of the file from its value on.
    """

    n_claimed: int | None
    n_held: int


def read_dicom(path: Path, *, keywords: Iterable[str] = ()) -> FileDataset:
    """Read a DICOM file; one without preamble and "DICM", and without file meta information, is read too.

    Args:
        path: The file.
        keywords: Elements to read; none for all of them, pixels included.

    Raises:
        DataNotFoundError: There is no such file.
        NotAnImageError: It is no DICOM file, cannot be parsed, or inflates to more than 8 MiB and 100 times its size.
    """
    tags = [Tag(keyword) for keyword in keywords]
    last = max(tags, default=None)
    return _parsed(path, tags, lambda tag, length, value_at: last is not None and tag > last)[0]


def read_header(path: Path) -> tuple[FileDataset, PixelElement]:
    """Read all elements of a DICOM file before its pixels, and how many bytes of pixels it has.

    Raises:
        As `read_dicom`.
    """
    found = (0, 0)

    def at_pixels(tag: BaseTag, length: int, value_at: int) -> bool:
        nonlocal found
        if tag in _PIXELS:
            found = (length, value_at)
        return tag in _PIXELS

    dataset, n_bytes = _parsed(path, [], at_pixels)
    length, value_at = found
    return dataset, PixelElement(None if length == _OPEN else length, n_bytes - value_at if length else 0)


def starts_as_dicom(start: bytes) -> bool:
    """Return whether the first bytes of a file are those of DICOM, with or without a preamble."""
    if start[128:132] == b"DICM":
        return True
    is_explicit = start[4:6].isalpha() and start[4:6].isupper()
    return start[:2] in _BARE_STARTS and len(start) > 8 and (is_explicit or start[6:8] == b"\0\0")


def _parsed(path: Path, tags: list[BaseTag], stop_when: Callable[[BaseTag, int, int], bool]) -> tuple[FileDataset, int]:
    """Return the elements of a file up to a condition on tag, length and start of a value, and the bytes that it has.

    Bytes are counted as they are parsed: inflated where the file is deflated.
    """
    what, start = first_bytes(path)
    if not path.exists():
        raise DataNotFoundError(expected="a DICOM file", got=what, where=path, do="search the folder again")
    if what or not starts_as_dicom(start):
        _refuse(path, what or described(start))
    try:
        with _Whole(path) as file:
            n_inflated = _n_inflated(file, start, path)
            n_bytes = n_inflated or path.stat().st_size

            def stops(tag: BaseTag, vr: str | None, length: int) -> bool:
                # Of an inflated file the parser has a buffer of its own, whose position nobody else is told.
                value_at = 0 if n_inflated else file.tell()
                if stop_when(tag, length, value_at):
                    return True
                if length != _OPEN and value_at + length > n_bytes:  # the parser takes what is there, and says nothing
                    _refuse(path, f"a file that ends {value_at + length - n_bytes} bytes before its element {tag}")
                return False

            dataset = read_partial(file, stop_when=stops, force=True, specific_tags=[*tags] or None)
            if "TransferSyntaxUID" not in dataset.file_meta:
                is_implicit, is_little = dataset.original_encoding
                native = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
                dataset.file_meta.TransferSyntaxUID = native if is_little else ExplicitVRBigEndian
            return dataset, n_bytes
    except NotAnImageError:
        raise
    except Exception as error:  # the parser raises a dozen types on corrupt bytes
        got = f"one that cannot be parsed ({type(error).__name__}: {error})"
        raise NotAnImageError(expected="a DICOM header", got=got, where=path, do=FETCH) from error


def sop_class(header: FileDataset) -> str:
    """Return the SOP class of a file, "" where it says none."""
    return str(header.file_meta.get("MediaStorageSOPClassUID") or header.get("SOPClassUID") or "").strip()


def first_bytes(path: Path) -> tuple[str, bytes]:
    """Return why a file cannot be read, "" where it can, and its first bytes; a pipe is never opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return "no regular file, but a pipe or a device", b""
        with path.open("rb") as file:
            return "", file.read(_FIRST_BYTES)
    except FileNotFoundError:
        return ("a link to nothing" if path.is_symlink() else "nothing"), b""
    except OSError as error:
        return f"one that cannot be opened ({type(error).__name__}: {error.strerror})", b""


def described(start: bytes) -> str:
    """Return what a file is whose first bytes are not those of DICOM."""
    if not start:
        return "an empty file"
    return "a file of zeros, no DICOM" if not any(start) else "no DICOM file"


def _n_inflated(file: BinaryIO, start: bytes, path: Path) -> int:
    """Return how many bytes a deflated file has inflated, 0 where it is not deflated; the file is at its start again.

    Raises:
        NotAnImageError: They are more than 8 MiB and 100 times the file, which no image is.
    """
    if start[128:132] != b"DICM" or DeflatedExplicitVRLittleEndian.encode() not in start:
        return 0
    (n_meta,) = struct.unpack("<I", start[140:144])  # the value of the first element, FileMetaInformationGroupLength
    file.seek(144 + n_meta)
    most = _SLACK_BYTES + _MOST_TIMES * path.stat().st_size
    inflater, n_bytes, packed = zlib.decompressobj(-zlib.MAX_WBITS), 144 + n_meta, file.read(_CHUNK)
    while packed and not inflater.eof:
        n_bytes += len(inflater.decompress(packed, _CHUNK))
        if n_bytes > most:
            _refuse(path, f"a deflated one of more than {most} bytes")
        packed = inflater.unconsumed_tail or file.read(_CHUNK)
    file.seek(0)
    return n_bytes


def _refuse(path: Path, got: str) -> NoReturn:
    raise NotAnImageError(expected="a DICOM file", got=got, where=path, do=FETCH)
