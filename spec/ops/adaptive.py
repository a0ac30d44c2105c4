"""Pools with a given output length. Window j of m over n pixels is ⌊j·n/m⌋ ≤ i < ⌈(j+1)·n/m⌉; `size` 1 is a global pool.

    AdaptiveAveragePool   y[n,c,j] = Σ_i x[n,c,i] / the number of pixels in the window
    AdaptiveMaxPool       y[n,c,j] = max_i x[n,c,i]    its gradient goes to the one i that attains it, and is not defined where several do,
                                                 nor where y is NaN

Windows overlap where m does not divide n, and repeat pixels where m > n.
Source: torch.nn.AdaptiveAvgPool2d (aten/src/ATen/native/AdaptivePooling.h); ONNX GlobalAveragePool, GlobalMaxPool.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from spec.operation import Array, Effort, Hypothesis, Index, Operation, Shape, per_axis, size, space
from spec.ops.maxpool import MaxPool
from spec.ops.resize import Resize
from spec.ops.separable import Matrix, applied, back, effort, matrix, scratch, terms


@dataclass(frozen=True, kw_only=True, repr=False)
class AdaptiveAveragePool(Operation):
    """Each window's mean."""

    size: Shape = per_axis(least=0)

    @property
    def roundings(self) -> int:
        """For each axis that of one over the window's length, and that of the product."""
        return 2 * self.rank

    def unit_on(self, x: Shape, *w: Shape) -> int:
        return math.prod(m.denominator for m in self.matrices(x))

    def shape(self, x: Shape, *w: Shape) -> Shape:
        return _sized(self, x, w)

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        return scratch(x, self.shape(x, *w))

    def effort(self, x: Shape, *w: Shape) -> Effort:
        return effort(x, self.shape(x, *w))

    def matrices(self, x: Shape) -> tuple[Matrix, ...]:
        """The coefficients along each axis."""
        return tuple(_means(n, m) for n, m in zip(space(x, self.rank), self.size, strict=True))

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(v.shape for v in w))
        return applied(x, self.matrices(x.shape))

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        return (back(g, self.matrices(x.shape)),)

    def terms(self, x: Shape, *w: Shape) -> int:
        return terms(self.matrices(x))

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        yield Hypothesis("windows that end inside pixels, as of mode area"), Resize(size=self.size, mode="area")
        yield Hypothesis("maximum of each window instead of its mean"), AdaptiveMaxPool(size=self.size)
        yield Hypothesis("one pixel of each window"), Resize(size=self.size, coordinates="asymmetric", rounding="floor")
        yield Hypothesis("size of the axes in reverse order", "size"), replace(self, size=self.size[::-1])


@dataclass(frozen=True, kw_only=True, repr=False)
class AdaptiveMaxPool(Operation):
    """Each window's greatest element. Frameworks differ in which of several equal ones has the gradient, and none says."""

    size: Shape = per_axis(least=0)

    @property
    def selects(self) -> bool:
        return True

    @property
    def multilinear(self) -> bool:
        return False

    def shape(self, x: Shape, *w: Shape) -> Shape:
        return _sized(self, x, w)

    def effort(self, x: Shape, *w: Shape) -> Effort:
        """It goes through each window tap by tap."""
        rows = zip(space(x, self.rank), self.size, strict=True)
        taps = math.prod(sum(b - a for a, b in bounds(n, m)) for n, m in rows)
        return Effort(size(x[:2]) * taps, taps)

    def __call__(self, x: Array, *w: Array) -> Array:
        y = np.zeros(self.shape(x.shape, *(v.shape for v in w)), x.dtype)
        for place, window in _boxes(x.shape, self.size):
            y[place] = _whole(x[window])(x[window]).reshape(x.shape[:2])
        return y

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        dx = np.zeros(x.shape, g.dtype)
        for place, window in _boxes(x.shape, self.size):
            (here,) = _whole(x[window]).vjp(x[window], g[place].reshape(*x.shape[:2], *(1,) * self.rank))
            dx[window] += here
        return (dx,)

    def undefined(self, x: Array, *w_and_u: Array) -> tuple[Array, ...]:
        """At every pixel that attains a window's maximum together with another (`vjp` takes the first, in row-major order), and in
        windows with NaN."""
        (u,) = w_and_u
        undefined = np.zeros(x.shape, bool)
        for place, window in _boxes(x.shape, self.size):
            values, space = x[window], tuple(range(2, x.ndim))
            greatest = values.max(space, keepdims=True)
            attained = values == greatest
            back = u[place].reshape(*x.shape[:2], *(1,) * self.rank)
            undefined[window] |= (attained & (back | (attained.sum(space, keepdims=True) > 1))) | (greatest != greatest)
        return (undefined,)

    def terms(self, x: Shape, *w: Shape) -> int:
        """All windows that see a pixel may have their maximum there."""
        return terms([_means(n, m) for n, m in zip(space(x, self.rank), self.size, strict=True)])

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        yield Hypothesis("mean of each window instead of its maximum"), AdaptiveAveragePool(size=self.size)
        yield Hypothesis("one pixel of each window"), Resize(size=self.size, coordinates="asymmetric", rounding="floor")
        yield Hypothesis("size of the axes in reverse order", "size"), replace(self, size=self.size[::-1])


def bounds(n: int, m: int) -> list[tuple[int, int]]:
    """Where each of m windows over n pixels begins and ends."""
    return [(j * n // m, -(-(j + 1) * n // m)) for j in range(m)]


def _sized(op: AdaptiveAveragePool | AdaptiveMaxPool, x: Shape, w: tuple[Shape, ...]) -> Shape:
    op.expect_weights(w)
    op.expect_image(x)
    return (*x[:2], *op.size)


@lru_cache(maxsize=1024)
def _means(n: int, m: int) -> Matrix:
    return matrix([dict.fromkeys(range(a, b), Fraction(1, b - a)) for a, b in bounds(n, m)], n)


def _boxes(x: Shape, size: Shape) -> Iterator[tuple[Index, Index]]:
    """Each place of the answer with the window it looks at, as indices."""
    rows = [bounds(n, m) for n, m in zip(space(x, len(size)), size, strict=True)]
    for j in np.ndindex(*size):
        yield (..., *j), (..., *(slice(*row[a]) for row, a in zip(rows, j, strict=True)))


def _whole(x: Array) -> MaxPool:
    """One window over all of x."""
    return MaxPool(kernel=x.shape[2:])
