"""How a table of segmentation is made smaller for a profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reproduce.protocol import Call, Experiment
from reproduce.protocol.reduced import narrowed, reduced


def scaled(
    paper: Experiment,
    profile: str,
    *,
    size: int,
    arguments: Mapping[str, Any],
    validation: Mapping[str, Any],
    own: Mapping[str, Mapping[str, Any]] | None = None,
    phantom: Call | None = None,
    why: Mapping[str, str] | None = None,
    **optimisation: Any,
) -> Experiment:
    """Return a document's experiment made smaller; what it changes is listed in protocol.json and on the page.

    Args:
        paper: With the values of the document.
        profile: "cpu" or "smoke".
        size: Side of the images in pixels.
        arguments: Arguments of every model that takes them, e.g. the width.
        validation: Fields of the division, e.g. fewer seeds.
        own: Further arguments of single models, by the name of their arm; they go before those of all.
        phantom: Another phantom cohort; None keeps it.
        why: For a field that changes its own reason, by its name, e.g. "n_folds"; see `reduced`.
        optimisation: Fields of the optimisation, e.g. fewer epochs.
    """
    of_arm, why = own or {}, why or {}
    return replace(
        paper,
        profile=profile,
        phantom=phantom or paper.phantom,
        arms=tuple(narrowed(arm, profile, why, **{**arguments, **of_arm.get(arm.name, {})}) for arm in paper.arms),
        optimisation=reduced(paper.optimisation, profile, why, **optimisation),
        preparation=reduced(paper.preparation, profile, why, size=size),
        validation=reduced(paper.validation, profile, why, **validation),
    )
