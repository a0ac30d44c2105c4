"""The windows of pools: tap t of window j lies at s·j + d·t − lo, for j < ⌊(n + lo + hi − d(k−1) − 1)/s⌋ + 1.

Negative padding cuts x, after the other end is padded. What a pixel of the padding is worth is each pool's own affair.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

import numpy as np

from spec.operation import Array, Impossible, Index, Pairs, Shape, space
from spec.ops.pieces import pause


class Windows(Protocol):
    """An operation with windows."""

    @property
    def kernel(self) -> Shape: ...
    @property
    def stride(self) -> Shape: ...
    @property
    def padding(self) -> Pairs: ...
    @property
    def dilation(self) -> Shape: ...
    @property
    def rank(self) -> int: ...
    def refuse(self, sentence: str) -> Impossible: ...
    def expect_weights(self, w: tuple[Shape, ...]) -> None: ...
    def expect_image(self, x: Shape) -> None: ...


def pooled(op: Windows, x: Shape, w: tuple[Shape, ...]) -> Shape:
    """The shape of the answer: one pixel for each window."""
    op.expect_weights(w)
    op.expect_image(x)
    padded = tuple(n + lo + hi for n, (lo, hi) in zip(space(x, op.rank), op.padding, strict=True))
    if min(padded) < 0:
        raise op.refuse(f"x {x} is padded to the lengths {padded}, but a length cannot be negative")
    rows = zip(padded, op.kernel, op.stride, op.dilation, strict=True)
    lengths = tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in rows)
    if min(lengths) < 0:
        raise op.refuse(f"x {x} gives the output lengths {lengths}, but a length cannot be negative")
    return (*x[:2], *lengths)


def taps(op: Windows, count: Shape) -> Iterator[Index]:
    """For each place in a window, in row-major order, the pixels of the padded picture that windows j < count have there."""
    for t in np.ndindex(*op.kernel):
        pause()
        rows = zip(t, op.dilation, op.stride, count, strict=True)
        yield (..., *(slice(d * i, d * i + s * (m - 1) + 1 if m else d * i, s) for i, d, s, m in rows))


def met(op: Windows, axis: int, count: int, first: int, last: int) -> Array:
    """How many taps of each window lie at first … last − 1 along an axis."""
    return _met(_axis(op, axis), range(count), first, last)


def least_met(op: Windows, axis: int, count: int, first: int, last: int) -> int:
    """The least of them."""
    return _least_met(_axis(op, axis), count, first, last)


@lru_cache(maxsize=4096)
def _least_met(axis: Shape, count: int, first: int, last: int) -> int:
    parts = (range(a, min(a + (1 << 20), count)) for a in range(0, count, 1 << 20))
    return min(int(_met(axis, part, first, last).min()) for part in parts)


def _axis(op: Windows, axis: int) -> Shape:
    return op.padding[axis][0], op.kernel[axis], op.stride[axis], op.dilation[axis]


def _met(axis: Shape, windows: range, first: int, last: int) -> Array:
    """Of t < k those with first ≤ s·j + d·t − lo < last."""
    lo, k, s, d = axis
    begins = s * np.arange(windows.start, windows.stop) - lo
    before, until = (np.clip(-((begins - end) // d), 0, k) for end in (first, last))
    inside: Array = np.maximum(until - before, 0)
    return inside
