"""Subcommands that check our own tables: verify, spread, stale."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import tyro


def verify(
    table: tyro.conf.Positional[str],
    data_root: Path | None = None,
    cache: Path | None = None,
    results: Path = Path("results"),
) -> int:
    """Run a committed table again and judge our own numbers cell by cell, as strictly as a paper's.

    Each is `same bytes`, `within numerical spread` or `not regenerated`. Exit code 0 where every cell is one of the
    first two, 1 where one is not regenerated, 2 for what cannot be read or run.

    Args:
        table: A table, as table1_lidc, or one run of it, as table1_lidc/phantom-cpu.
        data_root: Folder of the real data, for a table of real data. Left out: $REPRODUCE_DATA.
        cache: Cache of the rerun: name it to go on where a verification was stopped. Left out: a new one, removed at
            the end, so that no kept training is read back.
        results: Folder of all results; the scripts lie in experiments/ beside it.
    """
    from reproduce.checks.data import data_for
    from reproduce.checks.verify import verify as verified
    from reproduce.checks.verify_text import verification_text
    from reproduce.paths import cache_dir
    from reproduce.rerun import Folders
    from reproduce.results.folders import damage_named, find_runs
    from reproduce.results.terminal import terminal_width

    project, code = results.absolute().parent, 0
    with damage_named(results):
        runs = find_runs(results.absolute(), [table])
    for run in runs:
        root, home = data_for(run, data_root), cache_dir(project) / "verify"
        home.mkdir(parents=True, exist_ok=True)
        used = cache.absolute() if cache else Path(tempfile.mkdtemp(prefix="cache-", dir=home))
        sys.stderr.write(f"{run.name} is run again; if it is stopped, --cache {used} goes on\n")
        found = verified(run, Folders(home, used, root), scripts=project / "experiments")
        sys.stdout.write(verification_text(found, width=terminal_width()))
        sys.stdout.write(f"what came out: {home / 'results' / run.name}\n")
        if cache is None:
            shutil.rmtree(used)
        code = max(code, found.exit_code)
    return code


def spread(
    table: tyro.conf.Positional[str],
    data_root: Path | None = None,
    results: Path = Path("results"),
) -> int:
    """Train one fold of a committed table under other arithmetic, and write how far each of its cells moves.

    It goes to numerical_spread.csv of its results folder, and onto its pages. Exit code 0; 2 for what cannot be run.

    Args:
        table: A table, as table1_lidc, or one run of it, as table1_lidc/phantom-cpu.
        data_root: Folder of the real data, for a table of real data. Left out: $REPRODUCE_DATA.
        results: Folder of all results; the scripts lie in experiments/ beside it.
    """
    from reproduce.checks.data import data_for
    from reproduce.checks.spread import measure_spread
    from reproduce.paths import cache_dir
    from reproduce.results.folders import damage_named, find_runs
    from reproduce.results.spread import FILE, spread_words

    project = results.absolute().parent
    with damage_named(results):
        runs = find_runs(results.absolute(), [table])

    def tell(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    for run in runs:
        root, cache = data_for(run, data_root), cache_dir(project)
        found = measure_spread(run, scripts=project / "experiments", cache=cache, data_root=root, tell=tell)
        sys.stdout.write(f"{run.path / FILE}: {len(found.by_cell)} cells\n{spread_words(found)}\n")
    return 0


def stale(
    tables: tyro.conf.Positional[tuple[str, ...]] = (),
    release: bool = False,
    record: bool = False,
    results: Path = Path("results"),
) -> int:
    """Name the tables that the code beside them would not give any more, and why.

    Where the code of a table has moved, its smoke run is made again: equal CSVs say that nothing changed. Exit code 0;
    1 where a table is stale; 2 for what cannot be read.

    Args:
        tables: Tables or single runs. Left out: all that have been run.
        release: Exit with 1 for a table that is not known to be fresh, too.
        record: Record the smoke run of each fresh table in its code.json, so that later code can be compared.
        results: Folder of all results; the scripts lie in experiments/ beside it.
    """
    from reproduce.checks import stale as checks
    from reproduce.paths import SAMPLES_VARIABLE, cache_dir, data_root
    from reproduce.results.folders import damage_named, find_runs

    project, named = results.absolute().parent, os.environ.get(SAMPLES_VARIABLE)
    samples, found = data_root(Path(named)) if named else None, []
    with damage_named(results):
        runs = find_runs(results.absolute(), tables)
    for run in runs:
        ask = checks.record if record else checks.freshness
        each = ask(run, scripts=project / "experiments", cache=cache_dir(project), samples=samples)
        sys.stdout.write(f"{each.run}: {each.word}{f' ({each.why})' if each.why else ''}\n")
        sys.stdout.flush()
        found.append(each)
    return checks.exit_code(found, release=release)
