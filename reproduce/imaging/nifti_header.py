"""Headers of NIfTI-1 and NIfTI-2 files: is it one, and where in the patient does its grid lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError

from reproduce.errors import ArgumentError, GeometryError, NotAnImageError, PixelDecodeError
from reproduce.imaging.volume import FARTHEST_MM

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
HEADER_BYTES = 540
_MM_PER_UNIT = {0: 1.0, 1: 1e3, 2: 1.0, 3: 1e-3}  # unknown, metre, millimetre, micrometre
_TOWARDS_LPS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}


@dataclass(frozen=True)
class GeometryChoice:
    """What to do where a header contradicts itself, or says nothing; programs disagree, so that None refuses.

    Attributes:
        both: Which of sform and qform to take where both are set and lie apart; nibabel and FSL take the sform, ITK
            took the qform for long.
        neither: Where the axes i, j, k run to in a file with neither, as three letters of L R, P A, S I: "LPS". The
            first voxel is then put at (0, 0, 0). nibabel guesses "LAS" around the middle here; others guess otherwise.

    Raises:
        ArgumentError: A value that is none of these.
    """

    both: Literal["sform", "qform"] | None = None
    neither: str | None = None

    def __post_init__(self) -> None:
        letters = self.neither if self.neither is not None else "LPS"
        axes = sorted(_TOWARDS_LPS[letter][0] for letter in letters if letter in _TOWARDS_LPS)
        if self.both not in (None, "sform", "qform") or axes != [0, 1, 2] or len(letters) != 3:
            raise ArgumentError(
                expected='both "sform" or "qform", and neither three letters, one each of L R, P A and S I',
                got=f"both={self.both!r}, neither={self.neither!r}",
                where="GeometryChoice",
                do='write e.g. GeometryChoice(both="sform", neither="LPS")',
            )


REFUSE = GeometryChoice()


def nifti_header(content: bytes, path: Path) -> nib.Nifti1Header:
    """Read the header at the start of a file's content, no field mended; a `Nifti2Header` is one too.

    Args:
        content: At least the first 540 bytes, if there are so many.
        path: For the error.

    Raises:
        NotAnImageError: It is neither NIfTI-1 nor NIfTI-2, or the header alone of a pair of files.
        PixelDecodeError: It ends within the header.
    """
    if content[4:8] == b"n+2\x00":
        kind: type[nib.Nifti1Header] = nib.Nifti2Header
        n_bytes = 540
    elif content[344:348] == b"n+1\x00":
        kind, n_bytes = nib.Nifti1Header, 348
    else:
        pair = content[344:348] == b"ni1\x00" or content[4:8] == b"ni2\x00"
        got = "the header of a .hdr and .img pair" if pair else f"{len(content)} bytes that start otherwise"
        do = "convert it to one .nii.gz file"
        raise NotAnImageError(expected="one NIfTI file with header and voxels", got=got, where=path, do=do)
    if len(content) < n_bytes:
        got, do = f"{len(content)} of them", "fetch the file again; it was cut short"
        raise PixelDecodeError(expected=f"a header of {n_bytes} bytes", got=got, where=path, do=do)
    return kind(binaryblock=content[:n_bytes], check=False)


def file_affine(header: nib.Nifti1Header, path: Path, choice: GeometryChoice) -> np.ndarray:
    """Return the map from the file's own indices (i, j, k, 1) to LPS millimetres, float64 `[4, 4]`.

    The sform where its code is above 0, else the qform where its code is (methods 3 and 2 of nifti1.h), with RAS turned
    to LPS and metres or micrometres to mm; an unknown unit is read as mm. Where both are set, they may differ at the
    corners by half of the smallest voxel: the qform has its rotation as three float32 of a quaternion, which near half
    a turn are good to some tenths of a millimetre only. Then the sform holds, as in nibabel.

    Args:
        header: What `nifti_header` returned.
        path: For the error.
        choice: See `GeometryChoice`.

    Raises:
        GeometryError: Both are set and lie farther apart, neither is set, one that is used is not finite, not
            invertible or beyond 100 m, or the unit is none.
    """
    codes = {"sform": int(header["sform_code"]), "qform": int(header["qform_code"])}
    unit = int(header["xyzt_units"]) & 7
    if min(codes.values()) < 0 or unit not in _MM_PER_UNIT:
        _refuse("codes of 0 or more and a unit of length", f"codes {codes}, unit {unit}", path, "mend the header")
    given = [form for form in ("sform", "qform") if codes[form] > 0]
    if len(given) == 2 and choice.both is not None:
        given = [choice.both]
    to_mm = np.diag([_MM_PER_UNIT[unit]] * 3 + [1.0])
    if not given:
        return _checked(to_mm @ _unoriented(header, path, choice), "pixdim", path)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
        forms = [_checked(RAS_TO_LPS @ to_mm @ _form(header, form, path), form, path) for form in given]
    if len(forms) == 2:
        sform, qform = forms
        _require_agreement(sform, qform, header, path)
    return forms[0]


def apart_mm(a: np.ndarray, b: np.ndarray, shape: tuple[int, ...]) -> float:
    """Return the largest distance between the same corner voxel under two affines, in their unit.

    Args:
        a: float `[4, 4]`, from (i, j, k, 1).
        b: float `[4, 4]`, from the same indices.
        shape: (i, j, k, ...) of the grid.
    """
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape[:3]], [1], indexing="ij")).reshape(4, -1)
    return float(np.linalg.norm(((a - b) @ corners)[:3], axis=0).max())


def _form(header: nib.Nifti1Header, form: str, path: Path) -> np.ndarray:
    """Return the affine of a form in the file's world and unit."""
    if form == "sform":
        return header.get_sform().astype(np.float64)
    plain = header.copy()
    if plain["pixdim"][0] == 0:
        plain["pixdim"][0] = 1  # nifti1.h: "If pixdim[0] isn't 1 or -1, use 1"
    try:
        return plain.get_qform().astype(np.float64)
    except (HeaderDataError, ValueError) as error:
        do = 'mend the header, or pass GeometryChoice(both="sform") where the file has a sform too'
        raise GeometryError(expected="a unit quaternion in the qform", got=str(error), where=path, do=do) from error


def _unoriented(header: nib.Nifti1Header, path: Path, choice: GeometryChoice) -> np.ndarray:
    if choice.neither is None:
        do = 'mend the header, or say where i, j, k run to: GeometryChoice(neither="LPS")'
        _refuse("a sform or a qform", "neither (both codes are 0)", path, do)
    affine = np.eye(4)
    affine[:3, :3] = 0
    for i, letter in enumerate(choice.neither):
        axis, sign = _TOWARDS_LPS[letter]
        affine[axis, i] = sign * abs(float(header["pixdim"][i + 1]))
    return affine


def _checked(affine: np.ndarray, form: str, path: Path) -> np.ndarray:
    do = "mend the header, or leave the case out through the exclusion ledger"
    if not np.isfinite(affine).all() or np.abs(affine).max() > FARTHEST_MM:
        _refuse(f"an invertible {form} of at most {FARTHEST_MM:g} mm", repr(affine.tolist()), path, do)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not spacing.all() or abs(np.linalg.det(affine[:3, :3] / spacing)) < 1e-6:
        _refuse(f"an invertible {form}", repr(affine.tolist()), path, do)
    return affine


def _require_agreement(sform: np.ndarray, qform: np.ndarray, header: nib.Nifti1Header, path: Path) -> None:
    apart = apart_mm(sform, qform, header.get_data_shape())
    tolerance_mm = np.linalg.norm(sform[:3, :3], axis=0).min() / 2
    if apart > tolerance_mm:
        got = f"{apart:.3f} mm: sform {sform.round(4).tolist()}, qform {qform.round(4).tolist()} (both in LPS mm)"
        do = 'find out which is right, and pass GeometryChoice(both="sform") or "qform"'
        _refuse(f"sform and qform at most {tolerance_mm:.3f} mm apart", got, path, do)


def _refuse(expected: str, got: str, path: Path, do: str) -> NoReturn:
    raise GeometryError(expected=expected, got=got, where=path, do=do)
