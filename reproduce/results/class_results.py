"""The pages of a classification: every metric of images with its interval, printed cells beside ours, paired tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from reproduce.audit.printed import Cell
from reproduce.errors import ProtocolError
from reproduce.metrics.formulas import OF_IMAGES
from reproduce.metrics.ranking import delong_test, roc_auc
from reproduce.metrics.seed_scores import seed_scores
from reproduce.metrics.statistics.paired_tests import holm, permutation
from reproduce.protocol import ClassExperiment, Statement
from reproduce.protocol.text import changes, decisions
from reproduce.randomness import seed_words
from reproduce.results import markdown
from reproduce.results.number_format import interval, number
from reproduce.results.paired_statements import Tested
from reproduce.results.protocol_record import protocol_record
from reproduce.results.spread import NumericalSpread, read_spread
from reproduce.results.summary import CONFIDENCE, N_RESAMPLES, Summary
from reproduce.results.table_markdown import page, share_unit, statements_table, with_spread
from reproduce.results.verdict import Verdict, judge
from reproduce.results.verdict_words import caveats, statement_word, tally
from reproduce.results.writer import write_pages

CASE_COLUMNS = ("model", "seed", "fold", "case", "patient", "reference", "probability", "tp", "fp", "fn", "tn")
LEVEL = "image"


def write_class_results(
    experiment: ClassExperiment,
    paper: ClassExperiment,
    cases: pd.DataFrame,
    costs: pd.DataFrame,
    folder: Path,
    source: str,
    claims: tuple[Sequence[Cell], Sequence[Cell]],
) -> tuple[str, list[Verdict]]:
    """Write every page of a classification from its cases; return its verdict in one line, and those of its cells.

    Args:
        experiment: The experiment as it was run.
        paper: The whole protocol.
        cases: Columns `CASE_COLUMNS`, one row a model, seed, fold and image.
        costs: model, parameters, multiply_adds, activation_bytes.
        folder: `results/<table>/<source>-<profile>`.
        source: Name of the data set.
        claims: Printed cells, and what the text prints of the same.
    """
    cells, texts = claims
    why = caveats(source, experiment.profile, changes(paper, experiment))
    summaries = summarise_images(cases, experiment)
    verdicts = judge(cells, texts, summaries, experiment.readings, comparable=not why)
    tested = _tested(experiment, cases)
    line = f"not comparable: {', '.join(why)}" if why else tally([v.word for v in verdicts]) or "no printed cell"
    numerical = read_spread(folder)
    text = page(
        experiment,
        paper,
        banner=f"Source: **{source}**, {cases['case'].nunique()} images tested. Profile: **{experiment.profile}**. "
        f"Seeds: {cases['seed'].nunique()}. Means over seeds; intervals draw seeds and images. Verdict: {line}.",
        verdicts=verdicts,
        spread=numerical,
        sections={
            "Every metric": _metrics(summaries, verdicts, numerical),
            "Which model is better, tested on these images": statements_table(tested),
            "What a model costs": markdown.table(list(costs.columns), costs.itertuples(index=False)),
        },
        choices=("Every choice", decisions(experiment)),
    )
    record = protocol_record("classification", experiment, paper, source=source)
    write_pages(folder, record, (summaries, verdicts, tested), page=text)
    return line, verdicts


def summarise_images(cases: pd.DataFrame, experiment: ClassExperiment) -> list[Summary]:
    """Return every metric of `formulas.OF_IMAGES` of every model: mean over seeds, bootstrap over seeds and images."""
    region, found = _positive(experiment), []
    for arm in experiment.arms:
        reference, probabilities = _by_seed(cases, arm.name)
        scores = seed_scores(
            reference,
            probabilities,
            n_resamples=N_RESAMPLES,
            confidence=CONFIDENCE,
            seed=seed_words("classification"),  # one name for all, so that all are drawn alike
            threshold=experiment.decision.threshold,
        )
        for metric in OF_IMAGES:
            values, ends = scores[metric.name].values, scores[metric.name].interval
            spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
            key = (arm.name, region, metric.name, LEVEL, "pooled")
            found.append(Summary(*key, len(reference), float(values.mean()), ends.low, ends.high, spread))
    return found


def _positive(experiment: ClassExperiment) -> str:
    return list(experiment.preparation.regions)[1]


def _by_seed(cases: pd.DataFrame, model: str) -> tuple[np.ndarray, np.ndarray]:
    """Return reference bool `[n]` and probabilities `[seed, n]` of a model, images in the order of their names."""
    rows = cases[cases["model"] == model]
    table = rows.pivot_table(index="case", columns="seed", values="probability")
    reference = rows.drop_duplicates("case").set_index("case")["reference"].reindex(table.index)
    return reference.to_numpy() == 1, table.to_numpy().T


def _tested(experiment: ClassExperiment, cases: pd.DataFrame) -> list[Tested]:
    """Test each statement: areas by DeLong on means over seeds, shares of right decisions by sign flips."""
    drawn = [_compare(each, cases, experiment.decision.threshold) for each in experiment.statements]
    adjusted = holm(np.array([p_value for *_, p_value in drawn]))
    return [
        Tested(
            statement=each,
            level=LEVEL,
            better=better,
            worse=worse,
            n=n,
            test=test,
            p_value=p_value,
            p_holm=float(p_holm),
            effect=math.nan,
            p_mcnemar=math.nan,
            word=statement_word(p_holm, better - worse),
        )
        for each, (n, better, worse, test, p_value), p_holm in zip(experiment.statements, drawn, adjusted, strict=True)
    ]


def _compare(statement: Statement, cases: pd.DataFrame, threshold: float) -> tuple[int, float, float, str, float]:
    (reference, better), (_, worse) = (_by_seed(cases, name) for name in (statement.better, statement.worse))
    if statement.metric == "auc":
        means = [probabilities.mean(axis=0) for probabilities in (better, worse)]
        area, other = (float(roc_auc(reference, scores)) for scores in means)
        return len(reference), area, other, "DeLong", float(delong_test(reference, *means).p_value)
    shares = {"accuracy": np.ones_like(reference), "sensitivity": reference, "specificity": ~reference}
    if statement.metric not in shares:
        raise ProtocolError(
            expected="a metric with a paired test of images: auc, accuracy, sensitivity or specificity",
            got=statement.metric,
            where=f"the statement {statement.better} over {statement.worse} ({statement.place})",
            do="state it by one of these metrics, or leave the statement out; the predictions are kept",
        )
    wanted = shares[statement.metric]
    right = [((p > threshold) == reference).mean(axis=0)[wanted] for p in (better, worse)]
    test = permutation(*right, n_resamples=9999, seed=seed_words("statement", statement.better, statement.worse))
    return int(wanted.sum()), float(right[0].mean()), float(right[1].mean()), "sign flips", float(test.p_value)


def _metrics(summaries: Sequence[Summary], verdicts: Sequence[Verdict], numerical: NumericalSpread) -> list[str]:
    models = list(dict.fromkeys(s.model for s in summaries))
    rows: dict[str, list[str]] = {}
    for s in summaries:
        unit = share_unit(s.metric)
        spread = "" if math.isnan(s.seed_sd) else f", seed sd {number(s.seed_sd, unit)}"
        behind = with_spread(f"{interval(s.low, s.high, unit)}{spread}", s, verdicts, numerical)
        rows.setdefault(s.metric, []).append(f"{number(s.value, unit)} ({behind})")
    return markdown.table(("metric", *models), ((name, *values) for name, values in rows.items()))
