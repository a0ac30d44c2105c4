"""Distinct configurations of the 2-D transposed convolution that every framework says in one call, symmetric crops only."""

from __future__ import annotations

import random

from spec import ConvTranspose, Question


def transposes(count: int, seed: int = 1) -> list[Question]:
    """So many, all different."""
    chance = random.Random(seed)
    chosen: dict[str, Question] = {}
    while len(chosen) < count:
        n, k, s = ([chance.randint(*span) for _ in range(2)] for span in ((2, 12), (1, 5), (1, 3)))
        inputs, outputs, batch = chance.randint(1, 4), chance.randint(1, 4), chance.randint(1, 2)
        crop = tuple((p, p) for p in (chance.randint(0, (kernel - 1) // 2) for kernel in k))
        op = ConvTranspose(stride=tuple(s), crop=crop)
        question = Question(op=op, x=(batch, inputs, *n), w=((inputs, outputs, *k),), seed=len(chosen))
        if min(question.y) > 0:
            chosen.setdefault(repr(question).rpartition(" seed")[0], question)
    return list(chosen.values())
