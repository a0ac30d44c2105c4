"""Theorems tried out: on the definition over all their sizes, then, for a few, side by side as native programs.

The definition decides `holds`, `holds if …`, `false` or `failing`; a counterexample is the first that fails among all sizes, smallest
sum first. What the frameworks run includes it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import product
from typing import Any, Literal

import msgspec
import numpy as np
from covertable import make

import spec.theorems.claims
import spec.theorems.composition
import spec.theorems.convolutions
import spec.theorems.fast
import spec.theorems.pixels
import spec.theorems.pooling
import spec.theorems.resampling
import spec.theorems.sizes
import spec.theorems.stride
import spec.theorems.unpooling
import spec.theorems.upsampling  # noqa: F401  (all of them put their statements on the list)
from spec import Array, Case, Impossible
from spec.theorems.theorem import THEOREMS as THEOREMS
from spec.theorems.theorem import Side, Theorem
from verify.cache import remembered
from verify.execute.worker import draw
from verify.judge.reference import Reference

RADIUS = 9
"""Numbers are drawn from −9 … 9: small enough for every sum of every statement, checked in `_exact`."""

TheoremVerdict = Literal["holds", "holds if", "false", "failing"]
Sizes = dict[str, Any]


class Drawn:
    """Fresh whole numbers for one instance (spec.theorems.theorem.Draw)."""

    def __init__(self, seed: int, radius: int = RADIUS) -> None:
        self.seed, self.radius, self.stream = seed, radius, 0

    def __call__(self, *shape: int) -> Array:
        self.stream += 1
        return draw(self.seed, self.stream, shape, self.radius).astype(np.int64)

    def distinct(self, *shape: int) -> Array:
        """0, 1, 2, … in some order."""
        self.stream += 1
        return draw(self.seed, self.stream, (int(np.prod(shape)),), 1 << 40).argsort().argsort().reshape(shape)


@dataclass(frozen=True)
class Instance:
    """A theorem at certain sizes, with the numbers drawn for it."""

    theorem: Theorem
    sizes: Sizes
    sides: tuple[Side | Array, ...]
    seed: int = 0
    radius: int = RADIUS

    @classmethod
    def drawn(cls, theorem: Theorem, sizes: Sizes, seed: int, radius: int) -> Instance:
        """Raises Impossible where a side is."""
        return cls(theorem, sizes, theorem.sides(Drawn(seed, radius), **sizes), seed, radius)

    @cached_property
    def values(self) -> tuple[Array, ...]:
        """Both sides, evaluated by definition."""
        return tuple(side() if isinstance(side, Side) else side for side in self.sides)

    @property
    def equal(self) -> bool:
        left, right = self.values
        return left.shape == right.shape and bool((left == right).all())

    @property
    def text(self) -> str:
        """`name n=(5,) k=(3,)`."""
        return " ".join([self.theorem.name, *(f"{name}={value!r}" for name, value in self.sizes.items())])

    def natives(self) -> Iterator[Side]:
        """The sides that a framework computes."""
        return (side for side in self.sides if isinstance(side, Side))


@dataclass
class Proof:
    """A theorem with what came of it on the definition, and the cases to ask of frameworks."""

    theorem: Theorem
    equal: int = 0
    unequal: int = 0
    vacuous: int = 0
    outside: int = 0
    """Cases outside the condition; `outside_unequal` of them fail."""
    outside_unequal: int = 0
    counterexample: Instance | None = None
    native: list[Instance] = field(default_factory=list)

    @property
    def verdict(self) -> TheoremVerdict:
        if self.theorem.refuted:
            return "false" if self.counterexample else "failing"
        if self.unequal or not self.equal:
            return "failing"
        if self.theorem.when is None:
            return "holds"
        return "holds if" if self.counterexample else "failing"

    @property
    def reason(self) -> str:
        """Why it is broken; empty if it is not."""
        if self.verdict != "failing":
            return ""
        if self.theorem.refuted:
            return "no counterexample was found, so it is not refuted"
        if self.unequal:
            return f"{self.unequal} of {self.equal + self.unequal} cases fail"
        if not self.equal:
            return "every instance is vacuous"
        return "its condition excludes nothing that fails"


SAMPLED = 3
"""Of a sample: how many instances of a theorem are run natively."""


def prove(theorem: Theorem, strength: int = 3, most: int | None = None) -> Proof:
    """Try a theorem on the definition, over sizes that hold every combination of `strength` values, and choose what to run natively: at
    most so many instances, from one end of its sizes to the other, and the counterexample."""
    proof = Proof(theorem)
    for i, sizes in enumerate(_covering(theorem, strength)):
        instance = _instance(theorem, sizes, i)
        if instance is None:
            proof.vacuous += 1
        elif theorem.applies(sizes):
            proof.equal += instance.equal
            proof.unequal += not instance.equal
        else:
            proof.outside += 1
            proof.outside_unequal += not instance.equal
    if theorem.refuted or theorem.when or proof.unequal:
        proof.counterexample = _smallest_counterexample(theorem)
    chosen = (_instance(theorem, sizes, i) for i, sizes in enumerate(_covering(theorem, strength=1)))
    native = [instance for instance in chosen if instance and (theorem.refuted or theorem.applies(instance.sizes))]
    proof.native = native if most is None else native[:: max(1, -(-len(native) // most))]
    if proof.counterexample and proof.counterexample.text not in {instance.text for instance in proof.native}:
        proof.native.append(proof.counterexample)
    return proof


def prove_all(names: Iterable[str] = (), *, claims_only: bool = False, sample: bool = False) -> list[Proof]:
    """The theorems named (all if none), or a sample of their sizes: every pair of values, and few instances to run natively. Raises
    Impossible for an unknown name."""
    names = list(names)
    for name in names:
        if name not in THEOREMS:
            near = difflib.get_close_matches(name.lower(), THEOREMS, 3)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "`concordant theorems` without a name prints them all"
            raise Impossible(f"there is no theorem {name!r}; {hint}")
    chosen = [THEOREMS[name] for name in names or THEOREMS]
    if claims_only:
        wanted = {name for t in chosen if t.claim for name in (t.name, *t.see)}
        chosen = [t for t in chosen if t.name in wanted]
    how = (2, SAMPLED) if sample else (3, None)
    return [remembered(partial(prove, t, *how), Found, "proof", t.name, how, put=_found, got=partial(_again, t)) for t in chosen]


class Drawing(msgspec.Struct, frozen=True):
    """What an instance is drawn from."""

    sizes: dict[str, str | tuple[int, ...]]
    seed: int
    radius: int


class Found(msgspec.Struct, frozen=True):
    """A proof without its arrays, which are drawn again."""

    counts: tuple[int, int, int, int, int]
    counterexample: Drawing | None
    native: list[Drawing]


def _found(proof: Proof) -> Found:
    counts = proof.equal, proof.unequal, proof.vacuous, proof.outside, proof.outside_unequal
    return Found(counts, _drawing(proof.counterexample) if proof.counterexample else None, [_drawing(one) for one in proof.native])


def _drawing(instance: Instance) -> Drawing:
    return Drawing(instance.sizes, instance.seed, instance.radius)


def _again(theorem: Theorem, found: Found) -> Proof:
    native = [_instance_of(theorem, one) for one in found.native]
    return Proof(theorem, *found.counts, _instance_of(theorem, found.counterexample) if found.counterexample else None, native)


def _instance_of(theorem: Theorem, drawing: Drawing) -> Instance:
    return Instance.drawn(theorem, drawing.sizes, drawing.seed, drawing.radius)


def asked(side: Side) -> Reference:
    """What a runtime is run for one side: its program on its numbers."""
    case = Case(op=side.op, x=side.x.shape, w=tuple(v.shape for v in side.w))
    return Reference(case, given=(side.x, side.g, *side.w))


def _instance(theorem: Theorem, sizes: Sizes, seed: int, radius: int = RADIUS) -> Instance | None:
    """None where a side is impossible."""
    try:
        instance = Instance.drawn(theorem, sizes, seed, radius)
        _ = instance.values
    except Impossible:
        return None
    _exact(theorem, instance.sides)
    return instance


def _exact(theorem: Theorem, sides: Iterable[Side | Array]) -> None:
    largest = max((side(magnitude=True).max(initial=0) for side in sides if isinstance(side, Side)), default=0)
    if largest > 1 << 24:
        raise ValueError(f"{theorem.name}: sums reach {largest}, which float32 cannot hold; try smaller sizes")


def _covering(theorem: Theorem, strength: int) -> Iterator[Sizes]:
    """Sizes that hold every combination of `strength` values, in each rank."""
    indices = {name: list(range(len(values))) for name, values in theorem.sizes.items()}
    for rank in theorem.ranks:
        for chosen in make(indices, strength=min(strength, len(indices))):
            yield {name: _spread(theorem.sizes[name], chosen[name], rank) for name in indices}


def _spread(values: list[Any], i: int, rank: int) -> Any:
    """A string as it is; a number with its next neighbours on the list, one for each axis."""
    return values[i] if isinstance(values[i], str) else tuple(values[(i + axis) % len(values)] for axis in range(rank))


def _smallest_counterexample(theorem: Theorem) -> Instance | None:
    rows = [dict(zip(theorem.sizes, chosen, strict=True)) for chosen in product(*theorem.sizes.values())]
    rows.sort(key=lambda row: sum(abs(v) for v in row.values() if isinstance(v, int)))
    for row in rows:
        sizes = {name: v if isinstance(v, str) else (v,) * theorem.ranks[0] for name, v in row.items()}
        if theorem.refuted or theorem.when is None or not theorem.applies(sizes):
            instance = _instance(theorem, sizes, 0, radius=3)
            if instance and not instance.equal:
                return instance
    return None
