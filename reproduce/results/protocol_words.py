"""A protocol as words: the document's own values, and what a run had instead."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from reproduce.errors import ResultsError
from reproduce.results.folders import RunFolder

NONE = "none"
NO_BREAK = "\N{NO-BREAK SPACE}"
_AGAIN = "run the table's script again"


def paper_protocol(run: RunFolder) -> dict:
    """Return the protocol of a run with every change to the document's own undone.

    Raises:
        ResultsError: A change names no field of the protocol.
    """
    paper = copy.deepcopy(run.protocol["protocol"])
    for change in run.changed:
        try:
            _put(paper, change["field"].split("."), change["paper"])
        except (LookupError, TypeError, ValueError) as error:
            where = run.path / "protocol.json"
            expected = "changes that name fields of the protocol beside them"
            raise ResultsError(expected=expected, got=repr(change), where=where, do=_AGAIN) from error
    return paper


def _put(tree: Any, keys: Sequence[str], value: Any) -> None:
    """Set the field that `changes` names: keys of objects; of a list, the name or number of an item."""
    key: Any = keys[0]
    if isinstance(tree, list):
        names = [item.get("name") if isinstance(item, dict) else None for item in tree]
        key = names.index(key) if key in names else int(key)
    if len(keys) == 1:
        tree[key] = value
        return
    if isinstance(tree, dict) and tree.get(key) is None:
        tree[key] = {}
    _put(tree[key], keys[1:], value)


def both_words(paper: Any, own: Any, profile: str) -> str:
    """Return a part of a protocol as text, and in brackets what a run had instead, e.g. "512 [cpu: 96]".

    Args:
        paper: The part as JSON, under the document's own profile.
        own: The same part as it was run.
        profile: Profile of the run.
    """
    if paper == own:
        return words_of(paper)
    if isinstance(paper, dict) and isinstance(own, dict) and set(paper) == set(own):
        if set(paper) == {"function", "arguments"} and paper["function"] == own["function"]:
            return f"{own['function']}({both_words(paper['arguments'], own['arguments'], profile)})"
        return ", ".join(f"{label(key)} {both_words(paper[key], own[key], profile)}" for key in own if key != "because")
    return f"{words_of(paper)} [{profile}:{NO_BREAK}{words_of(own)}]"


def words_of(value: Any) -> str:
    """Return a part of a protocol as text: a call as "function(argument value)", a list in parentheses, or "none"."""
    if isinstance(value, dict) and set(value) == {"function", "arguments"}:
        arguments = f"({words_of(value['arguments'])})" if value["arguments"] else ""
        return value["function"] + arguments
    if isinstance(value, dict):
        if all(item is None for item in value.values()):
            return NONE
        return ", ".join(f"{label(key)} {words_of(item)}".strip() for key, item in value.items() if key != "because")
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        return ", ".join(item["name"] for item in value)
    if isinstance(value, list):
        return f"({', '.join(map(words_of, value))})" if value else ""
    if value is None or isinstance(value, bool):
        return {None: NONE, True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def label(key: str) -> str:
    """Return the name of a field for reading: words apart."""
    return key.replace("_", " ")
