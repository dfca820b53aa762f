"""dataset.json as it comes: byte order marks, the words of nnU-Net 2, and damage."""

import json

import pytest

from reproduce.cohorts.decathlon_listing import read_listing
from reproduce.errors import AnnotationFormatError

PAIR = {"image": "./imagesTr/a_1.nii.gz", "label": "./labelsTr/a_1.nii.gz"}
LABELS = {"0": "background", "1": "anterior"}


def written(folder, text):
    (folder / "dataset.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_listing(folder, do="name another folder")


def content(**changes):
    whole = {"modality": {"0": "MRI"}, "labels": LABELS, "training": [PAIR], "numTraining": 1} | changes
    return json.dumps({key: value for key, value in whole.items() if value is not None})


def test_a_byte_order_mark_does_not_count(tmp_path):
    assert written(tmp_path, b"\xef\xbb\xbf" + content().encode()) == written(tmp_path, content())


def test_labels_and_channels_of_nnu_net_2_are_read(tmp_path):
    of_nnu_net = content(modality=None, channel_names={"0": "MRI"}, labels={"background": 0, "anterior": 1})
    assert written(tmp_path, of_nnu_net) == written(tmp_path, content())
    assert written(tmp_path, content(labels={"background": "0", "anterior": "1"})).labels == (
        (0, "background"),
        (1, "anterior"),
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"labels": {"background": 0, "whole": [1, 2]}}, r"\[1, 2\] instead of a whole number"),
        ({"labels": {"background": 0, "anterior": True}}, "True instead of a whole number"),
        ({"labels": {"0": "background", "one": "anterior"}}, "'background' instead of a whole number"),
        ({"labels": {"0": "background", "99999999999": "anterior"}}, "no different numbers from 0 to 65535"),
        ({"labels": {"0": "background", "1": "\ud800"}}, "UnicodeEncodeError"),
        ({"training": None}, "no list of training cases, as of nnU-Net 2"),
        ({"training": [PAIR | {"image": "a\0b"}]}, "can be no path"),
        ({"training": [PAIR | {"image": "a" * 300}]}, "can be no path"),
        ({"numTraining": float("inf")}, "inf instead of a whole number"),
        ({"numTraining": float("nan")}, "nan instead of a whole number"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path, changes, text):
    with pytest.raises(AnnotationFormatError, match=text):
        written(tmp_path, content(**changes))


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("[" * 100_000, "RecursionError"),
        (content().replace('"numTraining": 1', '"numTraining": ' + "1" * 5000), "Exceeds the limit"),
        (content().replace('"1": "anterior"', '"0": "anterior"'), r"a name twice in \['0', '0'\]"),
        (b"\xff\xfe", "UnicodeDecodeError"),
    ],
)
def test_damage_is_one_error_with_the_file(tmp_path, text, got):
    with pytest.raises(AnnotationFormatError, match=got) as error:
        written(tmp_path, text)
    assert error.value.where.endswith("dataset.json")
