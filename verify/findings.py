"""From many wrong answers to few findings: alike ones together, each shrunk with the framework in the loop, written so that it can be sent.

A smaller question counts only if it shows the same: output, verdict, diagnosis, and the same record of backends/known/ (or none), so that
a fault that nobody knows is not mistaken, half-way, for one that is on record.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from msgspec import structs

from backends import Backend, BadBackend, Unsupported
from backends.known import Known
from spec import Impossible, Question, parse_question
from verify.conclude import Ran, Tally
from verify.diagnose import remedies
from verify.engine import SLOWEST_IMPORT, Asker, Cores
from verify.groups import operation, standing, without_step
from verify.host import MARKS
from verify.judge import Judgement
from verify.patience import Patience
from verify.process import HostFailed
from verify.record import Finding, Record, Report
from verify.reference import Reference
from verify.reproduce import issue, script, shows
from verify.run import job, verdicts
from verify.shrink import Given, cost, plainer_numbers, smaller, weight
from verify.work import MAX_WORK, work

SECONDS = 60.0
"""For shrinking one finding; the smallest so far is kept."""

AT_ONCE = 16
FATAL = ("crashed", "timeout")
LARGEST_TO_PLAIN = 200
"""Numbers in all arrays together, above which they are left as they were drawn."""


def alike(report: Report) -> list[list[Record]]:
    """What nothing explains, alike ones together, shortest question first."""
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for r in report.records:
        if standing(r) == "new":
            groups[likeness(r)].append(r)
    return [sorted(records, key=lambda r: (len(r.question), r.question)) for records in groups.values()]


def likeness(record: Record) -> tuple[str, ...]:
    """What alike records have in common: runtime, operations, verdict and diagnosis; where nothing explains a value, the output too."""
    output = record.output if not record.diagnosis and record.verdict in ("differ", "nondeterministic", "imprecise") else ""
    return record.runtime, operation(record), output, record.verdict, record.diagnosis or re.sub(r"\d+", "#", record.reason)


def find(
    report: Report, groups: Sequence[list[Record]], backends: Iterable[Backend], known: Sequence[Known], *, timeout: float,
    most: int = 20, seconds: float = SECONDS,
) -> list[Finding]:
    """A finding for each of the first `most` groups of a runtime; those with one mistake become one, the smallest."""
    found: dict[tuple[str, ...], Finding] = {}
    for backend in backends:
        own = [g for g in groups if g[0].runtime == backend.name and g[0].kind == "case" and g[0].verdict != "unsupported"]
        if not own:
            continue
        runtime = report.runtimes[backend.name]
        hunt = Hunt(backend, known, Ran(backend, versions=dict(runtime.versions), facts=dict(runtime.facts)), timeout, seconds)
        for one in asyncio.run(hunt.all_of(own[:most])):
            key = (one.runtime, one.verdict, mistake(one.diagnosis) or one.question)
            same = found.get(key, one)
            least = min(one, same, key=lambda f: cost(parse_question(f.question)))
            found[key] = least if same is one else structs.replace(least, records=same.records + one.records)
    return sorted(found.values(), key=lambda f: (f.runtime, f.question))


@dataclass
class Hunt:
    """One runtime, asked again and again: in company where its survey makes that much cheaper, and in any case alone in the end."""

    backend: Backend
    known: Sequence[Known]
    ran: Ran
    timeout: float
    seconds: float = SECONDS
    """For each finding, and once more for its numbers."""
    alone: Asker = field(init=False)
    survey: Asker | None = None
    patience: Patience = field(default_factory=Patience)
    asker: Asker = field(init=False)
    """The one that is asked now."""

    def __post_init__(self) -> None:
        self.alone = Asker(self.backend, Cores(1), self.timeout, True, self.ran.versions, self.ran.facts)
        if self.backend.runtime.survey:
            self.survey = Asker(self.backend, Cores(1), self.timeout, False, self.ran.versions, self.ran.facts)
        self.asker = self.alone

    async def all_of(self, groups: Sequence[Sequence[Record]]) -> list[Finding]:
        """Each group's finding."""
        found = []
        try:
            for group in groups:
                with suppress(HostFailed, BadBackend, Unsupported):
                    found.append(await self.smallest(group))
        finally:
            for asker in (self.alone, self.survey):
                if asker:
                    await asker.stop()
        return found

    async def smallest(self, group: Sequence[Record]) -> Finding:
        """Shrink the shortest question of a group until nothing smaller shows the same, or time is up."""
        record = group[0]
        fault = Fault(record.output, record.verdict, record.known, mistake(record.diagnosis))
        judged = Judgement(record.output, record.verdict, record.reason, record.difference, record.diagnosis, rounding=record.rounding)
        question = parse_question(record.question)
        if self.survey and record.verdict not in FATAL:
            self.asker = self.survey
            smaller_one, _ = await self._shrunk(question, judged, fault)
            self.asker = self.alone
            question, judged = await self._first([smaller_one], fault, time.monotonic() + self.seconds) or (question, judged)
        question, judged = await self._shrunk(question, judged, fault)
        given = await self._plain_numbers(question, judged, fault)
        finding = Finding(
            id=_id(record.runtime, repr(question), judged.output, judged.verdict), runtime=record.runtime, output=judged.output,
            verdict=judged.verdict, reason=judged.reason, diagnosis=judged.diagnosis, records=tuple(r.id for r in group),
            first=record.question, question=repr(question), native=self.backend.translate(question),
            instead=await self._instead(question, judged), known=record.known,
        )  # fmt: skip
        drawn = self._drawn(question, judged)
        for numbers, times in ((given, 1), (drawn, 1), (drawn, 100)):
            program = script(finding, question, numbers, self.backend, self.ran.versions, times=times)
            if await asyncio.to_thread(shows, program, self.backend, self.timeout + SLOWEST_IMPORT):
                break
        else:
            program = program.replace("\n\nExit status 1", "\n\nIt did not show again in a process of its own.\n\nExit status 1", 1)
        return structs.replace(finding, script=program, issue=issue(finding, question, self.ran.versions, program))

    async def _shrunk(self, question: Question, judged: Judgement, fault: Fault) -> tuple[Question, Judgement]:
        end = time.monotonic() + self.seconds
        while step := await self._first(smaller(question), fault, end):
            question, judged = step
        return question, judged

    async def _first(self, questions: list[Question], fault: Fault, end: float) -> tuple[Question, Judgement] | None:
        """The smallest of the questions that shows the fault; they come smallest first."""
        at_once = 1 if fault.verdict in FATAL else AT_ONCE
        for i in range(0, len(questions), at_once):
            if time.monotonic() > end:
                break
            asked = questions[i : i + at_once]
            for question, judged in zip(asked, await self._asked([_reference(q) for q in asked]), strict=True):
                shown = next((j for j in judged if self._shows(fault, question, j)), None)
                if shown:
                    return question, fault.named(shown)
        return None

    async def _asked(self, references: Sequence[Reference | None], texts: Sequence[str] = ()) -> list[list[Judgement]]:
        """The judgements on each; none where it cannot be asked or said."""
        jobs = []
        for i, reference in enumerate(references):
            with suppress(Unsupported, BadBackend):
                if reference:
                    jobs.append(job(i, texts[i] if texts else self.backend.translate(reference.question), reference))
        judged: list[list[Judgement]] = [[] for _ in references]
        async for asked, answer in self.asker.answers(jobs):
            reference = references[asked.id]
            assert reference
            seconds = work(reference).seconds
            judged[asked.id] = await verdicts(reference, answer, seconds, MAX_WORK, self.patience, diagnose_it=True)
        return judged

    def _shows(self, fault: Fault, question: Question, judged: Judgement) -> bool:
        same = judged.verdict == fault.verdict and judged.output.rstrip("0123456789") == fault.output.rstrip("0123456789")
        if not same or (fault.diagnosis and fault.diagnosis not in map(mistake, (judged.diagnosis, *judged.equals))):
            return False
        return Tally(self.known).explanation(self.ran, question, judged) == fault.known

    async def _plain_numbers(self, question: Question, judged: Judgement, fault: Fault) -> Given:
        """The numbers of the draw that shows it, made few and small where it still does."""
        given = self._drawn(question, judged)
        count = sum(a.size for a in given if a is not None)
        if judged.verdict != "differ" or question.kind not in ("integers", *MARKS) or count > LARGEST_TO_PLAIN:
            return given
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            plainer = [other for other in plainer_numbers(given) if weight(other) < weight(given)]
            for i in range(0, len(plainer), AT_ONCE):
                some = plainer[i : i + AT_ONCE]
                verdicts = await self._asked([Reference(question, given=other) for other in some])
                shown = [other for other, js in zip(some, verdicts, strict=True) if any(self._still(fault, question, j) for j in js)]
                if shown:
                    given = shown[0]
                    break
            else:
                break
        return given

    def _drawn(self, question: Question, judged: Judgement) -> Given:
        reference = Reference(question)
        x, g, w = reference.at(judged.draw).drawn
        ungraded = not reference.differentiated or (judged.output == "y" and judged.verdict not in FATAL)
        return (x, None if ungraded else g, *w)

    def _still(self, fault: Fault, question: Question, judged: Judgement) -> bool:
        """With few numbers other than zero many neighbours give the same, so the words may change."""
        return self._shows(replace(fault, diagnosis=""), question, judged)

    async def _instead(self, question: Question, judged: Judgement) -> str:
        """Native code for a neighbour that turns out to answer the question right, every output of it."""
        if not judged.diagnosis:
            return ""
        reference = Reference(question)
        for other in remedies(question.op, judged.diagnosis):
            with suppress(Impossible, Unsupported, BadBackend):
                text = self.backend.translate(replace(question, op=other))
                (verdicts,) = await self._asked([reference], [text])
                if verdicts and all(j.verdict == "agree" for j in verdicts):
                    return text
        return ""


@dataclass(frozen=True)
class Fault:
    """What a smaller question must still show."""

    output: str
    verdict: str
    known: str | None
    diagnosis: str

    def named(self, judged: Judgement) -> Judgement:
        """In these words, if they are among those that explain it."""
        same = [words for words in (judged.diagnosis, *judged.equals) if self.diagnosis and mistake(words) == self.diagnosis]
        return replace(judged, diagnosis=same[0]) if same else judged


def mistake(diagnosis: str) -> str:
    """What two diagnoses have in common that name one mistake: the words without the step of a composition and without amounts;
    nothing where they only say which values are wrong."""
    located = diagnosis.startswith("all were right but") or ", but only at" in diagnosis
    return "" if located else re.sub(r"-?\d[\d.e+-]*", "#", without_step(diagnosis))


def _reference(question: Question) -> Reference | None:
    with suppress(Impossible):
        return Reference(question)
    return None


def _id(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]
