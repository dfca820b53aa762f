"""Images with their geometry: files in, volumes out, volumes to files."""

import importlib

_MODULE_OF = {
    "Volume": "volume",
    "require_same_grid": "volume",
    "find_series": "dicom_series",
    "read_series": "dicom",
    "Note": "account",
    "read_nifti": "nifti",
    "nifti_notes": "nifti",
    "read_nifti_labels": "nifti",
    "write_nifti": "nifti",
    "GeometryChoice": "nifti_header",
    "read_structures": "rtstruct",
    "structure_masks": "rtstruct_masks",
    "draw_structure": "rtstruct_masks",
    "resample_onto": "resample",
    "resize_slices": "resample",
    "box_around": "crop",
    "cropped": "crop",
    "put_back": "crop",
    "window": "intensity",
    "zscore_within": "intensity",
}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for, so that arrays need no DICOM or NIfTI library."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
