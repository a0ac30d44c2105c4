"""Which mistake a wrong answer comes from: the one that gives it exactly.

Mistakes are other operations (spec, `Operation.hypotheses`), the same operation on arrays that were moved or rounded, and the right
answer corrupted, everywhere or in one part. A diagnosis is exact on every value of the output, or it is not made; where nothing is exact,
another operation must give every value within its own rounding bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, tee

import numpy as np
from msgspec import structs

from spec import Array, Impossible, Operation
from verify.execute.result import Answer
from verify.execute.worker import FORMATS, rounded
from verify.explain.hypotheses import Asked, Guesses, beside, further_mistakes, other_marks, other_operations, wrong_offsets
from verify.explain.moves import names
from verify.explain.part import Part
from verify.explain.readings import last_readings, readings, same
from verify.judge.judge import Judgement, judge
from verify.judge.reference import Reference
from verify.record import Diagnosis

LARGEST = 1 << 16
"""Elements of an array up to which all families are tried; above, only other operations, wrong offsets and what is read off the answer."""

FEW = 128
"""Numbers of an output that two mistakes often both explain."""


@np.errstate(invalid="ignore")
def diagnosed(reference: Reference, judged: Judgement, result: Answer) -> Judgement:
    """With the mistake that gives exactly this wrong output, if there is one."""
    output, data = reference.names.index(judged.output), reference.case.drawing
    if judged.verdict != "differ" or judged.diagnosis or reference.case.check != "values" or output >= len(result.draws[judged.draw]):
        return judged
    if data.marked:
        return replace(judged, diagnosis=mistaken_marks(reference, output, result))
    if not data.shows_meaning:
        return judged
    values = result.draws[judged.draw][output].values
    if values.dtype.kind not in "biuf":
        return judged
    drawn = reference.at(judged.draw)
    got = values.astype(np.float64)
    if got.shape == drawn.compared[output].shape:
        got = np.where(drawn.compared[output], got, drawn.outputs[output])
    if not reference.exact:
        return replace(judged, diagnosis=resembled(drawn, output, got))
    found = diagnose(drawn, output, got)
    if not found or found.located:
        found = resembled(drawn, output, got) or found
    return replace(judged, diagnosis=found, equals=equals(drawn, output, got) if found and not found.located else ())


def mistaken_marks(reference: Reference, output: int, result: Answer) -> Diagnosis | None:
    """What x was mistaken for, if this result is right for that: data with NaN or infinity, which are judged by where they show."""
    x, g, w = reference.drawn
    for mistake, other in other_marks(x, reference.case.drawing.marked):
        asked = Reference(reference.case, given=(other, g if reference.differentiated else None, *w))
        if judge(asked, result, names=reference.names)[output].verdict == "agree":
            return mistake
    return None


@np.errstate(all="ignore")
def diagnose(reference: Reference, output: int, got: Array) -> Diagnosis | None:
    """The mistake that gives these values, or None if no mistake we know does. Empty arrays say nothing."""
    right, dtype = reference.outputs[output], reference.case.dtype
    if not right.size or not got.size or same(right, got):
        return None
    asked = Asked.of(reference, output)
    name = "gradient" if output else "result"
    likely, corrupted = other_operations(asked), readings(name, right, got)
    large = max(a.size for a in (right, asked.g, *asked.args)) > LARGEST
    guesses, again = tee(_made(chain(likely, corrupted, (wrong_offsets if large else further_mistakes)(asked)), dtype))
    if found := _first(got, guesses):
        return found
    known = [(mistake, values) for mistake, values in again if values.shape == right.shape]
    for part in Part.wrong(right, got):
        where = part.where(names(asked.output_axes, right.ndim))
        inside = _made(readings(name, part(right), part(got)), dtype)
        if found := _first(part(got), inside, ((mistake, part(values)) for mistake, values in known)):
            return structs.replace(found, part=where, located=True)
        if part.small and not (part(right) == part(got)).any():
            return Diagnosis(f"only {where} wrong", located=True)
    return _first(got, last_readings(name, right, got))


@np.errstate(all="ignore")
def resembled(reference: Reference, output: int, got: Array) -> Diagnosis | None:
    """Return the first other operation that gives this result within its rounding bound. Return None if only the dtype is wrong.

    If the case's own operation is exact, only operations that round are tried, such as coordinates in sevenths. `diagnose` compares the
    exact ones bit for bit.
    """
    x, g, w = reference.drawn
    if _within(reference, output, got):
        return None
    for mistake, other in beside(reference.case.op):
        with suppress(Impossible, ValueError, ZeroDivisionError):
            asked = Reference(replace(reference.case, op=other), given=(x, g, *w))
            exactly = reference.exact and asked.exact and not asked.inexact
            if not exactly and _within(asked, output, got):
                return mistake
    return None


def _within(reference: Reference, output: int, got: Array) -> bool:
    """Whether the result has the reference's shape, and all values are as near as rounding allows."""
    right = reference.outputs[output]
    return got.shape == right.shape and bool((np.abs(got - right - reference.remainders[output]) <= reference.bounds[output]).all())


@np.errstate(all="ignore")
def equals(reference: Reference, output: int, got: Array) -> tuple[Diagnosis, ...]:
    """Every mistake that gives exactly this result: small cases often cannot tell two of them apart. Of more than `FEW` numbers, only other
    operations."""
    asked = Asked.of(reference, output)
    families = [other_operations(asked)]
    if asked.right.size <= FEW and max(a.size for a in asked.args) <= LARGEST:
        families += [readings("gradient" if output else "result", asked.right, got), further_mistakes(asked)]
    guesses = _made(chain(*families), reference.case.dtype)
    return tuple(dict.fromkeys(mistake for mistake, values in guesses if got.size and same(values, got)))


def remedies(op: Operation, mistake: Diagnosis) -> Iterator[Operation]:
    """What to ask instead, so that a framework that makes this mistake answers `op`. Whoever takes one must try it."""
    yield from {other: None for _, other in beside(op) if any(one == mistake and back == op for one, back in beside(other))}


def _first(got: Array, *families: Iterable[tuple[Diagnosis, Array]]) -> Diagnosis | None:
    return next((mistake for mistake, values in chain(*families) if same(values, got)), None)


def _made(guesses: Guesses, dtype: str) -> Iterator[tuple[Diagnosis, Array]]:
    digits = FORMATS[dtype][0] if dtype in FORMATS else 53
    return ((mistake, rounded(values.astype(np.float64), digits)) for mistake, values in guesses if values is not None)
