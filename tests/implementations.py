"""Right implementations, written without spec/: each answer is a sum over an explicit list of which pixel meets which tap.

A `Links` lists the products of a linear operation: y[out] += x[a]·w[b], so that dx[a] += y'[out]·w[b] and dw[b] += x[a]·y'[out].
The ways to add them up differ in order, in blocks, in what is rounded when; all keep at least the accumulator that is promised: float64
for float64, float32 for the others, and round to the dtype once, at the end of each step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, reduce
from itertools import product

import numpy as np

from spec import (
    AdaptiveMaxPool,
    Array,
    AveragePool,
    Case,
    Conv,
    ConvTranspose,
    DepthToSpace,
    LpPool,
    MaxPool,
    Operation,
    Pad,
    Shape,
    SpaceToDepth,
    SumPool,
    Upsample,
    ZeroInsert,
)  # fmt: skip
from spec.case import INTEGERS
from tests.resampling import LINEAR, coefficients, meetings, rearranged

Total = Callable[[Array, Array], Array]
"""Σ_k a[k]·b[k] of two arrays (K, sums)."""

# Which pixel meets which tap


@dataclass(frozen=True)
class Links:
    """Products out ← a · b, as flat indices; `sizes` are those of the answer, of x and of w."""

    out: Array
    a: Array
    b: Array
    sizes: tuple[int, int, int]
    weights: Array | None = None
    """The coefficients that `b` counts, where they are the operation's own."""
    tables: dict[str, Array] = field(default_factory=dict)

    def table(self, of: str) -> Array:
        """(K, sums): the products of each sum in turn; past its last one, the index of a product that is 0."""
        if of not in self.tables:
            key, count = getattr(self, of), self.sizes[("out", "a", "b").index(of)]
            order, terms = np.argsort(key, kind="stable"), np.bincount(key, minlength=count)
            rank = np.arange(key.size) - np.repeat(np.cumsum(terms) - terms, terms)
            self.tables[of] = np.full((terms.max(initial=0), count), key.size)
            self.tables[of][rank, key[order]] = order
        return self.tables[of]


def _meetings(small: int, large: int, k: int, s: int, d: int, lo: int) -> list[tuple[int, int, int]]:
    """(i, t, j) with s·i + d·t − lo = j, inside both images."""
    return [(i, t, s * i + d * t - lo) for i in range(small) for t in range(k) if 0 <= s * i + d * t - lo < large]


def _space(axes: list[list[tuple[int, int, int]]], small: Shape, taps: Shape, large: Shape) -> Array:
    """The meetings of all axes together, as three rows of flat indices."""
    rows = []
    for meeting in product(*axes):
        rows.append([reduce(lambda at, pair: at * pair[0] + pair[1], zip(n, m), 0) for n, m in zip((small, taps, large), zip(*meeting))])
    return np.array(rows, int).reshape(-1, 3).T


def links(op: Operation, x: Shape, w: tuple[Shape, ...], y: Shape, to: type[np.floating]) -> Links:
    """The products that the operation's equation adds, with coefficients of its own computed in the precision `to`."""
    if isinstance(op, Conv | ConvTranspose):
        return _weighted(op, x, w, y)
    if isinstance(op, DepthToSpace | SpaceToDepth):
        pixels, places = rearranged(x, y, op.factor, op.order, deep=isinstance(op, SpaceToDepth))
        return Links(places, pixels, np.zeros_like(pixels), (math.prod(y), math.prod(x), 1))
    inner, outer, ones = x[2:], y[2:], (1,) * (len(x) - 2)
    if isinstance(op, LINEAR):
        pixel, place, weights = coefficients([meetings(op, i, n, m, to) for i, (n, m) in enumerate(zip(inner, outer))], inner, outer)
        plane, sizes = np.arange(x[0] * x[1])[:, None], (math.prod(y), math.prod(x), weights.size)
        out, a = ((plane * math.prod(space) + at).ravel() for space, at in ((outer, place), (inner, pixel)))
        return Links(out, a, np.tile(np.arange(weights.size), plane.size), sizes, weights.astype(to))
    if isinstance(op, Upsample):
        axes, taps = [[(j // f, 0, j) for j in range(m)] for f, m in zip(op.factor, outer)], ones
    elif isinstance(op, ZeroInsert):
        axes, taps = [[(i, 0, f * i) for i in range(n)] for f, n in zip(op.factor, inner)], ones
    elif isinstance(op, AdaptiveMaxPool):
        lengths, taps = list(zip(inner, outer)), ones
        axes = [[(i, 0, j) for j in range(m) for i in range(j * n // m, -(-(j + 1) * n // m))] for n, m in lengths]
    else:
        assert isinstance(op, SumPool | AveragePool | MaxPool | LpPool)
        rows, taps = zip(outer, inner, op.kernel, op.stride, op.dilation, op.padding), op.kernel
        axes = [[(i, t, j) for j, t, i in _meetings(m, n, k, s, d, lo)] for m, n, k, s, d, (lo, _) in rows]
    pixel, _, place = _space(axes, inner, taps, outer)
    plane = np.arange(x[0] * x[1])[:, None]
    out = (plane * math.prod(outer) + place).ravel()
    coefficient = np.tile(place, plane.size) if isinstance(op, AveragePool) else np.zeros_like(out)
    ones_or_places = math.prod(outer) if isinstance(op, AveragePool) else 1
    return Links(out, (plane * math.prod(inner) + pixel).ravel(), coefficient, (math.prod(y), math.prod(x), ones_or_places))


def _weighted(op: Conv | ConvTranspose, x: Shape, w: tuple[Shape, ...], y: Shape) -> Links:
    """A bias is one more pixel for each channel, met by a tap that is 1."""
    gathers = isinstance(op, Conv)
    small, large, taps = (y[2:], x[2:], w[0][2:]) if gathers else (x[2:], y[2:], w[0][2:])
    before = op.padding if isinstance(op, Conv) else op.crop
    rows = zip(small, large, taps, op.stride, op.dilation, before)
    i, t, j = _space([_meetings(m, n, k, s, d, lo) for m, n, k, s, d, (lo, _) in rows], small, taps, large)
    pixel, place = (j, i) if gathers else (i, j)
    inputs, outputs = x[1] // op.groups, y[1] // op.groups
    n, g, o, c, at = np.ogrid[: x[0], : op.groups, :outputs, :inputs, : t.size]
    channel, target = g * inputs + c, g * outputs + o
    row = target * inputs + c if gathers else channel * outputs + o
    indices = np.broadcast_arrays(
        (n * y[1] + target) * math.prod(y[2:]) + place[at],
        (n * x[1] + channel) * math.prod(x[2:]) + pixel[at],
        row * math.prod(taps) + t[at],
    )
    out, a, b = (index.ravel() for index in indices)
    sizes = (math.prod(y), math.prod(x), math.prod(w[0]))
    if len(w) == 1:
        return Links(out, a, b, sizes)
    every = np.arange(math.prod(y))
    bias = math.prod(x) + every // math.prod(y[2:]) % y[1]
    one = np.full(every.size, sizes[2])
    return Links(*map(np.concatenate, ((out, every), (a, bias), (b, one))), (sizes[0], sizes[1] + y[1], sizes[2] + 1))


# Ways to add


def in_order(a: Array, b: Array) -> Array:
    return reduce(np.add, a * b, np.zeros(a.shape[1], a.dtype))


def backwards(a: Array, b: Array) -> Array:
    return in_order(a[::-1], b[::-1])


def in_lanes(a: Array, b: Array) -> Array:
    """As a vector unit does: every fourth product in one sum, then the four."""
    lanes = [in_order(a[i::4], b[i::4]) for i in range(4)]
    return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])


def in_blocks(a: Array, b: Array) -> Array:
    """Partial sums of eight products."""
    return reduce(np.add, (in_order(a[i : i + 8], b[i : i + 8]) for i in range(0, len(a), 8)), np.zeros(a.shape[1], a.dtype))


def pairwise(a: Array, b: Array) -> Array:
    terms = a * b
    while len(terms) > 1:
        rest = terms[len(terms) // 2 * 2 :]
        terms = np.concatenate([terms[:-1:2] + terms[1::2], rest])
    return in_order(terms, np.ones_like(terms))


def fused(a: Array, b: Array) -> Array:
    """The product is not rounded before it is added."""
    wider = _wider(a.dtype)
    total = np.zeros(a.shape[1], a.dtype)
    for p, q in zip(a.astype(wider), b.astype(wider)):
        total = (p * q + total).astype(a.dtype)
    return total


def compensated(a: Array, b: Array) -> Array:
    """Kahan's: what each addition lost is added to the next product."""
    total = lost = np.zeros(a.shape[1], a.dtype)
    for term in a * b:
        more = term - lost
        after = total + more
        lost = np.where(np.isfinite(after), (after - total) - more, 0)
        total = after
    return total


def wide(a: Array, b: Array) -> Array:
    """A larger accumulator than is promised."""
    return in_order(a.astype(_wider(a.dtype)), b.astype(_wider(a.dtype))).astype(a.dtype)


def _wider(dtype: np.dtype[np.generic]) -> type[np.floating]:
    return np.float64 if dtype == np.float32 else np.longdouble


# Implementations


@dataclass(frozen=True)
class Implementation:
    """One way to add. `mean`: whether an average divides the sum, multiplies it, or weighs each pixel by a coefficient of the dtype."""

    name: str
    total: Total
    mean: str = "divides"

    def answers(self, q: Case, known: dict[int, Links], x: Array, g: Array, w: tuple[Array, ...]) -> list[Array]:
        """y, dx and each dw. `known` keeps the links of each step for the next implementation."""
        trail = []
        value = x = x.astype(accumulator(q.dtype))
        for i, (op, own) in enumerate(q.op.dealt(w)):
            shape = op.shape(value.shape, *(v.shape for v in own))
            if i not in known:
                known[i] = links(op, value.shape, tuple(v.shape for v in own), shape, accumulator(q.dtype))
            kind = _Norm if isinstance(op, LpPool) else self.step(op) if math.prod(shape) else _Step
            step = kind(self, op, q.dtype, known[i], value, tuple(v.astype(x.dtype) for v in own), shape)
            trail.append(step)
            value = step.forward()
        gradients: list[Array] = []
        if q.dtype in INTEGERS:
            return [value]
        g = g.astype(x.dtype)
        for step in reversed(trail):
            g, *dw = step.backward(g)
            gradients = [*dw, *gradients]
        return [value, g, *gradients]

    def step(self, op: Operation) -> type[_Step]:
        return _Step

    def sums(self, links: Links, of: str, a: Array, b: Array) -> Array:
        """Of the products of a and b, those that belong to each element of `out`, `a` or `b`."""
        table = links.table(of)
        return self.total(np.append(a, a.dtype.type(0))[table], np.append(b, b.dtype.type(0))[table])


class Scatters(Implementation):
    """Adds each product to its sum as it comes, in no order that any answer could expect."""

    def sums(self, links: Links, of: str, a: Array, b: Array) -> Array:
        total = np.zeros(links.sizes[("out", "a", "b").index(of)], a.dtype)
        order = np.random.default_rng(a.size).permutation(a.size)
        np.add.at(total, getattr(links, of)[order], (a * b)[order])
        return total


@dataclass(frozen=True)
class _Step:
    """One operation on its numbers."""

    by: Implementation
    op: Operation
    dtype: str
    links: Links
    x: Array
    w: tuple[Array, ...]
    y: Shape

    def forward(self) -> Array:
        if isinstance(self.op, MaxPool | AdaptiveMaxPool):
            return self.x.ravel()[self._winners()].reshape(self.y)
        total = self._sums("out", self._pixels[self.links.a], self._taps[self.links.b])
        if isinstance(self.op, AveragePool) and self.by.mean != "weighs":
            total = self._averaged(total.reshape(self.y)).ravel()
        if isinstance(self.op, Pad) and self.op.value:
            total[np.bincount(self.links.out, minlength=total.size) == 0] = self.op.value
        return stored(total, self.dtype).reshape(self.y)

    def backward(self, g: Array) -> Iterator[Array]:
        if isinstance(self.op, MaxPool | AdaptiveMaxPool):
            dx = np.zeros(self.x.size, g.dtype)
            if isinstance(self.op, MaxPool) and self.op.ties == "all":
                attained = self.x.ravel()[self.links.a] == self.x.ravel()[self._winners()][self.links.out]
                np.add.at(dx, self.links.a, np.where(attained, g.ravel()[self.links.out], 0))
            else:
                np.add.at(dx, self._winners(), g.ravel())
            yield stored(dx, self.dtype).reshape(self.x.shape)
            return
        if isinstance(self.op, AveragePool) and self.by.mean != "weighs":
            g = self._averaged(g)
        arriving = g.ravel()[self.links.out]
        dx = stored(self._sums("a", arriving, self._taps[self.links.b]), self.dtype)
        yield dx[: self.x.size].reshape(self.x.shape)
        if self.w:
            dw = stored(self._sums("b", self._pixels[self.links.a], arriving), self.dtype)
            yield dw[: self.w[0].size].reshape(self.w[0].shape)
        for bias in self.w[1:]:
            yield dx[self.x.size :].reshape(bias.shape)

    def _sums(self, of: str, a: Array, b: Array) -> Array:
        return self.by.sums(self.links, of, a, b)

    @property
    def _pixels(self) -> Array:
        return np.concatenate([self.x.ravel(), *(v.ravel() for v in self.w[1:])])

    @property
    def _taps(self) -> Array:
        if self.links.weights is not None:
            return self.links.weights
        if self.w:
            return np.concatenate([self.w[0].ravel(), *(np.ones(1, self.x.dtype) for _ in self.w[1:])])
        if isinstance(self.op, AveragePool) and self.by.mean == "weighs":
            return stored(1 / self._divisors(), self.dtype).ravel()
        return np.ones(self.links.sizes[2], self.x.dtype)

    def _averaged(self, total: Array) -> Array:
        return total / self._divisors() if self.by.mean == "divides" else total * (1 / self._divisors())

    def _divisors(self) -> Array:
        """How many taps of each window are counted."""
        op = self.op
        assert isinstance(op, AveragePool)
        counts = np.ones(self.y[2:], self.x.dtype)
        for axis, (n, m, k, s, d, (lo, hi)) in enumerate(zip(self.x.shape[2:], self.y[2:], op.kernel, op.stride, op.dilation, op.padding)):
            first, last = {"window": (-math.inf, math.inf), "padded": (-lo, n + hi), "valid": (0, n)}[op.counted]
            met = [sum(first <= s * j + d * t - lo < last for t in range(k)) for j in range(m)]
            counts *= np.array(met, self.x.dtype).reshape(-1, *(1,) * (len(self.y) - 3 - axis))
        return np.full_like(counts, op.divisor) if op.divisor else counts

    def _winners(self) -> Array:
        """The first or last greatest pixel of each window; where the operation does not say, the first if an average divides."""
        table = self.links.table("out")
        if not table.size:
            return np.zeros(0, int)
        pixels = np.append(self.links.a, 0)[table]
        values = np.where(table < self.links.a.size, self.x.ravel()[pixels], -np.inf)
        last = self.op.ties == "last" if isinstance(self.op, MaxPool) else self.by.mean != "divides"
        rank = len(values) - 1 - values[::-1].argmax(0) if last else values.argmax(0)
        return pixels[rank, np.arange(pixels.shape[1])]


class _Norm(_Step):
    """Powers, their sum, its root, each stored, and back by the chain rule: 0/0 where a norm is 0."""

    def forward(self) -> Array:
        return self._root.reshape(self.y)

    def backward(self, g: Array) -> Iterator[Array]:
        y = self._root
        arriving = stored(g.ravel() / y ** (self._p - 1), self.dtype) if self._p > 1 else g.ravel()
        dx = stored(self._sums("a", arriving[self.links.out], self._taps[self.links.b]), self.dtype).reshape(self.x.shape)
        yield stored(dx * np.sign(self.x) * np.abs(self.x) ** (self._p - 1), self.dtype)

    @cached_property
    def _root(self) -> Array:
        powers = stored(np.abs(self.x) ** self._p, self.dtype).ravel()
        total = stored(self._sums("out", powers[self.links.a], self._taps[self.links.b]), self.dtype)
        return stored(total ** (1 / self._p), self.dtype) if self._p > 1 else total

    @property
    def _p(self) -> int:
        assert isinstance(self.op, LpPool)
        return self.op.p


class MultipliesMatrices(Implementation):
    """Kernel times a matrix with one column for each window (im2col); what has no windows, in order.

    Not for NaN and infinity: in ∂w of a cropped ConvTranspose it multiplies pixels of x by the zeros outside, and 0 · NaN is NaN.
    """

    def step(self, op: Operation) -> type[_Step]:
        return _Matrices if isinstance(op, Conv | ConvTranspose | SumPool) else _Step


class _Matrices(_Step):
    """Images that are small (one pixel for each window) and large; the gradient of reading windows is adding to them."""

    def forward(self) -> Array:
        y = self._read(self.x) if self._gathers else self._add(self.x)
        return stored(y + self.w[1] if self.w[1:] else y, self.dtype)

    def backward(self, g: Array) -> Iterator[Array]:
        yield stored(self._add(g) if self._gathers else self._read(g), self.dtype)
        if self.w:
            small, large = (g, self.x) if self._gathers else (self.x, g)
            dw = np.matmul(self._grouped(small), self._columns(large).swapaxes(2, 3)).sum(0)
            yield stored(dw, self.dtype).reshape(self.w[0].shape)
        for bias in self.w[1:]:
            yield stored(g.reshape(*g.shape[:2], -1).sum(2).sum(0), self.dtype).reshape(bias.shape)

    def _read(self, large: Array) -> Array:
        return np.matmul(self._kernels, self._columns(large)).reshape(len(large), -1, *self._small)

    def _add(self, small: Array) -> Array:
        products = np.matmul(self._kernels.swapaxes(1, 2), self._grouped(small))
        large = np.zeros((len(small), self.groups, products.shape[2] // len(self._table), math.prod(self._large) + 1), small.dtype)
        np.add.at(large, (..., self._table), products.reshape(*large.shape[:3], *self._table.shape))
        return large[..., :-1].reshape(len(small), -1, *self._large)

    def _columns(self, large: Array) -> Array:
        """(N, groups, channels of a group · taps, windows)."""
        n, c = large.shape[:2]
        beside = np.concatenate([large.reshape(n, c, -1), np.zeros((n, c, 1), large.dtype)], 2)
        return beside[..., self._table].reshape(n, self.groups, -1, self._table.shape[1])

    def _grouped(self, small: Array) -> Array:
        return small.reshape(len(small), self.groups, small.shape[1] // self.groups, -1)

    @property
    def groups(self) -> int:
        return self.op.groups if isinstance(self.op, Conv | ConvTranspose) else self.x.shape[1]

    @property
    def _kernels(self) -> Array:
        """(groups, channels of a small pixel, those of a large one · taps)."""
        w = self.w[0] if self.w else np.ones((self.groups, len(self._table)), self.x.dtype)
        return w.reshape(self.groups, len(w) // self.groups, -1)

    @property
    def _gathers(self) -> bool:
        return not isinstance(self.op, ConvTranspose)

    @property
    def _small(self) -> Shape:
        return self.y[2:] if self._gathers else self.x.shape[2:]

    @property
    def _large(self) -> Shape:
        return self.x.shape[2:] if self._gathers else self.y[2:]

    @cached_property
    def _table(self) -> Array:
        """(taps, windows): which large pixel; one past the last where there is none."""
        op = self.op
        assert isinstance(op, Conv | ConvTranspose | SumPool)
        taps = op.kernel if isinstance(op, SumPool) else self.w[0].shape[2:]
        before = op.crop if isinstance(op, ConvTranspose) else op.padding
        at, outside = np.zeros((1, 1), int), np.zeros((1, 1), bool)
        for n, m, k, s, d, (lo, _) in zip(self._large, self._small, taps, op.stride, op.dilation, before):
            place = d * np.arange(k)[:, None] + s * np.arange(m) - lo
            at, outside = _outer(np.add, at * n, place), _outer(np.logical_or, outside, (place < 0) | (place >= n))
        return np.where(outside, math.prod(self._large), at)


def _outer(combined: np.ufunc, a: Array, b: Array) -> Array:
    """Rows with rows and columns with columns."""
    return combined(a[:, None, :, None], b[None, :, None, :]).reshape(len(a) * len(b), -1)


def accumulator(dtype: str) -> type[np.floating]:
    """What is promised to add in; of integers, all are exact in float64."""
    return np.float64 if dtype in ("float64", *INTEGERS) else np.float32


def stored(a: Array, dtype: str) -> Array:
    """Rounded to the dtype, to nearest, ties to even."""
    if dtype == "float16":
        return a.astype(np.float16).astype(np.float32)
    if dtype != "bfloat16":
        return a
    bits = np.ascontiguousarray(a).view(np.uint32).astype(np.uint64)
    nearest = (bits + 0x7FFF + (bits >> np.uint64(16) & np.uint64(1))) >> np.uint64(16) << np.uint64(16)
    return np.where(np.isfinite(a), nearest.astype(np.uint32).view(np.float32), a)


IMPLEMENTATIONS = (
    Implementation("in order", in_order),
    Implementation("backwards", backwards, "multiplies"),
    Implementation("in lanes of four", in_lanes, "weighs"),
    Implementation("in blocks of eight", in_blocks),
    Implementation("pairwise", pairwise, "multiplies"),
    Implementation("fused", fused),
    Implementation("compensated", compensated, "weighs"),
    Implementation("wide accumulator", wide),
    Scatters("scattered", in_order, "multiplies"),
    MultipliesMatrices("matrix product", in_order),
)
