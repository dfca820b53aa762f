"""Prepared examples: their form, their limits, and whole scans out of them."""

import numpy as np
import pytest

from reproduce.cohorts.case import Case
from reproduce.errors import CohortError, GeometryError
from reproduce.imaging.volume import Volume
from reproduce.prepared.slices import Prepared, SliceSource, slice_examples, slice_features
from reproduce.protocol import Call


def case(labels, image=None):
    image = np.arange(labels.size, dtype=np.int16).reshape(labels.shape) if image is None else image
    grid = Volume(image, np.diag([0.6, 0.7, 2.5, 1.0]), "HU")
    names = {int(label): "nodule" for label in np.unique(labels) if label}
    return Case("P1", "S1", grid, grid.on_same_grid(labels, "label"), names, ())


def test_one_example_a_slice_in_order_with_the_geometry_of_the_scan():
    labels = np.zeros((3, 4, 5), np.uint16)
    labels[1, 2, 3] = 7
    examples = list(slice_examples(case(labels), position=2))
    assert [key for key, _ in examples] == [2 * 65536, 2 * 65536 + 1, 2 * 65536 + 2]
    second = examples[1][1]
    assert (second["patient"], second["scan"], second["slice"]) == ("P1", "S1", 1)
    assert second["spacing_mm"].tolist() == [2.5, 0.7, 0.6]
    assert np.array_equal(second["image"][..., 0], np.arange(20, 40).reshape(4, 5))
    assert second["labels"].dtype == np.uint8
    assert second["labels"][2, 3] == 7
    assert second["labels"].sum() == 7


def test_a_sheared_grid_is_refused_since_spacings_do_not_tell_its_distances():
    affine = np.diag([0.6, 0.7, 2.5, 1.0])
    affine[1, 2] = 2.5 * np.tan(np.radians(15))
    image = Volume(np.zeros((3, 4, 5), np.int16), affine, "HU")
    tilted = Case("P1", "S1", image, image.on_same_grid(np.zeros((3, 4, 5), np.uint8), "label"), {}, ())
    with pytest.raises(GeometryError, match=r"y and z at 75\.0 degrees, as under a tilted gantry"):
        next(slice_examples(tilted, position=0))


def test_channels_stay_where_there_are_several():
    labels = np.zeros((2, 3, 3), np.uint8)
    image = np.zeros((2, 3, 3, 4), np.float32)
    assert next(slice_examples(case(labels, image), position=0))[1]["image"].shape == (3, 3, 4)


def test_keys_of_the_next_scan_come_after_those_of_this_one():
    labels = np.zeros((3, 2, 2), np.uint8)
    first, second = (list(slice_examples(case(labels), position=i)) for i in (0, 1))
    assert max(key for key, _ in first) < min(key for key, _ in second)


def test_a_label_that_does_not_fit_into_a_byte_is_refused():
    labels = np.full((1, 2, 2), 256, np.uint16)
    with pytest.raises(CohortError, match="label 256 and 1 slices") as caught:
        list(slice_examples(case(labels), position=0))
    assert caught.value.where == "S1"


def test_255_labels_fit():
    labels = np.arange(256, dtype=np.uint16).reshape(1, 16, 16)
    assert next(slice_examples(case(labels), position=0))[1]["labels"].max() == 255


def test_more_slices_than_keys_are_refused():
    labels = np.zeros((65536, 1, 1), np.uint8)
    with pytest.raises(CohortError, match="65536 slices"):
        list(slice_examples(case(labels), position=0))


@pytest.mark.parametrize(("n_channels", "dtype"), [(1, np.int16), (4, np.float32)])
def test_features_name_size_and_type(n_channels, dtype):
    source = SliceSource("set", "", Call(print, {}), Call(print, {}), n_channels, dtype)
    features = slice_features(source)
    assert features["image"].shape == (None, None, n_channels)
    assert features["image"].np_dtype == dtype
    assert features["labels"].np_dtype == np.uint8
    assert features["spacing_mm"].shape == (3,)


def test_leaving_the_image_out_leaves_the_rest(prepared):
    with_image, without = (next(prepared.read(decode_image=d).as_numpy_iterator()) for d in (True, False))
    assert set(with_image) - set(without) == {"image"}
    assert np.array_equal(with_image["labels"], without["labels"])


def test_reading_twice_gives_the_same_order(prepared):
    first, second = ([(e["scan"], int(e["slice"])) for e in prepared.read().as_numpy_iterator()] for _ in range(2))
    assert first == second


def test_scans_are_whole_in_the_order_of_the_examples(prepared):
    examples = list(prepared.read(decode_image=False).as_numpy_iterator())
    scans = list(prepared.scans())
    assert [found.patient for found in scans] == ["PHANTOM-0001", "PHANTOM-0002", "PHANTOM-0003"]
    assert len({found.scan for found in scans}) == 3
    assert all(found.labels.shape == (6, 64, 64) and found.labels.dtype == np.uint8 for found in scans)
    assert np.array_equal(np.concatenate([found.labels for found in scans]), [e["labels"] for e in examples])
    assert [found.spacing_mm for found in scans] == [tuple(examples[i]["spacing_mm"]) for i in (0, 6, 12)]


def test_a_cohort_without_examples_has_no_scans():
    class Nothing(Prepared):
        def read(self, *, decode_image=True):
            return self

        def as_numpy_iterator(self):
            return iter(())

    assert list(Nothing("none", "key", None, None).scans()) == []


def test_one_patient_with_two_scans_keeps_them_apart():
    class Two(Prepared):
        def read(self, *, decode_image=True):
            return self

        def as_numpy_iterator(self):
            for scan, n in ((b"a", 2), (b"b", 1)):
                labels = np.full((2, 2), n, np.uint8)
                yield from [{"patient": b"P", "scan": scan, "labels": labels, "spacing_mm": np.ones(3)}] * n

    found = list(Two("two", "key", None, None).scans())
    assert [(each.patient, each.scan, len(each.labels)) for each in found] == [("P", "a", 2), ("P", "b", 1)]
