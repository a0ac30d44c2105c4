"""Padding: y[n,c,q] = x[n,c, source(q − lo)], length n + lo + hi; negative padding cuts, after the other end is padded.

    constant    x[p] inside, `value` outside
    edge        the nearest pixel: 0 before, n − 1 behind
    reflect     back and forth, the edge once: … 2 1 | 0 1 2 … n−1 | n−2 …   period 2(n − 1)
    symmetric   back and forth, the edge twice: … 1 0 | 0 1 … n−1 | n−1 …    period 2n
    wrap        from the start again: p mod n

An image of one pixel is repeated by every mode but constant. Source: https://onnx.ai/onnx/operators/onnx__Pad.html, numpy.pad.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from spec.operation import Array, Hypothesis, Operation, Pairs, Shape, beside, fit, negated, one_number, one_of, per_axis, space


@dataclass(frozen=True, kw_only=True, repr=False)
class Pad(Operation):
    """Pixels added around a picture. `value` is that of mode constant; other modes take 0."""

    padding: Pairs = per_axis((0, 0))
    mode: str = one_of("constant", "edge", "reflect", "symmetric", "wrap")
    value: int = one_number(0, least=None)

    @property
    def copies(self) -> bool:
        return True

    def absolute(self) -> Pad:
        return replace(self, value=abs(self.value))

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        if self.value and self.mode != "constant":
            raise self.refuse("value belongs to mode constant; the other modes repeat pixels of x")
        lengths = tuple(n + lo + hi for n, (lo, hi) in zip(space(x, self.rank), self.padding, strict=True))
        if min(lengths) < 0:
            raise self.refuse(f"x {x} gives the output lengths {lengths}, but a length cannot be negative")
        return (*x[:2], *lengths)

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        return (*x[:2], *(n + max(lo, 0) + max(hi, 0) for n, (lo, hi) in zip(space(x, self.rank), self.padding, strict=True)))

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(v.shape for v in w))
        if self.mode == "constant":
            zero = np.zeros((), x.dtype)
            inside = fit(np.ones(space(x, self.rank), bool), self.padding)
            return np.where(inside, fit(x, self.padding), zero + self.value).astype(x.dtype)
        for axis in range(self.rank):
            x = x.take(self._sources(x.shape, axis), axis + 2)
        return x

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        if self.mode == "constant":
            return (fit(g, negated(self.padding)),)
        for axis in range(self.rank):
            to = np.zeros((*g.shape[: axis + 2], x.shape[axis + 2], *g.shape[axis + 3 :]), g.dtype)
            np.add.at(to.swapaxes(0, axis + 2), self._sources(x.shape, axis), g.swapaxes(0, axis + 2))
            g = to
        return (g,)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        for mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
            if mode != self.mode:
                yield Hypothesis(f"mode {mode}", "mode"), replace(self, mode=mode, value=0)
        yield Hypothesis("value ignored", "value"), replace(self, value=0)
        for mistake, pairs in beside("padding", self.padding):
            yield mistake, replace(self, padding=pairs)

    def _sources(self, x: Shape, axis: int) -> Array:
        """For each place of the answer along an axis, the pixel of x that it repeats."""
        n, (lo, hi) = x[axis + 2], self.padding[axis]
        p = np.arange(-lo, n + hi)
        if self.mode == "edge":
            return p.clip(0, n - 1)
        if self.mode == "reflect":
            return n - 1 - abs(p % max(2 * n - 2, 1) - (n - 1))
        if self.mode == "symmetric":
            return np.minimum(p % (2 * n), 2 * n - 1 - p % (2 * n))
        return p % n
