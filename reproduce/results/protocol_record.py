"""What protocol.json says of a run, whatever its kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reproduce.protocol.text import changes, decisions, plain, protocol_id


def protocol_record(
    kind: str, experiment: Any, paper: Any, *, source: str, chosen: Sequence[tuple[str, str, str]] | None = None
) -> dict[str, Any]:
    """Return the object of protocol.json.

    Args:
        kind: Kind of table, e.g. "segmentation".
        experiment: The experiment as it was run; with `document`, `title` and `profile`.
        paper: The whole protocol that a profile is compared with.
        source: Name of the data set, "phantom", or "none".
        chosen: (field, value, where from) of each choice; None takes those of `decisions`.
    """
    return {
        "kind": kind,
        "document": experiment.document,
        "title": experiment.title,
        "source": source,
        "profile": experiment.profile,
        "protocol_id": protocol_id(experiment),
        "changed_from_paper": [
            {"field": each.field, "paper": each.paper, "here": each.here} for each in changes(paper, experiment)
        ],
        "decisions": [
            {"field": field, "value": value, "place": place}
            for field, value, place in (decisions(experiment) if chosen is None else chosen)
        ],
        "protocol": plain(experiment),
    }
