"""From many wrong answers to few findings: alike ones together, each minimised with the framework in the loop, with a program and a text.

A smaller case counts only if it shows the same: output, verdict, diagnosis, and the same record of backends/*/known.py (or none), so that
a fault that nobody knows is not mistaken, half-way, for one that is a known deviation.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from msgspec import structs

from backends import Backend, BadBackend, Unsupported
from backends.known import Known
from spec import Case, Impossible, parse_case
from verify.conclude import Ask, Ran, Tally
from verify.execute.patience import Patience
from verify.execute.process import WorkerFailed
from verify.execute.scheduler import SLOWEST_IMPORT, Cores, Scheduler, beside_workers
from verify.explain.diagnose import remedies
from verify.explain.minimize import Given, cost, plainer_numbers, smaller, weight
from verify.explain.reproduce import issue, script
from verify.explain.standalone import Outcome, outcome
from verify.explain.verdicts import job, verdicts
from verify.grouping import by_mistake, counted, mistake_of, sentence
from verify.judge.judge import Judgement
from verify.judge.reference import Reference
from verify.limits import MAX_WORK, MINIMIZING
from verify.plan.work import work
from verify.record import FATAL, Diagnosis, Finding, Record, Report

LEAST = 20.0
"""Seconds that a mistake gets at least, as long as there are so many, before others get any."""

BATCH, CASE, NUMBERS = 0.5, 0.8, 1.0
"""Shares of the time for a finding, less what its program needs, after which its case is no longer minimised in batches, nor individually,
nor its numbers."""

PROGRAM = (0.25, 0.5)
"""The least and the greatest share of the time for a finding that is left to try its program: one and a half times what a worker process
takes to start and to run its first cases."""

AT_ONCE = 16
LARGEST_TO_PLAIN = 200
"""Numbers in all arrays together, above which they are left as they were drawn."""
LARGEST_TO_WRITE = 20_000
"""Numbers in all arrays together, above which no program is written of a case that could not be minimised in time."""

NOT_SHOWN = {
    "gone": "Concordant ran this program, and the fault did not show.",
    "did not run": "Concordant ran this program, and it did not run to its end.",
    "": "Concordant did not run this program: the time for minimising was over.",
}

HowFar = Callable[[str, str], None]
"""Called with what is minimised, and how far it is."""


@dataclass
class Found:
    """The findings so far. Those with one mistake are one, the smallest."""

    tell: Callable[[Finding], None] = lambda finding: None
    """Called with each new one."""
    by: dict[tuple[str, str, Diagnosis | str], Finding] = field(default_factory=dict)
    left: int = 0
    """How many mistakes nothing was found of, as the time was over."""

    def add(self, one: Finding) -> None:
        key = (one.runtime, one.verdict, mistake_of(one.matches) or one.case)
        same = self.by.get(key)
        least = min(one, same or one, key=lambda f: cost(parse_case(f.case)))
        self.by[key] = structs.replace(least, records=same.records + one.records) if same else one
        if same is None or least.id != same.id:
            self.tell(self.by[key])

    @property
    def all(self) -> list[Finding]:
        return sorted(self.by.values(), key=lambda f: (f.runtime, f.case))


def find(
    report: Report, groups: Sequence[list[Record]], backends: Iterable[Backend], known: Sequence[Known], *, timeout: float,
    most: int = 20, seconds: float = MINIMIZING, budget: float = math.inf, found: Found | None = None,
    progress: HowFar = lambda what, how_far: None,
) -> list[Finding]:
    """A finding for each of the first `most` groups of a runtime, the most frequent mistake first; those with one mistake become one.

    seconds: for each finding. budget: seconds for all. found: keeps what was found also when this is interrupted.
    """
    found, hunts = Found() if found is None else found, {}
    queue: list[list[Record]] = []
    for backend in backends:
        own = [g for g in groups if g[0].runtime == backend.name and g[0].kind == "case" and g[0].verdict != "not offered"]
        if own:
            runtime = report.runtimes[backend.name]
            ran = Ran(backend, versions=dict(runtime.versions), facts=dict(runtime.facts))
            hunts[backend.name] = Hunt(backend, known, ran, timeout)
            queue.extend(by_mistake(own)[:most])
    queue.sort(key=lambda group: -len(group))
    if queue:
        beside_workers(_find(queue, hunts, found, time.monotonic() + budget, seconds, progress))
    return found.all


async def _find(
    queue: list[list[Record]], hunts: dict[str, Hunt], found: Found, end: float, seconds: float, progress: HowFar
) -> None:
    found.left = len(queue)
    try:
        for i, group in enumerate(queue):
            left = end - time.monotonic()
            if left <= 0:
                break
            record, hunt = group[0], hunts[group[0].runtime]
            of = f"{record.runtime} {record.output} {record.verdict}, in {counted(len(group), 'result')}"
            what = f"minimising {i + 1} of {len(queue)} ({of})"
            hunt.progress = lambda how_far, what=what: progress(what, how_far)  # type: ignore[misc]
            hunt.progress("starting")
            finding = None
            try:
                with suppress(WorkerFailed, BadBackend, Unsupported):
                    finding = await hunt.smallest(group, min(seconds, max(left / (len(queue) - i), LEAST), left))
            except asyncio.CancelledError:
                if finding := hunt.unfinished():
                    found.left -= 1
                    found.add(finding)
                raise
            found.left -= 1
            if finding:
                found.add(finding)
    finally:
        for hunt in hunts.values():
            await hunt.stop()


@dataclass(frozen=True)
class Smallest:
    """The smallest form so far of a group's case that shows the same individually."""

    group: Sequence[Record]
    case: Case
    judged: Judgement
    given: Given | None = None
    instead: str = ""


@dataclass
class Hunt:
    """One runtime, run again and again: in batches where that is much cheaper, and in any case individually in the end."""

    backend: Backend
    known: Sequence[Known]
    ran: Ran
    timeout: float
    progress: Callable[[str], None] = lambda how_far: None
    alone: Scheduler = field(init=False)
    batch_flags: Scheduler | None = None
    patience: Patience = field(default_factory=Patience)
    scheduler: Scheduler = field(init=False)
    """The one that is used now."""
    best: Smallest | None = None
    begun: float = 0.0
    seconds: float = math.inf
    """When the present finding was begun, and its time."""
    start: float = 0.0
    """Seconds that the first worker process took until its first results."""

    def __post_init__(self) -> None:
        self.alone = Scheduler(self.backend, Cores(1), self.timeout, True, self.ran.versions, self.ran.facts)
        if self.backend.runtime.batch_flags:
            self.batch_flags = Scheduler(self.backend, Cores(1), self.timeout, False, self.ran.versions, self.ran.facts)
        self.scheduler = self.alone

    async def stop(self) -> None:
        """End the worker processes."""
        for scheduler in (self.alone, self.batch_flags):
            if scheduler:
                await scheduler.stop()

    async def smallest(self, group: Sequence[Record], seconds: float) -> Finding | None:
        """Minimise the shortest case of a group until nothing smaller shows the same, or time is up."""
        self.begun, self.seconds, self.best, self.scheduler = time.monotonic(), seconds, None, self.alone
        try:
            async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                return await self._smallest(group)
        except TimeoutError:
            await self.stop()  # in the middle of a case
            return self.unfinished()

    def unfinished(self) -> Finding | None:
        """What is known so far, with a program that was not run; nothing if that would be very long."""
        best = self.best
        if not best or math.prod(best.case.x) + sum(map(math.prod, best.case.w)) > LARGEST_TO_WRITE:
            return None
        drawn = self._drawn(best.case, best.judged)
        return self._written(best, best.given or drawn, 1, NOT_SHOWN[""])

    def _over(self, share: float) -> bool:
        """Whether that share of the time for minimising is over; the rest is for the program."""
        if math.isinf(self.seconds):
            return False
        program = min(max(1.5 * self.start, PROGRAM[0] * self.seconds), PROGRAM[1] * self.seconds)
        return time.monotonic() > self.begun + share * (self.seconds - program)

    async def _smallest(self, group: Sequence[Record]) -> Finding:
        record = group[0]
        fault = Fault(record.output, record.verdict, record.known, mistake_of(record.matches), first_words(record.verdict, record.reason))
        judged = Judgement(record.output, record.verdict, record.reason, record.difference, record.matches, rounding=record.rounding)
        case = parse_case(record.case)
        self.best = Smallest(group, case, judged)
        if self.batch_flags and record.verdict not in FATAL:
            self.scheduler = self.batch_flags
            smaller_one, _ = await self._shrunk(case, judged, fault, BATCH)
            self.scheduler = self.alone
            case, judged = await self._first([smaller_one], fault, CASE) or (case, judged)
        case, judged = await self._shrunk(case, judged, fault, CASE)
        self.best = best = Smallest(group, case, judged)
        self.progress(f"the case is {case!r}; making its numbers plain")
        given = await self._plain_numbers(case, judged, fault, NUMBERS)
        self.best = best = replace(best, given=given)
        self.best = best = replace(best, instead=await self._instead(case, judged))
        self.progress("trying the program")
        drawn = self._drawn(case, judged)
        attempts = [(drawn, 1), (drawn, 100)] if weight(given) == weight(drawn) else [(given, 1), (drawn, 1), (drawn, 100)]
        came: Outcome = "did not run"
        for numbers, times in attempts:
            finding = self._written(best, numbers, times)
            patience = SLOWEST_IMPORT + self.timeout * (2 if record.verdict == "timeout" else 1)
            for _ in range(2 if record.verdict == "crashed" else 1):  # a damaged heap ends the process only now and then
                came = await outcome(finding.script, self.backend.python or sys.executable, patience)
                if came != "shown":
                    break
            else:
                return finding
        return self._written(best, drawn, 100, NOT_SHOWN[came])

    def _written(self, best: Smallest, numbers: Given, times: int, note: str = "") -> Finding:
        record, case, judged = best.group[0], best.case, best.judged
        finding = Finding(
            id=_id(record.runtime, repr(case), judged.output, judged.verdict), runtime=record.runtime, output=judged.output,
            verdict=judged.verdict, reason=judged.reason, matches=judged.diagnosis, diagnosis=sentence(judged.diagnosis),
            records=tuple(r.id for r in best.group), first=record.case, case=repr(case), native=self.backend.translate(case),
            instead=best.instead, known=record.known,
        )  # fmt: skip
        versions = self.ran.versions
        program = script(finding, case, numbers, self.backend, versions, times=times, seconds=self.timeout, note=note)
        return structs.replace(finding, script=program, issue=issue(finding, case, versions, program))

    async def _shrunk(self, case: Case, judged: Judgement, fault: Fault, share: float) -> tuple[Case, Judgement]:
        while step := await self._first(smaller(case), fault, share):
            case, judged = step
            if self.best and self.scheduler is self.alone:
                self.best = Smallest(self.best.group, case, judged)
            self.progress(f"smallest so far {case!r}")
        return case, judged

    async def _first(self, cases: list[Case], fault: Fault, share: float) -> tuple[Case, Judgement] | None:
        """The smallest of the cases that shows the fault; they come smallest first."""
        at_once = 1 if fault.verdict in FATAL else AT_ONCE
        for i in range(0, len(cases), at_once):
            if self._over(share):
                break
            asked = cases[i : i + at_once]
            for case, judged in zip(asked, await self._asked([_reference(q) for q in asked]), strict=True):
                shown = next((j for j in judged if self._shows(fault, case, j)), None)
                if shown:
                    return case, fault.named(shown)
        return None

    async def _asked(self, references: Sequence[Reference | None], texts: Sequence[str] = ()) -> list[list[Judgement]]:
        """The judgements on each; none where it cannot be asked or said."""
        jobs = []
        for i, reference in enumerate(references):
            with suppress(Unsupported, BadBackend):
                if reference:
                    text = texts[i] if texts else self.backend.translate(reference.case)
                    jobs.append(job(i, text, reference, gradients=self.backend.has_gradients))
        judged: list[list[Judgement]] = [[] for _ in references]
        begun = time.monotonic()
        async for asked, answer in self.scheduler.answers(jobs):
            reference = references[asked.id]
            assert reference
            seconds = work(reference).seconds
            names = reference.names if self.backend.has_gradients else reference.names[:1]
            judged[asked.id] = await verdicts(reference, answer, seconds, MAX_WORK, self.patience, diagnose_it=True, names=names)
        self.start = self.start or time.monotonic() - begun
        return judged

    def _shows(self, fault: Fault, case: Case, judged: Judgement) -> bool:
        same = judged.verdict == fault.verdict and judged.output.rstrip("0123456789") == fault.output.rstrip("0123456789")
        if not same or first_words(judged.verdict, judged.reason) != fault.error:
            return False
        if fault.mistake and fault.mistake not in map(mistake_of, (judged.diagnosis, *judged.equals)):
            return False
        return Tally(self.known).explanation(self.ran, Ask(case), judged) == fault.known

    async def _plain_numbers(self, case: Case, judged: Judgement, fault: Fault, share: float) -> Given:
        """The numbers of the draw that shows it, made few and small where it still does."""
        given = self._drawn(case, judged)
        count = sum(a.size for a in given if a is not None)
        if judged.verdict != "differ" or not _can_be_plain(case) or count > LARGEST_TO_PLAIN:
            return given
        domains = case.op.domains(case.x, *case.w)
        while not self._over(share):
            plainer = [other for other in plainer_numbers(given, domains) if weight(other) < weight(given)]
            for i in range(0, len(plainer), AT_ONCE):
                some = plainer[i : i + AT_ONCE]
                verdicts = await self._asked([Reference(case, given=other) for other in some])
                shown = [other for other, js in zip(some, verdicts, strict=True) if any(self._still(fault, case, j) for j in js)]
                if shown:
                    given = shown[0]
                    break
            else:
                break
        return given

    def _drawn(self, case: Case, judged: Judgement) -> Given:
        reference = Reference(case)
        x, g, w = reference.at(judged.draw).drawn
        whole = judged.output != "y" or judged.verdict in (*FATAL, "changed argument")
        ungraded = not (whole and reference.differentiated and self.backend.has_gradients)
        return (x, None if ungraded else g, *w)

    def _still(self, fault: Fault, case: Case, judged: Judgement) -> bool:
        """With few numbers other than zero many operations give the same, so the diagnosis may change."""
        return self._shows(replace(fault, mistake=None), case, judged)

    async def _instead(self, case: Case, judged: Judgement) -> str:
        """Native code for another operation that turns out to answer the case right, every output of it."""
        if not judged.diagnosis:
            return ""
        reference = Reference(case)
        for other in remedies(case.op, judged.diagnosis):
            with suppress(Impossible, Unsupported, BadBackend):
                text = self.backend.translate(replace(case, op=other))
                (verdicts,) = await self._asked([reference], [text])
                if verdicts and all(j.verdict == "agree" for j in verdicts):
                    return text
        return ""


@dataclass(frozen=True)
class Fault:
    """What a smaller case must still show."""

    output: str
    verdict: str
    known: str | None
    mistake: Diagnosis | None
    error: str

    def named(self, judged: Judgement) -> Judgement:
        """With this mistake as its diagnosis, if it is among those that explain it."""
        same = [one for one in (judged.diagnosis, *judged.equals) if self.mistake and mistake_of(one) == self.mistake]
        return replace(judged, diagnosis=same[0]) if same else judged


def first_words(verdict: str, reason: str) -> str:
    """Of a raised error its type and the first words of its message, without sizes; empty of other verdicts."""
    return " ".join(re.findall(r"[A-Za-z_]{2,}", reason)[:6]) if verdict == "raised" else ""


def _can_be_plain(case: Case) -> bool:
    """Whether values of the case may be replaced by other whole numbers, and it then still says the same."""
    return case.check == "values" and bool(case.drawing.plain or case.drawing.marked)


def _reference(case: Case) -> Reference | None:
    with suppress(Impossible):
        return Reference(case)
    return None


def _id(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]
