"""A folder that nobody may list is one error of ours, whoever looks into it."""

import shutil

import pytest

from reproduce.cohorts import brats, decathlon, lidc, lidc_census, thoracic
from reproduce.cohorts.brats_layouts import BRATS_2017
from reproduce.errors import DataNotFoundError
from reproduce.imaging import find_series, read_series
from reproduce.prediction.inputs import find_inputs
from reproduce.provenance import tree_digest

LOOKS = {
    "lidc": lidc.find_cohort,
    "census": lidc_census.find_reads,
    "thoracic": lambda root: thoracic.find_cohort(root, absent="keep"),
    "brats": lambda root: brats.find_cohort(root, layouts=[BRATS_2017], broken="exclude"),
    "decathlon": lambda root: decathlon.find_cohort(root, task=decathlon.HIPPOCAMPUS, broken="exclude"),
    "find_series": find_series,
    "read_series": read_series,
    "find_inputs": lambda root: find_inputs([root]),
    "digest": lambda root: tree_digest(root, memo=root.parent / "memo.json"),
}


@pytest.mark.parametrize("look", LOOKS)
def test_it_is_refused(look, phantom_root, tmp_path, unlisted):
    root = tmp_path / "root"
    shutil.copytree(phantom_root, root)
    (root / "Doe").mkdir()
    unlisted(root / "Doe")
    with pytest.raises(DataNotFoundError, match="a folder that can be listed"):
        LOOKS[look](root)
