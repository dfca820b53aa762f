from pathlib import Path

import pytest

from reproduce.errors import ResultsError
from reproduce.protocol.text import changes, plain
from reproduce.results.folders import RunFolder
from reproduce.results.protocol_words import both_words, label, paper_protocol, words_of

SPACE = "\N{NO-BREAK SPACE}"


def folder(protocol, *changed):
    changes = tuple(dict(zip(("field", "paper", "here"), each, strict=True)) for each in changed)
    about = ("segmentation", "000", "phantom", "cpu")
    return RunFolder(Path("results/table9/phantom-cpu"), *about, changes, {"protocol": protocol})


def test_undoing_what_a_profile_changes_gives_the_document_s_own(make_run):
    run = make_run("phantom", 96)
    changed = changes(run.paper, run.experiment)
    assert [str(change) for change in changed] == ["preparation.size: 512 -> 96"]
    paper = paper_protocol(folder(plain(run.experiment), *((c.field, c.paper, c.here) for c in changed)))
    assert paper == plain(run.paper) | {"profile": "cpu"}


def test_changes_reach_into_lists_by_name_and_by_number_and_leave_the_run_alone():
    protocol = {"arms": [{"name": "a", "width": 8}, {"name": "b", "width": 8}], "readings": [{"x": 1}, {"x": 2}]}
    paper = paper_protocol(folder(protocol, ("arms.b.width", 64, 8), ("readings.1.x", [3, 4], 2)))
    assert paper["arms"] == [{"name": "a", "width": 8}, {"name": "b", "width": 64}]
    assert paper["readings"] == [{"x": 1}, {"x": [3, 4]}]
    assert protocol["arms"][1]["width"] == 8


def test_part_that_the_run_left_out_comes_back_and_one_that_it_added_goes():
    protocol = {"augmentation": None, "decay": {"power": 0.9}}
    paper = paper_protocol(folder(protocol, ("augmentation.flip", True, None), ("decay.power", None, 0.9)))
    assert paper == {"augmentation": {"flip": True}, "decay": {"power": None}}
    assert words_of(paper["decay"]) == "none"


@pytest.mark.parametrize(
    "change",
    [("arms.c.width", 64, 8), ("arms.7.width", 1, 2), ("size.x", 1, 2)],
)
def test_change_that_does_not_fit_is_an_error_that_shows_it(change):
    protocol = {"size": 96, "arms": [{"name": "a"}]}
    with pytest.raises(ResultsError) as caught:
        paper_protocol(folder(protocol, change))
    assert change[0] in caught.value.got
    assert caught.value.where.endswith("protocol.json")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "yes"),
        (False, "no"),
        (32, "32"),
        (0.001, "0.001"),
        (1.0, "1"),
        ("float32", "float32"),
        ([1, 2, 3], "(1, 2, 3)"),
        ([], ""),
        ({}, "none"),
        ({"nodule": []}, "nodule"),
        ({"WT": [1, 2, 4], "ET": [4]}, "WT (1, 2, 4), ET (4)"),
        ({"low_hu": -1000.0, "because": {"low_hu": "silent"}}, "low hu -1000"),
        ([{"name": "BraTS 2017", "x": 1}, {"name": "Task01"}], "BraTS 2017, Task01"),
        ({"function": "Focal", "arguments": {"gamma": 2.0}}, "Focal(gamma 2)"),
        ({"function": "BinaryCrossEntropy", "arguments": {}}, "BinaryCrossEntropy"),
        ({"function": "unet", "arguments": {"width": 64}}, "unet(width 64)"),
        ({"function": "prepare_brats", "arguments": {}}, "prepare_brats"),
    ],
)
def test_words(value, text):
    assert words_of(value) == text


def test_what_a_run_had_instead_stands_in_brackets_where_it_differs():
    assert both_words(512, 96, "cpu") == f"512 [cpu:{SPACE}96]"
    assert both_words(512, 512, "cpu") == "512"
    call = {"function": "unet", "arguments": {"width": 64, "depth": 4}}
    small = {"function": "unet", "arguments": {"width": 8, "depth": 4}}
    assert both_words(call, small, "cpu") == f"unet(width 64 [cpu:{SPACE}8], depth 4)"
    other = {"function": "segnet", "arguments": {"width": 8, "depth": 4}}
    both = both_words(call, other, "smoke")
    assert "unet" in both
    assert "segnet" in both
    assert both_words({"flip": True}, None, "cpu") == f"flip yes [cpu:{SPACE}none]"


def test_label_sets_words_apart():
    assert label("learning_rate") == "learning rate"
