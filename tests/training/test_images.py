"""Training on images in memory: any task gives the batches; order and names come from here."""

import numpy as np
import pytest
import tensorflow as tf

from reproduce.training.images import ImageTrainingSet

CASES = [f"case {i}" for i in range(10)]
VOLUMES_ML = np.linspace(0, 1, 10, dtype=np.float32)


def batches(rows, batch_size):
    """Return images of one pixel that hold their position, with a volume to be regressed."""
    images = rows.astype(np.float32)[:, None, None, None]
    return tf.data.Dataset.from_tensor_slices((images, {"volume": VOLUMES_ML[rows]})).batch(batch_size)


@pytest.fixture
def training_set():
    return ImageTrainingSet(batches, CASES, np.arange(1, 10), 4, 2, seed=1, fold=0)


def test_an_epoch_has_whole_steps_of_the_tasks_own_targets_with_their_names(training_set):
    found = list(training_set.epoch(0))
    assert [len(image) for image, _ in found] == [2, 2, 2, 2]  # 9 // 4 = 2 steps of two micro-batches
    for number, (image, targets) in enumerate(found):
        rows = image.numpy().ravel().astype(int)
        assert training_set.names(0, number) == [CASES[row] for row in rows]
        np.testing.assert_array_equal(targets["volume"], VOLUMES_ML[rows])


def test_each_epoch_has_an_order_of_its_own_and_the_same_again(training_set):
    def order(epoch):
        return np.concatenate([image.numpy().ravel() for image, _ in training_set.epoch(epoch)]).tolist()

    assert order(0) == order(0)
    assert order(0) != order(1)
