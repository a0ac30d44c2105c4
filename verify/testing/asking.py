"""Choose the numbers that a function is run on, and judge what it returned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from concordant_testing import Came, Draws, Plan, Results, Sent, Verdict
from spec import Case, Impossible
from verify.execute.result import Answer, Output
from verify.judge.judge import judge
from verify.judge.reference import Reference
from verify.limits import MAX_WORK
from verify.plan.work import expect_affordable
from verify.testing.judging import explained, said
from verify.testing.program import Asked

OF_SUMS, OF_CHOICES = ("integers", "normal"), ("integers", "distinct", "ties")
"""The values that are fed in if none are named."""
ON_THE_WIRE = {"bfloat16": "float32"}


class Asking:
    """One plan: its references, until the results are in."""

    def __init__(self, plan: Plan) -> None:
        """Raises Impossible."""
        self.asked = Asked.of(plan.program, plan.x, plan.w)
        named = plan.data or (OF_CHOICES if self.asked.reading.op.selects else OF_SUMS)
        cases = [self.asked.case(dtype, data, plan.seed) for dtype in plan.dtypes for data in named]
        self.references = [made for case in cases if (made := _made(case, named=bool(plan.data)))]
        if not self.references:
            raise Impossible(f"no numbers can be chosen for {plan.program} in {', '.join(plan.dtypes)}; make the shapes smaller")

    @property
    def draws(self) -> Draws:
        """All that the function is run on."""
        arrays = [[self._sent(reference.at(d)) for d in range(reference.draws)] for reference in self.references]
        return Draws([repr(reference.case) for reference in self.references], arrays)

    def _sent(self, reference: Reference) -> list[Sent]:
        x, _, w = reference.drawn
        dtype = reference.case.dtype
        kept = ON_THE_WIRE.get(dtype, dtype)
        return [Sent.of(np.asarray(a).astype(kept), dtype) for a in self.asked.given(x, w)]

    def verdict(self, told: Results) -> Verdict:
        """The first case that is wrong, or that all agree. Raises Impossible."""
        for reference, came in zip(self.references, told.cases, strict=True):
            draws = [(self._output(one),) for one in came]
            changed = tuple(sorted({name for one in came for name in one.changed}))
            answer = Answer(outputs=draws[0], more=tuple(draws[1:]), changed=changed)
            (found,) = judge(reference, answer, names=("y",), explain=explained)
            if found.verdict not in ("agree", "vacuous"):
                return said(reference, 0, found, self.asked.reading.native.leave)
        return Verdict(agrees=True, text=f"agrees with the definition on {self._count()}")

    def _output(self, came: Came) -> Output:
        return Output(self.asked.left(came.result.array).astype(np.float64), came.result.dtype, came.repeats)

    def _count(self) -> str:
        draws = sum(reference.draws for reference in self.references)
        missed = [p for r in self.references if (p := r.missed_probability) is not None]
        sure = f"; P(a wrong function passed) ≤ {max(missed):.1g}" if missed else ""
        words: Sequence[str] = [f"{r.case.dtype} {r.case.data}" for r in self.references]
        return f"{draws} draws ({', '.join(words)}){sure}"


def _made(case: Case, *, named: bool) -> Reference | None:
    """None if these values have no meaning for the operation, unless the user named them."""
    try:
        expect_affordable(case, MAX_WORK)
        reference = Reference(case)
    except Impossible:
        if named:
            raise
        return None
    return reference
