"""What may stand behind a call: `+ b` adds a bias to a convolution, `/ 9` divides a sum over windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce

from backends.arrange import Arrangement
from backends.native import Note, Reading, Unreadable, Weight
from spec import AveragePool, Conv, ConvTranspose, Operation, Shape, SumPool


@dataclass(frozen=True)
class Plus:
    """`+ b`."""

    name: str

    def __str__(self) -> str:
        return f"+ {self.name}"


@dataclass(frozen=True)
class Over:
    """`/ 9`."""

    number: int | float

    def __str__(self) -> str:
        return f"/ {self.number}"


def biased(step: Plus, before: Reading | None, given: Shape) -> Reading:
    """A convolution with the bias that is added to its result. given: the bias's shape, if it is said. Raises Unreadable."""

    def with_bias(op: Operation) -> Operation | None:
        return replace(op, bias="yes") if isinstance(op, Conv | ConvTranspose) and op.bias == "no" else None

    found = before and _last(before.op, with_bias)
    if not before or not found:
        raise Unreadable(f"{step} is read only behind a convolution without a bias")
    y, axis = before.y, (before.native.leave or (0, 1))[1]
    usual = (y[axis],) if axis == len(y) - 1 else (1, y[axis], *(1,) * (len(y) - 2))
    shape = given or usual
    wanted = tuple(n if i == axis else 1 for i, n in enumerate(y))
    if (1,) * (len(y) - len(shape)) + shape != wanted:
        raise Unreadable(f"{step}: its shape is {shape}, but the result {y} has its channels on axis {axis}; give it {usual}")
    (kernel, *_) = before.native.weights[-1:]
    spec = (1, y[axis], *(1,) * (len(y) - 2))
    bias = Weight(name="bias", variable=f"b{kernel.variable[1:]}", to_spec=Arrangement(shape).reshape(*spec))
    statements = (*before.native.statements, f"x = x + {bias.variable}")
    native = replace(before.native, statements=statements, weights=(*before.native.weights, bias))
    return replace(before, op=found, native=native)


def divided(step: Over, before: Reading | None) -> Reading:
    """Sums over windows as means. Raises Unreadable."""
    number = step.number
    if isinstance(number, bool) or number < 1 or number != int(number):
        raise Unreadable(f"{step} is not read; divide by a whole number of at least 1")

    def mean(op: Operation) -> Operation | None:
        if not isinstance(op, SumPool):
            return None
        divisor = 0 if number == math.prod(op.kernel) else int(number)
        return AveragePool(kernel=op.kernel, stride=op.stride, padding=op.padding, dilation=op.dilation, divisor=divisor)

    found = before and _last(before.op, mean)
    if not before or not found:
        raise Unreadable(f"{step} is read only behind a sum over windows")
    native = replace(before.native, statements=(*before.native.statements, f"x = x / {int(number)}"))
    note = Note(argument="/", text=f"every window's sum is divided by {int(number)}, with its padding counted as zeros")
    return replace(before, op=found, native=native, notes=(*before.notes, note))


def _last(op: Operation, change: Callable[[Operation], Operation | None]) -> Operation | None:
    """The operation with its last step changed; None if that cannot be."""
    *first, last = op.steps
    changed = change(last)
    return changed and reduce(lambda a, b: a >> b, [*first, changed])
