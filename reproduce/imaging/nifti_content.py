"""What a NIfTI header asks for, beside what its file holds: compared, and read no farther than that."""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError

from reproduce.array_files import MOST_TIMES
from reproduce.errors import DataNotFoundError, ImageAxesError, PixelDecodeError, VoxelTypeError
from reproduce.imaging.nifti_header import HEADER_BYTES, nifti_header

_GZIP_MAGIC = b"\x1f\x8b"
_SLACK_BYTES = 15  # zeros up to a multiple of 16, which some writers add


@dataclass(frozen=True, eq=False)
class NiftiContent:
    """A NIfTI file whose header and bytes agree.

    Attributes:
        header: No field of it mended.
        shape: (i, j, k) or (i, j, k, channel).
        stored: Voxels as they are stored, `[i, j, k]` or `[i, j, k, channel]`, in the byte order of this machine.
    """

    header: nib.Nifti1Header
    shape: tuple[int, ...]
    stored: np.ndarray


def read_content(path: Path) -> NiftiContent:
    """Read header and voxels of a NIfTI file; of gzip as many bytes are unpacked as the header asks for, and 16 more.

    Raises:
        DataNotFoundError: There is no such file.
        NotAnImageError: It is no NIfTI file.
        PixelDecodeError: It is cut short, its gzip stream is corrupt, or it holds more than 15 bytes that the header
            does not ask for: one of both is then wrong, and the voxels sheared or some of them lost.
        ImageAxesError: As `nifti_shape`.
        VoxelTypeError: Voxels are complex, colours, or of an unknown type, or their size is said in two ways.
    """
    header = read_nifti_header(path)
    shape, stored_type = nifti_shape(header, path), _stored_type(header, path)
    n, start = math.prod(shape), float(header["vox_offset"])
    asked = f"{n} voxels of {stored_type.itemsize} bytes from byte {start:g} on"
    if not math.isfinite(start) or start < header.sizeof_hdr or start != int(start):
        raise _unlike(path, asked, f"a header of {header.sizeof_hdr} bytes")
    n_bytes = int(start) + n * stored_type.itemsize
    n_file = path.stat().st_size
    if n_bytes > (n_file * MOST_TIMES if _is_gzip(path) else n_file):
        raise _unlike(path, asked, f"a file of {n_file} bytes")
    content = nifti_bytes(path, n=n_bytes + _SLACK_BYTES + 1)
    if len(content) < n_bytes:
        raise _unlike(path, asked, f"a file of {len(content)} bytes")
    if len(content) > n_bytes + _SLACK_BYTES:
        raise _unlike(path, asked, f"more than {_SLACK_BYTES} bytes after them")
    stored = np.frombuffer(content, stored_type, count=n, offset=int(start)).reshape(shape, order="F")
    return NiftiContent(header, shape, stored.astype(stored_type.newbyteorder("="), copy=False))


def read_nifti_header(path: Path) -> nib.Nifti1Header:
    """Read the header of a NIfTI file; its voxels stay packed.

    Raises:
        DataNotFoundError, NotAnImageError, PixelDecodeError: As `nifti_bytes` and `nifti_header`.
    """
    return nifti_header(nifti_bytes(path, n=HEADER_BYTES), path)


def nifti_bytes(path: Path, *, n: int) -> bytes:
    """Read the first `n` bytes of a file, or all of them; decompressed where it is gzip, whatever its name says.

    Where the file ends before, gzip's own checksum is asked.

    Raises:
        DataNotFoundError: There is no such file.
        PixelDecodeError: The gzip stream is cut short or corrupt.
    """
    if not path.is_file():
        got = "a folder" if path.is_dir() else "no regular file" if path.exists() else "nothing there"
        raise DataNotFoundError(expected="a NIfTI file", got=got, where=path, do="check the path")
    with path.open("rb") as stream:
        try:
            return (gzip.GzipFile(fileobj=stream) if _is_gzip(path) else stream).read(n)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            expected, do = "a whole gzip stream", "fetch the file again; it was cut short or damaged"
            raise PixelDecodeError(expected=expected, got=str(error), where=path, do=do) from error


def nifti_shape(header: nib.Nifti1Header, path: Path) -> tuple[int, ...]:
    """Return the voxels along the axes of a file, (i, j, k) or (i, j, k, channel).

    Axes of length 1 after the fourth are none: (x, y, z, 1, 1) is an image of three axes, as (x, y, z) is.

    Raises:
        ImageAxesError: Fewer than 3 axes, more than 4, or one without voxels.
    """
    n_axes = int(header["dim"][0])
    shape = tuple(int(n) for n in header["dim"][1 : n_axes + 1]) if 0 < n_axes < 8 else ()
    if len(shape) > 4 and set(shape[4:]) == {1}:
        shape = shape[:3] if shape[3] == 1 else shape[:4]
    if len(shape) not in (3, 4) or min(shape) < 1:
        do = "split or convert the file to volumes of 3 axes, or of 4 with channels last"
        got = f"{n_axes} axes of {' x '.join(map(str, shape)) or 'no'} voxels"
        raise ImageAxesError(expected="3 axes, or 4 with channels", got=got, where=path, do=do)
    return shape


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP_MAGIC


def _stored_type(header: nib.Nifti1Header, path: Path) -> np.dtype:
    do = "convert the file to a type of real numbers"
    try:
        stored_type = header.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        got = f"code {int(header['datatype'])}"
        raise VoxelTypeError(expected="a type that NIfTI defines", got=got, where=path, do=do) from error
    if stored_type.kind not in "iuf" or stored_type.itemsize not in (1, 2, 4, 8):
        name = str(nib.nifti1.data_type_codes.label[int(header["datatype"])])
        raise VoxelTypeError(expected="real numbers of 8 to 64 bits", got=name, where=path, do=do)
    bits = int(header["bitpix"])
    if bits != 8 * stored_type.itemsize:
        expected = f"bitpix {8 * stored_type.itemsize} beside voxels of {stored_type.itemsize} bytes"
        raise VoxelTypeError(expected=expected, got=str(bits), where=path, do="mend the header")
    return stored_type


def _unlike(path: Path, asked: str, got: str) -> PixelDecodeError:
    do = "fetch the file again; it was cut short or damaged, or its header is wrong"
    return PixelDecodeError(expected=asked, got=got, where=path, do=do)
