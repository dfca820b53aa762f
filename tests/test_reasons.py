"""Reasons that do not lie: a value is changed with its reason, and what cites a document is what it prints."""

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reproduce import run
from reproduce.errors import ProtocolError
from reproduce.models.losses import BinaryCrossEntropy, CategoricalCrossEntropy, Focal, SquaredDice
from reproduce.papers.cells import rooms_by_number
from reproduce.papers.decathlon import arms
from reproduce.papers.decathlon import table as hippocampus
from reproduce.papers.xue2025 import ablation_arms, brats, lidc
from reproduce.protocol import Call, Experiment
from reproduce.protocol.augmentation import Augmentation
from reproduce.protocol.text import check_reasons, plain, sections
from reproduce.results.property_results import PropertyTable
from reproduce.tasks.comparison import COMPARISON
from reproduce.tasks.segmentation import SEGMENTATION
from reproduce.tasks.statements import STATEMENTS

PROJECT = Path(__file__).parents[1]
SCRIPTS = sorted(path.stem for path in (PROJECT / "experiments").glob("*.py"))
LOSSES = {SquaredDice: "Dice", Focal: "focal"}
LOSSES |= {BinaryCrossEntropy: "cross-entropy", CategoricalCrossEntropy: "cross-entropy"}
PRINTED = set()
for document, room in rooms_by_number().items():
    path = room / "protocol.csv"
    if not path.exists():
        continue
    with path.open(newline="") as stream:
        PRINTED |= {(document, row["field"], row["value"], row["place"]) for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def modules(load_script):
    """Every script of the folder, and the rooms whose protocols several scripts share."""
    scripts = {name: load_script(name) for name in SCRIPTS}
    return scripts | {"table1_lidc": lidc, "table2_brats": brats, "hippocampus_decathlon": hippocampus}


@pytest.fixture(scope="module")
def tables(modules):
    """The profiles of every table by the name of its script and of itself."""
    found = {}
    for name in SCRIPTS:
        module = modules[name]
        own = [value for value in vars(module).values() if isinstance(value, (Experiment, PropertyTable))]
        if hasattr(module, "profiles"):
            weights = dict.fromkeys(ablation_arms.TRANSFER, "0" * 64)
            for each in (lidc, brats):
                own += module.profiles(each.PROFILES, f"ablation of {each.__name__}", weights).values()
        for table in own:
            found.setdefault((name, table.table), {})[table.profile] = table
    return found


@pytest.fixture(scope="module")
def paper(modules):
    return modules["table1_lidc"].PAPER


def words(value):
    """A value as the tables of what is printed have it: numbers as JSON, of what is named the names."""
    if isinstance(value, Augmentation):
        on = {"rotation": value.rotation_deg, "scaling": value.scale != (1.0, 1.0)}
        on |= {"translation": value.translation, "flipping": value.flip}
        return "; ".join(name for name in on if on[name])
    if isinstance(value, Mapping):
        names = (LOSSES.get(item.function) if isinstance(item, Call) else name for name, item in value.items())
        return "; ".join(dict.fromkeys(map(str, names)))
    if isinstance(value, tuple):
        return "; ".join(map(words, value))
    return value if isinstance(value, str) else json.dumps(plain(value))


def is_printed(field, value, reason):
    """Whether the document that a reason cites prints the value, at the place with which the reason begins."""
    rows = {(document, place) for document, name, text, place in PRINTED if (name, text) == (field, words(value))}
    return any(re.match(rf"{document} {re.escape(place)}(?!\.?\d)", reason) for document, place in rows)


def test_a_value_is_changed_with_its_reason(paper):
    smaller = paper.preparation.changed("cpu: we take less", size=96)
    assert (smaller.size, smaller.because["size"]) == (96, "cpu: we take less")
    assert smaller == replace(paper.preparation, size=96, because={**smaller.because, "size": "cpu: we take less"})
    assert paper.preparation.because["size"] == "000 6.2"
    assert paper.preparation.changed("cpu: we take less", size=512) == paper.preparation


def test_a_changed_value_needs_a_reason_of_a_known_form(paper):
    with pytest.raises(ProtocolError, match="'quick: we like it'"):
        paper.preparation.changed("quick: we like it", size=96)


def with_arm(paper, **changes):
    return replace(paper, arms=(paper.arms[0], replace(paper.arms[1], **changes)))


LIES = {
    "preparation.size": lambda p: replace(p, preparation=replace(p.preparation, size=96)),
    "optimisation.patience": lambda p: replace(p, optimisation=replace(p.optimisation, patience=None)),
    "readings.dice.tolerance": lambda p: replace(p, readings=(*p.readings[:3], replace(p.readings[3], tolerance=9.0))),
    "arms.optimised_cnn.build": lambda p: with_arm(p, build=replace(p.arms[1].build, arguments={"width": 4})),
    "arms.optimised_cnn.losses": lambda p: with_arm(p, losses={"mask": Call(SquaredDice, {"smooth": 0.5})}),
    "arms.optimised_cnn.augmentation": lambda p: with_arm(p, augmentation=None),
    "arms.optimised_cnn.augmentation.flip": lambda p: with_arm(
        p, augmentation=replace(p.arms[1].augmentation, flip=False)
    ),
}


@pytest.mark.parametrize("field", LIES)
def test_a_value_that_is_changed_without_its_reason_is_found_by_name(paper, field):
    with pytest.raises(ProtocolError) as caught:
        check_reasons(paper, LIES[field](replace(paper, profile="cpu")))
    assert caught.value.got == f"the same reason for two values of {field}"
    assert caught.value.where == "table1_lidc, profile cpu"


def test_an_arm_of_volumes_answers_for_its_optimisation(modules):
    whole = modules["hippocampus_decathlon"].PAPER
    *others, lean = whole.arms
    longer = replace(lean, optimisation=replace(lean.optimisation, max_epochs=999))
    with pytest.raises(ProtocolError, match=r"arms\.lean 3-D U-Net \(ours\)\.optimisation\.max_epochs"):
        check_reasons(whole, replace(whole, arms=(*others, longer)))


def test_an_arm_made_from_another_cannot_keep_its_reason(modules):
    ablation, table = modules["hippocampus_ablation"].PAPER, arms
    mirrored = replace(ablation.arms[-1], name="mirrored", augmentation=replace(table.BENDING, flip=True))
    with pytest.raises(ProtocolError, match=r"augmentation\.flip of lean 3-D U-Net \(ours\) and mirrored") as caught:
        check_reasons(ablation, replace(ablation, arms=(*ablation.arms, mirrored)))
    assert caught.value.do == "give each arm its own reason"


def test_every_script_is_looked_at(tables):
    run_by_themselves = {name for name in SCRIPTS if "__main__" in (PROJECT / f"experiments/{name}.py").read_text()}
    assert run_by_themselves - {script for script, _ in tables} == {"census_lidc"}
    assert all({"cpu", "smoke"} <= set(found) for (script, _), found in tables.items())


def test_no_profile_and_no_arm_of_any_script_keeps_the_reason_of_another_value(tables):
    for found in tables.values():
        check_reasons(found.get("paper", found["cpu"]), *found.values())


def test_a_table_made_from_another_keeps_no_reason_of_another_value(modules):
    of_six, of_nine = modules["table1_thoracic"].PAPER, modules["hippocampus_decathlon"].PAPER
    check_reasons(of_six, of_nine)
    check_reasons(of_nine, modules["hippocampus_ablation"].PAPER)


def test_what_cites_a_document_is_what_it_prints_there_and_all_else_is_ours(tables):
    wrong = set()
    for (script, _), found in tables.items():
        for profile, table in found.items():
            for path, section in sections(table):
                for field, reason in section.because.items():
                    value = getattr(section, field)
                    if not reason.startswith(("silent: ", f"{profile}: ")) and not is_printed(field, value, reason):
                        wrong.add(f"{script}, {profile}: {path}{field} = {words(value)} ({reason})")
    assert wrong == set()


@pytest.mark.parametrize(
    ("field", "value", "reason", "expected"),
    [
        ("size", 512, "000 6.2", True),
        ("size", 512, "000 6.2; slices of 240x240 are enlarged", True),
        ("size", 96, "000 6.2", False),
        ("size", 512, "000 6.2.1", False),
        ("size", 512, "002 6.2", False),
        ("batch_size", 512, "000 6.2", False),
        ("shares", (0.7, 0.15, 0.15), "002 3.2", True),
        ("shares", (0.7, 0.1, 0.2), "002 3.2", False),
        ("regions", {"nodule": ()}, "000 6.1: lung nodules", True),
        ("losses", {"mask": Call(CategoricalCrossEntropy, {"weight": 1.0})}, "002 2, cross-entropy", True),
        ("losses", {"mask": Call(SquaredDice, {"smooth": 1.0})}, "002 2, cross-entropy", False),
        ("augmentation", None, "000 3.2", False),
    ],
)
def test_printed_values_are_told_from_others(field, value, reason, expected):
    assert is_printed(field, value, reason) == expected


def test_an_augmentation_without_what_the_document_names_is_not_what_it_prints(paper):
    drawn = paper.arms[1].augmentation
    assert is_printed("augmentation", drawn, "000 3.2")
    assert not is_printed("augmentation", drawn.changed("silent: x", rotation_deg=0.0), "000 3.2")


def test_a_table_is_not_run_with_a_reason_that_lies(paper, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("REPRODUCE_CACHE", str(tmp_path / "cache"))
    lie = LIES["preparation.size"](replace(paper, profile="smoke"))
    with pytest.raises(SystemExit) as caught:
        run.main(
            {"paper": paper, "smoke": lie},
            SEGMENTATION,
            script=str(tmp_path / "a/b.py"),
            arguments=("--profile", "smoke"),
        )
    assert caught.value.code == 2
    assert "ProtocolError: expected another reason beside another value" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "task", "change"),
    [("moco_v3", STATEMENTS, {"momentum": 0.5}), ("architectures", COMPARISON, {"warm_up": 0.5})],
)
def test_statements_are_not_decided_with_a_reason_that_lies(modules, script, task, change, capsys):
    whole = modules[script].CPU
    lie = replace(whole, profile="smoke", study=replace(whole.study, **change))
    with pytest.raises(SystemExit) as caught:
        run.main({"cpu": whole, "smoke": lie}, task, script=__file__, arguments=("--profile", "smoke"))
    assert caught.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"the same reason for two values of study.{next(iter(change))}" in said
