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

from spec.operation import Operation, Pairs, Shape, size
from spec.ops.conv import Conv
from spec.ops.pad import Pad
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

    @property
    def pointwise(self) -> bool:
        """Whether it is a 1×1 convolution that treats every pixel alike: without stride, padding or groups."""
        op = self.op
        return isinstance(op, Conv) and size(self.w.shape[2:]) == max(op.stride) == op.groups == 1 and not any(map(any, op.padding))

    def shape(self, x: Shape) -> Shape:
        """Of the output. Raises Impossible."""
        return self.op.shape(x, *(one.shape for one in self.arrays))


def pads_with_zeros(op: Operation) -> bool:
    """Whether it puts zeros around x, or cuts."""
    return isinstance(op, Pad) and op.mode == "constant" and not op.value


def turned(k: Shape, d: Shape, pairs: Pairs) -> Pairs:
    """d(k − 1) minus each end: from the padding of a convolution to the crop of a transposed one, and back."""
    reach = [e * (n - 1) for n, e in zip(k, d, strict=True)]
    return tuple((q - lo, q - hi) for q, (lo, hi) in zip(reach, pairs, strict=True))


def added(first: Pairs, second: Pairs) -> Pairs:
    """Padding after padding."""
    return tuple((a + c, b + d) for (a, b), (c, d) in zip(first, second, strict=True))


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
