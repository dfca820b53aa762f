"""One key for all that is kept on disk: the code that a result hangs on, the libraries that compute it, its facts."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import json
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from reproduce.arithmetic import arithmetic
from reproduce.protocol.text import canonical_json

# A definition is found by module and name; these names stand for a whole module, and for what runs when it is imported.
_WHOLE, _ON_IMPORT = "*", ""
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_PACKAGE = __name__.split(".")[0]
# They name results or drive the work of every table, and make no number.
_MAKE_NOTHING = {__name__, f"{_PACKAGE}.run", f"{_PACKAGE}.rerun"}
_INSTALLED = {"site-packages", "dist-packages"}
# Distributions of a library that is called otherwise, and those that it computes with though no import says so; none of
# a library that draws bars, logs or spreads work.
_DISTRIBUTIONS = {
    "keras": ("keras", "tensorflow"),
    "pydicom": ("pydicom", "pyjpegls", "pylibjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "python-gdcm"),
    "skimage": ("scikit-image", "scipy"),
    **dict.fromkeys(("absl", "apache_beam", "rich"), ()),
}


def cache_key(*code: Callable, **facts: Any) -> str:
    """Return the name of a result that is kept: 64 hexadecimal digits, others for whatever could change the result.

    That is SHA-256 over every definition that the code reaches by name in this package and in scripts, over the
    versions of Python and of the libraries that these use, over the facts, and over `arithmetic` where TensorFlow is
    one of the libraries. Docstrings, comments, layout, annotations, imports, the files that definitions lie in and a
    protocol's reasons change nothing. Types in annotations are reached, since their methods run on what is passed in; a
    module that is imported whole is reached whole; what a string names is not seen.

    Args:
        code: Functions and classes that make the result.
        facts: Parameters, and digests or keys of sources, as for `canonical_json`; functions and dataclasses in them
            are code too. The order of a mapping does not count: pass its items where it should.
    """
    roots = frozenset((each.__module__, each.__qualname__.split(".")[0]) for each in (*code, *_code_in(facts)))
    digests, libraries = _reached(roots)
    computed = {"arithmetic": arithmetic()} if "tensorflow" in libraries else {}
    versions = {"python": platform.python_version_tuple()[:2], **{name: _version(name) for name in libraries}}
    parameters = json.loads(canonical_json(facts), object_hook=_without_reasons)
    return _digest(canonical_json([digests, versions, parameters, computed]))


def code_closure(script: Path) -> tuple[str, dict[str, str]]:
    """Return SHA-256 over every definition that a script reaches by name, and the versions of what these compute with.

    What counts as code is said in `cache_key`. Reasons in a protocol are code of the script that writes them.

    Args:
        script: A Python file; files beside it may be imported by it.
    """
    importlib.invalidate_caches()
    sys.path.insert(0, str(script.parent))
    try:
        digests, libraries = _reached(frozenset({(script.stem, _WHOLE)}))
    finally:
        sys.path.remove(str(script.parent))
    python = ".".join(platform.python_version_tuple()[:2])
    return _digest("\n".join(digests)), {"python": python, **{name: _version(name) for name in libraries}}


def _code_in(value: Any) -> Iterator[Callable]:
    """Return the functions and classes in a value, those of its dataclasses among them."""
    if is_dataclass(value) and not isinstance(value, type):
        yield type(value)
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _code_in(item)
    elif callable(value):
        yield value


def _without_reasons(entry: dict) -> dict:
    return {name: value for name, value in entry.items() if name != "because"}


@functools.cache
def _reached(roots: frozenset[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return sorted digests of all definitions that some definitions reach, these included, and the libraries they use.

    A digest is over a definition's code and over the code that each global name in it stands for.
    """
    digests: dict[tuple[str, str], str] = {}
    libraries: set[str] = set()
    left = {target for root in roots for target in _followed(*root)}
    while left:
        module, name = left.pop()
        if not _is_read(module):
            libraries.update(_DISTRIBUTIONS.get(top := module.split(".")[0], (top,)))
            continue
        names = sorted({used for _, statement_names in _statements(module, name) for used in statement_names})
        targets = [(used, target) for used in names for target in sorted(_meanings(module, used))]
        stand_for = [f"{used}={_code(*target)}" for used, target in targets]
        digests[module, name] = _digest("\n".join([_code(module, name), *stand_for]))
        left |= {(module, _ON_IMPORT), *(target for _, target in targets)} - digests.keys()
    return sorted(set(digests.values())), sorted(libraries - sys.stdlib_module_names)


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _meanings(module: str, name: str) -> set[tuple[str, str]]:
    """Return where the definitions are that a name in a module can stand for; none of a builtin or a local name."""
    read = _read(module)
    here = {(module, name)} if name in read.defined else set()
    return here.union(*(_followed(*target) for target in read.imported.get(name, ())))


def _followed(module: str, name: str) -> set[tuple[str, str]]:
    """Return where the definitions are that a module gives under a name, be they imported there themselves."""
    if module in _MAKE_NOTHING:
        return set()
    if name == _WHOLE or not _is_read(module):
        return {(module, name)}
    whole = f"{module}.{name}" if _is_module(module, name) else module
    return _meanings(module, name) or ({(whole, _WHOLE)} - {(each, _WHOLE) for each in _MAKE_NOTHING})


def _is_module(package: str, name: str) -> bool:
    is_package = _found(package)[0].submodule_search_locations is not None
    return is_package and importlib.util.find_spec(f"{package}.{name}") is not None


def _is_read(module: str) -> bool:
    return _is_ours(module.split(".")[0])


@functools.cache
def _is_ours(top: str) -> bool:
    """Return whether code is read, not known by a version: so for this package and for scripts that nobody installs."""
    if top == _PACKAGE or top in sys.stdlib_module_names:
        return top == _PACKAGE
    spec = importlib.util.find_spec(top)
    return spec is not None and spec.origin is not None and not _INSTALLED & set(Path(spec.origin).parts)


def _found(module: str) -> tuple[ModuleSpec, Path]:
    """Find a module of ours and its file.

    Raises:
        ModuleNotFoundError: It has no file.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the module {module} has no file; install the package again", name=module)
    return spec, Path(spec.origin)


@dataclass(frozen=True)
class _Module:
    """Statements by the names that they define, each its code and the names in it; what imports stand for."""

    defined: dict[str, list[tuple[str, frozenset[str]]]]
    imported: dict[str, set[tuple[str, str]]]


@functools.cache
def _read(module: str) -> _Module:
    """Return a module as it is on disk, without what is there for type checkers alone."""
    spec, path = _found(module)
    read = _Module({}, {})
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        inside = list(ast.walk(node))
        for alias, target in (pair for each in inside if isinstance(each, _IMPORTS) for pair in _imports(each, spec)):
            read.imported.setdefault(alias, set()).add(target)
        names = frozenset(each.id for each in inside if isinstance(each, ast.Name))
        bound, computing = _bound(node), _Computing().visit(ast.Module([node], []))
        for name in bound if computing.body else ():
            read.defined.setdefault(name, []).append((ast.dump(computing), names))
    return read


def _imports(node: ast.Import | ast.ImportFrom, spec: ModuleSpec) -> Iterator[tuple[str, tuple[str, str]]]:
    """Return each name that an import binds, with what it stands for."""
    if isinstance(node, ast.ImportFrom):
        module = importlib.util.resolve_name("." * node.level + (node.module or ""), spec.parent)
        yield from ((each.asname or each.name, (module, each.name)) for each in node.names)
    else:
        yield from ((each.asname or each.name.split(".")[0], (each.name, _WHOLE)) for each in node.names)


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that a statement of a module defines; `_ON_IMPORT` too where it may do more than that."""
    if isinstance(node, _NAMED):
        return {node.name}
    inside = list(ast.walk(node))
    stored = {each.id for each in inside if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and stored:
        return stored
    return {*stored, *(each.name for each in inside if isinstance(each, _NAMED)), _ON_IMPORT}


def _statements(module: str, name: str) -> list[tuple[str, frozenset[str]]]:
    defined = _read(module).defined
    return [each for statements in defined.values() for each in statements] if name == _WHOLE else defined.get(name, [])


def _code(module: str, name: str) -> str:
    """Return the digest of a definition's code; of a library's, its name."""
    if not _is_read(module):
        return f"{module}.{name}"
    return _digest("\n".join(code for code, _ in _statements(module, name)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Computing(ast.NodeTransformer):
    """Takes from code what computes nothing: imports, docstrings, annotations."""

    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)
