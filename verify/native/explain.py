"""`concordant explain CALL`: what a native call means, in explicit integers, and a run that confirms it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backends.native import Reading
from backends.reading import read
from spec.equation import equation
from spec.operation import Shape
from verify.native.check import Verdict, case_of, checked
from verify.native.reach import Reach, reach


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A call, what it means on an input, and what came of running it."""

    text: str
    reading: Reading
    reach: Reach
    verdict: Verdict | None

    @property
    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        native, op = self.reading.native, self.reading.op
        return {
            "call": self.text, "framework": native.phrases.framework, "operation": repr(op), "equation": equation(op),
            "input": list(native.x), "output": list(self.reading.y),
            "weights": [{"name": w.name, "shape": list(w.shape), "to_spec": w.to_spec.written(w.name)} for w in native.weights],
            "notes": [{"argument": n.argument, "text": n.text, "trap": n.trap} for n in self.reading.notes],
            "checked": said(self.verdict),
        }  # fmt: skip


def explain(text: str, x: Shape, weights: Sequence[Shape] = (), *, run: bool = True, target: str = "") -> Explanation:
    """A text of calls on an input of a shape, in the framework's own layout. Raises Unreadable, or Impossible."""
    reading = read(text, x, weights)
    case = case_of(reading.op, reading.x, reading.w)
    verdict = checked({"it": (reading.native, case)}, {"it": target})["it"] if run else None
    return Explanation(text=text, reading=reading, reach=reach(reading.op, reading.x, reading.w), verdict=verdict)


def said(verdict: Verdict | None) -> dict[str, Any]:
    """A verdict, as JSON has it."""
    if verdict is None:
        return {"status": "unverified", "target": "", "versions": {}, "sentence": "not run"}
    return {"status": verdict.status, "target": verdict.target, "versions": dict(verdict.versions), "sentence": verdict.sentence}
