"""Counts at four levels of masks drawn by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from reproduce.metrics import formulas
from reproduce.metrics.confusion import Counts
from reproduce.metrics.decisions import decided
from reproduce.metrics.formulas import HD95_MM, SURFACE_DICE, Metric
from reproduce.results import cases, summary
from reproduce.tasks import scoring
from reproduce.tasks.scoring import cell_counts, native_masks, score_scan, slice_decisions

ANY = {"nodule": ()}


def experiment(regions=None, threshold=0.5, lesion_overlap=0.5, measured=None):
    """Every region is measured by itself, unless said otherwise."""
    regions = regions or ANY
    measured = measured or {name: (name,) for name in regions}
    return SimpleNamespace(
        preparation=SimpleNamespace(regions=regions),
        decision=SimpleNamespace(
            threshold=threshold, lesion_overlap=lesion_overlap, measured=measured, means={}, surface_tolerance_mm=1.0
        ),
    )


def counts(labels, masks, slice_scores, experiment):
    """Of each region at each level."""
    found = score_scan(labels, masks, slice_scores, spacing_mm=(2.0, 1.0, 1.0), experiment=experiment)
    return {region: levels for region, (levels, _) in found.items()}


@pytest.fixture
def labels():
    """Four slices of 4x4: lesion 1 has four voxels in slice 0, lesion 2 one voxel in slice 2."""
    found = np.zeros((4, 4, 4), np.uint8)
    found[0, 1:3, 1:3] = 1
    found[2, 0, 0] = 2
    return found


@pytest.fixture
def masks():
    """Half of lesion 1 is found; in slice 2 two voxels are marked that touch no lesion."""
    found = np.zeros((4, 4, 4, 1), bool)
    found[0, 1, 1:3] = True
    found[2, 3, 2:4] = True
    return found


def test_four_levels_by_hand(labels, masks):
    found = counts(labels, masks, None, experiment())
    assert found == {
        "nodule": {
            "pixel": Counts(2, 2, 3, 64 - 7),
            "slice": Counts(2, 0, 0, 2),  # slice 2 is rightly positive, for a wrong reason
            "lesion": Counts(1, 1, 1, 0),  # lesion 1 is found by half of it, lesion 2 missed, one mark is false
            "patient": Counts(1, 0, 0, 0),
        }
    }


def test_a_slice_head_decides_slices_and_nothing_else(labels, masks):
    without = counts(labels, masks, None, experiment())["nodule"]
    scores = np.array([0.9, 0.5, 0.49, 0.0], np.float32)  # positive from 0.5 on: slices 0 and 1
    with_head = counts(labels, masks, scores, experiment())["nodule"]
    assert with_head["slice"] == Counts(1, 1, 1, 1)
    assert {level: with_head[level] for level in ("pixel", "lesion", "patient")} == {
        level: without[level] for level in ("pixel", "lesion", "patient")
    }


def test_more_overlap_asked_for_makes_a_half_found_lesion_missed(labels, masks):
    found = counts(labels, masks, None, experiment(lesion_overlap=0.51))["nodule"]
    assert found["lesion"] == Counts(0, 1, 2, 0)


def test_nothing_in_nothing(labels, masks):
    found = counts(labels * 0, masks & False, None, experiment())["nodule"]
    assert found == {
        "pixel": Counts(0, 0, 0, 64),
        "slice": Counts(0, 0, 0, 4),
        "lesion": Counts(0, 0, 0, 0),
        "patient": Counts(0, 0, 0, 1),
    }


def test_regions_have_masks_and_labels_of_their_own_and_the_head_speaks_of_the_first(labels, masks):
    both = np.concatenate([masks, masks[..., ::-1, :, :] & False], axis=-1)
    both[2, 0, 0, 1] = True
    scores = np.zeros(4, np.float32)
    found = counts(labels, both, scores, experiment({"one": (1,), "two": (2,)}))
    assert found["one"]["pixel"] == Counts(2, 2, 2, 58)
    assert found["one"]["slice"] == Counts(0, 0, 1, 3)  # the head says no everywhere
    assert found["two"]["pixel"] == Counts(1, 0, 0, 63)
    assert found["two"]["slice"] == Counts(1, 0, 0, 3)  # by its voxels, whatever the head says
    assert found["two"]["lesion"] == Counts(1, 0, 0, 0)


def test_tissues_that_touch_are_one_lesion_and_numbered_nodules_that_touch_are_two():
    labels = np.zeros((1, 1, 6), np.uint8)
    labels[0, 0, :2], labels[0, 0, 2:4], labels[0, 0, 5] = 1, 2, 2
    masks = (labels == 1)[..., None]
    tissues = counts(labels, masks, None, experiment({"both": (1, 2)}))["both"]
    assert tissues["lesion"] == Counts(1, 0, 1, 0)  # 2 of the 4 voxels of one part; the part at the end is missed
    nodules = counts(labels, masks, None, experiment())["nodule"]
    assert nodules["lesion"] == Counts(1, 0, 1, 0)  # nodule 1 is found, nodule 2 missed
    strict = {"lesion_overlap": 0.6}
    assert counts(labels, masks, None, experiment({"both": (1, 2)}, **strict))["both"]["lesion"].tp == 0
    assert counts(labels, masks, None, experiment(**strict))["nodule"]["lesion"].tp == 1


def test_slices_by_voxels_and_by_head():
    mask = np.zeros((3, 2, 2), bool)
    mask[1, 0, 0] = True
    assert slice_decisions(mask, None, experiment().decision).tolist() == [False, True, False]
    assert slice_decisions(mask, np.array([0.5, 0.4, 0.6]), experiment().decision).tolist() == [True, False, True]


def test_a_probability_equal_to_the_threshold_is_positive():
    probabilities = np.array([0.49, 0.5, 0.51, 1.0], np.float16).reshape(1, 2, 2, 1)
    assert native_masks(probabilities, (2, 2), experiment()).ravel().tolist() == [False, True, True, True]


@pytest.mark.parametrize(("threshold", "row"), [(0.5, [0, 0, 1, 1]), (0.25, [0, 1, 1, 1]), (0.76, [0, 0, 0, 1])])
def test_probabilities_are_interpolated_before_they_are_compared(threshold, row):
    # two pixels 0 and 1 on a grid of four with shared outer edges: 0, 1/4, 3/4, 1
    probabilities = np.array([[0, 1], [0, 1]], np.float16).reshape(1, 2, 2, 1)
    found = native_masks(probabilities, (4, 4), experiment(threshold=threshold))
    assert found.shape == (1, 4, 4, 1)
    assert found[0, ..., 0].astype(int).tolist() == [row] * 4


def test_a_grid_that_is_not_square_and_a_smaller_one():
    probabilities = np.full((2, 4, 4, 3), 0.7, np.float16)
    for shape in ((6, 5), (2, 3)):
        found = native_masks(probabilities, shape, experiment({"a": (1,), "b": (2,), "c": (3,)}))
        assert found.shape == (2, *shape, 3)
        assert found.all()


EXCLUSIVE = {"rest": (0,), "left": (1,), "right": (2,)}
UNITED = {"both": ("left", "right"), "right": ("right",)}


def test_without_a_threshold_a_pixel_belongs_to_its_most_probable_region_the_first_of_equals():
    probabilities = np.array([[0.3, 0.4, 0.3], [0.4, 0.2, 0.4]])
    assert decided(probabilities, None).astype(int).tolist() == [[0, 1, 0], [1, 0, 0]]


def test_regions_are_united_after_the_decision():
    # the two sides together are more probable than the rest, yet neither alone is
    probabilities = np.array([0.4, 0.3, 0.3], np.float16).reshape(1, 1, 1, 3)
    found = native_masks(probabilities, (1, 1), experiment(EXCLUSIVE, threshold=None, measured=UNITED))
    assert found.shape == (1, 1, 1, 2)
    assert not found.any()


def test_a_measured_region_unites_labels_and_masks_alike():
    labels = np.array([0, 1, 2, 2], np.uint8).reshape(1, 1, 4)
    made = experiment(EXCLUSIVE, threshold=None, lesion_overlap=None, measured=UNITED)
    probabilities = np.eye(3, dtype=np.float16)[[1, 1, 1, 2]].reshape(1, 1, 4, 3)
    found = counts(labels, native_masks(probabilities, (1, 4), made), None, made)
    assert found["both"]["pixel"] == Counts(3, 1, 0, 0)
    assert found["right"]["pixel"] == Counts(1, 0, 1, 2)
    assert "lesion" not in found["both"]


def test_counts_of_a_batch_are_those_of_the_cell():
    made = experiment(EXCLUSIVE, threshold=None, measured=UNITED)
    made.readings = (SimpleNamespace(region="both"),)
    reference = np.eye(3, dtype=np.float32)[[0, 1, 2, 2]].reshape(1, 1, 4, 3)
    probabilities = np.eye(3, dtype=np.float32)[[1, 1, 1, 0]].reshape(1, 1, 4, 3)
    assert cell_counts(reference, probabilities, made) == Counts(2, 1, 1, 0)


def test_surfaces_by_hand(labels, masks):
    def surfaces(prediction):
        found = score_scan(labels, prediction, None, spacing_mm=(2.0, 1.0, 1.0), experiment=experiment())
        return found["nodule"][1]

    same = surfaces((labels > 0)[..., None])
    assert (same[HD95_MM], same[SURFACE_DICE]) == (0.0, 1.0)
    # four slices of 2 mm and 4 x 4 mm: the diagonal is the root of 64 + 16 + 16
    nothing = surfaces(masks & False)
    assert nothing[HD95_MM] == pytest.approx(96**0.5)
    assert nothing[SURFACE_DICE] == 0.0
    shifted = surfaces(np.roll(labels > 0, 1, axis=0)[..., None])
    assert shifted[HD95_MM] >= 2.0
    assert shifted[SURFACE_DICE] < 1.0


def test_surfaces_of_nothing_in_nothing_are_not_counted(labels, masks):
    found = score_scan(labels * 0, masks & False, None, spacing_mm=(2.0, 1.0, 1.0), experiment=experiment())
    assert np.isnan(found["nodule"][1][HD95_MM])
    assert np.isnan(found["nodule"][1][SURFACE_DICE])


def test_a_new_metric_of_scans_is_one_object_in_one_list(labels, masks, monkeypatch):
    made_up = Metric("spare_ml", "ml", ("pixel",), formula=lambda scan: float((~scan.prediction).sum()))
    more = (*formulas.OF_SCANS, made_up)
    for module in (formulas, scoring, cases, summary):
        monkeypatch.setattr(module, "OF_SCANS", more)
    found = score_scan(labels, masks, None, spacing_mm=(2.0, 1.0, 1.0), experiment=experiment())
    counts, of_scan = found["nodule"]
    frame = cases.case_frame([cases.CaseScore("m", 1, 0, "P1", "S1", "nodule", "pixel", counts["pixel"], of_scan)])
    assert frame["spare_ml"].tolist() == [np.count_nonzero(~masks)]
    (one,) = [s for s in summary.summarise(frame, {}) if s.metric == "spare_ml"]
    assert (one.average, one.value) == ("per_case", np.count_nonzero(~masks))
