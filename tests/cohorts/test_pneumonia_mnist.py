"""The file of small X-rays: found, read, and refused where it is broken."""

import numpy as np
import pytest

from reproduce.cohorts.pneumonia_mnist import FILE, find_file, read_part
from reproduce.errors import AnnotationFormatError, DataNotFoundError


def write(path, shape=(4, 28, 28), labels=((0,), (1,), (1,), (0,))):
    np.savez(path, test_images=np.zeros(shape, np.uint8), test_labels=np.array(labels, np.uint8))
    return path


def test_a_part_is_read_with_flat_labels(tmp_path):
    path = write(tmp_path / FILE)
    part = read_part(path, "test")
    assert part.images.shape == (4, 28, 28)
    assert part.labels.tolist() == [0, 1, 1, 0]


def test_it_is_found_in_the_folder_or_in_classification(tmp_path):
    with pytest.raises(DataNotFoundError, match=FILE):
        find_file(tmp_path)
    (tmp_path / "classification").mkdir()
    inner = write(tmp_path / "classification" / FILE)
    assert find_file(tmp_path) == inner
    outer = write(tmp_path / FILE)
    assert find_file(tmp_path) == outer


def test_what_is_broken_is_refused(tmp_path):
    path = tmp_path / FILE
    path.write_bytes(b"no archive")
    with pytest.raises(AnnotationFormatError, match="an archive with test_images"):
        read_part(path, "test")
    write(path)
    with pytest.raises(AnnotationFormatError, match="train_images"):
        read_part(path, "train")
    write(path, labels=((0,), (2,), (1,), (0,)))
    with pytest.raises(AnnotationFormatError, match="a label of 0 or 1 each"):
        read_part(path, "test")
    write(path, labels=((0,), (1,)))
    with pytest.raises(AnnotationFormatError, match="a label of 0 or 1 each"):
        read_part(path, "test")
    write(path, shape=(4, 28, 28, 3))
    with pytest.raises(AnnotationFormatError, match="grey images"):
        read_part(path, "test")


def test_a_flipped_bit_is_an_error_or_seen_nowhere(tmp_path):
    path = tmp_path / FILE
    images = np.arange(4 * 28 * 28).astype(np.uint8).reshape(4, 28, 28)
    np.savez_compressed(path, test_images=images, test_labels=np.zeros((4, 1), np.uint8))
    content, n_refused = path.read_bytes(), 0
    for i in range(0, len(content), 7):
        path.write_bytes(content[:i] + bytes([content[i] ^ 1 << i % 8]) + content[i + 1 :])
        try:
            read_part(path, "test")
        except AnnotationFormatError:
            n_refused += 1
    assert n_refused > len(content) // 14
