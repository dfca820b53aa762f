"""Losses against the epoch: thin lines for seeds and folds, a thick one for their mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reproduce.report.drawing import Drawing, Label, Line, Path, Scale, Shape, padded, polyline
from reproduce.results.folders import optional_number

HISTORY_COLUMNS = ("model", "seed", "fold", "epoch", "train_loss", "validation_loss")
WIDTH, HEIGHT = 360.0, 220.0
N_COLOURS = 6  # of style.css; each model has a drawing of its own, so a colour may come again
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, WIDTH - 8, 12.0, HEIGHT - 34
_LINES = (("train_loss", "training"), ("validation_loss", "validation"))

Points = list[tuple[int, float]]


def curves(history: Sequence[dict[str, str]], models: Sequence[str]) -> list[tuple[str, Drawing]]:
    """Return (model, drawing) for each model of a history.csv; all on one axis of epochs.

    Args:
        history: Rows with `HISTORY_COLUMNS`; none gives no drawing.
        models: Models of the table, in the order of the print, which is that of the colours too.
    """
    runs: dict[str, dict[str, dict[tuple[str, str], Points]]] = {}
    for row in history:
        own = runs.setdefault(row["model"], {name: defaultdict(list) for name, _ in _LINES})
        for name, _ in _LINES:
            loss = optional_number(row[name], "history.csv")
            own[name][row["seed"], row["fold"]].append((int(row["epoch"]) + 1, loss))
    last = max((epoch for own in runs.values() for epoch, _ in _all_points(own)), default=1)
    return [(model, _drawing(i, model, runs[model], last)) for i, model in enumerate(models) if model in runs]


def _all_points(own: dict[str, dict[tuple[str, str], Points]]) -> Points:
    return [point for by_fold in own.values() for points in by_fold.values() for point in points]


def _drawing(arm: int, model: str, own: dict[str, dict[tuple[str, str], Points]], last: int) -> Drawing:
    losses = [loss for _, loss in _all_points(own)]
    x = Scale(1, max(last, 2), _LEFT, _RIGHT)
    y = Scale(min(0.0, *losses), max(0.0, padded(losses, 0.05)[1]), _BOTTOM, _TOP)
    shapes: list[Shape] = []
    for tick in y.ticks(4):
        shapes.append(Line(_LEFT, y(tick), _RIGHT, y(tick), "grid"))
        shapes.append(Label(_LEFT - 6, y(tick) + 4, f"{tick:g}", "tick", "end"))
    for tick in x.ticks(6):
        if tick == int(tick):
            shapes.append(Label(x(tick), _BOTTOM + 16, f"{tick:g}", "tick", "middle"))
    shapes.append(Label((_LEFT + _RIGHT) / 2, HEIGHT - 4, "epoch", "tick", "middle"))
    said = []
    for name, words in _LINES:
        for points in own[name].values():
            shapes.append(Path(_d(points, x, y), f"run {words} arm{arm % N_COLOURS}"))
        mean = _mean(list(own[name].values()))
        shapes.append(Path(_d(mean, x, y), f"mean {words} arm{arm % N_COLOURS}"))
        said.append(f"{words} from {mean[0][1]:.3f} to {mean[-1][1]:.3f}")
    title = f"Loss of {model} against the epoch, mean over seeds and folds: {'; '.join(said)}"
    return Drawing(WIDTH, HEIGHT, title, tuple(shapes))


def _d(points: Points, x: Scale, y: Scale) -> str:
    return polyline([(x(epoch), y(loss)) for epoch, loss in points], closed=False)


def _mean(runs: list[Points]) -> Points:
    """Return the mean loss of the runs that reached an epoch."""
    by_epoch: dict[int, list[float]] = defaultdict(list)
    for points in runs:
        for epoch, loss in points:
            by_epoch[epoch].append(loss)
    return [(epoch, sum(losses) / len(losses)) for epoch, losses in sorted(by_epoch.items())]
