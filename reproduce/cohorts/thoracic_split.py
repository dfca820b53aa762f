"""The official split of LCTSC, which its patients bear in their names."""

from __future__ import annotations

import re
from typing import Literal

from reproduce.errors import ArgumentError

Side = Literal["train", "validation", "test"]

_NAME = re.compile(r"LCTSC-(Train|Test)-S([123])-(\d{3})")
_SIDES: dict[str, tuple[tuple[range, Side], ...]] = {
    "Train": ((range(1, 13), "train"),),
    "Test": ((range(101, 105), "validation"), (range(201, 205), "test")),
}


def official_side(patient: str) -> Side:
    """Return the side of a patient ("LCTSC-Test-S2-103") in the challenge: 36 train, 12 validate, 12 test.

    Source: Yang et al., Med Phys 45 (2018) 4568-4581: 60 patients of three institutions; per institution 12 for
    training (001 to 012), 4 of the off-site test (101 to 104) and 4 of the live test (201 to 204). The challenge has
    two test sets and no validation set. silent: we take the off-site test for validation, because its results were
    known before the live test, which decided the challenge and stays the test here.

    Raises:
        ArgumentError: The name is none of these 60.
    """
    found = _NAME.fullmatch(patient)
    if found:
        for numbers, side in _SIDES[found[1]]:
            if int(found[3]) in numbers:
                return side
    expected = "LCTSC-Train-S[1-3]-[001-012], LCTSC-Test-S[1-3]-[101-104] or LCTSC-Test-S[1-3]-[201-204]"
    do = "draw the split by patient where the cohort is not LCTSC itself"
    raise ArgumentError(expected=expected, got=repr(patient), where="official_side", do=do)
