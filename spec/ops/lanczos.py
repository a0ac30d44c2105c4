"""Resampling by a window of Lanczos: the operation whose weights are no fractions, for the sine of a fraction of π seldom is one.

    Lanczos   y[j] = Σ_i k(i − c(j)) · x[i] / Σ_i k(i − c(j)),  k(t) = sinc(t) · sinc(t/lobes) for |t| < lobes, c(j) = (j + ½)·n/m − ½

along each axis, i inside x; sinc(t) = sin(πt)/(πt). With antialias and m < n, k(t·m/n) in place of k(t).
Weights are held to DIGITS binary places, far beyond any float's; so answers are judged by a rounding bound, never bit for bit.
Source: Duchon 1979, Lanczos filtering in one and two dimensions; tensorflow/core/kernels/image/sampling_kernels.h; jax.image.resize.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor

import numpy as np

from spec.operation import Array, Effort, Hypothesis, Operation, Shape, one_number, one_of, per_axis, space
from spec.ops.resize import HALF, Resize, coordinate, dyadic
from spec.ops.separable import Matrix, applied, back, effort, matrix, off, scratch, terms

DIGITS = 128
ONE = 1 << DIGITS + 32
PI = Fraction(0x3243F6A8885A308D313198A2E03707344A4093822299F31D0082EFA98EC4E6C89, 1 << 256)


@dataclass(frozen=True, kw_only=True, repr=False)
class Lanczos(Operation):
    """Numbers to a size. Integers give fractions (object arrays)."""

    size: Shape = per_axis(least=0)
    lobes: int = one_number(3, least=1)
    antialias: str = one_of("no", "yes")

    @property
    def roundings(self) -> int:
        """For each axis: of the weight, of the total, of the quotient, of the product. What sines and coordinates lose: see
        CoordinateError."""
        return 4 * self.rank

    def exact_on(self, x: Shape, *w: Shape) -> bool:
        return False

    def absolute(self) -> Operation:
        return _Magnitudes(**vars(self))

    def wavering(self, digits: int) -> Iterator[Operation]:
        yield CoordinateError(**vars(self), digits=digits)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        return (*x[:2], *self.size)

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        return scratch(x, self.shape(x, *w))

    def effort(self, x: Shape, *w: Shape) -> Effort:
        return effort(x, self.shape(x, *w))

    def matrices(self, x: Shape) -> tuple[Matrix, ...]:
        """The coefficients along each axis."""
        self.shape(x)
        return tuple(_matrix(m, n, self.lobes, self.antialias) for m, n in zip(self.size, space(x, self.rank), strict=True))

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(v.shape for v in w))
        return applied(x, self.matrices(x.shape))

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        return (back(g, self.matrices(x.shape)),)

    def terms(self, x: Shape, *w: Shape) -> int:
        """Of pixels, too, whose weight is 0 but for the rounding of a sine."""
        return max(terms(self.matrices(x)), terms(CoordinateError(**vars(self)).errors(x)))

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        for lobes in (2, 3, 4, 5):
            yield Hypothesis("another number of lobes", "lobes", f"{lobes} lobes"), replace(self, lobes=lobes)
        yield Hypothesis("antialiasing ignored", "antialias"), replace(self, antialias="no")
        yield Hypothesis("antialiasing added", "antialias"), replace(self, antialias="yes")
        for mode in ("linear", "cubic"):
            other = Resize(size=self.size, mode=mode, a="-1/2", outside="excluded", antialias=self.antialias)
            yield Hypothesis(f"{mode} window instead of Lanczos's"), other
        yield Hypothesis("size of the axes in reverse order", "size"), replace(self, size=self.size[::-1])


@dataclass(frozen=True, kw_only=True, repr=False)
class _Magnitudes(Lanczos):
    """Lanczos with the magnitudes of its coefficients."""

    def matrices(self, x: Shape) -> tuple[Matrix, ...]:
        return tuple(abs(m) for m in super().matrices(x))


@dataclass(frozen=True, kw_only=True, repr=False)
class CoordinateError(_Magnitudes):
    """Error bound of Lanczos, on magnitudes of pixels, if its coordinates and sines have `digits` significant bits.

    With u = 2^−digits, a coordinate c is off by δ = 4u(|c| + 1) if the step between them is no power of two (coordinate_error.py);
    t moves with it. Since |sinc′| < 11/8, k is off by 11/8·(1 + 1/lobes)·δ. A sine that is right to one unit in the last
    place, of a product with π that is rounded twice, is off by
    2u·π|t| + 2u·|sin πt| ≤ 4uπ|t|; two of them, over (πt)²/lobes, make 8u, and six more roundings of something at most 1 make 14u, 15u
    with what is left of higher order. Made to sum to 1 by their total T, K weights have coefficients m that are off by
    (E/T)·(1 + K|m|).
    """

    digits: int = one_number(24, least=1)

    def __call__(self, x: Array, *w: Array) -> Array:
        return np.asarray(sum(applied(x, matrices) for matrices in off(self.matrices(x.shape), self.errors(x.shape))))

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        return (np.asarray(sum(back(g, matrices) for matrices in off(self.matrices(x.shape), self.errors(x.shape)))),)

    def errors(self, x: Shape) -> list[Matrix]:
        """For each axis, how far each coefficient may be off."""
        return [_errors(m, n, self.lobes, self.antialias, self.digits) for m, n in zip(self.size, space(x, self.rank), strict=True)]


def sinc(t: Fraction) -> Fraction:
    """sin(πt)/(πt), to DIGITS places."""
    return sine(t) / (PI * t) if t else Fraction(1)


def sine(t: Fraction) -> Fraction:
    """sin(πt), to DIGITS places; exactly 0 where t is whole. Taylor's series in whole numbers over ONE."""
    x = int(min(t % 1, 1 - t % 1) * PI * ONE)
    total, term, k = 0, x, 1
    while term:
        total += term
        term = -(term * x * x // (ONE * ONE * (k + 1) * (k + 2)))
        k += 2
    return Fraction(-total if floor(t) % 2 else total, ONE)


def weights(m: int, n: int, lobes: int, antialias: str, j: int) -> dict[int, Fraction]:
    """The weight of each pixel inside x that output pixel j reaches, the ends of the window included."""
    s = Fraction(m, n)
    c, narrow = coordinate("half_pixel", j, n, m, s), min(s, Fraction(1)) if antialias == "yes" else Fraction(1)
    pixels = range(max(ceil(c - lobes / narrow), 0), min(floor(c + lobes / narrow), n - 1) + 1)
    return {i: sinc(t) * sinc(t / lobes) for i in pixels for t in [abs(i - c) * narrow]}


@lru_cache(maxsize=1 << 12)
def _matrix(m: int, n: int, lobes: int, antialias: str) -> Matrix:
    rows = []
    for j in range(m):
        found = weights(m, n, lobes, antialias, j)
        total = sum(found.values())
        rows.append({i: Fraction(round(v / total * (1 << DIGITS)), 1 << DIGITS) for i, v in found.items()})
    return matrix(rows, n)


@lru_cache(maxsize=1024)
def _errors(m: int, n: int, lobes: int, antialias: str, digits: int) -> Matrix:
    u, slope, rows = Fraction(1, 1 << digits), Fraction(11, 8) * (1 + Fraction(1, lobes)), []
    for j in range(m):
        found = weights(m, n, lobes, antialias, j)
        total = sum(found.values())
        moved = 0 if dyadic(Fraction(n, m)) else 4 * u * (abs((j + HALF) * n / m - HALF) + 1)
        error = (moved * slope + 15 * u) / total
        bound = {i: error * (1 + len(found) * abs(v) / total) for i, v in found.items()}
        rows.append({i: Fraction(ceil(v * (1 << DIGITS)), 1 << DIGITS) for i, v in bound.items()})
    return matrix(rows, n)
