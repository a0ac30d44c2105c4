"""Matrix products in pieces, so that whoever waits for a large one can stop it between two pieces."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

PIECE = 1 << 28
"""Products of floats: a fraction of a second."""
PIECE_OF_OBJECTS = 1 << 20
"""Products of Python's own numbers."""

_pause: ContextVar[Callable[[], None]] = ContextVar("pause", default=lambda: None)


@contextmanager
def stoppable(pause: Callable[[], None]) -> Iterator[None]:
    """Call `pause` between two pieces of whatever is computed here; it stops the computation by raising."""
    token = _pause.set(pause)
    try:
        yield
    finally:
        _pause.reset(token)


def pause() -> None:
    """Between two pieces."""
    _pause.get()()


def product(a: Array, b: Array) -> Array:
    """`np.matmul(a, b)`. One that is no larger than a piece is computed in one call."""
    pause()
    outer = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    dtype = np.result_type(a, b)
    most = PIECE_OF_OBJECTS if dtype.kind == "O" else PIECE
    if math.prod(outer) * a.shape[-2] * a.shape[-1] * b.shape[-1] <= most:
        return np.asarray(np.matmul(a, b))
    c = np.empty((*outer, a.shape[-2], b.shape[-1]), dtype)
    _fill(c, np.broadcast_to(a, (*outer, *a.shape[-2:])), np.broadcast_to(b, (*outer, *b.shape[-2:])), most)
    return c


def _fill(c: Array, a: Array, b: Array, most: int) -> None:
    """c = a @ b; cut along the longest axis of c, never along a sum."""
    axis = int(np.argmax(c.shape))
    if c.size * a.shape[-1] <= most or c.shape[axis] == 1:
        pause()
        np.matmul(a, b, out=c)
        return
    middle = c.shape[axis] // 2
    for half in (slice(None, middle), slice(middle, None)):
        at = (*(slice(None),) * axis, half)
        columns = axis == c.ndim - 1
        rows = axis == c.ndim - 2
        _fill(c[at], a if columns else a[at], b if rows else b[at], most)
