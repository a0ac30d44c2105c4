"""Worker processes that load their framework before it is known what they will run.

A framework takes seconds to import, and so do the cases of a suite. Both happen at a time: what knows that a runtime will be needed begins
a worker, and what then starts a worker of that runtime gets this one.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from backends import Backend
from verify.execute.process import Worker, WorkerFailed
from verify.limits import MEMORY


class Early:
    """Starts worker processes on this machine, `most` of them before they are wanted. A context manager, which ends those that were not.

    memory: the bytes that one begun early may take. compiled: where frameworks keep what they compile for batches, if anywhere.
    """

    def __init__(self, most: int, memory: int = MEMORY, compiled: Path | None = None) -> None:
        self.most, self.memory, self.compiled = most, memory, compiled
        self._begun: dict[tuple[str, bool], Worker] = {}

    @property
    def room(self) -> bool:
        """Whether another worker may be begun."""
        return len(self._begun) < self.most

    def begin(self, backend: Backend, *, batch_flags: bool = True) -> None:
        """Let a worker load the framework, unless enough do already. Waits for nothing."""
        wanted = (backend.name, batch_flags)
        if wanted not in self._begun and self.room:
            with suppress(WorkerFailed):  # `start` tries again, and says why
                self._begun[wanted] = Worker.begin(backend, batch_flags=batch_flags, memory=self.memory, compiled=self.compiled)

    async def start(self, backend: Backend, *, batch_flags: bool, timeout: float, memory: int = MEMORY) -> Worker:
        """As `Worker.start`: one that was begun, if there is one. Raises WorkerFailed."""
        worker = self._begun.pop((backend.name, batch_flags), None)
        if worker is None:
            return await Worker.start(backend, batch_flags=batch_flags, timeout=timeout, memory=memory, compiled=self.compiled)
        await worker.ready(timeout)
        return worker

    def __enter__(self) -> Early:
        return self

    def __exit__(self, *error: object) -> None:
        while self._begun:
            self._begun.popitem()[1].end()
