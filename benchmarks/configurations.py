"""Distinct configurations of the 2-D transposed convolution that every framework says in one call, symmetric crops only."""

from __future__ import annotations

import random

from spec import Case, ConvTranspose


def transposes(count: int, seed: int = 1) -> list[Case]:
    """So many, all different."""
    chance = random.Random(seed)
    chosen: dict[str, Case] = {}
    while len(chosen) < count:
        n, k, s = ([chance.randint(*span) for _ in range(2)] for span in ((2, 12), (1, 5), (1, 3)))
        inputs, outputs, batch = chance.randint(1, 4), chance.randint(1, 4), chance.randint(1, 2)
        crop = tuple((p, p) for p in (chance.randint(0, (kernel - 1) // 2) for kernel in k))
        op = ConvTranspose(stride=tuple(s), crop=crop)
        case = Case(op=op, x=(batch, inputs, *n), w=((inputs, outputs, *k),), seed=len(chosen))
        if min(case.y) > 0:
            chosen.setdefault(repr(case).rpartition(" seed")[0], case)
    return list(chosen.values())
