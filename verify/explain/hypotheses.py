"""What each mistake we know would have given: one generator for each family, of (the diagnosis, the values).

The values are None where the mistake makes the case impossible.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, replace

import numpy as np
from msgspec import structs

from spec import Array, Conv, Impossible, Operation, Program, Upsample
from spec.operation import IMAGE, fit, negated, size, space
from verify.execute.worker import rounded as to_bits
from verify.explain.moves import Move, moves, names, offsets
from verify.explain.readings import wrapped
from verify.judge.precision import BITS
from verify.judge.reference import Reference
from verify.record import Diagnosis

Guesses = Iterator[tuple[Diagnosis, Array | None]]

NAMES = {"w": "kernel", "b": "bias"}
"""What people call an input beside x."""

SUMS = (256, 512, 1024, 2048, 4096)
"""Products after which a kernel may end a sum."""


@dataclass(frozen=True)
class Asked:
    """One output of a case with its numbers: 0 is the answer, i + 1 the gradient of argument i."""

    op: Operation
    args: tuple[Array, ...]
    g: Array
    output: int
    right: Array

    @classmethod
    def of(cls, reference: Reference, output: int) -> Asked:
        x, g, w = reference.drawn
        return cls(reference.case.op, (x, *w), g, output, reference.outputs[output])

    def answer(self, *, op: Operation | None = None, args: tuple[Array, ...] = (), g: Array | None = None) -> Array | None:
        """What another operation, other arguments or another cotangent would have given."""
        op, args, g = op or self.op, args or self.args, self.g if g is None else g
        with suppress(Impossible, ValueError, IndexError):
            if self.output == 0:
                return op(*args)
            if op.shape(*(a.shape for a in args)) == g.shape:
                return op.vjp(*args, g)[self.output - 1]
        return None

    def through(self, i: int, move: Move, op: Operation | None = None) -> Array | None:
        """The answer if argument i had been moved first: its own gradient comes back through the adjoint."""
        values = self.answer(op=op, args=(*self.args[:i], move(self.args[i]), *self.args[i + 1 :]))
        return values if values is None or self.output != i + 1 else move.adjoint(values)

    @property
    def moves(self) -> Iterator[tuple[int, Diagnosis, Move]]:
        """How each argument is easily mistaken: its number, the mistake, the move."""
        for i, (name, step, where) in _arguments(self.op):
            for move in moves(self.args[i].shape, self.axes(i), self.groups):
                yield i, Diagnosis(f"{name} {move.words}", value=move.value, step=step, where=where), move

    def axes(self, i: int) -> tuple[str, ...]:
        """What the first axes of argument i are called."""
        return self.op.inputs()[i - 1].axes if i else IMAGE

    @property
    def output_axes(self) -> tuple[str, ...]:
        """What the first axes of the output are called."""
        return self.axes(self.output - 1) if self.output else self.op.layout

    @property
    def groups(self) -> int:
        return max(getattr(step, "groups", 1) for step in self.op.steps)


def further_mistakes(asked: Asked) -> Guesses:
    """All families but that of other operations, the likelier first."""
    for family in (
        fitted_operations, moved_arguments, moved_answers, rounded, wrong_gradients, whole_windows, short_sums, wrapped_arguments,
    ):  # fmt: skip
        yield from family(asked)


def beside(op: Operation) -> Iterator[tuple[Diagnosis, Operation]]:
    """The hypotheses about an operation; those about a program change one step, which the diagnosis names."""
    for i, step in enumerate(op.steps):
        number, where = _named(op, i)
        with suppress(Impossible):
            for one, other in step.hypotheses():
                steps = (*op.steps[:i], other, *op.steps[i + 1 :])
                yield Diagnosis(one.words, one.field, one.value, number, where), steps[0] if len(steps) == 1 else Program(inner=steps)


def _inputs(op: Operation) -> Iterator[tuple[str, int | None, str]]:
    """What the inputs beside x are called, each with the number and the name of its step."""
    for i, step in enumerate(op.steps):
        yield from ((NAMES.get(one.name, one.name), *_named(op, i)) for one in step.inputs())


def _arguments(op: Operation) -> Iterator[tuple[int, tuple[str, int | None, str]]]:
    """The number of each argument, and its name: x first, then the inputs beside it."""
    return enumerate((("x", None, ""), *_inputs(op)))


def _named(op: Operation, i: int) -> tuple[int | None, str]:
    """The number, from 1, and the name of a step of a composition; nothing of a single operation."""
    return (i + 1, op.steps[i].name) if len(op.steps) > 1 else (None, "")


def other_operations(asked: Asked) -> Guesses:
    for mistake, other in beside(asked.op):
        yield mistake, asked.answer(op=other)
    for i, (name, step, where) in enumerate(_inputs(asked.op), start=1):
        if name == "bias":
            yield from _other_biases(asked, i, step, where)
    if asked.output == 0:
        yield Diagnosis("x returned unchanged"), asked.args[0]


def _other_biases(asked: Asked, i: int, step: int | None, where: str) -> Guesses:
    """No bias, the bias moved, and that of a single operation along another axis which is as long. Its number, that of its step, the step's
    name."""
    bias, g = asked.args[i], asked.g
    nothing = np.full(bias.shape, -1)
    without = asked.through(i, Move("ignored", "", nothing.shape, nothing))
    yield Diagnosis("bias ignored", "bias", step=step, where=where), without
    if asked.output == 0 and without is not None and len(asked.op.steps) == 1:
        yield Diagnosis("bias added twice", "bias"), 2 * asked.right - without
    for move in moves(bias.shape, asked.axes(i), asked.groups):
        yield Diagnosis(f"bias {move.words}", "bias", move.value, step, where), asked.through(i, move)
    for axis, name in enumerate(names(asked.op.layout, g.ndim)):
        if len(asked.op.steps) == 1 and axis != 1 and g.shape[axis] == bias.size > 1 and without is not None:
            on, value = ("one spatial axis", f"axis {axis - 2}") if axis > 1 else (f"the {name}", "")
            values = without
            if asked.output == 0:
                values = without + bias.reshape(-1, *(1,) * (g.ndim - axis - 1))
            elif asked.output == i + 1:
                values = g.sum(tuple(other for other in range(g.ndim) if other != axis)).reshape(bias.shape)
            yield Diagnosis(f"bias added along {on}", "bias", value, step, where), values


def fitted_operations(asked: Asked) -> Guesses:
    """Another operation whose result is longer or shorter, cut or filled with zeros at its end: as many windows as there should be."""
    for mistake, other in beside(asked.op):
        values = None
        with suppress(Impossible, ValueError, IndexError):
            shape = other.shape(*(a.shape for a in asked.args))
            if shape[:2] == asked.g.shape[:2] and shape != asked.g.shape and len(shape) == asked.g.ndim:
                ends = tuple((0, n - m) for n, m in zip(asked.g.shape[2:], shape[2:], strict=True))
                if asked.output == 0:
                    values = fit(other(*asked.args), ends)
                else:
                    values = other.vjp(*asked.args, fit(asked.g, negated(ends)))[asked.output - 1]
        yield structs.replace(mistake, hypothesis=f"{mistake.hypothesis}, length kept"), values


def wrong_offsets(asked: Asked) -> Guesses:
    """Of large arrays: offsets that do not fit into 15 or 16 bits, in an argument or in the output."""
    name = "gradient" if asked.output else "result"
    for move in offsets(asked.right.shape):
        yield Diagnosis(f"{name} {move.words}"), move(asked.right)
    for i, (argument, step, where) in _arguments(asked.op):
        for move in offsets(asked.args[i].shape):
            yield Diagnosis(f"{argument} {move.words}", step=step, where=where), asked.through(i, move)


def moved_arguments(asked: Asked) -> Guesses:
    """A gradient with respect to what moved is the right one moved, where all is linear: see moved_answers."""
    for i, mistake, move in asked.moves:
        if asked.output == i + 1 and asked.op.multilinear:
            continue
        yield mistake, asked.through(i, move)


def moved_answers(asked: Asked) -> Guesses:
    """In a gradient, either it was moved itself, or the result was and its gradient with it."""
    name = "gradient" if asked.output else "result"
    for move in moves(asked.right.shape, asked.output_axes, asked.groups):
        yield Diagnosis(f"{name} {move.words}", value=move.value), move(asked.right)
    for move in moves(asked.g.shape, asked.op.layout, asked.groups) if asked.output else ():
        values = asked.answer(g=move.adjoint(asked.g)) if move.places.shape == move.shape else None
        yield Diagnosis(f"result {move.words}", value=move.value), values


def rounded(asked: Asked) -> Guesses:
    """Arguments, result or both in fewer bits."""
    x, *w = asked.args
    for bits, precision in reversed(BITS.items()):
        to, value = f"rounded to {precision}", f"{bits} significant bits"
        less = [to_bits(v, bits) for v in w]
        yield Diagnosis(f"result {to}", value=value), to_bits(asked.right, bits)
        for subject, args in {"x": (to_bits(x, bits), *w), "kernel": (x, *less), "x and kernel": (to_bits(x, bits), *less)}.items():
            values = asked.answer(args=args)
            yield Diagnosis(f"{subject} {to}", value=value), values
            result = None if values is None else to_bits(values, bits)
            yield Diagnosis(f"{subject.replace(' and', ',')} and result {to}", value=value), result


def wrong_gradients(asked: Asked) -> Guesses:
    if asked.output:
        yield Diagnosis("gradient of the result passed on unchanged"), asked.g


def whole_windows(asked: Asked) -> Guesses:
    """A pool that takes all of its input wherever a window lies: one window, whose result is repeated."""
    for i, (step, x, _, y) in enumerate(asked.op.walk(asked.args[0].shape, [a.shape for a in asked.args[1:]])):
        if hasattr(step, "kernel"):
            number, where = _named(asked.op, i)
            plain: dict[str, tuple[int, ...]] = {f.name: () for f in fields(step) if "neutral" in f.metadata}
            with suppress(Impossible):
                one = replace(step, **plain | {"kernel": space(x, step.rank)}) >> Upsample(factor=space(y, step.rank))
                everywhere = Program(inner=(*asked.op.steps[:i], *one.steps, *asked.op.steps[i + 1 :]))
                yield Diagnosis("whole input used for every window", "kernel", step=number, where=where), asked.answer(op=everywhere)


def short_sums(asked: Asked) -> Guesses:
    """Convolutions that add only the first so many products of each sum, counted over the channels and then the taps."""
    for i, (name, step, where) in _arguments(asked.op):
        if name == "kernel" and isinstance(asked.op.steps[(step or 1) - 1], Conv):
            shape = asked.args[i].shape
            here, products = np.arange(size(shape)).reshape(shape), size(shape[1:])
            for most in (most for most in SUMS if most < products):
                first = Move(f"with its first {most} products", "", shape, np.where(here % products < most, here, -1))
                yield Diagnosis(f"sums of only the first {most} products", step=step, where=where), asked.through(i, first)


def wrapped_arguments(asked: Asked) -> Guesses:
    """Arguments converted to an integer dtype that does not hold them."""
    for i, (name, step, where) in _arguments(asked.op):
        for bits in (8, 16):
            a = wrapped(asked.args[i], bits)
            if (a != asked.args[i]).any():
                values = asked.answer(args=(*asked.args[:i], a, *asked.args[i + 1 :]))
                yield Diagnosis(f"{name} wrapped around in an integer", value=f"{bits} bits", step=step, where=where), values


def other_marks(x: Array, mark: str) -> Iterator[tuple[Diagnosis, Array]]:
    """What x may have been mistaken for, where several of its values are not finite, all `mark`."""
    later = ~np.isfinite(x)
    later.flat[later.argmax()] = False
    if later.any():
        yield Diagnosis(f"only the first {mark} of x kept, the others replaced by 0"), np.where(later, 0, x)
