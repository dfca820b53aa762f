"""What a run would cost, told before it: parameters, operations, memory, steps, hours and disk, model by model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from reproduce.errors import ProtocolError
from reproduce.tasks.budget import budget_words, require_budget
from reproduce.tasks.task import Context, Task
from reproduce.training.memory import GIB
from reproduce.training.step_cost import StepCost, step_costs

# Share of a card's float32 operations that a training of convolutions reaches: assumed, not measured.
UTILISATION = 0.3
# Share of a card's memory that a step may take by our estimate, which at the worst is about a quarter short of the
# measured peak (benchmarks/results/memory.csv).
FILLED = 0.75
# The forward pass, the gradient of each layer's input and that of its weights cost about the same; two operations each.
_OPERATIONS = 3 * 2


@dataclass(frozen=True)
class Card:
    """A GPU by the maker's figures.

    Attributes:
        name: As it is sold.
        gb: Memory in binary gigabytes.
        teraflops: 10^12 float32 operations a second, without tensor cores; None where it is not said.
    """

    name: str
    gb: float
    teraflops: float | None


CARDS = (
    Card("RTX 3090", 24, 35.6),
    Card("RTX 4090", 24, 82.6),
    Card("V100", 32, 15.7),
    Card("A100", 80, 19.5),
    Card("H100", 80, 66.9),
    Card("T4", 16, 8.1),
)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:GB)?(?:\s+(\d+(?:\.\d+)?)\s*TFLOP/s)?", re.IGNORECASE)


def card_of(text: str) -> Card:
    """Return the card that a text names: one of `CARDS`, "24 GB", or "24 GB 35.6 TFLOP/s".

    Raises:
        ProtocolError: It names none of them.
    """
    for card in CARDS:
        if card.name.lower() == text.lower():
            return card
    match = _SIZE.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        raise ProtocolError(
            expected=f'one of {", ".join(card.name for card in CARDS)}, "24 GB" or "24 GB 35.6 TFLOP/s"',
            got=f"--card {text!r}",
            where="command line",
            do="name the card, or give its memory",
        )
    return Card(f"{match[1]} GB", float(match[1]), float(match[2]) if match[2] else None)


def tell(experiment: Any, task: Task, context: Context, card: Card | None, budget_s: float | None = None) -> None:
    """Print what a run would do; the data are prepared, which a run needs too, and nothing is trained or written.

    Args:
        experiment: The table under its profile.
        task: Its kind.
        context: Folders, source and processes of the run.
        card: Whose memory and speed are asked about; None takes this machine, on which one step of each model is run.
        budget_s: Processor seconds that a fold may take; None where the table promises none.
    """
    if task.prepare is None:
        context.console.print("\n".join(without_plan(experiment, task, context)), soft_wrap=True)
        return
    make_inputs, jobs = task.prepare(experiment, context)
    limit = None if card is None else int(FILLED * card.gb * GIB)
    costs = step_costs(experiment, make_inputs, jobs, limit=limit, timed=card is None)
    context.console.print(table_of(costs, card, context.console))
    context.console.print("\n".join(notes(costs, card, context.workers)), soft_wrap=True)
    if budget_s is not None and card is None:
        context.console.print(f"  budget: {budget_words(costs, budget_s)}", soft_wrap=True)


def hold_to(budget_s: float, experiment: Any, task: Task, context: Context) -> None:
    """Time one step of each model that is still to be trained, say what a fold takes, and refuse more than the budget.

    Raises:
        ProtocolError: A fold would take more; see `budget.require_budget`.
    """
    if task.prepare is None:
        return
    make_inputs, jobs = task.prepare(experiment, context)
    costs = step_costs(experiment, make_inputs, [job for job in jobs if not job.done], limit=None, timed=True)
    if costs:
        context.console.print(f"  budget: {budget_words(costs, budget_s)}", soft_wrap=True)
        require_budget(costs, budget_s)


def without_plan(experiment: Any, task: Task, context: Context) -> list[str]:
    """Return what a table does that is not made of trainings by fold."""
    lines = [f"  a dry run of {task.kind}: nothing is read, trained or written"]
    lines.append(f"  would read: {context.root or 'nothing'} ({context.source})")
    measures = [each.__name__ for each in getattr(experiment, "measures", ())]
    if measures:
        lines.append(f"  would measure: {', '.join(measures)}")
    study: Any = getattr(experiment, "study", None)
    trained: tuple[Any, ...] = (study, getattr(study, "training", None))
    for of in trained:
        if hasattr(of, "entries"):
            lines.append(
                f"  would train: {len(of.entries)} architectures x {len(of.seeds)} seeds, {of.steps} steps each"
            )
        elif hasattr(of, "epochs"):
            lines.append(f"  each network it trains: {of.n_train} images x {of.epochs} epochs, {len(of.seeds)} seeds")
    decided = len(getattr(experiment, "statements", getattr(experiment, "printed", ())))
    lines.append(f"  would decide {decided} printed statements or counts, and write {context.folder}")
    return lines


def table_of(costs: Sequence[StepCost], card: Card | None, console: Console) -> Table:
    """Return one row a model; without a terminal a table without lines."""
    table = Table() if console.is_terminal else Table(box=None, pad_edge=False)
    heads = ("model", "parameters", "10^9 mult-adds a step", "GB of a step", "batch (at a time)")
    for head in (*heads, "steps an epoch", "epochs", "trainings", "hours", "GB of disk"):
        table.add_column(head, justify="left" if head == "model" else "right")
    for each in costs:
        hours = hours_of(each, card)
        table.add_row(
            each.arm,
            f"{each.parameters:,}",
            f"{3 * each.multiply_adds * each.batch_size / 1e9:,.1f}",
            f"{each.memory.peak / GIB:.2f}",
            f"{each.batch_size} ({each.micro_batch})",
            f"{each.steps}",
            f"{each.epochs}",
            f"{each.trainings}",
            "-" if hours is None else f"{hours:.2f}" if hours >= 0.01 else "<0.01",
            f"{(each.data + each.kept) / 1e9:.2f}",
        )
    return table


def hours_of(cost: StepCost, card: Card | None) -> float | None:
    """Return the hours of all trainings of a model, one after another; None where the card's speed is not known."""
    if card is None:
        return None if cost.step_s is None else cost.all_steps * cost.step_s / 3600
    if card.teraflops is None:
        return None
    operations = _OPERATIONS * cost.multiply_adds * cost.batch_size * cost.all_steps
    return operations / (card.teraflops * 1e12 * UTILISATION) / 3600


def notes(costs: Sequence[StepCost], card: Card | None, workers: int) -> list[str]:
    """Return what the table leaves unsaid: where the hours come from, and what micro-batches change."""
    hours = [hours_of(each, card) for each in costs]
    known = [each for each in hours if each is not None]
    lines = ["  dry run: the data are prepared, as a run needs them; nothing is trained, no results are written"]
    if card is None:
        few = [f"{each.arm} {each.timed}" for each in costs if each.timed != each.micro_batch]
        lines.append(
            "  hours: one real step of each model at this size on this machine, the second of two, times the steps of "
            f"all epochs; training alone, validation and prediction come on top; {sum(known):.2f} hours in all, "
            f"{sum(known) / workers:.2f} with {workers} at a time"
        )
        if few:
            lines.append(f"  memory here holds fewer images at a time than the protocol's: timed on {', '.join(few)}")
    elif card.teraflops is None:
        lines.append("  hours: not known of a card without its speed; give --card '24 GB 35.6 TFLOP/s', or a name")
    else:
        lines.append(
            f"  hours: an estimate, {_OPERATIONS} operations a multiply-add of the forward pass at {UTILISATION:.0%} "
            f"(assumed) of the {card.teraflops:g} TFLOP/s that the maker gives for {card.name} in float32; "
            f"{sum(known):.1f} hours in all"
        )
    if any(each.micro_batch < each.batch_size for each in costs):
        lines.append(
            "  fewer images at a time than a batch: gradients are accumulated and the step is that of the whole batch, "
            "but batch normalisation takes mean and variance of the images at a time; run with --micro-batch"
        )
    told = "" if card is None else f", so images at a time fill {FILLED:.0%} of the card at most"
    lines.append(
        f"  GB of a step: estimated from the traced step, not measured{told}; disk: at most, before compression"
    )
    return lines
