"""A dry run: what it prints and reckons; that it writes no results stands beside the command in tests/test_run.py."""

import io

import pytest
from rich.console import Console

from reproduce.errors import ProtocolError
from reproduce.tasks.budget import epochs_within, require_budget, seconds_of_fold
from reproduce.tasks.dry_run import card_of, hours_of, notes, table_of
from reproduce.training.memory import StepMemory
from reproduce.training.step_cost import StepCost

GIB = 2**30


def cost_of(name, *, step_s=0.5, epochs=10, micro_batch=4):
    return StepCost(
        arm=name,
        parameters=1000,
        multiply_adds=10**9,
        batch_size=4,
        micro_batch=micro_batch,
        memory=StepMemory(0, 0, GIB, 0),
        step_s=step_s,
        timed=4,
        steps=20,
        epochs=epochs,
        trainings=5,
        data=10**9,
        kept=10**9,
    )


def test_a_card_is_a_name_or_a_size():
    assert card_of("rtx 3090").teraflops == 35.6
    assert (card_of("24 GB").gb, card_of("24GB").teraflops) == (24, None)
    assert card_of("48 GB 91.1 TFLOP/s").teraflops == 91.1
    for wrong in ("big one", "0 GB"):
        with pytest.raises(ProtocolError, match="RTX 3090"):
            card_of(wrong)


def test_hours_by_hand():
    """20 steps x 10 epochs x 5 trainings x 0.5 s are 500 s; 24 x 10^9 x 1000 operations at 0.3 TFLOP/s are 80 s."""
    assert hours_of(cost_of("a"), None) == pytest.approx(500 / 3600)
    assert hours_of(cost_of("a"), card_of("24 GB 1 TFLOP/s")) == pytest.approx(80 / 3600)
    assert hours_of(cost_of("a"), card_of("24 GB")) is None


def test_without_a_terminal_the_table_has_no_lines():
    console = Console(file=io.StringIO(), width=160)
    console.print(table_of([cost_of("a model")], None, console))
    text = console.file.getvalue()
    row = text.splitlines()[-1].split()
    assert row == ["a", "model", "1,000", "12.0", "1.00", "4", "(4)", "20", "10", "5", "0.14", "2.00"]
    assert text.isascii()


def test_notes_say_where_the_hours_come_from():
    assert "one real step" in " ".join(notes([cost_of("a")], None, 2))
    told = " ".join(notes([cost_of("a", step_s=None, micro_batch=2)], card_of("RTX 3090"), 2))
    assert "30% (assumed) of the 35.6 TFLOP/s" in told
    assert "batch normalisation takes mean and variance of the images at a time" in told
    assert "images at a time fill 75% of the card at most" in told


def test_a_budget_is_held_or_refused_with_the_epochs_that_fit():
    """20 steps x 0.5 s are 10 s an epoch of each: 110 s for 10 and 1 epochs; 60 s hold 3 epochs of both, 6 of one."""
    costs = [cost_of("long"), cost_of("short", epochs=1)]
    assert seconds_of_fold(costs) == 110
    assert epochs_within(costs, 60) == 3
    require_budget(costs, 110)
    with pytest.raises(
        ProtocolError, match=r'longest long.*0.50 s a step(?s:.*)--epochs 3 or --only "long" --epochs 6'
    ):
        require_budget(costs, 60)
    with pytest.raises(ProtocolError, match="do:    give --over-budget"):
        require_budget([cost_of("long", step_s=100.0)], 60)
