"""Questions at random: operations, sizes, strides, padding (negative too), dilation, groups, bias, dtypes, data."""

from __future__ import annotations

import random
from collections.abc import Iterator

from spec import AveragePool, Case, Conv, ConvTranspose, Impossible, MaxPool, Operation, Shape, SumPool, Upsample, ZeroInsert
from spec.case import FLOATS
from spec.data import DATA
from spec.operation import size
from verify.judge.reference import Reference

CHOSEN = ("integers", "distinct", "ties")
ADDED = tuple(DATA)
"""The data for operations that choose, and for those that add."""

MOST_PRODUCTS = 10_000
"""Keeps a case cheap: exact arithmetic on real numbers costs about a microsecond a product."""


def cases(seed: int) -> Iterator[Case]:
    """Endlessly many, all possible, all small."""
    rng = random.Random(seed)
    while True:
        try:
            q = _case(rng)
            if size(q.y) * q.op.terms(q.x, *q.w) <= MOST_PRODUCTS:
                Reference(q)
                yield q
        except Impossible:
            continue


def _case(rng: random.Random) -> Case:
    rank = rng.choices((1, 2, 3), (6, 4, 1))[0]
    x = (rng.randint(1, 3), rng.randint(1, 6), *(rng.randint(1, 12 // rank) for _ in range(rank)))
    op, w = _operation(rng, x)
    if rng.random() < 0.15:
        after, more = _operation(rng, op.shape(x, *w))
        op, w = op >> after, (*w, *more)
    words = ADDED if op.multilinear else CHOSEN
    data = rng.choice([word for word in words if len(op.steps) == 1 or DATA[word].derived])
    return Case(op=op, x=x, w=w, dtype=rng.choice(FLOATS), data=data, seed=rng.getrandbits(32))


def _operation(rng: random.Random, x: Shape) -> tuple[Operation, tuple[Shape, ...]]:
    rank = len(x) - 2

    def each(least: int, most: int) -> Shape:
        return tuple(rng.randint(least, most) for _ in range(rank))

    def pairs(least: int, most: int) -> tuple[tuple[int, int], ...]:
        return tuple(zip(each(least, most), each(least, most), strict=True))

    kernel = each(1, 5 - rank)
    kind = rng.choices((Conv, ConvTranspose, SumPool, AveragePool, MaxPool, Upsample, ZeroInsert), (6, 6, 2, 2, 2, 1, 1))[0]
    if kind is Upsample or kind is ZeroInsert:
        return kind(factor=each(1, 3)), ()
    if kind is Conv or kind is ConvTranspose:
        groups = rng.choice([g for g in range(1, x[1] + 1) if x[1] % g == 0])
        out, bias = rng.randint(1, 4), rng.choice(("no", "no", "yes"))
        stretch = {"stride": each(1, 3), "dilation": each(1, 2), "groups": groups, "bias": bias}
        channels = (groups * out, x[1] // groups) if kind is Conv else (x[1], out)
        b = [(1, groups * out, *(1,) * rank)] if bias == "yes" else []
        op = Conv(padding=pairs(-1, 3), **stretch) if kind is Conv else ConvTranspose(crop=pairs(-2, 2), **stretch)
        return op, ((*channels, *kernel), *b)
    windows = {"kernel": kernel, "stride": each(1, 3), "padding": pairs(-1, 2), "dilation": each(1, 2)}
    if kind is AveragePool:
        counted = rng.choice(("window", "padded", "valid"))
        return AveragePool(**windows, counted=counted, overhang=each(0, 1), divisor=rng.choice((0, 0, 0, 7))), ()
    if kind is MaxPool:
        return MaxPool(**windows, ties=rng.choice(("first", "last"))), ()
    return SumPool(**windows), ()
