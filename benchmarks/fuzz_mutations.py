"""One change of one file: a field of its format set to what no writer writes, or bytes that break.

An input is a folder as a dict of names and bytes; a mutation returns another one. All chance comes from the generator
that is passed, so that a seed gives the same inputs again.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

import nibabel as nib
import numpy as np
import pydicom

Files = dict[str, bytes]
NUMBERS = (
    *("0", "-1", "1", "2", "255", "65535", "65536", "2147483647", "-2147483648", "99999999999", "1e100", "1e308"),
    *("1e-308", "nan", "inf", "-inf", "0.5", "-0", "1e400", "9" * 5000, "0x10", "1_000", "\N{ARABIC-INDIC DIGIT ONE}"),
)
TEXTS = (
    *("", " ", "\0", "\ufeff", "../../x", "/etc/x", "a" * 70000, "\N{GREEK SMALL LETTER ALPHA}", "\ud7ff", '"', "'"),
    *("<a>", "&amp;", "\n", "\r", ";", ",", "\t", "null", "True", "-", ">", "%", "1.2.3", "anon", "RTSTRUCT", "FALSE"),
)
NO_JSON = ("NaN", "-Infinity", "1e999", "9" * 5000, "[" * 3000 + "]" * 3000, '"\\ud800"', "true", "null", "{}", "[]")
VRS = (b"AE", b"AS", b"CS", b"DA", b"DS", b"FD", b"FL", b"IS", b"LO", b"OB", b"OW", b"SL", b"SQ", b"UI", b"UN", b"US")
LONG_VRS = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")


def mutated(files: Files, chance: random.Random) -> Files:
    """Return a folder with one to three changes; most have one, so that what a change does can be told."""
    changed = dict(files)
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3))):
        name = chance.choice(sorted(changed))
        if chance.random() < 0.08:
            changed = _whole_files(changed, name, chance)
            if not changed:
                return {name: b""}
            continue
        of_format = [change for suffix, change in BY_SUFFIX.items() if name.endswith(suffix)]
        change = chance.choice((*of_format, *of_format, *of_format, any_bytes))
        changed[name] = change(changed[name], chance)
    return changed


def any_bytes(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with a flipped bit, a cut, an insertion, a block of zeros, or a block that stands elsewhere."""
    if not content:
        return bytes(chance.randrange(256) for _ in range(chance.choice((1, 200))))
    head = min(len(content), 2000) if chance.random() < 0.7 else len(content)
    i, n = chance.randrange(head), chance.choice((1, 2, 4, 8, 64, 512))
    return chance.choice(
        (
            lambda: content[:i] + bytes([content[i] ^ 1 << chance.randrange(8)]) + content[i + 1 :],
            lambda: content[:i] + bytes([chance.choice((0, 1, 0x7F, 0x80, 0xFF))]) + content[i + 1 :],
            lambda: content[: chance.randrange(len(content))],
            lambda: content[:i] + bytes(chance.randrange(256) for _ in range(n)) + content[i:],
            lambda: content[:i] + content[i + n :],
            lambda: content[:i] + bytes(n) + content[i + n :],
            lambda: content[:i] + b"\xff" * n + content[i + n :],
            lambda: content[:i] + content[i : i + n] + content[i:],
        )
    )()


def _whole_files(files: Files, name: str, chance: random.Random) -> Files:
    """Return a folder in which one file is lost, empty, renamed, there twice, or changed for another."""
    other = chance.choice(sorted(files))
    rest = {n: content for n, content in files.items() if n != name}
    twin = str(PurePosixPath(name).with_name(f"twin-{PurePosixPath(name).name}"))
    renamed, twice = rest | {twin: files[name]}, files | {twin: files[name]}
    return chance.choice((rest, rest | {name: b""}, renamed, twice, files | {name: files[other], other: files[name]}))


def dicom(content: bytes, chance: random.Random) -> bytes:
    """Return a DICOM file of which one element, nested ones too, is absent, twice, empty, extreme, or wrongly typed."""
    found = list(_elements(content))
    if not found:
        return any_bytes(content, chance)
    start, at, n_bytes, vr = chance.choice(found)
    value, explicit = content[at : at + n_bytes], vr is not None
    n_length = 4 if not explicit or vr in LONG_VRS else 2

    def with_value(new: bytes) -> bytes:
        new = new[: 2 ** (8 * n_length) - 2]
        new += b" " * (len(new) % 2)
        return content[: at - n_length] + len(new).to_bytes(n_length, "little") + new + content[at + n_bytes :]

    def with_length(length: int) -> bytes:
        return content[: at - n_length] + (length % 256**n_length).to_bytes(n_length, "little") + content[at:]

    extreme = chance.choice(
        (
            chance.choice(NUMBERS).encode(),
            "\\".join(chance.choice(NUMBERS[:-6]) for _ in range(chance.choice((2, 3, 6)))).encode(),
            chance.choice(TEXTS).encode(),
            struct.pack("<H", chance.choice((0, 1, 7, 8, 12, 15, 16, 32, 64, 255, 32768, 65535))),
            struct.pack("<I", chance.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1))),
            struct.pack("<d", chance.choice((0.0, -1.0, 1e308, float("nan"), float("inf"), 1e-308))),
            bytes(chance.choice((1, 2, 3, 64))),
            value[: len(value) // 2],
            value + b"\\" + value,
            value[::-1],
        )
    )
    ways: list[Callable[[], bytes]] = [
        lambda: content[:start] + content[at + n_bytes :],
        lambda: content[: at + n_bytes] + content[start : at + n_bytes] + content[at + n_bytes :],
        lambda: with_value(b""),
        lambda: with_value(extreme),
        lambda: with_value(extreme),
        lambda: with_length(chance.choice((0, 1, n_bytes - 1, n_bytes + 1, n_bytes + 2, 2 * n_bytes, 2**31, -2, -1))),
        lambda: (
            content[:start]
            + struct.pack("<HH", *chance.choice(((8, 0x60), (0x28, 8), (0x7FE0, 8))))
            + content[start + 4 :]
        ),
    ]
    if explicit:
        ways.append(lambda: content[: start + 4] + chance.choice(VRS) + content[start + 6 :])
    return chance.choice(ways)()


def _elements(content: bytes) -> Iterator[tuple[int, int, int, bytes | None]]:
    """Yield start, start and length of the value, and VR (None of implicit ones) of elements, nested ones too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = pydicom.dcmread(io.BytesIO(content), force=True)
            pending = [file, file.file_meta]
            while pending:
                for element in pending.pop():
                    if element.VR == "SQ":
                        pending += element.value
                    at = element.file_tell
                    tag = struct.pack("<HH", element.tag.group, element.tag.element)
                    for back in (8, 12):
                        if at and content[at - back : at - back + 4] == tag:
                            vr = content[at - back + 4 : at - back + 6]
                            is_explicit = vr.isalpha()
                            wide = back == 12 or not is_explicit
                            n = int.from_bytes(content[at - 4 : at] if wide else content[at - 2 : at], "little")
                            if n != 2**32 - 1 and at + n <= len(content):
                                yield at - back, at, n, vr if is_explicit else None
    except Exception:  # of a file that is broken already no elements are known
        return


def nifti(content: bytes, chance: random.Random) -> bytes:
    """Return a NIfTI file with one field of its header at an extreme; a gzip stream is packed again."""
    if content[:2] == b"\x1f\x8b":
        if chance.random() < 0.25:
            return any_bytes(content, chance)
        try:
            return gzip.compress(nifti(gzip.decompress(content), chance), compresslevel=1, mtime=0)
        except Exception:  # it is broken already
            return any_bytes(content, chance)
    header = nib.Nifti2Header if content[4:8] == b"n+2\0" else nib.Nifti1Header
    kind = header.template_dtype
    if len(content) < kind.itemsize:
        return any_bytes(content, chance)
    fields = np.frombuffer(content[: kind.itemsize], kind).copy()
    name = chance.choice([name for name in kind.names if name not in ("magic", "eol_check")])
    flat = fields[name].reshape(-1)
    if flat.dtype.kind == "S":
        flat[0] = chance.choice((b"", b"\xff" * 8, b"a" * 80))
    else:
        whole = flat.dtype.kind in "iu"
        limits = np.iinfo(flat.dtype) if whole else np.finfo(flat.dtype)
        odd = (0, 1, 2, 3, 7, 16, 255, limits.max, limits.min) if whole else (0, -1, np.nan, np.inf, 1e-30, limits.max)
        i = chance.randrange(len(flat))
        with np.errstate(over="ignore"):
            flat[i] = chance.choice((*odd, min(2 * abs(flat[i].item()), limits.max), max(0, flat[i].item() - 1)))
    return fields.tobytes() + content[kind.itemsize :]


def xml(content: bytes, chance: random.Random) -> bytes:
    """Return XML of which one element is absent, twice, renamed, nested deeply, or has another text or attribute."""
    text = content.decode("utf-8", errors="replace")
    found = list(re.finditer(r"<([A-Za-z_]+)>([^<]*)</\1>", text)) + list(
        re.finditer(r"<(/?[A-Za-z_]+)([^<>]*)>", text)
    )
    if not found:
        return any_bytes(content, chance)
    match = chance.choice(found)
    before, after, whole = text[: match.start()], text[match.end() :], match.group(0)
    name, new = match.group(1), chance.choice((*NUMBERS, *TEXTS))
    deep = chance.choice((100, 5000))
    replaced = chance.choice(
        (
            "",
            whole * 2,
            f"<{name}>{new}</{name}>",
            f"<{name}>{new}</{name}>",
            whole.replace(name, "other"),
            f'<{name} a="{new}">',
            f"<{name} xmlns='x'>",
            "<a>" * deep + whole + "</a>" * deep,
            f"<!-- {new} -->{whole}",
            f"<![CDATA[{new}]]>",
            f"&{new};",
        )
    )
    text = before + replaced + after
    if chance.random() < 0.08:
        encoding = chance.choice(("UTF-9", "UTF-16", "latin-1", "utf-7", "idna", "hex", ""))
        entity = '<!DOCTYPE a [<!ENTITY b "bbb">]>'
        text = f'<?xml version="1.0" encoding="{encoding}"?>' + chance.choice(("", entity)) + text.partition("?>")[2]
    return text.encode("utf-8", errors="surrogatepass")


def json_text(content: bytes, chance: random.Random) -> bytes:
    """Return JSON of which one value is another, absent, wrapped or there twice, or no JSON at all."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return any_bytes(content, chance)
    places: list[tuple[Any, Any]] = []
    pending = [found]
    while pending:
        node = pending.pop()
        children = list(node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ())
        places += [(node, key) for key, _ in children]
        pending += [child for _, child in children]
    mark = "a place for what is no JSON value"
    if not places:
        return any_bytes(content, chance)
    parent, key = chance.choice(places)
    old = parent[key]
    way = chance.randrange(7)
    if way == 0:
        del parent[key]
    elif way == 1 and isinstance(parent, list):
        parent.insert(key, old)
    elif way == 2 and isinstance(parent, dict):
        parent[chance.choice(TEXTS)] = parent.pop(key)
    elif way == 3:
        parent[key] = chance.choice(([old], {"a": old}, [old, old]))
    elif way == 4:
        parent[key] = mark
    elif way == 5:
        parent[key] = chance.choice((*NUMBERS, *TEXTS))
    else:
        parent[key] = chance.choice((None, True, 0, -1, 2**63, 10**30, 1e308, 0.5, "", [], {}, [[]], "a"))
    return json.dumps(found).replace(f'"{mark}"', chance.choice(NO_JSON)).encode("utf-8", errors="surrogatepass")


def csv_text(content: bytes, chance: random.Random) -> bytes:
    """Return a CSV with another cell, or a row or column that is absent or twice."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    except (ValueError, csv.Error):
        return any_bytes(content, chance)
    rows = [row for row in rows if row]
    if not rows:
        return any_bytes(content, chance)
    y = chance.randrange(len(rows)) if chance.random() < 0.8 else 0
    x = chance.randrange(len(rows[y]))
    way = chance.randrange(6)
    if way == 0:
        rows.insert(chance.randrange(len(rows)), list(rows[y]))
    elif way == 1:
        del rows[y]
    elif way == 2:
        rows = [row[:x] + row[x + 1 :] for row in rows]
    elif way == 3 and len(rows) > 1:
        rows[y][x] = chance.choice(chance.choice(rows) or [""])
    else:
        rows[y][x] = chance.choice((*NUMBERS, *TEXTS))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=chance.choice(("\n", "\n", "\n", "\r\n", "\r"))).writerows(rows)
    return text.getvalue().encode()


def npy(content: bytes, chance: random.Random) -> bytes:
    """Return an array of NumPy whose header says another shape or type, with the bytes of the old one."""
    if len(content) < 12 or content[:6] != b"\x93NUMPY":
        return any_bytes(content, chance)
    n = int.from_bytes(content[8:10], "little")
    shape = chance.choice(("()", "(0,)", "(-1, 2)", "(99999999999, 2)", "(4,)", "(4, 28)", "(2**31, 9)", "'a'", "[4]"))
    kind = chance.choice(("|u1", "<f8", "|O", "<U9", "|b1", "<c16", ">i4", "<M8[s]", "x", "|S0", "|V3"))
    header = content[10 : 10 + n].decode("latin-1")
    header = chance.choice(
        (
            re.sub(r"'shape': \([^)]*\)", f"'shape': {shape}", header),
            re.sub(r"'descr': '[^']*'", f"'descr': '{kind}'", header),
            header.replace("False", "True"),
            header.replace("{", chance.choice(("", "{{", "{'a': 1, ", "(" * 300))),
            header[: len(header) // 2],
        )
    )
    encoded = header.encode("latin-1")
    return content[:8] + len(encoded).to_bytes(2, "little") + encoded + content[10 + n :]


def archive(content: bytes, chance: random.Random) -> bytes:
    """Return a zip archive of which one member is changed, absent, renamed, or packed in another way."""
    if chance.random() < 0.3:
        return any_bytes(content, chance)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            members = {info.filename: old.read(info) for info in old.infolist()}
    except Exception:  # it is broken already
        members = {}
    if not members:
        return any_bytes(content, chance)
    name, packed, stream = chance.choice(sorted(members)), zipfile.ZIP_STORED, io.BytesIO()
    way = chance.randrange(8)
    if way == 0:
        del members[name]
    elif way == 1:
        members[chance.choice(("a", "../a", "/a", "\N{GREEK SMALL LETTER ALPHA}"))] = members.pop(name)
    else:
        of_format = [change for suffix, change in BY_SUFFIX.items() if name.endswith(suffix)]
        members[name] = chance.choice((*of_format, *of_format, any_bytes))(members[name], chance)
        packed = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(stream, "w", packed) as new:
        for member, data in members.items():
            new.writestr(zipfile.ZipInfo(member), data, packed)
    return stream.getvalue()


BY_SUFFIX: dict[str, Callable[[bytes, random.Random], bytes]] = {
    ".dcm": dicom,
    ".nii": nifti,
    ".nii.gz": nifti,
    ".xml": xml,
    ".json": json_text,
    ".csv": csv_text,
    ".npy": npy,
    ".npz": archive,
    ".keras": archive,
}
