"""Pooling.

    SumPool    y[n,c,j] = Σ_t x[n,c, s·j + t]     length ⌊(n − k)/s⌋ + 1
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spec.operation import Array, Index, Operation, Shape, per_axis, space


@dataclass(frozen=True, kw_only=True, repr=False)
class SumPool(Operation):
    """Each window's sum. The stride is the kernel unless given."""

    kernel: Shape = per_axis(least=1)
    stride: Shape = per_axis(lambda op, axis: op.kernel[axis], least=1)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        rows = zip(space(x, self.rank), self.kernel, self.stride, strict=True)
        lengths = tuple((n - k) // s + 1 for n, k, s in rows)
        if min(lengths) < 0:
            raise self.refuse(f"x {x} gives the output lengths {lengths}, but a length cannot be negative")
        return (*x[:2], *lengths)

    def __call__(self, x: Array, *w: Array) -> Array:
        y = np.zeros(self.shape(x.shape, *(v.shape for v in w)), x.dtype)
        for at in self._windows(space(y, self.rank)):
            y += x[at]
        return y

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        dx = np.zeros(x.shape, g.dtype)
        for at in self._windows(space(g, self.rank)):
            dx[at] += g
        return (dx,)

    def _windows(self, count: Shape) -> Iterator[Index]:
        for t in np.ndindex(*self.kernel):
            yield (..., *(slice(i, i + s * (m - 1) + 1 if m else i, s) for i, s, m in zip(t, self.stride, count, strict=True)))
