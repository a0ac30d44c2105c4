"""Hosts as Ray actors: the same cases, asked on as many machines as a Ray cluster has (docs.ray.io, actors).

An actor keeps one worker process wherever Ray puts it. One that is lost, alone or with its machine, costs its batch, which is run again.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError

import backends
import spec
import verify
from backends import Backend
from verify.execute.process import HostLost, Job, Worker, WorkerDied, WorkerFailed, WorkerSilent
from verify.execute.result import Answer
from verify.execute.scheduler import LOSSES, Start

Event = tuple[str, set[int], Answer | None]


@contextmanager
def cluster(address: str = "") -> Iterator[tuple[Start, int]]:
    """What starts a worker there, and how many cores there are. Without an address a local Ray comes and goes. Raises WorkerFailed."""
    packages = {"runtime_env": {"py_modules": [spec, backends, verify]}, "address": address} if address else {"include_dashboard": False}
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        _knock(address)
        ray.init(log_to_driver=False, configure_logging=False, **packages)
    except (RayError, ConnectionError, ValueError, RuntimeError, OSError, OverflowError) as error:
        raise WorkerFailed(f"there is no Ray cluster at {address or 'this machine'}: {str(error).splitlines()[0]}") from None
    try:
        yield RemoteHost.start, int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Ray itself tries for minutes."""
    worker, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((worker, int(port)), timeout=5).close()


class Keeper:
    """The actor: one worker process, and what it said."""

    async def start(self, name: str, runtime: Any, python: str | None, how: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        self.worker = await Worker.start(Backend(name, runtime, ModuleType(name), python), **how)
        return self.worker.versions, self.worker.facts

    async def ask(self, jobs: list[Job], timeout: float) -> tuple[list[Event], WorkerDied | WorkerSilent | None, str, int, int]:
        """What came of a batch, what ended it, the last words then, how many jobs the worker has served, and by how much it has grown."""
        events: list[Event] = []
        try:
            async for event in self.worker.ask(jobs, timeout):
                events.append(event)
        except (WorkerDied, WorkerSilent) as error:
            await self.worker.stop()
            return events, error, self.worker.last_words, self.worker.served, 0
        return events, None, "", self.worker.served, self.worker.grown

    async def stop(self) -> None:
        await self.worker.stop()


class RemoteHost:
    """A worker process on some machine of the cluster, as `verify.execute.process.Worker` is one on this machine."""

    def __init__(self, actor: Any, versions: dict[str, str], facts: dict[str, str]) -> None:
        self.actor, self.versions, self.facts = actor, versions, facts
        self.last_words, self.served, self.grown = "", 0, 0

    @classmethod
    async def start(cls, backend: Backend, **how: Any) -> RemoteHost:
        """Raises WorkerFailed."""
        for _ in range(LOSSES):
            with suppress(RayActorError):
                actor = ray.remote(Keeper).options(num_cpus=0, scheduling_strategy="SPREAD").remote()
                return cls(actor, *await actor.start.remote(backend.name, backend.runtime, backend.python, how))  # type: ignore[attr-defined]
        raise WorkerFailed(f"{LOSSES} actors were lost while they started a worker")

    async def ask(self, jobs: list[Job], timeout: float) -> AsyncGenerator[Event]:
        """As `Worker.ask`; raises HostLost besides."""
        try:
            events, stopped, self.last_words, self.served, self.grown = await self.actor.ask.remote(jobs, timeout)
        except RayActorError:
            raise HostLost("the machine that the worker was on is gone") from None
        for event in events:
            yield event
        if stopped:
            raise stopped

    async def stop(self) -> None:
        """End the worker and its actor."""
        with suppress(RayError):
            await self.actor.stop.remote()
        ray.kill(self.actor)
