"""The script of Table 1 of document 000 as a page that one reads: what is printed stands there, with its place."""

from pathlib import Path

import keras
import pytest

from reproduce.papers.cells import table_cells
from reproduce.protocol.text import changes, decisions, protocol_id
from reproduce.run import PROFILES

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture(scope="module")
def script(load_script):
    return load_script("table1_lidc")


@pytest.fixture(scope="module")
def profiles(script):
    return script.PROFILES


def test_it_is_short():
    assert len((EXPERIMENTS / "table1_lidc.py").read_text().splitlines()) < 80


def test_its_docstring_gives_the_print_and_the_command(script):
    for printed in (
        "89.6 -> 95.2",
        "85.7 -> 93.5",
        "91 -> 96.8",
        "0.812 -> 0.894",
        "python experiments/table1_lidc.py",
    ):
        assert printed in script.__doc__


def test_profiles_bear_their_names_and_differ(profiles):
    assert tuple(profiles) == PROFILES
    assert [experiment.profile for experiment in profiles.values()] == list(PROFILES)
    assert len({protocol_id(experiment) for experiment in profiles.values()}) == 3


def test_every_printed_cell_has_an_arm_and_a_reading_and_every_reading_a_cell(profiles):
    paper = profiles["paper"]
    printed = {(cell.model, cell.metric) for cell in table_cells(paper.table)}
    ours = {(arm.name, reading.metric) for arm in paper.arms for reading in paper.readings}
    assert printed == ours
    assert len(printed) == 8


def test_what_the_document_prints_is_in_the_paper_profile(profiles):
    found = {field: (value, place) for field, value, place in decisions(profiles["paper"])}
    assert found["preparation.size"] == ("512", "000 6.2")
    assert found["optimisation.batch_size"] == ("32", "000 6.2")
    assert found["optimisation.learning_rate"] == ("0.001", "000 6.2, Adam")
    assert found["validation.n_folds"] == ("5", "000 6.2")
    assert found["optimisation.patience"][0] == "10"
    assert found["optimisation.patience"][1].startswith("000 6.2")


def test_what_the_document_does_not_print_is_said_to_be_ours(profiles):
    places = {field: place for field, _, place in decisions(profiles["paper"])}
    ours = [
        "preparation.intensity",
        "preparation.cohort",
        "arms.unoptimised_cnn.losses",
        "arms.optimised_cnn.losses",
        "arms.optimised_cnn.augmentation.rotation_deg",
        "optimisation.micro_batch",
        "optimisation.max_epochs",
        "validation.validation_share",
        "validation.seeds",
        "decision.threshold",
        "decision.lesion_overlap",
        "readings.dice.level",
        "readings.accuracy.tolerance",
    ]
    assert all(places[field].startswith("silent: ") for field in ours)


ALLOWED = (
    "preparation.size",
    "arms.optimised_cnn.build.arguments.",
    "arms.unoptimised_cnn.build.arguments.",
    "optimisation.batch_size",
    "optimisation.micro_batch",
    "optimisation.max_epochs",
    "validation.seeds",
    "validation.n_folds",
    "phantom.arguments.",
)


@pytest.mark.parametrize("name", ["cpu", "smoke"])
def test_a_reduced_profile_changes_sizes_alone(profiles, name):
    changed = changes(profiles["paper"], profiles[name])
    assert changed
    assert [each for each in changed if not each.field.startswith(ALLOWED)] == []


def test_the_cpu_profile_keeps_the_folds_and_the_cohort(profiles):
    changed = changes(profiles["paper"], profiles["cpu"])
    assert not any(each.field.startswith(("validation.n_folds", "phantom")) for each in changed)


def test_the_arms_differ_as_the_document_says(profiles):
    plain, optimised = profiles["paper"].arms
    assert (plain.name, optimised.name) == ("unoptimised_cnn", "optimised_cnn")
    assert plain.augmentation is None
    assert optimised.augmentation.flip
    assert optimised.augmentation.rotation_deg > 0
    assert {output: loss().get_config()["name"] for output, loss in optimised.losses.items()} == {
        "mask": "squared_dice",
        "slice": "focal",
    }
    focal = optimised.losses["slice"]()
    assert focal.settings == {"gamma": 2.0, "alpha": 0.25}
    assert {output: loss().name for output, loss in plain.losses.items()} == {"mask": "binary_cross_entropy"}


@pytest.mark.parametrize("name", ["cpu", "smoke"])
def test_each_arm_builds_a_model_with_an_output_for_each_loss(profiles, name):
    experiment = profiles[name]
    size = (experiment.preparation.size,) * 2
    for arm in experiment.arms:
        model = arm.build(size, n_channels=1, n_regions=len(experiment.preparation.regions))
        assert isinstance(model, keras.Model)
        assert set(model.output) == set(arm.losses)


def test_full_size_fits_the_depth(profiles):
    experiment = profiles["paper"]
    for arm in experiment.arms:
        assert experiment.preparation.size % 2 ** arm.build.arguments["depth"] == 0


def test_statements_compare_arms_by_metrics_that_have_a_reading(profiles):
    for experiment in profiles.values():
        arms, metrics = {arm.name for arm in experiment.arms}, {reading.metric for reading in experiment.readings}
        assert len(experiment.statements) == 4
        for statement in experiment.statements:
            assert statement.better in arms
            assert statement.worse in arms - {statement.better}
            assert statement.metric in metrics
            assert statement.place == "000 7.1.1"


def test_the_phantom_has_patients_enough_for_the_folds(profiles):
    for experiment in profiles.values():
        assert experiment.phantom.arguments["n_patients"] >= 2 * experiment.validation.n_folds
