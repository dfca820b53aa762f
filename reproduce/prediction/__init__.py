"""Prediction with a model file: images in, label maps on the images' own grids out; no training code."""

import importlib

_MODULE_OF = {
    "Predictor": "predictor",
    "Recipe": "recipe",
    "Region": "recipe",
    "Code": "recipe",
    "save_model": "model_file",
    "read_recipe": "model_file",
    "export_model": "export",
    "find_inputs": "inputs",
    "write_seg": "dicom_seg",
}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for, so that Keras loads with `Predictor` alone."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
