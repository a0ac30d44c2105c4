"""A backend with one mistake, made from the PyTorch one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from backends import Backend, Unsupported
from backends.torch import write as torch
from spec import Case, Impossible, Operation, Program


def aspect(case: Case) -> str:
    """The data of a case, or what is checked instead of values."""
    return case.data if case.check == "values" else case.check


Change = Callable[[Operation], Operation]
When = Callable[[Case], bool]
GRADIENTS = ("dx", "dw", "dw0", "dw1")


@dataclass(frozen=True)
class Mutant(Backend):
    """A backend that mistranslates the cases that `when` picks.

    expected: a verdict that must be among those it gets, on one of `outputs`.
    named: a piece of the sentence that the diagnosis must give, or several with … between; empty where an honest diagnosis gives none.
    kinds: the data it is run of (`spec.data.DATA`), or `shape` for checks of shapes, in this order.
    alike: what two cases must have in common to catch it.
    """

    named: str = ""
    change: Change = lambda op: op
    wrap: str = ""
    when: When = lambda case: True
    expected: str = "differ"
    outputs: tuple[str, ...] = ("y", *GRADIENTS)
    kinds: tuple[str, ...] = ("integers",)
    alike: Callable[[Case], object] | None = None

    def named_by(self, sentence: str) -> bool:
        """Whether a diagnosis is of its mistake."""
        return bool(self.named) and all(piece in sentence for piece in self.named.split(" … "))

    def translate(self, case: Case) -> str:
        if not self.when(case):
            return super().translate(case)
        try:
            text = super().translate(_changed(case, self.change))
        except Impossible:
            text = super().translate(case)
        return f"{text}\n\nhonest = f\n{_names(case)}\n{TOOLS}\n{self.wrap}" if self.wrap else text


class Declines(Mutant):
    def translate(self, case: Case) -> str:
        raise Unsupported("no")


def _changed(case: Case, change: Change) -> Case:
    steps = [change(op) for op in case.op.steps]
    op = steps[0] if len(steps) == 1 else Program(inner=tuple(steps))
    other = object.__new__(Case)
    for name, value in (("op", op), ("x", case.x), ("w", case.w), ("dtype", case.dtype), ("seed", case.seed)):
        object.__setattr__(other, name, value)
    return other


def _names(case: Case) -> str:
    """What a wrapped text sees: the shape of the right result, and the fields of a single operation."""
    own = fields(case.op) if len(case.op.steps) == 1 else ()
    return f"shape = {case.y}\n" + "".join(f"{f.name} = {getattr(case.op, f.name)!r}\n" for f in own)


TOOLS = """
def only(a, axis, kept):
    i = torch.arange(a.shape[axis]).reshape(-1, *[1] * (a.ndim - axis % a.ndim - 1))
    return a * kept(i, a.shape[axis])

def taken(a, axis, place):
    return a.index_select(axis, place(torch.arange(a.shape[axis]), a.shape[axis]))

def fit(y):
    return F.pad(y, [n for a, b in zip(shape[:1:-1], y.shape[:1:-1]) for n in (0, a - b)])
"""
"""For wrapped texts: an array with the indices of an axis kept, or multiplied, or taken from other places; a result cut to the right shape.
Indices i of an axis of length n."""


def made(name: str, named: str = "", *, kind_of: type[Mutant] = Mutant, **fields: object) -> Mutant:
    return kind_of(name=name, named=named, runtime=torch.RUNTIMES["torch"], module=torch, **fields)  # type: ignore[arg-type]


HONEST = Mutant("torch", torch.RUNTIMES["torch"], torch)
