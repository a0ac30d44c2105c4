"""Asks a runtime through its worker processes, and survives whatever happens to them.

Batches grow 1, 8, 64. When a worker dies or falls silent, the cases it was running are run again in halves; a single case is run again
as the first of a new worker, and gets the verdict if that stops too.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, count, islice, repeat
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from backends import Backend
from verify.execute.process import HostLost, Job, Worker, WorkerDied, WorkerDiedStarting, WorkerDiffers, WorkerFailed, WorkerSilent
from verify.execute.result import Answer
from verify.facts import changed_facts
from verify.limits import GIB, MEMORY
from verify.record import Verdict

BATCHES = (1, 8, 64)
SLOWEST_IMPORT = 120.0
"""Seconds that a framework may take to start, at least."""
LIFETIME = 4000
"""Jobs after which a worker is replaced, since frameworks leak."""
GROWTH = GIB // 2
"""Bytes by which a worker may grow after its first batch before it is replaced."""
RESTARTS = 2
"""How often a worker is started again that died while it started."""
LOSSES = 5
"""How often a batch may be lost with the machine that its worker was on before its cases are blamed."""
HELD = GIB // 4
"""Bytes of answers that may wait to be judged, before no more are read."""


T = TypeVar("T")


def beside_workers(task: Coroutine[Any, Any, T]) -> T:
    """Run a task that asks worker processes and computes references meanwhile, in one thread of BLAS: with every core busy, a second one
    waits more than it computes."""
    with threadpool_limits(1, user_api="blas"):
        return asyncio.run(task)


class AnyHost(Protocol):
    """A `Worker`, or what stands for one that is elsewhere."""

    versions: dict[str, str]
    facts: dict[str, str]
    last_words: str

    @property
    def served(self) -> int: ...

    @property
    def grown(self) -> int: ...

    def ask(self, jobs: list[Job], timeout: float) -> AsyncGenerator[tuple[str, set[int], Answer | None]]: ...

    async def stop(self) -> None: ...


Start = Callable[..., Awaitable[AnyHost]]
"""`Worker.start`, or what starts a worker elsewhere."""


class Cores:
    """Lets so many workers be busy at a time. Of those that wait, the one that has least behind it goes first."""

    def __init__(self, free: int) -> None:
        self.free = free
        self._changed = asyncio.Condition()
        self._waiting: list[tuple[int, int]] = []
        self._numbers = count()

    @asynccontextmanager
    async def one(self, progress: int = 0) -> AsyncIterator[None]:
        """Hold a core. `progress`: how much the worker's runtime has behind it."""
        me = (progress, next(self._numbers))
        async with self._changed:
            self._waiting.append(me)
            try:
                await self._changed.wait_for(lambda: self.free > 0 and me == min(self._waiting))
                self.free -= 1
            finally:
                self._waiting.remove(me)
                self._changed.notify_all()
        try:
            yield
        finally:
            self.free += 1
            async with self._changed:
                self._changed.notify_all()


@dataclass
class Scheduler:
    """Asks one runtime, keeping its workers from one call to the next until `stop`.

    alone: one job at a time, in the environment users have. Puts what a worker process says of its versions into `versions`, and what it
    observed into `facts`; all of them must observe the same.
    """

    backend: Backend
    cores: Cores
    timeout: float
    alone: bool = False
    versions: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    workers: int = 1
    """How many processes share the work."""
    memory: int = MEMORY
    """Bytes that a worker may take."""
    start: Start = Worker.start
    running: dict[int, AnyHost] = field(default_factory=dict)

    async def answers(self, jobs: Iterable[Job]) -> AsyncGenerator[tuple[Job, Answer]]:
        """Every job's result, as they come; cases that a dying worker left open run again. Jobs are taken when they are wanted.

        Raises WorkerFailed if no worker starts.
        """
        work = _Work(jobs, (1,) if self.alone else BATCHES)
        tasks = [asyncio.create_task(self._share(place, work)) for place in range(self.workers)]
        asyncio.gather(*tasks, return_exceptions=True).add_done_callback(lambda _: work.heard.put_nowait(None))
        try:
            while (heard := await work.heard.get()) is not None:
                if isinstance(heard, BaseException):
                    raise heard
                work.take(heard[1])
                yield heard
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def begin(self) -> None:
        """Start the first worker before there is anything to ask, so that its versions and facts are there. Raises WorkerFailed."""
        async with self.cores.one():
            await self._ready(0)

    async def stop(self) -> None:
        """End the workers, if there are any."""
        for place in list(self.running):
            await self._end(place)

    async def _share(self, place: int, work: _Work) -> None:
        try:
            asking = True
            while asking:
                async with work.batch() as batch:
                    if asking := bool(batch):
                        await self._ask(place, batch, work)
        except Exception as error:
            work.heard.put_nowait(error)

    async def _ask(self, place: int, batch: list[Job], work: _Work) -> None:
        waiting = {job.id: job for job in batch}
        running: dict[int, Job] = {}
        stopped: Answer | None = None
        async with self.cores.one(work.settled):
            worker = await self._ready(place)
            try:
                async for kind, ids, answer in worker.ask(batch, self.timeout):
                    if kind == "began":
                        running |= {i: waiting.pop(i) for i in ids}
                    elif answer:
                        for i in ids:
                            work.settle((running if i in running else waiting).pop(i), answer)
                        await work.room()
            except (WorkerSilent, WorkerDied) as error:
                await self._end(place)
                if isinstance(error, HostLost) and work.may_be_lost():
                    waiting, running = waiting | running, {}
                else:
                    verdict: Verdict = "timeout" if isinstance(error, WorkerSilent) else "crashed"
                    stopped = Answer(stopped=verdict, reason=f"{error}{worker.last_words}")
        if stopped and not running:
            running = dict([waiting.popitem()])
        if stopped and len(running) == 1 and work.suspects >= running.keys():
            work.settle(running.popitem()[1], stopped)
        else:
            work.suspects |= running.keys() if stopped else set()
            work.again.extend(_halves(list(running.values())))
        if waiting:
            work.again.append(list(waiting.values()))

    async def _ready(self, place: int) -> AnyHost:
        worker = self.running.get(place)
        if worker and (worker.served >= LIFETIME or worker.grown > min(GROWTH, self.memory // 4)):
            await self._end(place)
        if place not in self.running:
            worker = await self._started()
            self.running[place] = worker
            self.versions.update(worker.versions)
            if self.facts and self.facts != worker.facts:
                await self._end(place)
                other = f"a worker process differs from the one that this run began with: {changed_facts(self.facts, worker.facts)}"
                raise WorkerDiffers(f"{other}; run it on equal machines with equal settings")
            self.facts.update(worker.facts)
        return self.running[place]

    async def _started(self) -> AnyHost:
        """A new worker; one that dies while it starts is started again."""
        patience = max(self.timeout, SLOWEST_IMPORT)
        for restarts in count():
            try:
                return await self.start(self.backend, batch_flags=not self.alone, timeout=patience, memory=self.memory)
            except WorkerDiedStarting as error:
                if restarts == RESTARTS:
                    raise WorkerFailed(f"the worker process died {restarts + 1} times while it started: {error}") from None
        raise AssertionError

    async def _end(self, place: int) -> None:
        await self.running.pop(place).stop()


async def answers(scheduler: Scheduler, jobs: Iterable[Job], *, begin: bool = False) -> AsyncGenerator[tuple[Job, Answer]]:
    """Every job's answer from a scheduler that has nothing else to do. Raises WorkerFailed if no worker starts.

    begin: whether a worker is started before the first job is taken, since which jobs there are depends on what it observes.
    """
    try:
        if begin:
            await scheduler.begin()
        async with aclosing(scheduler.answers(jobs)) as stream:
            async for heard in stream:
                yield heard
    finally:
        await scheduler.stop()


class _Work:
    """What is still to be asked, taken from the jobs only when it is wanted, and what has been heard."""

    def __init__(self, jobs: Iterable[Job], sizes: tuple[int, ...]) -> None:
        self.jobs, self.sizes = iter(jobs), chain(sizes, repeat(sizes[-1]))
        self.again: deque[list[Job]] = deque()
        """Batches to ask before anything else is taken from the jobs."""
        self.heard: asyncio.Queue[tuple[Job, Answer] | Exception | None] = asyncio.Queue()
        self.suspects: set[int] = set()
        """The ids of jobs that were running when a worker stopped."""
        self.losses = self.settled = self.out = self.held = 0
        """`out`: batches that are being asked. `held`: bytes of answers that nobody has taken."""
        self._room = asyncio.Event()
        self._room.set()
        self._back = asyncio.Condition()

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[list[Job]]:
        """The next one to ask; empty when all have their answers."""
        async with self._back:
            await self._back.wait_for(lambda: self._next() or not self.out)
            batch = self.again.popleft() if self.again else []
            self.out += 1
        try:
            yield batch
        finally:
            self.out -= 1
            async with self._back:
                self._back.notify_all()

    def _next(self) -> bool:
        if not self.again and (fresh := list(islice(self.jobs, next(self.sizes)))):
            self.again.append(fresh)
        return bool(self.again)

    def settle(self, job: Job, answer: Answer) -> None:
        self.settled += 1
        self._hold(_bytes(answer))
        self.heard.put_nowait((job, answer))

    def take(self, answer: Answer) -> None:
        """Note that an answer is no longer waiting."""
        self._hold(-_bytes(answer))

    async def room(self) -> None:
        """Wait until what was heard is not much: judging may be slower than answering."""
        await self._room.wait()

    def _hold(self, more: int) -> None:
        self.held += more
        if self.held > HELD:
            self._room.clear()
        else:
            self._room.set()

    def may_be_lost(self) -> bool:
        """Whether another loss can still be nobody's fault."""
        self.losses += 1
        return self.losses <= LOSSES


def _bytes(answer: Answer) -> int:
    return sum(output.values.nbytes for outputs in answer.draws for output in outputs)


def _halves(jobs: list[Job]) -> list[list[Job]]:
    middle = math.ceil(len(jobs) / 2)
    return [half for half in (jobs[:middle], jobs[middle:]) if half]
