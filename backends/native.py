"""A program in a framework's own calls, as data: shown as people write it, and run on the arrays of a case.

What a user's call means (backends/*/read.py) and what a program becomes in another framework (backends/*/port.py) both are one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from backends.arrange import Arrangement
from backends.call import Call, Layer, Let, Source, Statement
from spec import Impossible, Operation, Shape


class Unreadable(Impossible):
    """A call that cannot be read. The message says why in the framework's own rule, and what to write."""


@dataclass(frozen=True)
class Applied:
    """`x = layer(x)`, and the statement that does the same with the weights of a case."""

    layer: str
    run: str

    def __str__(self) -> str:
        return f"x = {self.layer}(x)"


@dataclass(frozen=True, kw_only=True)
class Weight:
    """An array of weights as the framework keeps it.

    name: what the layer or the function calls it (`weight`, `kernel`, `bias`).
    variable: its name in the program that is run.
    to_spec: from the framework's layout to spec's.
    """

    name: str
    variable: str
    to_spec: Arrangement

    @property
    def shape(self) -> Shape:
        return self.to_spec.shape


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """How a framework writes what every program needs, and where it is run.

    title: its name as it is printed. runtimes: names of runtimes (`torch`), the usual one first.
    packages: what must be installed beside them. includes: frameworks whose calls may stand in the same program.
    imports: what stands above. moves: transpose, flip and reshape of an expression.
    """

    framework: str
    title: str
    runtimes: tuple[str, ...]
    imports: str
    moves: dict[str, Callable[[str, Shape], str]]
    packages: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Native:
    """Statements that turn `x`, in the framework's layout, into the result.

    enter: the permutation from spec's axes of x to the framework's; leave: from those of the result to spec's. Empty if they are the same.
    dropped: axes of length 1, in the framework's layout, that the last call leaves out and the program puts back.
    """

    phrases: Phrases
    statements: tuple[Statement | Applied, ...]
    x: Shape
    """In the framework's layout."""
    weights: tuple[Weight, ...] = ()
    enter: Shape = ()
    leave: Shape = ()
    dropped: Shape = ()

    def shown(self) -> str:
        """As people write it: layers first, then what is done to x."""
        layers = [str(replace(said, build=None)) for said in self.statements if isinstance(said, Layer)]
        return "\n".join((*layers, *self._body(run=False)))

    def program(self, decorator: str = "") -> str:
        """Source that defines `f(x, *w)` on arrays in spec's layout. decorator: what stands above it."""
        moves = self.phrases.moves
        names = [weight.variable for weight in self.weights]
        inside = [f"{w.variable} = {w.to_spec.inverse.written(w.variable, moves)}" for w in self.weights if w.to_spec.moves]
        enter = [f"x = {moves['transpose']('x', self.enter)}"] if self.enter else []
        leave = [f"x = {moves['transpose']('x', self.leave)}"] if self.leave else []
        before = "\n".join(str(said) for said in self.statements if isinstance(said, Layer))
        body = (*inside, *enter, *self._body(run=True), *leave, "return x")
        lines = "\n".join(f"    {line}" for text in body for line in text.splitlines())
        head = "\n".join(part for part in (self.phrases.imports, before) if part)
        above = f"{decorator}\n" if decorator else ""
        return f"{head}\n\n\n{above}def f({', '.join(['x', *names])}):\n{lines}\n"

    def _body(self, *, run: bool) -> list[str]:
        said: list[str] = []
        for one in self.statements:
            if isinstance(one, Applied):
                said.append(one.run if run else str(one))
            elif not isinstance(one, Layer):
                said.append(str(Let("x", one) if isinstance(one, Call) else one))
        return [text for text in said if text]

    def __rshift__(self, after: Native) -> Native:
        """Both programs as one. The framework must be the same, or one that includes the other."""
        between = composed(self.leave, after.enter)
        turned = () if between == tuple(range(len(between))) else (f"x = {self.phrases.moves['transpose']('x', between)}",)
        return replace(
            self, phrases=after.phrases if self.phrases.framework in after.phrases.includes else self.phrases,
            statements=(*self.statements, *turned, *after.statements), weights=(*self.weights, *after.weights),
            leave=after.leave, dropped=after.dropped,
        )  # fmt: skip


def composed(first: Shape, then: Shape) -> Shape:
    """One permutation for two; an empty one changes nothing."""
    if not first or not then:
        return first or then
    return tuple(first[axis] for axis in then)


def undone(permutation: Shape) -> Shape:
    """The permutation back."""
    return tuple(map(int, np.argsort(permutation)))


@dataclass(frozen=True, kw_only=True)
class Note:
    """What an argument means here. trap: whether people who know another framework expect something else."""

    argument: str
    text: str
    trap: bool = False


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a native call means on an input of a shape.

    x: the shape of the input in spec's layout. w: of each further input of `op`.
    """

    op: Operation
    x: Shape
    native: Native
    notes: tuple[Note, ...] = ()
    calls: tuple[Call, ...] = field(default=())

    @property
    def w(self) -> tuple[Shape, ...]:
        return tuple(weight.to_spec.result for weight in self.native.weights)

    @property
    def y(self) -> Shape:
        """The shape of the result in the framework's layout."""
        shape = self.op.shape(self.x, *self.w)
        leave = self.native.leave
        there = tuple(shape[axis] for axis in undone(leave)) if leave else shape
        return tuple(n for axis, n in enumerate(there) if axis not in self.native.dropped)

    def __rshift__(self, after: Reading) -> Reading:
        """First this call, then another on its result."""
        return Reading(
            op=self.op >> after.op, x=self.x, native=self.native >> after.native, notes=(*self.notes, *after.notes),
            calls=(*self.calls, *after.calls),
        )  # fmt: skip


Reader = Callable[[Call, Shape, "dict[str, Shape]", str], Reading]
"""From a call, the shape of its input as the framework has it, the shapes of its further arrays by parameter, and what to add to names."""

LAYOUT = "layout"
"""Beside those arrays, where the input is known to have each of spec's axes: for a function that works in any order of axes."""

Joiner = Callable[[Call, Reading, "dict[str, Shape]", str], Reading]
"""From a call and what the calls before it mean to what they mean together."""


def received(value: object) -> str:
    """Return a value as an error message prints it. A name in the text of a call has no known value."""
    return f"the name {value.text[:80]}" if isinstance(value, Source) else repr(value)


def whole(call: Call, name: str, rank: int, *, least: int = 1, default: object = None, single: bool = False) -> Shape:
    """An argument that is one whole number for all spatial axes, or one for each. Raises Unreadable.

    single: whether the function takes a tuple of one number, such as (2,), for all axes too.
    """
    value = call[name]
    if value is None and default is not None:
        value = default  # type: ignore[assignment]
    numbers = value if isinstance(value, tuple) else (value,) * rank
    if single and len(numbers) == 1:
        numbers = numbers * rank
    if len(numbers) != rank or any(type(n) is not int or n < least for n in numbers):
        wanted = f"a whole number of at least {least}, or {rank} of them"
        raise Unreadable(f"{call.function}: {name} is {received(call[name])}, but it needs {wanted}")
    return numbers  # type: ignore[return-value]


def one(call: Call, name: str, *, least: int = 1) -> int:
    """An argument that is one whole number. Raises Unreadable."""
    value = call[name]
    if type(value) is not int or value < least:
        raise Unreadable(f"{call.function}: {name} is {received(value)}, but it needs a whole number of at least {least}")
    return value


def flag(call: Call, name: str) -> bool:
    """An argument that is True or False. Raises Unreadable."""
    value = call[name]
    if not isinstance(value, bool):
        raise Unreadable(f"{call.function}: {name} is {received(value)}, but it needs True or False")
    return value


def word(call: Call, name: str, allowed: Sequence[str]) -> str:
    """An argument that is one of a few words. Raises Unreadable."""
    value = call[name]
    if value not in allowed:
        raise Unreadable(f"{call.function}: {name} is {value!r}, but it must be one of {', '.join(map(repr, allowed))}")
    return str(value)


def needs(call: Call, x: Shape, rank: int, channels: int | None = None, axis: int = 1, said: str = "in_channels") -> None:
    """Refuse an input of another number of axes, or of other channels. Raises Unreadable."""
    if len(x) != rank + 2:
        raise Unreadable(f"{call.function} takes an input with {rank + 2} axes, batch and channels included, but --input is {x}")
    if channels is not None and x[axis] != channels:
        raise Unreadable(f"{call.function}: {said} is {channels}, but the input {x} has {x[axis]} channels on axis {axis}")


def reads(call: Call, *names: str, ignored: Sequence[str] = ()) -> None:
    """Refuse an argument that is given and that the reader does not look at. Raises Unreadable."""
    for name, value in call.arguments.items():
        if name not in names and name not in ignored:
            shown = value if isinstance(value, Source | Call) else repr(value)
            raise Unreadable(
                f"{call.function}: {name}={shown} is not read, since it is no part of what is compared; leave it out, "
                "and apply it before or after"
            )
