"""Linear algebra over the rationals: ranks, and vectors as combinations of others. Nothing here is a float.

FLINT does it (python-flint, a wheel without dependencies): it reduces matrices of fractions by modular arithmetic and proves the result.
SymPy's DomainMatrix gives the same numbers, through FLINT if that is installed and in Python if not; NumPy's ranks need a threshold.

Vectors are the rows of an array, of whole numbers or of fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from spec.operation import Array

if TYPE_CHECKING:
    from flint import fmpq_mat


def rank(vectors: Array) -> int:
    """The dimension of what the rows span."""
    (rows,) = distinct(vectors)
    return _matrix(rows).rank()


def expressed(vectors: Array, by: Array) -> Array | None:
    """P, of fractions, with P @ by = vectors; None if a row of `vectors` is no combination of the rows of `by`."""
    wanted, basis = distinct(vectors, by)
    augmented, whole_rank = _matrix(np.concatenate([basis, wanted]).T).rref()
    table = augmented.tolist()[:whole_rank]
    pivots = [next(i for i, entry in enumerate(row) if entry) for row in table]
    if pivots and pivots[-1] >= len(by):
        return None
    found = np.full((len(vectors), len(by)), Fraction(0), dtype=object)
    for pivot, row in zip(pivots, table, strict=True):
        found[:, pivot] = [Fraction(int(entry.p), int(entry.q)) for entry in row[len(by) :]]
    return found


def distinct(*groups: Array) -> tuple[Array, ...]:
    """The same groups of rows on fewer columns: each distinct column once, none of zeros. No rank and no combination changes."""
    stacked = np.concatenate(groups)
    columns = [column for column in dict.fromkeys(map(tuple, stacked.T.tolist())) if any(column)]
    kept = np.empty((len(stacked), len(columns)), dtype=object)
    for i, column in enumerate(columns):
        kept[:, i] = column
    return tuple(np.split(kept, np.cumsum([len(group) for group in groups])[:-1]))


def _matrix(rows: Array) -> fmpq_mat:
    from flint import fmpq, fmpq_mat  # here, since every command imports this module, and few ask for a rank

    count, length = rows.shape
    return fmpq_mat(count, length, [fmpq(entry.numerator, entry.denominator) for entry in rows.reshape(-1)])
