"""Asks a runtime's host process, and survives whatever happens to it.

One host per runtime; at most `cores` of them busy at a time. Batches grow 1, 8, 64. When a host dies or falls silent, what it was running
is asked again in halves; a single question is asked again as the first of a new host, and gets the verdict if that stops too.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import signal
import struct
import sys
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from backends import Backend
from spec import Array
from verify.answer import Answer, Inferred, Output
from verify.host import LARGEST_BODY, LARGEST_HEADER, clean, pack
from verify.record import Verdict

HOST = Path(__file__).with_name("host.py")
BATCHES = (1, 8, 64)
SLOWEST_IMPORT = 120.0
"""Seconds that a framework may take to start, at least."""
INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
NUMBERS = {"bool", *INTEGERS, "float16", "float32", "float64", "complex64", "complex128"}
"""The dtypes that arrays may travel in."""
TELLING = re.compile(r"check failed|fatal|error|corrupt|abort|assert|invalid", re.IGNORECASE)
"""What a line of last words looks like that says more than a stack frame does."""
LIFETIME = 4000
"""Jobs after which a host is replaced, since frameworks leak."""


@dataclass(frozen=True)
class Job:
    """A text to run and the arrays to draw for it (verify.host.numbers)."""

    id: int
    text: str
    seed: int
    radius: int
    dtype: str
    x: tuple[int, ...]
    y: tuple[int, ...]
    w: tuple[tuple[int, ...], ...]
    unit: int = 1
    kind: str = "integers"
    draws: int = 1
    given: tuple[Any, ...] | None = None
    """x, g (None: no gradients asked) and the weights as nested lists of whole numbers, instead of drawn ones."""


class HostFailed(Exception):
    """The host could not start. The message is the framework's own last words."""


class HostDied(Exception):
    """The host is gone, or speaks nonsense."""


class HostSilent(Exception):
    """Nothing was heard for longer than the time limit."""


@dataclass
class Host:
    """One process that has one framework loaded."""

    process: asyncio.subprocess.Process
    noise: IO[bytes]
    last_words: str = ""
    """Once it has stopped: the end of what it printed, if anything."""
    versions: dict[str, str] = field(default_factory=dict)
    served: int = 0

    @classmethod
    async def start(cls, backend: Backend, *, survey: bool, timeout: float) -> Host:
        """Raises HostFailed."""
        added = {**backend.runtime.environment, **(backend.runtime.survey if survey else {})}
        python = backend.python or sys.executable
        noise = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            process = await asyncio.create_subprocess_exec(
                python, "-I", str(HOST),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=noise,
                env={**os.environ, **added}, cwd=tempfile.gettempdir(), start_new_session=True,
            )  # fmt: skip
        except BaseException as error:
            noise.close()
            if isinstance(error, OSError):
                raise HostFailed(f"{python} does not run: {error.strerror}") from None
            raise
        host = cls(process, noise)
        try:
            await host._send({"glue": backend.runtime.glue}, timeout)
            header, _ = await host._receive(timeout)
            if header.get("kind") != "ready" or not isinstance(header.get("versions"), dict):
                raise HostFailed(clean(str(header.get("error", "its greeting makes no sense"))))
            host.versions = {clean(str(k)): clean(str(v)) for k, v in header["versions"].items()}
        except (HostDied, HostSilent) as error:
            await host.stop()
            raise HostFailed(f"{error}{host.last_words}") from None
        except BaseException:
            await host.stop()
            raise
        return host

    async def ask(self, jobs: list[Job], timeout: float) -> AsyncGenerator[tuple[str, set[int], Answer | None]]:
        """("began", ids, None), ("done", {id}, answer) or ("split", ids, None), which is the last. Raises HostDied, HostSilent."""
        await self._send({"jobs": [vars(job) for job in jobs]}, timeout)
        waiting, running = {job.id for job in jobs}, set[int]()
        while waiting or running:
            header, body = await self._receive(timeout)
            try:
                kind, ids = header["kind"], {header["job"]} if "job" in header else set(header.get("jobs", ()))
                if kind == "began" and ids and ids <= waiting:
                    waiting, running = waiting - ids, running | ids
                    yield kind, ids, None
                elif kind == "done" and len(ids) == 1 and ids <= waiting | running:
                    answer = _answer(header, body)
                    waiting, running = waiting - ids, running - ids
                    yield kind, ids, answer
                elif kind == "split" and len(running) > 1:
                    yield kind, running, None
                    break
                else:
                    raise ValueError(f"{kind!r} of {ids}")
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                raise HostDied(clean(f"the host sent a message that makes no sense: {error!r}")) from None
        self.served += len(jobs)

    async def stop(self) -> None:
        """Kill it, wait for its end and keep its last words."""
        if self.noise.closed:
            return
        # not process.kill(): it reaps the child first, and its true status is lost; nor would it end what the host started
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pipe in map(self.process._transport.get_pipe_transport, (0, 1)):  # type: ignore[attr-defined]
            pipe.close()
        await self.process.wait()
        with self.noise:
            self.noise.seek(max(self.noise.seek(0, os.SEEK_END) - 20000, 0))
            said = self.noise.read().decode("utf-8", "replace").strip().splitlines()
        telling = [line for line in said if TELLING.search(line)] or said
        self.last_words = f"; its last words: {clean(telling[-1])[:300]}" if telling else ""

    async def _send(self, header: dict[str, Any], timeout: float) -> None:
        assert self.process.stdin
        try:
            async with asyncio.timeout(timeout):
                self.process.stdin.write(pack(header))
                await self.process.stdin.drain()
        except TimeoutError:
            raise HostSilent(f"nothing was taken for {timeout:g} s") from None
        except (BrokenPipeError, ConnectionResetError):
            raise HostDied(await self._how_it_ended()) from None

    async def _receive(self, timeout: float) -> tuple[dict[str, Any], bytes]:
        assert self.process.stdout
        try:
            async with asyncio.timeout(timeout):
                lengths = struct.unpack("<II", await self.process.stdout.readexactly(8))
                if lengths[0] > LARGEST_HEADER or lengths[1] > LARGEST_BODY:
                    raise HostDied(f"the host announced a message of {sum(lengths)} bytes")
                header = json.loads(await self.process.stdout.readexactly(lengths[0]))
                body = await self.process.stdout.readexactly(lengths[1])
        except TimeoutError:
            raise HostSilent(f"nothing was heard for {timeout:g} s") from None
        except asyncio.IncompleteReadError:
            raise HostDied(await self._how_it_ended()) from None
        except (ValueError, RecursionError):
            raise HostDied("the host sent a message that makes no sense: no JSON") from None
        if not isinstance(header, dict):
            raise HostDied("the host sent a message that makes no sense: no object")
        return header, body

    async def _how_it_ended(self) -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self.process.wait()
        if self.process.returncode is None:
            return "the host closed its end of the conversation"
        if self.process.returncode >= 0:
            return f"the host ended with status {self.process.returncode}"
        number = -self.process.returncode
        known = {int(s): s.name for s in signal.Signals}
        return f"the host was ended by signal {known.get(number, number)}"


@dataclass
class Asker:
    """Asks one runtime, keeping its host from one call to the next until `stop`.

    alone: one job at a time, in the environment users have. Puts what the host says of its versions into `versions`.
    """

    backend: Backend
    cores: asyncio.Semaphore
    timeout: float
    alone: bool = False
    versions: dict[str, str] = field(default_factory=dict)
    host: Host | None = None

    async def answers(self, jobs: Iterable[Job]) -> AsyncGenerator[tuple[Job, Answer]]:
        """Every job's answer, as they come; what a dying host left open is asked again of a new one. Raises HostFailed if none starts."""
        pending = deque(_batches(list(jobs), (1,) if self.alone else BATCHES))
        suspects: set[int] = set()
        while pending:
            batch = pending.popleft()
            waiting = {job.id: job for job in batch}
            running: dict[int, Job] = {}
            heard: list[tuple[Job, Answer]] = []
            stopped: Answer | None = None
            async with self.cores:
                host = await self._ready()
                try:
                    async for kind, ids, answer in host.ask(batch, self.timeout):
                        if kind == "began":
                            running |= {i: waiting.pop(i) for i in ids}
                        elif answer:
                            heard.extend(((running if i in running else waiting).pop(i), answer) for i in ids)
                except (HostSilent, HostDied) as error:
                    await self.stop()
                    verdict: Verdict = "timeout" if isinstance(error, HostSilent) else "crashed"
                    stopped = Answer(stopped=verdict, reason=f"{error}{host.last_words}")
            if stopped and not running:
                running = dict([waiting.popitem()])
            if stopped and len(running) == 1 and suspects >= running.keys():
                heard.append((running.popitem()[1], stopped))
            else:
                suspects |= running.keys() if stopped else set()
                pending.extendleft(reversed(_halves(list(running.values()))))
            if waiting:
                pending.append(list(waiting.values()))
            for job, answer in heard:
                yield job, answer

    async def stop(self) -> None:
        """End the host, if there is one."""
        if self.host:
            host, self.host = self.host, None
            await host.stop()

    async def _ready(self) -> Host:
        if self.host and self.host.served >= LIFETIME:
            await self.stop()
        if self.host is None:
            self.host = await Host.start(self.backend, survey=not self.alone, timeout=max(self.timeout, SLOWEST_IMPORT))
            self.versions.update(self.host.versions)
        return self.host


async def answers(
    backend: Backend, jobs: Iterable[Job], *, cores: asyncio.Semaphore, timeout: float, alone: bool = False, versions: dict[str, str]
) -> AsyncGenerator[tuple[Job, Answer]]:
    """Every job's answer from an Asker of its own. Raises HostFailed if no host starts."""
    asker = Asker(backend, cores, timeout, alone, versions)
    try:
        async for heard in asker.answers(jobs):
            yield heard
    finally:
        await asker.stop()


def _halves(jobs: list[Job]) -> list[list[Job]]:
    middle = math.ceil(len(jobs) / 2)
    return [half for half in (jobs[:middle], jobs[middle:]) if half]


def _batches(jobs: list[Job], sizes: tuple[int, ...]) -> Iterable[list[Job]]:
    start = 0
    for n in (*sizes, *(sizes[-1] for _ in jobs)):
        if start < len(jobs):
            yield jobs[start : start + n]
        start += n


def _answer(header: dict[str, Any], body: bytes) -> Answer:
    at = 0
    draws: list[tuple[Output, ...]] = []
    for described in (header["outputs"], *header.get("more", ())):
        outputs = []
        for one in described:
            values = _array(one, body, at)
            outputs.append(Output(values, clean(str(one["dtype"]))[:100], bool(one.get("repeats", True))))
            at += values.nbytes
        draws.append(tuple(outputs))
    inferred = tuple(Inferred(clean(str(way))[:100], _shape(said), _shape(ran)) for way, said, ran in header.get("inferred", ()))
    answer = Answer(draws[0], more=tuple(draws[1:]), inferred=inferred)
    if "error" in header:
        return replace(answer, stopped="refused", reason=clean(str(header["error"])))
    return answer


def _shape(said: Any) -> tuple[int | None, ...] | None:
    return None if said is None else tuple(None if n is None else int(n) for n in said[:32])


def _array(described: dict[str, Any], body: bytes, at: int) -> Array:
    if described["travels"] not in NUMBERS:
        raise ValueError(f"an array of {described['travels']!r}")
    dtype, shape = np.dtype(described["travels"]), tuple(int(n) for n in described["shape"])
    if len(shape) > 32 or any(n < 0 for n in shape):
        raise ValueError(f"an array of shape {shape}")
    count = math.prod(shape)
    if at + count * dtype.itemsize > len(body):
        raise ValueError("fewer bytes than announced")
    return np.frombuffer(body, dtype, count, at).reshape(shape) if count else np.empty(shape, dtype)
