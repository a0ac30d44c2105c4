"""Smaller cases, and smaller numbers: what is tried to find the smallest counterexample. Asks nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import Field, dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np

from spec import Array, Case, Impossible, Operation, Program, Shape
from spec.data import DATA
from spec.operation import Domain, less, put, size

Given = tuple[Array | None, ...]
"""x, g (None: no gradients asked) and the weights."""


def cost(q: Case) -> tuple[int, ...]:
    """What counts as smaller: fewer steps, fewer axes, fewer elements, plainer fields, a plainer dtype, check, data and seed."""
    plain = sum(_distance(op, f) for op in q.op.steps for f in fields(op))
    arrays = sum(map(size, (q.x, *q.w))) + size(q.y)
    return (len(q.op.steps), q.op.rank, arrays, plain, q.dtype != "float32", q.check != "values", list(DATA).index(q.data), q.seed)


def smaller(q: Case) -> list[Case]:
    """Questions one step smaller, the smallest first; all are possible. A native call stays as it is written."""
    if q.call:
        return []
    found: dict[str, Case] = {}
    for attempt in _attempts(q):
        with suppress(Impossible, ValueError, IndexError):
            other = attempt()
            if cost(other) < cost(q):
                found.setdefault(repr(other), other)
    return sorted(found.values(), key=cost)


def _attempts(q: Case) -> Iterator[Any]:
    built = _Built.of(q)
    yield lambda: replace(q, seed=0)
    yield lambda: replace(q, dtype="float32")
    yield lambda: replace(q, data="integers")
    yield lambda: replace(q, check="values")
    for axis in range(q.op.rank):
        yield lambda axis=axis: built.without_axis(axis)
    for axis, length in enumerate(q.x):
        for n in less(length, 1):
            yield lambda axis=axis, n=n: built.but(x=put(q.x, axis, n))
    for i, (op, x, _, y) in enumerate(q.op.walk(q.x, q.w)):
        for shape in (q.x, (q.x[0], y[1], *q.x[2:]), y) if i == 0 else (q.x,):
            yield lambda i=i, shape=shape: built.without_step(i, shape)
        for at, n in enumerate(built.sizes[i]):
            for value in less(n, 1):
                yield lambda i=i, at=at, value=value: built.but(sizes=put(built.sizes, i, put(built.sizes[i], at, value)))
        for other, wanted in op.smaller(x):
            for before in built.channels_before(i, wanted[1], x[1]):
                yield lambda i=i, other=other, wanted=wanted, before=before: before.with_step(i, other, wanted)


@dataclass(frozen=True)
class _Built:
    """A case taken apart, so that one length can change and all that follow from it do too."""

    q: Case
    x: Shape
    steps: tuple[Operation, ...]
    sizes: tuple[Shape, ...]
    """The free sizes of each step."""

    @classmethod
    def of(cls, q: Case) -> _Built:
        return cls(q, q.x, q.op.steps, tuple(op.sizes(*own) for op, own in q.op.dealt(q.w)))

    def walk(self) -> Iterator[tuple[Shape, tuple[Shape, ...]]]:
        """For each step the shapes of its x and of its further inputs. Raises Impossible."""
        x = self.x
        for op, sizes in zip(self.steps, self.sizes, strict=True):
            own = op.further(x, sizes)
            yield x, own
            x = op.shape(x, *own)

    def but(self, **changes: Any) -> Case:
        """The case with some parts changed. Raises Impossible."""
        parts = replace(self, **changes)
        if not parts.steps:
            raise Impossible("nothing is left")
        weights = tuple(shape for _, own in parts.walk() for shape in own)
        op = parts.steps[0] if len(parts.steps) == 1 else Program(inner=parts.steps)
        return replace(self.q, op=op, x=parts.x, w=weights)

    def without_step(self, i: int, x: Shape) -> Case:
        return self.but(x=x, steps=_cut(self.steps, i), sizes=_cut(self.sizes, i))

    def without_axis(self, axis: int) -> Case:
        """Taken from every step up to the first whose output has other axes than its x."""
        if len(self.x) == 3:
            raise Impossible("nothing is left")
        kept = next((i + 1 for i, op in enumerate(self.steps) if op.out_rank != op.rank), len(self.steps))
        steps = (*(op.without_axis(axis) for op in self.steps[:kept]), *self.steps[kept:])
        sizes = tuple(
            tuple(n for n, free in zip(own, op.free(), strict=True) if i >= kept or free.along != axis)
            for i, (op, own) in enumerate(zip(self.steps, self.sizes, strict=True))
        )
        return self.but(x=_cut(self.x, 2 + axis), steps=steps, sizes=sizes)

    def channels_before(self, i: int, to: int, from_: int) -> Iterator[_Built]:
        """With fewer channels of x, or with a smaller free size of an earlier step, so that step i may find `to` channels, not `from_`."""
        if to == from_:
            yield self
            return
        yield replace(self, x=put(self.x, 1, max(self.x[1] * to // from_, 1)))
        for j, own in enumerate(self.sizes[:i]):
            for at, n in enumerate(own):
                yield replace(self, sizes=put(self.sizes, j, put(own, at, max(n * to // from_, 1))))

    def with_step(self, i: int, op: Operation, wanted: Shape) -> Case:
        """With another operation as step i, if its x has the shape wanted."""
        before = replace(self, steps=self.steps[:i], sizes=self.sizes[:i])
        x = before.x if i == 0 else before.but().y
        if x != wanted:
            raise Impossible(f"the steps before give {x}, but {op!r} is tried on {wanted}")
        return self.but(steps=put(self.steps, i, op))


def _distance(op: Operation, f: Field[Any]) -> int:
    value = getattr(op, f.name)
    if "neutral" in f.metadata:
        return sum(sum(map(abs, entry)) if isinstance(entry, tuple) else entry for entry in value)
    return int(value != f.default)


def _cut(values: tuple[Any, ...], i: int) -> tuple[Any, ...]:
    return values[:i] + values[i + 1 :]


def plainer_numbers(given: Given, domains: Sequence[Domain | None] = ()) -> list[Given]:
    """The same arrays with fewer numbers that are not zero, or with smaller ones; the plainest first. Those that have a domain stay."""
    found: list[Given] = []
    bound = {i for i, domain in enumerate(domains, start=2) if domain is not None}
    for i, a in enumerate(given):
        if a is None or i in bound:
            continue
        places = np.flatnonzero(np.isfinite(a) & (a != 0))
        for some in _chunks(places):
            found.append(put(given, i, _with(a, some, 0)))
        if (np.abs(a) > 1).any():
            found.append(put(given, i, np.sign(a)))
            found.append(put(given, i, np.abs(a)))
            found.extend(put(given, i, _with(a, places[j : j + 1], 1)) for j in range(len(places)) if a.flat[places[j]] != 1)
        elif (a < 0).any():
            found.append(put(given, i, np.abs(a)))
    return sorted(found, key=weight)


def weight(given: Given) -> tuple[float, float]:
    """How many numbers are not zero, and how large they are; a negative one counts a little more."""
    arrays = [a for a in given if a is not None]
    sizes = (np.abs(np.where(np.isfinite(a), a, 1)).sum() + (a < 0).sum() / 1024 for a in arrays)
    return float(sum(np.count_nonzero(a) for a in arrays)), float(sum(sizes))


def _chunks(places: Array) -> Iterator[Array]:
    length = len(places)
    while length:
        edges = [*range(0, len(places), length), len(places)]
        yield from (places[a:b] for a, b in pairwise(edges) if b > a)
        length = length // 2 if length > 1 else 0


def _with(a: Array, places: Array, value: float) -> Array:
    other = a.copy()
    other.flat[places] = value
    return other
