"""Smaller cases, and smaller numbers: what is tried to find the smallest counterexample. Asks nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import MISSING, Field, dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np

from spec import Array, Case, Conv, ConvTranspose, Impossible, Operation, Program, Shape
from spec.data import DATA
from spec.operation import size

Given = tuple[Array | None, ...]
"""x, g (None: no gradients asked) and the weights."""


def cost(q: Case) -> tuple[int, ...]:
    """What counts as smaller: fewer steps, fewer axes, fewer elements, plainer fields, a plainer dtype, check, data and seed."""
    plain = sum(_distance(op, f) for op in q.op.steps for f in fields(op))
    arrays = sum(map(size, (q.x, *q.w))) + size(q.y)
    return (len(q.op.steps), q.op.rank, arrays, plain, q.dtype != "float32", q.check != "values", list(DATA).index(q.data), q.seed)


def smaller(q: Case) -> list[Case]:
    """Questions one step smaller, the smallest first; all are possible."""
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
    for i in range(len(q.op.steps)):
        yield lambda i=i: built.without_step(i)
    for axis in range(q.op.rank):
        yield lambda axis=axis: built.without_axis(axis)
    for n in _less(q.x[0], 1):
        yield lambda n=n: built.but(batch=n)
    for i, c in enumerate(built.channels):
        for n in _less(c, 1):
            yield lambda i=i, n=n: built.but(channels=_put(built.channels, i, n))
    for i, op in enumerate(q.op.steps):
        if isinstance(op, Conv | ConvTranspose) and op.groups > 1:
            yield lambda i=i: built.with_one_group(i)
    for axis, length in enumerate(q.x[2:]):
        for n in _less(length, 1):
            yield lambda axis=axis, n=n: built.but(space=_put(built.space, axis, n))
    for i, kernel in enumerate(built.kernels):
        for axis, length in enumerate(kernel):
            for n in _less(length, 1):
                yield lambda i=i, axis=axis, n=n: built.but(kernels=_put(built.kernels, i, _put(built.kernels[i], axis, n)))
    for i, op in enumerate(q.op.steps):
        for f in fields(op):
            for value in _plainer(op, f):
                yield lambda i=i, op=op, f=f, value=value: built.but(steps=_put(q.op.steps, i, replace(op, **{f.name: value})))


@dataclass(frozen=True)
class _Built:
    """A case taken apart, so that one length can change and all that follow from it do too."""

    q: Case
    batch: int
    channels: Shape
    """Of x, then of what each weighted step gives."""
    space: Shape
    steps: tuple[Operation, ...]
    kernels: tuple[Shape, ...]

    @classmethod
    def of(cls, q: Case) -> _Built:
        weighted = [(y[1], w[0][2:]) for _, _, w, y in q.op.walk(q.x, q.w) if w]
        channels, kernels = (q.x[1], *(c for c, _ in weighted)), tuple(k for _, k in weighted)
        return cls(q, q.x[0], channels, q.x[2:], q.op.steps, kernels)

    def but(self, **changes: Any) -> Case:
        """The case with some parts changed. Raises Impossible."""
        parts = replace(self, **changes)
        (c, *outs), kernels = parts.channels, list(parts.kernels)
        x: Shape = (parts.batch, c, *parts.space)
        weights: tuple[Shape, ...] = ()
        for op in parts.steps:
            own = weight_shapes(op, x[1], outs.pop(0), kernels.pop(0)) if op.weights else ()
            x, weights = op.shape(x, *own), weights + own
        op = parts.steps[0] if len(parts.steps) == 1 else Program(inner=parts.steps)
        return replace(self.q, op=op, x=(parts.batch, c, *parts.space), w=weights)

    def without_step(self, i: int) -> Case:
        weighted = [j for j, op in enumerate(self.steps) if op.weights]
        channels, kernels = list(self.channels), list(self.kernels)
        if i in weighted:
            at = weighted.index(i)
            del channels[at if i == 0 else at + 1], kernels[at]
        steps = self.steps[:i] + self.steps[i + 1 :]
        if not steps:
            raise Impossible("nothing is left")
        return self.but(steps=steps, channels=tuple(channels), kernels=tuple(kernels))

    def with_one_group(self, i: int) -> Case:
        """Only the first of a step's groups is left, so that the channels before and after it are fewer too."""
        op, at = self.steps[i], sum(op.weights > 0 for op in self.steps[:i])
        assert isinstance(op, Conv | ConvTranspose)
        channels = (*self.channels[:at], *(c // op.groups for c in self.channels[at : at + 2]), *self.channels[at + 2 :])
        return self.but(steps=_put(self.steps, i, replace(op, groups=1)), channels=channels)

    def without_axis(self, axis: int) -> Case:
        if len(self.space) == 1:
            raise Impossible("nothing is left")
        kernels = tuple(_cut(k, axis) for k in self.kernels)
        return self.but(space=_cut(self.space, axis), steps=tuple(_flatter(op, axis) for op in self.steps), kernels=kernels)


def weight_shapes(op: Operation, inputs: int, outputs: int, kernel: Shape) -> tuple[Shape, ...]:
    """The shapes of the weights that turn so many channels into so many. Raises Impossible."""
    groups = getattr(op, "groups", 1)
    if inputs % groups or outputs % groups or not isinstance(op, Conv | ConvTranspose):
        raise Impossible("groups must divide the channels")
    bias = ((1, outputs, *(1,) * op.rank),) * (op.weights - 1)
    if isinstance(op, Conv):
        return ((outputs, inputs // groups, *kernel), *bias)
    return ((inputs, outputs // groups, *kernel), *bias)


def _flatter(op: Operation, axis: int) -> Operation:
    rows = {f.name: _cut(getattr(op, f.name), axis) for f in fields(op) if "neutral" in f.metadata}
    return replace(op, **rows)


def _plainer(op: Operation, f: Field[Any]) -> Iterator[Any]:
    """Values of a field that are nearer to the plainest."""
    value = getattr(op, f.name)
    if "neutral" not in f.metadata:
        if value != f.default and f.default is not MISSING:
            yield f.default
        return
    for axis, entry in enumerate(value):
        if isinstance(entry, tuple):
            for side, n in enumerate(entry):
                for toward in {0, n // 2 if n > 0 else -(-n // 2), n - (n > 0) + (n < 0)} - {n}:
                    yield _put(value, axis, _put(entry, side, toward))
        else:
            least = f.metadata["least"] or 0
            for n in _less(entry, least):
                yield _put(value, axis, n)


def _distance(op: Operation, f: Field[Any]) -> int:
    value = getattr(op, f.name)
    if "neutral" in f.metadata:
        return sum(sum(map(abs, entry)) if isinstance(entry, tuple) else entry for entry in value)
    return int(value != f.default)


def _less(n: int, least: int) -> list[int]:
    return sorted({least, (n + least) // 2, n - 1} - {n}) if n > least else []


def _put(values: tuple[Any, ...], i: int, value: Any) -> tuple[Any, ...]:
    return (*values[:i], value, *values[i + 1 :])


def _cut(values: tuple[Any, ...], i: int) -> tuple[Any, ...]:
    return values[:i] + values[i + 1 :]


def plainer_numbers(given: Given) -> list[Given]:
    """The same arrays with fewer numbers that are not zero, or with smaller ones; the plainest first."""
    found: list[Given] = []
    for i, a in enumerate(given):
        if a is None:
            continue
        places = np.flatnonzero(np.isfinite(a) & (a != 0))
        for some in _chunks(places):
            found.append(_put(given, i, _with(a, some, 0)))
        if (np.abs(a) > 1).any():
            found.append(_put(given, i, np.sign(a)))
            found.append(_put(given, i, np.abs(a)))
            found.extend(_put(given, i, _with(a, places[j : j + 1], 1)) for j in range(len(places)) if a.flat[places[j]] != 1)
        elif (a < 0).any():
            found.append(_put(given, i, np.abs(a)))
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
