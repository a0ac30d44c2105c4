"""Where an answer is wrong, as a picture small enough to keep with it."""

from __future__ import annotations

import numpy as np

from spec import Array
from verify.record import MOST_CELLS


def drawn(wrong: Array) -> tuple[str, ...]:
    """The last two axes of a mask as rows of digits, the others laid over each other: 0 where nothing in a cell is wrong, 9 where all is.

    An axis longer than `MOST_CELLS` is cut into that many cells of nearly one length.
    """
    flat = wrong.reshape(-1, *wrong.shape[-2:]) if wrong.ndim > 1 else wrong.reshape(1, 1, -1)
    share = flat.mean(axis=0)
    for axis in (0, 1):
        edges = np.linspace(0, share.shape[axis], min(share.shape[axis], MOST_CELLS) + 1).astype(int)
        sums = np.add.reduceat(share, edges[:-1], axis=axis)
        share = sums / np.diff(edges).reshape((-1, 1) if axis == 0 else (1, -1))
    return tuple("".join(map(str, row)) for row in _digit(share))


def _digit(share: Array) -> Array:
    """Only nothing is 0 and only everything is 9."""
    near = np.isclose(share, 1, rtol=0, atol=1e-9)
    return np.where(near, 9, np.where(share > 0, np.clip(np.round(share * 9), 1, 8), 0)).astype(int)
