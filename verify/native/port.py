"""`concordant port CALL --to FRAMEWORK`: the same layer elsewhere, the map of its weights, and the verdict of running both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backends import Unsupported
from backends.native import Native, Note, Reading
from backends.porting import ported, rooms
from backends.reading import read
from spec import Impossible
from spec.operation import Shape
from verify.native.check import Verdict, case_of, checked
from verify.native.explain import said
from verify.native.weights import Carried, carried

OTHER_LENGTHS = (1, 2, 3, 5)
"""How much longer an input is, to see whether the code changes with it."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """One framework's program for a call, or the sentence that says why there is none."""

    framework: str
    title: str
    native: Native | None = None
    weights: tuple[Carried, ...] = ()
    notes: tuple[Note, ...] = ()
    verdict: Verdict | None = None
    impossible: str = ""

    @property
    def status(self) -> str:
        """`verified`, `unverified`, `impossible`, or the verdict on what was run."""
        return "impossible" if self.impossible else self.verdict.status if self.verdict else "unverified"

    @property
    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        notes = [note.text for note in self.notes] + [self.impossible] * bool(self.impossible)
        code, x = (self.native.shown(), list(self.native.x)) if self.native else ("", [])
        return {
            "framework": self.framework, "code": code, "input": x,
            "weights": [{"name": w.target, "numpy": w.numpy} for w in self.weights], "verdict": self.status, "notes": notes,
            "checked": said(self.verdict),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Ports:
    """A call, and what it becomes elsewhere."""

    text: str
    reading: Reading
    verdict: Verdict | None
    """On the call itself."""
    ports: tuple[Port, ...]

    @property
    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "call": self.text, "framework": self.reading.native.phrases.framework, "operation": repr(self.reading.op),
            "input": list(self.reading.native.x), "output": list(self.reading.y), "checked": said(self.verdict),
            "ports": [port.data for port in self.ports],
        }  # fmt: skip


def port(text: str, to: Sequence[str], x: Shape, weights: Sequence[Shape] = (), *, run: bool = True) -> Ports:
    """A text of calls in each of the frameworks named. Raises Unreadable, or Impossible for a framework that there is not."""
    for name in to:
        if name not in rooms():
            raise Impossible(f"--to is {name!r}, but it must be one or more of {', '.join(rooms())}, separated by commas")
    reading = read(text, x, weights)
    case = case_of(reading.op, reading.x, reading.w)
    written = {name: _written(name, text, reading, weights) for name in dict.fromkeys(to)}
    programs = {"": (reading.native, case)} | {name: (one.native, case) for name, one in written.items() if one.native}
    verdicts = checked(programs) if run else {}
    ports = tuple(Port(**{**vars(one), "verdict": verdicts.get(name)}) for name, one in written.items())
    return Ports(text=text, reading=reading, verdict=verdicts.get(""), ports=ports)


def _written(framework: str, text: str, reading: Reading, weights: Sequence[Shape]) -> Port:
    title = rooms()[framework].PHRASES.title
    try:
        native, notes = ported(framework, reading.op, reading.x, reading.w)
    except Unsupported as why:
        return Port(framework=framework, title=title, impossible=f"{title} cannot say this: {why}")
    lengths = _lengths(framework, text, reading, native, weights)
    return Port(
        framework=framework, title=title, native=native, weights=carried(reading.native, native), notes=(*notes, *lengths),
    )  # fmt: skip


def _lengths(framework: str, text: str, reading: Reading, native: Native, weights: Sequence[Shape]) -> tuple[Note, ...]:
    """A note if the code changes with the lengths of the input."""
    places = [i for i, axis in enumerate(reading.native.enter or range(len(reading.x))) if axis > 1]
    for more in OTHER_LENGTHS:
        x = tuple(n + more if i in places else n for i, n in enumerate(reading.native.x))
        try:
            other = read(text, x, weights)
            code = ported(framework, other.op, other.x, other.w)[0].shown()
        except (Unsupported, Impossible):
            continue
        if code != native.shown():
            lengths = ", ".join(str(reading.x[axis]) for axis in range(2, len(reading.x)))
            return (Note(argument="", text=f"the code depends on the lengths of the input: this is for {lengths}", trap=True),)
    return ()
