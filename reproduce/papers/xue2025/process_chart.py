"""The process of one arm as a flow chart, every word of a box a name or a value of the protocols that were run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from reproduce.errors import ResultsError
from reproduce.figures.flow_chart import Box, Loop, draw_flow_chart
from reproduce.results.folders import RunFolder
from reproduce.results.protocol_words import NO_BREAK, NONE, both_words, label, paper_protocol, words_of
from reproduce.results.verdict_words import PHANTOM

Pick = Callable[[dict], Any]
NOT_RUN = "not run"
_AGAIN = "run the table's script again"
_READ_AS = ("region", "level", "average")
_ARM_STEPS = {"augmentation": "Augmentation", "build": "Model", "losses": "Losses"}
_SHARED_AFTER = {"optimisation": "Optimisation", "decision": "Decision"}


@dataclass(frozen=True, eq=False)
class Planned:
    """The protocol of one table, as printed and as run.

    Attributes:
        data: Name of the data set in the document.
        run: The run that is shown.
        paper: Protocol with the values of the document's own profile.
    """

    data: str
    run: RunFolder
    paper: dict

    @property
    def as_run(self) -> dict:
        """Return the protocol as it was run."""
        return self.run.protocol["protocol"]

    def text(self, pick: Pick) -> str:
        """Return a part of the protocol as text: the document's value, in brackets what the run had instead."""
        return both_words(pick(self.paper), pick(self.as_run), self.run.profile)


def planned(data: str, run: RunFolder) -> Planned:
    """Return a run with the document's own protocol, which follows from what it says it changed.

    Raises:
        ResultsError: protocol.json holds no protocol, or a change that does not fit it.
    """
    if not isinstance(run.protocol.get("protocol"), dict):
        where = run.path / "protocol.json"
        raise ResultsError(expected="a protocol", got="none", where=where, do=_AGAIN)
    return Planned(data, run, paper_protocol(run))


def draw_process(
    tables: Sequence[Planned], *, arm: str, beside: str | None, title: str, absent: Sequence[str]
) -> Figure:
    """Draw the process of one arm from scans to metrics.

    Args:
        tables: Those of the document that have been run; not empty.
        arm: Name of the arm.
        beside: Another arm; steps in which this one differs from it stand out. None marks nothing.
        title: Above the chart.
        absent: Data sets of the document without a run; their box says so.

    Raises:
        ResultsError: A protocol has no such arm.
    """
    data = [_data_box(each, several=len(tables) + len(absent) > 1) for each in tables]
    steps = [_shared("validation", "Division of patients", tables), *_arm_boxes(tables, arm, beside)]
    steps += [_shared(section, heading, tables) for section, heading in _SHARED_AFTER.items()]
    rows = [[*data, *(Box(name, (NOT_RUN,), (), marked=False) for name in absent)], *([box] for box in steps)]
    rows.append([_readings_box(tables)])
    titles = [row[0].title for row in rows]
    epoch = Loop(titles.index("Optimisation"), titles.index("Augmentation"), "next epoch")
    return draw_flow_chart(rows, title=title, footer=_footer(tables, beside), loop=epoch)


def _data_box(each: Planned, *, several: bool) -> Box:
    fields = [key for key in each.as_run["preparation"] if key != "because"]
    lines = [_line([each], _field(_section("preparation"), key), label(key)) for key in fields]
    notes = _notes(each.as_run["preparation"]["because"])
    return Box(
        each.data, tuple(lines), tuple(f"{each.data}, {note}" if several else note for note in notes), marked=False
    )


def _shared(section: str, heading: str, tables: Sequence[Planned]) -> Box:
    first = tables[0].as_run[section]
    lines = [_line(tables, _field(_section(section), key), label(key)) for key in first if key != "because"]
    return Box(heading, tuple(lines), tuple(_notes(first["because"])), marked=False)


def _arm_boxes(tables: Sequence[Planned], arm: str, beside: str | None) -> list[Box]:
    boxes, of_arm = [], partial(_arm, name=arm)
    for key, heading in _ARM_STEPS.items():
        own = _arm(tables[0].as_run, arm)[key]
        notes = _notes({key: _arm(tables[0].as_run, arm)["because"][key]})
        if key == "build" or own is None:
            lines = [_line(tables, _field(of_arm, key), "")]
        else:
            parts, step = [part for part in own if part != "because"], _field(of_arm, key)
            lines = [_line(tables, _field(step, part), label(part)) for part in parts]
            notes += _notes(own.get("because", {}))
        marked = beside is not None and any(_arm(t.paper, arm)[key] != _arm(t.paper, beside)[key] for t in tables)
        boxes.append(Box(heading, tuple(lines), tuple(notes), marked=marked))
    return boxes


def _readings_box(tables: Sequence[Planned]) -> Box:
    places = {
        key: place
        for each in tables
        for reading in each.as_run["readings"]
        for key, place in reading["because"].items()
    }
    lines = []
    for metric in dict.fromkeys(reading["metric"] for each in tables for reading in each.as_run["readings"]):
        of_metric = partial(_reading, metric=metric)
        parts = [_line(tables, _field(of_metric, key), "") for key in _READ_AS]
        tolerance = _line(tables, _field(of_metric, "tolerance"), "tolerance")
        lines.append(f"{metric}: {', '.join([part for part in parts if part != NONE] + [tolerance])}".replace("_", " "))
    return Box("Metrics", tuple(lines), tuple(_notes(places)), marked=False)


def _reading(protocol: dict, metric: str) -> dict:
    return next((reading for reading in protocol["readings"] if reading["metric"] == metric), {})


def _footer(tables: Sequence[Planned], beside: str | None) -> list[str]:
    names = " and ".join(each.run.name for each in tables)
    lines = [f"Values are those of the document's own profile (paper), from protocol.json of {names}."]
    for each in tables:
        if each.run.caveats:
            made = f", written by {words_of(each.as_run['phantom'])}" if each.run.source == PHANTOM else ""
            source, profile = each.run.source.upper(), each.run.profile
            lines.append(
                f"Run for {each.data}: {source}{made}, {profile} profile; [{profile}:{NO_BREAK}...] is its own value."
            )
    lines.append('Beside a box: the section of document 000 that prints a value, or "silent" and our reason; where the')
    lines.append('run has another value its reason, and "in full" what the document\'s own profile has it from.')
    if beside is not None:
        lines.append(f"Blue boxes with a thick edge differ from {label(beside)}.")
    return lines


def _section(name: str) -> Pick:
    """Return what picks a section of a protocol."""
    return lambda protocol: protocol[name]


def _field(pick: Pick, key: str) -> Pick:
    """Return what picks a field of a part of a protocol; None where there is no such part or field."""
    return lambda protocol: (pick(protocol) or {}).get(key)


def _line(tables: Sequence[Planned], pick: Pick, label: str) -> str:
    texts = {each.data: each.text(pick) for each in tables}
    text = next(iter(texts.values()))
    if len(set(texts.values())) > 1:
        text = " / ".join(f"{data} {own}" for data, own in texts.items())
    return f"{label}: {text}" if label else text


def _notes(because: Mapping[str, str]) -> list[str]:
    by_place: dict[str, list[str]] = {}
    for key, place in because.items():
        by_place.setdefault(place, []).append(label(key))
    return [f"{', '.join(keys)}: {place}" for place, keys in by_place.items()]


def _arm(protocol: dict, name: str) -> dict:
    for arm in protocol["arms"]:
        if arm["name"] == name:
            return arm
    names = ", ".join(arm["name"] for arm in protocol["arms"])
    raise ResultsError(expected=f"an arm {name}", got=names, where=protocol["table"], do=_AGAIN)
