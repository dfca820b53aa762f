"""The script of Table 1 of document 002: six models, one division, lungs as the cell."""

import inspect
from itertools import pairwise
from pathlib import Path

import pytest

from reproduce.cohorts.thoracic_organs import LABEL_NAMES
from reproduce.papers.cells import table_cells
from reproduce.protocol.text import changes, decisions, protocol_id
from reproduce.run import PROFILES

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
MODELS = ("FCNN", "U-Net", "SegNet", "DeepLabV3", "PSPNet", "Mask R-CNN")


@pytest.fixture(scope="module")
def script(load_script):
    return load_script("table1_thoracic")


@pytest.fixture(scope="module")
def profiles(script):
    return {"paper": script.PAPER, "cpu": script.CPU, "smoke": script.SMOKE}


def test_its_docstring_gives_every_printed_number_and_the_command(script):
    printed = [cell.value for cell in table_cells("table1_thoracic") if cell.published]
    assert len(printed) == 10
    assert all(value in script.__doc__ for value in printed)
    assert "python experiments/table1_thoracic.py" in script.__doc__


def test_profiles_bear_their_names_and_differ(profiles):
    assert [experiment.profile for experiment in profiles.values()] == list(PROFILES)
    assert len({protocol_id(experiment) for experiment in profiles.values()}) == 3


def test_the_six_models_stand_in_the_order_of_the_print_with_two_readings_of_each_cell(profiles):
    for experiment in profiles.values():
        assert tuple(arm.name for arm in experiment.arms) == MODELS
        assert [reading.cell for reading in experiment.readings] == ["miou", "dice", "miou", "dice"]
        assert [reading.region for reading in experiment.readings] == ["lungs", "lungs", "organs", "organs"]
    assert {(c.model, c.metric) for c in table_cells("table1_thoracic")} == {
        (m, r) for m in MODELS for r in ("miou", "dice")
    }


def test_what_the_document_prints_is_in_the_paper_profile(profiles):
    found = {field: (value, place) for field, value, place in decisions(profiles["paper"])}
    assert found["optimisation.learning_rate"] == ("0.001", "002 3.2, Adam")
    assert found["optimisation.batch_size"] == ("8", "002 3.2")
    assert found["validation.shares"] == ("[0.7, 0.15, 0.15]", "002 3.2")
    assert found["optimisation.max_epochs"][0] == "200"
    assert found["arms.FCNN.augmentation.flip"] == ("true", "002 3.2")


def test_labels_are_those_of_the_cohort_with_the_background_first(profiles):
    regions = profiles["paper"].preparation.regions
    assert next(iter(regions)) == "background"
    assert {name: labels for name, labels in regions.items() if name != "background"} == {
        name: (label,) for label, name in LABEL_NAMES.items()
    }


def test_a_mirrored_lung_becomes_the_other_one(profiles):
    for arm in profiles["paper"].arms:
        assert arm.augmentation.sides == (("lung_left", "lung_right"),)


ALLOWED = (
    "preparation.size",
    *(f"tiles.{name}" for name in ("size", "region_share")),
    *(f"preparation.intensity.{name}" for name in ("low_hu", "high_hu")),
    *(f"optimisation.{name}" for name in ("learning_rate", "batch_size", "micro_batch", "max_epochs")),
    "validation.seeds",
    *(f"arms.{model}.build.arguments.width" for model in MODELS),
    "arms.DeepLabV3.build.arguments.rates",
    *(f"arms.Mask R-CNN.build.arguments.{name}" for name in ("anchor_scale", "n_candidates", "n_proposals")),
    *(f"arms.Mask R-CNN.build.arguments.{name}" for name in ("n_sampled", "n_detections")),
)


def test_the_cpu_profile_keeps_layers_patients_and_division(profiles):
    changed = changes(profiles["paper"], profiles["cpu"])
    assert len(changed) == len([each for each in changed if each.field in ALLOWED]) == 2 + 8 + 6 + 1 + 5


def test_the_smoke_profile_has_less_blocks_and_patients_besides(profiles):
    more = ("phantom.arguments.", *(f"arms.{model}.build.arguments.blocks" for model in MODELS[3:]))
    assert [
        each for each in changes(profiles["paper"], profiles["smoke"]) if not each.field.startswith((*ALLOWED, *more))
    ] == []


def test_every_builder_takes_the_arguments_of_its_arm(profiles):
    for experiment in profiles.values():
        for arm in experiment.arms:
            given = {"size": None, "n_channels": 1, "n_regions": 6, **arm.build.arguments}
            inspect.signature(arm.build.function).bind(**given)


def test_models_bring_cross_entropy_but_for_the_detector(profiles):
    losses = {
        arm.name: {name: loss().get_config()["weight"] for name, loss in arm.losses.items()}
        for arm in profiles["paper"].arms
    }
    assert losses.pop("Mask R-CNN") == {}
    assert losses.pop("PSPNet") == {"mask": 1.0, "aux": 0.4}
    assert set(map(str, losses.values())) == {"{'mask': 1.0}"}
    assert all(set(arm.targets.values()) == {"mask"} for arm in profiles["paper"].arms)


def test_statements_are_the_printed_order_and_the_bound_of_segnet(profiles, script):
    printed = {
        cell.model: float(cell.value)
        for cell in table_cells("table1_thoracic")
        if cell.published and cell.metric == "dice"
    }
    *order, bound = profiles["paper"].statements
    assert [(s.better, s.worse) for s in order] == list(pairwise(sorted(printed, key=printed.get, reverse=True)))
    assert (bound.better, bound.worse) == ("DeepLabV3", "SegNet")


def test_the_official_division_is_there_and_not_taken(profiles):
    validation = profiles["paper"].validation
    assert validation.division == "shares"
    assert validation.official("LCTSC-Train-S1-001") == "train"
