"""A volume as the bytes of a NIfTI file that says that it is a phantom."""

from __future__ import annotations

import gzip

import nibabel
import numpy as np

from reproduce.imaging.volume import Volume


def nifti_bytes(volume: Volume) -> bytes:
    """Return a gzipped NIfTI-1 file; no name and no time in the gzip header, so that equal volumes give equal bytes."""
    lps_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    image = nibabel.Nifti1Image(volume.voxels.transpose(2, 1, 0), lps_to_ras @ volume.affine)
    image.set_qform(image.affine, code="scanner")
    image.set_sform(image.affine, code="aligned")
    image.header.set_xyzt_units("mm")
    image.header["descrip"], image.header["aux_file"] = b"PHANTOM: computed, no patient", b"PHANTOM"
    return gzip.compress(image.to_bytes(), compresslevel=4, mtime=0)
