"""What native calls mean: from calls as data (backends/parsing.py) and shapes to operations of spec, by each room's readers."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce

from backends.behind import Over, Plus, biased, divided
from backends.call import Source, X
from backends.names import joiners, readers
from backends.native import LAYOUT, Native, Reading, Unreadable, composed, undone
from backends.parsing import Cut, Step, parsed
from spec import Pad, Shape


def read(text: str, x: Shape, weights: Sequence[Shape] = ()) -> Reading:
    """What a text of native calls means on an input of a shape, in the framework's layout.

    weights: the shapes of the arrays that functions are given beside x, in their order. Raises Unreadable, or Impossible.
    """
    if empty := [shape for shape in weights if min(shape, default=0) < 1]:
        raise Unreadable(f"--weights has the shape {empty[0]}, but every length must be at least 1")
    return meaning(parsed(text), x, weights)


def meaning(steps: Sequence[Step], x: Shape, weights: Sequence[Shape] = ()) -> Reading:
    """The same of calls as data."""
    try:
        return _chained(steps, x, weights, ())
    except OtherLayout as later:  # a call that is read in several layouts came before one that names its own
        return _chained(steps, x, weights, later.layout)


def _chained(steps: Sequence[Step], x: Shape, weights: Sequence[Shape], layout: Shape) -> Reading:
    """The calls of a text, one after the other. layout: for each axis of spec's, that of the input, if it is known."""
    found: list[Reading] = []
    left = list(weights)
    for i, step in enumerate(steps, start=1):
        number = str(i) if len(steps) > 1 else ""
        here = found[-1].y if found else x
        if min(here, default=0) < 1:
            raise Unreadable(f"the input of {step} has the shape {here}, but every length must be at least 1")
        if isinstance(step, Cut):
            if not found:
                raise Unreadable(f"{step} cuts nothing; write it behind a call")
            found.append(_cut_reading(step, found[-1]))
            continue
        if isinstance(step, Plus | Over):
            before = found.pop() if found else None
            found.append(divided(step, before) if isinstance(step, Over) else biased(step, before, left.pop(0) if left else ()))
            continue
        arrays = [name for name, value in step.arguments.items() if isinstance(value, Source) and value != X and _takes_array(name)]
        given = dict(zip(arrays, left, strict=False))
        left = left[len(given) :]
        if step.function in joiners():
            if not found:
                raise Unreadable(f"{step.function} is read together with the call before it, but there is none; write that call first")
            found[-1] = joiners()[step.function](step, found[-1], given, number)
            continue
        known = found[-1].native.leave or tuple(range(len(here))) if found else layout
        found.append(readers()[step.function](step, here, given | ({LAYOUT: known} if known else {}), number))
        _same_framework(found)
        _same_layout(found)
    if left:
        raise Unreadable(f"--weights {','.join(map(str, left[0]))} is one too many; the calls take {len(weights) - len(left)}")
    return reduce(operator.rshift, found)


class OtherLayout(Unreadable):
    """A call keeps the axes of its input in another order than the call before gives them.

    layout: where the call has each of spec's axes.
    """

    def __init__(self, sentence: str, layout: Shape) -> None:
        super().__init__(sentence)
        self.layout = layout


def _same_layout(found: list[Reading]) -> None:
    """Refuse two calls, one after the other, of which one has channels where the other has space. Raises OtherLayout."""
    if len(found) < 2 or found[-2].native.dropped:
        return
    before, after = found[-2].native, found[-1].native
    between = composed(before.leave, after.enter)
    if between != tuple(range(len(between))):
        (call, *_), last = found[-1].calls, max(len(between) - 1, 0)
        names = {1: "axis 1", last: "the last axis"}
        has, wants = (names.get(order[1] if order else 1, "another axis") for order in (before.leave, undone(after.enter)))
        sentence = f"{call.function} has the channels on {wants}, but the call before it leaves them on {has}; keep one order of axes"
        raise OtherLayout(sentence, undone(after.enter) or tuple(range(len(between))))


def _same_framework(found: list[Reading]) -> None:
    """Refuse a chain of two frameworks. Raises Unreadable."""
    (*before, phrases) = (reading.native.phrases for reading in found[-2:])
    names = [one.framework for one in (*before, phrases)]
    if not any(set(names) <= {one.framework, *one.includes} for one in (*before, phrases)):
        raise Unreadable(f"a chain has calls of one framework, but here {names[0]} is followed by {names[1]}")


def _takes_array(parameter: str) -> bool:
    return parameter in ("weight", "bias", "kernel", "filters", "filter", "rhs", "depthwise_filter", "pointwise_filter", "depthwise_kernel",
                         "pointwise_kernel", "W", "w", "B", "I")  # fmt: skip


def _cut_reading(cut: Cut, before: Reading) -> Reading:
    """A slice, as negative padding."""
    shape, leave = before.y, before.native.leave
    if before.native.dropped:
        raise Unreadable(f"{cut} cuts a result without spatial axes; only spatial axes are read")
    if len(cut.bounds) > len(shape):
        raise Unreadable(f"{cut} has {len(cut.bounds)} slices, but the result has {len(shape)} axes: {shape}")
    pairs = []
    for n, bound in zip(shape, (*cut.bounds, *((None, None),) * (len(shape) - len(cut.bounds))), strict=True):
        start, stop, _ = slice(*bound).indices(n)
        pairs.append((-start, min(stop - n, 0)))
    ordered = [pairs[axis] for axis in leave] if leave else pairs
    if any(map(any, ordered[:2])):
        raise Unreadable(f"{cut} cuts batch or channels; only spatial axes are read")
    x = tuple(shape[axis] for axis in leave) if leave else shape
    native = Native(
        phrases=before.native.phrases, statements=(f"x = x{cut}",), x=shape, enter=undone(leave) if leave else (), leave=leave,
    )  # fmt: skip
    return Reading(op=Pad(padding=tuple(ordered[2:])), x=x, native=native)
