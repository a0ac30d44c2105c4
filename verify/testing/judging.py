"""The verdict on arrays that were computed anywhere, in a few lines of text."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np
from msgspec import structs

from concordant_testing import Judge, Verdict
from spec import Array, Case, Impossible
from spec.case import DTYPES, INTEGERS
from verify.execute.result import Answer, Output
from verify.execute.worker import FORMATS, rounded
from verify.explain.diagnose import diagnose, diagnosed
from verify.explain.hypotheses import Asked as Mistaken
from verify.explain.hypotheses import further_mistakes, other_operations
from verify.explain.readings import readings
from verify.grouping import sentence
from verify.judge.judge import Judgement, judge
from verify.judge.reference import Reference
from verify.limits import MAX_WORK
from verify.plan.work import expect_affordable
from verify.record import Diagnosis
from verify.testing.program import Asked


def judged(told: Judge) -> Verdict:
    """Raises Impossible."""
    x, w = told.x.array, [one.array for one in told.w]
    asked = Asked.of(told.program, x.shape, [a.shape for a in w])
    _expect_known(told.result.dtype)
    reference = _reference(asked, told, x, w)
    case = reference.case
    if told.output not in reference.names:
        raise Impossible(f"output is {told.output!r}, but {case.op!r} has {', '.join(reference.names)}")
    output = reference.names.index(told.output)
    result = asked.left(told.result.array) if output == 0 else _gradient(asked, told, output)
    outputs = [Output(a, case.dtype) for a in reference.outputs]  # the others being right
    outputs[output] = Output(result.astype(np.float64), told.result.dtype)
    found = judge(reference, Answer(tuple(outputs)), explain=explained)[output]
    verdict = said(reference, output, found, asked.reading.native.leave if output == 0 else ())
    return verdict if verdict.agrees else structs.replace(verdict, text=verdict.text + _finer(reference))


def explained(reference: Reference, judged: Judgement, answer: Answer) -> Judgement:
    """With the mistake that gives the wrong values: exactly, or else as nearly as rounding allows."""
    found = diagnosed(reference, judged, answer)
    output, draw = reference.names.index(found.output), answer.draws[found.draw]
    if found.verdict != "differ" or found.diagnosis or output >= len(draw):
        return found
    drawn, values = reference.at(found.draw), draw[output].values
    return replace(found, diagnosis=_nearly(drawn, output, values)) if values.shape == drawn.outputs[output].shape else found


def said(reference: Reference, output: int, found: Judgement, leave: tuple[int, ...] = ()) -> Verdict:
    """A verdict as text. leave: the axes of the user's result, in spec's order."""
    matches, case = sentence(found.diagnosis) or "", reference.case
    if found.verdict in ("agree", "vacuous"):
        return Verdict(agrees=True, text=f"{_named(case, output)} agrees with {case}", verdict=found.verdict)
    lines = [f"{_named(case, output)} is wrong: {found.reason}", *([matches] if matches else [])]
    if found.difference:
        first = found.difference.first
        there = tuple(first[axis] for axis in np.argsort(leave)) if leave else first
        lines.append(f"first at {_index(there)}: expected {found.difference.expected}, got {found.difference.got}")
        if found.difference.ratio is not None and not reference.exact:
            lines.append(f"largest error: {found.difference.ratio:.3g} times the bound that rounding in any order keeps")
    lines.append(f"of {case.op!r} x={case.x}{''.join(f' w={w}' for w in case.w)} {case.dtype}")
    return Verdict(agrees=False, text="\n  ".join(lines), verdict=found.verdict, matches=matches)


def _reference(asked: Asked, told: Judge, x: Array, w: list[Array]) -> Reference:
    """What the definition says of these numbers: exactly where every partial sum is exact in the dtype, else within the derived bound."""
    arrays = [asked.entered(x), *asked.weights(w)]
    if not all(np.isfinite(a).all() for a in arrays):
        raise Impossible("x or a weight has NaN or infinity, but only finite numbers are judged; give finite ones")
    dtype = told.result.dtype
    case = asked.case(dtype, "integers")
    g = None if told.output == "y" else _cotangent(asked, told, case)
    given = (arrays[0].astype(np.float64), g, *(a.astype(np.float64) for a in arrays[1:]))
    exact = Reference(case, given=given)
    expect_affordable(case, MAX_WORK)
    if case.op.selects or _is_exact(exact):
        return exact
    if dtype in INTEGERS:
        raise Impossible(f"sums are larger than {dtype} holds exactly; give smaller numbers")
    return Reference(asked.case(dtype, "normal"), given=given)


def _finer(reference: Reference) -> str:
    """A line about numbers that the dtype of the result does not hold: a function that rounds them first computes with others."""
    dtype, (x, _, w) = reference.case.dtype, reference.drawn
    digits = FORMATS[dtype][0] if dtype in FORMATS else 31
    names = [name for name, a in (("x", x), *(("a weight", a) for a in w)) if (rounded(a, digits) != a).any()]
    return f"\n  {names[0]} holds numbers that {dtype} does not: if they were rounded first, give them as they were then" if names else ""


def _is_exact(reference: Reference) -> bool:
    """Whether all numbers are whole, and no partial sum is larger than the dtype holds exactly."""
    x, g, w = reference.drawn
    if not reference.exact or not all((a == np.rint(a)).all() for a in (x, g, *w)):
        return False
    largest = max((float(np.abs(s).max(initial=0)) for s in reference.sums), default=0)
    return largest <= 1 << FORMATS.get(reference.case.dtype, (31,))[0]


def _cotangent(asked: Asked, told: Judge, case: Case) -> Array:
    if told.g is None:
        raise Impossible(f"output is {told.output!r}, a gradient; give g, the gradient that arrives at the result, of the result's shape")
    g = asked.left(told.g.array)
    if g.shape != case.y:
        raise Impossible(f"g has the shape {told.g.array.shape}, but the result's is {asked.reading.y}")
    return g.astype(np.float64)


def _gradient(asked: Asked, told: Judge, output: int) -> Array:
    """A gradient has the layout of its argument."""
    if output == 1:
        return asked.entered(told.result.array)
    return asked.reading.native.weights[output - 2].to_spec(told.result.array)


def _nearly(reference: Reference, output: int, got: Array) -> Diagnosis | None:
    """The mistake that gives real numbers as near to these as rounding takes them; or the part that alone is wrong."""
    right, bound = reference.outputs[output], reference.bounds[output]
    mistaken = Mistaken.of(reference, output)
    name = "gradient" if output else "result"
    with np.errstate(all="ignore"):
        for mistake, values in chain(other_operations(mistaken), readings(name, right, got), further_mistakes(mistaken)):
            if values is not None and values.shape == got.shape and (np.abs(values - got) <= bound).all():
                return mistake
        found = diagnose(reference, output, np.where(np.abs(right - got) <= bound, right, got))
    return found if found and found.located else None


def _expect_known(dtype: str) -> None:
    if dtype not in DTYPES:
        raise Impossible(f"the result has dtype {dtype}, but it must be one of {', '.join(DTYPES)}")


def _named(case: Case, output: int) -> str:
    return "the result" if output == 0 else f"the gradient {case.outputs[output]}"


def _index(at: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, at))}]"
