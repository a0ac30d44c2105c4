"""Arrays whose elements have come to lie elsewhere: flipped, exchanged, shifted, split, lost.

A move is linear: the gradient of what was asked about the moved array comes back through its adjoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from spec import Array, Shape
from verify.explain.part import nouns, which


@dataclass(frozen=True, eq=False)
class Move:
    """Each element taken from one place of another array of this shape, so many times; −1 takes 0."""

    words: str
    """What happened to the array, in words that follow its name: "flipped along its channel axis"."""
    value: str
    """Which spatial axis, if it is about one, or which indices."""
    shape: Shape
    places: Array
    times: Array | int = 1

    def __call__(self, a: Array) -> Array:
        moved: Array = np.append(a.ravel(), 0)[self.places] * self.times
        return moved

    def adjoint(self, b: Array) -> Array:
        given = np.bincount((self.places + 1).ravel(), (b * self.times).ravel(), prod(self.shape) + 1)
        return given[1:].reshape(self.shape)


def names(outer: tuple[str, ...], ndim: int) -> tuple[str, ...]:
    """What the axes of an array are called, of which the first are named."""
    return (*outer, *(f"spatial axis {i}" for i in range(ndim - len(outer))))[:ndim]


def moves(shape: Shape, outer: tuple[str, ...], groups: int = 1) -> Iterator[Move]:
    """How an array of this shape is easily mistaken: an image, or a kernel."""
    here = np.arange(prod(shape)).reshape(shape)
    axes = names(outer, len(shape))
    for family in (_flipped, _exchanged, _shifted, _lost):
        for words, value, places in family(here, axes):
            yield Move(words, value, shape, places)
    for words, value, places in _grouped(here, outer, groups):
        yield Move(words, value, shape, places)
    yield from _blocks(here, axes, groups)
    yield from offsets(shape)


WIDTHS = (4, 8, 16, 32, 64)
"""Of the vectors and blocks that kernels split an axis into."""


def offsets(shape: Shape) -> Iterator[Move]:
    """How an array of more elements than 15 or 16 bits count is mistaken, its elements counted in the order of its axes."""
    n = prod(shape)
    i = np.arange(n)
    for most in (1 << 15, 1 << 16):
        if n > most:
            yield Move(f"with its first {most} elements repeated behind them", "", shape, (i % most).reshape(shape))
            yield Move(f"with zeros behind its first {most} elements", "", shape, np.where(i < most, i, -1).reshape(shape))
            signed = (i + most // 2) % most - most // 2
            yield Move(f"with offsets from {most // 2} on taken for negative numbers", "", shape, (signed % n).reshape(shape))


def _blocks(here: Array, axes: tuple[str, ...], groups: int) -> Iterator[Move]:
    """What lies behind the first vector, behind the last full one, or behind the first group: lost, counted twice, the start read again."""
    for axis, (n, noun) in enumerate(zip(here.shape, nouns(axes), strict=True)):
        on, _ = _on(axes, axis)
        i = np.arange(n).reshape(-1, *(1,) * (here.ndim - axis - 1))
        edges = {edge for width in WIDTHS for edge in (width, n // width * width, (n - 1) // width * width)} | {n // groups}
        for edge in sorted(edge for edge in edges if 0 < edge < n):
            behind, first, last = i >= edge, which(tuple(range(edge)), n, noun), which(tuple(range(edge, n)), n, noun)
            yield Move(f"with zeros at the last indices of {on}", last, here.shape, np.where(behind, -1, here))
            yield Move(f"with zeros at the first indices of {on}", first, here.shape, np.where(behind, here, -1))
            yield Move(f"doubled at the last indices of {on}", last, here.shape, here, 1 + behind)
        for edge in sorted(edge for edge in edges | {1, 2} if 0 < edge < n):
            first = which(tuple(range(edge)), n, noun)
            yield Move(f"repeated from the start along {on}", first, here.shape, here.take(i.ravel() % edge, axis))


Places = Iterator[tuple[str, str, Array]]
"""The words and the value of a move, and where its elements come from."""


def _on(axes: tuple[str, ...], axis: int) -> tuple[str, str]:
    """An axis in words, and which of the spatial ones it is."""
    return (f"its {axes[axis]}", "") if axis < 2 else ("one spatial axis", f"axis {axis - 2}")


def _flipped(here: Array, axes: tuple[str, ...]) -> Places:
    yield "flipped along every spatial axis", "", np.flip(here, tuple(range(2, here.ndim)))
    for axis in range(here.ndim):
        on, value = _on(axes, axis)
        yield f"flipped along {on}", value, np.flip(here, axis)


def _exchanged(here: Array, axes: tuple[str, ...]) -> Places:
    order = (1, 0, *range(2, here.ndim))
    yield f"with its {axes[0]} and its {axes[1]} exchanged", "", here.transpose(order)
    yield f"with its {axes[0]} and its {axes[1]} exchanged, shape kept", "", here.transpose(order).reshape(here.shape)
    if here.ndim > 3:
        order = (0, 1, *range(here.ndim - 1, 1, -1))
        yield "with its spatial axes in reverse order", "", here.transpose(order)
        yield "with its spatial axes in reverse order, shape kept", "", here.transpose(order).reshape(here.shape)
    if here.ndim > 3:
        yield f"with its {axes[1]} and its first spatial axis exchanged, shape kept", "", here.swapaxes(1, 2).reshape(here.shape)
    last = np.moveaxis(here, 1, -1)
    yield f"with its {axes[1]} last", "", last
    yield f"with its {axes[1]} last in memory, shape kept", "", last.reshape(here.shape)
    first = np.moveaxis(here.reshape(last.shape), -1, 1)
    yield f"read with its {axes[1]} last in memory", "", first


def _shifted(here: Array, axes: tuple[str, ...]) -> Places:
    spatial = [(axes[axis], (axis,)) for axis in range(2, here.ndim)]
    everywhere = [("every spatial axis", tuple(range(2, here.ndim)))] if here.ndim > 3 else []
    for name, moved in everywhere + spatial:
        for n, pixels in ((1, "one pixel"), (2, "two pixels")):
            for sign, direction in ((1, "later"), (-1, "earlier")):
                shifted = f"shifted by {pixels} {direction}"
                rolled, clipped, inside = here, here, np.ones(here.shape, bool)
                for axis in moved:
                    at = np.arange(here.shape[axis]) - sign * n
                    kept = np.clip(at, 0, here.shape[axis] - 1)
                    rolled, clipped = np.roll(rolled, sign * n, axis), clipped.take(kept, axis)
                    inside &= (at == kept).reshape(-1, *(1,) * (here.ndim - axis - 1))
                yield f"{shifted}, wrapped around", name, rolled
                yield f"{shifted}, zeros behind", name, np.where(inside, rolled, -1)
                yield f"{shifted}, edge repeated behind", name, clipped


def _lost(here: Array, axes: tuple[str, ...]) -> Places:
    for axis in range(here.ndim):
        if here.shape[axis] > 1:
            on, value = _on(axes, axis)
            rest = np.arange(here.shape[axis]).reshape(-1, *(1,) * (here.ndim - axis - 1))
            yield f"with zeros at the first index of {on}", value, np.where(rest == 0, -1, here)
            yield f"with zeros at the last index of {on}", value, np.where(rest == here.shape[axis] - 1, -1, here)
    if here.shape[0] > 2:
        rest = np.arange(here.shape[0]).reshape(-1, *(1,) * (here.ndim - 1))
        yield f"with zeros at every index of its {axes[0]} but the first", "", np.where(rest == 0, here, -1)


def _grouped(here: Array, axes: tuple[str, ...], groups: int) -> Places:
    shape = here.shape
    channels = [axis for axis, name in enumerate(axes) if "channel" in name and groups > 1 and shape[axis] % groups == 0]
    for axis in channels:
        for words, split in (("split among the groups in turn", groups), ("collected from the groups in turn", shape[axis] // groups)):
            dealt = here.reshape(*shape[:axis], split, -1, *shape[axis + 1 :]).swapaxes(axis, axis + 1)
            yield f"with its {axes[axis]} {words}", "", dealt.reshape(shape)
        first = np.split(here, groups, axis)[0]
        yield f"with the first group in every group of its {axes[axis]}", "", np.concatenate([first] * groups, axis)
