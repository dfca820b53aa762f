"""Predictions on disk: one file a scan, in the order of its slices, finite."""

import numpy as np
import pytest
import tensorflow as tf

from reproduce.errors import NonFiniteError
from reproduce.training.predict import predict_scans, read_prediction


class Echo:
    """Predicts each image's own first pixel, so that a slice can be told from its prediction."""

    def __init__(self, *, with_slice=True):
        self.with_slice, self.sizes = with_slice, []

    def predict_on_batch(self, images):
        self.sizes.append(len(images))
        first = images[:, :1, :1, :] + tf.zeros_like(images)
        return {"mask": first, **({"slice": first[:, 0, 0]} if self.with_slice else {})}


@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_each_scan_has_its_slices_in_order_whatever_the_batch(slices, tmp_path, batch_size):
    model = Echo()
    predict_scans(model, tmp_path, slices=slices, patients=("B", "D"), batch_size=batch_size)
    assert max(model.sizes) <= batch_size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scan B.npz", "scan D.npz"]
    for scan, numbers in (("B", [4, 5, 6, 7]), ("D", [12, 13, 14, 15])):
        prediction = read_prediction(tmp_path / f"scan {scan}.npz")
        assert prediction.mask.shape == (4, 16, 16, 1)
        assert prediction.mask.dtype == np.float16
        assert prediction.slice.dtype == np.float32
        assert prediction.slice == pytest.approx(np.array(numbers) / 100, abs=1e-6)
        assert prediction.mask[:, 5, 5, 0] == pytest.approx(np.array(numbers) / 100, abs=1e-3)


def test_a_model_without_a_slice_head_has_no_slice_scores(slices, tmp_path):
    predict_scans(Echo(with_slice=False), tmp_path, slices=slices, patients=("A",), batch_size=4)
    assert read_prediction(tmp_path / "scan A.npz").slice is None


def test_no_patients_no_files(slices, tmp_path):
    predict_scans(Echo(), tmp_path / "made", slices=slices, patients=(), batch_size=4)
    assert list((tmp_path / "made").iterdir()) == []


def test_the_same_prediction_is_the_same_file(slices, tmp_path):
    for name in ("one", "other"):
        predict_scans(Echo(), tmp_path / name, slices=slices, patients=("A",), batch_size=2)
    assert (tmp_path / "one" / "scan A.npz").read_bytes() == (tmp_path / "other" / "scan A.npz").read_bytes()


def test_a_probability_that_is_not_finite_names_its_slice_and_writes_no_scan(changed_slices, tmp_path):
    def spoil(images):
        images[5, 0, 0] = np.nan  # patient B, slice 1

    with pytest.raises(NonFiniteError, match="256 of 256 that are not") as caught:
        predict_scans(Echo(), tmp_path, slices=changed_slices(spoil), patients=("A", "B"), batch_size=3)
    assert caught.value.where == "B slice 1"
    assert [path.name for path in tmp_path.iterdir()] == ["scan A.npz"]
