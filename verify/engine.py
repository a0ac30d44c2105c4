"""Asks a runtime's host process, and survives whatever happens to it.

One host per runtime; at most `cores` of them busy at a time. Batches grow 1, 8, 64. When a host dies or falls silent, what it was running
is asked again in halves; a single question is asked again as the first of a new host, and gets the verdict if that stops too.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import struct
import sys
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from backends import Backend
from verify.host import LARGEST_BODY, LARGEST_HEADER, pack
from verify.judge import Answer, Output

HOST = Path(__file__).with_name("host.py")
BATCHES = (1, 8, 64)
LIFETIME = 4000
"""Jobs after which a host is replaced, since frameworks leak."""


@dataclass(frozen=True)
class Job:
    """A text to run and the arrays to draw for it: x and g multiples of `unit`, all from −radius to radius (times unit)."""

    id: int
    text: str
    seed: int
    radius: int
    dtype: str
    x: tuple[int, ...]
    y: tuple[int, ...]
    w: tuple[tuple[int, ...], ...]
    unit: int = 1
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
        noise = tempfile.TemporaryFile()  # noqa: SIM115
        process = await asyncio.create_subprocess_exec(
            backend.python or sys.executable, "-I", str(HOST),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=noise,
            env={**os.environ, **added}, cwd=tempfile.gettempdir(), start_new_session=True,
        )  # fmt: skip
        host = cls(process, noise)
        try:
            await host._send({"glue": backend.runtime.glue})
            header, _ = await host._receive(timeout)
            if header["kind"] != "ready":
                raise HostFailed(header.get("error", "it said nothing"))
            host.versions = {str(k): str(v) for k, v in header["versions"].items()}
        except (HostDied, HostSilent, KeyError, AttributeError) as error:
            await host.stop()
            raise HostFailed(f"{error}{host.last_words}") from None
        except BaseException:
            await host.stop()
            raise
        return host

    async def ask(self, jobs: list[Job], timeout: float) -> AsyncIterator[tuple[str, list[int], Answer | None]]:
        """("began", ids, None), ("done", [id], answer) or ("split", [], None) as they come. Raises HostDied, HostSilent."""
        await self._send({"jobs": [vars(job) for job in jobs]})
        left = {job.id for job in jobs}
        while left:
            header, body = await self._receive(timeout)
            try:
                kind = header["kind"]
                if kind == "done":
                    left.remove(header["job"])
                    yield kind, [header["job"]], _answer(header, body)
                else:
                    yield kind, [i for i in header.get("jobs", []) if i in left], None
                    if kind == "split":
                        return
            except (KeyError, TypeError, ValueError) as error:
                raise HostDied(f"the host sent a message that makes no sense: {error!r}") from None
        self.served += len(jobs)

    async def stop(self) -> None:
        """Kill it, wait for its end and keep its last words."""
        if self.noise.closed:
            return
        if self.process.returncode is None:
            # not process.kill(): it reaps the child first, and its true status is lost
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        self.process._transport.close()  # type: ignore[attr-defined]
        with self.noise:
            self.noise.seek(max(self.noise.seek(0, os.SEEK_END) - 2000, 0))
            said = self.noise.read().decode("utf-8", "replace").strip().splitlines()
        self.last_words = f"; its last words: {said[-1][:300]}" if said else ""

    async def _send(self, header: dict[str, Any]) -> None:
        assert self.process.stdin
        try:
            self.process.stdin.write(pack(header))
            await self.process.stdin.drain()
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
        except ValueError as error:
            raise HostDied(f"the host sent a message that makes no sense: {error}") from None
        if not isinstance(header, dict):
            raise HostDied("the host sent a message that makes no sense")
        return header, body

    async def _how_it_ended(self) -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.process.wait()
        await self.stop()
        code = self.process.returncode or 0
        if code < 0:
            return f"the host was ended by signal {signal.Signals(-code).name}"
        return f"the host ended with status {code}"


async def answers(
    backend: Backend, jobs: Iterable[Job], *, cores: asyncio.Semaphore, timeout: float, alone: bool = False, versions: dict[str, str]
) -> AsyncGenerator[tuple[Job, Answer]]:
    """Every job's answer, as they come; what a dying host left open is asked again of a new one.

    alone: one job at a time, in the environment users have. Puts what the host says of its versions into `versions`.
    Raises HostFailed if no host starts.
    """
    pending = deque(_batches(list(jobs), (1,) if alone else BATCHES))
    host: Host | None = None
    suspects: set[int] = set()
    try:
        while pending:
            batch = pending.popleft()
            open_jobs = {job.id: job for job in batch}
            began: list[int] = []
            ready: list[tuple[Job, Answer]] = []
            stopped: Answer | None = None
            split = False
            async with cores:
                if host is None or host.served >= LIFETIME:
                    if host:
                        await host.stop()
                    host = await Host.start(backend, survey=not alone, timeout=max(timeout, 120))
                    versions.update(host.versions)
                try:
                    async for kind, ids, answer in host.ask(batch, timeout):
                        if kind == "began":
                            began = ids
                        elif kind == "split":
                            split = True
                        elif answer:
                            ready.append((open_jobs.pop(ids[0]), answer))
                except HostSilent as error:
                    await host.stop()
                    stopped = Answer(stopped="timeout", reason=f"{error}{host.last_words}")
                except HostDied as error:
                    await host.stop()
                    stopped = Answer(stopped="crashed", reason=f"{error}{host.last_words}")
            if stopped:
                host = None
            running = [open_jobs[i] for i in began if i in open_jobs] if stopped or split else []
            if stopped and not running and open_jobs:
                running = [next(iter(open_jobs.values()))]
            if stopped and len(running) == 1:
                (suspect,) = running
                del open_jobs[suspect.id]
                if suspect.id in suspects:
                    ready.append((suspect, stopped))
                else:
                    suspects.add(suspect.id)
                    pending.appendleft([suspect])
            elif running:
                for job in running:
                    del open_jobs[job.id]
                half = math.ceil(len(running) / 2)
                pending.extendleft(part for part in (running[half:], running[:half]) if part)
            if open_jobs:
                pending.append(list(open_jobs.values()))
            for job, answer in ready:
                yield job, answer
    finally:
        if host:
            await host.stop()


def _batches(jobs: list[Job], sizes: tuple[int, ...]) -> Iterable[list[Job]]:
    start = 0
    for n in (*sizes, *(sizes[-1] for _ in jobs)):
        if start < len(jobs):
            yield jobs[start : start + n]
        start += n


def _answer(header: dict[str, Any], body: bytes) -> Answer:
    outputs, at = [], 0
    for described in header["outputs"]:
        dtype, shape = np.dtype(described["travels"]), tuple(int(n) for n in described["shape"])
        if dtype.hasobject or any(n < 0 for n in shape):
            raise ValueError(f"an array of {dtype} and shape {shape}")
        count = math.prod(shape)
        if at + count * dtype.itemsize > len(body):
            raise ValueError("fewer bytes than announced")
        values = np.frombuffer(body, dtype, count, at).reshape(shape) if count else np.empty(shape, dtype)
        outputs.append(Output(values, str(described["dtype"]), bool(described["repeats"])))
        at += count * dtype.itemsize
    if "error" in header:
        return Answer(tuple(outputs), "refused", str(header["error"]))
    return Answer(tuple(outputs))
