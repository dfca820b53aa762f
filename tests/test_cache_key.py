"""What must make a kept result anew, and what must not: on a small package, and on the keys of a real table."""

import importlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from reproduce import cache_key as keys
from reproduce.cache_key import cache_key
from reproduce.cohorts.splits import Fold
from reproduce.papers.xue2025.lidc import SMOKE
from reproduce.protocol.section import Call, Section
from reproduce.provenance import write_json
from reproduce.tasks.segmentation import segmentation_inputs
from reproduce.training.job import jobs_of

FOLDS = (Fold(0, ("A",), (), ("B",)), Fold(1, ("B",), (), ("A",)))
SMALL = {
    "pack/__init__.py": "",
    "pack/made.py": '''"""What is made."""

from __future__ import annotations

import json
from math import floor
from typing import TYPE_CHECKING

import numpy as np

from pack import whole
from pack.passed_on import helper
from pack.types import Thing

if TYPE_CHECKING:
    from pack.typed import Typed

LIMIT = 3


def make(thing: Thing, other: Typed, size: int = 2) -> np.ndarray:
    """Make it."""
    from pack.inner import late

    return np.full(floor(size), helper(thing) + late() + whole.other() + LIMIT)  # all


def unused():
    return 1
''',
    "pack/passed_on.py": "from pack.helpers import helper\n",
    "pack/helpers.py": "def helper(thing):\n    return add(thing.value(), 1)\n\n\ndef add(a, b):\n    return a + b\n",
    "pack/inner.py": "table = {}\ntable['a'] = 1\n\n\ndef late():\n    return 5\n",
    "pack/types.py": "class Thing:\n    def value(self):\n        return 7\n",
    "pack/typed.py": "class Typed:\n    pass\n",
    "pack/whole.py": "def other():\n    return 0\n",
    "pack/apart.py": "import scipy\n\n\ndef nobody():\n    return 0\n",
}


def forget():
    keys._read.cache_clear()
    keys._reached.cache_clear()


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The key of `make` after changes {file: (old text, new text)} of the small package."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def key(changes, module="pack.made", **facts):
        for name, text in SMALL.items():
            old, new = changes.get(name, ("", ""))
            assert old in text
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text.replace(old, new) if old else text)
        importlib.invalidate_caches()
        forget()
        return cache_key(SimpleNamespace(__module__=module, __qualname__="make"), **facts)

    yield key
    sys.modules.pop("pack", None)
    keys._is_ours.cache_clear()
    forget()


MADE_ANEW = {
    "its code": {"pack/made.py": ("+ LIMIT", "- LIMIT")},
    "a default": {"pack/made.py": ("size: int = 2", "size: int = 3")},
    "a constant": {"pack/made.py": ("LIMIT = 3", "LIMIT = 4")},
    "a helper behind an import": {"pack/helpers.py": ("value(), 1", "value(), 2")},
    "a helper of the helper": {"pack/helpers.py": ("a + b", "a - b")},
    "an import in a function": {"pack/inner.py": ("return 5", "return 6")},
    "what runs on import": {"pack/inner.py": ("['a'] = 1", "['a'] = 2")},
    "a method of what is passed in": {"pack/types.py": ("return 7", "return 8")},
    "a module imported whole": {"pack/whole.py": ("return 0", "return 1")},
    "another library under the name": {"pack/made.py": ("from math import floor", "from numpy import floor")},
    "another helper under the name": {"pack/passed_on.py": ("import helper", "import add as helper")},
}
KEPT = {
    "a docstring": {"pack/made.py": ("Make it.", "Make it well.")},
    "a docstring less": {"pack/made.py": ('"""Make it."""', "")},
    "a comment": {"pack/made.py": ("# all", "# everything")},
    "layout": {"pack/helpers.py": ("return a + b", "return (\n        a + b\n    )")},
    "an annotation": {"pack/made.py": ("-> np.ndarray", "-> object")},
    "the order of imports": {"pack/made.py": ("import json\nfrom math import floor", "from math import floor")},
    "a way round in imports": {"pack/made.py": ("from pack.passed_on", "from pack.helpers")},
    "a neighbour": {"pack/made.py": ("return 1", "return 2")},
    "a new neighbour": {"pack/helpers.py": ("def add", "def new():\n    return 1\n\n\ndef add")},
    "what is for type checkers": {"pack/typed.py": ("pass", "x = 1")},
    "a module that is not reached": {"pack/apart.py": ("return 0", "return 1")},
}


@pytest.mark.parametrize("change", MADE_ANEW)
def test_what_could_change_the_result_changes_the_key(small, change):
    assert small(MADE_ANEW[change]) != small({})


@pytest.mark.parametrize("change", KEPT)
def test_what_cannot_change_the_result_keeps_the_key(small, change):
    assert small(KEPT[change]) == small({})


def test_moved_code_keeps_the_key(small, tmp_path):
    before = small({})
    (tmp_path / "pack" / "made.py").rename(tmp_path / "pack" / "moved.py")
    moved = (tmp_path / "pack" / "helpers.py").read_text()
    (tmp_path / "pack" / "helpers.py").write_text("from pack.sums import add\n" + moved.split("\n\n\n")[0])
    (tmp_path / "pack" / "sums.py").write_text(moved.split("\n\n\n")[1])
    importlib.invalidate_caches()
    forget()
    assert cache_key(SimpleNamespace(__module__="pack.moved", __qualname__="make")) == before


@pytest.mark.parametrize(("library", "counts"), [("numpy", True), ("scipy", False), ("keras", False), ("rich", False)])
def test_versions_count_of_what_is_used(small, monkeypatch, library, counts):
    before, version = small({}), importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0" if name == library else version(name))
    assert (small({}) != before) == counts


def test_another_python_is_another_key_but_not_another_patch_of_it(small, monkeypatch):
    before = small({})
    *minor, _ = keys.platform.python_version_tuple()
    monkeypatch.setattr(keys.platform, "python_version_tuple", lambda: (*minor, "99"))
    assert small({}) == before
    monkeypatch.setattr(keys.platform, "python_version_tuple", lambda: ("3", "99", "0"))
    assert small({}) != before


@dataclass(frozen=True)
class Choice(Section):
    """One number."""

    number: int


def test_facts_count_and_reasons_do_not(small):
    def key(source, number, reason="silent: we test"):
        return small({}, source=source, choice=Choice(number=number, because={"number": reason}))

    assert key("a", 1) == key("a", 1, "000 6.2")
    assert len({key("a", 1), key("a", 2), key("b", 1)}) == 3


def test_functions_in_facts_are_code(small):
    build = SimpleNamespace(__module__="pack.apart", __qualname__="nobody")
    call = Call(type("Build", (), {**vars(build), "__call__": None}), {})
    before = small({}, build=call)
    assert small({"pack/apart.py": ("return 0", "return 1")}, build=call) != before


def folders(experiment=SMOKE, prepared="a" * 64, folds=FOLDS):
    """The folder of each arm's first training."""
    jobs = jobs_of(experiment, folds, source_key=prepared, inputs=segmentation_inputs, cache=Path("cache"))
    return {job.arm.name: job.folder for job in reversed(jobs)}


def test_the_order_of_regions_is_part_of_a_training():
    regions = {"nodule": (), "lung": (1,)}
    one, other = (
        replace(SMOKE, preparation=SMOKE.preparation.changed("smoke: we test", regions=dict(order)))
        for order in (regions.items(), reversed(regions.items()))
    )
    assert not set(folders(one).values()) & set(folders(other).values())


@dataclass(frozen=True)
class WithoutRegions(Section):
    """A preparation of a task that has no regions, such as a regression."""

    size: int


def test_a_preparation_without_regions_is_trained_on():
    def folders_of(size):
        preparation = WithoutRegions(size=size, because={"size": "silent: we use it because the test says so"})
        return set(folders(replace(SMOKE, preparation=preparation)).values())

    assert len(folders_of(32)) == len(SMOKE.arms)
    assert not folders_of(32) & folders_of(64)


UNOPTIMISED, OPTIMISED = (arm.name for arm in SMOKE.arms)


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("reproduce.randomness", "range(0, 32, 4)", "range(0, 32, 8)"),
        ("reproduce.metrics.decisions", "probabilities >= threshold", "probabilities > threshold"),
        ("reproduce.metrics.confusion", "def count(", "def count(_more, "),
        ("reproduce.models.layers.blocks", "def conv_bn_relu(", "def conv_bn_relu(_more, "),
        ("reproduce.inspection.geometry", "parameters=model.count_params()", "parameters=1 + model.count_params()"),
        ("reproduce.training.augment", "def apply_transforms(", "def apply_transforms(_more, "),
        ("reproduce.training.state", "def read_best(", "def read_best(_more, "),
        (
            "reproduce.training.determinism",
            "set_intra_op_parallelism_threads(threads())",
            "set_intra_op_parallelism_threads(2)",
        ),
        ("reproduce.prepared.slices", "interleave_cycle_length=1", "interleave_cycle_length=2"),
    ],
)
def test_changed_code_that_all_arms_use_trains_all_again(edit, module, old, new):
    before = folders()
    edit(module, old, new)
    assert not set(before.values()) & set(folders().values())


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("reproduce.models.segmentation.optimised_cnn", "def optimised_cnn(", "def optimised_cnn(_more, "),
        ("reproduce.models.losses", "class Focal(", "class Focal(object, "),
    ],
)
def test_a_changed_model_or_loss_trains_its_own_arm_again(edit, module, old, new):
    before = folders()
    edit(module, old, new)
    after = folders()
    assert after[OPTIMISED] != before[OPTIMISED]
    assert after[UNOPTIMISED] == before[UNOPTIMISED]


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("reproduce.randomness", '"""Return the eight 32-bit words', '"""Some words'),
        ("reproduce.models.segmentation.optimised_cnn", 'The "optimised" and', "A"),
        ("reproduce.models.segmentation.unet", "def unet(", "def unet(_more, "),
        ("reproduce.models.detection.mask_rcnn", "CANONICAL_ANCHOR_SCALE = 8.0", "CANONICAL_ANCHOR_SCALE = 4.0"),
        ("reproduce.errors", "class ReproduceError(", "class Another(Exception):\n    pass\n\n\nclass ReproduceError("),
        ("reproduce.provenance", '"pydicom")', '"pydicom", "rich")'),
        ("reproduce.phantoms.writers.lidc", "def _write_scan(", "def _write_scan(_more, "),
        ("reproduce.processes", "def processes(", "def processes(_more, "),
    ],
)
def test_what_an_arm_does_not_use_trains_nothing_again(edit, module, old, new):
    before = folders()
    edit(module, old, new)
    assert folders() == before


@pytest.mark.parametrize("library", ["keras", "tensorflow", "numpy", "scipy", "tensorflow_datasets"])
def test_another_version_of_a_library_trains_all_again(monkeypatch, library):
    before, version = folders(), importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0" if name == library else version(name))
    assert not set(before.values()) & set(folders().values())


def test_another_parameter_source_or_division_trains_again():
    before, preparation = set(folders().values()), SMOKE.preparation
    turned = dict(reversed([*preparation.regions.items(), ("more", (2,))]))
    others = [
        folders(prepared="b" * 64),
        folders(folds=(FOLDS[0], Fold(1, ("A",), (), ("B",)))),
        folders(replace(SMOKE, optimisation=replace(SMOKE.optimisation, max_epochs=99))),
        folders(replace(SMOKE, preparation=replace(preparation, size=64))),
        folders(replace(SMOKE, preparation=replace(preparation, regions=turned))),
        folders(replace(SMOKE, preparation=replace(preparation, regions=dict(reversed(turned.items()))))),
    ]
    assert len(before.union(*(found.values() for found in others))) == 2 * (1 + len(others))


def test_title_statements_phantom_seeds_and_other_arms_train_nothing_again():
    before = folders()
    more_seeds = replace(SMOKE.validation, seeds=(*SMOKE.validation.seeds, 99))
    told = replace(SMOKE, title="another", statements=(), phantom=Call(write_json, {}), validation=more_seeds)
    assert folders(told) == before
    assert folders(replace(told, arms=told.arms[1:])) == {OPTIMISED: before[OPTIMISED]}


def test_every_library_that_a_key_names_is_installed():
    from reproduce.papers.cnn_survey.measures import moco_v3
    from reproduce.phantoms.writers import brats as brats_writer
    from reproduce.phantoms.writers import hippocampus, lctsc, lidc
    from reproduce.prepared import brats, decathlon, lidc_idri, thoracic
    from reproduce.tasks import architecture_training, by_seed
    from reproduce.training import job

    modules = (brats, decathlon, lidc_idri, thoracic, brats_writer, hippocampus, lctsc, lidc)
    modules += (architecture_training, by_seed, moco_v3, job)
    digests, libraries = keys._reached(frozenset((module.__name__, "*") for module in modules))
    assert len(digests) > 400
    assert {"keras", "nibabel", "numpy", "pydicom", "scikit-image", "scipy", "tensorflow"} <= set(libraries)
    assert "absent" not in map(keys._version, libraries)
