"""For which lengths of an axis a relation holds.

Let R bound how far, in input pixels, an output pixel or a border is seen, and P be the input pixels after which all phases repeat. From
n = 2R + P on, n + P has the same distinct entries in its maps as n: those near the start, those near the end, and P phases between. Ranks
depend on distinct entries alone. So the relation at n + P is that at n, and the lengths below 2R + 2P decide all. Both programs must give
as many output pixels for a period, else their lengths agree at one n at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, lcm
from typing import NamedTuple

import numpy as np

from spec.families.exact import distinct
from spec.families.maps import Family, Layer, spread
from spec.families.relation import factor
from spec.operation import Impossible, Operation
from spec.ops.pad import Pad
from spec.ops.pool import AveragePool, SumPool
from spec.ops.rearrange import ZeroInsert
from spec.ops.resize import Upsample

LEAST = 12
"""Lengths that are tried at least."""


class Numbers(NamedTuple):
    """Of the two spaces along one axis."""

    dimensions: tuple[int, int]
    overlap: int


class Reach(NamedTuple):
    """In pixels of the input, how far an output pixel or a border is seen at most, and after how many all phases repeat; and how many
    output pixels a period has, which are the phases of the output."""

    pixels: int
    period: int
    phases: int


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Dimensions and overlap along one axis, for each length at which both programs are defined; None where they give other lengths.

    proven: whether longer ones follow (above). Otherwise they were not looked at.
    """

    found: dict[int, Numbers | None]
    tried: int
    period: int
    proven: bool

    @property
    def since(self) -> int | None:
        """The least length from which on it is one and the same at all lengths found; None if the last ones differ."""
        lengths = sorted(self.found)
        last = {self.found[n] for n in lengths[-self.period :]}
        if len(last) != 1 or len(lengths) < 2:
            return None
        unlike = [n for n in lengths if self.found[n] not in last]
        return lengths[lengths.index(unlike[-1]) + 1] if unlike else lengths[0]


def at_every_length(a: Family, b: Family, axis: int, at: Callable[[int], tuple[Family, Family]] | None = None) -> Lengths:
    """The relation along an axis at all lengths up to three times the reach. at: reads both programs anew for a length, where their
    fields follow from it; otherwise the operations stay as they are."""
    reaches = reach(a, axis), reach(b, axis)
    known = [one for one in reaches if one]
    pixels, period = max((one.pixels for one in known), default=LEAST), lcm(*(one.period for one in known))
    tried = max(3 * pixels, 2 * pixels + 2 * period, LEAST)
    found: dict[int, Numbers | None] = {}
    before: dict[frozenset[tuple[int, ...]], Numbers] = {}
    fields = set()
    for n in range(1, tried + 1):
        try:
            one, other = at(n) if at else (_of_length(a, axis, n), _of_length(b, axis, n))
            maps = one.along(axis), other.along(axis)
        except Impossible:
            continue
        fields.add((repr(one.op), repr(other.op)))
        if maps[0].shape[-2] != maps[1].shape[-2]:
            found[n] = None
            continue
        entries = frozenset(map(tuple, np.concatenate(distinct(*map(spread, maps))).T.tolist()))
        if entries not in before:
            before[entries] = Numbers(*factor(*maps)[:2])
        found[n] = before[entries]
    alike = len({Fraction(one.phases, one.period) for one in known}) == 1
    return Lengths(found=found, tried=tried, period=period, proven=len(known) == 2 and alike and len(fields) == 1)


def reach(family: Family, axis: int) -> Reach | None:
    """Return an upper bound; None if the windows of a step do not lie at a fixed stride."""
    rate, pixels, period, left = Fraction(1), Fraction(0), 1, list(family.w)
    for step in family.op.steps:
        own = [left.pop(0)[axis + 2] for _ in range(step.weights)]
        extent, down, up = _extent(step, axis, *own)
        if not extent:
            return None
        rate, pixels = rate / up, pixels + extent * rate / up
        rate *= down
        period = lcm(period, rate.numerator)
    return Reach(ceil(pixels) + 1, period, int(period / rate))


def _extent(step: Operation, axis: int, *k: int) -> tuple[int, int, int]:
    """How many pixels a step looks around itself, at its finest, with what it adds or cuts at the ends; its strides down and up."""
    if isinstance(step, Layer):
        pair = step.padding[axis] if hasattr(step, "padding") else step.crop[axis]
        extent, s = step.dilation[axis] * (k[0] - 1) + 1 + sum(map(abs, pair)), step.stride[axis]
        return (extent + s, s, 1) if hasattr(step, "padding") else (extent + s, 1, s)
    if isinstance(step, SumPool | AveragePool):
        dilated = getattr(step, "dilation", (1,) * step.rank)[axis] * (step.kernel[axis] - 1) + 1
        return dilated + sum(map(abs, step.padding[axis])) + step.stride[axis], step.stride[axis], 1
    if isinstance(step, Pad) and step.mode != "wrap":
        return 1 + sum(map(abs, step.padding[axis])), 1, 1
    if isinstance(step, Upsample | ZeroInsert):
        return 2 * step.factor[axis], 1, step.factor[axis]
    return 0, 1, 1


def _of_length(family: Family, axis: int, n: int) -> Family:
    return replace(family, x=(*family.x[: axis + 2], n, *family.x[axis + 3 :]))
