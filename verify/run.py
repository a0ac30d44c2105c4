"""A run: every case and both sides of every theorem run on every runtime; each result is judged, each verdict goes into the report."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from shlex import quote
from typing import Any

from msgspec import structs

from backends import Backend, BadBackend, Unsupported, file_of, found, in_mode, runtime_of
from backends.known import Known, everything
from spec import Case, parse_case
from verify.cache import NOW, Cache, Hit, Notebook, remembered
from verify.conclude import Ask, Ran, conclude
from verify.earlier import Earlier
from verify.execute.environment import digest, machine, missing, variables, versions
from verify.execute.patience import Patience, Say
from verify.execute.process import Job, Worker, WorkerDiffers, WorkerFailed
from verify.execute.result import Answer
from verify.execute.scheduler import Cores, Scheduler, Start, answers, beside_workers
from verify.explain.minimize import smaller
from verify.explain.verdicts import job, verdicts
from verify.grouping import counted
from verify.judge.judge import Judgement, doubtful, judge
from verify.judge.reference import Reference
from verify.limits import CONFIDENCE, GIB, MAX_WORK, MEMORY
from verify.plan.plan import NothingToAsk, chosen
from verify.plan.prove import Proof, asked
from verify.plan.work import before, expect_affordable, work
from verify.record import Repeated, Report, Verdict
from verify.sample import sampled
from verify.store import BadStore, Kept, Store, Told

HELD = 2 * GIB
"""Estimated bytes of references kept for slower runtimes. Beyond that the oldest are dropped, and computed again when needed."""
LARGE = GIB // 64
"""Estimated bytes. Where digests tell what is right, larger expected values are dropped after a verdict on values."""
START_UP = 0.05
"""Seconds in which a worker is on its way, so that it imports while the next runtime's texts are written."""

Soon = Callable[[Backend], None]
Watch = Callable[[str, str, int], None]
"""Called with a runtime's name, what it is doing, and how many programs it has behind it."""


@dataclass
class Run:
    """The cases of a run, and the results so far. `report()` is valid at any time.

    Raises NothingToAsk, or Impossible if a case cannot be computed or would take more work than `max_work`.
    """

    cases: list[Case]
    backends: list[Backend]
    suite: dict[str, object]
    prove: Callable[[], list[Proof]] | None = None
    """Gives the theorems, proven; called when some runtime has been asked all cases."""
    minimum_agreement: float = 0.0
    only: dict[str, frozenset[str]] = field(default_factory=dict)
    """The texts of the cases that a target runs, where it does not run all."""
    partly: frozenset[str] = frozenset()
    """The targets that take only a share of a suite, and so no theorems."""
    confidence: int = CONFIDENCE
    timeout: float = 60.0
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    memory: int = MEMORY
    """Bytes that a worker may take."""
    start: Start = Worker.start
    """Starts a worker, here or elsewhere."""
    soon: Soon = lambda backend: None
    """Called with a backend of which a worker without batch flags will soon be started."""
    watch: Watch = lambda runtime, doing, done: None
    known: list[Known] = field(default_factory=everything)
    store: Store | None = None
    """Where every verdict is kept as it comes, and taken from if it is there already."""
    cache: Cache | None = field(default_factory=NOW.get)
    """Where verdicts of former runs are taken from, and these are kept for the next. Left out: what is in use."""
    place: dict[str, Any] = field(default_factory=machine)
    max_work: float = MAX_WORK
    """What is allowed for the reference of each case (verify.plan.work)."""
    say: Say = lambda sentence: None
    """Called with what is being computed, if that takes long."""
    interrupted: bool = False

    @classmethod
    def of(cls, store: Store, backends: list[Backend], **how: Any) -> Run:
        """What a store's plan says, as far as it has no verdict on it."""
        plan = store.plan
        return cls(
            plan.cases, backends, plan.described, plan.prove if plan.theorems else None, plan.minimum_agreement, plan.only,
            frozenset(plan.shares), plan.confidence, store=store, place=store.machine, max_work=plan.max_work, **how,
        )  # fmt: skip

    @classmethod
    def resumed(cls, store: Store, names: Iterable[str] = (), **how: Any) -> Run:
        """The same, if nothing has changed since it was begun that can change a verdict. Raises BadStore.

        The store may come from anywhere, so what it names outside this package is run only if `names` has it too and it is unchanged.
        """
        backends = chosen(_named_again(store, list(names)))
        if [b.name for b in backends] != store.plan.runtimes:
            raise BadStore(f"{store.folder} was begun by another version of concordant or of a backend file; begin a new run")
        for backend in backends:
            told, here = store.told(backend.name), _told(backend)
            if told and (told.installed, told.environment) != (here.installed, here.environment):
                change = f"{told.installed} in {told.environment}, but now it is {here.installed} in {here.environment}"
                raise BadStore(f"{store.folder} was begun with {backend.name} being {change}; begin a new run")
        return cls.of(store, backends, **how)

    def __post_init__(self) -> None:
        texts = [repr(q) for q in self.cases]
        exact = remembered(
            self._exact_forms, list[list[str]], "exact forms", texts, self.max_work, self.confidence,
            put=lambda found: [list(map(repr, forms)) for forms in found], got=lambda found: [list(map(parse_case, t)) for t in found],
        )  # fmt: skip
        wanted, forms = set(texts), list(zip(self.cases, exact, strict=True))
        origin = {repr(q): repr(asked) for asked, added in reversed(forms) for q in added if repr(q) not in wanted}
        self.cases = list({repr(q): q for asked, added in forms for q in (asked, *added)}.values())
        self.asks = [Ask(q, reduced_from=origin.get(repr(q), "")) for q in self.cases]
        if not self.asks and not self.prove:
            raise NothingToAsk("no case is left; ask for another suite, operation or dtype")
        if not self.backends:
            raise NothingToAsk("no runtime is left; name one with --backend")
        self._earlier = Earlier(self.cache, self.place, (self.confidence, self.max_work, self.memory), self.say)
        self._references: dict[int, Reference] = {}
        self._held = 0.0
        self._seconds: dict[int, float] = {}
        self._patience = Patience()
        self.missed: dict[int, float | None] = {}
        self.ran = {backend.name: Ran(backend, partly=backend.name in self.partly) for backend in self.backends}
        self._asked = {
            name: frozenset(i for i, ask in enumerate(self.asks) if texts & {ask.text, ask.reduced_from})
            for name, texts in self.only.items()
        }

    def _exact_forms(self) -> list[list[Case]]:
        """Of every case, if each can be afforded. Raises Impossible."""
        for case in self.cases:
            expect_affordable(case, self.max_work, self.confidence)
        return list(map(exact_form, self.cases))

    def go(self) -> Report:
        """Run everything. Ctrl-C and SIGTERM end it early, and the report then says so. Raises BadStore."""
        try:
            beside_workers(self._all())
        except (KeyboardInterrupt, asyncio.CancelledError):
            self.interrupted = True
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        return self.report()

    @cached_property
    def proofs(self) -> list[Proof]:
        """The theorems; their cases are run after all cases."""
        proofs = self.prove() if self.prove else []
        for instance in (instance for proof in proofs for instance in proof.native):
            self.asks.extend(Ask(asked(side).case, instance, side, n) for n, side in enumerate(instance.natives()))
        return proofs

    def reference(self, i: int) -> Reference:
        """Inputs, expected values and bounds of the i-th program: kept until every runtime has run it, as far as memory allows."""
        if i not in self._references:
            made = self.asks[i].reference(self.confidence)
            self.missed[i] = made.missed_probability
            self._held += _bytes(made)
            while self._references and self._held > HELD:
                self._forget(next(iter(self._references)))
            self._references[i] = made
        return self._references[i]

    def _forget(self, i: int) -> None:
        if gone := self._references.pop(i, None):
            self._held -= _bytes(gone)

    async def _all(self) -> None:
        cores, me = Cores(self.cores), asyncio.current_task()
        with suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel if me else lambda: None)
        async with asyncio.TaskGroup() as group:
            for ran in self.ran.values():
                group.create_task(self._one(ran, cores))
                await asyncio.sleep(START_UP)

    async def _one(self, ran: Ran, cores: Cores) -> None:
        backend = ran.backend
        ran.reason = missing(backend)
        if ran.reason:
            ran.status = "not installed"
            return
        self._recall(ran)
        self._tell(ran)
        jobs, taken = self._open(ran), dict[int, Job]()
        again: dict[int, list[Judgement]] = {}
        try:
            async for job, judged in self._judged(ran, (taken.setdefault(job.id, job) for job in jobs), cores):
                if doubtful(judged, batch_flags=bool(backend.runtime.batch_flags)):
                    again[job.id] = judged
                else:
                    self._keep(ran, taken.pop(job.id), judged, "running")
            individually = [replace(taken[i], digest="") for i in sorted(again)]
            async for job, judged in self._judged(ran, individually, cores, again):
                self._keep(ran, job, judged, "confirming")
            self._tell(ran)
            await self._repeat(ran, cores)
        except WorkerFailed as error:
            if isinstance(error, WorkerDiffers) and ran.recalled:  # what earlier workers observed is no longer so
                await self._anew(ran, cores)
                return
            for i in again.keys() - ran.settled:
                self._settle(ran, taken[i], again[i], "failed")
            ran.not_run = len({job.id for job in (*taken.values(), *jobs)} - ran.settled)
            left = f"; {ran.not_run} of {self.total(backend.name)} cases were not run" if ran.not_run else ""
            ran.status, ran.reason = "failed", f"{error}{left}"
        except asyncio.CancelledError:
            for i in again.keys() - ran.settled:
                self._settle(ran, taken[i], again[i], "interrupted")
            raise
        self.watch(backend.name, "done", self.total(backend.name))

    async def _anew(self, ran: Ran, cores: Cores) -> None:
        """Run all of it, without what the workers of former runs observed."""
        self._earlier.forget(ran)
        if self.store:
            self.store.forget(ran.backend.name)
        self.ran[ran.backend.name] = Ran(ran.backend, partly=ran.partly)
        await self._one(self.ran[ran.backend.name], cores)

    async def _repeat(self, ran: Ran, cores: Cores) -> None:
        """Run a sample of what agreed in batches individually, as users run it; where it does not agree then, that is its verdict.

        A runtime that users run otherwise than batches do names the mode for it, and a verdict then says which.
        """
        if not ran.backend.runtime.batch_flags or ran.repeated:
            return
        texts = {i: text for i, text, _ in ran.judged}
        agreed = texts.keys() - {i for i, _, judged in ran.judged if judged.verdict != "agree"}
        chosen = sampled({i: self.asks[i].key for i in agreed}, self.suite.get("seed", 0))
        backend = _repeating(ran.backend)
        otherwise, jobs = 0, list[Job]()
        for i in chosen:
            if hit := self._earlier.hit(ran, self.asks[i], texts[i], individually=True):
                otherwise += self._repeated(ran, backend, i, texts[i], hit.judged)
            else:
                jobs.append(job(i, texts[i], self.reference(i), gradients=ran.backend.has_gradients))
        async for one, judged in self._judged(ran, jobs, cores, {}, backend):
            self._earlier.keep(ran, self.asks[one.id], one.text, judged, self.missed[one.id], individually=True)
            otherwise += self._repeated(ran, backend, one.id, one.text, judged)
            self.watch(ran.backend.name, "repeating", len(ran.settled))
        ran.repeated = Repeated(agreed=len(agreed), repeated=len(chosen), otherwise=otherwise, mode=ran.backend.runtime.repeat_in)
        self._tell(ran)

    def _repeated(self, ran: Ran, backend: Backend, i: int, text: str, judged: list[Judgement]) -> bool:
        """Whether what agreed in a batch does not agree individually, which then is its verdict."""
        if all(j.verdict == "agree" for j in judged):
            return False
        if backend is not ran.backend:
            judged = [replace(j, reason=f"as {backend.name}: {j.reason}") if j.verdict != "agree" else j for j in judged]
        ran.replace(i, text, judged)
        self._save(ran, i, text, judged)
        return True

    def total(self, target: str) -> int:
        """How many programs a target is to run, theorems included as soon as they are proven."""
        cases = len(self._asked.get(target, self.cases))
        return cases + (0 if target in self.partly else len(self.asks) - len(self.cases))

    def put_together(self) -> Report:
        """The report of results in the store, wherever they come from. Translates nothing. Raises BadStore if a result is missing."""
        assert self.store
        for ran in self.ran.values():
            kept = self.store.kept(ran.backend.name)
            lacking = [i for i in self._everything(ran) if not self._take(ran, i, kept)]
            if lacking:
                have = "has" if self.total(ran.backend.name) == 1 else "have"
                why = f"{len(lacking)} of {counted(self.total(ran.backend.name), 'case')} to {ran.backend.name} {have} no answer"
                raise BadStore(f"{why}; finish each part with concordant run --resume")
            self._recall(ran)
        return self.report()

    def _recall(self, ran: Ran) -> None:
        """Read the versions, environment and facts of a runtime from the store, or find them here; facts from former runs."""
        told = (self.store and self.store.told(ran.backend.name)) or _told(ran.backend)
        ran.versions.update(told.versions)
        ran.environment = told.environment
        ran.facts.update(told.facts)
        ran.repeated = told.repeated
        self._earlier.recall(ran)

    def _tell(self, ran: Ran) -> None:
        """Store the versions, environment and facts of a runtime; the next run may want what was observed."""
        self._earlier.tell(ran)
        if self.store:
            found = {"versions": dict(ran.versions), "facts": dict(ran.facts), "repeated": ran.repeated}
            self.store.tell(ran.backend.name, structs.replace(_told(ran.backend), **found))

    def _open(self, ran: Ran) -> Iterator[Job]:
        """The jobs still to run, theorems last. What needs no run is settled here: what is not offered, and what has a verdict already."""
        kept = self.store.kept(ran.backend.name) if self.store else {}
        texts = Notebook(tuple[str, str], "texts", ran.backend.name) if self._earlier.of(ran) and ran.backend.ours else None
        some = False
        for i in self._everything(ran):
            if self._take(ran, i, kept):
                continue
            try:
                if lacking := self._lacking(ran, i):
                    self._decline(ran, i, lacking)
                    continue
                make = partial(_translated, ran.backend, self.asks[i].case)
                text, why_not = texts.of(self.asks[i].text, make) if texts else make()
                if why_not:
                    raise Unsupported(why_not)
                if hit := self._earlier.hit(ran, self.asks[i], text):
                    self._recognise(ran, i, text, hit)
                    continue
                reference = self.reference(i)
            except (Unsupported, BadBackend) as why:
                if isinstance(why, Unsupported) and not ran.backend.ours:
                    self._decline(ran, i, str(why))
                    continue
                reference = self.reference(i)
                verdict: Verdict = "not offered" if isinstance(why, Unsupported) else "raised"
                judged = judge(reference, Answer(stopped=verdict, reason=str(why)), names=_names(ran.backend, reference))
                self._save(ran, i, "", judged)
                ran.add(i, "", judged)
            else:
                some = True
                yield job(i, text, reference, gradients=ran.backend.has_gradients, digest=True)
        if texts:
            texts.keep()
        if some and ran.backend.runtime.batch_flags:  # what comes of the last batch is run again individually, or a sample of it
            self.soon(_repeating(ran.backend))

    def _recognise(self, ran: Ran, i: int, text: str, hit: Hit) -> None:
        """Settle the i-th program by what a former run found."""
        self.missed[i] = hit.missed
        self._save(ran, i, text, hit.judged)
        ran.from_cache += 1
        ran.add(i, text, hit.judged)

    def _lacking(self, ran: Ran, i: int) -> str:
        """What the i-th program needs and a runtime does not declare; empty if nothing."""
        side = self.asks[i].side
        if side and side.output != "y" and not ran.backend.has_gradients:
            return "gradients"
        return ran.backend.lacks(self.asks[i].case)

    def _decline(self, ran: Ran, i: int, what: str) -> None:
        """Settle the i-th program as not offered."""
        self._save(ran, i, what, [])
        ran.decline(i, what)

    def _take(self, ran: Ran, i: int, kept: dict[str, Kept]) -> bool:
        """Whether the i-th program has verdicts in the store, which are then used."""
        if (ask := self.asks[i]).key not in kept:
            return False
        text, judged = kept[ask.key]
        if not judged:
            ran.decline(i, text)
            return True
        given, wanted = [j.output for j in judged], list(_names(ran.backend, self.reference(i)))
        if self.store and given != wanted:
            what = f"{self.store.path} holds verdicts on {', '.join(given)} of {ask.key}, whose outputs are {', '.join(wanted)}"
            raise BadStore(f"{what}; begin a new run with another --out")
        ran.add(i, text, judged)
        return True

    def _everything(self, ran: Ran) -> Iterator[int]:
        """The number of everything that a target runs: all cases first."""
        yield from (i for i in range(len(self.cases)) if self._is_for(ran, i))
        if not ran.partly:
            _ = self.proofs
            yield from range(len(self.cases), len(self.asks))

    def _is_for(self, ran: Ran, i: int) -> bool:
        """Whether a target runs the i-th program."""
        if i >= len(self.cases):
            return not ran.partly
        own = self._asked.get(ran.backend.name)
        return own is None or i in own

    async def _judged(
        self, ran: Ran, jobs: Iterable[Job], cores: Cores, before: Mapping[int, list[Judgement]] | None = None,
        backend: Backend | None = None,
    ) -> AsyncGenerator[tuple[Job, list[Judgement]]]:  # fmt: skip
        """In batches; individually where `before` is given, the verdicts on results in batches by job. backend: another than it was."""
        alone = before is not None
        self.watch(ran.backend.name, "starting" if not alone else "confirming", len(ran.settled))
        workers = max(self.cores // len(self.backends), 1)
        scheduler = Scheduler(backend or ran.backend, cores, self.timeout, alone, ran.versions, ran.facts, workers, self.memory, self.start)
        told = dict(ran.versions), dict(ran.facts)
        async with aclosing(answers(scheduler, jobs, begin=bool(self._earlier.of(ran)) and not (alone or ran.facts))) as stream:
            async for job, answer in stream:
                if (ran.versions, ran.facts) != told:
                    self._tell(ran)
                    told = dict(ran.versions), dict(ran.facts)
                reference = self.reference(job.id)
                if job.id not in self._seconds:
                    self._seconds[job.id] = work(reference).seconds
                judged = await verdicts(
                    reference, answer, self._seconds[job.id], self.max_work, self._patience, self.say, diagnose_it=alone,
                    in_batch=before.get(job.id, ()) if before is not None else (), batch_flags=bool(ran.backend.runtime.batch_flags),
                    names=_names(ran.backend, reference),
                )  # fmt: skip
                if alone and _large(reference) and job.id in self._references:
                    self._references[job.id] = reference.without_values()
                yield job, judged

    def _keep(self, ran: Ran, job: Job, judged: list[Judgement], doing: str) -> None:
        self._save(ran, job.id, job.text, judged)
        self._earlier.keep(ran, self.asks[job.id], job.text, judged, self.missed[job.id])
        self._settle(ran, job, judged, doing)

    def _save(self, ran: Ran, i: int, text: str, judged: list[Judgement]) -> None:
        if self.store:
            self.store.keep(ran.backend.name, self.asks[i].key, text, judged)

    def _settle(self, ran: Ran, job: Job, judged: list[Judgement], doing: str) -> None:
        ran.add(job.id, job.text, judged)
        if all(job.id in r.settled or not self._is_for(r, job.id) for r in self.ran.values() if r.status == "ran"):
            self._forget(job.id)
        self.watch(ran.backend.name, doing, len(ran.settled))

    def report(self) -> Report:
        """Everything so far, judged as a whole; no theorem if it was interrupted before they were proven."""
        ran, proofs = list(self.ran.values()), vars(self).get("proofs", [])
        return conclude(
            self.suite, self.asks, self.missed, proofs, ran, self.known, self.minimum_agreement, self.place, interrupted=self.interrupted
        )  # fmt: skip


def _bytes(reference: Reference) -> float:
    """An estimate of what is kept of it. Digests take next to nothing."""
    return 0.0 if reference.digestible else before(reference.case).bytes


def _large(reference: Reference) -> bool:
    """Whether its expected values are dropped after a verdict on values: most runtimes need its digests alone."""
    return bool(reference.digestible) and before(reference.case).bytes > LARGE


def _told(backend: Backend) -> Told:
    """Versions and environment of a backend on this machine, found without importing its framework."""
    installed = versions(backend)
    own = found().get(backend.base)
    return Told(
        installed=installed, versions=installed, environment={**variables(), **backend.runtime.environment},
        asked=backend.asked or backend.name, batch_flags=backend.runtime.batch_flags, outputs=backend.runtime.outputs,
        ours=own is not None and own.module is backend.module,
    )  # fmt: skip


def _repeating(backend: Backend) -> Backend:
    """The backend, in the mode in which a sample of what agreed in batches is run again individually."""
    mode = backend.runtime.repeat_in
    return in_mode(backend, mode) if mode else backend


def _named_again(store: Store, names: list[str]) -> list[str]:
    """The backends that the run began with, if the user names again those from outside this package. Raises BadStore."""
    begun, folder = store.plan.backends, store.folder
    if others := [name for name in names if name not in begun]:
        wrong = f"{folder} was begun with --backend {', '.join(begun)}, not {', '.join(others)}"
        raise BadStore(f"{wrong}; leave out --backend {', '.join(others)}, or begin a new run")
    outside = [name for name in begun if "=" in name or runtime_of(name) not in found()]
    if set(outside) - set(names):
        again = " ".join(f"--backend {quote(name)}" for name in outside)
        why = f"{folder} names code that is not part of concordant, which is run only if you name it again"
        raise BadStore(f"{why}: concordant run --resume {quote(str(folder))} {again}")
    files = [path for name in outside if (path := file_of(name))]
    if store.plan.code != digest(files):
        raise BadStore(f"{folder} was begun by another version of concordant or of a backend file; begin a new run")
    return begun


def exact_form(case: Case) -> list[Case]:
    """A smaller case, where a case of whole numbers adds too many products to be exact in its dtype: the largest found that is exact and
    has an output. Empty where none is needed, or none is found."""
    if not case.drawing.plain or case.check != "values" or case.op.roundings or Reference(case).radius:
        return []
    same = (case.dtype, case.data, case.check, case.seed)
    while candidates := [q for q in smaller(case) if (q.dtype, q.data, q.check, q.seed) == same and all(q.y)]:
        exact = [q for q in reversed(candidates) if Reference(q).radius]
        if exact:
            return exact[:1]
        case = candidates[0]
    return []


def _translated(backend: Backend, case: Case) -> tuple[str, str]:
    """The native text, or why there is none. Raises BadBackend."""
    try:
        return backend.translate(case).encode("utf-8", "backslashreplace").decode(), ""
    except Unsupported as why:
        return "", str(why)


def _names(backend: Backend, reference: Reference) -> tuple[str, ...]:
    """The outputs that a runtime gives."""
    return reference.names if backend.has_gradients else reference.names[:1]
