"""What a runtime said to one case."""

from __future__ import annotations

from dataclasses import dataclass

from spec import Array
from verify.record import Verdict


@dataclass(frozen=True)
class Output:
    """One array a runtime gave."""

    values: Array
    dtype: str
    repeats: bool = True
    """Whether the second run on the same numbers gave the same bits."""


@dataclass(frozen=True)
class Inferred:
    """A shape that a framework states without running; None where it leaves a length open."""

    way: str
    said: tuple[int | None, ...] | None
    ran: tuple[int | None, ...] | None = None
    """What running gave, if that is not the answer itself (one layer of several)."""


@dataclass(frozen=True)
class Answer:
    """The outputs of the first draw in order, then what stopped it, if anything did; `more`: those of the further draws."""

    outputs: tuple[Output, ...] = ()
    stopped: Verdict | None = None
    reason: str = ""
    more: tuple[tuple[Output, ...], ...] = ()
    inferred: tuple[Inferred, ...] = ()
    changed: tuple[str, ...] = ()
    """The arguments that did not hold the same numbers after the runs as before: x, w (w0, w1 … where there are several), g."""

    @property
    def draws(self) -> tuple[tuple[Output, ...], ...]:
        return (self.outputs, *self.more)
