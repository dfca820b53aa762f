"""Named streams of random numbers: the same name gives the same numbers, another name independent ones."""

from __future__ import annotations

import hashlib

import numpy as np


def seed_words(*name: int | float | str) -> list[int]:
    """Return the eight 32-bit words that a name maps to, by SHA-256 of its parts.

    Args:
        name: What the numbers are for, from the general to the particular: `(seed, "augment", fold, epoch, index)`.
            The parts are kept apart and typed, so ("a", "bc") and ("ab", "c"), or 1 and "1", are different names.

    Returns:
        Eight integers in [0, 2**32).
    """
    digest = hashlib.sha256("\x1f".join(f"{type(part).__name__}:{part}" for part in name).encode()).digest()
    return [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]


def stream(*name: int | str) -> np.random.Generator:
    """Return the NumPy generator of a name (PCG64); see `seed_words` for what a name is."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed_words(*name))))


def seed31(*name: int | str) -> int:
    """Return a seed in [0, 2**31) for a library that takes one integer; see `seed_words` for what a name is."""
    return seed_words(*name)[0] & 0x7FFFFFFF
