"""What a folder or file of images holds, by the readers of the tables, and its way into NIfTI or DICOM SEG."""

import importlib

_MODULE_OF = {
    "inspect": "survey",
    "convert": "convert",
    "Contents": "contents",
    "Item": "contents",
    "Names": "names",
    "contents_text": "render",
    "contents_json": "render",
}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
