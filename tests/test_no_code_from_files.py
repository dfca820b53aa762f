"""Files that are read never run as code: no pickle, no evaluation, no model outside of Keras's safe mode."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "reproduce"
SCRIPTS = PACKAGE.parent / "experiments"
FILES = sorted([*PACKAGE.rglob("*.py"), *SCRIPTS.rglob("*.py")])
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"eval", "exec", "compile_command", "read_pickle", "to_pickle", "unsafe_load", "enable_unsafe_deserialization"}
KEYWORDS = {"allow_pickle": True, "safe_mode": False}


def found(tree):
    """Return what a module holds that would run what a file says."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").split(".")[0]}
        else:
            names = set()
        yield from names & MODULES
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield from {name} & CALLS
            for keyword in node.keywords:
                safe = isinstance(keyword.value, ast.Constant) and keyword.value.value is not KEYWORDS.get(keyword.arg)
                if keyword.arg in KEYWORDS and not safe:
                    yield keyword.arg


def test_no_module_runs_what_a_file_says():
    assert len(FILES) > 300
    unsafe = {path.name: list(found(ast.parse(path.read_text(encoding="utf-8")))) for path in FILES}
    assert {name: words for name, words in unsafe.items() if words} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "keras.saving.load_model(path, safe_mode=False)",
        "eval(text)",
        "pd.read_pickle(path)",
    ],
)
def test_what_is_looked_for_is_found(code):
    assert list(found(ast.parse(code)))
