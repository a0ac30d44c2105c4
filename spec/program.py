"""Composition: `A >> B` is first A, then B. Each weighted step takes its weights in turn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

from spec.operation import Array, Domain, Effort, Impossible, Input, Operation, Shape


@dataclass(frozen=True, kw_only=True, repr=False)
class Program(Operation):
    """Two or more operations, one after the other, each on images of the rank that the one before it gives."""

    inner: tuple[Operation, ...]

    def __post_init__(self) -> None:
        if not self.inner:
            raise Impossible("Program: inner is (), but it needs at least one operation")
        for op, after in pairwise(self.inner):
            if op.out_rank != after.rank:
                ranks = sorted({op.out_rank, after.rank})
                axes = f"{op.name} gives {op.out_rank}, but {after.name} takes {after.rank}"
                raise Impossible(f"{self!r}: the steps have {ranks} spatial axes: {axes}")

    def inputs(self) -> tuple[Input, ...]:
        """Those of each step in turn; a shape follows from the step's own x."""
        return tuple(one for op in self.inner for one in op.inputs())

    def domains(self, x: Shape, *w: Shape) -> tuple[Domain | None, ...]:
        return tuple(domain for op, x, own, _ in self.walk(x, w) for domain in op.domains(x, *own))

    def smaller(self, x: Shape) -> Iterator[tuple[Operation, Shape]]:
        """None of the whole: the minimiser takes its steps apart (verify.explain.minimize)."""
        return iter(())

    @property
    def selects(self) -> bool:
        return all(op.selects for op in self.inner)

    @property
    def multilinear(self) -> bool:
        return all(op.multilinear for op in self.inner)

    @property
    def degree(self) -> int:
        return 1 + sum(op.degree - 1 for op in self.inner)

    @property
    def roundings(self) -> int:
        return sum(op.roundings for op in self.inner) + (len(self.inner) - 1) * any(op.roundings for op in self.inner)

    def unit_on(self, x: Shape, *w: Shape) -> int:
        return math.prod(op.unit_on(x, *own) for op, x, own, _ in self.walk(x, w))

    def exact_on(self, x: Shape, *w: Shape) -> bool:
        return all(op.exact_on(x, *own) for op, x, own, _ in self.walk(x, w))

    def absolute(self) -> Operation:
        return Program(inner=tuple(op.absolute() for op in self.inner))

    def wavering(self, digits: int) -> Iterator[Operation]:
        """One step after the other; errors of two at once are negligible beside it."""
        steps = self.absolute().steps
        for i, op in enumerate(self.inner):
            for wavers in op.wavering(digits):
                yield Program(inner=(*steps[:i], wavers, *steps[i + 1 :]))

    @property
    def rank(self) -> int:
        return self.inner[0].rank

    @property
    def out_rank(self) -> int:
        return self.inner[-1].out_rank

    @property
    def layout(self) -> tuple[str, ...]:
        return self.inner[-1].layout

    @property
    def steps(self) -> tuple[Operation, ...]:
        return self.inner

    def effort(self, x: Shape, *w: Shape) -> Effort:
        """Of all steps together."""
        return Effort(*map(sum, zip(*(op.effort(x, *own) for op, x, own, _ in self.walk(x, w)), strict=True)))

    def shape(self, x: Shape, *w: Shape) -> Shape:
        return reduce(lambda x, step: step[0].shape(x, *step[1]), self.dealt(w), x)

    def __call__(self, x: Array, *w: Array) -> Array:
        return reduce(lambda x, step: step[0](x, *step[1]), self.dealt(w), x)

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        return self._backwards(lambda op: op.vjp, x, *w_and_g)

    def undefined(self, x: Array, *w_and_u: Array) -> tuple[Array, ...]:
        return self._backwards(lambda op: op.undefined, x, *w_and_u)

    def _backwards(self, rule: Callable[[Operation], Callable[..., tuple[Array, ...]]], x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        """The chain rule: each step's rule, the last step first, on what that step took and on what the step after it gave."""
        *w, g = w_and_g
        trail = []
        for op, own in self.dealt(w):
            trail.append((op, x, own))
            x = op(x, *own)
        further: tuple[Array, ...] = ()
        for op, x, own in reversed(trail):
            g, *dw = rule(op)(x, *own, g)
            further = (*dw, *further)
        return (g, *further)

    def terms(self, x: Shape, *w: Shape) -> int:
        """An upper bound: the product of the steps' own."""
        return math.prod(op.terms(x, *own) for op, x, own, _ in self.walk(x, w))

    def __repr__(self) -> str:
        return " >> ".join(map(repr, self.inner))
