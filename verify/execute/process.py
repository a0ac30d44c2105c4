"""One worker process (worker.py): its start, what is sent to it, what it sends back, how it ends. It is not trusted."""

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
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from backends import Backend
from spec import Array
from verify.execute.result import Answer, Inferred, Output
from verify.execute.worker import LARGEST_BODY, LARGEST_HEADER, STREAMS, clean, pack

WORKER = Path(__file__).with_name("worker.py")
INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
NUMBERS = {"bool", *INTEGERS, "float16", "float32", "float64", "complex64", "complex128"}
"""The dtypes that arrays may travel in."""
GIB = 1 << 30
MEMORY = 8 * GIB
"""Bytes that a worker may take, unless told otherwise."""
TELLING = re.compile(r"check failed|fatal|error|corrupt|abort|assert|invalid", re.IGNORECASE)
"""What a line of output looks like that says more than a stack frame does."""


@dataclass(frozen=True)
class Job:
    """A text to run and the arrays to draw for it (verify.execute.worker.numbers)."""

    id: int
    text: str
    seed: int
    radius: int
    dtype: str
    x: tuple[int, ...]
    y: tuple[int, ...]
    w: tuple[tuple[int, ...], ...]
    unit: int = 1
    data: str = "integers"
    check: str = "values"
    draws: int = 1
    domains: tuple[tuple[int, int, int, bool] | None, ...] = ()
    """Of each weight: None, or the numbers it takes (spec.operation.Domain)."""
    given: tuple[Any, ...] | None = None
    """x, g (None: no gradients asked) and the weights as nested lists of whole numbers, instead of drawn ones."""
    gradients: bool = True
    """Whether gradients are wanted of what has them."""


class WorkerFailed(Exception):
    """The worker could not start. The message is the last lines that the framework printed."""


class WorkerDiedStarting(WorkerFailed):
    """The worker ended by itself before it was ready, as when the system is out of memory: another try may go better."""


class WorkerDied(Exception):
    """The worker is gone, or speaks nonsense."""


class HostLost(WorkerDied):
    """The worker is gone with the machine it was on, which is the fault of nothing it was asked."""


class WorkerSilent(Exception):
    """The worker sent nothing for longer than the time limit."""


@dataclass
class Worker:
    """One process that has one framework loaded."""

    process: asyncio.subprocess.Process
    noise: IO[bytes]
    last_words: str = ""
    """Once it has stopped: the end of what it printed, if anything."""
    versions: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    """What the worker process observed after it imported its framework: instruction set, threads, device, precision flags."""
    served: int = 0
    at_first: int = 0
    """Bytes in use after the first batch."""

    @classmethod
    async def start(cls, backend: Backend, *, batch_flags: bool, timeout: float, memory: int = MEMORY) -> Worker:
        """A process that has the framework loaded and may take `memory` bytes. Raises WorkerFailed."""
        added = {**backend.runtime.environment, **(_appended(backend.runtime.batch_flags) if batch_flags else {})}
        python = backend.python or sys.executable
        noise = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            process = await asyncio.create_subprocess_exec(
                python, "-I", str(WORKER),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=noise,
                env={**os.environ, **added}, cwd=tempfile.gettempdir(), start_new_session=True,
            )  # fmt: skip
        except BaseException as error:
            noise.close()
            if isinstance(error, OSError):
                raise WorkerFailed(f"{python} does not run: {error.strerror}") from None
            raise
        worker = cls(process, noise)
        try:
            file = str(getattr(backend.module, "__file__", None) or backend.name)
            await worker._send({"glue": backend.runtime.glue, "memory": memory, "file": file}, timeout)
            header, _ = await worker._receive(timeout)
            versions, facts = header.get("versions"), header.get("facts", {})
            if header.get("kind") != "ready" or not isinstance(versions, dict) or not isinstance(facts, dict):
                raise WorkerFailed(clean(str(header.get("error", "its greeting makes no sense"))))
            worker.versions, worker.facts = _texts(versions), _texts(facts)
            if other := _unexpected(backend.runtime.expects, worker.facts):
                raise WorkerFailed(f"{backend.name} did not take effect: the worker process observed {', '.join(other)}")
        except (WorkerDied, WorkerSilent) as error:
            await worker.stop()
            failed = WorkerDiedStarting if isinstance(error, WorkerDied) else WorkerFailed
            raise failed(f"{error}{worker.last_words}") from None
        except BaseException:
            await worker.stop()
            raise
        return worker

    async def ask(self, jobs: list[Job], timeout: float) -> AsyncGenerator[tuple[str, set[int], Answer | None]]:
        """("began", ids, None), ("done", {id}, answer) or ("split", ids, None), which is the last. Raises WorkerDied, WorkerSilent."""
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
                raise WorkerDied(clean(f"the worker sent a message that makes no sense: {error!r}")) from None
        self.served += len(jobs)
        self.at_first = self.at_first or self.resident

    @property
    def resident(self) -> int:
        """Bytes of memory in use; 0 where the system does not tell."""
        with suppress(OSError):
            return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
        return 0

    @property
    def grown(self) -> int:
        """Bytes by which it has grown since its first batch."""
        return self.resident - self.at_first if self.at_first else 0

    async def stop(self) -> None:
        """Kill it, wait for its end and keep the last lines it printed."""
        if self.noise.closed:
            return
        # not process.kill(): it reaps the child first, and its true status is lost; nor would it end what the worker started
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pipe in map(self.process._transport.get_pipe_transport, (0, 1)):  # type: ignore[attr-defined]
            pipe.close()
        await self.process.wait()
        with self.noise:
            self.noise.seek(max(self.noise.seek(0, os.SEEK_END) - 20000, 0))
            said = self.noise.read().decode("utf-8", "replace").strip().splitlines()
        telling = [line for line in said if TELLING.search(line)] or said
        self.last_words = f"; its last output: {clean(telling[-1])[:300]}" if telling else ""

    async def _send(self, header: dict[str, Any], timeout: float) -> None:
        assert self.process.stdin
        try:
            async with asyncio.timeout(timeout):
                self.process.stdin.write(pack(header))
                await self.process.stdin.drain()
        except TimeoutError:
            raise WorkerSilent(f"it read nothing for {timeout:g} s") from None
        except (BrokenPipeError, ConnectionResetError):
            raise WorkerDied(await self._how_it_ended()) from None

    async def _receive(self, timeout: float) -> tuple[dict[str, Any], bytes]:
        assert self.process.stdout
        try:
            async with asyncio.timeout(timeout):
                lengths = struct.unpack("<II", await self.process.stdout.readexactly(8))
                if lengths[0] > LARGEST_HEADER or lengths[1] > LARGEST_BODY:
                    raise WorkerDied(f"the worker announced a message of {sum(lengths)} bytes")
                header = json.loads(await self.process.stdout.readexactly(lengths[0]))
                body = await self.process.stdout.readexactly(lengths[1])
        except TimeoutError:
            raise WorkerSilent(f"the worker sent no output for {timeout:g} s") from None
        except asyncio.IncompleteReadError:
            raise WorkerDied(await self._how_it_ended()) from None
        except (ValueError, RecursionError):
            raise WorkerDied("the worker sent a message that makes no sense: no JSON") from None
        if not isinstance(header, dict):
            raise WorkerDied("the worker sent a message that makes no sense: no object")
        return header, body

    async def _how_it_ended(self) -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self.process.wait()
        if self.process.returncode is None:
            return "the worker closed its end of the conversation"
        if self.process.returncode >= 0:
            return f"the worker ended with status {self.process.returncode}"
        number = -self.process.returncode
        known = {int(s): s.name for s in signal.Signals}
        return f"the worker was ended by signal {known.get(number, number)}"


def _appended(flags: dict[str, str]) -> dict[str, str]:
    """Batch flags, after those that the user has set in the same variable."""
    return {name: f"{os.environ.get(name, '')} {value}".strip() for name, value in flags.items()}


def _unexpected(expected: dict[str, str], facts: dict[str, str]) -> list[str]:
    return [f"{k} {facts.get(k, 'not stated')} instead of {v}" for k, v in expected.items() if facts.get(k) != v]


def _texts(found: dict[Any, Any]) -> dict[str, str]:
    return {clean(str(k))[:100]: clean(str(v))[:1000] for k, v in found.items()}


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
    changed = tuple(clean(str(name))[:100] for name in tuple(header.get("changed", ()))[:STREAMS])
    answer = Answer(draws[0], more=tuple(draws[1:]), inferred=inferred, changed=changed)
    if "error" in header:
        return replace(answer, stopped="raised", reason=clean(str(header["error"])))
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
