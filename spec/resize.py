"""Nearest upsampling by whole factors.

    Upsample   y[n,c,j] = x[n,c,⌊j/f⌋]     length n·f

The simplest case of Resize: every coordinate rule and every rounding rule agrees on it.
Source: ONNX operators, Resize (mode "nearest"), https://onnx.ai/onnx/operators/onnx__Resize.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from spec.operation import Array, Operation, Shape, along, per_axis, space
from spec.pool import SumPool


@dataclass(frozen=True, kw_only=True, repr=False)
class Upsample(Operation):
    """Every pixel repeated `factor` times along each axis."""

    factor: Shape = per_axis(least=1)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        return (*x[:2], *(n * f for n, f in zip(space(x, self.rank), self.factor, strict=True)))

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(v.shape for v in w))
        for axis, f in enumerate(self.factor, start=2):
            x = np.repeat(x, f, axis)
        return x

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        return (SumPool(kernel=self.factor)(g),)

    def neighbours(self) -> Iterator[tuple[str, Operation]]:
        from spec.rearrange import ZeroInsert

        yield "zeros were put between, no pixel repeated", ZeroInsert(factor=self.factor)
        for words, factor in along("factor", self.factor):
            yield words, replace(self, factor=factor)
