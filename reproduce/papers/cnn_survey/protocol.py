"""What the tables of statements of document 001 share: the X-rays, and how the small networks are trained."""

from dataclasses import replace

from reproduce.protocol.reduced import reduced
from reproduce.protocol.section import Call
from reproduce.results.properties import Compared, Custom, Exact, Statement
from reproduce.results.property_results import PropertyTable
from reproduce.tasks.x_rays import Training

SOURCE = "pneumoniamnist"
TRAINING = Training(
    seeds=(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    n_train=512,
    width=8,
    learning_rate=1e-3,
    batch_size=32,
    epochs=8,
    because={
        "seeds": "silent: we use ten, the fewest with which sign flips can be below 0.05 after Holm over some twenty",
        "n_train": "silent: we use 512 X-rays, half of them with pneumonia, few enough to overfit on",
        "width": "silent: we use 8 channels, so that each table takes about a minute",
        "learning_rate": "000 6.2, Adam; 001 names no optimiser",
        "batch_size": "000 6.2; 001 names none",
        "epochs": "silent: we use 8, so that each table takes about a minute",
    },
)


def place(where: str):
    """Builders of statements of one table: `said(row, key, text, by)`."""

    def said(row: str, key: str, text: str, by: Exact | Compared | Custom) -> Statement:
        return Statement(key=key, place=f"001 {where}{row}", text=text, by=by)

    return said


def exact(function, rule: str, **arguments) -> Exact:
    """A calculation with its arguments."""
    return Exact(Call(function, arguments), rule)


def smoke(table: PropertyTable) -> PropertyTable:
    """A table in seconds: three seeds, 32 X-rays, one epoch."""
    training = reduced(table.study.training, "smoke", seeds=(1, 2, 3), n_train=32, epochs=1)
    return replace(table, profile="smoke", study=replace(table.study, training=training))
