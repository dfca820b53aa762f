"""The results files of the comparison of architectures, and the page that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from reproduce.protocol.text import decisions
from reproduce.provenance import write_json, write_text
from reproduce.results import markdown
from reproduce.results.cases import read_frame
from reproduce.results.property_results import PropertyTable
from reproduce.results.protocol_record import protocol_record

_HEAD = (
    "architecture",
    "year",
    "pixels",
    "other than at full size",
    "parameters, printed",
    "trainable, full size",
    "trainable, here",
    "multiply-adds, here",
    "MiB of activations",
    "test accuracy [95 %]",
    "of each seed",
    "AUROC [95 %]",
)


def write_architecture_page(
    folder: Path, table: PropertyTable, whole: PropertyTable, *, names: Mapping[str, str]
) -> int:
    """Write `protocol.json` and `table.md` from the CSVs of a comparison, and return the number of architectures.

    Args:
        folder: `results/<table>/<source>-<profile>` with architectures.csv, trainings.csv and probabilities.csv.
        table: What was asked.
        whole: The same table under the profile that the others are made from.
        names: What stands as the value of a choice whose own value fills a file, by its field.
    """
    read = {"keep_default_na": False}
    architectures = read_frame(folder / "architectures.csv", dtype={"printed": str, "changed": str}, **read)
    trainings = read_frame(folder / "trainings.csv", **read)
    n_test = len(read_frame(folder / "probabilities.csv", usecols=["image"]))
    chosen = [(field, names.get(field, value), place) for field, value, place in decisions(table)]
    record = protocol_record("comparison", table, whole, source=table.source, chosen=chosen)
    write_json(folder / "protocol.json", record)
    write_text(folder / "table.md", _page(table, architectures, trainings, chosen, n_test=n_test))
    return len(architectures)


def _page(
    table: PropertyTable,
    architectures: pd.DataFrame,
    trainings: pd.DataFrame,
    chosen: Sequence[tuple[str, str, str]],
    *,
    n_test: int,
) -> str:
    accuracies = trainings[trainings["quantity"] == "test_accuracy"].groupby("condition")["value"]
    first = architectures.iloc[0]
    lines = [
        f"# {table.title}",
        "",
        f"Each looked at the same {first['images_seen']:,} X-rays to train ({table.source}, {table.profile} profile; "
        f"those that come again counted), from random weights, under {first['seeds']} seeds; tested on {n_test}. The "
        "X-rays have 28x28 pixels and are resized to what each network needs, which adds no detail: what is large, or "
        "needs large images, cannot show here what it is made for, and no row is evidence against its paper.",
        "",
        "Where networks are made smaller, the fourth column says how. Parameters at full size are those of a model of "
        "this package with three channels and 1000 classes (LeNet-5 and DRSN: one and ten), in the form that the "
        "brackets name; those printed stand before them. Intervals draw both seeds and X-rays. Milliseconds and CPU "
        "seconds, which differ from run to run, stand in provenance.json.",
        "",
    ]
    rows = (_fields(row, accuracies.get_group(row["architecture"])) for _, row in architectures.iterrows())
    choices = ((field, f"`{value}`", place) for field, value, place in chosen)
    lines += markdown.table(_HEAD, rows)
    lines += ["", "## Choices", "", *markdown.table(("what", "value", "where from"), choices)]
    return "\n".join([*lines, ""])


def _fields(row: pd.Series, accuracies: pd.Series) -> tuple[str, ...]:
    return (
        row["architecture"],
        str(row["year"]),
        f"{row['pixels']} ({row['paper_pixels']} there)",
        row["changed"],
        row["printed"],
        f"{row['paper_trainable']:,} ({row['counted_as']})",
        f"{row['trainable']:,}",
        f"{row['multiply_adds']:,}",
        f"{row['activation_bytes'] / 2**20:.2f}",
        _with_interval(row, "accuracy"),
        ", ".join(f"{value:.3f}" for value in accuracies),
        _with_interval(row, "auroc"),
    )


def _with_interval(row: pd.Series, name: str) -> str:
    return f"{row[name]:.3f} [{row[f'{name}_low']:.3f}, {row[f'{name}_high']:.3f}]"
