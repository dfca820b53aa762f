"""What Tables 1 and 2 of document 000 share."""

import json
from pathlib import Path

import pytest

from reproduce.papers.xue2025 import brats, lidc, protocol
from reproduce.protocol.text import decisions

PROJECT = Path(__file__).parents[3]


def test_statements_say_that_the_optimised_model_is_better_by_each_metric():
    found = protocol.statements("000 7")
    assert [statement.metric for statement in found] == ["accuracy", "sensitivity", "specificity", "dice"]
    assert {(statement.better, statement.worse, statement.place) for statement in found} == {
        ("optimised_cnn", "unoptimised_cnn", "000 7")
    }


def test_slices_are_pooled_and_dice_is_averaged_over_patients():
    found = {
        reading.cell: (reading.level, reading.average, reading.tolerance) for reading in protocol.readings("nodule")
    }
    assert found == {
        "accuracy": ("slice", "pooled", 2.0),
        "sensitivity": ("slice", "pooled", 2.0),
        "specificity": ("slice", "pooled", 2.0),
        "dice": ("pixel", "per_case", 0.02),
    }


@pytest.mark.parametrize("table", [lidc, brats])
def test_choices_are_written_in_the_order_of_the_committed_pages(table):
    cpu = table.PROFILES["cpu"]
    path = PROJECT / "results" / cpu.table / "phantom-cpu" / "protocol.json"
    written = json.loads(path.read_text(encoding="utf-8"))["decisions"]
    assert [(each["field"], each["value"], each["place"]) for each in written] == list(decisions(cpu))
