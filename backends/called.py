"""A native call with the shapes it is given, as the text that a case keeps, and the source that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from backends import Backend, BadBackend, Unsupported
from backends.call import Call
from backends.names import brief
from backends.native import Reading, Unreadable
from backends.parsing import parsed
from backends.reading import read
from spec import Case, Impossible, Shape


def written_with_shapes(text: str, x: Shape, weights: Sequence[Shape] = ()) -> str:
    """A call and the shapes it is given, as one text: `F.conv1d(x, w) @ 1,3,9 8,3,3`."""
    return f"{text} @ {' '.join(','.join(map(str, shape)) for shape in (x, *weights))}"


def read_with_shapes(text: str) -> Reading:
    """The inverse: what the call means on these shapes. Raises Unreadable, or Impossible."""
    call, at, shapes = text.rpartition(" @ ")
    if not at or not all(part.isdecimal() and part.isascii() for shape in shapes.split(" ") for part in shape.split(",")):
        raise Unreadable(f"{brief(text)} has no shapes; write them behind it, such as nn.Conv2d(3, 8, 3) @ 1,3,9,9")
    x, *weights = (tuple(map(int, shape.split(","))) for shape in shapes.split(" "))
    return read(call, x, weights)


@lru_cache(maxsize=4096)
def calls_of(text: str) -> tuple[Call, ...]:
    """The calls of such a text; none where it cannot be read."""
    try:
        return tuple(step for step in parsed(text.rpartition(" @ ")[0]) if isinstance(step, Call))
    except Unreadable:
        return ()


def called(case: Case, backend: Backend) -> str:
    """Source of a case that has a native call. Raises Unsupported on another framework's runtime, BadBackend if the call means another."""
    try:
        found = read_with_shapes(case.call)
    except Impossible as why:
        raise BadBackend(f"{case.call}: {why}") from None
    phrases = found.native.phrases
    if backend.base not in phrases.runtimes:
        raise Unsupported(f"a call of {phrases.title}, which is run on {', '.join(phrases.runtimes)} alone")
    if (repr(found.op), found.x, found.w) != (repr(case.op), case.x, case.w):
        raise BadBackend(f"{case.call} means {found.op!r} x={found.x}, not {case.op!r} x={case.x}")
    decorator = backend.mode.decorator
    before = f"{decorator.before}\n" if decorator.before else ""
    return before + found.native.program(decorator.body)
