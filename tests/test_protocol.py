"""Protocols as values: where every number comes from, one text for one protocol, what a profile changes."""

from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.errors import ProtocolError
from reproduce.protocol import (
    Arm,
    Call,
    Decision,
    Experiment,
    Optimisation,
    Preparation,
    Reading,
    Section,
    Statement,
    Validation,
)
from reproduce.protocol.augmentation import Augmentation
from reproduce.protocol.intensities import Window
from reproduce.protocol.text import Change, canonical_json, changes, decisions, plain, protocol_id


def build(*arguments, **settings):
    return arguments, settings


def placed(kind, place="000 6.2", **values):
    return kind(**values, because=dict.fromkeys(values, place))


DECIDED = {
    "threshold": 0.5,
    "lesion_overlap": 0.1,
    "measured": {"nodule": ("nodule",)},
    "means": {},
    "surface_tolerance_mm": 2.0,
}
AUGMENTATION = placed(
    Augmentation, rotation_deg=10.0, scale=(0.9, 1.1), translation=0.1, flip=True, sides=(("a", "b"),)
)
EXPERIMENT = Experiment(
    table="table1",
    document="000",
    title="A table",
    source="real",
    profile="paper",
    printed=True,
    phantom=Call(build, {"n_patients": 3}),
    preparation=placed(
        Preparation,
        size=64,
        intensity=Window(low_hu=-1000.0, high_hu=400.0),
        cohort=Call(build, {}),
        regions={"nodule": (1, 2)},
    ),
    arms=(
        placed(Arm, name="plain", build=Call(build, {"width": 4}), losses={"mask": Call(build, {})}, augmentation=None),
        placed(
            Arm,
            name="more",
            build=Call(build, {"width": 4}),
            losses={"mask": Call(build, {"smooth": 1.0})},
            augmentation=AUGMENTATION,
        ),
    ),
    optimisation=placed(
        Optimisation,
        learning_rate=1e-3,
        decay_power=None,
        batch_size=8,
        micro_batch=8,
        max_epochs=2,
        patience=1,
        precision="float32",
    ),
    validation=placed(Validation, n_folds=2, validation_share=0.2, split_seed=0, seeds=(1, 2)),
    decision=placed(Decision, **DECIDED),
    readings=(
        placed(Reading, cell="dice", metric="dice", region="nodule", level="pixel", average="per_case", tolerance=0.02),
    ),
    statements=(Statement("more", "plain", "dice", "000 7"),),
)


def test_a_call_adds_its_arguments_to_those_given():
    assert Call(build, {"width": 4})(1, size=2) == ((1,), {"width": 4, "size": 2})


def test_a_call_refuses_an_argument_that_it_has_already():
    with pytest.raises(TypeError, match="width"):
        Call(build, {"width": 4})(width=5)


def test_a_field_without_a_place_is_refused_by_name():
    with pytest.raises(ProtocolError, match="a field without a place") as caught:
        Decision(**DECIDED, because=dict.fromkeys(DECIDED.keys() - {"lesion_overlap"}, "000 6"))
    assert caught.value.where == "Decision.lesion_overlap"


def test_a_place_without_a_field_is_refused_by_name():
    with pytest.raises(ProtocolError, match="a place for a field that does not exist") as caught:
        Decision(**DECIDED, because=dict.fromkeys([*DECIDED, "x"], "000 6"))
    assert caught.value.where == "Decision.x"


@pytest.mark.parametrize("place", ["", "6.2", "00 6.2", "000", "000 ", "silent:", "silent: ", "because we like it"])
def test_a_place_of_another_form_is_refused(place):
    with pytest.raises(ProtocolError) as caught:
        Decision(**DECIDED, because={**dict.fromkeys(DECIDED, "000 6"), "threshold": place})
    assert caught.value.got == repr(place)


OURS = ("silent: we tune nothing", "cpu: it takes less", "smoke: it takes less", "command line: --folds 2")


@pytest.mark.parametrize("place", ["000 6.2", "002 Table 1", *OURS])
def test_places_of_documents_and_reasons_of_ours_are_taken(place):
    assert placed(Decision, place, **DECIDED).because["threshold"] == place


def test_every_section_of_a_protocol_is_a_section():
    sections = [field.name for field in fields(Experiment) if isinstance(getattr(EXPERIMENT, field.name), Section)]
    assert sections == ["preparation", "optimisation", "validation", "decision"]
    assert all(isinstance(each, Section) for each in (*EXPERIMENT.arms, *EXPERIMENT.readings, AUGMENTATION))


def test_plain_names_functions_and_keeps_everything_else():
    assert plain(Call(canonical_json, {"a": (1, None)})) == {
        "function": "canonical_json",
        "arguments": {"a": [1, None]},
    }


def test_plain_names_a_class_rather_than_taking_it_apart():
    assert plain(Decision) == "Decision"


def test_canonical_json_is_ascii_without_spaces_and_sorted():
    assert canonical_json({"b": "é", "a": [1.0, True, None]}) == '{"a":[1.0,true,null],"b":"\\u00e9"}'


def test_canonical_json_refuses_what_has_no_text_of_its_own():
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json({"a": float("nan")})
    for nameless in (partial(build), lambda: None):
        with pytest.raises(ProtocolError, match="a name of its own"):
            canonical_json({"a": nameless})
    with pytest.raises(TypeError):
        canonical_json({"a": {1, 2}})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4))
def test_the_order_of_keys_does_not_change_the_text(value):
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))


def test_equal_experiments_have_one_id_of_64_digits():
    assert protocol_id(EXPERIMENT) == protocol_id(replace(EXPERIMENT))
    assert len(protocol_id(EXPERIMENT)) == 64
    int(protocol_id(EXPERIMENT), 16)


def variants(value):
    """Copies of a value of a protocol that differ in one leaf each."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            for other in variants(getattr(value, field.name)):
                changed = object.__new__(type(value))
                for name in (each.name for each in fields(value)):
                    object.__setattr__(changed, name, other if name == field.name else getattr(value, name))
                yield changed
    elif isinstance(value, dict):
        for key in value:
            for other in variants(value[key]):
                yield {**value, key: other}
        yield {**value, "one more": 1}
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            for other in variants(item):
                yield (*value[:i], other, *value[i + 1 :])
        yield (*value, 1)
    elif callable(value):
        yield plain
    elif value is None:
        yield 0
    elif isinstance(value, bool):
        yield not value
    else:
        yield value + ("x" if isinstance(value, str) else 1)


def test_every_leaf_changes_the_id():
    others = list(variants(EXPERIMENT))
    assert len(others) > 60
    assert len({protocol_id(each) for each in (EXPERIMENT, *others)}) == len(others) + 1


def test_nothing_changes_between_equal_experiments():
    assert changes(EXPERIMENT, replace(EXPERIMENT, profile="cpu")) == ()


def test_changes_name_the_leaf_and_both_values():
    smaller = replace(
        EXPERIMENT,
        profile="cpu",
        optimisation=replace(EXPERIMENT.optimisation, batch_size=4),
        validation=replace(EXPERIMENT.validation, seeds=(1,)),
        arms=(EXPERIMENT.arms[0], replace(EXPERIMENT.arms[1], augmentation=None)),
        phantom=Call(build, {"n_patients": 2, "seed": 7}),
    )
    found = list(map(str, changes(EXPERIMENT, smaller)))
    assert found == sorted(found)
    assert "optimisation.batch_size: 8 -> 4" in found
    assert "validation.seeds: [1, 2] -> [1]" in found
    assert "phantom.arguments.n_patients: 3 -> 2" in found
    assert "phantom.arguments.seed: - -> 7" in found
    assert "arms.more.augmentation.flip: true -> -" in found
    assert not any(line.startswith(("arms.plain", "profile")) for line in found)


def test_another_reason_alone_is_no_change():
    other = {**EXPERIMENT.decision.because, "threshold": "silent: we use one half"}
    assert changes(EXPERIMENT, replace(EXPERIMENT, decision=replace(EXPERIMENT.decision, because=other))) == ()


def test_changes_are_found_in_both_directions():
    cpu = replace(EXPERIMENT, decision=replace(EXPERIMENT.decision, threshold=0.4))
    assert changes(EXPERIMENT, cpu) == (Change("decision.threshold", 0.5, 0.4),)
    assert changes(cpu, EXPERIMENT) == (Change("decision.threshold", 0.4, 0.5),)


def n_fields(section):
    return len(fields(section)) - 1


def test_decisions_list_every_field_of_every_section_with_value_and_place():
    found = decisions(EXPERIMENT)
    sections = [EXPERIMENT.preparation, *EXPERIMENT.arms, AUGMENTATION, EXPERIMENT.optimisation]
    sections += [EXPERIMENT.validation, EXPERIMENT.decision, *EXPERIMENT.readings]
    assert len(found) == len(set(found)) == sum(n_fields(section) for section in sections)
    assert ("optimisation.learning_rate", "0.001", "000 6.2") in found
    assert ("arms.more.augmentation.rotation_deg", "10.0", "000 6.2") in found
    assert ("arms.plain.augmentation", "-", "000 6.2") in found
    assert ("readings.dice.level", '"pixel"', "000 6.2") in found


def test_decisions_follow_the_order_of_the_protocol():
    order = list(dict.fromkeys(field.split(".")[0] for field, _, _ in decisions(EXPERIMENT)))
    assert order == ["preparation", "arms", "optimisation", "validation", "decision", "readings"]


def test_a_section_cannot_be_changed_after_it_was_made():
    with pytest.raises(AttributeError):
        EXPERIMENT.decision.threshold = 0.4


def test_a_new_kind_of_section_needs_no_registration():
    @dataclass(frozen=True)
    class Extra(Section):
        a: int

    with pytest.raises(ProtocolError, match=r"Extra\.a"):
        Extra(a=1, because={})
