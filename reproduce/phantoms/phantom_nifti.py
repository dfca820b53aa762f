"""A volume as the bytes of a NIfTI file that says that it is a phantom."""

from __future__ import annotations

import gzip

import nibabel
import numpy as np

from reproduce.imaging.volume import Volume

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_DESCRIPTION, _AUX = b"PHANTOM: computed, no patient", b"PHANTOM"


def nifti_bytes(volume: Volume) -> bytes:
    """A gzipped NIfTI-1 file; no name and no time in the gzip header, so that equal volumes give equal bytes."""
    image = nibabel.Nifti1Image(volume.voxels.transpose(2, 1, 0), _LPS_TO_RAS @ volume.affine)
    image.set_qform(image.affine, code="scanner")
    image.set_sform(image.affine, code="aligned")
    image.header.set_xyzt_units("mm")
    image.header["descrip"], image.header["aux_file"] = _DESCRIPTION, _AUX
    return gzip.compress(image.to_bytes(), compresslevel=4, mtime=0)
