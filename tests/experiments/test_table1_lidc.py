"""The script of Table 1 of document 000 as a page that one reads: what is printed stands there, with its place."""

from pathlib import Path

import keras
import numpy as np
import pytest

from reproduce.papers.cells import table_cells
from reproduce.papers.xue2025 import brats, lidc
from reproduce.protocol.reduced import LESS
from reproduce.protocol.text import changes, decisions, protocol_id, sections
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
    "tiles.",
    "arms.optimised_cnn.build.arguments.",
    "arms.unoptimised_cnn.build.arguments.",
    "arms.optimised_cnn.losses.slice.arguments.alpha",
    "optimisation.batch_size",
    "optimisation.micro_batch",
    "optimisation.max_epochs",
    "optimisation.decay_power",
    "validation.seeds",
    "validation.n_folds",
    "phantom.arguments.",
)


@pytest.mark.parametrize("name", ["cpu", "smoke"])
def test_a_reduced_profile_changes_sizes_alone(profiles, name):
    changed = changes(profiles["paper"], profiles[name])
    assert changed
    assert [each for each in changed if not each.field.startswith(ALLOWED)] == []


def test_the_cpu_profile_keeps_three_seeds_and_has_patients_enough(profiles):
    cpu = profiles["cpu"]
    assert cpu.validation.seeds == profiles["paper"].validation.seeds
    assert len(cpu.validation.seeds) == 3
    assert cpu.phantom.arguments["n_patients"] >= 128


@pytest.mark.parametrize("table", [lidc, brats])
def test_every_value_of_the_cpu_profile_has_a_reason_of_its_own(table):
    reasons = {f"{path}{name}": reason for path, part in sections(table.CPU) for name, reason in part.because.items()}
    changed = {field: reason for field, reason in reasons.items() if reason.startswith("cpu: ")}
    assert {"preparation.size", "optimisation.decay_power", "validation.n_folds"} < set(changed)
    assert [field for field, reason in changed.items() if reason.startswith(LESS["cpu"])] == []


@pytest.mark.parametrize("positive", [0.2, 0.45, 0.55, 0.8])
def test_a_slice_head_that_knows_no_more_than_the_share_of_lesions_answers_with_the_more_frequent(profiles, positive):
    # the constant answer with the least loss, found on a grid of probabilities
    loss = profiles["paper"].arms[1].losses["slice"]()
    answers = np.arange(1, 100, dtype="float32")[:, None] / 100
    with_lesion, without = (loss.call(np.full_like(answers, truth), answers) for truth in (1, 0))
    best = float(answers[np.argmin(positive * np.asarray(with_lesion) + (1 - positive) * np.asarray(without)), 0])
    assert (best >= 0.5) == (positive >= 0.5)


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
    assert focal.settings == {"gamma": 2.0, "alpha": 0.5}
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
