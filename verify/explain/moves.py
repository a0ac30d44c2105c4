"""Arrays whose elements have come to lie elsewhere: flipped, exchanged, shifted, split, lost.

A move is linear: the gradient of what was asked about the moved array comes back through its adjoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from spec import Array, Shape


@dataclass(frozen=True, eq=False)
class Move:
    """Each element taken from one place of another array of this shape; −1 takes 0. `words` finish "x …"."""

    words: str
    shape: Shape
    places: Array

    def __call__(self, a: Array) -> Array:
        moved: Array = np.append(a.ravel(), 0)[self.places]
        return moved

    def adjoint(self, b: Array) -> Array:
        given = np.bincount((self.places + 1).ravel(), b.ravel(), prod(self.shape) + 1)
        return given[1:].reshape(self.shape)


def names(outer: tuple[str, ...], ndim: int) -> tuple[str, ...]:
    """What the axes of an array are called, of which the first are named."""
    return (*outer, *(f"spatial axis {i}" for i in range(ndim - len(outer))))[:ndim]


def moves(shape: Shape, outer: tuple[str, ...], groups: int = 1) -> Iterator[Move]:
    """How an array of this shape is easily mistaken: an image, or a kernel."""
    here = np.arange(prod(shape)).reshape(shape)
    for family in (_flipped, _exchanged, _shifted, _lost):
        for words, places in family(here, names(outer, len(shape))):
            yield Move(words, shape, places)
    for words, places in _grouped(here, outer, groups):
        yield Move(words, shape, places)


def _flipped(here: Array, axes: tuple[str, ...]) -> Iterator[tuple[str, Array]]:
    yield "were flipped in space", np.flip(here, tuple(range(2, here.ndim)))
    for axis, name in enumerate(axes):
        yield f"were flipped along its {name}", np.flip(here, axis)


def _exchanged(here: Array, axes: tuple[str, ...]) -> Iterator[tuple[str, Array]]:
    order = (1, 0, *range(2, here.ndim))
    yield f"had its {axes[0]} and its {axes[1]} exchanged", here.transpose(order)
    yield f"had its {axes[0]} and its {axes[1]} exchanged, but its shape kept", here.transpose(order).reshape(here.shape)
    if here.ndim > 3:
        order = (0, 1, *range(here.ndim - 1, 1, -1))
        yield "had its spatial axes in reverse order", here.transpose(order)
        yield "had its spatial axes in reverse order, but its shape kept", here.transpose(order).reshape(here.shape)
    last = np.moveaxis(here, 1, -1)
    yield f"had its {axes[1]} last", last
    yield f"had its {axes[1]} last in memory, but its shape kept", last.reshape(here.shape)
    first = np.moveaxis(here.reshape(last.shape), -1, 1)
    yield f"were read with its {axes[1]} last in memory", first


def _shifted(here: Array, axes: tuple[str, ...]) -> Iterator[tuple[str, Array]]:
    spatial = [(f"its {axes[axis]}", (axis,)) for axis in range(2, here.ndim)]
    everywhere = [("every spatial axis", tuple(range(2, here.ndim)))] if here.ndim > 3 else []
    for name, moved in everywhere + spatial:
        for n, pixels in ((1, "one pixel"), (2, "two pixels")):
            for sign, direction in ((1, "later"), (-1, "earlier")):
                lay = f"lay {pixels} {direction} on {name}"
                rolled, clipped, inside = here, here, np.ones(here.shape, bool)
                for axis in moved:
                    at = np.arange(here.shape[axis]) - sign * n
                    kept = np.clip(at, 0, here.shape[axis] - 1)
                    rolled, clipped = np.roll(rolled, sign * n, axis), clipped.take(kept, axis)
                    inside &= (at == kept).reshape(-1, *(1,) * (here.ndim - axis - 1))
                yield f"{lay}, wrapped around", rolled
                yield f"{lay}, with zeros behind", np.where(inside, rolled, -1)
                yield f"{lay}, with its edge repeated behind", clipped


def _lost(here: Array, axes: tuple[str, ...]) -> Iterator[tuple[str, Array]]:
    for axis, name in enumerate(axes):
        if here.shape[axis] > 1:
            rest = np.arange(here.shape[axis]).reshape(-1, *(1,) * (here.ndim - axis - 1))
            yield f"were 0 at the first place of its {name}", np.where(rest == 0, -1, here)
            yield f"were 0 at the last place of its {name}", np.where(rest == here.shape[axis] - 1, -1, here)
    if here.shape[0] > 2:
        rest = np.arange(here.shape[0]).reshape(-1, *(1,) * (here.ndim - 1))
        yield f"were 0 but at the first place of its {axes[0]}", np.where(rest == 0, here, -1)


def _grouped(here: Array, axes: tuple[str, ...], groups: int) -> Iterator[tuple[str, Array]]:
    shape = here.shape
    channels = [axis for axis, name in enumerate(axes) if "channel" in name and groups > 1 and shape[axis] % groups == 0]
    for axis in channels:
        for words, split in (("split to the groups in turn", groups), ("gathered from the groups in turn", shape[axis] // groups)):
            dealt = here.reshape(*shape[:axis], split, -1, *shape[axis + 1 :]).swapaxes(axis, axis + 1)
            yield f"had its {axes[axis]} {words}", dealt.reshape(shape)
        yield f"had the first group's in every group of its {axes[axis]}", np.concatenate([np.split(here, groups, axis)[0]] * groups, axis)
