"""A run: every question and every side of a theorem to every runtime, every answer to the judge, every verdict into the report."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from backends import Backend, BadBackend, Unsupported
from backends.known import Known, everything
from spec import Array, Question
from verify.answer import Answer
from verify.conclude import Ask, Ran, conclude
from verify.diagnose import diagnose, equals, resembled
from verify.engine import Asker, Cores, answers
from verify.environment import missing, variables, versions
from verify.judge import Judgement, judge
from verify.process import GIB, HostFailed, Job
from verify.prove import Proof, asked
from verify.record import Report, Verdict
from verify.reference import CONFIDENCE, Reference
from verify.shrink import smaller

WORTH_ASKING_AGAIN: tuple[Verdict, ...] = ("differ", "nondeterministic", "imprecise")
"""What is found in company is asked again alone, in a new host with the environment users have, before it is reported; so is a death
under the survey's variables."""

Watch = Callable[[str, str, int], None]
"""Called with a runtime's name, what it is doing, and how many programs it has behind it."""


class NothingToAsk(ValueError):
    """No question is left after all filters, or no runtime to ask."""


@dataclass
class Run:
    """What is asked, and what has come of it so far. `report()` is valid at any time. Raises NothingToAsk, Impossible."""

    questions: list[Question]
    backends: list[Backend]
    suite: dict[str, object]
    proofs: list[Proof] = field(default_factory=list)
    floor: float = 0.0
    confidence: int = CONFIDENCE
    timeout: float = 60.0
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    memory: int = 8 * GIB
    """Bytes that a host may take."""
    watch: Watch = lambda runtime, doing, done: None
    known: list[Known] = field(default_factory=everything)
    interrupted: bool = False

    def __post_init__(self) -> None:
        self.questions = list({repr(q): q for asked in self.questions for q in (asked, *exact_form(asked))}.values())
        self.asks = [Ask(q) for q in self.questions]
        for case in (case for proof in self.proofs for case in proof.native):
            self.asks.extend(Ask(asked(side).question, case, side) for side in case.natives())
        if not self.asks:
            raise NothingToAsk("no question is left; ask for another suite, operation or dtype")
        if not self.backends:
            raise NothingToAsk("no runtime is left; name one with --backend")
        self.reference = lru_cache(maxsize=1024)(lambda i: self.asks[i].reference(self.confidence))
        self.missed = {i: self.reference(i).missed_probability for i in range(len(self.questions))}
        self.ran = {backend.name: Ran(backend) for backend in self.backends}

    def go(self) -> Report:
        """Ask everything. Ctrl-C ends it early, and the report then says so."""
        try:
            asyncio.run(self._all())
        except KeyboardInterrupt:
            self.interrupted = True
        return self.report()

    async def _all(self) -> None:
        cores = Cores(self.cores)
        async with asyncio.TaskGroup() as group:
            for ran in self.ran.values():
                group.create_task(self._one(ran, cores))

    async def _one(self, ran: Ran, cores: Cores) -> None:
        backend = ran.backend
        ran.reason = missing(backend)
        if ran.reason:
            ran.status = "not installed"
            return
        ran.versions.update(versions(backend))
        ran.environment = {**variables(), **backend.runtime.environment}
        jobs = self._translated(ran)
        again: dict[int, list[Judgement]] = {}
        try:
            async for job, judged in self._judged(ran, jobs, cores, alone=False):
                fatal = bool(backend.runtime.survey) and any(j.verdict in ("crashed", "timeout") for j in judged)
                if fatal or any(j.verdict in WORTH_ASKING_AGAIN for j in judged):
                    again[job.id] = judged
                else:
                    self._keep(ran, job, judged, "asking")
            async for job, judged in self._judged(ran, [job for job in jobs if job.id in again], cores, alone=True):
                self._keep(ran, job, _confirmed(again[job.id], judged, backend), "confirming")
        except HostFailed as error:
            ran.status, ran.reason = "failed", str(error)
            none = Answer(stopped="crashed", reason=f"no host starts: {error}")
            for job in jobs:
                if job.id not in ran.settled:
                    self._keep(ran, job, judge(self.reference(job.id), none), "failed")
        except asyncio.CancelledError:
            for job in jobs:
                if job.id in again and job.id not in ran.settled:
                    self._keep(ran, job, again[job.id], "interrupted")
            raise
        self.watch(backend.name, "done", len(self.asks))

    def _translated(self, ran: Ran) -> list[Job]:
        jobs = []
        for i, ask in enumerate(self.asks):
            q, reference = ask.question, self.reference(i)
            try:
                if q.kind == "inference" and "def infer(" not in ran.backend.runtime.glue:
                    raise Unsupported("its glue defines no `infer`, which says what shape the framework expects without running")
                text = ran.backend.translate(q).encode("utf-8", "backslashreplace").decode()
            except (Unsupported, BadBackend) as why:
                verdict: Verdict = "unsupported" if isinstance(why, Unsupported) else "refused"
                ran.judged.extend((i, "", Judgement(output, verdict, str(why))) for output in reference.names)
                ran.settled.add(i)
                continue
            jobs.append(job(i, text, reference))
        return jobs

    async def _judged(self, ran: Ran, jobs: list[Job], cores: Cores, *, alone: bool) -> AsyncGenerator[tuple[Job, list[Judgement]]]:
        self.watch(ran.backend.name, "starting" if not alone else "confirming", len(ran.settled))
        hosts = max(self.cores // len(self.backends), 1)
        asker = Asker(ran.backend, cores, self.timeout, alone, ran.versions, hosts, self.memory)
        async with aclosing(answers(asker, jobs)) as stream:
            async for job, answer in stream:
                judged = judge(self.reference(job.id), answer)
                yield job, [diagnosed(self.reference(job.id), j, answer) for j in judged] if alone else judged

    def _keep(self, ran: Ran, job: Job, judged: list[Judgement], doing: str) -> None:
        ran.judged.extend((job.id, job.text, j) for j in judged)
        ran.settled.add(job.id)
        self.watch(ran.backend.name, doing, len(ran.settled))

    def report(self) -> Report:
        """Everything so far, judged as a whole."""
        ran = list(self.ran.values())
        return conclude(self.suite, self.asks, self.missed, self.proofs, ran, self.known, self.floor, interrupted=self.interrupted)


def exact_form(question: Question) -> list[Question]:
    """For whole numbers that no draw decides, since too many products are added, a smaller question that can be decided."""
    if question.kind != "integers" or question.op.roundings or Reference(question).radius:
        return []
    same = (question.dtype, question.kind, question.seed)
    while candidates := [q for q in smaller(question) if (q.dtype, q.kind, q.seed) == same]:
        exact = [q for q in reversed(candidates) if Reference(q).radius]
        if exact:
            return exact[:1]
        question = candidates[0]
    return []


def job(i: int, text: str, reference: Reference) -> Job:
    """What a host is told to run a text on the numbers of a question."""
    q = reference.question
    given = None if reference.given is None else tuple(_listed(a) for a in reference.given)
    radius = reference.told if given is None else 0
    return Job(
        i, text, q.seed, radius, q.dtype, q.x, q.y, q.w, unit=reference.unit, kind=q.kind, draws=reference.draws, given=given
    )  # fmt: skip


def diagnosed(reference: Reference, judged: Judgement, answer: Answer) -> Judgement:
    """With the words of a neighbour that gives exactly this wrong answer, if there is one."""
    output = reference.names.index(judged.output)
    meaning = reference.question.kind in ("integers", "distinct", "ties", "impulses")
    if judged.verdict != "differ" or judged.diagnosis or not meaning or output >= len(answer.draws[judged.draw]):
        return judged
    values = answer.draws[judged.draw][output].values
    if values.dtype.kind not in "biuf":
        return judged
    drawn, got = reference.at(judged.draw), values.astype(np.float64)
    if not reference.exact:
        return replace(judged, diagnosis=resembled(drawn, output, got))
    words = diagnose(drawn, output, got)
    return replace(judged, diagnosis=words, equals=equals(drawn, output, got) if words else ())


def _listed(a: Array | None) -> Any:
    return None if a is None else a.tolist()


def _confirmed(before: list[Judgement], alone: list[Judgement], backend: Backend) -> list[Judgement]:
    """The verdicts when asked alone. One that agrees only then is unsound unless it was asked otherwise before (survey)."""
    return [
        Judgement(b.output, "nondeterministic", f"{b.verdict} at first ({b.reason}), right when asked again in a new process", b.difference)
        if a.verdict == "agree" and b.verdict in WORTH_ASKING_AGAIN and not backend.runtime.survey
        else a
        for b, a in zip(before, alone, strict=True)
    ]
