"""Pools that choose. Windows as in spec/ops/window.py; the stride is the kernel unless given; a pixel of the padding is none.

    MaxPool      y[n,c,j] = max_t x[n,c, s·j + d·t − lo]     its gradient goes to one t that attains it, or to all: `ties` says to which,
                 so that it is defined where several do, too, but not where y is NaN
    MaxUnpool    y[n,c,q] = x[n,c,j] where q = indices[n,c,j], 0 elsewhere; indices count the pixels of one plane, row-major
                 ∂x[n,c,j] = g[n,c,q]; of several j with one index the last is put there and has the gradient; ∂indices is not defined

NaN is greater than everything. A window without a pixel has no maximum and is refused.
Source: https://onnx.ai/onnx/operators/ (MaxPool, MaxUnpool); indices as in torch.nn.MaxPool2d(return_indices=True).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from spec.operation import (
    IMAGE,
    Array,
    Hypothesis,
    Index,
    Input,
    Operation,
    Pairs,
    Shape,
    beside,
    fit,
    indices,
    negated,
    one_of,
    per_axis,
    size,
    space,
)
from spec.ops.pad import Pad
from spec.ops.pool import SumPool
from spec.ops.window import least_met, pooled, taps

TIES = {
    "first": "gradient to the first of several maxima",
    "last": "gradient to the last of several maxima",
    "all": "whole gradient to every one of several maxima",
}


@dataclass(frozen=True, kw_only=True, repr=False)
class MaxPool(Operation):
    """Each window's greatest element. Where several are, the gradient goes to the first or the last of them in row-major order, or
    whole to all of them."""

    kernel: Shape = per_axis(least=1)
    stride: Shape = per_axis(lambda op, axis: op.kernel[axis], least=1)
    padding: Pairs = per_axis((0, 0))
    dilation: Shape = per_axis(1, least=1)
    ties: str = one_of("first", "last", "all")

    @property
    def selects(self) -> bool:
        return True

    @property
    def multilinear(self) -> bool:
        return False

    def terms(self, x: Shape, *w: Shape) -> int:
        """All windows that see a pixel may have their maximum there."""
        return self._sum().terms(x, *w)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        shape = pooled(self, x, w)
        lengths = zip(space(x, self.rank), space(shape, self.rank), strict=True)
        seen = (least_met(self, axis, m, 0, n) for axis, (n, m) in enumerate(lengths))
        if size(shape) and not min(seen):
            raise self.refuse(f"on x {x} a window lies wholly in the padding, but a maximum needs a pixel")
        return shape

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        return self._sum().scratch(x, *w)

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(v.shape for v in w))
        y: Array = _flat(x, self.rank)[self._winners(x)]
        return y

    def indices(self, x: Array) -> Array:
        """Where each window's greatest element lies, counted row-major in its plane."""
        pixels: Array = self._winners(x)[-1]
        return pixels

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        if self.ties == "all":
            return (self._to_all(x, g),)
        dx = np.zeros_like(_flat(x, self.rank), dtype=g.dtype)
        np.add.at(dx, self._winners(x), g)
        return (dx.reshape(x.shape),)

    def undefined(self, x: Array, *w_and_u: Array) -> tuple[Array, ...]:
        """In windows with NaN, and where what comes back is not defined."""
        (u,) = w_and_u
        y = self(x)
        (places,) = self.vjp(x, u.astype(float))
        (unordered,) = self._sum().undefined(x, np.isnan(y.astype(float)))
        return ((places > 0) | unordered,)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        for ties, words in TIES.items():
            if ties != self.ties:
                yield Hypothesis(words, "ties"), replace(self, ties=ties)
        yield Hypothesis("padding taken for zeros", "padding"), Pad(padding=self.padding) >> replace(self, padding=())
        for mistake, pairs in beside("padding", self.padding):
            yield mistake, replace(self, padding=pairs)
        yield Hypothesis("dilation ignored", "dilation"), replace(self, dilation=())
        yield Hypothesis("stride equal to the kernel", "stride"), replace(self, stride=())
        yield Hypothesis("stride ignored", "stride"), replace(self, stride=(1,) * self.rank)

    def _sum(self) -> SumPool:
        return SumPool(kernel=self.kernel, stride=self.stride, padding=self.padding, dilation=self.dilation)

    def _to_all(self, x: Array, g: Array) -> Array:
        y, values, exists = self(x), fit(x, self.padding), fit(np.ones(x.shape, bool), self.padding)
        gradient = np.zeros(values.shape, g.dtype)
        for at in taps(self, space(y, self.rank)):
            greatest = (values[at] == y) | ((values[at] != values[at]) & (y != y))
            gradient[at] += np.where(exists[at] & greatest, g, np.zeros(1, g.dtype))
        return fit(gradient, negated(self.padding))

    def _winners(self, x: Array) -> Index:
        """Indices (n, c, pixel) into x with its space flattened."""
        shape, plane = self.shape(x.shape), space(x, self.rank)
        values, exists = fit(x, self.padding), fit(np.ones(plane, bool), self.padding)
        pixels = fit(np.arange(size(plane)).reshape(plane), self.padding)
        best, pixel, found = np.zeros(shape, x.dtype), np.zeros(shape, np.int64), np.zeros(shape, bool)
        for at in taps(self, space(shape, self.rank)):
            here = values[at]
            greater = here >= best if self.ties == "last" else here > best
            wins = exists[at] & (~found | greater | ((here != here) & (best == best)))  # NaN alone is not itself
            best, pixel, found = np.where(wins, here, best), np.where(wins, pixels[at], pixel), found | exists[at]
        n, c = (np.arange(m).reshape(-1, *(1,) * more) for m, more in zip(x.shape, (self.rank + 1, self.rank), strict=False))
        return n, c, pixel


@dataclass(frozen=True, kw_only=True, repr=False)
class MaxUnpool(Operation):
    """Each pixel put where `indices`, the second array, says; 0 elsewhere. `size` is the answer's spatial shape."""

    size: Shape = per_axis(least=1)

    def inputs(self) -> tuple[Input, ...]:
        """Indices; no two of a plane are equal, as frameworks differ in which of the two they keep."""
        below = indices(size(self.size), distinct=True)
        return (Input("w", lambda x: x, domain=lambda x: below, has_gradient=False, axes=IMAGE),)

    def terms(self, x: Shape, *w: Shape) -> int:
        """Nothing is added."""
        return 1

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        if w[0] != x:
            raise self.refuse(f"indices have shape {w[0]}, but they must have that of x, {x}")
        return (*x[:2], *self.size)

    def __call__(self, x: Array, *w: Array) -> Array:
        y = np.zeros(self.shape(x.shape, *(v.shape for v in w)), x.dtype)
        if w[0].size and not 0 <= w[0].min() <= w[0].max() < size(self.size):
            raise self.refuse(f"indices reach from {w[0].min()} to {w[0].max()}, but there are {size(self.size)} pixels")
        np.put_along_axis(_flat(y, self.rank), _flat(w[0].astype(np.int64), self.rank), _flat(x, self.rank), -1)
        return y

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        indices, g = w_and_g
        places = _flat(indices.astype(np.int64), self.rank)
        order = np.broadcast_to(np.arange(places.shape[-1]), places.shape)
        put, planes = np.full((*x.shape[:2], size(self.size)), -1), _flat(g, self.rank)
        np.put_along_axis(put, places, order, -1)
        kept = np.take_along_axis(put, places, -1) == order
        dx = np.where(kept, np.take_along_axis(planes, places, -1), np.zeros(1, g.dtype))
        return dx.reshape(x.shape), np.zeros_like(indices)


def _flat(x: Array, rank: int) -> Array:
    return x.reshape(*x.shape[:-rank], size(space(x, rank)))
