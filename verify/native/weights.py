"""Carrying weights from one framework's layout to another's: the map as NumPy source, and as a function."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backends.arrange import Arrangement
from backends.native import Native, Weight


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
    sources = [_told_apart(first, weight) for weight, _ in pairs]
    return tuple(
        Carried(source=source, target=_label(second, b), moves=a.to_spec.then(b.to_spec.inverse))
        for source, (a, b) in zip(sources, pairs, strict=True)
    )


def sources(native: Native) -> list[str]:
    """What each array of a program is called, as the name of a NumPy array."""
    return [_told_apart(native, weight) for weight in native.weights]


def labels(native: Native) -> list[str]:
    """What the code calls each array."""
    return [_label(native, weight) for weight in native.weights]


def _label(native: Native, weight: Weight) -> str:
    """What the code calls it: a variable of its own, or a layer's array."""
    if re.search(rf"\b{weight.variable}\b", native.shown()):
        return weight.variable
    number = weight.variable.lstrip("abcdefghijklmnopqrstuvwxyz")
    return f"layer{number}.{weight.name}" if number else weight.name


def _told_apart(native: Native, weight: Weight) -> str:
    """The same, as the name of a NumPy array."""
    label = _label(native, weight)
    names = [one.name for one in native.weights]
    if "." not in label:
        return label
    number = label.partition(".")[0].removeprefix("layer")
    return f"{weight.name}{number}" if names.count(weight.name) > 1 else weight.name
