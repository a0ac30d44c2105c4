"""Whether what a framework is said to be unable to do is still so: the probes of known deviations, run in a worker process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from msgspec import structs

from backends import Backend
from backends.known import Known, Probe
from verify.execute.process import Job, Worker, WorkerDied, WorkerFailed, WorkerSilent
from verify.record import Report

Outcome = Literal["holds", "NEWS", "proves nothing"]

MISWRITTEN = ("NameError", "SyntaxError", "IndentationError")


@dataclass(frozen=True)
class Tried:
    """One probe on one runtime. words: what was raised, or what follows from it that nothing was."""

    runtime: str
    known: Known
    probe: Probe
    outcome: Outcome
    words: str

    @property
    def sentence(self) -> str:
        """One line."""
        return f"{self.outcome:5}  {self.runtime}  {self.known.id}: {self.probe.expression}: {self.words}"


async def tried(backend: Backend, known: Sequence[Known], timeout: float) -> AsyncIterator[Tried]:
    """Every probe of the records that speak of this runtime in its installed versions, one after the other. Raises WorkerFailed."""
    worker = await Worker.start(backend, batch_flags=False, timeout=timeout)
    versions = worker.versions

    async def raised_by(expression: object) -> str:
        nonlocal worker
        if worker.noise.closed:  # the expression before ended it
            worker = await Worker.start(backend, batch_flags=False, timeout=timeout)
        return await _raised(worker, backend, str(expression), timeout)

    try:
        for one in known:
            for probe in one.probes if one.concerns(backend.name, versions) else ():
                raised = await raised_by(probe.expression)
                control = await raised_by(probe.works) if raised else ""
                yield _judged(backend.name, one, probe, raised, control)
    finally:
        await worker.stop()


def with_probes(report: Report, backends: Sequence[Backend], records: Callable[[Backend], Sequence[Known]], timeout: float) -> Report:
    """A report with what the probes of its runtimes show; one that shows that a limit is gone makes the run fail."""

    async def news() -> list[str]:
        found: list[str] = []
        for backend in backends:
            if report.runtimes[backend.name].status == "ran" and not backend.mode.name:
                with suppress(WorkerFailed):
                    found.extend([one.sentence async for one in tried(backend, records(backend), timeout) if one.outcome != "holds"])
        return found

    gone = tuple(asyncio.run(news()))
    if not gone:
        return report
    summary = structs.replace(report.summary, limits_gone=gone, exit=max(report.summary.exit, 1))
    return structs.replace(report, summary=summary)


def _judged(runtime: str, known: Known, probe: Probe, raised: str, control: str) -> Tried:
    if not raised:
        return Tried(runtime, known, probe, "NEWS", f"it works now; translate it, and narrow or delete what says: {known.reason}")
    if raised.startswith(MISWRITTEN):
        return Tried(runtime, known, probe, "proves nothing", f"the probe itself is wrong: {raised}")
    if control:
        return Tried(runtime, known, probe, "proves nothing", f"{probe.works} must work, but raised {control}")
    return Tried(runtime, known, probe, "holds", raised)


async def _raised(worker: Worker, backend: Backend, expression: str, timeout: float) -> str:
    """What an expression raised, in one line, or how it ended the process; empty if it did neither."""
    text = f"{getattr(backend.module, 'IMPORTS', '')}\n\n\ndef f(x):\n    {expression}\n    return x\n"
    job = Job(id=0, text=text, seed=0, radius=1, dtype="float32", x=(1, 1, 1), y=(1, 1, 1), w=(), given=([[[1]]], None))
    try:
        async for event, _, answer in worker.ask([job], timeout):
            if event == "done" and answer and answer.stopped:
                return " ".join((answer.reason or answer.stopped).split())[:200]
    except (WorkerDied, WorkerSilent) as error:
        await worker.stop()
        return f"{error}{worker.last_words}"
    return ""
