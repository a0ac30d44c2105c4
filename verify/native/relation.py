"""How the results of two programs with the same weights relate: equal, shifted, equal but for a border, or different.

Decided on the definition, axis by axis: every operation here works along each spatial axis on its own. x and the weights are whole numbers
drawn at random; arithmetic is exact. Two programs that add and are not equal differ almost surely on one such x. Two that choose a maximum
may agree on it by chance: they are also tried on one x for each pixel, in which that pixel is the greatest.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spec import Conv, ConvTranspose, Impossible, Operation
from spec.operation import Array, Shape, each_axis

MOST_SHIFT = 12
"""Pixels by which one result may be moved against the other."""
CLOSE = 1e-9
"""Relative: of results whose coefficients are no fractions, and so are rounded."""


@dataclass(frozen=True, kw_only=True)
class Along:
    """The relation along one axis, between the first result of length `lengths[0]` and the second of length `lengths[1]`.

    shift: how many pixels later the second shows what the first shows. edges: how many pixels at the start and at the end of the first
    do not agree, after shifting, where the second has a pixel there. Both None: different.
    """

    lengths: tuple[int, int]
    shift: int | None
    edges: tuple[int, int] = (0, 0)

    @property
    def word(self) -> str:
        """`equal`, `shifted`, `edges`, `lengths` or `different`."""
        if self.shift is None:
            return "different"
        if any(self.edges):
            return "edges"
        if self.shift:
            return "shifted"
        return "equal" if self.lengths[0] == self.lengths[1] else "lengths"


def along(axis: int, first: Operation, second: Operation, x: Shape, w: Sequence[Shape]) -> Along:
    """The relation along one spatial axis of two programs on the same x and weights. Raises Impossible."""
    n = x[axis + 2]
    rng = np.random.default_rng(20)
    image = rng.permutation(np.arange(1, 8 * n + 1))[:n].reshape(1, 1, n).astype(object)
    if not (first.multilinear and second.multilinear):
        image = np.concatenate([image, *_maxima(n, rng)])
    kernels = [rng.integers(1, 50, (1, 1, shape[axis + 2])).astype(object) for shape in w if len(shape) > axis + 2]
    results = [_one_axis(op, axis, image, kernels) for op in (first, second)]
    return related(*results)


def _maxima(n: int, rng: np.random.Generator) -> list[Array]:
    """Lines of n pixels: each pixel once the greatest, and a few in random order. Both also below 0, where padding with 0 shows."""
    each = np.eye(n, dtype=int)
    ranked = rng.permuted(np.tile(np.arange(-4 * n, 4 * n), (RANKED, 1)), axis=1)[:, :n]
    return [lines.reshape(-1, 1, n).astype(object) for lines in (each, each - 2, ranked, -np.abs(ranked) - 1)]


RANKED = 8
"""Lines in random order, besides those with one greatest pixel."""


def _one_axis(op: Operation, axis: int, x: Array, kernels: Sequence[Array]) -> Array:
    """A program along one axis: of one channel, without bias. A row for each line of x."""
    left = list(kernels)
    for step in op.steps:
        line = each_axis(_plain(step))[axis]
        own = [left.pop(0) for _ in range(line.weights)]
        left = left[step.weights - line.weights :]
        x = line(x, *own)
    return np.asarray(x).reshape(len(x), -1)


def _plain(op: Operation) -> Operation:
    return dataclasses.replace(op, groups=1, bias="no") if isinstance(op, Conv | ConvTranspose) else op


def related(a: Array, b: Array) -> Along:
    """The relation of two lines of numbers, or of as many pairs of lines as there are rows."""
    a, b = np.atleast_2d(a), np.atleast_2d(b)
    lengths = m, n = (a.shape[1], b.shape[1])
    if m == n and _same(a, b).all():
        return Along(lengths=lengths, shift=0)
    best: Along | None = None
    for shift in sorted(range(-MOST_SHIFT, MOST_SHIFT + 1), key=abs):
        lo, hi = max(0, -shift), min(m, n - shift)
        if hi - lo < max(1, min(m, n) // 2):
            continue
        agree = np.asarray(_same(a[:, lo:hi], b[:, lo + shift : hi + shift]).all(axis=0))
        if agree.all():
            return Along(lengths=lengths, shift=shift)
        start, end = _border(agree)
        inside = len(agree) - start - end
        if best is None and inside >= max(3, len(agree) // 2):
            best = Along(lengths=lengths, shift=shift, edges=(start, end))
    return best or Along(lengths=lengths, shift=None)


def _same(a: Array, b: Array) -> Array:
    if a.dtype == object and b.dtype == object:
        pairs = zip(a.reshape(-1), b.reshape(-1), strict=True)
        same = [math.isclose(x, y, rel_tol=CLOSE) if float in (type(x), type(y)) else x == y for x, y in pairs]
        return np.array(same, bool).reshape(a.shape)
    close: Array = np.isclose(a.astype(float), b.astype(float), rtol=CLOSE, atol=CLOSE)
    return close


def _border(agree: Array) -> tuple[int, int]:
    """How many at the start and at the end, so that all between agree: the longest run of agreement."""
    best, start = (len(agree), 0), 0
    for i in range(len(agree) + 1):
        if i == len(agree) or not agree[i]:
            if i - start > len(agree) - sum(best):
                best = (start, len(agree) - i)
            start = i + 1
    return best


def every_axis(first: Operation, second: Operation, x: Shape, w: Sequence[Shape]) -> tuple[Along, ...]:
    """Along each spatial axis; where a program mixes axes or channels otherwise, of all axes together. Raises Impossible."""
    if _separable(first) and _separable(second):
        return tuple(along(axis, first, second, x, w) for axis in range(first.rank))
    rng = np.random.default_rng(20)
    arrays = [rng.integers(1, 1000, shape).astype(object) for shape in (x, *w)]
    a, b = first(*arrays), second(*arrays)
    same = a.shape == b.shape and _same(a.reshape(-1), b.reshape(-1)).all()
    lengths = list(zip(a.shape[2:], b.shape[2:], strict=True))
    return tuple(Along(lengths=(m, k), shift=0 if same else None) for m, k in lengths)


def _separable(op: Operation) -> bool:
    """Whether each step keeps the channels apart and works along each axis on its own."""
    return all(step.name not in ("DepthToSpace", "SpaceToDepth", "MaxUnpool") for step in op.steps)


def sizes(relation: Callable[[int], Along], least: int, count: int = 24) -> tuple[str, dict[int, Along]]:
    """For which lengths of an axis the relation is what: a phrase, and the relation for each length tried."""
    found: dict[int, Along] = {}
    for n in range(least, least + count):
        try:
            found[n] = relation(n)
        except Impossible:
            continue
    if not found:
        return "", found
    said = {n: _phrase(one) for n, one in found.items()}
    span = f"{min(found)} … {max(found)}"
    if len(set(said.values())) == 1:
        return f"at every length tried ({span})", found
    for period in range(2, 9):
        classes = {n % period: {said[k] for k in said if k % period == n % period} for n in said}
        if all(len(words) == 1 for words in classes.values()) and len(said) >= 2 * period:
            return _by_class({rest: next(iter(words)) for rest, words in classes.items()}, period, span), found
    return f"no rule found for {span}", found


def _by_class(words: dict[int, str], period: int, span: str) -> str:
    def named(rests: list[int]) -> str:
        if period == 2:
            return "even lengths" if rests == [0] else "odd lengths"
        return f"lengths {', '.join(f'{period}·k' + (f' + {r}' if r else '') for r in rests)}"

    by_words: dict[str, list[int]] = {}
    for rest in sorted(words):
        by_words.setdefault(words[rest], []).append(rest)
    in_order = sorted(by_words.items(), key=lambda item: item[0] != "equal")
    return ", ".join(f"{word} for {named(rests)}" for word, rests in in_order) + f" ({span})"


def _phrase(one: Along) -> str:
    if one.word == "shifted":
        assert one.shift is not None
        return f"shifted by {abs(one.shift)} {'later' if one.shift > 0 else 'earlier'}"
    if one.word == "edges":
        lo, hi = one.edges
        return f"equal except {lo + hi} pixel{'s' * (lo + hi != 1)} at the border" + (f", shifted by {one.shift}" if one.shift else "")
    if one.word == "lengths":
        more = one.lengths[1] - one.lengths[0]
        return f"equal, the second {abs(more)} pixel{'s' * (abs(more) != 1)} {'longer' if more > 0 else 'shorter'}"
    return one.word


def together(axes: Sequence[Along]) -> str:
    """One word for all axes: the worst."""
    order = ("different", "lengths", "edges", "shifted", "equal")
    return min((one.word for one in axes), key=order.index, default="equal")


