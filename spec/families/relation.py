"""How two families relate: equal, one inside the other, or how much they share; the map of weights; a kernel that shows a difference.

dim(A₁⊗A₂) = dim A₁ · dim A₂, (A₁⊗A₂) ∩ (B₁⊗B₂) = (A₁∩B₁) ⊗ (A₂∩B₂), and a product that is not 0 lies in another iff each factor does.
The overlap of two spaces of vectors is dim A + dim B − dim(A + B).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from spec.families.exact import expressed, rank
from spec.families.maps import Family, spread
from spec.operation import Array, Impossible, Shape


class Factor(NamedTuple):
    """The two spaces along one axis, or of everything together. a_in_b: P with A's basis = P @ B's basis, if A lies inside B."""

    dimensions: tuple[int, int]
    overlap: int
    a_in_b: Array | None
    b_in_a: Array | None


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Dimensions and overlap of the two spaces; of a program with two weighted layers, of the space that its maps span.

    word: `equal`, `A inside B`, `B inside A`, `overlap`, `only 0 in common`, `undecided` (two weighted layers), or `other lengths`.
    a_in_b, b_in_a: for each factor the combinations of taps, where one lies inside the other.
    """

    dimensions: tuple[int, int]
    overlap: int
    word: str
    a_in_b: tuple[Array, ...] | None = None
    b_in_a: tuple[Array, ...] | None = None

    @property
    def turned(self) -> Relation:
        """Of B to A."""
        words = {"A inside B": "B inside A", "B inside A": "A inside B"}
        word = words.get(self.word, self.word)
        (one, other), a_in_b, b_in_a = self.dimensions, self.b_in_a, self.a_in_b
        return Relation(dimensions=(other, one), overlap=self.overlap, word=word, a_in_b=a_in_b, b_in_a=b_in_a)


def related(a: Family, b: Family) -> Relation:
    """Of two programs on the same input. Raises Impossible."""
    if a.x != b.x:
        raise Impossible(f"the inputs are {a.x} and {b.x}, but both programs must take the same input")
    if not (a.w or b.w):
        raise Impossible("neither program has weights, so that each is a single map: compare them without --family")
    apart = a.separable and b.separable
    if a.y != b.y:
        return Relation(dimensions=(dimension(a, apart), dimension(b, apart)), overlap=0, word="other lengths")
    factors = [factor(one, other) for one, other in _factors(a, b, apart)]
    channels = _channels(a, b) if apart else Factor((1, 1), 1, np.ones((1, 1), int), np.ones((1, 1), int))
    every = [channels, *factors]
    one, other = (prod(f.dimensions[i] for f in every) for i in (0, 1))
    overlap = prod(f.overlap for f in every)
    a_in_b, b_in_a = (one == 0 or all(f.a_in_b is not None for f in every), other == 0 or all(f.b_in_a is not None for f in every))
    return Relation(
        dimensions=(one, other), overlap=overlap, word=_word(a_in_b, b_in_a, overlap, (len(a.w), len(b.w))),
        a_in_b=_all_of(f.a_in_b for f in factors) if a_in_b else None, b_in_a=_all_of(f.b_in_a for f in factors) if b_in_a else None,
    )  # fmt: skip


def dimension(a: Family, apart: bool = True) -> int:
    """Of the space that a program's maps span."""
    if not (apart and a.separable):
        return rank(spread(a.whole()))
    return _pairs(a) * prod(rank(spread(a.along(axis))) for axis in range(a.op.rank))


def factor(a: Array, b: Array) -> Factor:
    """Of two spaces of maps, given by the maps of a basis."""
    one, other = spread(a), spread(b)
    dimensions = rank(one), rank(other)
    both = rank(np.concatenate([one, other]))
    return Factor(dimensions, sum(dimensions) - both, expressed(one, other), expressed(other, one))


def _factors(a: Family, b: Family, apart: bool) -> list[tuple[Array, Array]]:
    return [(a.along(axis), b.along(axis)) for axis in range(a.op.rank)] if apart else [(a.whole(), b.whole())]


def _all_of(factors: Iterable[Array | None]) -> tuple[Array, ...] | None:
    found = list(factors)
    known = tuple(one for one in found if one is not None)
    return known if len(known) == len(found) else None


def _pairs(a: Family) -> int:
    """The dimension of what it does to channels: each pair of a weighted layer on its own; a program without weights is one map."""
    return int(a.channels.sum()) if a.w else 1


def _channels(a: Family, b: Family) -> Factor:
    """Spaces of matrices with zeros at given places. A program without weights is one map, which contains no other: its multiples are
    counted as one dimension."""
    dimensions, yes = (_pairs(a), _pairs(b)), np.ones((1, 1), int)
    within = [bool((p.channels <= q.channels).all()) for p, q in ((a, b), (b, a))]
    a_in_b, b_in_a = (within[0] and bool(b.w), within[1] and bool(a.w))
    both = int((a.channels * b.channels).sum()) if a.w and b.w else int(a_in_b or b_in_a)
    return Factor(dimensions, both, yes if a_in_b else None, yes if b_in_a else None)


def _word(a_in_b: bool, b_in_a: bool, overlap: int, layers: tuple[int, int]) -> str:
    """Two weighted layers give only some of the maps that they span: what the span contains they need not."""
    forward = None if a_in_b and layers[1] > 1 else a_in_b
    backward = None if b_in_a and layers[0] > 1 else b_in_a
    if forward and backward:
        return "equal"
    if forward:
        return "A inside B"
    if backward:
        return "B inside A"
    if None in (forward, backward):
        return "undecided"
    return "overlap" if overlap else "only 0 in common"


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A kernel of one program with a single 1, at `tap`, whose map the other cannot have: its image of input pixels shows it.

    pixels: one input pixel where one is enough. Otherwise the other program gives the image of each, but with other kernels.
    channels: an output and an input channel, if the other program does not connect them. Where axes are not apart, tap and pixels have
    all axes of the kernel and of the image, channels included.
    """

    tap: Shape
    pixels: tuple[Shape, ...]
    channels: tuple[int, int] | None = None


def witness(a: Family, b: Family) -> Witness | None:
    """Return a kernel of A that B does not have; None if A lies inside B, or has two weighted layers."""
    if len(a.w) > 1 or a.y != b.y:
        return None
    if not (a.separable and b.separable):
        tap, pixels = _shows(a.whole(), b.whole())
        kernel = a.w[0] if a.w else (1,)
        return Witness(tap=_place(tap, kernel), pixels=tuple(_place(i, a.x[1:]) for i in pixels)) if pixels else None
    axes = [(one.reshape(-1, *one.shape[-2:]), other.reshape(-1, *other.shape[-2:])) for one, other in _factors(a, b, apart=True)]
    shown = [_shows(one, other) for one, other in axes]
    channels = next(((int(out), int(into)) for out, into in np.argwhere(a.channels > b.channels)), None)
    if not channels and not any(pixels for _, pixels in shown):
        return None
    plain = [pixels or _used(one[tap]) for (tap, pixels), (one, _) in zip(shown, axes, strict=True)]
    return Witness(tap=tuple(tap for tap, _ in shown), pixels=tuple(product(*plain)), channels=channels)


def _place(i: int, shape: Shape) -> Shape:
    return tuple(map(int, np.unravel_index(i, shape)))


def _shows(one: Array, other: Array) -> tuple[int, tuple[int, ...]]:
    """The first tap whose map the other cannot have, and as few input pixels as show it: one, two neighbours, or all. Where there is no
    such tap, one whose map is not 0, and no pixel."""
    outside = [tap for tap in range(len(one)) if expressed(spread(one[tap : tap + 1]), spread(other)) is None]
    if not outside:
        return next((tap for tap in range(len(one)) if one[tap].any()), 0), ()
    n = one.shape[-1]
    middle = sorted(range(n), key=lambda i: abs(2 * i + 1 - n))
    for sets in ([(i,) for i in middle], [(i, i + 1) for i in middle if i + 1 < n], [tuple(range(n))]):
        for tap, places in product(outside, sets):
            if expressed(spread(one[tap : tap + 1][..., places]), spread(other[..., places])) is None:
                return tap, places
    raise AssertionError("a map outside a space shows it on all pixels")


def _used(maps: Array) -> tuple[int]:
    """The middle one of the input pixels that a map uses."""
    used = np.flatnonzero(maps.any(axis=0))
    return (int(used[len(used) // 2]) if len(used) else 0,)
