"""The steps of an operation on a small input, and which element reaches which with which weight: read off the operation itself.

Each fact comes from evaluating the operation on one element that is 1, with one kernel entry that is 1. A transposed convolution is taken
apart into zero insertion, placing the kernel and a crop, a convolution into padding and sliding the kernel; this is done only where the
parts have exactly the links of the whole.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from spec import Conv, ConvTranspose, Impossible, Operation, Pad, Program, ZeroInsert
from spec.operation import Shape

Place = tuple[int, ...]
"""Channel, then an index for each spatial axis."""
Weight = tuple[tuple[Place, Any], ...]
"""What an element is multiplied by: kernel entries with their coefficients; the kernel entry is () where there is no kernel."""
Links = dict[Place, dict[Place, Weight]]
"""For each output that is drawn, the inputs that reach it."""

MOST = {1: 12, 2: 6}
"""Elements drawn along each axis of the input, by the number of axes."""
MOST_CHANNELS, MOST_ELEMENTS, MOST_PRODUCTS = 9, 10_000_000, 10_000_000


@dataclass(frozen=True)
class Stage:
    """One step. `drawn`: how many of the input's and of the output's elements are drawn, as (C, *space)."""

    op: Operation
    before: Shape
    after: Shape
    drawn: tuple[Shape, Shape]
    links: Links


@dataclass(frozen=True)
class Steps:
    """An operation's stages, and its links as a whole (None where more than one step has a kernel). channels: says which of several are
    drawn, and what each output adds up."""

    op: Operation
    stages: tuple[Stage, ...]
    whole: Links | None
    channels: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what is drawn, if that is not everything."""
        return tuple(filter(None, (self._cut, self.channels)))

    @property
    def _cut(self) -> str:
        first, last = self.stages[0], self.stages[-1]
        if first.drawn[0] == first.before[1:] and last.drawn[1] == last.after[1:]:
            return ""
        said = (f"{by(part[1:])} of {by(full[2:])}" for part, full in ((first.drawn[0], first.before), (last.drawn[1], last.after)))
        return "Drawn: the first {} input elements and {} output elements.".format(*said)


def steps(op: Operation, x: Shape, w: Sequence[Shape]) -> Steps:
    """The stages on an input of shape (N, C, *space) with weights of these shapes. Raises Impossible where nothing can be drawn."""
    mixes = any(not step.apart and not isinstance(step, Conv | ConvTranspose) for step in op.steps)
    _expect(op, x, w, mixes=mixes)
    image, x = x, (1, x[1] if mixes else 1, *x[2:])
    plain = [_plain(step) for step in op.steps]
    given = [[(1, 1, *shape[2:]) for shape in own[: one.weights]] for (_, own), one in zip(op.dealt(w), plain, strict=True)]
    kernels = [shape for own in given for shape in own]
    box = (x[1], *(min(n, MOST[op.rank]) for n in x[2:]))
    stages, shape, drawn = [], x, box
    for step, own in zip(plain, given, strict=True):
        for stage in _apart(step, shape, own, drawn):
            stages.append(stage)
            shape, drawn = stage.after, stage.drawn[1]
    if 0 in drawn:
        raise Impossible(
            f"there is nothing to draw: the output is empty, or each output needs more than {MOST[op.rank]} elements of an axis; "
            "give another --input"
        )
    whole = None
    if len(kernels) <= 1:
        together = plain[0] if len(plain) == 1 else Program(inner=tuple(plain))
        whole = {j: found for j, found in links(together, x, kernels, box)[0].items() if all(map(int.__lt__, j, drawn))}
    return Steps(op, tuple(stages), whole, "" if mixes else _channels(op, image, w))


def _channels(op: Operation, x: Shape, w: Sequence[Shape]) -> str:
    """`One channel is drawn. Each output adds up 2 input channels: those of its group.`"""
    sums = []
    for step, image, _, _ in op.walk(x, tuple(w)):
        if isinstance(step, Conv | ConvTranspose) and image[1] > 1:
            one = f"Each output adds up {image[1] // step.groups} input channels"
            sums.append(f"{one}: those of its group." if step.groups > 1 else f"{one}.")
        if isinstance(step, Conv | ConvTranspose) and image[1] == step.groups > 1:
            sums[-1] = "Each output has one input channel: every channel has a kernel of its own."
    if not sums and x[1] == 1:
        return ""
    return " ".join(("One channel is drawn.", *dict.fromkeys(sums or ["Every channel is treated alike."])))


def _expect(op: Operation, x: Shape, w: Sequence[Shape], *, mixes: bool) -> None:
    """Raises Impossible where nothing can be drawn. `mixes`: whether a step without a kernel moves elements between channels."""
    if op.rank not in MOST or any(step.out_rank != op.rank for step in op.steps):
        raise Impossible(f"a picture has 1 or 2 spatial axes, but this operation has {op.rank}; give the call of fewer axes")
    if any(domain is not None for domain in op.domains(x, *w)):
        raise Impossible("this operation also takes indices, and what it does depends on them: it is not drawn; draw a call without them")
    if mixes and op.weights:
        raise Impossible("a kernel together with a step that moves channels into space is not drawn; draw the two calls one by one")
    if mixes and x[1] > MOST_CHANNELS:
        raise Impossible(f"the input has {x[1]} channels, but at most {MOST_CHANNELS} are drawn; give a smaller --input")


def _plain(step: Operation) -> Operation:
    """For one channel, without a bias."""
    return dataclasses.replace(step, groups=1, bias="no") if isinstance(step, Conv | ConvTranspose) else step


def _apart(step: Operation, x: Shape, w: Sequence[Shape], drawn: Shape) -> list[Stage]:
    whole = _stages([step], x, w, drawn)
    parts = list(_parts(step))
    if len(parts) < 2:
        return whole
    try:
        stages = _stages(parts, x, w, drawn)
    except Impossible:
        return whole
    met: Links = {j: {j: (((), 1),)} for j in product(*map(range, stages[-1].drawn[1]))}
    for stage in reversed(stages):
        met = {j: through(stage.links, found) for j, found in met.items()}
    theirs = {j: {i: weight for i, weight in found.items() if weight} for j, found in met.items()}
    return stages if stages[-1].after == whole[0].after and theirs == whole[0].links else whole


def _parts(step: Operation) -> Iterator[Operation]:
    none = ((0, 0),) * step.rank
    if isinstance(step, ConvTranspose):
        if max(step.stride) > 1:
            yield ZeroInsert(factor=step.stride, trailing=(0,) * step.rank)
        yield dataclasses.replace(step, stride=(), crop=())
        if step.crop != none:
            yield Pad(padding=tuple((-lo, -hi) for lo, hi in step.crop))
    elif isinstance(step, Conv):
        if step.padding != none:
            yield Pad(padding=step.padding)
        yield dataclasses.replace(step, padding=())


def _stages(ops: Sequence[Operation], x: Shape, w: Sequence[Shape], drawn: Shape) -> list[Stage]:
    stages = []
    for op in ops:
        own = w if op.weights else ()
        found, shown = links(op, x, own, drawn)
        after = op.shape(x, *own)
        stages.append(Stage(op, x, after, (drawn, shown), found))
        x, drawn = after, shown
    return stages


def through(links: Links, after: dict[Place, Weight]) -> dict[Place, Weight]:
    """The links of two stages, one after the other, into one output. At most one of the two has a kernel."""
    sums: dict[Place, dict[Place, Any]] = {}
    for middle, right in after.items():
        for source, left in links.get(middle, {}).items():
            for (a, p), (b, q) in product(left, right):
                taps = sums.setdefault(source, {})
                taps[a or b] = taps.get(a or b, 0) + p * q
    return {source: tuple(sorted((tap, c) for tap, c in taps.items() if c)) for source, taps in sums.items()}


def links(op: Operation, x: Shape, w: Sequence[Shape], drawn: Shape) -> tuple[Links, Shape]:
    """Which of the first `drawn` inputs reach which outputs, and how many outputs along each axis depend on no others.

    x is (1, C, *space); w holds at most one kernel, (1, 1, *taps). Raises Impossible where this is too large to compute.
    """
    sources = list(product(*map(range, drawn)))
    after = op.shape(x, *w)
    taps = list(product(*map(range, w[0][2:]))) if w else [()]
    elements = max(math.prod(x), math.prod(after)) * len(sources)
    if elements > MOST_ELEMENTS or elements * len(taps) > MOST_PRODUCTS:
        raise Impossible(f"the input {x[2:]} is too large for a picture; give a smaller --input, such as one of 6 or 8 elements an axis")
    ones = np.zeros((len(sources), *x[1:]), np.int64)
    for n, source in enumerate(sources):
        ones[(n, *source)] = 1
    rows: dict[Place, dict[Place, list[tuple[Place, Any]]]] = {}
    for tap in taps:
        kernel = [np.zeros(shape, np.int64) for shape in w]
        if w:
            kernel[0][(0, 0, *tap)] = 1
        zero = op(ones[:1] * 0, *kernel)
        if zero.any():
            raise Impossible("this operation adds a constant other than 0, which has no link to an input: it is not drawn; pad with 0")
        moved = op(ones, *kernel)
        for n, *target in zip(*np.nonzero(moved), strict=True):
            place = tuple(map(int, target))
            rows.setdefault(place, {}).setdefault(sources[n], []).append((tap, moved[(n, *target)]))
    shown = (after[1], *_determined(op, x, w, drawn, after))
    places = product(*map(range, shown))
    return {place: {i: tuple(weight) for i, weight in rows.get(place, {}).items()} for place in places}, shown


def _determined(op: Operation, x: Shape, w: Sequence[Shape], drawn: Shape, after: Shape) -> Shape:
    """Along each axis, how many outputs from the first on depend on drawn inputs alone."""
    lengths = []
    for axis in range(2, len(x)):
        others = np.zeros(x, np.int64)
        others[(slice(None),) * axis + (slice(drawn[axis - 1], None),)] = 1
        kernel = [np.ones(shape, np.int64) for shape in w]
        positive = op.absolute()
        met = positive(others, *kernel) != positive(others * 0, *kernel)
        line = met.any(tuple(i for i in range(len(after)) if i != axis))
        lengths.append(int(np.argmax(line)) if line.any() else after[axis])
    return tuple(lengths)


def by(lengths: Shape) -> str:
    """`6 × 4`."""
    return " × ".join(map(str, lengths))
