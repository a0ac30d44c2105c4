"""Pooling. The stride is the kernel unless given; windows lie wholly inside x; length ⌊(n − k)/s⌋ + 1.

    SumPool      y[n,c,j] = Σ_t x[n,c, s·j + t]
    AveragePool  y[n,c,j] = Σ_t x[n,c, s·j + t] / Πk
    MaxPool      y[n,c,j] = max_t x[n,c, s·j + t]          its gradient goes to the first t that attains it, in row-major order
    MaxUnpool    y[n,c,q] = x[n,c,j] where q = indices[n,c,j], 0 elsewhere      indices count the pixels of one plane, row-major

Source: https://onnx.ai/onnx/operators/ (AveragePool, MaxPool, MaxUnpool); indices as in torch.nn.MaxPool2d(return_indices=True).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from spec.operation import Array, Index, Operation, Shape, per_axis, size, space


@dataclass(frozen=True, kw_only=True, repr=False)
class SumPool(Operation):
    """Each window's sum."""

    kernel: Shape = per_axis(least=1)
    stride: Shape = per_axis(lambda op, axis: op.kernel[axis], least=1)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        return _pooled(self, x, w)

    def __call__(self, x: Array, *w: Array) -> Array:
        y = np.zeros(self.shape(x.shape, *(v.shape for v in w)), x.dtype)
        for _, at in _windows(self, space(y, self.rank)):
            y += x[at]
        return y

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        dx = np.zeros(x.shape, g.dtype)
        for _, at in _windows(self, space(g, self.rank)):
            dx[at] += g
        return (dx,)
