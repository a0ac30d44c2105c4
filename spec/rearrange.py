"""Operations that move pixels and compute nothing.

    ZeroInsert   y[n,c,s·i] = x[n,c,i], 0 elsewhere     length (n−1)s + 1 + trailing
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spec.operation import Array, Index, Operation, Shape, per_axis, space


@dataclass(frozen=True, kw_only=True, repr=False)
class ZeroInsert(Operation):
    """factor − 1 zeros between neighbours and `trailing` zeros after the last element; trailing = factor − 1 unless given."""

    factor: Shape = per_axis(least=1)
    trailing: Shape = per_axis(lambda op, axis: op.factor[axis] - 1, least=0)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        rows = zip(space(x, self.rank), self.factor, self.trailing, strict=True)
        return (*x[:2], *((n - 1) * s + 1 + trailing for n, s, trailing in rows))

    def __call__(self, x: Array, *w: Array) -> Array:
        y = np.zeros(self.shape(x.shape, *(v.shape for v in w)), x.dtype)
        y[self._kept(x.shape)] = x
        return y

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        return (g[self._kept(x.shape)],)

    def _kept(self, x: Shape) -> Index:
        return (..., *(slice(0, (n - 1) * s + 1, s) for n, s in zip(space(x, self.rank), self.factor, strict=True)))
