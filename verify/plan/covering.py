"""Covering arrays: few rows of a grid in which every t of its fields take all their values together (Kuhn, Kacker & Lei 2010)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice, product
from math import gcd
from typing import Any

from covertable import make

from spec import Case, Impossible, Operation, Shape
from spec.case import CHECKS

Row = dict[str, Any]
Grid = dict[str, list[Any]]
Built = tuple[Operation, tuple[Shape, ...]]
"""An operation with the shapes of x and its weights."""


def covered(
    strength: int, rank: int, seed: int, grid: Grid, build: Callable[[Row, int], Built], *, whole: bool = False
) -> Iterator[Case]:
    """The cases of a grid; a length is raised until the operation is possible."""
    for row in rows(grid, len(grid) if whole else strength):
        for more in islice(count(), 12):
            longer = row | {f"n{i}": row[f"n{i}"] + more for i in range(rank)}
            try:
                op, (x, *w) = build(longer, rank)
                yield Case(op=op, x=x, w=tuple(w), dtype=row["dtype"], seed=seed, **of(row.get("aspect", "integers")))
                break
            except Impossible:
                continue


def of(word: str) -> dict[str, Any]:
    """The data and the check that an aspect of a grid stands for."""
    return {"check": word} if word in CHECKS else {"data": word}


def rows(grid: Grid, strength: int) -> Iterator[Row]:
    """A covering array, or all combinations where the strength is that of the grid. Repeated values weigh more."""
    # covertable tells them apart by position
    indices = {name: list(range(len(values))) for name, values in grid.items()}
    chosen: Iterable[dict[str, int]]
    if strength >= len(grid):
        chosen = (dict(zip(indices, row, strict=True)) for row in product(*indices.values()))
    elif strength == 1:
        chosen = _in_turn(indices)
    else:
        chosen = make(indices, strength=strength)
    return ({name: grid[name][i] for name, i in row.items()} for row in chosen)


def _in_turn(indices: dict[str, list[int]]) -> Iterator[dict[str, int]]:
    """Every value at least once, in as many rows as the longest field has values. Each field goes through its own at a pace and from a
    place of its own, and one further in each round, so that fields of one length do not go together."""
    for row in range(max(map(len, indices.values()))):
        yield {name: _step(row, place, len(values)) for place, (name, values) in enumerate(indices.items())}


def _step(row: int, place: int, length: int) -> int:
    paces = [pace for pace in range(1, length + 1) if gcd(pace, length) == 1]
    return (row * paces[place % len(paces)] + row // length + place) % length


def axes(row: Row, letter: str, rank: int) -> Shape:
    return tuple(row[f"{letter}{i}"] for i in range(rank))
