"""What Tables 1 and 2 of document 000 share, and how an experiment is made smaller."""

import pytest

from reproduce.papers.xue2025 import lidc, protocol
from reproduce.protocol.text import changes


@pytest.fixture(scope="module")
def modules():
    return protocol, lidc


@pytest.fixture(scope="module")
def smaller(modules):
    document, table = modules
    return document.scaled(table.PAPER, "cpu", size=64, width=8, depth=3, batch=2, epochs=5)


def test_scaling_changes_what_it_is_told_and_nothing_else(modules, smaller):
    assert tuple(map(str, changes(modules[1].PAPER, smaller))) == (
        "arms.optimised_cnn.build.arguments.depth: 4 -> 3",
        "arms.optimised_cnn.build.arguments.width: 64 -> 8",
        "arms.unoptimised_cnn.build.arguments.depth: 4 -> 3",
        "arms.unoptimised_cnn.build.arguments.width: 64 -> 8",
        "optimisation.batch_size: 32 -> 2",
        "optimisation.max_epochs: 200 -> 5",
        "optimisation.micro_batch: 32 -> 2",
        "preparation.size: 512 -> 64",
    )
    assert smaller.profile == "cpu"


def test_scaling_takes_other_sections_whole(modules):
    document, table = modules
    validation = document.VALIDATION.changed("smoke: so that a test takes seconds", n_folds=2)
    found = document.scaled(
        table.PAPER, "smoke", size=512, width=64, depth=4, batch=32, epochs=200, validation=validation
    )
    assert list(map(str, changes(table.PAPER, found))) == ["validation.n_folds: 5 -> 2"]


def test_scaling_leaves_the_papers_protocol_alone(modules, smaller):
    assert modules[1].PAPER.optimisation.batch_size == 32
    assert modules[1].PAPER.arms[0].build.arguments["width"] == 64
    assert smaller.arms[0].because["losses"] == modules[1].PAPER.arms[0].because["losses"]


def test_what_is_scaled_says_why_and_what_the_whole_protocol_has(smaller):
    less = "cpu: so that the table takes minutes on two cores; in full: "
    assert smaller.preparation.because["size"] == f"{less}000 6.2"
    assert smaller.optimisation.because["batch_size"] == f"{less}000 6.2"
    assert smaller.optimisation.because["patience"].startswith("000 6.2")
    assert smaller.arms[0].because["build"].startswith(f"{less}silent: ")


def test_statements_say_that_the_optimised_model_is_better_by_each_metric(modules):
    found = modules[0].statements("000 7")
    assert [statement.metric for statement in found] == ["accuracy", "sensitivity", "specificity", "dice"]
    assert {(statement.better, statement.worse, statement.place) for statement in found} == {
        ("optimised_cnn", "unoptimised_cnn", "000 7")
    }


def test_slices_are_pooled_and_dice_is_averaged_over_patients(modules):
    found = {
        reading.cell: (reading.level, reading.average, reading.tolerance) for reading in modules[0].readings("nodule")
    }
    assert found == {
        "accuracy": ("slice", "pooled", 2.0),
        "sensitivity": ("slice", "pooled", 2.0),
        "specificity": ("slice", "pooled", 2.0),
        "dice": ("pixel", "per_case", 0.02),
    }
