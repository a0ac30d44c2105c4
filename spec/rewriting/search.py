"""A bounded search for programs that compute the same, and what decides whether they do: both, evaluated exactly on whole numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce

import numpy as np

import spec.rewriting.convolutions
import spec.rewriting.pools
import spec.rewriting.resampling  # noqa: F401  (all of them put their rules on the list)
from spec.operation import Array, Impossible, Operation, Shape
from spec.rewriting.cost import elements, multiply_adds
from spec.rewriting.rule import RULES, Piece, Rule, Step
from spec.rewriting.sourced import Sourced

DEPTH = 4
"""Rules one after the other."""
MOST_PROGRAMS = 150
MOST_STEPS = 2
"""How many more steps a program may have."""
DEARER = 32
"""How many times the multiply-adds."""
ENOUGH, MOST_DRAWS = 1000, 40
"""How many numbers of the result are looked at, with how many draws at most, if it is small."""
LARGEST = 1 << 53
"""Below this, float64 holds every whole number."""


@dataclass(frozen=True, eq=False)
class Form:
    """A program on an input of a shape, and the rules that led to it."""

    x: Shape
    steps: Piece
    rules: tuple[Rule, ...] = ()

    @cached_property
    def op(self) -> Operation:
        return reduce(lambda a, b: a >> b, (one.op for one in self.steps))

    @property
    def arrays(self) -> tuple[Sourced, ...]:
        """The weights, in order."""
        return tuple(array for one in self.steps for array in one.arrays)

    @property
    def w(self) -> tuple[Shape, ...]:
        """Their shapes."""
        return tuple(array.shape for array in self.arrays)

    @cached_property
    def multiply_adds(self) -> int:
        return multiply_adds(self.op, self.x, self.w)

    @cached_property
    def elements(self) -> int:
        """How many numbers are read and written."""
        return elements(self.op, self.x, self.w)

    def __call__(self, x: Array, *, magnitude: bool = False) -> tuple[Array, int]:
        """y times a whole number, and that number: the weights are whole numbers divided by some. Of magnitudes: a bound of every sum."""
        parts = 1
        for one in self.steps:
            w = [abs(a.array) if magnitude else a.array for a in one.arrays]
            parts *= one.w.parts if w else 1
            x = one.op(x, *w[:1], *(bias * parts for bias in w[1:]))
        return x, parts


def equal(first: Form, second: Form) -> bool:
    """Whether both give the same, bit for bit, on images of whole numbers, the weights being those that they have.

    Raises Impossible if a sum may be larger than float64 holds exactly.
    """
    for i, (x, y, parts) in enumerate(_answers(first)):
        other, times = second(x)
        if y.shape != other.shape or not np.array_equal(y * times, other * parts):
            return False
        if i == 0 and max(_largest(form, x) for form in (first, second)) * max(parts, times) >= LARGEST:
            raise Impossible("its sums are larger than float64 holds exactly; give fewer channels")
    return True


@lru_cache(maxsize=1)
def _answers(form: Form) -> list[tuple[Array, Array, int]]:
    """What a program gives on several draws, with x before it. Kept for the last one, which many others are held against."""
    shape = (1, *form.x[1:])
    selects, unit = any(op.selects for op in form.op.steps), form.op.unit_on(shape, *form.w)
    draws = 2 + min(MOST_DRAWS, ENOUGH // (1 + math.prod(form.op.shape(shape, *form.w))))
    drawn = (_drawn(np.random.default_rng([seed, *shape]), shape, distinct=selects) * unit for seed in range(draws))
    return [(x, *form(x)) for x in drawn]


def _drawn(rng: np.random.Generator, shape: Shape, *, distinct: bool) -> Array:
    """From −4 to 4; for a maximum no number twice, so that it is seen which pixel is the greatest."""
    return (rng.permutation(math.prod(shape)).reshape(shape) if distinct else rng.integers(-4, 5, shape)).astype(float)


def _largest(form: Form, x: Array) -> float:
    absolute = Form(form.x, tuple(Step(one.op.absolute(), one.arrays) for one in form.steps))
    return float(absolute(abs(x), magnitude=True)[0].max(initial=0))


def neighbours(form: Form) -> Iterator[Form]:
    """Every program that one rule makes of a piece of this one."""
    x = form.x
    for i, one in enumerate(form.steps):
        for rule in RULES:
            piece = form.steps[i : i + len(rule.kinds)]
            if len(piece) == len(rule.kinds) and all(isinstance(s.op, kind) for s, kind in zip(piece, rule.kinds, strict=True)):
                for instead in rule.propose(x, *piece):
                    after = form.steps[i + len(rule.kinds) :]
                    yield Form(form.x, (*form.steps[:i], *instead, *after), (*form.rules, rule))
        x = one.shape(x)


def search(start: Form) -> list[Form]:
    """Other programs, the fewest multiply-adds first, then the fewest numbers moved. None is known to be equal yet: see `equal`."""
    found: dict[str, Form] = {repr(start.op): start}
    layer: Sequence[Form] = [start]
    most = max(start.multiply_adds, start.elements) * DEARER
    for _ in range(DEPTH):
        following = []
        for form in layer:
            for one in _possible(form):
                name = repr(one.op)
                if name not in found and len(one.steps) <= len(start.steps) + MOST_STEPS and one.multiply_adds <= most:
                    found[name] = one
                    following.append(one)
        layer = following
        if len(found) > MOST_PROGRAMS:
            break
    others = list(found.values())[1:]
    return sorted(others, key=lambda form: (form.multiply_adds, form.elements, len(form.steps), len(form.rules)))


def _possible(form: Form) -> Iterator[Form]:
    shape = form.op.shape(form.x, *form.w)
    for one in neighbours(form):
        try:
            fits = one.op.shape(one.x, *one.w) == shape
        except Impossible:
            continue
        if fits:
            yield one
