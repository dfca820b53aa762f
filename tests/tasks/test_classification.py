"""What a classification shows its model: whole optimiser steps, and never a part of one."""

from types import SimpleNamespace

import numpy as np
import pytest

from reproduce.cohorts.labelled_images import LabelledImages
from reproduce.cohorts.splits import Fold
from reproduce.tasks.classification import ClassificationInputs
from reproduce.training.job import Job

N_TRAINING = 22


@pytest.fixture
def training_set(tmp_path):
    """22 training images in steps of 8, shown 4 at a time."""
    cases = tuple(f"case {i:02}" for i in range(N_TRAINING + 1))
    pixels = np.arange(len(cases), dtype=np.uint8)[:, None, None, None] * np.ones((2, 2, 1), np.uint8)
    images = LabelledImages(pixels, np.arange(len(cases)) % 2, cases, cases, tmp_path / "images.npz")
    experiment = SimpleNamespace(
        preparation=SimpleNamespace(regions={"normal": (0,), "pneumonia": (1,)}),
        optimisation=SimpleNamespace(batch_size=8, micro_batch=4),
    )
    fold = Fold(0, cases[:N_TRAINING], (), cases[N_TRAINING:])
    return ClassificationInputs(experiment, images).of(Job(SimpleNamespace(name="cnn"), 1, fold, tmp_path)).train


def test_an_epoch_has_whole_optimiser_steps_where_images_come_in_micro_batches(training_set):
    sizes = [len(image) for image, _ in training_set.epoch(0)]
    assert sizes == [4, 4, 4, 4]  # 22 // 8 = 2 steps of two micro-batches; 22 // 4 = 5 would leave half a step


def test_the_names_of_a_micro_batch_are_those_of_its_images(training_set):
    for number, (image, _) in enumerate(training_set.epoch(3)):
        grey = np.round(image[:, 0, 0, 0].numpy() * 255).astype(int)
        assert training_set.names(3, number) == [f"case {i:02}" for i in grey]
