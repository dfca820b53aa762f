"""Batches: every slice once an epoch, the same ones for the same name, never a patient of another side."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce.cohorts.splits import patient_folds
from reproduce.errors import ProtocolError
from reproduce.training.pipeline import held_out


def batches(dataset):
    return [(image, targets) for image, targets in dataset.as_numpy_iterator()]


def numbers(dataset):
    """The slices of each batch, as the first pixel of each image tells them."""
    return [np.round(image[:, 0, 0, 0] * 100).astype(int).tolist() for image, _ in batches(dataset)]


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


def test_positions_and_examples_of_patients(slices):
    assert slices.indices(["B", "D"]) == [4, 5, 6, 7, 12, 13, 14, 15]
    found = list(slices.of(["D", "B"]).as_numpy_iterator())
    assert [int(each["index"]) for each in found] == [4, 5, 6, 7, 12, 13, 14, 15]
    assert [round(float(each["image"][0, 0, 0]) * 100) for each in found] == [4, 5, 6, 7, 12, 13, 14, 15]


def test_nobody_has_no_slices(slices):
    assert slices.indices([]) == []
    assert list(slices.of([])) == []
    assert list(slices.of(["nobody"])) == []


def test_every_training_slice_comes_once_an_epoch(training_set):
    for epoch in range(3):
        seen = flat(numbers(training_set().epoch(epoch)))
        assert sorted(seen) == list(range(12))


def test_an_epoch_is_the_same_whenever_it_is_drawn(training_set, augmentation):
    for each in (training_set(), training_set(augmentation=augmentation)):
        for (first, first_targets), (second, second_targets) in zip(
            batches(each.epoch(2)), batches(each.epoch(2)), strict=True
        ):
            assert np.array_equal(first, second)
            assert np.array_equal(first_targets["mask"], second_targets["mask"])


def test_an_epoch_does_not_depend_on_those_before_it(training_set):
    fresh, used = training_set(), training_set()
    for epoch in range(2):
        numbers(used.epoch(epoch))
    assert numbers(used.epoch(2)) == numbers(fresh.epoch(2))


@pytest.mark.parametrize("change", [{"seed": 2}, {"fold": 1}])
def test_order_differs_between_epochs_seeds_and_folds(training_set, change):
    usual = training_set()
    assert numbers(usual.epoch(0)) != numbers(usual.epoch(1))
    assert numbers(usual.epoch(0)) != numbers(replace(usual, **change).epoch(0))


def by_number(each, epoch):
    """Augmented images by the slice that they come from, which `names` tells."""
    found = {}
    for i, (image, _) in enumerate(batches(each.epoch(epoch))):
        found |= dict(zip(each.names(epoch, i), image, strict=True))
    return found


def test_augmentation_is_named_by_seed_fold_epoch_and_slice(training_set, augmentation):
    usual = training_set(augmentation=augmentation)
    here = by_number(usual, 0)
    assert all(np.array_equal(here[name], image) for name, image in by_number(usual, 0).items())
    elsewhere = [
        by_number(usual, 1),
        by_number(replace(usual, seed=2), 0),
        by_number(replace(usual, fold=1), 0),
    ]
    for other in elsewhere:
        assert not any(np.array_equal(here[name], other[name]) for name in here)


def test_augmentation_is_not_the_same_for_two_slices(changed_slices, training_set, augmentation):
    def alike(images):
        images[:] = images[0]

    same = changed_slices(alike)
    images = by_number(training_set(slices=same, examples=same.of("ABC"), augmentation=augmentation), 0)
    assert len({image.tobytes() for image in images.values()}) == 12


def test_augmentation_of_a_slice_does_not_depend_on_who_else_trains(slices, training_set, augmentation):
    many = by_number(training_set(augmentation=augmentation), 0)
    few = by_number(training_set(examples=slices.of("B"), n=4, augmentation=augmentation), 0)
    assert len(few) == 4
    assert all(np.array_equal(many[name], image) for name, image in few.items())


@pytest.mark.parametrize("augmented", [False, True])
def test_names_are_what_the_batch_held(training_set, augmentation, augmented):
    each = training_set(augmentation=augmentation if augmented else None, micro_batch=2)
    plain = training_set(micro_batch=2)
    for batch, expected in enumerate(numbers(plain.epoch(1))):
        assert each.names(1, batch) == [each.slices.names[i] for i in expected]


@pytest.mark.parametrize(
    ("n", "batch_size", "micro_batch", "sizes"),
    [
        (12, 4, 4, [4, 4, 4]),
        (12, 5, 5, [5, 5]),  # two of twelve wait for another epoch
        (12, 12, 12, [12]),
        (12, 20, 20, [12]),  # fewer than a step: one smaller step
        (12, 4, 2, [2] * 6),
        (12, 8, 2, [2] * 4),  # one step of eight, and no part of another
    ],
)
def test_steps_are_whole_and_a_smaller_one_only_where_there_is_no_other(
    training_set, n, batch_size, micro_batch, sizes
):
    each = training_set(n=n, batch_size=batch_size, micro_batch=micro_batch)
    assert [len(image) for image, _ in batches(each.epoch(0))] == sizes
    assert each.n_batches == len(sizes)


def test_micro_batches_hold_the_slices_of_the_batch_in_order(training_set, augmentation):
    whole = training_set(batch_size=4, micro_batch=4, augmentation=augmentation)
    parts = training_set(batch_size=4, micro_batch=2, augmentation=augmentation)
    images = [np.concatenate([image for image, _ in batches(each.epoch(3))]) for each in (whole, parts)]
    assert np.array_equal(*images)


@pytest.mark.parametrize(("batch_size", "micro_batch"), [(4, 3), (16, 4), (2, 4)])
def test_steps_that_cannot_be_cut_are_refused(training_set, batch_size, micro_batch):
    with pytest.raises(ProtocolError, match="and 12 training slices"):
        training_set(batch_size=batch_size, micro_batch=micro_batch)


def test_targets_are_the_ones_that_are_asked_for(training_set):
    assert set(batches(training_set().epoch(0))[0][1]) == {"mask"}
    both = batches(training_set(targets={"mask": "mask", "slice": "slice"}).epoch(0))[0][1]
    assert both["slice"].shape == (4, 1)


def test_held_out_examples_come_as_they_are_and_all_of_them(slices):
    found = batches(held_out(slices, "AB", batch_size=3, targets={"mask": "mask"}))
    assert numbers(held_out(slices, "AB", batch_size=3, targets={"mask": "mask"})) == [[0, 1, 2], [3, 4, 5], [6, 7]]
    stored = [each["mask"] for each in slices.of("AB").as_numpy_iterator()]
    assert np.array_equal(np.concatenate([targets["mask"] for _, targets in found]), stored)


@settings(max_examples=4, deadline=None)
@given(st.integers(2, 4), st.integers(0, 5), st.sampled_from([0.0, 0.3, 0.6]), st.integers(0, 3))
def test_no_slice_of_a_test_patient_is_in_a_batch(slices, training_set, n_folds, seed, share, epoch):
    for fold in patient_folds("ABCD", n_folds=n_folds, validation_share=share, seed=seed):
        n = len(slices.indices(fold.train))
        each = training_set(examples=slices.of(fold.train), n=n, batch_size=2, micro_batch=2, fold=fold.index)
        trained = {slices.names[i].patient for i in flat(numbers(each.epoch(epoch)))}
        stopping = held_out(slices, fold.validation, batch_size=2, targets={"mask": "mask"})
        stopped = {slices.names[i].patient for i in flat(numbers(stopping))}
        assert trained <= set(fold.train)
        assert stopped == set(fold.validation)
        assert not set(fold.test) & (trained | stopped)


def test_training_slices_too_many_for_memory_are_the_same(slices, monkeypatch):
    kept = [int(each["index"]) for each in slices.of("AC")]
    monkeypatch.setattr("reproduce.training.pipeline._IN_MEMORY_BYTES", 0)
    assert [int(each["index"]) for each in slices.of("AC")] == kept
