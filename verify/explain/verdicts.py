"""From a case to the job that a worker process runs, and from its result to the verdicts, with a diagnosis where that is worth its time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spec import Array
from verify.execute.patience import Patience, Say
from verify.execute.process import Job
from verify.execute.result import Answer
from verify.explain.diagnose import diagnosed
from verify.judge.judge import Judgement, judge
from verify.judge.reference import Reference

AT_ONCE = 0.25
"""Seconds that a reference may take in the thread that answers signals; what takes longer is computed in another."""

DIAGNOSED = 30.0
"""How many references about a diagnosis takes, which tries one mistake after the other."""


async def verdicts(
    reference: Reference, answer: Answer, seconds: float, most: float, patience: Patience, say: Say = lambda sentence: None, *,
    diagnose_it: bool, in_batch: Sequence[Judgement] = (), batch_flags: bool = False, names: tuple[str, ...] = (),
) -> list[Judgement]:  # fmt: skip
    """The judgements on an answer, with a diagnosis unless the dozens of references that takes would be more work than `most`."""
    diagnose_it = diagnose_it and seconds * DIAGNOSED < most

    def judged() -> list[Judgement]:
        return judge(
            reference, answer, in_batch, names=names, batch_flags=batch_flags, explain=diagnosed if diagnose_it else None
        )

    if seconds * (DIAGNOSED if diagnose_it else 1) < AT_ONCE:
        return judged()
    return await patience(judged, f"the reference of {reference.case}", say)


def job(i: int, text: str, reference: Reference, *, gradients: bool = True, digest: bool = False) -> Job:
    """The message that makes a worker run a text on the data of a case. digest: whether digests will do, if the case allows that."""
    q = reference.case
    given = None if reference.given is None else tuple(_listed(a) for a in reference.given)
    radius = reference.told if given is None else 0
    return Job(
        i, text, q.seed, radius, q.dtype, q.x, q.y, q.w, unit=reference.unit, data=q.data, check=q.check, draws=reference.draws,
        given=given, domains=reference.domains, gradients=gradients,
        digest=reference.digestible if digest else "",
    )  # fmt: skip


def _listed(a: Array | None) -> Any:
    return None if a is None else a.tolist()
