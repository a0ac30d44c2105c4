"""Operations that move pixels and compute nothing.

    ZeroInsert     y[n,c,s·i] = x[n,c,i], 0 elsewhere            length (n−1)s + 1 + trailing
    DepthToSpace   y[n,c, f·i + p] = x[n, channel(c, p), i]      length f·n; p counts the phases of one cell, row-major
    SpaceToDepth   y[n, channel(c, p), i] = x[n,c, f·i + p]      length n/f

channel(c, p) of C channels and P = Πf phases is c·P + p in the order "CRD" (PyTorch's PixelShuffle), p·C + c in "DCR" (TensorFlow).
Source: https://onnx.ai/onnx/operators/onnx__DepthToSpace.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from spec.operation import Array, Hypothesis, Index, Operation, Shape, along, one_of, per_axis, size, space
from spec.ops.resize import Upsample


@dataclass(frozen=True, kw_only=True, repr=False)
class ZeroInsert(Operation):
    """factor − 1 zeros between neighbours and `trailing` zeros after the last element; trailing = factor − 1 unless given."""

    factor: Shape = per_axis(least=1)
    trailing: Shape = per_axis(lambda op, axis: op.factor[axis] - 1, least=0)

    @property
    def copies(self) -> bool:
        return True

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

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        zeros = (0,) * self.rank
        yield Hypothesis("trailing zeros ignored", "trailing"), replace(self, trailing=zeros)
        yield Hypothesis("factor − 1 trailing zeros", "trailing"), replace(self, trailing=())
        yield Hypothesis("repeated pixels instead of zeros between the pixels"), Upsample(factor=self.factor)
        for mistake, factor in along("factor", self.factor):
            yield mistake, replace(self, factor=factor)

    def _kept(self, x: Shape) -> Index:
        return (..., *(slice(0, (n - 1) * s + 1, s) for n, s in zip(space(x, self.rank), self.factor, strict=True)))


@dataclass(frozen=True, kw_only=True, repr=False)
class DepthToSpace(Operation):
    """Channels interleaved into space."""

    factor: Shape = per_axis(least=1)
    order: str = one_of("DCR", "CRD")

    @property
    def apart(self) -> bool:
        return False

    @property
    def copies(self) -> bool:
        return True

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        if x[1] % size(self.factor):
            raise self.refuse(f"x has {x[1]} channels, but the {size(self.factor)} phases of a cell must divide them")
        return (x[0], x[1] // size(self.factor), *(n * f for n, f in zip(space(x, self.rank), self.factor, strict=True)))

    def __call__(self, x: Array, *w: Array) -> Array:
        shape, r = self.shape(x.shape, *(v.shape for v in w)), self.rank
        split = (*self.factor, shape[1]) if self.order == "DCR" else (shape[1], *self.factor)
        phases, c = ((1, *range(2, 1 + r)), 1 + r) if self.order == "DCR" else (range(2, 2 + r), 1)
        interleaved = (axis for pair in zip(range(2 + r, 2 + 2 * r), phases, strict=True) for axis in pair)
        return x.reshape(x.shape[0], *split, *space(x, r)).transpose(0, c, *interleaved).reshape(shape)

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        return (SpaceToDepth(factor=self.factor, order=self.order)(g),)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        yield from _other_order(self)


@dataclass(frozen=True, kw_only=True, repr=False)
class SpaceToDepth(Operation):
    """Space deinterleaved into channels: DepthToSpace undone."""

    factor: Shape = per_axis(least=1)
    order: str = one_of("DCR", "CRD")

    @property
    def apart(self) -> bool:
        return False

    @property
    def copies(self) -> bool:
        return True

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        if any(n % f for n, f in zip(space(x, self.rank), self.factor, strict=True)):
            raise self.refuse(f"x has the lengths {space(x, self.rank)}, but factor must divide them")
        return (x[0], x[1] * size(self.factor), *(n // f for n, f in zip(space(x, self.rank), self.factor, strict=True)))

    def __call__(self, x: Array, *w: Array) -> Array:
        shape, r = self.shape(x.shape, *(v.shape for v in w)), self.rank
        split = (length for n, f in zip(space(x, r), self.factor, strict=True) for length in (n // f, f))
        phases, cells = range(3, 3 + 2 * r, 2), range(2, 2 + 2 * r, 2)
        channels = (*phases, 1) if self.order == "DCR" else (1, *phases)
        return x.reshape(*x.shape[:2], *split).transpose(0, *channels, *cells).reshape(shape)

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        return (DepthToSpace(factor=self.factor, order=self.order)(g),)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        yield from _other_order(self)


def _other_order(op: DepthToSpace | SpaceToDepth) -> Iterator[tuple[Hypothesis, Operation]]:
    other = "CRD" if op.order == "DCR" else "DCR"
    yield Hypothesis(f"channel order {other}", "order"), replace(op, order=other)
