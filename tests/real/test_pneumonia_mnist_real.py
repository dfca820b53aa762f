"""The real file of small X-rays: its parts, as they are published with it."""

import pytest

from reproduce.cohorts.pneumonia_mnist import find_file, read_part
from reproduce.tasks.x_rays import load

pytestmark = pytest.mark.real


@pytest.mark.parametrize(("part", "n"), [("train", 2428), ("val", 270), ("test", 468)])
def test_parts_are_balanced(real_data, part, n):
    found = read_part(find_file(real_data), part)
    assert found.images.shape == (n, 28, 28)
    assert found.labels.sum() == n // 2


def test_what_networks_see_is_standardised(real_data):
    data = load(find_file(real_data), n_train=512)
    assert data.train_labels.sum() == 256
    assert abs(data.train_images.mean()) < 1e-5
    assert data.train_images.std() == pytest.approx(1, abs=1e-5)
    # the test part is of the same hospital and scanners, and is shifted and scaled by the training part's numbers
    assert abs(data.test_images.mean()) < 0.2
