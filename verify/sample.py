"""Which programs are run again individually, as users run them, though they agreed in a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import sha256

LEAST, SHARE = 50, 0.02
"""So many, or that share of them if it is more."""


def sampled(keys: Mapping[int, str], seed: object) -> list[int]:
    """Some of the numbered programs, in order. Which ones follows from the seed and what each runs, and from nothing else."""
    count = max(LEAST, math.ceil(SHARE * len(keys)))
    ranked = sorted(keys, key=lambda i: sha256(f"{seed} {keys[i]}".encode()).digest())
    return sorted(ranked[:count])
