"""One worker process (worker.py): its start, what is sent to it, what it sends back, how it ends. It is not trusted."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

from backends import Backend
from verify.execute.result import Answer, read
from verify.execute.worker import LARGEST_BODY, LARGEST_HEADER, clean, pack
from verify.limits import MEMORY

T = TypeVar("T")
WORKER = Path(__file__).with_name("worker.py")
PAUSE = 0.005
"""Seconds between two looks whether a process has ended."""
IDLE, LONGEST = 0.1, 4
"""With a smaller share of a core than IDLE a process waits instead of computing. One that computes on a busy machine may take LONGEST times
the time limit."""
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
    digest: str = ""
    """A dtype that holds every right value, if digests of such numbers are to be sent instead of values (verify.execute.worker.digests)."""


class WorkerFailed(Exception):
    """The worker could not start. The message is the last lines that the framework printed."""


class WorkerDiedStarting(WorkerFailed):
    """The worker ended by itself before it was ready, as when the system is out of memory: another try may go better."""


class WorkerDiffers(WorkerFailed):
    """The worker observed something else than those before it."""


class WorkerDied(Exception):
    """The worker is gone, or speaks nonsense."""


class HostLost(WorkerDied):
    """The worker is gone with the machine it was on, which is the fault of nothing it was asked."""


class WorkerSilent(Exception):
    """The worker sent nothing for longer than the time limit."""


@dataclass
class Worker:
    """One process that has one framework loaded."""

    backend: Backend
    process: subprocess.Popen[bytes]
    noise: IO[bytes]
    last_words: str = ""
    """Once it has stopped: the end of what it printed, if anything."""
    versions: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    """What the worker process observed after it imported its framework: instruction set, threads, device, precision flags."""
    served: int = 0
    at_first: int = 0
    """Bytes in use after the first batch."""
    _reader: asyncio.StreamReader = field(init=False)
    _writer: asyncio.StreamWriter = field(init=False)

    def __post_init__(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self._sink: IO[bytes] | asyncio.WriteTransport = self.process.stdin
        self._source: IO[bytes] | asyncio.ReadTransport = self.process.stdout

    @classmethod
    async def start(
        cls, backend: Backend, *, batch_flags: bool, timeout: float, memory: int = MEMORY, compiled: Path | None = None
    ) -> Worker:
        """A process that has the framework loaded and may take `memory` bytes. Raises WorkerFailed."""
        worker = cls.begin(backend, batch_flags=batch_flags, memory=memory, compiled=compiled)
        await worker.ready(timeout)
        return worker

    @classmethod
    def begin(cls, backend: Backend, *, batch_flags: bool, memory: int = MEMORY, compiled: Path | None = None) -> Worker:
        """A process that begins to load the framework. Waits for nothing and needs no event loop. Raises WorkerFailed.

        compiled: the folder in which a framework may keep what it compiles for batches, if there is one.
        """
        added = {**backend.runtime.environment, **(_appended(backend.runtime.batch_flags) if batch_flags else {})}
        if batch_flags and compiled:
            added |= {name: value.replace("{folder}", str(compiled / backend.base)) for name, value in backend.runtime.compiled.items()}
        python = backend.python or sys.executable
        noise = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            process = subprocess.Popen(
                [python, "-I", str(WORKER)], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=noise,
                env={**os.environ, **added}, cwd=tempfile.gettempdir(), start_new_session=True,
            )  # fmt: skip
        except BaseException as error:
            noise.close()
            if isinstance(error, OSError):
                raise WorkerFailed(f"{python} does not run: {error.strerror}") from None
            raise
        file = str(getattr(backend.module, "__file__", None) or backend.name)
        assert process.stdin
        with suppress(BrokenPipeError):  # `ready` says how it ended
            process.stdin.write(pack({"glue": backend.runtime.glue, "memory": memory, "file": file}))
        return cls(backend, process, noise)

    async def ready(self, timeout: float) -> None:
        """Wait until the framework is loaded. Raises WorkerFailed, and the process is then stopped."""
        try:
            await self._connect()
            header, _ = await self._receive(timeout)
            versions, facts = header.get("versions"), header.get("facts", {})
            if header.get("kind") != "ready" or not isinstance(versions, dict) or not isinstance(facts, dict):
                raise WorkerFailed(clean(str(header.get("error", "its greeting makes no sense"))))
            self.versions, self.facts = _texts(versions), _texts(facts)
            if other := _unexpected(self.backend.runtime.expects, self.facts):
                raise WorkerFailed(f"{self.backend.name} did not take effect: the worker process observed {', '.join(other)}")
        except (WorkerDied, WorkerSilent) as error:
            await self.stop()
            failed = WorkerDiedStarting if isinstance(error, WorkerDied) else WorkerFailed
            raise failed(f"{error}{self.last_words}") from None
        except BaseException:
            await self.stop()
            raise

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
                    answer = read(header, body)
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
    def cpu(self) -> float:
        """Seconds of CPU that it has taken; 0 where the system does not tell."""
        with suppress(OSError, IndexError, ValueError):
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    @property
    def grown(self) -> int:
        """Bytes by which it has grown since its first batch."""
        return self.resident - self.at_first if self.at_first else 0

    async def stop(self) -> None:
        """Kill it, wait for its end and keep the last lines it printed."""
        if self.noise.closed:
            return
        self._kill()
        await self._ended()
        with self.noise:
            self.noise.seek(max(self.noise.seek(0, os.SEEK_END) - 20000, 0))
            said = self.noise.read().decode("utf-8", "replace").strip().splitlines()
        telling = [line for line in said if TELLING.search(line)] or said
        self.last_words = f"; its last output: {clean(telling[-1])[:300]}" if telling else ""

    def end(self) -> None:
        """Kill it and wait for its end, without an event loop."""
        self._kill()
        self.process.wait()
        self.noise.close()

    def _kill(self) -> None:
        """It, and what it started; what led to it is closed."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._sink.close()
        self._source.close()

    async def _connect(self) -> None:
        """From here on, the event loop that runs reads and writes."""
        loop, self._reader = asyncio.get_running_loop(), asyncio.StreamReader()
        reading, writing = asyncio.StreamReaderProtocol(self._reader), asyncio.StreamReaderProtocol(asyncio.StreamReader())
        self._source, _ = await loop.connect_read_pipe(lambda: reading, self.process.stdout)
        self._sink, _ = await loop.connect_write_pipe(lambda: writing, self.process.stdin)
        self._writer = asyncio.StreamWriter(self._sink, writing, None, loop)

    async def _ended(self) -> None:
        """Wait for the end of the process."""
        while self.process.poll() is None:
            await asyncio.sleep(PAUSE)

    async def _send(self, header: dict[str, Any], timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                self._writer.write(pack(header))
                await self._writer.drain()
        except TimeoutError:
            raise WorkerSilent(f"it read nothing for {timeout:g} s") from None
        except (BrokenPipeError, ConnectionResetError):
            raise WorkerDied(await self._how_it_ended()) from None

    async def _receive(self, timeout: float) -> tuple[dict[str, Any], bytes]:
        try:
            header, body = await self._in_time(self._message(), timeout)
        except asyncio.IncompleteReadError:
            raise WorkerDied(await self._how_it_ended()) from None
        except (ValueError, RecursionError):
            raise WorkerDied("the worker sent a message that makes no sense: no JSON") from None
        if not isinstance(header, dict):
            raise WorkerDied("the worker sent a message that makes no sense: no object")
        return header, body

    async def _message(self) -> tuple[Any, bytes]:
        lengths = struct.unpack("<II", await self._reader.readexactly(8))
        if lengths[0] > LARGEST_HEADER or lengths[1] > LARGEST_BODY:
            raise WorkerDied(f"the worker announced a message of {sum(lengths)} bytes")
        return json.loads(await self._reader.readexactly(lengths[0])), await self._reader.readexactly(lengths[1])

    async def _in_time(self, message: Coroutine[Any, Any, T], timeout: float) -> T:
        """Wait `timeout` seconds for a message. On a busy machine a worker may get less than a core: while it computes, its own CPU time
        counts instead, for at most LONGEST times as many seconds. Raises WorkerSilent."""
        coming, began, used, left = asyncio.ensure_future(message), time.monotonic(), self.cpu, timeout
        try:
            while not (await asyncio.wait({coming}, timeout=left))[0]:
                waited, worked = time.monotonic() - began, self.cpu - used
                left = min(timeout - worked, LONGEST * timeout - waited)
                if worked < IDLE * waited or left < PAUSE:
                    computed = f", of which it computed {worked:.0f} s" if waited > 1.5 * timeout else ""
                    raise WorkerSilent(f"the worker sent no output for {round(waited, 1) if computed else timeout:g} s{computed}")
            return coming.result()
        finally:
            coming.cancel()

    async def _how_it_ended(self) -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._ended()
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
