"""The processor time that a table promises a fold: held to before any training, by one timed step of each model."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.errors import ProtocolError
from reproduce.training.step_cost import StepCost


def seconds_of_fold(costs: Sequence[StepCost]) -> float:
    """Return the processor seconds that all models train for on one fold, by their timed steps; 0 for no model."""
    return sum(each.steps * each.epochs * (each.step_s or 0.0) for each in costs)


def epochs_within(costs: Sequence[StepCost], budget_s: float) -> int:
    """Return the most epochs that all models together can have each; 0 where not even one fits."""
    one = sum(each.steps * (each.step_s or 0.0) for each in costs)
    return int(budget_s / one) if one else 0


def budget_words(costs: Sequence[StepCost], budget_s: float) -> str:
    """Say what a fold takes of the budget."""
    needed = seconds_of_fold(costs)
    holds = "held" if needed <= budget_s else "not held"
    by = "by one timed step of each model"
    return f"{needed / 60:.0f} processor minutes a fold {by}, budget {budget_s / 60:.0f}: {holds}"


def require_budget(costs: Sequence[StepCost], budget_s: float) -> None:
    """Check that a fold holds its budget.

    Nothing is adapted: epochs that follow from a clock would make the numbers of a table those of a moment.

    Raises:
        ProtocolError: It does not; the text says with how many epochs it would.
    """
    if seconds_of_fold(costs) <= budget_s:
        return
    longest = max(costs, key=lambda each: each.steps * each.epochs * (each.step_s or 0.0))
    n, alone = epochs_within(costs, budget_s), epochs_within([longest], budget_s)
    fitting = [f"--epochs {n}"] if n else []
    fitting += [f'--only "{longest.arm}" --epochs {min(alone, longest.epochs)}'] if alone and len(costs) > 1 else []
    raise ProtocolError(
        expected=f"a fold in {budget_s / 60:.0f} processor minutes",
        got=f"{budget_words(costs, budget_s)}; longest {longest.arm}, {longest.step_s:.2f} s a step",
        where="this processor",
        do=f"give {' or '.join([*fitting, '--over-budget'])}; --dry-run shows every model",
    )
