"""What a theorem is: a function from sizes to the two sides of an equation. It judges nothing.

    @theorem({"n": [1, 4, 5], "k": [1, 2, 3], "s": [1, 2, 3]}, source="…")
    def zero_insertion(draw, n, k, s):
        \"\"\"The statement, in plain mathematics, as the report prints it.\"\"\"
        x, w = draw(2, 3, *n), draw(3, 2, *k)
        return Side(ConvTranspose(stride=s), x, w), Side(ZeroInsert(factor=s) >> Conv(…), x, flipped(w))

The lists are the values to try. A number arrives as a tuple with one value for each spatial axis, in 1-D and 2-D (`only_1d`: 1-D alone);
a string arrives as it is. Where a side is Impossible the case is vacuous.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from spec.operation import Array, Index, Operation, Shape

THEOREMS: dict[str, Theorem] = {}


class Draw(Protocol):
    """Gives arrays of whole numbers, fresh at every call."""

    def __call__(self, *shape: int) -> Array: ...

    def distinct(self, *shape: int) -> Array:
        """No number twice."""


@dataclass(frozen=True)
class Side:
    """A native program run on given numbers: which of its outputs is meant, and what is done with that afterwards.

    output: "y", or "dx" / "dw", the gradient of ⟨g, y⟩. after: rearranges the answer (a flip, a slice), or sums it.
    """

    op: Operation
    x: Array
    w: tuple[Array, ...]
    g: Array | None
    output: str
    after: Callable[[Array], Array]

    def __init__(
        self, op: Operation, x: Array, *w: Array, g: Array | None = None, output: str = "y", after: Callable[[Array], Array] = np.asarray
    ) -> None:
        for name, value in (("op", op), ("x", x), ("w", w), ("g", g), ("output", output), ("after", after)):
            object.__setattr__(self, name, value)

    def __call__(self, magnitude: bool = False) -> Array:
        """This side by definition; with `magnitude`, the same on absolute values and before `after`: a bound of every partial sum."""
        x, g, *w = (a if a is None or not magnitude else abs(a) for a in (self.x, self.g, *self.w))
        arrays = [np.asarray(a) for a in (x, *w)]
        if self.output == "y":
            answer = self.op(*arrays)
        else:
            answer = dict(zip(("dx", "dw"), self.op.vjp(*arrays, np.asarray(g)), strict=False))[self.output]
        return answer if magnitude else self.after(answer)


Sides = tuple[Side | Array, Side | Array]


@dataclass(frozen=True)
class Theorem:
    """A statement with its sizes. `when`: the condition in words and as a predicate on sizes; `refuted`: a popular false statement."""

    name: str
    statement: str
    source: str
    sizes: dict[str, list[Any]]
    sides: Callable[..., Sides]
    when: tuple[str, Callable[..., bool]] | None
    refuted: bool
    ranks: tuple[int, ...]
    claim: int | None
    see: tuple[str, ...]
    """Names of theorems that say what is true instead, or how far."""

    def applies(self, sizes: dict[str, Any]) -> bool:
        """Whether the condition holds for these sizes."""
        return self.when is None or self.when[1](**sizes)


def theorem(
    sizes: dict[str, list[Any]], *, source: str, when: tuple[str, Callable[..., bool]] | None = None, refuted: bool = False,
    only_1d: bool = False, claim: int | None = None, see: tuple[str, ...] = (),
) -> Callable[[Callable[..., Sides]], Callable[..., Sides]]:  # fmt: skip
    """Puts a function on the list of theorems, under its own name."""

    def register(function: Callable[..., Sides]) -> Callable[..., Sides]:
        name = function.__name__.replace("_", "-")
        statement = " ".join((function.__doc__ or "").split())
        ranks = (1,) if only_1d else (1, 2)
        THEOREMS[name] = Theorem(name, statement, source, sizes, function, when, refuted, ranks, claim, see)
        return function

    return register


# Rearrangements of numbers that statements speak of


def flipped(w: Array, first: int = 2) -> Array:
    """The kernel reversed along every spatial axis."""
    return np.flip(w, tuple(range(first, w.ndim)))


def swapped(w: Array) -> Array:
    """Input and output channels exchanged."""
    return w.swapaxes(0, 1)


def stretched(w: Array, d: Shape) -> Array:
    """d − 1 zeros between neighbouring taps."""
    space = w.shape[w.ndim - len(d) :]
    out = np.zeros((*w.shape[: w.ndim - len(d)], *(e * (k - 1) + 1 for e, k in zip(d, space, strict=True))), w.dtype)
    taps: Index = (..., *(slice(None, None, e) for e in d))
    out[taps] = w
    return out


def convolved(a: Array, b: Array, channels: str) -> Array:
    """The full (flipping) convolution of two kernels, summed over what `channels` sums, such as "mc,om->oc"."""
    rank = a.ndim - 2
    left, rest = channels.split(",")
    right, result = rest.split("->")
    lengths = tuple(p + q - 1 for p, q in zip(a.shape[2:], b.shape[2:], strict=True))
    corner: Index = (..., *(0,) * rank)
    sample = np.einsum(f"{left},{right}->{result}", a[corner], b[corner])
    out = np.zeros((*sample.shape, *lengths), np.result_type(a, b))
    for t in np.ndindex(*a.shape[2:]):
        tap: Index = (..., *t)
        at: Index = (..., *(slice(i, i + q) for i, q in zip(t, b.shape[2:], strict=True)))
        letters = "ijkl"[:rank]
        out[at] += np.einsum(f"{left},{right}{letters}->{result}{letters}", a[tap], b)
    return out
