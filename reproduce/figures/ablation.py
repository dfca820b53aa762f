"""The table and the forest plot of an ablation: what each arm adds, patient by patient, with intervals and tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.errors import ResultsError
from reproduce.figures.style import BLUE, VERMILION, new_figure, source_line, styled
from reproduce.metrics.statistics.bootstrap import bootstrap_interval, mean
from reproduce.provenance import write_text
from reproduce.randomness import seed_words
from reproduce.results.cases import of_region, read_frame, write_frame
from reproduce.results.folders import RunFolder, optional_number
from reproduce.results.number_format import UNDEFINED, interval, number, p_text, signed
from reproduce.results.summary import CONFIDENCE, N_RESAMPLES
from reproduce.results.verdict_words import CONTRADICTED, SUPPORTED, UNDECIDED

RUN = "run"
_FILE = "effects.csv"
_LOOKS = {SUPPORTED: ("o", BLUE, BLUE), CONTRADICTED: ("s", VERMILION, VERMILION), UNDECIDED: ("o", "white", "#555555")}


@dataclass(frozen=True)
class Effect:
    """One arm against another, on the same patients.

    Attributes:
        arm, against: Names as in the results files.
        status: "run", or why the arm was not.
        n: Patients on whom both are defined.
        mean_arm, mean_against: Means over those, shares of 1; nan where the arm was not run.
        difference, ci_low, ci_high: Mean of the paired differences, and its bootstrap over patients, percentile, 95 %.
        p_value, p_holm, verdict: As in statements.csv: corrected over all statements of the table.
    """

    arm: str
    against: str
    status: str
    n: int = 0
    mean_arm: float = math.nan
    mean_against: float = math.nan
    difference: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p_value: float = math.nan
    p_holm: float = math.nan
    verdict: str = ""


def effects(run: RunFolder, absent: Mapping[str, str]) -> list[Effect]:
    """Return what each statement of a run says in numbers, and the arms that are missing.

    Args:
        run: A run whose statements compare arms.
        absent: For each arm that may be missing the reason; those that the protocol has are left out.

    Returns:
        One row a statement in their order, then one a missing arm, which is set against the first arm of the protocol.

    Raises:
        ResultsError: A results file is absent or broken, or does not belong to the protocol.
    """
    plan = run.protocol["protocol"]
    cases = read_frame(run.path / "cases.csv", dtype={"patient": str})
    readings = {reading["cell"]: reading for reading in reversed(plan["readings"])}
    columns = ("better", "worse", "metric", "p_value", "p_holm", "verdict")
    rows = [
        _effect(row, cases, readings[row["metric"]], plan["decision"]["means"], run)
        for row in run.rows("statements.csv", columns)
    ]
    names = [arm["name"] for arm in plan["arms"]]
    missing = {name: reason for name, reason in absent.items() if name not in names}
    return rows + [Effect(name, names[0], why) for name, why in missing.items()]


def _effect(
    row: dict, cases: pd.DataFrame, reading: dict, means: Mapping[str, tuple[str, ...]], run: RunFolder
) -> Effect:
    own = of_region(cases, reading["region"], means)
    own = own[own["level"] == reading["level"]]
    table = own.pivot_table(index="patient", columns="model", values=reading["metric"], aggfunc="mean")
    pair = [row["better"], row["worse"]]
    if lost := sorted(set(pair) - set(own["model"])):
        where, do = run.path / "cases.csv", "run the table's script again"
        raise ResultsError(expected="cases of every arm", got=f"none of {', '.join(lost)}", where=where, do=do)
    both = table.reindex(columns=pair).dropna()
    values = both.to_numpy()
    difference = values[:, 0] - values[:, 1]
    numbers: dict[str, float] = {}
    if len(difference):
        averages = (*values.mean(axis=0), difference.mean())
        numbers = dict(zip(("mean_arm", "mean_against", "difference"), map(float, averages), strict=True))
    if len(difference) > 1:
        seed = seed_words("effect", run.table, *pair, row["metric"])
        ends = bootstrap_interval(
            difference, mean, n_resamples=N_RESAMPLES, confidence=CONFIDENCE, seed=seed, method="percentile"
        )
        numbers |= {"ci_low": ends.low, "ci_high": ends.high}
    numbers |= {key: optional_number(row[key], run.path / "statements.csv") for key in ("p_value", "p_holm")}
    return Effect(row["better"], row["worse"], RUN, len(values), verdict=row["verdict"], **numbers)


def write_effects(run: RunFolder, absent: Mapping[str, str]) -> tuple[Path, Path]:
    """Write effects.csv and effects.md into the folder of a run; see `effects` for the rest."""
    found = effects(run, absent)
    write_frame(pd.DataFrame([asdict(effect) for effect in found]), run.path / _FILE)
    write_text(run.path / "effects.md", effects_page(run, found))
    return run.path / _FILE, run.path / "effects.md"


def effects_page(run: RunFolder, found: Sequence[Effect]) -> str:
    """Return the effects as a page in Markdown."""
    lines = [
        f"# {run.title}: what each arm adds",
        "",
        f"{source_line(run)}. Dice per patient; intervals: bootstrap over patients, 95 %; "
        "p: Wilcoxon, Holm over the table."
        + (" **Nothing here is evidence for or against the document.**" if run.caveats else ""),
        "",
        "| arm | against | patients | means | difference | 95 % interval | p (Wilcoxon) | p (Holm) | verdict |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for e in found:
        fields_ = [e.arm, e.against, *[UNDEFINED] * 6, e.status]
        if e.status == RUN:
            means = f"{number(e.mean_arm, 'ratio')} against {number(e.mean_against, 'ratio')}"
            ends = interval(e.ci_low, e.ci_high, "ratio")
            numbers = [str(e.n), means, signed(e.difference, "ratio"), ends, p_text(e.p_value), p_text(e.p_holm)]
            fields_ = [e.arm, e.against, *numbers, e.verdict]
        lines.append("| " + " | ".join(fields_) + " |")
    return "\n".join(lines) + "\n"


def read_effects(run: RunFolder) -> list[Effect]:
    """Read the effects that `write_effects` wrote.

    Raises:
        ResultsError: The file is absent or broken.
    """
    where = run.path / _FILE
    columns = [field.name for field in fields(Effect)]
    texts = {"arm", "against", "status", "verdict"}
    found = []
    for row in run.rows(_FILE, columns):
        values: dict[str, Any] = {
            key: row[key] if key in texts else optional_number(row[key], where) for key in columns
        }
        found.append(Effect(**values | {"n": int(values["n"])}))
    return found


def draw_effects(found: Mapping[RunFolder, Sequence[Effect]], *, title: str) -> Figure:
    """Draw differences in Dice per patient with their intervals, one panel a run, one line a comparison.

    Filled where the test says supported (round) or contradicted (square), hollow where it is undecided.

    Args:
        found: At least one run, with its effects.
        title: Title of the whole figure.
    """
    pairs = list(dict.fromkeys((e.arm, e.against) for rows in found.values() for e in rows))
    figure = new_figure(3.0 + 2.9 * len(found), 1.6 + 0.26 * len(pairs))
    with styled():
        axes = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
        for axis, (run, rows) in zip(axes, found.items(), strict=True):
            _draw_panel(axis, rows, pairs)
            axis.set_title(f"{run.table}\n{source_line(run)}", fontsize=8)
        axes[0].set_yticks(range(len(pairs)), [f"{arm} – {against}" for arm, against in pairs], fontsize=8)
        axes[0].set_ylim(len(pairs) - 0.5, -0.5)
        for word, (marker, fill, edge) in _LOOKS.items():
            axes[0].plot([], [], marker, color=fill, markeredgecolor=edge, label=word)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
        figure.suptitle(title, fontsize=9)
    return figure


def _draw_panel(axis: Axes, rows: Sequence[Effect], pairs: Sequence[tuple[str, str]]) -> None:
    axis.axvline(0, color="#999999", lw=0.8, zorder=0)
    for e in rows:
        y = pairs.index((e.arm, e.against))
        if e.status != RUN:
            beside = axis.text(0.02, y, e.status, transform=axis.get_yaxis_transform(), va="center", fontsize=7)
            beside.set(style="italic", backgroundcolor="white")
            continue
        marker, fill, edge = _LOOKS[e.verdict]
        if not math.isnan(e.ci_low):
            axis.plot([e.ci_low, e.ci_high], [y, y], color=edge, lw=1.2)
        axis.plot([e.difference], [y], marker, color=fill, markeredgecolor=edge, ms=5)
    of_base = [against == pairs[0][1] for _, against in pairs]
    for above in np.flatnonzero(np.diff(of_base)):
        axis.axhline(above + 0.5, color="#BBBBBB", lw=0.8)
    axis.set_xlabel("difference in Dice")
