"""Who asks next, how work is shared among workers, and what a lost or a swollen worker costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.test_worker import DOUBLE, LONG, STREAMING, fake, job
from verify.execute import scheduler
from verify.execute.process import HostLost, Job, Worker, WorkerFailed
from verify.execute.result import Answer
from verify.execute.scheduler import Cores, Scheduler, answers

WHO = "import os, numpy as np\ndef f(x): return np.array(os.getpid())"


def ask(scheduler: Scheduler, jobs: list[Job]) -> dict[int, Answer]:
    async def collect() -> dict[int, Answer]:
        return {asked.id: answer async for asked, answer in answers(scheduler, jobs)}

    return asyncio.run(asyncio.wait_for(collect(), LONG))


def pids(heard: dict[int, Answer]) -> list[int]:
    return [heard[i].outputs[0].values.item() for i in sorted(heard)]


def test_whoever_is_furthest_behind_goes_first() -> None:
    order: list[float] = []

    async def one(cores: Cores, progress: float) -> None:
        async with cores.one(progress):
            order.append(progress)
            await asyncio.sleep(0.01)

    async def several() -> None:
        cores = Cores(1)
        async with cores.one():
            waiting = [asyncio.create_task(one(cores, progress)) for progress in (0.9, 0.1, 0.5, 0.1)]
            await asyncio.sleep(0.01)
        await asyncio.gather(*waiting)

    asyncio.run(several())
    assert order == [0.1, 0.1, 0.5, 0.9]


def test_who_is_cancelled_while_waiting_keeps_no_core() -> None:
    async def several() -> bool:
        cores = Cores(1)
        async with cores.one():
            waiting = asyncio.create_task(cores.one(0).__aenter__())
            await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1), cores.one():
            return True

    assert asyncio.run(several())


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_so_many_hosts_share_the_work(workers: int) -> None:
    slow = WHO.replace("return", "__import__('time').sleep(0.01); return")
    heard = ask(Scheduler(fake(STREAMING), Cores(workers), LONG, alone=True, workers=workers), [job(i, slow) for i in range(60)])
    assert len(heard) == 60
    assert len(set(pids(heard))) == workers


class Lost:
    """A worker that is lost with its machine at its first batch, after some answers."""

    def __init__(self, worker: Worker, after: int) -> None:
        self.worker, self.after, self.versions, self.facts, self.last_words = worker, after, worker.versions, worker.facts, ""

    @property
    def served(self) -> int:
        return self.worker.served

    @property
    def grown(self) -> int:
        return 0

    async def ask(self, jobs: list[Job], timeout: float) -> AsyncGenerator[Any]:
        heard = 0
        async for event in self.worker.ask(jobs, timeout):
            if heard == self.after:
                raise HostLost("the machine is gone")
            heard += event[0] == "done"
            yield event

    async def stop(self) -> None:
        await self.worker.stop()


@pytest.mark.parametrize("after", [0, 3])
def test_a_machine_that_is_lost_is_nobodys_fault(after: int) -> None:
    started: list[int] = []

    async def start(*backend: Any, **how: Any) -> Any:
        started.append(1)
        worker = await Worker.start(*backend, **how)
        return Lost(worker, after) if len(started) <= scheduler.LOSSES else worker

    heard = ask(Scheduler(fake(STREAMING), Cores(1), LONG, start=start), [job(i, DOUBLE) for i in range(30)])
    assert {answer.stopped for answer in heard.values()} == {None}
    assert len(heard) == 30
    assert len(started) == scheduler.LOSSES + 1


def test_machines_are_not_lost_for_ever() -> None:
    async def start(*backend: Any, **how: Any) -> Any:
        return Lost(await Worker.start(*backend, **how), 0)

    heard = ask(Scheduler(fake(STREAMING), Cores(1), LONG, start=start), [job(0, DOUBLE)])
    assert (heard[0].stopped, heard[0].reason) == ("crashed", "the machine is gone")


KILLED = """
import os, pathlib, signal
count = pathlib.Path({path!r})
count.open("a").write(".")
if len(count.read_text()) <= {times}:
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""What a worker process does while it starts, so many times."""


@pytest.mark.parametrize("times", [1, scheduler.RESTARTS])
def test_a_worker_killed_while_it_starts_is_started_again(times: int, tmp_path: Path) -> None:
    """It costs as many restarts as it was killed, and no result."""
    glue = KILLED.format(path=str(tmp_path / "count"), times=times) + STREAMING
    heard = ask(Scheduler(fake(glue), Cores(1), LONG), [job(i, DOUBLE) for i in range(20)])
    assert {answer.stopped for answer in heard.values()} == {None}
    assert len((tmp_path / "count").read_text()) == times + 1


def test_a_worker_that_is_always_killed_is_given_up(tmp_path: Path) -> None:
    glue = KILLED.format(path=str(tmp_path / "count"), times=99) + STREAMING
    with pytest.raises(WorkerFailed, match="died 3 times while it started: the worker was ended by signal SIGKILL"):
        ask(Scheduler(fake(glue), Cores(1), LONG), [job(0, DOUBLE)])
    assert len((tmp_path / "count").read_text()) == scheduler.RESTARTS + 1


def test_what_fails_to_import_is_not_tried_again(tmp_path: Path) -> None:
    glue = KILLED.format(path=str(tmp_path / "count"), times=0) + "raise ImportError('no such framework')"
    with pytest.raises(WorkerFailed, match="no such framework"):
        ask(Scheduler(fake(glue), Cores(1), LONG), [job(0, DOUBLE)])
    assert len((tmp_path / "count").read_text()) == 1


def test_answers_wait_where_judging_is_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from a worker while more than so many bytes wait to be judged; all come in the end."""
    monkeypatch.setattr(scheduler, "HELD", 1000)
    works = []

    class Watched(scheduler._Work):
        def __init__(self, *how: Any) -> None:
            super().__init__(*how)
            works.append(self)

    monkeypatch.setattr(scheduler, "_Work", Watched)
    most: list[int] = []

    async def collect() -> int:
        heard = 0
        async for _ in answers(Scheduler(fake(STREAMING), Cores(1), LONG), [job(i, DOUBLE) for i in range(100)]):
            await asyncio.sleep(0.01)
            most.append(works[0].held)
            heard += 1
        return heard

    assert asyncio.run(asyncio.wait_for(collect(), LONG)) == 100
    assert max(most) <= 1000 + 24
    assert works[0].held == 0


def test_a_host_that_grows_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps 8 MiB of every text; with 64 MiB it must go."""
    monkeypatch.setattr(scheduler, "GROWTH", 64 << 20)
    leak = "import os, sys, numpy as np\nsys.kept = getattr(sys, 'kept', [])\ndef f(x):\n    sys.kept.append(np.ones(1 << 20))\n    return np.array(os.getpid())"  # noqa: E501
    heard = ask(Scheduler(fake(STREAMING), Cores(1), LONG, alone=True), [job(i, leak) for i in range(20)])
    assert 2 <= len(set(pids(heard))) <= 6
    assert len(set(pids(ask(Scheduler(fake(STREAMING), Cores(1), LONG, alone=True), [job(i, WHO) for i in range(20)])))) == 1
