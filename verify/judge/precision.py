"""Which precision a real-valued answer was computed in, if not the promised one.

Tried from the most precise down: of subnormal numbers in float16, sums kept in float16; subnormal numbers flushed to zero; the answer cut
off; coordinates in single precision; inputs rounded before they were multiplied; sums kept in fewer bits. Of whole numbers and impulses,
which ask for meaning, nothing below float32 is tried.
Each is a hypothesis with a bound of its own, and the first that holds for every value is named.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spec import Array
from verify.execute.worker import FORMATS, rounded
from verify.judge.reference import Reference
from verify.record import Diagnosis

BITS = {24: "float32", 11: "TF32 or float16", 8: "bfloat16"}
"""Significant bits of what arithmetic is done in, and its names."""

SMALLEST_SAMPLE = 32


def explained(reference: Reference, output: int, values: Array) -> Diagnosis | None:
    """The precision that explains every value, or None if none down to bfloat16 does."""
    claimed = reference.claimed[output]
    for mistake, right, remainder, bound in _hypotheses(reference, output):
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.abs(values - right - remainder)
        if bool((~claimed | (error <= bound)).all()):
            return mistake
    return None


def _hypotheses(reference: Reference, output: int) -> Iterator[tuple[Diagnosis, Array, Array, Array]]:
    """(the mistake, the result, what it lacks of exactness, how far rounding may take it)."""
    digits, least, _ = FORMATS[reference.case.dtype]
    right, remainder = reference.outputs[output], reference.remainders[output]
    if reference.case.data == "subnormal":
        if digits == 11:  # float16's are normal in float32, in which it is computed; as all is as small, flushing would explain any answer
            kept = reference.bounds_with(2.0**-digits)[output]
            yield _in("sums kept in", digits), right, remainder, kept
        flushed = reference.bounds_with(reference.accumulated, smallest=2.0**least)
        yield Diagnosis("subnormal numbers flushed to zero"), right, remainder, flushed[output]
    cut_off = right * (1 - reference.unit_roundoff)  # the middle of [y − 2u·y, y]
    yield Diagnosis("result cut off instead of rounded to nearest"), cut_off, remainder, reference.bounds[output]
    if reference.digits > 24 and any(reference.case.op.wavering(24)):
        single = reference.bounds_with(reference.accumulated, digits=24)[output]
        yield Diagnosis("coordinates computed in float32", "coordinates"), right, remainder, single
    for bits in BITS:
        if bits < 24 and not reference.case.drawing.real:
            break
        if bits < digits:
            x, g, w = reference.drawn
            x, g, *w_ = (rounded(a, bits) for a in (x, g, *w))
            other = reference.everything(x, g, tuple(w_))[output]
            yield _in("inputs rounded to", bits), other, np.zeros(1), reference.bounds[output]
        if bits < 24 or digits > 24:
            yield _in("sums kept in", bits), right, remainder, reference.bounds_with(2.0**-bits)[output]


def _in(words: str, bits: int) -> Diagnosis:
    return Diagnosis(f"{words} {BITS[bits]}", value=f"{bits} significant bits")


def biased(reference: Reference, output: int, error: Array) -> str:
    """Whether errors that are each within bound are larger together, or more of one sign, than roundings to nearest can be.

    The two statistics of the dot-product requirements of Arm's TOSA conformance tests, in units of u·op(|x|, |w|), over T sums with
    ΣK products in all: Σe² ≤ 0.4·ΣK and |Σe| ≤ 2·√ΣK. A rounding to nearest is spread over ±u of its partial sum, with mean square
    u²/3 at most; K of them give K/3 < 0.4·K if every partial sum were as large as the whole, and a sum with standard deviation √(ΣK/3),
    of which 2·√ΣK is three and a half; so too for Σ(e·sign y), as rounding to nearest knows no signs. All need products that no two sums
    share, so only single bilinear operations are held to it.
    """
    q = reference.case
    if q.data != "normal" or len(q.op.steps) > 1 or q.op.degree != 2 or reference.unit_roundoff != reference.accumulated:
        return ""
    known = reference.claimed[output] & (reference.sums[output] > 0)
    e = error[known] / (reference.accumulated * reference.sums[output][known])
    terms = float(reference.counts[output][known].sum())
    if e.size < SMALLEST_SAMPLE:
        return ""
    inwards = -float((e * np.sign(reference.outputs[output][known])).sum())
    if inwards > 2 * terms**0.5:
        return "they lean towards zero more than rounding to nearest can"
    if abs(float(e.sum())) > 2 * terms**0.5:
        return f"they lean to {'larger' if e.sum() > 0 else 'smaller'} numbers more than rounding to nearest can"
    if float((e * e).sum()) > 0.4 * terms:
        return "their mean square is more than rounding to nearest can give"
    return ""
