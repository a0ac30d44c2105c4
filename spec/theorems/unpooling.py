"""Maxima, and putting them back where they were. Numbers as in convolutions.py."""

from __future__ import annotations

from spec.operation import Shape
from spec.ops.maxpool import MaxPool, MaxUnpool
from spec.ops.rearrange import ZeroInsert
from spec.program import Program
from spec.theorems.convolutions import total
from spec.theorems.sources import ALGEBRA
from spec.theorems.theorem import Draw, Side, Sides, theorem


@theorem({"n": [4, 5, 7], "k": [1, 2, 3], "s": [3, 4]}, source=ALGEBRA)
def max_pooling_gradient(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """(35) ∂⟨g, MaxPool x⟩/∂x = MaxUnpool of g at the maxima, for windows that do not overlap."""
    x = draw.distinct(2, 2, *n)
    pool = MaxPool(kernel=k, stride=s)
    g = draw(*pool.shape(x.shape))
    return Side(pool, x, g=g, output="dx"), Side(MaxUnpool(size=n), g, pool.indices(x))


@theorem({"n": [4, 5, 7], "k": [1, 2, 3], "s": [3, 4]}, source=ALGEBRA)
def unpooling_keeps_the_maxima(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """(36) MaxPool of MaxUnpool of MaxPool x = MaxPool x, for positive x and windows that do not overlap."""
    x = draw.distinct(2, 2, *n)
    x = x - x.min() + 1
    pool = MaxPool(kernel=k, stride=s)
    return Side(pool, x), Side(Program(inner=(MaxUnpool(size=n), pool)), pool(x), pool.indices(x))


@theorem({"n": [4, 5, 7], "k": [1, 2, 3], "s": [3, 4]}, source=ALGEBRA)
def unpooling_gradient(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """⟨g, MaxUnpool x⟩ = ⟨∂⟨g, MaxUnpool x⟩/∂x, x⟩: what was put somewhere gets its gradient from there."""
    before, pool, g = draw.distinct(2, 2, *n), MaxPool(kernel=k, stride=s), draw(2, 2, *n)
    x, indices = draw(*pool.shape(before.shape)), pool.indices(before)
    unpool = MaxUnpool(size=n)
    return Side(unpool, x, indices, after=lambda y: total(y * g)), Side(
        unpool, x, indices, g=g, output="dx", after=lambda dx: total(dx * x)
    )


@theorem({"n": [1, 2, 3], "s": [2, 3]}, source=ALGEBRA, refuted=True)
def zero_insertion_is_unpooling(draw: Draw, n: Shape, s: Shape) -> Sides:
    """(37) ZeroInsert(s) = MaxUnpool at the maxima of the input that was pooled."""
    before = draw.distinct(1, 1, *(m * f for m, f in zip(n, s, strict=True)))
    x = draw(1, 1, *n)
    return Side(ZeroInsert(factor=s), x), Side(MaxUnpool(size=before.shape[2:]), x, MaxPool(kernel=s).indices(before))
