"""Operations that are one matrix of fractions for each spatial axis, applied one axis after the other.

    y[n,c,j] = Σ_i m₀[j₀,i₀] · m₁[j₁,i₁] · … · x[n,c,i]

A matrix is kept as whole numbers over one denominator, so that whole answers come from whole numbers by exact steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Protocol

import numpy as np

from spec.operation import Array, Effort, Impossible, Shape, size
from spec.ops.pieces import product

Rows = Sequence[dict[int, Fraction]]
"""For each place of the answer, the coefficients of the pixels it reads."""

LARGEST = 1 << 53
"""Whole numbers up to here are exact in float64 and int64."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """`numerators` (out, in) over `denominator`."""

    numerators: Array
    denominator: int

    @cached_property
    def transposed(self) -> Matrix:
        return Matrix(self.numerators.T, self.denominator)

    def __abs__(self) -> Matrix:
        return Matrix(abs(self.numerators), self.denominator)

    def __add__(self, other: Matrix) -> Matrix:
        d = math.lcm(self.denominator, other.denominator)
        return Matrix(self.numerators * (d // self.denominator) + other.numerators * (d // other.denominator), d)

    @cached_property
    def terms(self) -> int:
        """The most pixels that one row reads, or the sum of its coefficients where that is more."""
        if not self.numerators.size:
            return 0
        most = max(math.ceil(Fraction(int(row), self.denominator)) for row in abs(self.numerators).sum(1))
        return max(most, int((self.numerators != 0).sum(1).max()))


def matrix(rows: Rows, length: int, divisible: int = 1) -> Matrix:
    """The matrix with these rows, on lines of this length, over a denominator that is `divisible` by a number."""
    d = math.lcm(divisible, *(c.denominator for row in rows for c in row.values()))
    numerators = np.zeros((len(rows), length), object)
    for j, row in enumerate(rows):
        for i, c in row.items():
            numerators[j, i] = int(c * d)
    return Matrix(numerators, d)


class Separable(Protocol):
    """An operation that is one matrix for each axis."""

    def matrices(self, x: Shape) -> tuple[Matrix, ...]: ...


def alike(a: Separable, b: Separable, x: Shape) -> bool:
    """Whether two operations have the same coefficients on images of shape x."""
    try:
        pairs = zip(a.matrices(x), b.matrices(x), strict=True)
        return all(np.array_equal(m.numerators * n.denominator, n.numerators * m.denominator) for m, n in pairs)
    except Impossible:
        return False


def applied(x: Array, matrices: Sequence[Matrix]) -> Array:
    """x with one matrix applied along each spatial axis. Integers give fractions (object arrays) unless all answers are whole."""
    d, largest = math.prod(m.denominator for m in matrices), max(abs(m.numerators).max(initial=0) for m in matrices)
    if x.dtype != object and max(d, largest) <= LARGEST and not (x % d).any():
        return _each_axis(x // d, matrices, lambda m: m.numerators.astype(x.dtype))
    if np.issubdtype(x.dtype, np.floating):
        return _each_axis(x, matrices, lambda m: (m.numerators / m.denominator).astype(x.dtype))
    total = _each_axis(x.astype(object), matrices, lambda m: m.numerators)
    if not (total % d).any():
        return (total // d).astype(x.dtype)
    return np.asarray(total * Fraction(1, d))


def back(g: Array, matrices: Sequence[Matrix]) -> Array:
    """The gradient of ⟨g, applied(x, matrices)⟩ with respect to x."""
    return applied(g, [m.transposed for m in matrices])


def scratch(x: Shape, y: Shape) -> Shape:
    """The largest of the answer and the matrices, whose numbers take as much room as eight of an answer's."""
    return max(y, *((8, m, n) for n, m in zip(x[2:], y[2:], strict=True)), key=size)


def effort(x: Shape, y: Shape) -> Effort:
    """Of a matrix for each axis, applied one after the other."""
    done, products = list(x), 0
    for axis in range(2, len(x)):
        products += size(tuple(done)) * y[axis]
        done[axis] = y[axis]
    return Effort(products, len(x) - 2, sum(y[2:]), sum(m * n for n, m in zip(x[2:], y[2:], strict=True)))


def off(right: Sequence[Matrix], errors: Sequence[Matrix]) -> Iterator[tuple[Matrix, ...]]:
    """What together makes Π(m + e) − Πm of coefficients m that are off by e, axis by axis so that nothing cancels."""
    for axis, error in enumerate(errors):
        yield (*right[:axis], error, *(m + e for m, e in zip(right[axis + 1 :], errors[axis + 1 :], strict=True)))


def terms(matrices: Sequence[Matrix]) -> int:
    """The largest number of products added in one element of the answer or of the gradient."""
    return max(1, math.prod(m.terms for m in matrices), math.prod(m.transposed.terms for m in matrices))


def _each_axis(x: Array, matrices: Sequence[Matrix], coefficients: Callable[[Matrix], Array]) -> Array:
    for axis, m in enumerate(matrices, start=2):
        columns = np.moveaxis(x, axis, 0)
        others = columns.shape[1:]
        y = product(coefficients(m), columns.reshape(columns.shape[0], size(others)))
        x = np.moveaxis(y.reshape(y.shape[0], *others), 0, axis)
    return x
