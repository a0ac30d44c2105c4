"""Resampling to explicit lengths, in ONNX's words: y[j] = Σ_i weight(i, c(j)) · x[i] along each axis; m output pixels from n, scale s.

    half_pixel             c = (j + ½)/s − ½             nearest     the pixel that c rounds to
    asymmetric             c = j/s                       linear      1 − |t|, |t| < 1,   t = i − c
    align_corners          c = j(n − 1)/(n·s − 1)        cubic       (a+2)|t|³ − (a+3)t² + 1, |t| ≤ 1;
    pytorch_half_pixel     half_pixel, but 0 if m = 1                a(|t|³ − 5t² + 8|t| − 4), 1 < |t| < 2
    half_pixel_symmetric   half_pixel + n/2 − m/(2s)     area        the part of pixel i in j/s … (j + 1)/s, times s
    tf_half_pixel_for_nn   c = (j + ½)/s

Pixels outside x are those at its edge, or are excluded and the rest made to sum to 1. With antialias and s < 1, t is (i − c)·s, and the
weights are made to sum to 1. Lanczos windows, whose weights are no fractions, are in spec.ops.lanczos.
`Upsample` is the simplest case: every coordinate rule but align_corners, and the rounding that fits it, agree on y[j] = x[⌊j/f⌋].
Source: https://onnx.ai/onnx/operators/onnx__Resize.html; Keys 1981, Cubic convolution interpolation for digital image processing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from spec.operation import Array, Effort, Hypothesis, Operation, Pairs, Shape, along, one_of, per_axis, size, space
from spec.ops.pad import Pad
from spec.ops.pool import AveragePool, SumPool
from spec.ops.separable import Matrix, applied, back, effort, matrix, scratch, terms

HALF = Fraction(1, 2)
COORDINATES = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric", "tf_half_pixel_for_nn")
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
MODES = ("nearest", "linear", "cubic", "area")


@dataclass(frozen=True, kw_only=True, repr=False)
class Upsample(Operation):
    """Every pixel repeated `factor` times along each axis: length n·f."""

    factor: Shape = per_axis(least=1)

    @property
    def copies(self) -> bool:
        return True

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        return (*x[:2], *(n * f for n, f in zip(space(x, self.rank), self.factor, strict=True)))

    def effort(self, x: Shape, *w: Shape) -> Effort:
        """Its gradient sums windows of the factor's lengths."""
        return Effort(size(self.shape(x, *w)), size(self.factor))

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(v.shape for v in w))
        for axis, f in enumerate(self.factor, start=2):
            x = np.repeat(x, f, axis)
        return x

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        return (SumPool(kernel=self.factor)(g),)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        from spec.ops.rearrange import ZeroInsert

        yield Hypothesis("zeros between the pixels instead of repeated pixels"), ZeroInsert(factor=self.factor)
        yield Hypothesis("linear interpolation between the pixels instead of repeated pixels"), self._interpolated()
        for mistake, factor in along("factor", self.factor):
            yield mistake, replace(self, factor=factor)
        for most in (most for most in (2, 4, 8, 16) if most < max(self.factor)):
            yield Hypothesis(f"factor at most {most}", "factor"), replace(self, factor=tuple(min(f, most) for f in self.factor))

    def _interpolated(self) -> Operation:
        """Linear half-pixel Resize: a triangle is a box smoothed by a box, and by two pixels more where its middle lies between them."""
        even, ones = tuple(2 - f % 2 for f in self.factor), (1,) * self.rank
        edge = Pad(padding=tuple((f // 2, f // 2) for f in self.factor), mode="edge")
        return self >> edge >> AveragePool(kernel=self.factor, stride=ones) >> AveragePool(kernel=even, stride=ones)


@dataclass(frozen=True, kw_only=True, repr=False)
class Resize(Operation):
    """Integers give fractions (object arrays) unless the answer is whole. A field that the mode has no use for says nothing.

    scale: the fraction (num, den) that coordinates are divided by, which is not size/n where a scale was given and the length rounded;
    (0, 1), the default, is size/n. a: the cubic's coefficient.
    """

    size: Shape = per_axis(least=0)
    scale: Pairs = per_axis((0, 1))
    mode: str = one_of(*MODES)
    coordinates: str = one_of(*COORDINATES)
    rounding: str = one_of(*ROUNDINGS)
    a: str = one_of("-3/4", "-1/2")
    outside: str = one_of("edge", "excluded")
    antialias: str = one_of("no", "yes")

    @property
    def copies(self) -> bool:
        return self.mode == "nearest"

    @property
    def roundings(self) -> int:
        """For each axis: of the weight, of the total, of the quotient, of the product. Those of coordinates: see coordinate_error.py."""
        return 0 if self.mode == "nearest" else 4 * self.rank

    def unit_on(self, x: Shape, *w: Shape) -> int:
        return math.prod(m.denominator for m in self.matrices(x))

    def exact_on(self, x: Shape, *w: Shape) -> bool:
        """Where coordinates and coefficients are whole numbers over powers of two. A single pixel is all, in whatever parts it is taken."""
        if self.mode != "nearest" and 1 in space(x, self.rank):
            return False
        steps = (affine(self, axis, n)[0] for axis, n in enumerate(space(x, self.rank)))
        return self.mode == "nearest" or all(map(dyadic, (*steps, *(Fraction(1, m.denominator) for m in self.matrices(x)))))

    def absolute(self) -> Resize:
        from spec.ops.coordinate_error import Magnitudes

        return Magnitudes(**vars(self))

    def wavering(self, digits: int) -> Iterator[Operation]:
        from spec.ops.coordinate_error import Wavering

        if self.mode != "nearest":
            yield Wavering(**vars(self), digits=digits)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        for axis, (num, den) in enumerate(self.scale):
            if (num, den) != (0, 1) and min(num, den) < 1:
                raise self.refuse(f"scale[{axis}] is {(num, den)}, but it must be a fraction above 0, or (0, 1) for the lengths' ratio")
        return (*x[:2], *self.size)

    def scale_of(self, axis: int, n: int) -> Fraction:
        """What coordinates are divided by."""
        return Fraction(*self.scale[axis]) or Fraction(self.size[axis], n)

    def scales(self, x: Shape) -> tuple[Fraction, ...]:
        return tuple(self.scale_of(axis, n) for axis, n in enumerate(space(x, self.rank)))

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        return scratch(x, self.shape(x, *w))

    def effort(self, x: Shape, *w: Shape) -> Effort:
        return effort(x, self.shape(x, *w))

    def matrices(self, x: Shape) -> tuple[Matrix, ...]:
        """The coefficients along each axis."""
        self.shape(x)
        return tuple(_matrix(self, axis, n) for axis, n in enumerate(space(x, self.rank)))

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(v.shape for v in w))
        return applied(x, self.matrices(x.shape))

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        return (back(g, self.matrices(x.shape)),)

    def terms(self, x: Shape, *w: Shape) -> int:
        return terms(self.matrices(x))

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        from spec.ops.adaptive import AdaptiveAveragePool
        from spec.ops.coordinate_error import SinglePrecision

        if self.mode == "nearest":
            yield Hypothesis("coordinates computed in float32", "coordinates"), SinglePrecision(**vars(self))
        for rule in COORDINATES:
            yield Hypothesis(f"coordinates computed by {rule}", "coordinates"), replace(self, coordinates=rule)
            if self.mode == "nearest":
                for rounding in ROUNDINGS:
                    words = f"coordinates computed by {rule} and rounded by {rounding}"
                    yield Hypothesis(words, "coordinates"), replace(self, coordinates=rule, rounding=rounding)
        for a in ("-3/4", "-1/2"):
            for outside in ("edge", "excluded"):
                words = f"cubic kernel with pixels outside x {'taken from the edge' if outside == 'edge' else 'excluded'}"
                yield Hypothesis(words, "outside", f"a = {a}"), replace(self, a=a, outside=outside)
        yield Hypothesis("scale equal to the ratio of the lengths", "scale"), replace(self, scale=())
        yield Hypothesis("antialiasing ignored", "antialias"), replace(self, antialias="no")
        yield Hypothesis("antialiasing added", "antialias"), replace(self, antialias="yes")
        excluded = Hypothesis("antialiasing added and pixels outside x excluded", "antialias", "a = -1/2")
        yield excluded, replace(self, antialias="yes", a="-1/2", outside="excluded")
        for mode in MODES:
            yield Hypothesis(f"mode {mode}", "mode"), replace(self, mode=mode)
        yield Hypothesis("average over whole pixels, as in adaptive pooling", "mode"), AdaptiveAveragePool(size=self.size)
        yield Hypothesis("size of the axes in reverse order", "size"), replace(self, size=self.size[::-1], scale=self.scale[::-1])


@lru_cache(maxsize=1 << 14)
def _matrix(op: Resize, axis: int, n: int) -> Matrix:
    m, s = op.size[axis], op.scale_of(axis, n)
    places = [coordinate(op.coordinates, j, n, m, s) for j in range(m)]
    parts = [_parts(op, c, j, n, s) for j, c in enumerate(places)]
    # those that meet at the edge are added only after they were multiplied
    return matrix([_clamped(row, n) for row in parts], n, math.lcm(*(v.denominator for row in parts for v in row.values())))


def affine(op: Resize, axis: int, n: int) -> tuple[Fraction, Fraction]:
    """(step, start): output pixel j lies at step·j + start among n pixels, if there is one."""
    m, s = op.size[axis], op.scale_of(axis, n)
    if not s:
        return Fraction(1), Fraction(0)
    first, second = (coordinate(op.coordinates, j, n, m, s) for j in (0, 1))
    return (1 / s if second == first else second - first), first


def coordinate(rule: str, j: int, n: int, m: int, s: Fraction) -> Fraction:
    """Where output pixel j of m lies among n pixels, the first of which is at 0."""
    if rule == "asymmetric":
        return j / s
    if rule == "align_corners":
        return j * (n - 1) / (n * s - 1) if n * s != 1 else Fraction(0)
    if rule == "pytorch_half_pixel" and m == 1:
        return Fraction(0)
    if rule == "tf_half_pixel_for_nn":
        return (j + HALF) / s
    centred = (n - m / s) / 2 if rule == "half_pixel_symmetric" else 0
    return (j + HALF) / s - HALF + centred


def _parts(op: Resize, c: Fraction, j: int, n: int, s: Fraction) -> dict[int, Fraction]:
    """What output pixel j, at coordinate c, takes of each pixel, those outside x included."""
    if op.mode == "nearest":
        return {rounded(c, op.rounding): Fraction(1)}
    found = weights(op, c, j, n, s)
    total = sum(found.values())
    if not total:
        raise op.refuse(f"output pixel {j} lies at {c} of {n} pixels, where none has a weight")
    return {i: v / total for i, v in found.items()}


def _clamped(parts: dict[int, Fraction], n: int) -> dict[int, Fraction]:
    """Pixels outside x are those at its edge."""
    row: dict[int, Fraction] = {}
    for i, v in parts.items():
        at = min(max(i, 0), n - 1)
        row[at] = row.get(at, Fraction(0)) + v
    return row


def weights(op: Resize, c: Fraction, j: int, n: int, s: Fraction) -> dict[int, Fraction]:
    """The weight of each pixel within reach, those included whose weight is only just 0, before they are made to sum to 1."""
    if op.mode == "area":
        pixels = range(math.ceil(j / s) - 1, math.floor((j + 1) / s) + 1)
        found = {i: s * max(min(Fraction(i + 1), (j + 1) / s) - max(Fraction(i), j / s), Fraction(0)) for i in pixels}
    else:
        narrow = narrowing(op, s)
        reach = (1 if op.mode == "linear" else 2) / narrow
        pixels = range(math.ceil(c - reach), math.floor(c + reach) + 1)
        found = {i: _linear(t) if op.mode == "linear" else _cubic(t, Fraction(op.a)) for i in pixels for t in [abs(i - c) * narrow]}
    return {i: v for i, v in found.items() if 0 <= i < n} if op.outside == "excluded" else found


def narrowing(op: Resize, s: Fraction) -> Fraction:
    return min(s, Fraction(1)) if op.antialias == "yes" else Fraction(1)


def dyadic(value: Fraction) -> bool:
    """Whether it is a power of two."""
    return all(n & (n - 1) == 0 for n in (abs(value.numerator), value.denominator))


def rounded(c: Fraction, rule: str) -> int:
    if rule == "floor":
        return math.floor(c)
    if rule == "ceil":
        return math.ceil(c)
    return math.ceil(c - HALF) if rule == "round_prefer_floor" else math.floor(c + HALF)


def _linear(t: Fraction) -> Fraction:
    return max(1 - t, Fraction(0))


def _cubic(t: Fraction, a: Fraction) -> Fraction:
    if t <= 1:
        return ((a + 2) * t - (a + 3)) * t * t + 1
    return a * (((t - 5) * t + 8) * t - 4) if t < 2 else Fraction(0)
