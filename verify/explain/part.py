"""Where a wrong result is wrong: the last batch element, the last 3 of 35 columns, every second channel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np

from spec import Array, Shape

NOUNS = {
    "batch axis": "batch element", "channel axis": "channel", "first channel axis": "first-axis channel",
    "second channel axis": "second-axis channel",
}  # fmt: skip
"""What one index of an axis is called."""
SPATIAL = {1: ("position",), 2: ("row", "column"), 3: ("depth slice", "row", "column")}
"""The same of the spatial axes, by their number."""


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
        said = all(which(self.places[axis], self.shape[axis]) for axis in self.narrow)
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
        """Such as "the last channel", or "rows 1, 3"."""
        words = nouns(names)
        return " and ".join(which(self.places[axis], self.shape[axis], words[axis]) for axis in self.narrow)


def nouns(names: tuple[str, ...]) -> tuple[str, ...]:
    """What one index of each axis is called."""
    spatial = [name for name in names if name.startswith("spatial axis ")]
    words = NOUNS | dict(zip(spatial, SPATIAL.get(len(spatial), ()), strict=False))
    return tuple(words.get(name, f"{name} element") for name in names)


def which(places: tuple[int, ...], n: int, one: str = "") -> str:
    """Places of an axis of length n: "the last 3 of 35 columns". Empty where no few words say it. one: what one index is called."""
    first, last, many = places[0], places[-1], len(places)
    steps = {b - a for a, b in pairwise(places)}
    if steps <= {1} and (first == 0 or last == n - 1):
        return f"the {'last' if first else 'first'} {one if many == 1 else f'{many} of {n} {one}s'}"
    if many == 1:
        return f"{one} {first}"
    if steps == {1}:
        return f"{one}s {first} to {last} of {n}"
    if many <= 4:
        return f"{one}s {', '.join(map(str, places))}"
    return f"{one}s {first} + {steps.pop()}·i" if len(steps) == 1 else ""
