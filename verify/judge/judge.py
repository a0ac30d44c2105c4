"""The one place where a result meets the definition: every verdict on an output is given by `judge`.

What was not run is `unsupported` or `refused`; what stopped is `refused`, `crashed` or `timeout`. Of what came back,
dtype comes first, then shape, then values; NaN equals nothing. Meaning is decided on whole numbers, bit for bit: an answer that is not
exact but within the rounding bound is `imprecise`, never `differ`; it agrees where coefficients are fractions, which may be rounded. Of
right values a zero may have the wrong sign, `zero sign`, where IEEE 754 promises it.
Rounding is decided on real numbers: within the derived bound an answer agrees; beyond it, it is `imprecise` if another precision explains
it (verify.judge.precision), else `differ`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spec import Array
from verify.execute.result import Answer, Inferred, Output
from verify.execute.worker import FORMATS
from verify.judge.picture import drawn
from verify.judge.precision import biased, explained
from verify.judge.reference import Reference
from verify.record import FATAL, WRONG, Diagnosis, Difference, Rounding, Verdict

WORST_FIRST: tuple[Verdict, ...] = (*WRONG, "agree", "vacuous")
"""Of several draws; `vacuous` is said only of an output of which no draw claims anything."""
UNSTEADY = "a second run on the same data gave another result"
ZERO_TIMES_NAN = Diagnosis("pixels outside the window multiplied by zero", value="0 · NaN is NaN")
NOT_NEAREST = Diagnosis("numbers not rounded to nearest")
REPLACED = Diagnosis("NaN or infinity replaced by a number before the multiplication")
NAN_FOR_INFINITY = Diagnosis("NaN where a sum is too large")
CUT_OFF = Diagnosis("cut off at the largest number where a sum is too large")
TRANSFORMED = Diagnosis("whole numbers made inexact by a transform, such as Winograd's or an FFT")


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one output."""

    output: str
    verdict: Verdict
    reason: str = ""
    difference: Difference | None = None
    diagnosis: Diagnosis | None = None
    """None if no hypothesis explains it, or nothing was looked for."""
    equals: tuple[Diagnosis, ...] = ()
    """Every other operation that explains it."""
    rounding: Rounding | None = None
    draw: int = 0
    """Which of the draws shows it."""


Explain = Callable[[Reference, Judgement, Answer], Judgement]
"""Adds a diagnosis to a verdict."""


def judge(
    reference: Reference, result: Answer, in_batch: Sequence[Judgement] = (), *, names: tuple[str, ...] = (), batch_flags: bool = False,
    explain: Explain | None = None,
) -> list[Judgement]:  # fmt: skip
    """One verdict for every output of the case, or for those named.

    in_batch: the verdicts on the result in a batch, if this is the result individually. An output that was wrong there and agrees now is
    `nondeterministic`, unless batches run under flags of their own (`batch_flags`).
    explain: looks for a mistake that gives the wrong values (verify.explain.diagnose.diagnosed).
    """
    judged = _verdicts(reference, result, names or reference.names)
    if explain:
        judged = [explain(reference, j, result) for j in judged]
    if in_batch and not batch_flags:
        judged = [_steady(before, now) for before, now in zip(in_batch, judged, strict=True)]
    return judged


def doubtful(judged: Sequence[Judgement], *, batch_flags: bool) -> bool:
    """Whether these verdicts on a result in a batch are not reported before the case was run again individually, in a new worker process
    with the environment users have. A death counts where batches run under flags of their own."""
    return any(j.verdict in WRONG or (batch_flags and j.verdict in FATAL) for j in judged)


def _steady(before: Judgement, now: Judgement) -> Judgement:
    if now.verdict != "agree" or before.verdict not in WRONG:
        return now
    return Judgement(before.output, "nondeterministic", f"{before.verdict} at first, right when run again in a new process")


def _verdicts(reference: Reference, answer: Answer, names: tuple[str, ...]) -> list[Judgement]:
    """The first that applies of unsupported, crashed, timeout, refused, differ, changed argument, nondeterministic, imprecise, zero sign,
    agree; over all draws the worst. Of what a second run answers otherwise no value is reported, so that the same run gives the same
    verdicts. Where an argument was changed, the second run was not on the same data, and says nothing."""
    if answer.digests:
        return _by_digests(reference, answer, names)
    draws = [outputs[: len(names)] for outputs in answer.draws]
    if answer.changed:
        draws = [tuple(replace(output, repeats=True) for output in outputs) for outputs in draws]
    verdicts = []
    for i, name in enumerate(names[: len(draws[0])]):
        judged = [replace(_judged(name, i, reference.at(d), given[i]), draw=d) for d, given in enumerate(draws) if i < len(given)]
        verdicts.append(min(judged, key=lambda j: WORST_FIRST.index(j.verdict)))
    if len(answer.outputs) > len(names):
        verdicts[-1] = _other_number(names[-1], len(answer.outputs), names)
    for name in names[len(verdicts) :]:
        stopped = answer.stopped or "differ"
        verdicts.append(Judgement(name, stopped, answer.reason or "no array came back for this output"))
    if answer.stopped is None and (short := reference.draws - len(draws)) > 0:
        verdicts = [Judgement(v.output, "differ", f"{short} of {reference.draws} draws were not answered") for v in verdicts]
    elif answer.stopped and len(verdicts) == len(answer.outputs) and (answer.more or reference.case.check == "shape"):
        verdicts[-1] = Judgement(names[-1], answer.stopped, answer.reason)
    if reference.case.check == "shape" and verdicts[0].verdict == "agree":
        return [_inferred(reference, answer.inferred)]
    return _with_changes(verdicts, answer.changed)


def _other_number(name: str, came: int, names: tuple[str, ...]) -> Judgement:
    return Judgement(name, "differ", f"{came} arrays came back where {len(names)} were expected")


def _by_digests(reference: Reference, answer: Answer, names: tuple[str, ...]) -> list[Judgement]:
    """What differs is run again individually; its values are sent then, and the verdict says more."""
    if len(answer.digests) != len(names):
        return [_other_number(name, len(answer.digests), names) for name in names]
    q, shapes, verdicts = reference.case, reference.case.shapes, []
    for name, right, got in zip(names, reference.digests, answer.digests, strict=False):
        agrees = (got.dtype, got.shape, got.digest) == (q.dtype, shapes[name], right)
        judged = Judgement(name, "agree") if agrees else Judgement(name, "differ", "values are wrong")
        verdicts.append(judged if got.repeats or answer.changed else _unsteady(judged))
    return _with_changes(verdicts, answer.changed)


def _with_changes(verdicts: list[Judgement], changed: tuple[str, ...]) -> list[Judgement]:
    """A changed x or weight is held against y, a changed g against the first gradient, whatever their values; unless they were not
    given."""
    found = list(verdicts)
    for at, names in ((0, [name for name in changed if name != "g"]), (1, [name for name in changed if name == "g"])):
        at = min(at, len(found) - 1)
        if not names or found[at].verdict not in WORST_FIRST:
            continue
        words = f"argument{'s' * (len(names) > 1)} {' and '.join(names)} {'were' if len(names) > 1 else 'was'} changed"
        if found[at].verdict in ("differ", "changed argument"):
            found[at] = replace(found[at], reason=f"{found[at].reason}; {words}")
        else:
            found[at] = Judgement(found[at].output, "changed argument", words)
    return found


def _judged(name: str, i: int, reference: Reference, got: Output) -> Judgement:
    expected, q = reference.outputs[i], reference.case
    if got.dtype != q.dtype or got.values.dtype.kind == "c":
        return Judgement(name, "differ", f"dtype {got.dtype} instead of {q.dtype}")
    if got.values.shape != expected.shape:
        return Judgement(name, "differ", f"shape {got.values.shape} instead of {expected.shape}")
    if q.check == "shape":
        return Judgement(name, "agree")
    defined = reference.defined[i]
    if defined.size and not defined.any():
        return Judgement(name, "vacuous", "the gradient is not defined at any of these numbers, so nothing is claimed")
    values = got.values
    if reference.exact and not q.drawing.marked:
        verdict = _exact(name, i, reference, values)
    else:
        with np.errstate(invalid="ignore"):
            values = values.astype(np.float64)
        verdict = (_located if q.drawing.marked else _rounded)(name, i, reference, values)
    if i == 0 and verdict.verdict == "agree":
        verdict = _zeros(reference, values) or verdict
    return verdict if got.repeats else _unsteady(verdict)


def _unsteady(judged: Judgement) -> Judgement:
    """The verdict where a second run on the same data gave other values."""
    wrong = judged.verdict == "differ"
    return Judgement(judged.output, "differ" if wrong else "nondeterministic", f"values are wrong, and {UNSTEADY}" if wrong else UNSTEADY)


def _exact(name: str, i: int, reference: Reference, values: Array) -> Judgement:
    wrong = ~(values == reference.outputs[i]) & reference.compared[i]
    if not wrong.any():
        return Judgement(name, "agree")
    ratio = _ratio(np.where(wrong, np.abs(values - reference.outputs[i]), 0), reference.bounds[i])
    if reference.inexact and ratio.max() <= 1:
        return Judgement(name, "agree", rounding=_rounding(ratio, reference.counts[i]))
    difference = _difference(wrong, reference.outputs[i], values, ratio)
    share = f"{difference.count} of {difference.total} values"
    if difference.ratio is None or difference.ratio > 1:
        return Judgement(name, "differ", f"{share} are wrong", difference)
    near = f"{share} are not exact, but within {difference.ratio:.2g} of the rounding bound"
    return Judgement(name, "imprecise", near, difference, TRANSFORMED)


def _zeros(reference: Reference, values: Array) -> Judgement | None:
    """Of right values, where a zero has another sign than is promised."""
    promised, minus = reference.zeros
    wrong = promised & (np.signbit(values) != minus)
    if not wrong.any():
        return None
    difference = _difference(wrong, np.where(minus, -0.0, 0.0), values, np.zeros(values.shape))
    return Judgement("y", "zero sign", f"{difference.count} of {int(promised.sum())} zeros have the wrong sign", difference)


def _rounded(name: str, i: int, reference: Reference, values: Array) -> Judgement:
    claimed, expected = reference.compared[i], reference.outputs[i]
    if claimed.size and not claimed.any():
        return Judgement(name, "vacuous", "every sum of magnitudes overflows, so nothing is claimed")
    infinite = claimed & np.isinf(expected)
    lost = infinite & (values != expected)
    with np.errstate(invalid="ignore", over="ignore"):
        signed = np.where(claimed & ~infinite, (values - expected) - reference.remainders[i], np.where(lost, np.inf, 0))
    ratio = _ratio(np.abs(signed), reference.bounds[i])
    rounding = _rounding(ratio, reference.counts[i])
    if rounding.ratio is not None and rounding.ratio <= 1:
        if words := biased(reference, i, signed):
            near = f"every value is within {rounding.ratio:.2g} of its bound, but {words}"
            return Judgement(name, "imprecise", near, diagnosis=NOT_NEAREST, rounding=rounding)
        return Judgement(name, "agree", rounding=rounding)
    difference = _difference(~(ratio <= 1), expected, values, ratio)
    if lost.any():
        words = f"{int(lost.sum())} of {lost.size} values are not infinite though the sum is too large in any order"
        return Judgement(name, "differ", words, difference, _not_infinite(reference, values[lost]), rounding=rounding)
    share = f"{difference.count} of {difference.total} values are beyond the rounding bound"
    found = explained(reference, i, values)
    return Judgement(name, "imprecise" if found else "differ", share, difference, found, rounding=rounding)


def _not_infinite(reference: Reference, values: Array) -> Diagnosis | None:
    """What came where a sum of positive numbers is too large."""
    digits, _, most = FORMATS[reference.case.dtype]
    if np.isnan(values).all():
        return NAN_FOR_INFINITY
    return CUT_OFF if (values == (2 - 2.0 ** (1 - digits)) * 2.0**most).all() else None


def _located(name: str, i: int, reference: Reference, values: Array) -> Judgement:
    """NaN is expected where a window sees a pixel that is no finite number, infinity where that was chosen, the right values elsewhere."""
    expected, compared = reference.outputs[i], reference.compared[i]
    chosen = np.isinf(expected)
    seen, finite = np.isnan(expected) | chosen, np.isfinite(expected)
    lost = np.where(chosen, values != expected, seen & np.isfinite(values))
    leaked = finite & ~np.isfinite(values)
    with np.errstate(invalid="ignore"):
        off = np.abs((values - expected) - reference.remainders[i])
        near = off <= (0 if reference.exact and not reference.inexact else reference.bounds[i])
    lost, leaked = lost & compared, leaked & compared
    wrong = lost | (finite & ~near & compared)
    if not wrong.any():
        return Judgement(name, "agree")
    difference = _difference(wrong, expected, values, np.where(wrong, np.inf, 0))
    words = [f"{int(leaked.sum())} values are not finite though no window of theirs sees such a pixel"] if leaked.any() else []
    words += [f"{int(lost.sum())} values are finite though their windows see it"] if lost.any() else []
    rest = int((wrong & ~lost & ~leaked).sum())
    words += [f"{rest} other values are wrong"] if rest else []
    why = ZERO_TIMES_NAN if not lost.any() and not rest else REPLACED if seen.any() and (lost == seen).all() and not leaked.any() else None
    return Judgement(name, "differ", "; ".join(words), difference, why)


def _inferred(reference: Reference, inferred: tuple[Inferred, ...]) -> Judgement:
    if not inferred:
        return Judgement("y", "differ", "the framework inferred no shape")
    for said in inferred:
        ran = reference.case.y if said.ran is None else said.ran
        if said.said is None or len(said.said) != len(ran) or any(a not in (None, b) for a, b in zip(said.said, ran, strict=True)):
            return Judgement("y", "differ", f"{said.way} infers the shape {said.said}, but running gives {ran}")
    return Judgement("y", "agree")


def _ratio(error: Array, bound: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(error == 0, 0.0, np.where(np.isnan(error), np.inf, error / bound))


def _rounding(ratio: Array, counts: Array) -> Rounding:
    if not ratio.size:
        return Rounding(ratio=0.0)
    at = np.unravel_index(int(ratio.argmax()), ratio.shape)
    worst = float(ratio[at])
    return Rounding(ratio=worst if np.isfinite(worst) else None, at=tuple(int(n) for n in at), terms=int(counts[at]))


def _difference(wrong: Array, expected: Array, values: Array, ratio: Array) -> Difference:
    worst = float(ratio.max()) if np.isfinite(ratio).all() else None
    first = tuple(int(n) for n in np.argwhere(wrong)[0])
    return Difference(
        count=int(wrong.sum()), total=wrong.size, first=first,
        expected=_plain(expected[first]), got=_plain(values[first]), ratio=worst,
        map=drawn(wrong),
    )  # fmt: skip


def _plain(value: Any) -> str:
    number = float(value)
    return str(int(number)) if number.is_integer() and (number or not np.signbit(number)) else repr(number)
