"""Where a wrong result is wrong: the last batch element, the first slice of an axis, every second channel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np

from spec import Array, Shape

NOUNS = {"batch axis": ("batch element", "batch elements", ""), "channel axis": ("channel", "channels", "")}
"""What one index, and several, of an axis are called."""


@dataclass(frozen=True)
class Part:
    """A box: the places of each axis."""

    shape: Shape
    places: tuple[tuple[int, ...], ...]

    @classmethod
    def wrong(cls, right: Array, got: Array) -> list[Part]:
        """Parts that hold all wrong values, the plainest first: places of one axis, then the smallest box. None is the whole, one
        value, a corner of more than two axes, or places that no few words say."""
        if right.shape != got.shape:
            return []
        everywhere = tuple(tuple(range(n)) for n in right.shape)
        at = tuple(tuple(int(i) for i in np.unique(a)) for a in np.nonzero(~(right == got)))
        slabs = ((*everywhere[:axis], at[axis], *everywhere[axis + 1 :]) for axis in range(right.ndim))
        parts = (cls(right.shape, places) for places in (*slabs, at))
        return [part for part in parts if part._is_plain()]

    def _is_plain(self) -> bool:
        said = all(_which(self.places[axis], self.shape[axis]) for axis in self.narrow)
        return said and 1 <= len(self.narrow) <= 2 and prod(map(len, self.places)) > 1

    def __call__(self, a: Array) -> Array:
        cut: Array = a[np.ix_(*self.places)]
        return cut

    @property
    def narrow(self) -> list[int]:
        """The axes that it does not fill."""
        return [axis for axis, (n, places) in enumerate(zip(self.shape, self.places, strict=True)) if len(places) < n]

    @property
    def small(self) -> bool:
        """Whether most values are right."""
        return 2 * prod(len(places) for places in self.places) <= prod(self.shape)

    def where(self, names: tuple[str, ...]) -> str:
        """Such as "the last channel", or "slices 1, 3 of spatial axis 0"."""
        return " and ".join(_which(self.places[axis], self.shape[axis], names[axis]) for axis in self.narrow)


def _which(places: tuple[int, ...], n: int, axis: str = "") -> str:
    """Empty where no few words say it."""
    one, several, of = NOUNS.get(axis, ("slice", "slices", f" of {axis if axis[-1:].isdigit() else f'the {axis}'}"))
    first, last, many = places[0], places[-1], len(places)
    steps = {b - a for a, b in pairwise(places)}
    if steps <= {1} and (first == 0 or last == n - 1):
        return f"the {'last' if first else 'first'} {one if many == 1 else f'{many} {several}'}{of}"
    if many == 1:
        return f"{one} {first}{of}"
    if steps == {1}:
        return f"{several} {first} to {last}{of}"
    if many <= 4:
        return f"{several} {', '.join(map(str, places))}{of}"
    return f"{several} {first} + {steps.pop()}·i{of}" if len(steps) == 1 else ""
