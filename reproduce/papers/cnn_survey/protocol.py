"""What the tables of statements of document 001 share: the X-rays, and how the small networks are trained."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from reproduce.protocol.reduced import reduced
from reproduce.protocol.section import Call, Section
from reproduce.results.properties import Compared, Custom, Exact, Finding, Statement
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


@dataclass(frozen=True)
class Study(Section):
    """What a table of statements is measured by.

    Attributes:
        training: How each network is trained.
    """

    training: Training


OfStudy = TypeVar("OfStudy", bound=Study)


def place(where: str) -> Callable[[str, str, str, Exact | Compared | Custom], Statement]:
    """Return the builder of statements of one table: `said(row, key, text, by)`."""

    def said(row: str, key: str, text: str, by: Exact | Compared | Custom) -> Statement:
        return Statement(key=key, place=f"001 {where}{row}", text=text, by=by)

    return said


def exact(function: Callable[..., Finding], rule: str, **arguments: Any) -> Exact:
    """Return a calculation with its arguments."""
    return Exact(Call(function, arguments), rule)


def smoke(study: OfStudy) -> OfStudy:
    """Return a study in seconds: three seeds, 32 X-rays, one epoch."""
    return replace(study, training=reduced(study.training, "smoke", seeds=(1, 2, 3), n_train=32, epochs=1))
