"""Hosts as Ray actors: the same questions, asked on as many machines as a Ray cluster has (docs.ray.io, actors).

An actor keeps one host process wherever Ray puts it. One that is lost, alone or with its machine, costs its batch, which is asked again.
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
from verify.answer import Answer
from verify.engine import LOSSES, Start
from verify.process import Host, HostDied, HostFailed, HostLost, HostSilent, Job

Event = tuple[str, set[int], Answer | None]


@contextmanager
def cluster(address: str = "") -> Iterator[tuple[Start, int]]:
    """What starts a host there, and how many cores there are. Without an address a local Ray comes and goes. Raises HostFailed."""
    packages = {"runtime_env": {"py_modules": [spec, backends, verify]}, "address": address} if address else {"include_dashboard": False}
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        _knock(address)
        ray.init(log_to_driver=False, configure_logging=False, **packages)
    except (RayError, ConnectionError, ValueError, RuntimeError, OSError, OverflowError) as error:
        raise HostFailed(f"there is no Ray cluster at {address or 'this machine'}: {str(error).splitlines()[0]}") from None
    try:
        yield RemoteHost.start, int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Ray itself tries for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=5).close()


class Keeper:
    """The actor: one host process, and what it said."""

    async def start(self, name: str, runtime: Any, python: str | None, how: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        self.host = await Host.start(Backend(name, runtime, ModuleType(name), python), **how)
        return self.host.versions, self.host.facts

    async def ask(self, jobs: list[Job], timeout: float) -> tuple[list[Event], HostDied | HostSilent | None, str, int, int]:
        """What came of a batch, what ended it, the last words then, how many jobs the host has served, and by how much it has grown."""
        events: list[Event] = []
        try:
            async for event in self.host.ask(jobs, timeout):
                events.append(event)
        except (HostDied, HostSilent) as error:
            await self.host.stop()
            return events, error, self.host.last_words, self.host.served, 0
        return events, None, "", self.host.served, self.host.grown

    async def stop(self) -> None:
        await self.host.stop()


class RemoteHost:
    """A host process on some machine of the cluster, as `verify.process.Host` is one on this machine."""

    def __init__(self, actor: Any, versions: dict[str, str], facts: dict[str, str]) -> None:
        self.actor, self.versions, self.facts = actor, versions, facts
        self.last_words, self.served, self.grown = "", 0, 0

    @classmethod
    async def start(cls, backend: Backend, **how: Any) -> RemoteHost:
        """Raises HostFailed."""
        for _ in range(LOSSES):
            with suppress(RayActorError):
                actor = ray.remote(Keeper).options(num_cpus=0, scheduling_strategy="SPREAD").remote()
                return cls(actor, *await actor.start.remote(backend.name, backend.runtime, backend.python, how))  # type: ignore[attr-defined]
        raise HostFailed(f"{LOSSES} actors were lost while they started a host")

    async def ask(self, jobs: list[Job], timeout: float) -> AsyncGenerator[Event]:
        """As `Host.ask`; raises HostLost besides."""
        try:
            events, stopped, self.last_words, self.served, self.grown = await self.actor.ask.remote(jobs, timeout)
        except RayActorError:
            raise HostLost("the machine that the host was on is gone") from None
        for event in events:
            yield event
        if stopped:
            raise stopped

    async def stop(self) -> None:
        """End the host and its actor."""
        with suppress(RayError):
            await self.actor.stop.remote()
        ray.kill(self.actor)
