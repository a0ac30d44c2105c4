"""What each mistake we know would have answered: one generator for each family, of (words that finish "answers as if …", answer).

An answer is None where the mistake makes the case impossible.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from spec import Array, Impossible, Operation, Program
from spec.operation import IMAGE
from verify.execute.worker import rounded as to_bits
from verify.explain.moves import Move, moves
from verify.judge.precision import BITS
from verify.judge.reference import Reference

Guesses = Iterator[tuple[str, Array | None]]


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
    def moves(self) -> Iterator[tuple[int, str, Move]]:
        """How each argument is easily mistaken: its number, its name, the move."""
        for i, a in enumerate(self.args):
            name = "x" if i == 0 else "the kernel" if len(self.args) == 2 else f"kernel {i}"
            for move in moves(a.shape, self.axes(i), self.groups):
                yield i, name, move

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
    for family in (moved_arguments, moved_answers, rounded, wrong_gradients):
        yield from family(asked)


def beside(op: Operation) -> Iterator[tuple[str, Operation]]:
    """The neighbours of an operation; those of a program differ in one step, which the words name."""
    for i, step in enumerate(op.steps):
        where = f" (in {step.name}, step {i + 1})" if len(op.steps) > 1 else ""
        with suppress(Impossible):
            for words, other in step.neighbours():
                steps = (*op.steps[:i], other, *op.steps[i + 1 :])
                yield words + where, steps[0] if len(steps) == 1 else Program(inner=steps)


def other_operations(asked: Asked) -> Guesses:
    for words, other in beside(asked.op):
        yield words, asked.answer(op=other)
    if asked.output == 0:
        yield "it did nothing", asked.args[0]


def moved_arguments(asked: Asked) -> Guesses:
    """A gradient with respect to what moved is the right one moved, where all is linear: see moved_answers."""
    for i, name, move in asked.moves:
        if asked.output == i + 1 and asked.op.multilinear:
            continue
        yield f"{name} {move.words}", asked.through(i, move)


def moved_answers(asked: Asked) -> Guesses:
    """In a gradient, either it was moved itself, or the answer was and its gradient with it."""
    name = "the gradient" if asked.output else "the answer"
    for move in moves(asked.right.shape, asked.output_axes, asked.groups):
        yield f"{name} {move.words}", move(asked.right)
    for move in moves(asked.g.shape, asked.op.layout, asked.groups) if asked.output else ():
        yield f"the answer {move.words}", asked.answer(g=move.adjoint(asked.g)) if move.places.shape == move.shape else None


def rounded(asked: Asked) -> Guesses:
    """Arguments, answer or both in fewer bits."""
    x, *w = asked.args
    for bits, precision in reversed(BITS.items()):
        to = f"rounded to {bits} significant bits ({precision})"
        less = [to_bits(v, bits) for v in w]
        yield f"the answer were {to}", to_bits(asked.right, bits)
        for subject, args in {"x": (to_bits(x, bits), *w), "the kernel": (x, *less), "x and the kernel": (to_bits(x, bits), *less)}.items():
            values = asked.answer(args=args)
            yield f"{subject} were {to}", values
            yield f"{subject} and the answer were {to}", None if values is None else to_bits(values, bits)


def wrong_gradients(asked: Asked) -> Guesses:
    if asked.output:
        yield "the gradient of the answer were passed on as it came", asked.g
