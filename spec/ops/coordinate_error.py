"""What the rounding of coordinates may do to Resize."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from spec.operation import Array, Shape, one_number, space
from spec.ops.resize import HALF, Resize, affine, dyadic, narrowing, rounded, weights
from spec.ops.separable import Matrix, applied, back, matrix, off


@dataclass(frozen=True, kw_only=True, repr=False)
class Magnitudes(Resize):
    """Resize with the magnitudes of its coefficients."""

    def matrices(self, x: Shape) -> tuple[Matrix, ...]:
        return tuple(abs(m) for m in super().matrices(x))


@dataclass(frozen=True, kw_only=True, repr=False)
class Wavering(Magnitudes):
    """How far Resize goes wrong at most, on magnitudes of pixels, if its coordinates have that many significant bits.

    With u = 2^−digits, a coordinate c that is rounded where the scale is, where its reciprocal is, where it is multiplied and where its
    half pixel is taken away is off by δ = 4u(|c| + 1); not at all where the step between coordinates is a power of two. A weight k(t)
    is then off by E = δ·max|k′| and what its own evaluation rounds: 2u for 1 − |t|, and for a cubic, whose partial results are below
    8|a|, six times 8|a|u. (max|k′| is 1 for linear, (a + 3)²/(3(a + 2)) for cubic; with antialias t runs min(s, 1) times as fast; of an
    area both ends move, 2s.) Made to sum to 1 by their total T, K weights have coefficients m that are off by (E/T)·(1 + K|m|).
    Pixels whose weight is only just 0 are affected too. Several axes: see `off`.
    """

    digits: int = one_number(24, least=1)

    def __call__(self, x: Array, *w: Array) -> Array:
        return np.asarray(sum(applied(x, matrices) for matrices in self._one_axis_at_a_time(x.shape)))

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        return (np.asarray(sum(back(g, matrices) for matrices in self._one_axis_at_a_time(x.shape))),)

    def _one_axis_at_a_time(self, x: Shape) -> Iterator[tuple[Matrix, ...]]:
        return off(self.matrices(x), [_errors(self, axis, n) for axis, n in enumerate(space(x, self.rank))])


@dataclass(frozen=True, kw_only=True, repr=False)
class SinglePrecision(Resize):
    """Nearest Resize with coordinates (j + h)·step in float32, h the half pixel if there is one."""

    def matrices(self, x: Shape) -> tuple[Matrix, ...]:
        return tuple(_picked(self, axis, n) for axis, n in enumerate(space(x, self.rank)))


def _picked(op: SinglePrecision, axis: int, n: int) -> Matrix:
    step, start = affine(op, axis, n)
    half = HALF if op.coordinates in ("half_pixel", "pytorch_half_pixel", "tf_half_pixel_for_nn") else Fraction(0)
    rest, single, rows = start - half * step, np.float32(step), []
    for j in range(op.size[axis]):
        c = Fraction(float(np.float32(j + half) * single)) + rest
        rows.append({min(max(rounded(c, op.rounding), 0), n - 1): Fraction(1)})
    return matrix(rows, n)


@lru_cache(maxsize=1024)
def _errors(op: Wavering, axis: int, n: int) -> Matrix:
    """For each coefficient along an axis, how far it may be off."""
    u, a = Fraction(1, 1 << op.digits), Fraction(op.a)
    s, (step, start) = op.scale_of(axis, n), affine(op, axis, n)
    slope, evaluated = {
        "linear": (Fraction(1), 2 * u), "cubic": ((a + 3) ** 2 / (3 * (a + 2)), 48 * abs(a) * u), "area": (2 * s, 2 * s * u),
    }[op.mode]  # fmt: skip
    rows = []
    for j in range(op.size[axis]):
        c = step * j + start
        found = weights(op, c, j, n, s)
        total = sum(found.values())
        moved = 0 if dyadic(step) else 4 * u * (abs(c) + 1)
        error = (moved * slope * narrowing(op, s) + evaluated) / total
        row: dict[int, Fraction] = {}
        for i, v in found.items():
            at = min(max(i, 0), n - 1)
            row[at] = row.get(at, Fraction(0)) + error * (1 + len(found) * abs(v) / total)
        rows.append(row)
    return matrix(rows, n)
