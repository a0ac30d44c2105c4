"""Pools that add. Windows as in spec/ops/window.py; the stride is the kernel unless given; x is 0 outside.

    SumPool      y[n,c,j] = Σ_t x[n,c, s·j + d·t − lo]
    AveragePool  y[n,c,j] = Σ_t x[n,c, s·j + d·t − lo] / divisor(j)
    LpPool       y[n,c,j] = (Σ_t |x[n,c, s·j + d·t − lo]|^p)^(1/p)
                 ∂y/∂x[i] = sign(x[i])·(|x[i]| / y)^(p−1), not defined where y is 0, nor for p = 1 where x[i] is 0

divisor(j) is Π over the axes of how many taps t are counted: all of them ("window"); those at −lo ≤ s·j + d·t − lo < n + hi ("padded",
count_include_pad of PyTorch and ONNX); those at 0 ≤ s·j + d·t − lo < n ("valid": TensorFlow, Keras, JAX). A divisor of 0 is refused.
Source: https://onnx.ai/onnx/operators/onnx__AveragePool.html, onnx__LpPool.html; torch.nn.AvgPool2d (ceil_mode, divisor_override).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce

import numpy as np

from spec.operation import (
    Array,
    Hypothesis,
    Operation,
    Pairs,
    Shape,
    along,
    beside,
    each_axis,
    fit,
    negated,
    one_number,
    one_of,
    per_axis,
    size,
    space,
    terms_by_axis,
)
from spec.ops.window import least_met, met, pooled, taps


@dataclass(frozen=True, kw_only=True, repr=False)
class SumPool(Operation):
    """Each window's sum."""

    kernel: Shape = per_axis(least=1)
    stride: Shape = per_axis(lambda op, axis: op.kernel[axis], least=1)
    padding: Pairs = per_axis((0, 0))
    dilation: Shape = per_axis(1, least=1)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        return pooled(self, x, w)

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        return (*x[:2], *(n + max(lo, 0) + max(hi, 0) for n, (lo, hi) in zip(space(x, self.rank), self.padding, strict=True)))

    def terms(self, x: Shape, *w: Shape) -> int:
        """The counts of different axes multiply."""
        most = [terms_by_axis(op, n) for op, n in zip(each_axis(self), space(x, self.rank), strict=True)]
        return max(1, *(math.prod(axis[i] for axis in most) for i in (0, 1)))

    def __call__(self, x: Array, *w: Array) -> Array:
        y = np.zeros(self.shape(x.shape, *(v.shape for v in w)), x.dtype)
        padded = fit(x, self.padding)
        for at in taps(self, space(y, self.rank)):
            y += padded[at]
        return y

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        padded = np.zeros(fit(x, self.padding).shape, g.dtype)
        for at in taps(self, space(g, self.rank)):
            padded[at] += g
        return (fit(padded, negated(self.padding)),)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        same = AveragePool(kernel=self.kernel, stride=self.stride, padding=self.padding, dilation=self.dilation)
        yield Hypothesis("each sum divided by the window's size"), same
        for mistake, pairs in beside("padding", self.padding):
            yield mistake, replace(self, padding=pairs)
        yield Hypothesis("stride equal to the kernel", "stride"), replace(self, stride=self.kernel)
        yield Hypothesis("stride ignored", "stride"), replace(self, stride=(1,) * self.rank)
        for mistake, kernel in along("kernel", self.kernel):
            yield mistake, replace(self, kernel=kernel)
        for mistake, stride in along("stride", self.stride):
            yield mistake, replace(self, stride=stride)
        yield Hypothesis("dilation ignored", "dilation"), replace(self, dilation=())


@dataclass(frozen=True, kw_only=True, repr=False)
class AveragePool(Operation):
    """Each window's mean. Integers give fractions (object arrays) unless every mean is whole.

    overhang: how far the last window may reach beyond the padding, as with ceil_mode; counted: which pixels the divisor counts;
    divisor: what to divide by instead, if it is not 0.
    """

    kernel: Shape = per_axis(least=1)
    stride: Shape = per_axis(lambda op, axis: op.kernel[axis], least=1)
    padding: Pairs = per_axis((0, 0))
    dilation: Shape = per_axis(1, least=1)
    overhang: Shape = per_axis(0, least=0)
    counted: str = one_of("window", "padded", "valid")
    divisor: int = one_number(0, least=0)

    def unit_on(self, x: Shape, *w: Shape) -> int:
        """For any x: a window may have any part of its pixels inside."""
        some = self.kernel if self.counted == "window" else (math.lcm(*range(1, k + 1)) for k in self.kernel)
        return self.divisor or math.prod(some)

    @property
    def roundings(self) -> int:
        """That of one over the divisor, and that of the product."""
        return 2

    def shape(self, x: Shape, *w: Shape) -> Shape:
        shape = self._sum().shape(x, *w)
        if size(shape) and not min(self._least_counted(x, shape)):
            raise self.refuse(f"on x {x} a window has no pixel that is counted, but nothing can be divided by 0")
        return shape

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        return self._sum().scratch(x, *w)

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(v.shape for v in w))
        return divided(self._sum()(x, *w), self._divisors(x.shape))

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        *w, g = w_and_g
        return self._sum().vjp(x, *w, divided(g, self._divisors(x.shape)))

    def terms(self, x: Shape, *w: Shape) -> int:
        """Those of the sum, before it is divided."""
        return self._sum().terms(x, *w)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        yield Hypothesis("sums that are not divided", "divisor"), self._sum()
        for counted, words in (("window", "every tap"), ("padded", "the padding but nothing beyond it"), ("valid", "only pixels of x")):
            yield Hypothesis(f"divisor that counts {words}", "counted"), replace(self, counted=counted, divisor=0)
        for mistake, pairs in beside("padding", self.padding):
            yield mistake, replace(self, padding=pairs)
        yield Hypothesis("overhang taken for padding", "overhang"), replace(self, padding=self._sum().padding, overhang=())
        yield Hypothesis("dilation ignored", "dilation"), replace(self, dilation=())

    def _sum(self) -> SumPool:
        return SumPool(kernel=self.kernel, stride=self.stride, padding=reaching(self), dilation=self.dilation)

    def _counts(self, x: Shape) -> Iterator[Array]:
        """For each axis, what each window's divisor is there."""
        for axis, m in enumerate(space(self._sum().shape(x), self.rank)):
            yield np.full(m, self.kernel[axis]) if self._counts_all else met(self, axis, m, *self._counted(x, axis))

    def _least_counted(self, x: Shape, y: Shape) -> Iterator[int]:
        """For each axis, the least of them."""
        for axis, m in enumerate(space(y, self.rank)):
            yield 1 if self._counts_all else least_met(self, axis, m, *self._counted(x, axis))

    @property
    def _counts_all(self) -> bool:
        return self.counted == "window" or self.divisor > 0

    def _counted(self, x: Shape, axis: int) -> tuple[int, int]:
        """Which pixels count, as first and last + 1."""
        lo, hi = self.padding[axis] if self.counted == "padded" else (0, 0)
        return -lo, space(x, self.rank)[axis] + hi

    def _divisors(self, x: Shape) -> Array:
        return np.array(self.divisor) if self.divisor else reduce(np.multiply.outer, self._counts(x))


@dataclass(frozen=True, kw_only=True, repr=False)
class LpPool(Operation):
    """Each window's p-norm. Exact for p = 1 and where every root is whole; other roots are the nearest float64.

    Of degree p before the root, so that whole numbers are drawn whose powers are exact. A norm of 0 has no derivative; the gradient
    given there, 0, is one of several.
    """

    kernel: Shape = per_axis(least=1)
    stride: Shape = per_axis(lambda op, axis: op.kernel[axis], least=1)
    padding: Pairs = per_axis((0, 0))
    dilation: Shape = per_axis(1, least=1)
    p: int = one_number(2, least=1)

    @property
    def multilinear(self) -> bool:
        return False

    @property
    def degree(self) -> int:
        return self.p

    @property
    def roundings(self) -> int:
        """The powers' and the root's, and those of a gradient that divides and multiplies by them.

        A higher root is e to a logarithm, whose last digit counts 2·ln s times: s is below 2^53, where whole numbers are exact.
        """
        return 0 if self.p == 1 else 2 * self.p + 2 + (0 if self.p == 2 else math.ceil(2 * 53 * math.log(2)))

    def exact_on(self, x: Shape, *w: Shape) -> bool:
        """Few roots are whole."""
        return self.p == 1

    def shape(self, x: Shape, *w: Shape) -> Shape:
        return self._sum().shape(x, *w)

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        return self._sum().scratch(x, *w)

    def __call__(self, x: Array, *w: Array) -> Array:
        return _root(self._sum()(abs(x) ** self.p, *w), self.p)

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        """∂y/∂x[i] = sign(x[i]) · (|x[i]| / y)^(p−1)."""
        (g,) = w_and_g
        if self.p > 1:
            y = self(x).astype(float)
            g = np.divide(g.astype(float), y ** (self.p - 1), out=np.zeros(y.shape), where=y != 0)
        (dx,) = self._sum().vjp(x, g)
        return (dx * np.sign(x) * abs(x) ** (self.p - 1),)

    def undefined(self, x: Array, *w_and_u: Array) -> tuple[Array, ...]:
        """Where a window's norm is 0; for p = 1, where its pixel is."""
        (u,) = w_and_u
        if self.p > 1:
            u = u | (self(x) == 0)
        (places,) = self._sum().undefined(x, u)
        if self.p == 1:
            (seen,) = self._sum().undefined(x, np.ones(u.shape, bool))
            places = places | (seen & (x == 0))
        return (places,)

    def terms(self, x: Shape, *w: Shape) -> int:
        """Those of the sum, before its root is taken."""
        return self._sum().terms(x, *w)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        if self.p == 1:
            yield Hypothesis("signs not removed"), self._sum()
        for p in (1, 2):
            yield Hypothesis("another exponent", "p", f"p = {p}"), replace(self, p=p)
        yield Hypothesis("padding ignored", "padding"), replace(self, padding=())

    def _sum(self) -> SumPool:
        return SumPool(kernel=self.kernel, stride=self.stride, padding=self.padding, dilation=self.dilation)


def reaching(op: SumPool | AveragePool) -> Pairs:
    """The padding with the overhang."""
    overhang = op.overhang if isinstance(op, AveragePool) else (0,) * op.rank
    return tuple((lo, hi + more) for (lo, hi), more in zip(op.padding, overhang, strict=True))


def divided(total: Array, by: Array) -> Array:
    """total / by, without a float where there was none."""
    if np.issubdtype(total.dtype, np.floating):
        return (total / by).astype(total.dtype)
    if not (total % by).any():
        return (total // by).astype(total.dtype)
    parts = np.array([Fraction(1, int(n)) for n in by.flat], object).reshape(by.shape)
    quotient: Array = total.astype(object) * parts
    return quotient


def _root(total: Array, p: int) -> Array:
    if p == 1:
        return total
    root = np.sqrt(total.astype(float)) if p == 2 else total.astype(float) ** (1 / p)
    whole = np.rint(root).astype(np.int64).astype(total.dtype)
    if (whole**p == total).all():
        return whole
    return root.astype(total.dtype) if np.issubdtype(total.dtype, np.floating) else root
