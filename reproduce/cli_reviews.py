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


def check_split(
    split: tyro.conf.Positional[Path],
    images: Path | None = None,
    patient: str | None = None,
    expected: str = "",
    format: Format = "text",
    names: bool = False,
) -> int:
    """Check a split of others: patients, studies and images on two sides, and the size of each side.

    Read are JSON of nnU-Net, of lists by side and of MONAI, CSV with a column of sides or folds, text lists and folders
    named train, val and test: docs/check_split.md. Exit code 0 for a clean split; 1 for a leak, or a side of another
    size than expected; 2 where the split or an image cannot be read.

    Args:
        split: The file, or the folder.
        images: Folder of the images, to find those that are the same or look alike under other names.
        patient: Regular expression whose group (?P<patient>...), or first group, is the patient. Left out: a column,
            the forms of public data sets, or the entry itself.
        expected: What a paper says, as train=200,val=50,test=10: entries or patients.
        format: Text for a terminal, JSON with every leak, or Markdown.
        names: Show names of patients and files as they are. Left out: stand-ins for what is not public.
    """
    from reproduce.leakage.check import check_split as check
    from reproduce.leakage.check import expected_counts
    from reproduce.leakage.identities import compiled_pattern
    from reproduce.leakage.render import Shown, report_json, report_markdown, report_text
    from reproduce.patient_ids import hidden_below
    from reproduce.results.terminal import terminal_width

    pattern = None if patient is None else compiled_pattern(patient)
    typed = (split,) if images is None else (split, images)
    with hidden_below(*(() if names else typed)):
        report = check(split, images=images, pattern=pattern, expected=expected_counts(expected))
    shown = Shown(split, images, names)
    texts = {
        "json": report_json,
        "md": report_markdown,
        "text": lambda report, shown: report_text(report, shown, width=terminal_width()),
    }
    sys.stdout.write(texts[format](report, shown))
    return report.exit_code
