import math

import pandas as pd
import pytest

from reproduce.errors import ResultsError
from reproduce.metrics.confusion import Counts
from reproduce.metrics.formulas import HD95_MM, OF_COUNTS, SURFACE_DICE
from reproduce.results.cases import (
    CaseScore,
    SliceDecisions,
    case_frame,
    of_region,
    read_frame,
    slice_frame,
    write_frame,
)

SURFACES = {HD95_MM: 3.5, SURFACE_DICE: 0.9}


def score(level="pixel", counts=None, patient="P1", model="m"):
    return CaseScore(model, 1, 0, patient, "1.2", "nodule", level, counts or Counts(tp=6, fp=2, fn=4, tn=88), SURFACES)


def test_metrics_of_one_case():
    row = case_frame([score()]).iloc[0]
    assert row["accuracy"] == 94 / 100
    assert row["sensitivity"] == 6 / 10
    assert row["specificity"] == 88 / 90
    assert row["precision"] == 6 / 8
    assert row["dice"] == 12 / 18


def test_zero_over_zero_is_undefined_and_one_empty_mask_is_zero():
    both = case_frame([score(counts=Counts(tp=0, fp=0, fn=0, tn=100))]).iloc[0]
    assert math.isnan(both["dice"])
    assert math.isnan(both["sensitivity"])
    assert both["accuracy"] == 1
    one = case_frame([score(counts=Counts(tp=0, fp=3, fn=0, tn=97))]).iloc[0]
    assert one["dice"] == 0
    assert math.isnan(one["sensitivity"])


def test_lesions_have_no_negatives():
    row = case_frame([score("lesion", Counts(tp=2, fp=1, fn=1, tn=0))]).iloc[0]
    assert math.isnan(row["accuracy"])
    assert math.isnan(row["specificity"])
    assert row["precision"] == 2 / 3


def test_rows_are_sorted_whatever_the_order_of_the_scores():
    scores = [score(patient=patient, model=model) for patient in ("P2", "P1") for model in ("b", "a")]
    frame = case_frame(scores)
    assert frame[["model", "patient"]].to_numpy().tolist() == [["a", "P1"], ["a", "P2"], ["b", "P1"], ["b", "P2"]]
    assert frame.equals(case_frame(scores[::-1]))


def test_no_scores_give_a_table_without_rows():
    frame = case_frame([])
    assert len(frame) == 0
    assert "dice" in frame.columns


def test_slices_keep_leading_zeros_through_a_file(tmp_path):
    frame = slice_frame([SliceDecisions("m", 1, 0, "P1", "1.2", "0011", "0110")])
    write_frame(frame, tmp_path / "slices.csv")
    back = read_frame(tmp_path / "slices.csv", dtype={"reference": str, "prediction": str, "scan": str})
    assert back.iloc[0]["reference"] == "0011"
    assert back.equals(frame)


def test_file_has_fixed_decimals_unix_lines_and_empty_fields(tmp_path):
    write_frame(pd.DataFrame({"a": [1 / 3, math.nan], "b": ["x", "y"]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b"a,b\n0.333333,x\n,y\n"
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_missing_file_names_itself(tmp_path):
    with pytest.raises(ResultsError, match="expected a results file, got nothing there"):
        read_frame(tmp_path / "cases.csv")


@pytest.mark.parametrize("text", ["", "a,b\n1,2,3\n4,5\n1,2,3,4,5\n"])
def test_file_that_is_no_table(tmp_path, text):
    (tmp_path / "cases.csv").write_text(text)
    with pytest.raises(ResultsError, match="expected a CSV of results"):
        read_frame(tmp_path / "cases.csv")


def test_overlap_and_distance_are_of_pixels_alone():
    pixel, by_slice = case_frame([score("pixel"), score("slice")]).itertuples()
    # 6 / (6 + 2 + 4), and the mean of it and 88 / (88 + 2 + 4)
    assert pixel.iou == 6 / 12
    assert pixel.miou == pytest.approx((6 / 12 + 88 / 94) / 2)
    assert (pixel.hd95_mm, pixel.surface_dice) == (3.5, 0.9)
    assert math.isnan(by_slice.iou)
    assert math.isnan(by_slice.miou)


@pytest.mark.parametrize("metric", OF_COUNTS, ids=lambda metric: metric.name)
def test_a_metric_of_counts_is_that_of_the_table(metric):
    counts = Counts(tp=6, fp=2, fn=4, tn=88)
    assert metric.of(counts) == pytest.approx(case_frame([score(counts=counts)]).iloc[0][metric.name])


def test_the_rows_of_a_mean_are_those_of_its_regions():
    frame = case_frame([score()])
    assert len(of_region(frame, "nodule", {})) == len(of_region(frame, "all", {"all": ("nodule", "mass")})) == 1
    assert len(of_region(frame, "mass", {})) == 0
