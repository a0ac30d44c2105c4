"""From the kernel of a program to the kernel with which another one does the same: a function, and NumPy source that does it.

`a` is the first kernel, `b` the second, each as its framework keeps it. Between them stand the channels, then each spatial axis: a kernel
of one program is a combination of the other's taps, which most often is a flip, a box filter and a pad (`Filter`), else any matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple

import numpy as np

from backends.arrange import Arrangement
from spec.families.maps import Family, Layer
from spec.operation import Array, Shape
from spec.ops.conv import Conv


class Filter(NamedTuple):
    """Along one axis: reversed if `flip`, convolved with `box` ones, times `scale`, then zeros added at the two ends."""

    flip: bool
    box: int
    scale: Fraction
    pad: tuple[int, int]


class Move(NamedTuple):
    """One line: what is done to an array, and its source, in which {} stands for the array."""

    text: str
    done: Callable[[Array], Array]


@dataclass(frozen=True, kw_only=True)
class WeightMap:
    """moves: from the first kernel to the second, both in spec's layout. words: what they do, as a phrase."""

    moves: tuple[Move, ...]
    words: str
    before: Arrangement | None
    """From the framework's layout of the first kernel to spec's. None of a program without weights, for which `a` is 1."""
    after: Arrangement
    """From spec's layout of the second kernel to its framework's."""

    def __call__(self, w: Array) -> Array:
        """The kernel of the second program, exactly, both in spec's layout."""
        for move in self.moves:
            w = move.done(w)
        return w

    @property
    def lines(self) -> tuple[str, ...]:
        """NumPy source."""
        if not self.moves and self.before:
            return (f"b = {self.before.then(self.after).written('a')}",)
        lines, here = [], self.before.written("a") if self.before else ""
        for move in self.moves:
            lines.append(f"v = {move.text.format(here)}")
            here = "v"
        last = f"b = {self.after.written('v')}"
        return (*lines[:-1], lines[-1].replace("v =", "b =", 1)) if last == "b = v" else (*lines, last)


def weight_map(a: Family, b: Family, factors: tuple[Array, ...], before: Arrangement | None, after: Arrangement) -> WeightMap:
    """Of two programs of which the first lies inside the second. factors: for each axis, or for everything together, P with the maps of
    A's taps = P @ the maps of B's taps (spec.families.relation)."""
    if a.separable and b.separable:
        filters = [recognised(one) for one in factors]
        moves = (*_channels(a, b), *_along(filters, factors))
        return WeightMap(moves=moves, words=_words(filters), before=before, after=after)
    return WeightMap(moves=(_whole(factors[0], b.w[0]),), words="the taps rearranged", before=before, after=after)


def recognised(rows: Array) -> Filter | None:
    """The filter that a matrix of combinations is, row by row of the first kernel's taps; None if it is none."""
    taps, wide = rows.shape
    scale = next((entry for entry in rows.reshape(-1) if entry), 0)
    for flip in (False, True):
        for box in range(1, wide - taps + 2):
            for lo in range(wide - taps - box + 2):
                band = [[scale * (0 <= j - lo - i < box) for j in range(wide)] for i in range(taps)]
                if np.array_equal(rows, band[::-1] if flip else band):
                    return Filter(flip and taps > 1, box, Fraction(scale), (lo, wide - taps - box + 1 - lo))
    return None


def _words(filters: list[Filter | None]) -> str:
    known = [one for one in filters if one]
    if len(known) < len(filters):
        return "its taps combined by a matrix"
    parts = ["flipped"] * any(one.flip for one in known)
    if max(one.box for one in known) > 1:
        parts.append(f"filtered by a box of {' × '.join(str(one.box) for one in known)}")
    scale = prod((one.scale for one in known), start=Fraction(1))
    parts += [f"times {scale}"] * (scale != 1)
    if any(any(one.pad) for one in known):
        parts.append("padded with zeros")
    return " and ".join(parts) or "as it is"


def _along(filters: list[Filter | None], factors: tuple[Array, ...]) -> Iterator[Move]:
    axes = list(enumerate(filters, start=2))
    if flips := tuple(axis for axis, one in axes if one and one.flip):
        yield Move(f"np.flip({{}}, {flips})", lambda v: np.flip(v, flips))
    for axis, one in axes:
        if one and one.box > 1:
            yield _each_line("np.convolve", np.convolve, axis, [1] * one.box)
    for (axis, one), rows in zip(axes, factors, strict=True):
        if one is None:
            yield _each_line("np.dot", np.dot, axis, rows.tolist())
    scale = prod((one.scale for one in filters if one), start=Fraction(1))
    if scale != 1:
        yield Move(f"{{}} * {scale.numerator}" + f" / {scale.denominator}" * (scale.denominator > 1), lambda v: v * scale)
    pads = ((0, 0), (0, 0), *(one.pad if one else (0, 0) for one in filters))
    if any(map(any, pads)):
        yield Move(f"np.pad({{}}, {pads})", lambda v: np.pad(v, pads))


def _each_line(name: str, function: Callable[..., Array], axis: int, operand: list[Any]) -> Move:
    """A function of each line along an axis and of a second operand."""
    exact = np.array(operand, dtype=object)
    text = f"np.apply_along_axis({name}, {axis}, {{}}, {_listed(operand)})"
    return Move(text, lambda v: np.apply_along_axis(function, axis, v.astype(object), exact))


def _listed(numbers: Any) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(map(_listed, numbers))}]"
    value = Fraction(numbers)
    return str(value) if value.denominator == 1 else f"{value.numerator} / {value.denominator}"


def _whole(rows: Array, shape: Shape) -> Move:
    """All weights together: picked, where each is one of the first kernel's or 0, else by a matrix."""
    columns = rows.T
    if all(sorted(column, reverse=True)[:2] in ([1, 0], [0, 0], [1], [0]) and sum(map(bool, column)) <= 1 for column in columns.tolist()):
        places = [column.index(1) if 1 in column else -1 for column in columns.tolist()]
        text = f"np.append({{}}.reshape(-1), 0)[{places}].reshape{shape}"
        return Move(text, lambda w: np.append(w.reshape(-1), 0)[places].reshape(shape))
    return Move(f"np.dot({{}}.reshape(-1), {_listed(rows.tolist())}).reshape{shape}", lambda w: np.dot(w.reshape(-1), rows).reshape(shape))


def _channels(a: Family, b: Family) -> Iterator[Move]:
    """From A's channels to B's: blocks of (group, output, input), which B may have larger."""
    ((there, *_),) = b.layers
    groups, k = there.groups, b.w[0][2:]
    if not a.w:
        channels, ones = a.x[1], (1,) * len(k)
        yield Move(f"np.ones({(channels, 1, 1, *ones)}, int)", lambda _: np.ones((channels, 1, 1, *ones), int))
        yield from _larger_blocks(channels, groups, 1, 1, ones)
        yield from _from_blocks(there, groups)
        return
    ((here, *_),) = a.layers
    if here.groups == groups and type(here) is type(there):
        return
    if here.groups == groups == 1:
        yield Move("{}.swapaxes(0, 1)", lambda w: w.swapaxes(0, 1))
        return
    own, k = here.groups, a.w[0][2:]
    blocks = (own, a.w[0][0] // own, a.w[0][1], *k)
    yield Move(f"{{}}.reshape{blocks}", lambda w: w.reshape(blocks))
    if not isinstance(here, Conv):
        yield Move("{}.swapaxes(1, 2)", lambda w: w.swapaxes(1, 2))
    out, into = blocks[1:3] if isinstance(here, Conv) else blocks[2:0:-1]
    yield from _larger_blocks(own, groups, out, into, k)
    yield from _from_blocks(there, groups)


def _larger_blocks(own: int, groups: int, out: int, into: int, k: Shape) -> Iterator[Move]:
    """`own` blocks in `groups` larger ones, along their diagonals."""
    n = own // groups
    if n == 1:
        return
    apart, joined = (groups, n, out, into, *k), (groups, n * out, n * into, *k)
    yield Move(
        f'np.einsum("gnoc...,nm->gnomc...", {{}}.reshape{apart}, np.eye({n}, dtype=int)).reshape{joined}',
        lambda w: np.einsum("gnoc...,nm->gnomc...", w.reshape(apart), np.eye(n, dtype=int)).reshape(joined),
    )  # fmt: skip


def _from_blocks(there: Layer, groups: int) -> Iterator[Move]:
    if not isinstance(there, Conv):
        yield Move("{}.swapaxes(1, 2)", lambda w: w.swapaxes(1, 2))
    yield Move("np.concatenate({})", np.concatenate)
