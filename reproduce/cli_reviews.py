"""Subcommands on what others hand in: score, check-split; each imports what it needs when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

Format = Literal["text", "json", "md"]


def score(
    predictions: tyro.conf.Positional[Path],
    references: tyro.conf.Positional[Path],
    conventions: Annotated[tuple[str, ...], tyro.conf.arg(name="as")] = (),
    regions: str = "labels",
    format: Format = "text",
    output: Path | None = None,
    names: bool = False,
) -> int:
    """Score masks as BraTS, nnU-Net, MONAI, TransUNet and others do, side by side: why their Dice is not yours.

    Masks are NIfTI or DICOM SEG, paired by the names of their files. Exit code 0; 1 where a case could not be scored,
    which is named and in no mean; 2 where nothing could be.

    Args:
        predictions: A folder, or one file.
        references: A folder, or one file.
        conventions: Conventions by name, as brats nnunet monai; see docs/score.md. Left out: all.
        regions: "labels" for each label by itself; brats2017 (1 NCR, 2 ED, 4 ET), brats2023 (1 NCR, 2 ED, 3 ET) or
            brats-nnunet (1 ED, 2 NCR, 3 ET) for WT, TC, ET beside NCR, ED, ET; or your own as "kidney=1,2;tumour=2".
        format: Text for a terminal, JSON with every number, or Markdown.
        output: A CSV to write, with a row for each case, region and convention.
        names: Show names of files as they are. Left out: stand-ins for what is not public.
    """
    from reproduce.patient_ids import hidden_below
    from reproduce.provenance import write_text
    from reproduce.results.terminal import terminal_width
    from reproduce.scoring.conventions import conventions_named
    from reproduce.scoring.render import cases_csv, scored_json, scored_markdown, scored_text
    from reproduce.scoring.score import score as score_all
    from reproduce.scoring.shown import Shown

    chosen = conventions_named(conventions)
    with hidden_below(*(() if names else (predictions, references))):
        scored = score_all(predictions, references, conventions=chosen, regions=regions)
    shown = Shown(predictions, references, names)
    if output is not None:
        write_text(output, cases_csv(scored, shown))
    texts = {
        "json": scored_json,
        "md": scored_markdown,
        "text": lambda scored, shown: scored_text(scored, shown, width=terminal_width()),
    }
    sys.stdout.write(texts[format](scored, shown))
    return 1 if scored.faults else 0
