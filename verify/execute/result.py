"""What a runtime said to one case, and how it is read from the message of a worker process."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spec import Array
from verify.execute.worker import STREAMS, clean
from verify.record import Verdict

INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
NUMBERS = {"bool", *INTEGERS, "float16", "float32", "float64", "complex64", "complex128"}
"""The dtypes that arrays may travel in."""

@dataclass(frozen=True)
class Output:
    """One array a runtime gave."""

    values: Array
    dtype: str
    repeats: bool = True
    """Whether the second run on the same numbers gave the same bits."""


@dataclass(frozen=True)
class Digest:
    """What came of one output on all draws, where its values were not sent."""

    digest: str
    dtype: str
    shape: tuple[int, ...]
    repeats: bool


@dataclass(frozen=True)
class Inferred:
    """A shape that a framework states without running; None where it leaves a length open."""

    way: str
    said: tuple[int | None, ...] | None
    ran: tuple[int | None, ...] | None = None
    """What running gave, if that is not the answer itself (one layer of several)."""


@dataclass(frozen=True)
class Answer:
    """The outputs of the first draw in order, then what stopped it, if anything did; `more`: those of the further draws.

    `digests`: one for each output, if that is what was sent instead.
    """

    outputs: tuple[Output, ...] = ()
    stopped: Verdict | None = None
    reason: str = ""
    more: tuple[tuple[Output, ...], ...] = ()
    inferred: tuple[Inferred, ...] = ()
    digests: tuple[Digest, ...] = ()
    changed: tuple[str, ...] = ()
    """The arguments that did not hold the same numbers after the runs as before: x, w (w0, w1 … where there are several), g."""

    @property
    def draws(self) -> tuple[tuple[Output, ...], ...]:
        return (self.outputs, *self.more)


def read(header: dict[str, Any], body: bytes) -> Answer:
    """The answer in a message. Raises KeyError, TypeError, ValueError or OverflowError if it makes no sense."""
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
    digests = tuple(_digest(one) for one in tuple(header.get("digests", ()))[:STREAMS])
    answer = Answer(draws[0], more=tuple(draws[1:]), inferred=inferred, digests=digests, changed=changed)
    if "error" in header:
        return replace(answer, stopped="raised", reason=clean(str(header["error"])))
    return answer


def _digest(sent: dict[str, Any]) -> Digest:
    shape = tuple(int(n) for n in sent["shape"][:32])
    return Digest(str(sent["digest"])[:100], clean(str(sent["dtype"]))[:100], shape, bool(sent["repeats"]))


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
