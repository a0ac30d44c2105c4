"""Checkerboards: what each phase of the output does to a constant input, away from the borders, as a functional of the weights.

A pixel of the output on a constant input of 1 is its *gain*: a sum of weights. Where the phases have unequal sums of the same weights,
some kernels answer a constant unevenly. The overlap count of a phase is how many pairs of a tap and an input pixel reach it.
Source: Odena, Dumoulin & Olah 2016, "Deconvolution and Checkerboard Artifacts", Distill.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from spec.families.lengths import reach
from spec.families.maps import Family


@dataclass(frozen=True, kw_only=True)
class Phases:
    """Along one axis. gains: for each phase, the coefficient of each weight. counts: its overlap count."""

    gains: tuple[tuple[Fraction, ...], ...]
    counts: tuple[int, ...]

    @property
    def even(self) -> bool:
        """Whether every kernel answers a constant evenly."""
        return len(set(self.gains)) == 1


def phases(family: Family, axis: int) -> Phases | None:
    """Return None if there are two weighted layers, whose gain is a product, or windows that do not lie at a fixed stride."""
    reaches = reach(family, axis)
    if reaches is None or len(family.w) > 1:
        return None
    n = 3 * reaches.pixels + 2 * reaches.period
    maps = family.along(axis, n)
    maps = maps.reshape(-1, *maps.shape[-2:])
    count, length = reaches.phases, maps.shape[-2]
    first = (length - count) // 2 // count * count
    inside = maps[:, first : first + count]
    gains = tuple(tuple(map(Fraction, gain)) for gain in inside.sum(axis=2).T.tolist())
    return Phases(gains=gains, counts=tuple((inside != 0).sum(axis=(0, 2)).tolist()))
