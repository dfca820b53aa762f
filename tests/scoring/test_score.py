"""Means by hand, on cases of 4 x 6 x 8 voxels: empty references, a miss, an absent region, and what is averaged first.

Three cases with two labels; a row of four voxels, of which the prediction has two, has Dice 2 * 2 / (4 + 2) = 2/3.
  lung_001: label 1 has 2/3; label 2 is in neither.
  lung_002: label 1 is predicted and not in the reference; label 2 has 1.
  lung_003: label 1 is in the reference and not predicted; label 2 has 2/3.
"""

import json
import math

import numpy as np
import pytest

from reproduce.errors import ArgumentError
from reproduce.scoring.conventions import CONVENTIONS, conventions_named
from reproduce.scoring.regions import region_sets
from reproduce.scoring.score import score
from tests.scoring.conftest import SHAPE, labels

ROW, HALF = np.s_[0, 0, :4], np.s_[0, 0, :2]
OTHER, OTHER_HALF = np.s_[2, 3, :4], np.s_[2, 3, :2]
TWO_THIRDS = 2 / 3


@pytest.fixture
def three(masks):
    masks.write("lung_001", labels(_1=HALF), labels(_1=ROW))
    masks.write("lung_002", labels(_1=ROW, _2=OTHER), labels(_2=OTHER))
    masks.write("lung_003", labels(_2=OTHER_HALF), labels(_1=ROW, _2=OTHER))
    return masks


def means(folders, metric="dice", regions="labels", names=()):
    scored = score(folders.predictions, folders.references, conventions=conventions_named(names), regions=regions)
    return {(mean.convention, mean.regions): mean for mean in scored.means if mean.metric == metric}, scored


# By label, and over both: cases first is the mean of the two labels' means.
BY_HAND = {
    "nnunet": (np.mean([TWO_THIRDS, 0, 0]), np.mean([1, TWO_THIRDS]), None),
    "brats": (np.mean([TWO_THIRDS, 0, 0]), np.mean([1, 1, TWO_THIRDS]), None),
    "brats2023": (np.mean([TWO_THIRDS, 0, 0]), np.mean([1, 1, TWO_THIRDS]), None),
    "mist": (np.mean([TWO_THIRDS, 0, 0]), np.mean([1, 1, TWO_THIRDS]), None),
    "transunet": (np.mean([TWO_THIRDS, 1, 0]), np.mean([0, 1, TWO_THIRDS]), None),
    # Regions first: each case's mean over the labels that count, then the mean of the three.
    "swinunetr": (np.mean([TWO_THIRDS, 0, 0]), np.mean([0, 1, TWO_THIRDS]), np.mean([1 / 3, 1 / 2, 1 / 3])),
    "monai-foreground": (np.mean([TWO_THIRDS, 0]), np.mean([1, TWO_THIRDS]), np.mean([TWO_THIRDS, 1, 1 / 3])),
    "l2r": (np.mean([TWO_THIRDS, 0]), np.mean([1, TWO_THIRDS]), np.mean([TWO_THIRDS, 1, 1 / 3])),
    "monai-keep-empty": (np.mean([TWO_THIRDS, 0, 0]), np.mean([1, 1, TWO_THIRDS]), np.mean([5 / 6, 1 / 2, 1 / 3])),
    # Pooled: 2 TP / (2 TP + FP + FN): label 1 has TP 2, FP 4, FN 2 + 4; label 2 TP 4 + 2, FN 2.
    "nnunet-pseudo": (4 / 14, 12 / 14, None),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_each_convention_gives_the_mean_by_hand(three, name):
    found, _ = means(three)
    first, second, overall = BY_HAND[name]
    mean = found[name, "labels"]
    assert mean.by_region["1"] == pytest.approx(first)
    assert mean.by_region["2"] == pytest.approx(second)
    assert mean.overall == pytest.approx(np.mean([first, second]) if overall is None else overall)


def test_the_background_is_a_class_for_monai_as_it_comes(three):
    found, _ = means(three)
    n = math.prod(SHAPE)
    # Background: the voxels of neither label; in lung_001 n - 4 in the reference, n - 2 in the prediction.
    background = [2 * (n - 4) / (2 * n - 6), 2 * (n - 8) / (2 * n - 12), 2 * (n - 8) / (2 * n - 10)]
    by_case = [(background[0] + TWO_THIRDS) / 2, (background[1] + 1) / 2, (background[2] + 0 + TWO_THIRDS) / 3]
    assert found["monai", "labels"].by_region["background"] == pytest.approx(np.mean(background))
    assert found["monai", "labels"].overall == pytest.approx(np.mean(by_case))
    assert "background" not in found["monai-foreground", "labels"].by_region


# Of label 1 the row is the surface: from 4 voxels to 2 the distances are 0 0 1 2, back 0 0.
POOLED, BY_DIRECTION = np.percentile([0, 0, 1, 2, 0, 0], 95), np.percentile([0, 0, 1, 2], 95)
MISS_MM = float(np.linalg.norm(np.array(SHAPE) * (2.0, 1.0, 1.0)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("brats", np.mean([POOLED, 373.12866, 373.12866])),
        ("transunet", np.mean([POOLED, 0, 0])),
        ("monai-foreground", BY_DIRECTION),
        ("l2r", math.inf),
    ],
)
def test_a_miss_costs_what_the_convention_says(three, name, expected):
    found, _ = means(three, "hd95")
    assert found[name, "labels"].by_region["1"] == pytest.approx(expected)


def test_a_miss_is_374_or_the_diagonal_in_mm(three):
    found, scored = means(three, "hd95", names=("brats2023", "mist"))
    hit = scored.cases[0].hd95((1,), CONVENTIONS[3])
    assert 1.0 <= hit <= 2.0
    assert found["brats2023", "labels"].by_region["1"] == pytest.approx(np.mean([hit, 374, 374]))
    assert found["mist", "labels"].by_region["1"] == pytest.approx(np.mean([hit, MISS_MM, MISS_MM]))
    assert {mean.unit for mean in found.values()} == {"mm"}


def test_the_move_names_both_ends_and_the_cases_behind_it(masks):
    masks.write("lung_001", labels(_1=ROW), labels(_1=ROW))
    masks.write("lung_002", labels(), labels())
    _, scored = means(masks, names=("brats", "transunet"))
    (move,) = scored.moves
    assert (move.lowest, move.highest, move.gap) == ("transunet", "brats", 0.5)  # (1 + 0) / 2 and (1 + 1) / 2
    assert move.without == (("lung_001", 1.0), ("lung_002", 0.0))
    (empty,) = scored.empties
    assert (empty.case, empty.situation, empty.dice) == ("lung_002", "both empty", {"brats": 1.0, "transunet": 0.0})


def test_where_nothing_is_empty_only_what_is_averaged_moves_the_mean(masks):
    for i in range(3):
        masks.write(f"lung_00{i}", labels(_1=HALF, _2=OTHER), labels(_1=ROW, _2=OTHER))
    _, scored = means(masks, names=("nnunet", "brats", "monai-foreground", "transunet", "swinunetr", "l2r", "mist"))
    assert [move.gap for move in scored.moves] == [0.0]


def test_a_label_without_any_case_makes_nnunets_foreground_mean_undefined(masks):
    masks.write("lung_001", labels(_1=ROW), labels(_1=ROW))
    found, _ = means(masks, regions="a=1;b=2", names=("nnunet", "monai", "brats"))
    assert math.isnan(found["nnunet", "regions"].overall)
    assert found["monai", "regions"].by_region["b"] == 0.0  # its reduction fills in 0
    assert found["monai", "regions"].overall == 1.0
    assert found["brats", "regions"].by_region["b"] == 1.0


@pytest.mark.parametrize(
    ("numbering", "core", "oedema", "enhancing"),
    [("brats2017", 1, 2, 4), ("brats2023", 1, 2, 3), ("brats-nnunet", 2, 1, 3)],
)
def test_regions_of_brats_under_each_numbering(numbering, core, oedema, enhancing):
    nested, tissues = region_sets(numbering, [core, oedema, enhancing])
    assert nested.regions == {
        "WT": tuple(sorted((core, oedema, enhancing))),
        "TC": tuple(sorted((core, enhancing))),
        "ET": (enhancing,),
    }
    assert tissues.regions == {"NCR": (core,), "ED": (oedema,), "ET": (enhancing,)}
    assert "background" in tissues.with_background()
    assert "background" not in nested.with_background()


def test_whole_tumour_is_right_where_its_tissues_are_exchanged(masks):
    masks.write("BraTS20_Training_001", labels(_1=OTHER, _4=ROW), labels(_2=OTHER, _4=ROW))
    found, _ = means(masks, regions="brats2017", names=("brats",))
    assert found["brats", "WT, TC, ET"].by_region == pytest.approx({"WT": 1.0, "TC": 2 * 4 / 12, "ET": 1.0})
    assert found["brats", "NCR, ED, ET"].by_region == pytest.approx({"NCR": 0.0, "ED": 0.0, "ET": 1.0})


@pytest.mark.parametrize("text", ["WT=1,2;TC", "WT=", "WT=1234567", "WT=0,1", "a=1;a=2", "1,2", "brats2020"])
def test_regions_that_cannot_be_read_are_refused(text):
    with pytest.raises(ArgumentError, match="expected --regions labels, brats2017"):
        region_sets(text, [1])


def test_an_own_name_given_twice_is_refused_and_so_is_a_label_of_another_numbering():
    with pytest.raises(ArgumentError, match=r"got label 3"):
        region_sets("brats2017", [1, 3])


def test_every_convention_has_a_source_with_commit_and_file():
    assert len({each.name for each in CONVENTIONS}) == len(CONVENTIONS)
    for each in CONVENTIONS:
        assert each.sources
        for source in each.sources:
            repository, commit, path = source.replace(":", "").split()[:3]
            assert repository.count("/") == 1
            assert len(commit) == 7
            assert path.rpartition("/")[2].endswith(".py")


def test_json_has_null_for_nothing_and_a_word_for_infinite(run, three):
    done = run("score", three.predictions, three.references, "--as", "l2r", "nnunet", "--format", "json")
    assert done.code == 0, done.err
    whole = json.loads(done.out)
    hd95 = next(mean for mean in whole["means"] if mean["metric"] == "hd95")
    assert hd95["by_region"]["1"] == "inf"
    empty = next(each for each in whole["empty_masks"] if each["situation"] == "reference empty")
    assert empty["dice"] == {"nnunet": 0.0, "l2r": None}
