"""What Tables 1 and 2 of document 000 share."""

from reproduce.papers.xue2025 import protocol


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
