"""What a rewrite rule is: a theorem, read from one of its sides to the other, on a piece of a program.

    @rule(ConvTranspose, theorem="zero-insertion")
    def zeros_first(x, one):
        \"\"\"Zeros between the pixels, then a convolution.\"\"\"
        yield Step(ZeroInsert(…)), Step(Conv(…), (flipped(swapped(one.w)), *one.bias))

A rule proposes, it proves nothing: every program that a search gives is held against the first one (spec.rewriting.search).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from spec.operation import Operation, Shape
from spec.rewriting.sourced import Sourced


@dataclass(frozen=True, eq=False)
class Step:
    """One operation with its weights."""

    op: Operation
    arrays: tuple[Sourced, ...] = ()

    @property
    def w(self) -> Sourced:
        """The kernel."""
        return self.arrays[0]

    @property
    def bias(self) -> tuple[Sourced, ...]:
        """The bias, if there is one."""
        return self.arrays[1:]

    def shape(self, x: Shape) -> Shape:
        """Of the output. Raises Impossible."""
        return self.op.shape(x, *(one.shape for one in self.arrays))


Piece = tuple[Step, ...]
Kind = type[Operation] | tuple[type[Operation], ...]
Proposal = Callable[..., Iterator[Piece]]


@dataclass(frozen=True)
class Rule:
    """`kinds`: the operations it applies to, one after the other; `theorem`: the name of the statement that it follows from."""

    name: str
    sentence: str
    theorem: str
    kinds: tuple[Kind, ...]
    propose: Proposal


RULES: list[Rule] = []


def rule(*kinds: Kind, theorem: str) -> Callable[[Proposal], Proposal]:
    """Puts a function on the list of rules. It takes the shape of the input of the piece, then the steps; it yields what may stand
    instead, nothing where it does not apply."""

    def register(function: Proposal) -> Proposal:
        name = function.__name__.replace("_", "-")
        RULES.append(Rule(name, " ".join((function.__doc__ or "").split()), theorem, kinds, function))
        return function

    return register
