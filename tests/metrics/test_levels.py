"""Slices and patients, by hand."""

import numpy as np
import pytest

from reproduce.errors import MetricInputError
from reproduce.metrics.confusion import Counts
from reproduce.metrics.levels import patient_counts, positive_slices, slice_counts


def _volume(voxels_per_slice):
    mask = np.zeros((len(voxels_per_slice), 2, 3), bool)
    for z, n in enumerate(voxels_per_slice):
        mask[z].flat[:n] = True
    return mask


def test_slices_by_hand():
    # Slice by slice: found, missed, false, rightly empty; one speck of a single voxel in the last.
    reference, prediction = _volume([4, 1, 0, 0, 0]), _volume([2, 0, 3, 0, 1])
    assert slice_counts(reference, prediction, min_voxels=1) == Counts(tp=1, fp=2, fn=1, tn=1)
    assert slice_counts(reference, prediction, min_voxels=2) == Counts(tp=1, fp=1, fn=1, tn=2)
    assert positive_slices(prediction, min_voxels=3).tolist() == [False, False, True, False, False]


def test_patients_by_hand():
    nodule, speck, nothing = _volume([4, 0]), _volume([1, 0]), _volume([0, 0])
    assert patient_counts(nodule, speck, min_voxels=1) == Counts(tp=1, fp=0, fn=0, tn=0)
    assert patient_counts(nodule, speck, min_voxels=2) == Counts(tp=0, fp=0, fn=1, tn=0)
    assert patient_counts(nothing, speck, min_voxels=1) == Counts(tp=0, fp=1, fn=0, tn=0)
    assert patient_counts(nothing, nothing, min_voxels=1) == Counts(tp=0, fp=0, fn=0, tn=1)
    assert patient_counts(speck, speck, min_voxels=2) == Counts(tp=0, fp=0, fn=1, tn=0)


def test_a_mask_without_slices():
    empty = np.zeros((0, 4, 4), bool)
    assert slice_counts(empty, empty, min_voxels=1) == Counts(0, 0, 0, 0)
    assert patient_counts(empty, empty, min_voxels=1) == Counts(0, 0, 0, 1)


@pytest.mark.parametrize("metric", [slice_counts, patient_counts])
def test_broken_input(metric):
    with pytest.raises(MetricInputError):
        metric(_volume([1]), _volume([1]), min_voxels=0)
    with pytest.raises(MetricInputError):
        metric(_volume([1]), _volume([1, 1]), min_voxels=1)
    with pytest.raises(MetricInputError):
        metric(_volume([1]).astype(int), _volume([1]), min_voxels=1)
