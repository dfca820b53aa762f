"""How a table is made smaller for a profile."""

from dataclasses import replace

import pytest

from reproduce.papers.profiles import scaled
from reproduce.papers.xue2025.lidc import PAPER
from reproduce.protocol.text import changes


@pytest.fixture(scope="module")
def smaller():
    small = {"width": 8, "depth": 3}
    own = {"optimised_cnn": {"depth": 2}}
    less = {"batch_size": 2, "micro_batch": 2, "max_epochs": 5}
    return scaled(PAPER, "cpu", size=64, arguments=small, own=own, validation={}, **less)


def test_scaling_changes_what_it_is_told_and_nothing_else(smaller):
    assert tuple(map(str, changes(PAPER, smaller))) == (
        "arms.optimised_cnn.build.arguments.depth: 4 -> 2",
        "arms.optimised_cnn.build.arguments.width: 64 -> 8",
        "arms.unoptimised_cnn.build.arguments.depth: 4 -> 3",
        "arms.unoptimised_cnn.build.arguments.width: 64 -> 8",
        "optimisation.batch_size: 32 -> 2",
        "optimisation.max_epochs: 200 -> 5",
        "optimisation.micro_batch: 32 -> 2",
        "preparation.size: 512 -> 64",
    )
    assert smaller.profile == "cpu"


def test_scaling_changes_the_division_and_the_phantom_too():
    phantom = replace(PAPER.phantom, arguments={**PAPER.phantom.arguments, "n_patients": 4})
    found = scaled(PAPER, "smoke", size=512, arguments={}, validation={"n_folds": 2}, phantom=phantom)
    assert list(map(str, changes(PAPER, found))) == [
        "phantom.arguments.n_patients: 16 -> 4",
        "validation.n_folds: 5 -> 2",
    ]


def test_scaling_leaves_the_papers_protocol_alone(smaller):
    assert PAPER.optimisation.batch_size == 32
    assert PAPER.arms[0].build.arguments["width"] == 64
    assert smaller.arms[0].because["losses"] == PAPER.arms[0].because["losses"]


def test_what_is_scaled_says_why_and_what_the_whole_protocol_has(smaller):
    less = "cpu: so that the table takes minutes on two cores; in full: "
    assert smaller.preparation.because["size"] == f"{less}000 6.2"
    assert smaller.optimisation.because["batch_size"] == f"{less}000 6.2"
    assert smaller.optimisation.because["patience"].startswith("000 6.2")
    assert smaller.arms[0].because["build"].startswith(f"{less}silent: ")


def test_a_field_with_a_reason_of_its_own_has_that_one_and_the_others_the_profile_s():
    found = scaled(
        PAPER, "cpu", size=96, arguments={"width": 8}, validation={"n_folds": 2}, why={"n_folds": "we say so"}
    )
    assert found.validation.because["n_folds"] == "cpu: we say so; in full: 000 6.2"
    assert found.preparation.because["size"] == "cpu: so that the table takes minutes on two cores; in full: 000 6.2"
    assert found.validation.because["seeds"] == PAPER.validation.because["seeds"]
