"""NIfTI files in and out: exact geometry, no resampling, and the way back to the file's own axes."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NoReturn

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError

from reproduce.errors import ArgumentError, ImageAxesError, PixelDecodeError, PixelRangeError, VoxelTypeError
from reproduce.imaging.account import Note, spacing_notes
from reproduce.imaging.nifti_axes import POSITION_MM, axes_between, nearest_axes
from reproduce.imaging.nifti_content import NiftiContent, nifti_shape, read_content, read_nifti_header
from reproduce.imaging.nifti_header import (
    RAS_TO_LPS,
    REFUSE,
    GeometryChoice,
    apart_mm,
    file_affine,
)
from reproduce.imaging.volume import Volume
from reproduce.provenance import write_bytes

_WHOLE = 1e-3
_GEOMETRY_FIELDS = (
    *("qform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"),
    *("sform_code", "srow_x", "srow_y", "srow_z"),
)


def read_nifti(path: Path, *, unit: str = "arbitrary", choice: GeometryChoice = REFUSE) -> Volume:
    """Read the image of a NIfTI file with x, y, z as near to the patient's left, back, head as its axes allow.

    The file's axes are only put in another order and counted from the other end; of the 48 ways to do so the one whose
    directions are nearest to LPS is taken (of equals the one that swaps least). No voxel is resampled, an oblique grid
    stays oblique, and every voxel keeps its position. A slice `[y, x]` is thus seen alike whatever the file's order.
    Values are `slope * stored + intercept` where the header scales (method: scl_slope of nifti1.h), and what is stored
    otherwise. Time, or any other fourth axis, becomes channels.

    Args:
        path: .nii or .nii.gz, NIfTI-1 or NIfTI-2; gzip is told by the content.
        unit: What a value means, see `Volume`; NIfTI does not say.
        choice: What to do where sform and qform contradict each other, or both are missing.

    Returns:
        `[z, y, x]`, or `[z, y, x, channel]` of a file with four axes; the stored type; where the header
        scales, float32, or float64 for stored types of 32 bits and more.

    Raises:
        DataNotFoundError: There is no such file.
        NotAnImageError: It is no NIfTI file.
        PixelDecodeError: It is cut short, its gzip stream is corrupt, or it holds more than the header asks for.
        ImageAxesError: It has fewer than 3 axes, more than 4 that are not of length 1, or one without voxels.
        VoxelTypeError: Voxels are complex, colours, or of an unknown type, or bitpix says another size.
        PixelRangeError: A scaled value is beyond what its type holds.
        GeometryError: See `nifti_header.file_affine`.
    """
    content = read_content(path)
    affine = file_affine(content.header, path, choice)
    axes = nearest_axes(affine)
    voxels = axes.to_zyx(_scaled(content, path))
    return Volume(np.array(voxels, order="C"), affine @ axes.to_file_index(content.shape), unit)


def nifti_notes(path: Path, *, choice: GeometryChoice = REFUSE) -> tuple[Note, ...]:
    """Return what speaks against a NIfTI file that is read all the same: voxels of a size that no scanner makes.

    Only the header is read. One wrong bit of it makes micrometres of millimetres.

    Raises:
        What reading the header raises; GeometryError as `read_nifti`.
    """
    affine = file_affine(read_nifti_header(path), path, choice)
    return spacing_notes(path, np.linalg.norm(affine[:3, :3], axis=0))


def read_nifti_labels(path: Path, *, choice: GeometryChoice = REFUSE) -> Volume:
    """Read the label map of a NIfTI file, unit "label", as the smallest unsigned integers that hold its labels.

    Labels are often stored as real numbers, or scaled; what lies within 1e-3 of a whole number is that number.

    Args:
        path: See `read_nifti`; three axes, or a fourth of length 1, which is dropped.
        choice: See `read_nifti`.

    Raises:
        VoxelTypeError: A value is negative, above 65,535, no whole number or not finite.
        ImageAxesError: There is more than one channel.
        What `read_nifti` raises.
    """
    volume = read_nifti(path, unit="label", choice=choice)
    voxels = volume.voxels
    if voxels.ndim == 4:
        if voxels.shape[3] != 1:
            got, do = f"{voxels.shape[3]} channels", "name the label map, not an image"
            raise ImageAxesError(expected="one label a voxel", got=got, where=path, do=do)
        voxels = voxels[..., 0]
    labels = voxels if voxels.dtype.kind in "iu" else np.rint(voxels)
    wrong = ~np.isfinite(voxels) if labels is not voxels else np.zeros((), dtype=bool)
    if labels is not voxels and not wrong.any():
        wrong = np.abs(labels - voxels) > _WHOLE
    if wrong.any() or labels.min() < 0 or labels.max() > np.iinfo(np.uint16).max:
        n = int(wrong.sum())
        got = f"{n} voxels that are none" if n else f"values from {labels.min():g} to {labels.max():g}"
        do = "name the label map, not an image"
        raise VoxelTypeError(expected="labels that are whole numbers from 0 to 65535", got=got, where=path, do=do)
    return volume.on_same_grid(labels.astype(np.min_scalar_type(int(labels.max()))), "label")


def write_nifti(volume: Volume, path: Path, *, like: Path | None, choice: GeometryChoice = REFUSE) -> None:
    """Write a volume to a NIfTI file; the same volume gives the same bytes, and no reader sees half of them.

    With `like`, the file has the axes, shape, unit of length, sform and qform of that file, bit for bit; nothing else
    of it, since descriptions and extensions may name the patient. Without, it is NIfTI-1 in mm with i, j, k = x, y, z;
    the sform has code 1 (scanner), and so has the qform where a quaternion can say the same.

    Args:
        volume: Any order of axes. bool becomes uint8, float16 float32, and 64-bit integers int32.
        path: To end in .nii or .nii.gz.
        like: The file that the volume is from, or lies on the grid of; None for no file.
        choice: See `read_nifti`; the one that `like` was read with.

    Raises:
        ArgumentError: Another suffix, voxels that NIfTI cannot store, or none.
        GeometryError: The grid is not that of `like` in any order of its axes, or float32 cannot hold its position.
        What reading the header of `like` raises.
    """
    if not path.name.endswith((".nii", ".nii.gz")):
        _refuse("a name that ends in .nii or .nii.gz", path.name, "write_nifti")
    stored = _storable(volume.voxels)
    header = _header_of(volume) if like is None else _geometry_of(like)
    where = path if like is None else like
    shape, affine = nifti_shape(header, where), file_affine(header, where, choice)
    axes = axes_between(volume, shape, affine, where)
    header.set_data_dtype(stored.dtype)
    header.set_data_shape((*shape[:3], *stored.shape[3:]))
    kind = nib.Nifti2Image if isinstance(header, nib.Nifti2Header) else nib.Nifti1Image
    content = kind(axes.to_ijk(stored), None, header=header).to_bytes()
    write_bytes(path, gzip.compress(content, compresslevel=6, mtime=0) if path.name.endswith(".gz") else content)


def _scaled(content: NiftiContent, path: Path) -> np.ndarray:
    """Return voxels `[i, j, k]` or `[i, j, k, channel]`, scaled."""
    stored = content.stored
    try:
        slope, intercept = content.header.get_slope_inter()
    except HeaderDataError as error:
        do = "mend scl_slope and scl_inter in the header"
        raise PixelDecodeError(expected="a finite scaling", got=str(error), where=path, do=do) from error
    if slope is None or (slope, intercept) == (1.0, 0.0):
        return stored
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
        exact = stored * np.float64(slope) + np.float64(intercept)
        scaled = exact.astype(np.float32) if stored.dtype.itemsize < 4 else exact
    if not np.isfinite(scaled).all() and (np.isfinite(stored) & ~np.isfinite(scaled)).any():
        expected, do = f"scaled values that {scaled.dtype} holds", "mend scl_slope and scl_inter in the header"
        raise PixelRangeError(expected=expected, got=f"slope {slope:g}, intercept {intercept:g}", where=path, do=do)
    return scaled


def _storable(voxels: np.ndarray) -> np.ndarray:
    narrower = {"b": np.uint8, "f": np.float32} if voxels.dtype.itemsize < 4 else {}
    if voxels.dtype.kind in "iu" and voxels.dtype.itemsize == 8:
        narrower = {"i": np.int32, "u": np.int32}
    stored = voxels.astype(narrower.get(voxels.dtype.kind, voxels.dtype))
    if stored.dtype.kind not in "iuf" or stored.dtype.itemsize > 8 or stored.size == 0:
        _refuse("voxels of real numbers", f"{voxels.dtype} of shape {voxels.shape}", "write_nifti")
    if stored.dtype.kind in "iu" and not np.array_equal(stored, voxels):
        _refuse("integers that 32 bits hold", f"{voxels.min()} to {voxels.max()}", "write_nifti")
    return stored


def _geometry_of(like: Path) -> nib.Nifti1Header:
    """Return a fresh header with the geometry of a file's, and nothing else."""
    source = read_nifti_header(like)
    header = type(source)(endianness=source.endianness)
    header.set_data_shape(nifti_shape(source, like))
    for field in _GEOMETRY_FIELDS:
        header[field] = source[field]
    header["pixdim"][:4] = source["pixdim"][:4]
    header["xyzt_units"] = int(source["xyzt_units"]) & 7
    return header


def _header_of(volume: Volume) -> nib.Nifti1Header:
    header = nib.Nifti1Header()
    header.set_data_shape(volume.shape[::-1])
    affine = RAS_TO_LPS @ volume.affine
    header.set_sform(affine, code="scanner")
    header.set_qform(affine, code="scanner")
    header.set_xyzt_units("mm")
    if not apart_mm(header.get_qform(), affine, volume.shape[::-1]) <= POSITION_MM:
        header["qform_code"] = 0  # sheared, or near half a turn, where three float32 do not hold a quaternion
    return header


def _refuse(expected: str, got: str, where: str) -> NoReturn:
    raise ArgumentError(expected=expected, got=got, where=where, do="see the docstring for what it takes")
