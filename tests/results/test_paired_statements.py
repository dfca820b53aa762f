import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reproduce.protocol import Statement
from reproduce.results import paired_statements as module
from reproduce.results.cases import case_frame


def decide(statements, cases, slices, experiment):
    return module.decide_statements(statements, cases, slices, experiment.readings, means={})


def test_statements_of_the_run_by_hand(experiment, cases, slices):
    accuracy, dice = decide(experiment.statements, cases, slices, experiment)
    # Eight patients, all better under the optimised one: p = 2 / 2**8, doubled by Holm for two statements.
    for each in (accuracy, dice):
        assert each.n == 8
        assert each.p_value == pytest.approx(2 / 256)
        assert each.p_holm == pytest.approx(4 / 256)
        assert each.effect == 1
        assert each.word == "supported"
    assert accuracy.better == pytest.approx(8 / 10)
    assert accuracy.worse == pytest.approx(7 / 10)
    # Dice of patient k: 2 (80 + k) / (2 (80 + k) + 20 + 20 - k)
    k = np.arange(1, 9)
    assert dice.better == pytest.approx(np.mean(2 * (80 + k) / (200 + k)))
    # One discordant slice a patient, always for the same model: p = 2 / 2**8.
    assert accuracy.p_mcnemar == pytest.approx(2 / 256)
    assert math.isnan(dice.p_mcnemar)


def test_the_reverse_statement_is_contradicted(experiment, cases, slices):
    (reverse,) = decide([Statement("unoptimised_cnn", "optimised_cnn", "dice", "x")], cases, slices, experiment)
    assert reverse.word == "contradicted"
    assert reverse.effect == -1
    assert reverse.p_holm == reverse.p_value


def test_few_patients_decide_nothing(experiment, cases, slices):
    few = cases[cases["patient"].isin(["P1", "P2", "P3"])]
    accuracy, dice = decide(experiment.statements, few, slices, experiment)
    # Three pairs: p = 2 / 2**3 at the least.
    assert dice.p_value == pytest.approx(0.25)
    assert (accuracy.word, dice.word) == ("undecided", "undecided")


def test_equal_models_are_undecided(experiment, cases, slices):
    (same,) = decide([Statement("optimised_cnn", "unoptimised_cnn", "specificity", "x")], cases, slices, experiment)
    assert same.p_value == 1
    assert same.word == "undecided"


def test_mcnemar_looks_at_the_slices_that_a_metric_counts(experiment, cases, slices):
    both = [Statement("optimised_cnn", "unoptimised_cnn", metric, "x") for metric in ("sensitivity", "specificity")]
    sensitivity, specificity = decide(both, cases, slices, experiment)
    # The one slice of each patient on which the models differ is positive, so negatives tell nothing.
    assert sensitivity.p_mcnemar == pytest.approx(2 / 256)
    assert specificity.p_mcnemar == 1


def test_patient_whom_one_model_leaves_undefined_is_left_out(experiment, cases, slices):
    broken = cases.copy()
    rows = (broken["patient"] == "P1") & (broken["model"] == "optimised_cnn") & (broken["level"] == "pixel")
    broken.loc[rows, "dice"] = math.nan
    (dice,) = decide(experiment.statements[1:], broken, slices, experiment)
    assert dice.n == 7
    assert dice.p_value == pytest.approx(2 / 128)


def test_without_any_patient_nothing_is_decided(experiment, slices):
    (dice,) = decide(experiment.statements[1:], case_frame([]), slices, experiment)
    assert dice.n == 0
    assert dice.word == "undecided"
    assert math.isnan(dice.better)


def test_no_statements(experiment, cases, slices):
    assert decide([], cases, slices, experiment) == []


def test_a_statement_on_a_mean_of_regions_averages_the_regions_of_each_patient(experiment, cases, slices):
    other = cases.assign(region="mass")
    other.loc[other["model"] == "optimised_cnn", "dice"] = 0.0
    readings = [replace(reading, region="both") for reading in experiment.readings]
    statement = Statement("optimised_cnn", "unoptimised_cnn", "dice", "x")
    both = pd.concat([cases, other])
    (found,) = module.decide_statements([statement], both, slices, readings, means={"both": ("nodule", "mass")})
    (alone,) = decide([statement], cases, slices, experiment)
    assert found.better == pytest.approx(alone.better / 2)
    assert found.worse == pytest.approx(alone.worse)
