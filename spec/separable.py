"""Operations that are one matrix of fractions for each spatial axis, applied one axis after the other.

    y[n,c,j] = Σ_i m₀[j₀,i₀] · m₁[j₁,i₁] · … · x[n,c,i]

A matrix is kept as whole numbers over one denominator, so that whole answers come from whole numbers by exact steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from spec.operation import Array, size

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

    @cached_property
    def terms(self) -> int:
        """The most pixels that one row reads, or the sum of its coefficients where that is more."""
        if not self.numerators.size:
            return 0
        most = max(math.ceil(Fraction(int(row), self.denominator)) for row in abs(self.numerators).sum(1))
        return max(most, int((self.numerators != 0).sum(1).max()))

    def __call__(self, x: Array, axis: int) -> Array:
        """x with every line along an axis multiplied. Integers give fractions (object arrays) unless all answers are whole."""
        columns = np.moveaxis(x, axis, 0)
        others = columns.shape[1:]
        y = self._times(columns.reshape(columns.shape[0], size(others)))
        return np.moveaxis(y.reshape(y.shape[0], *others), 0, axis)

    def _times(self, x: Array) -> Array:
        n, d = self.numerators, self.denominator
        fits = max(d, abs(n).max(initial=0)) <= LARGEST
        whole = fits and x.dtype != object and not (x % d).any()
        if whole:
            x = x / d if np.issubdtype(x.dtype, np.floating) else x // d
            return np.asarray(n.astype(x.dtype) @ x)
        if np.issubdtype(x.dtype, np.floating):
            return np.asarray((n / d).astype(x.dtype) @ x)
        total: Array = n @ x.astype(object)
        if x.dtype != object and not (total % d).any():
            return (total // d).astype(x.dtype)
        return total if d == 1 else np.asarray(total * Fraction(1, d))


def matrix(rows: Rows, length: int) -> Matrix:
    """The matrix with these rows, on lines of this length."""
    d = math.lcm(*(c.denominator for row in rows for c in row.values()))
    numerators = np.zeros((len(rows), length), object)
    for j, row in enumerate(rows):
        for i, c in row.items():
            numerators[j, i] = int(c * d)
    return Matrix(numerators, d)


def along(x: Array, matrices: Iterable[Matrix]) -> Array:
    """x with one matrix applied along each spatial axis."""
    for axis, m in enumerate(matrices, start=2):
        x = m(x, axis)
    return x


def back(g: Array, matrices: Iterable[Matrix]) -> Array:
    """The gradient of ⟨g, along(x, matrices)⟩ with respect to x."""
    return along(g, (m.transposed for m in matrices))


def terms(matrices: Sequence[Matrix]) -> int:
    """The largest number of products added in one element of the answer or of the gradient."""
    return max(1, math.prod(m.terms for m in matrices), math.prod(m.transposed.terms for m in matrices))
