import pytest

from reproduce.errors import ResultsError
from reproduce.report.curves import WIDTH, curves


def row(fold, epoch, training, validation, model="m"):
    numbers = {"train_loss": str(training), "validation_loss": str(validation)}
    return {"model": model, "seed": "1", "fold": str(fold), "epoch": str(epoch), **numbers}


HISTORY = [row(0, 0, 1.0, 2.0), row(0, 1, 0.5, 1.0), row(1, 0, 0.6, 1.0)]


def test_a_line_for_each_fold_and_one_for_the_mean():
    ((model, drawing),) = curves(HISTORY, ["m"])
    paths = [shape.css for shape in drawing.shapes if shape.kind == "path"]
    assert model == "m"
    of_line = ["run {} arm0", "run {} arm0", "mean {} arm0"]
    assert paths == [css.format(line) for line in ("training", "validation") for css in of_line]


def test_mean_is_of_the_folds_that_reached_an_epoch():
    ((_, drawing),) = curves(HISTORY, ["m"])
    # Epoch 1: (1.0 + 0.6) / 2 and (2.0 + 1.0) / 2; epoch 2: fold 0 alone.
    assert drawing.title.endswith("training from 0.800 to 0.500; validation from 1.500 to 1.000")


def test_epochs_count_from_one_and_fill_the_axis():
    ((_, drawing),) = curves(HISTORY, ["m"])
    (mean,) = [shape for shape in drawing.shapes if shape.css == "mean training arm0"]
    places = [float(place.split()[0]) for place in mean.d.strip("M").split("L")]
    assert places == [44, WIDTH - 8]
    assert {"1", "2"} <= {shape.text for shape in drawing.shapes if shape.css == "tick"}


def test_models_come_in_the_order_of_the_print_with_their_own_colour():
    drawn = curves([row(0, 0, 1, 1, "b"), row(0, 0, 1, 1, "a")], ["a", "b", "c"])
    assert [model for model, _ in drawn] == ["a", "b"]
    assert any(shape.css == "mean training arm1" for shape in drawn[1][1].shapes)


def test_negative_losses_are_drawn_too():
    ((_, drawing),) = curves([row(0, 0, -1.0, -0.5), row(0, 1, -2.0, -1.0)], ["m"])
    ticks = [shape.text for shape in drawing.shapes if shape.css == "tick"]
    assert {"-2", "0"} <= set(ticks)


def test_no_history_no_curves():
    assert curves([], ["m"]) == []


def test_loss_that_is_no_number():
    with pytest.raises(ResultsError, match="got 'high'"):
        curves([row(0, 0, "high", 1)], ["m"])
