"""Carrying weights from one framework's layout to another's: the map as NumPy source, and as a function."""

from __future__ import annotations

from dataclasses import dataclass

from backends.arrange import Arrangement
from backends.native import Native


@dataclass(frozen=True, kw_only=True)
class Carried:
    """One array of weights: its name in the first framework and in the second, and what is done to it between."""

    source: str
    target: str
    moves: Arrangement

    @property
    def numpy(self) -> str:
        """NumPy source on the first framework's array, called by its name there."""
        return self.moves.written(self.source)


def carried(first: Native, second: Native) -> tuple[Carried, ...]:
    """The map of each array, in order. Both programs must take the same arrays in spec's layout."""
    pairs = [(a, b) for a, b in zip(first.weights, second.weights, strict=False) if a.to_spec.result == b.to_spec.result]
    return tuple(Carried(source=a.name, target=b.name, moves=a.to_spec.then(b.to_spec.inverse)) for a, b in pairs)
