"""From an operation of spec to the calls by which people write it in a framework, with the map of its weights (backends/*/port.py)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from types import ModuleType

from backends import Step, Unsupported
from backends.call import Call, Statement
from backends.native import Applied, Native, Note, Weight
from spec import Impossible, Operation, Shape


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One operation in a framework: statements on `x` in the framework's layout, the weights, and what to know about it."""

    statements: tuple[Statement | Applied, ...]
    weights: tuple[Weight, ...] = ()
    notes: tuple[Note, ...] = ()


@cache
def rooms() -> dict[str, ModuleType]:
    """The frameworks that can be written, by name: `backends/*/port.py`, each with PHRASES, `enter(rank)` and `piece(op, at)`."""
    names = sorted(path.parent.name for path in Path(__file__).parent.glob("*/port.py"))
    return {name: importlib.import_module(f"backends.{name}.port") for name in names}


def ported(framework: str, op: Operation, x: Shape, w: Sequence[Shape]) -> tuple[Native, tuple[Note, ...]]:
    """The program of an operation in a framework, x and w being shapes in spec's layout. Raises Unsupported, or Impossible."""
    room = rooms().get(framework)
    if room is None:
        raise Impossible(f"there is no framework {framework!r} to write in; there are {', '.join(rooms())}")
    natives: list[Native] = []
    notes: list[Note] = []
    for i, (step, image, own, y) in enumerate(op.walk(x, tuple(w)), start=1):
        number = str(i) if len(op.steps) > 1 else ""
        at = Step(x=image, w=tuple(own), y=y, dtype="float32", number=number)
        piece = room.piece(step, at)
        enter = room.enter(step.rank)
        natives.append(
            Native(
                phrases=room.PHRASES, statements=piece.statements, weights=piece.weights, x=tuple(image[axis] for axis in enter) or image,
                enter=enter, leave=room.leave(step.out_rank),
            )
        )  # fmt: skip
        notes.extend(piece.notes)
    return reduce(Native.__rshift__, natives), tuple(notes)


def written(module: ModuleType, op: Operation, at: Step) -> list[Statement]:
    """What a translator says of one operation, as statements. Raises Unsupported."""
    from backends import function_name

    function = getattr(module, function_name(op.name), None)
    if function is None:
        raise Unsupported(f"{op.name} is not translated for this framework yet")
    said = function(op, at)
    return list(said) if isinstance(said, list | tuple) else [said]


def is_call(said: object, function: str) -> bool:
    """Whether a statement is a call of a function, or assigns one to x."""
    call = getattr(said, "value", said)
    return isinstance(call, Call) and call.function.startswith(function)
