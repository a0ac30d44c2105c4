"""Pooling. The stride is the kernel unless given; windows lie wholly inside x; length ⌊(n − k)/s⌋ + 1.

    SumPool      y[n,c,j] = Σ_t x[n,c, s·j + t]
    AveragePool  y[n,c,j] = Σ_t x[n,c, s·j + t] / Πk
    MaxPool      y[n,c,j] = max_t x[n,c, s·j + t]     its gradient goes to the first t that attains it, in row-major order
    MaxUnpool    y[n,c,q] = x[n,c,j] where q = indices[n,c,j], 0 elsewhere; indices count the pixels of one plane, row-major

Source: https://onnx.ai/onnx/operators/ (AveragePool, MaxPool, MaxUnpool); indices as in torch.nn.MaxPool2d(return_indices=True).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from spec.operation import Array, Index, Operation, Shape, along, per_axis, size, space


@dataclass(frozen=True, kw_only=True, repr=False)
class SumPool(Operation):
    """Each window's sum."""

    kernel: Shape = per_axis(least=1)
    stride: Shape = per_axis(lambda op, axis: op.kernel[axis], least=1)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        return _pooled(self, x, w)

    def __call__(self, x: Array, *w: Array) -> Array:
        y = np.zeros(self.shape(x.shape, *(v.shape for v in w)), x.dtype)
        for at in _taps(self, space(y, self.rank)):
            y += x[at]
        return y

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (g,) = w_and_g
        dx = np.zeros(x.shape, g.dtype)
        for at in _taps(self, space(g, self.rank)):
            dx[at] += g
        return (dx,)

    def neighbours(self) -> Iterator[tuple[str, Operation]]:
        yield "each sum were divided by the window's size", AveragePool(kernel=self.kernel, stride=self.stride)
        yield "the stride were the kernel", replace(self, stride=self.kernel)
        yield "the stride were 1", replace(self, stride=(1,) * self.rank)
        for words, kernel in along("kernel", self.kernel):
            yield words, replace(self, kernel=kernel)
        for words, stride in along("stride", self.stride):
            yield words, replace(self, stride=stride)


@dataclass(frozen=True, kw_only=True, repr=False)
class AveragePool(Operation):
    """Each window's mean. Integers give fractions (object arrays) unless every mean is whole."""

    kernel: Shape = per_axis(least=1)
    stride: Shape = per_axis(lambda op, axis: op.kernel[axis], least=1)

    @property
    def unit(self) -> int:
        return size(self.kernel)

    @property
    def roundings(self) -> int:
        """That of 1/Πk, and that of the product."""
        return 2

    def shape(self, x: Shape, *w: Shape) -> Shape:
        return _pooled(self, x, w)

    def __call__(self, x: Array, *w: Array) -> Array:
        return _divided(SumPool(kernel=self.kernel, stride=self.stride)(x, *w), self.unit)

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        (dx,) = SumPool(kernel=self.kernel, stride=self.stride).vjp(x, *w_and_g)
        return (_divided(dx, self.unit),)

    def terms(self, x: Shape, *w: Shape) -> int:
        """Those of the sum, before it is divided."""
        return SumPool(kernel=self.kernel, stride=self.stride).terms(x, *w)


@dataclass(frozen=True, kw_only=True, repr=False)
class MaxPool(Operation):
    """Each window's greatest element, the first one where several are."""

    kernel: Shape = per_axis(least=1)
    stride: Shape = per_axis(lambda op, axis: op.kernel[axis], least=1)

    @property
    def multilinear(self) -> bool:
        return False

    def terms(self, x: Shape, *w: Shape) -> int:
        """All windows that see a pixel may have their maximum there."""
        return SumPool(kernel=self.kernel, stride=self.stride).terms(x, *w)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        return _pooled(self, x, w)

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
        dx = np.zeros_like(_flat(x, self.rank), dtype=g.dtype)
        np.add.at(dx, self._winners(x), g)
        return (dx.reshape(x.shape),)

    def _winners(self, x: Array) -> Index:
        """Indices (n, c, pixel) into x with its space flattened."""
        count = space(self.shape(x.shape), self.rank)
        here = np.arange(size(space(x, self.rank))).reshape(space(x, self.rank))
        seen = np.stack([x[at] for at in _taps(self, count)], -1)
        pixels = np.stack([here[at] for at in _taps(self, count)], -1)
        first = seen.argmax(-1)[..., None]
        pixel = np.take_along_axis(np.broadcast_to(pixels, seen.shape), first, -1)[..., 0]
        n, c = (np.arange(m).reshape(-1, *(1,) * more) for m, more in zip(x.shape, (self.rank + 1, self.rank), strict=False))
        return n, c, pixel


@dataclass(frozen=True, kw_only=True, repr=False)
class MaxUnpool(Operation):
    """Each pixel put where `indices`, the second array, says; 0 elsewhere. `size` is the answer's spatial shape."""

    size: Shape = per_axis(least=1)

    @property
    def weights(self) -> int:
        return 1

    @property
    def multilinear(self) -> bool:
        return False

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
        np.put_along_axis(y.reshape(*y.shape[:2], -1), w[0].astype(np.int64).reshape(*x.shape[:2], -1), x.reshape(*x.shape[:2], -1), -1)
        return y


Pool = SumPool | AveragePool | MaxPool


def _pooled(op: Pool, x: Shape, w: tuple[Shape, ...]) -> Shape:
    op.expect_weights(w)
    op.expect_image(x)
    lengths = tuple((n - k) // s + 1 for n, k, s in zip(space(x, op.rank), op.kernel, op.stride, strict=True))
    if min(lengths) < 0:
        raise op.refuse(f"x {x} gives the output lengths {lengths}, but a length cannot be negative")
    return (*x[:2], *lengths)


def _taps(op: Pool, count: Shape) -> Iterator[Index]:
    """For each place in a window, in row-major order, the pixels that windows j < count have there."""
    for t in np.ndindex(*op.kernel):
        yield (..., *(slice(i, i + s * (m - 1) + 1 if m else i, s) for i, s, m in zip(t, op.stride, count, strict=True)))


def _flat(x: Array, rank: int) -> Array:
    return x.reshape(*x.shape[:-rank], -1)


def _divided(total: Array, by: int) -> Array:
    if np.issubdtype(total.dtype, np.integer) and not (total % by).any():
        return total // by
    quotient: Array = total / by if np.issubdtype(total.dtype, np.floating) else total.astype(object) * Fraction(1, by)
    return quotient
