"""What a case's reference costs, estimated before it is computed: seconds on one core, and bytes.

The constants were measured on one core (`Reference.outputs`, `bounds`); an estimate is right to a factor of three or so, and the same
everywhere: it follows from operation, shapes, dtype and data alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from spec import Case, Impossible, Operation, Shape
from spec.operation import Effort, size
from verify.judge.reference import Reference
from verify.limits import CONFIDENCE, GIB, MAX_WORK

BYTES = 1 << 26
"""For which each second of MAX_WORK stands, too."""

PRODUCT, EXACT_PRODUCT = 1e-10, 1e-7
"""Seconds for a product of floats in a matrix product, and for one of Python's whole numbers."""
PASS, PASSED = 1.5e-5, 1e-9
"""Seconds for a call of NumPy, and for each element it looks at."""
ELEMENT, EXACT_ELEMENT = 5e-8, 1e-5
"""Seconds to draw and keep an element, and to take one to exact numbers and back."""
ROW, COEFFICIENT = 1e-3, 1e-6
"""Seconds for a row of a matrix of fractions, and for each of its entries."""


DRAWS, DRAWS_OF_CHAINS = 6, 24
"""Of whole numbers, as most convolutions of hundreds of channels have them, and as two in a row have them, whose numbers are smaller."""

SURELY = 1 << 12
"""By how much an estimate from shapes alone may be exceeded: 1000 for exact arithmetic, else up to 12 evaluations of up to 64 draws."""


class Work(NamedTuple):
    """An estimate."""

    seconds: float
    bytes: float

    @property
    def amount(self) -> float:
        """In the unit of --max-work."""
        return max(self.seconds, self.bytes / BYTES)


def expect_affordable(case: Case, most: float = MAX_WORK, confidence: int = CONFIDENCE) -> None:
    """Raises Impossible if its reference would be more work than `most`, or if it has none."""
    least = before(case)
    _expect(case, least, most)
    if least.amount * SURELY > most:
        _expect(case, work(Reference(case, confidence=confidence)), most)


def before(q: Case) -> Work:
    """Of what is needed to know how many draws there are, and of one draw at its cheapest."""
    effort, elements = q.op.effort(q.x, *q.w), _elements(q)
    seconds = _floats(q, effort, elements) + effort.rows * ROW + effort.coefficients * COEFFICIENT
    return Work(seconds, 30 * elements + 100 * effort.coefficients)


def work(reference: Reference) -> Work:
    """Of everything that a verdict needs."""
    return _work(reference.case, reference.draws, exact=reference.exact, inexact=reference.inexact)


def roughly(q: Case) -> Work:
    """The same without a look at any coefficient or choice: whole numbers are taken to be exact."""
    draws = DRAWS if q.op.degree < 3 else DRAWS_OF_CHAINS
    return _work(q, draws if q.drawing.exact else 1, exact=q.drawing.exact, inexact=False)


def _work(q: Case, draws: int, *, exact: bool, inexact: bool) -> Work:
    elements, effort = _elements(q), q.op.effort(q.x, *q.w)
    least = before(q)
    evaluations = 12 if q.drawing.marked else 1 if exact and not inexact else 5
    seconds = least.seconds + draws * (elements * ELEMENT + evaluations * _floats(q, effort, elements))
    if exact:
        return Work(seconds, least.bytes + 15 * draws * elements)
    exactly = len(q.outputs) * effort.products * EXACT_PRODUCT + elements * EXACT_ELEMENT + effort.coefficients * 3 * COEFFICIENT
    return Work(seconds + draws * exactly, least.bytes + 400 * elements)


def _floats(q: Case, effort: Effort, elements: int) -> float:
    """Seconds for all outputs once, in floats."""
    looked_at = elements - sum(map(size, q.w))
    return len(q.outputs) * (effort.products * PRODUCT + effort.passes * (PASS + PASSED * looked_at))


def _elements(q: Case) -> int:
    """Of all arrays that come in, are made on the way, and come out."""
    return sum(size(x) + _scratch(op, x, w) + size(y) for op, x, w, y in q.op.walk(q.x, q.w)) + sum(map(size, q.w))


def _scratch(op: Operation, x: Shape, w: Sequence[Shape]) -> int:
    """Matrices of fractions count as such."""
    return 0 if op.effort(x, *w).rows else size(op.scratch(x, *w))


def _expect(q: Case, needed: Work, most: float) -> None:
    if needed.amount > most:
        needs, allowed = _words(needed), _words(Work(most, most * BYTES))
        raise Impossible(
            f"the reference of {q} would take about {needs}, but {allowed} are allowed; "
            f"make it smaller, or give --max-work {math.ceil(needed.amount)}"
        )


def _words(amount: Work) -> str:
    seconds = f"{amount.seconds:.2g}" if amount.seconds < 100 else f"{amount.seconds:.0f}"
    return f"{seconds} s and {amount.bytes / GIB:.2g} GiB"
