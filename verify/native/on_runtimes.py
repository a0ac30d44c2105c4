"""The map of weights between two programs, run: both as native programs on every installed runtime, on the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from spec.families.maps import Family
from spec.operation import Array
from spec.theorems.theorem import Side, Theorem
from verify.grouping import standing
from verify.plan.plan import chosen
from verify.plan.prove import Drawn, Instance, Proof
from verify.record import Record, Report
from verify.run import Run

RADIUS = 4
"""Weights are drawn from −4 … 4."""
LARGEST = 1 << 24
"""The largest sum that every float32 holds."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """by_definition: whether both programs gave the same. Then runtimes: verified; cannot_say; known: those that gave other values for a
    known reason; wrong: for no known one."""

    by_definition: bool
    verified: tuple[str, ...] = ()
    cannot_say: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def fine(self) -> bool:
        return self.by_definition and not self.wrong


def checked(a: Family, b: Family, to: Callable[[Array], Array]) -> Checked:
    """Of A with random weights against B with the weights that follow; `to`: the map, exact (verify.native.weight_map)."""
    sides = instance(a, b, to)
    left, right = (side() for side in sides)
    equal = left.shape == right.shape and bool((left == right).all())
    if not equal or max(int(side(magnitude=True).max(initial=0)) for side in sides) > LARGEST:
        return Checked(by_definition=equal)
    theorem = Theorem("weight-map", "A is B with the mapped weights", "", {}, lambda **_: sides, None, False, (a.op.rank,), None, ())
    proof = Proof(theorem, equal=1, native=[Instance(theorem, {}, sides)])
    return _said(Run([], chosen(None), {"name": "families"}, prove=lambda: [proof]).go())


def instance(a: Family, b: Family, to: Callable[[Array], Array], seed: int = 0) -> tuple[Side, Side]:
    """Both programs on whole numbers, the weights of A multiplied so that those of B are whole."""
    drawn = Drawn(seed, RADIUS)
    x = drawn(2, *a.x[1:])
    w = [drawn(*shape).astype(object) for shape in a.w]
    v = to(w[0] if w else np.ones((), int))
    unit = np.lcm.reduce([1, *(Fraction(entry).denominator for entry in v.reshape(-1))])
    scaled = [np.asarray(array * unit).astype(int) for array in (*w, v)]
    return (Side(a.op, x, scaled[0]), Side(b.op, x, scaled[1])) if w else (Side(a.op, x * unit), Side(b.op, x, scaled[0]))


def _said(report: Report) -> Checked:
    found: dict[str, list[str]] = {"verified": [], "cannot_say": [], "known": [], "wrong": []}
    for name, ran in report.runtimes.items():
        records = [r for r in report.records if r.runtime == name]
        if ran.status == "ran" and records:
            found[max((_group(r) for r in records), key=list(found).index)].append(name)
    return Checked(by_definition=True, **{group: tuple(names) for group, names in found.items()})


def _group(record: Record) -> str:
    if record.verdict in ("vacuous", "not offered", "raised"):
        return "cannot_say"
    return {"agree": "verified", "known": "known", "new": "wrong"}[standing(record)]
