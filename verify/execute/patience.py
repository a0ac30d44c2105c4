"""What takes long is computed in a thread of its own, so that signals are answered meanwhile, and is named after a while."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from spec.ops.pieces import stoppable

AFTER = 2.0
"""Seconds after which it is said what is being computed."""

T = TypeVar("T")
Say = Callable[[str], None]
"""Print one line."""


class Stopped(Exception):
    """Nobody waits for the result any more."""


@contextmanager
def naming(what: str, say: Say) -> Iterator[None]:
    """Say what is being computed if it takes long."""
    timer = threading.Timer(AFTER, say, (f"computing {what}",))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Patience:
    """One long computation at a time; who is cancelled while it waits stops it between two of its pieces (spec.ops.pieces)."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def __call__(self, compute: Callable[[], T], what: str, say: Say) -> T:
        """The result of `compute`."""
        async with self._one:
            loop = asyncio.get_running_loop()
            result: asyncio.Future[T] = loop.create_future()
            unwanted = threading.Event()

            def pause() -> None:
                if unwanted.is_set():
                    raise Stopped

            def settle(value: T | None, error: BaseException | None) -> None:
                if not result.done():
                    result.set_exception(error) if error else result.set_result(value)  # type: ignore[arg-type]

            def run() -> None:
                value, error = None, None
                try:
                    with stoppable(pause):
                        value = compute()
                except BaseException as raised:
                    error = raised
                with suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(settle, value, error)

            # a daemon, and no executor: the process need not wait for it to end
            threading.Thread(target=run, name="reference", daemon=True).start()
            try:
                with naming(what, say):
                    return await result
            finally:
                unwanted.set()
