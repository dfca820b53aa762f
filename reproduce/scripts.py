"""The scripts of tables: which of them runs a table, and the protocols that it has."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from reproduce.errors import DataNotFoundError


def script_of(table: str, scripts: Path) -> Path:
    """Return the script that runs a table: it has its name or the first part of it, or else its text has it.

    Args:
        table: Name of the results folder.
        scripts: Folder of the scripts.

    Raises:
        DataNotFoundError: No script runs that table.
    """
    named = [scripts / f"{name}.py" for name in (table, table.partition("_")[0])]
    texts = (path for path in sorted(scripts.glob("*.py")) if f'"{table}"' in path.read_text(encoding="utf-8"))
    found = next((path for path in named if path.is_file()), None) or next(texts, None)
    if found is None:
        do = "name a table as its results folder, from the project's folder or with --results"
        raise DataNotFoundError(expected=f"a script of {table}", got="none", where=scripts, do=do)
    return found


def tables_of(script: Path) -> dict[str, dict[str, Any]]:
    """Return the tables that a script runs under each profile: those of `tables()`, or the one of `PROFILES`."""
    names = runpy.run_path(str(script), run_name=f"experiments_{script.stem}")
    return names["tables"]() if "tables" in names else {script.stem: names.get("PROFILES", {})}
