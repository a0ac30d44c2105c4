"""A run: every question to every runtime, every answer to the judge, every verdict into the report."""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from backends import Backend, Unsupported
from backends.known import Known, everything
from spec import Impossible, Question
from verify.engine import HostFailed, Job, answers
from verify.installed import missing, versions
from verify.judge import Answer, Judgement, Reference, judge
from verify.record import SCHEMA, KnownReport, Record, Report, RuntimeReport, Summary, Verdict

MATTERS = ("KERAS_", "TF_", "XLA_", "JAX_", "OMP_", "MKL_", "DNNL_", "ONEDNN_", "CUDA_", "TORCH_", "ORT_")
"""Beginnings of the names of environment variables that can change an answer."""

FINE: tuple[Verdict, ...] = ("agree", "vacuous")

WORTH_ASKING_AGAIN: tuple[Verdict, ...] = ("differ", "nondeterministic", "imprecise")
"""What is found in company is asked again alone, in a new host with the environment users have, before it is reported."""

Watch = Callable[[str, str, int], None]
"""Called with a runtime's name, what it is doing, and how many questions it has behind it."""


class NothingToAsk(ValueError):
    """No question is left after all filters, or no runtime to ask."""


@dataclass
class Ran:
    """One runtime in a run: where it stands, and every verdict with the question's index and the text that was run."""

    backend: Backend
    status: str = "ran"
    reason: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    judged: list[tuple[int, str, Judgement]] = field(default_factory=list)


@dataclass
class Run:
    """What is asked, and what has come of it so far. `report()` is valid at any time. Raises NothingToAsk, Impossible."""

    questions: list[Question]
    backends: list[Backend]
    suite: dict[str, object]
    floor: float = 0.0
    timeout: float = 60.0
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    watch: Watch = lambda runtime, doing, done: None
    known: list[Known] = field(default_factory=everything)
    interrupted: bool = False

    def __post_init__(self) -> None:
        if not self.questions:
            raise NothingToAsk("no question is left; ask for another suite, operation or dtype")
        if not self.backends:
            raise NothingToAsk("no runtime is left; name one with --backend")
        self.reference = lru_cache(maxsize=1024)(Reference)
        for q in self.questions:
            if not self.reference(q).radius:
                raise Impossible(f"{q} adds too many products for an exact answer in {q.dtype}; make it smaller")
        self.ran = {backend.name: Ran(backend) for backend in self.backends}

    def go(self) -> Report:
        """Ask everything. Ctrl-C ends it early, and the report then says so."""
        try:
            asyncio.run(self._all())
        except KeyboardInterrupt:
            self.interrupted = True
        return self.report()

    async def _all(self) -> None:
        cores = asyncio.Semaphore(self.cores)
        async with asyncio.TaskGroup() as group:
            for ran in self.ran.values():
                group.create_task(self._one(ran, cores))

    async def _one(self, ran: Ran, cores: asyncio.Semaphore) -> None:
        backend = ran.backend
        ran.reason = missing(backend)
        if ran.reason:
            ran.status = "not installed"
            return
        ran.versions.update(versions(backend))
        ran.environment = {**_environment(), **backend.runtime.environment}
        jobs = self._translated(ran)
        try:
            again: dict[int, list[Judgement]] = {}
            async for job, judged in self._judged(ran, jobs, cores, alone=False):
                if any(j.verdict in WORTH_ASKING_AGAIN for j in judged):
                    again[job.id] = judged
                else:
                    self._keep(ran, job, judged, "asking")
            async for job, judged in self._judged(ran, [job for job in jobs if job.id in again], cores, alone=True):
                self._keep(ran, job, _confirmed(again[job.id], judged, backend), "confirming")
        except HostFailed as error:
            ran.status, ran.reason = "failed", str(error)
            behind = {i for i, _, _ in ran.judged}
            for job in jobs:
                if job.id not in behind:
                    none = Answer(stopped="crashed", reason=f"no host starts: {error}")
                    self._keep(ran, job, judge(self.reference(self.questions[job.id]), none), "failed")
        self.watch(backend.name, "done", len(self.questions))

    def _translated(self, ran: Ran) -> list[Job]:
        jobs = []
        for i, q in enumerate(self.questions):
            try:
                text = ran.backend.translate(q)
                jobs.append(Job(i, text, q.seed, self.reference(q).radius, q.dtype, q.x, q.y, q.w, q.op.unit))
            except Unsupported as why:
                ran.judged.extend((i, "", Judgement(output, "unsupported", str(why))) for output in q.outputs)
        return jobs

    async def _judged(
        self, ran: Ran, jobs: list[Job], cores: asyncio.Semaphore, *, alone: bool
    ) -> AsyncGenerator[tuple[Job, list[Judgement]]]:
        self.watch(ran.backend.name, "starting" if not alone else "confirming", _questions(ran))
        stream = answers(ran.backend, jobs, cores=cores, timeout=self.timeout, versions=ran.versions, alone=alone)
        async with aclosing(stream):
            async for job, answer in stream:
                yield job, judge(self.reference(self.questions[job.id]), answer)

    def _keep(self, ran: Ran, job: Job, judged: list[Judgement], doing: str) -> None:
        ran.judged.extend((job.id, job.text, j) for j in judged)
        self.watch(ran.backend.name, doing, _questions(ran))

    def report(self) -> Report:
        """Everything so far, with the known deviations matched and the exit status drawn from it."""
        records, tally = [], {known.id: [0, 0] for known in self.known}
        runtimes = {}
        for name, ran in self.ran.items():
            own = [self._record(ran, *judged, tally) for judged in sorted(ran.judged, key=lambda j: j[0])]
            counts: Counter[str] = Counter(r.verdict for r in own)
            explained = sum(r.known is not None for r in own)
            runtimes[name] = RuntimeReport(
                status=ran.status, reason=ran.reason, versions=ran.versions, environment=ran.environment,  # type: ignore[arg-type]
                survey=ran.backend.runtime.survey, verdicts=dict(counts), explained=explained,
            )  # fmt: skip
            records.extend(own)
        return Report(
            schema=SCHEMA, tool={"name": "concordant", "version": _own_version()}, suite=self.suite, environment=_machine(),
            runtimes=runtimes, known=self._known(tally), records=records, summary=self._summary(runtimes, records, tally),
        )  # fmt: skip

    def _record(self, ran: Ran, i: int, text: str, judged: Judgement, tally: dict[str, list[int]]) -> Record:
        q, runtime = self.questions[i], ran.backend.name
        explanation = None
        for known in self.known:
            if known.covers(runtime, judged.output, q, ran.versions, ran.environment):
                explains = known.explains(judged.verdict, judged.reason)
                tally[known.id][0] += explains
                tally[known.id][1] += judged.verdict == "agree" and not known.sometimes
                explanation = explanation or (known.id if explains else None)
        shapes = dict(zip(q.outputs, (q.y, q.x, *q.w), strict=True))
        return Record(
            id=hashlib.sha256(f"case {q} {judged.output} {runtime}".encode()).hexdigest()[:12],
            kind="case", question=repr(q), output=judged.output, shape=shapes[judged.output], dtype=q.dtype, seed=q.seed,
            runtime=runtime, verdict=judged.verdict, reason=judged.reason, native=text,
            missed_probability=self.reference(q).missed_probability, difference=judged.difference, known=explanation,
        )  # fmt: skip

    def _known(self, tally: dict[str, list[int]]) -> dict[str, KnownReport]:
        return {
            known.id: KnownReport(reason=known.reason, link=known.link, matched=tally[known.id][0], agreed=tally[known.id][1])
            for known in self.known
            if any(tally[known.id])
        }

    def _summary(self, runtimes: dict[str, RuntimeReport], records: list[Record], tally: dict[str, list[int]]) -> Summary:
        unexplained = sum(r.verdict not in FINE and r.known is None for r in records)
        stale = [id for id, (_, agreed) in tally.items() if agreed]
        below = [name for name, r in runtimes.items() if r.verdicts and r.verdicts.get("agree", 0) < self.floor * sum(r.verdicts.values())]
        failed = any(r.status == "failed" for r in runtimes.values())
        exit_status = 130 if self.interrupted else int(bool(unexplained or stale or below or failed or not records))
        return Summary(
            questions=len(self.questions), asked=len(records), verdicts=dict(Counter(r.verdict for r in records)),
            unexplained=unexplained, stale=stale, floor=self.floor, below_floor=below,
            interrupted=self.interrupted, exit=exit_status,
        )  # fmt: skip


def _confirmed(before: list[Judgement], alone: list[Judgement], backend: Backend) -> list[Judgement]:
    """The verdicts when asked alone. One that agrees only then is unsound unless it was asked otherwise before (survey)."""
    return [
        Judgement(b.output, "nondeterministic", f"{b.verdict} at first ({b.reason}), right when asked again in a new process", b.difference)
        if a.verdict == "agree" and b.verdict in WORTH_ASKING_AGAIN and not backend.runtime.survey
        else a
        for b, a in zip(before, alone, strict=True)
    ]


def _questions(ran: Ran) -> int:
    return len({i for i, _, _ in ran.judged})


def _environment() -> dict[str, str]:
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(MATTERS)}


def _machine() -> dict[str, object]:
    return {
        "python": sys.version.split()[0],
        "os": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "versions": {"numpy": np.__version__},
        "variables": _environment(),
    }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _own_version() -> str:
    try:
        return version("concordant")
    except PackageNotFoundError:
        return "unknown"
