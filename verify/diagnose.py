"""Which operation a wrong answer comes from: the neighbour of the question that gives it exactly.

Neighbours are other operations (spec, `Operation.neighbours`), the same operation on arrays with an axis reversed or exchanged, and the
right answer spoilt (shifted, scaled, offset). A diagnosis is exact on every value of the output, or it is not made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import numpy as np

from spec import Array, Impossible, Operation, Program
from verify.reference import Reference

Arrays = tuple[Array, ...]


def diagnose(reference: Reference, output: int, got: Array) -> str:
    """Words that finish "answers as if …", or nothing if no neighbour explains the answer. Empty arrays say nothing."""
    right = reference.outputs[output]
    if not right.size or not got.size:
        return ""
    for words, answer in _candidates(reference, output, right):
        with suppress(Impossible, ValueError):
            values = answer()
            if values.shape == got.shape and bool((values == got).all()):
                return words
    return ""


def _candidates(reference: Reference, output: int, right: Array) -> Iterator[tuple[str, Callable[[], Array]]]:
    x, g, w = reference.drawn
    op = reference.question.op
    for words, other in _operations(op):
        yield words, partial(_answer, other, x, w, g, output)
    for words, arrays in _arrangements(x, w):
        yield words, partial(_answer, op, arrays[0], arrays[1:], g, output)
    for words, spoilt in _spoilt(right):
        yield words, partial(np.asarray, spoilt)
    if output == 0:
        yield "it did nothing", partial(np.asarray, x)


def _answer(op: Operation, x: Array, w: Arrays, g: Array, output: int) -> Array:
    y = op(x, *w)
    if output == 0:
        return y
    if y.shape != g.shape:
        raise Impossible("another shape")
    return op.vjp(x, *w, g)[output - 1]


def _operations(op: Operation) -> Iterator[tuple[str, Operation]]:
    for i, step in enumerate(op.steps):
        where = f" (in {step.name}, step {i + 1})" if len(op.steps) > 1 else ""
        with suppress(Impossible):
            for words, other in step.neighbours():
                steps = (*op.steps[:i], other, *op.steps[i + 1 :])
                yield words + where, steps[0] if len(steps) == 1 else Program(inner=steps)


def _arrangements(x: Array, w: Arrays) -> Iterator[tuple[str, Arrays]]:
    for i, v in enumerate(w):
        name = "the kernel" if len(w) == 1 else f"kernel {i + 1}"
        for words, other in _kernels(v):
            yield f"{name}{words}", (x, *w[:i], other, *w[i + 1 :])
    yield "the channels of x were reversed", (x[:, ::-1], *w)
    yield "the spatial axes of x were exchanged", (x.transpose(0, 1, *range(x.ndim - 1, 1, -1)), *w)


def _kernels(v: Array) -> Iterator[tuple[str, Array]]:
    yield " were flipped in space", np.flip(v, tuple(range(2, v.ndim)))
    for axis in range(2, v.ndim):
        yield f" were flipped along its spatial axis {axis - 2}", np.flip(v, axis)
    yield "'s spatial axes were exchanged", v.transpose(0, 1, *range(v.ndim - 1, 1, -1))
    yield "'s channel axes were exchanged", v.swapaxes(0, 1).reshape(v.shape)
    yield "'s first channel axis were reversed", v[::-1]
    yield "'s second channel axis were reversed", v[:, ::-1]


def _spoilt(right: Array) -> Iterator[tuple[str, Array]]:
    for axis in range(2, right.ndim):
        for step, direction in ((1, "later"), (-1, "earlier")):
            shifted = np.roll(right, step, axis)
            yield f"the answer lay one pixel {direction} on spatial axis {axis - 2}, wrapped around", shifted
            filled = shifted.copy()
            filled.swapaxes(0, axis)[0 if step > 0 else -1] = 0
            yield f"the answer lay one pixel {direction} on spatial axis {axis - 2}, with zeros behind", filled
    for factor in (2.0, -1.0, 0.0):
        yield f"the answer were multiplied by {factor:g}", right * factor
    yield "1 were added to the answer", right + 1
