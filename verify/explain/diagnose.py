"""Which mistake a wrong answer comes from: the one that gives it exactly.

Mistakes are other operations (spec, `Operation.neighbours`), the same operation on arrays that were moved or rounded, and the right
answer corrupted, everywhere or in one part. A diagnosis is exact on every value of the output, or it is not made; where nothing is exact,
another operation must give every value within its own rounding bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, tee

import numpy as np

from spec import Array, Impossible, Operation
from verify.execute.result import Answer
from verify.execute.worker import FORMATS, rounded
from verify.explain.hypotheses import Asked, Guesses, beside, further_mistakes, other_operations
from verify.explain.moves import names
from verify.explain.part import Part
from verify.explain.readings import last_readings, readings, same
from verify.judge.judge import Judgement
from verify.judge.reference import Reference

LARGEST = 1 << 16
"""Elements of an array up to which all families are tried; above, only other operations and what is read off the answer."""


@np.errstate(invalid="ignore")
def diagnosed(reference: Reference, judged: Judgement, result: Answer) -> Judgement:
    """With the words of a hypothesis that gives exactly this wrong output, if there is one."""
    output = reference.names.index(judged.output)
    meaning = reference.case.drawing.shows_meaning and reference.case.check == "values"
    if judged.verdict != "differ" or judged.diagnosis or not meaning or output >= len(result.draws[judged.draw]):
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
    words = diagnose(drawn, output, got)
    return replace(judged, diagnosis=words, equals=equals(drawn, output, got) if words else ())


@np.errstate(all="ignore")
def diagnose(reference: Reference, output: int, got: Array) -> str:
    """Words that finish "answers as if …", or nothing if no mistake we know explains the answer. Empty arrays say nothing."""
    right, dtype = reference.outputs[output], reference.case.dtype
    if not right.size or not got.size or same(right, got):
        return ""
    asked = Asked.of(reference, output)
    name = "the gradient" if output else "the answer"
    likely, corrupted = other_operations(asked), readings(name, right, got)
    if max(a.size for a in (right, asked.g, *asked.args)) > LARGEST:
        return _first(got, _made(likely, dtype), _made(corrupted, dtype), last_readings(name, right, got))
    guesses, again = tee(_made(chain(likely, corrupted, further_mistakes(asked)), dtype))
    words = _first(got, guesses)
    if words:
        return words
    known = [(words, values) for words, values in again if values.shape == right.shape]
    for part in Part.wrong(right, got):
        where = part.where(names(asked.output_axes, right.ndim))
        inside = _made(readings(name, part(right), part(got)), dtype)
        words = _first(part(got), inside, ((words, part(values)) for words, values in known))
        if words:
            return f"{words}, but only at {where}"
        if part.small and not (part(right) == part(got)).any():
            return f"all were right but {where}"
    return _first(got, last_readings(name, right, got))


@np.errstate(all="ignore")
def resembled(reference: Reference, output: int, got: Array) -> str:
    """Words for the first other operation whose answer, as far as rounding may take it, is the one given."""
    x, g, w = reference.drawn
    for words, other in beside(reference.case.op):
        with suppress(Impossible, ValueError, ZeroDivisionError):
            asked = Reference(replace(reference.case, op=other), given=(x, g, *w))
            off = np.abs(got - asked.outputs[output] - asked.remainders[output])
            if asked.outputs[output].shape == got.shape and bool((off <= asked.bounds[output]).all()):
                return words
    return ""


@np.errstate(all="ignore")
def equals(reference: Reference, output: int, got: Array) -> tuple[str, ...]:
    """The words of every other operation that gives exactly this answer: small cases often cannot tell two of them apart."""
    guesses = _made(other_operations(Asked.of(reference, output)), reference.case.dtype)
    return tuple(dict.fromkeys(words for words, values in guesses if got.size and same(values, got)))


def remedies(op: Operation, words: str) -> Iterator[Operation]:
    """What to ask instead, so that a framework that makes this mistake answers `op`. Whoever takes one must try it."""
    yield from {other: None for _, other in beside(op) if any(said == words and back == op for said, back in beside(other))}


def _first(got: Array, *families: Iterable[tuple[str, Array]]) -> str:
    return next((words for words, values in chain(*families) if same(values, got)), "")


def _made(guesses: Guesses, dtype: str) -> Iterator[tuple[str, Array]]:
    digits = FORMATS[dtype][0] if dtype in FORMATS else 53
    return ((words, rounded(values.astype(np.float64), digits)) for words, values in guesses if values is not None)
