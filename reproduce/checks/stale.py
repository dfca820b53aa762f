"""Whether a results folder is still what the code beside it gives: by its code, its protocol and its smoke run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from reproduce.errors import DataNotFoundError, ScriptError
from reproduce.options import Options, options_given, overridden
from reproduce.protocol.text import changes, protocol_id
from reproduce.provenance import write_json
from reproduce.rerun import CODE, code_record, smoke_record
from reproduce.results.folders import RunFolder, damage_named, read_object
from reproduce.results.verdict_words import PHANTOM
from reproduce.scripts import script_of, tables_of

FRESH, EQUAL, STALE, UNKNOWN, UNTOLD = "fresh", "code moved, smoke equal", "stale", "unknown", "cannot be told"
WORDS = (FRESH, EQUAL, STALE, UNKNOWN, UNTOLD)
_MOST_NAMED = 4
_NEEDS = "its smoke run needs {}: name its folder with $REPRODUCE_REAL_DATA"


@dataclass(frozen=True)
class Freshness:
    """What a results folder is to the code of today.

    Attributes:
        run: Table and run.
        word: One of `WORDS`.
        why: The reason in a clause; "" for `FRESH`.
    """

    run: str
    word: str
    why: str


def exit_code(found: list[Freshness], *, release: bool) -> int:
    """Return 1 where a table is stale; for a release also where one is not known to be fresh; else 0."""
    wanted = {FRESH, EQUAL} if release else {FRESH, EQUAL, UNKNOWN, UNTOLD}
    return int(any(each.word not in wanted for each in found))


def freshness(run: RunFolder, *, scripts: Path, cache: Path, samples: Path | None) -> Freshness:
    """Return whether a run is what the code of today gives.

    Equal code is fresh. Other code with another protocol is stale. Other code under the same protocol is asked for its
    smoke run: equal CSVs say that nothing changed which a smoke run shows.

    Args:
        run: The run.
        scripts: Folder of the scripts.
        cache: Cache of the smoke run.
        samples: Folder of real data for a table without a phantom; None where there is none.

    Raises:
        ResultsError: code.json is broken.
    """
    if not (run.path / CODE).is_file():
        return Freshness(run.name, UNKNOWN, "written before digests: run the table again")
    try:
        script = script_of(run.table, scripts)
    except DataNotFoundError:
        return Freshness(run.name, STALE, "no script runs it")
    with damage_named(run.path / CODE):
        then = read_object(run.path / CODE)
        moved = ", ".join(_moved(then, code_record(script)))
        if not moved:
            return Freshness(run.name, FRESH, "" if "smoke" in then else "no smoke run recorded: --record")
        return _of_moved(run, then, moved, Smoke(script, cache, samples))


def record(run: RunFolder, *, scripts: Path, cache: Path, samples: Path | None) -> Freshness:
    """Run the smoke profile of a fresh run and write the digests of its CSVs to code.json; see `freshness`.

    A run that is not fresh keeps what it has: the smoke run of today would not be that of its code.
    """
    found = freshness(run, scripts=scripts, cache=cache, samples=samples)
    if found.word != FRESH:
        return found
    smoke = Smoke(script_of(run.table, scripts), cache, samples).of(run)
    if smoke is None:
        return Freshness(run.name, UNTOLD, _NEEDS.format(run.source))
    write_json(run.path / CODE, {**read_object(run.path / CODE), "smoke": smoke})
    return Freshness(run.name, FRESH, "smoke run recorded")


@dataclass(frozen=True)
class Smoke:
    """The smoke run of a script: its cache, and real data for tables without a phantom."""

    script: Path
    cache: Path
    samples: Path | None

    def profiles(self, table: str) -> Mapping[str, Any]:
        """Return the protocols of a table under each profile, as the script has them today."""
        return tables_of(self.script).get(table, {})

    def of(self, run: RunFolder) -> dict[str, Any] | None:
        """Return the record of the smoke run of a run's table; None where its data is not there."""
        if getattr(self.profiles(run.table)["smoke"], "phantom", None) is not None:
            return smoke_record(self.script, run.table, cache=self.cache, source=PHANTOM, data_root=None)
        if self.samples is None and run.source != "none":
            return None
        return smoke_record(self.script, run.table, cache=self.cache, source=run.source, data_root=self.samples)


def _moved(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say what is other than when the table was written: the code, or versions of libraries."""
    before, after = then["libraries"], now["libraries"]
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    libraries = [f"{name} {before.get(name, 'unused')} -> {after.get(name, 'unused')}" for name in names]
    return [*(["the code has moved"] if then["code"] != now["code"] else []), *libraries]


def _of_moved(run: RunFolder, then: Mapping[str, Any], moved: str, smoke: Smoke) -> Freshness:
    profiles = smoke.profiles(run.table)
    if run.profile not in profiles:
        return Freshness(run.name, STALE, f"the script has no profile {run.profile} of it")
    today = overridden(profiles[run.profile], tyro.cli(Options, args=options_given(run.protocol)))
    if fields := [change.field for change in changes(run.protocol.get("protocol", {}), today)]:
        more = f" and {len(fields) - _MOST_NAMED} more" if len(fields) > _MOST_NAMED else ""
        return Freshness(run.name, STALE, f"{moved}; its protocol is another: {', '.join(fields[:_MOST_NAMED])}{more}")
    if run.protocol.get("protocol_id") != protocol_id(today):
        return Freshness(run.name, STALE, f"{moved}; its protocol gives other reasons: --pages writes them again")
    if "smoke" not in then:
        return Freshness(run.name, UNKNOWN, f"{moved}, and no smoke run was recorded: run the table again")
    try:
        now = smoke.of(run)
    except ScriptError as error:
        return Freshness(run.name, STALE, f"{moved}; its smoke run fails: {error.got}")
    if now is None:
        return Freshness(run.name, UNTOLD, f"{moved}; {_NEEDS.format(run.source)}")
    return _of_smoke(run, then["smoke"], now, moved)


def _of_smoke(run: RunFolder, then: Mapping[str, Any], now: Mapping[str, Any], what: str) -> Freshness:
    before, after = then["files"], now["files"]
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    if not names:
        return Freshness(run.name, EQUAL, what)
    where = {name: (then[name], now[name]) for name in ("processor", "arithmetic") if then[name] != now[name]}
    text = f"{what}; its smoke run gives another {', '.join(names)}"
    if where:
        return Freshness(run.name, UNTOLD, f"{text}, but on another {' and '.join(where)}")
    return Freshness(run.name, STALE, text)
