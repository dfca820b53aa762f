"""Where trainings are kept: by arm, cohort and code."""

from dataclasses import replace

import pytest

from reproduce.cohorts.splits import Fold
from reproduce.options import Options, overridden
from reproduce.papers.xue2025.lidc import SMOKE
from reproduce.tasks.segmentation import segmentation_inputs
from reproduce.training.job import jobs_of


@pytest.fixture
def experiment():
    return SMOKE


def folders(experiment, tmp_path, key="a" * 64):
    folds = (Fold(0, ("A",), (), ("B",)), Fold(1, ("B",), (), ("A",)))
    jobs = jobs_of(experiment, folds, source_key=key, inputs=segmentation_inputs, cache=tmp_path)
    return {(job.arm.name, job.fold.index): job.folder for job in jobs}


def test_each_training_has_a_folder_and_the_last_arm_comes_first(experiment, tmp_path):
    found = folders(experiment, tmp_path)
    assert len(set(found.values())) == len(found) == 4
    assert next(iter(found))[0] == experiment.arms[-1].name


def test_who_changes_one_arm_keeps_the_others_trainings(experiment, tmp_path):
    first, second = experiment.arms
    before = folders(experiment, tmp_path)
    after = folders(replace(experiment, arms=(first, replace(second, augmentation=None)), statements=()), tmp_path)
    for (arm, fold), folder in before.items():
        assert (after[arm, fold] == folder) == (arm == first.name)


def test_another_training_or_cohort_is_another_folder(experiment, tmp_path):
    before = set(folders(experiment, tmp_path).values())
    longer = replace(experiment, optimisation=replace(experiment.optimisation, max_epochs=99))
    assert not before & set(folders(longer, tmp_path).values())
    assert not before & set(folders(experiment, tmp_path, key="b" * 64).values())


def test_a_fold_alone_is_the_same_training_as_with_the_others(experiment, tmp_path):
    whole, part = folders(experiment, tmp_path), folders(overridden(experiment, Options(fold=1)), tmp_path)
    assert part == {(arm, fold): folder for (arm, fold), folder in whole.items() if fold == 1}


def test_other_epochs_are_another_training(experiment, tmp_path):
    whole = set(folders(experiment, tmp_path).values())
    assert not whole & set(folders(overridden(experiment, Options(epochs=9)), tmp_path).values())
