"""What people write, read: text of native calls, as they stand in programs, to calls as data, and from there to operations of spec.

    text   = call | text ">>" text | "Sequential([" call, … "])" | one call a line, layers made before they are called
    call   = name "(" arguments ")" with literals, plain arithmetic on numbers, and names of arrays; also `layer(...)(x)`, `f(g(x))`,
             `name = call`, and slices, `+ b` and `/ 9` after it

Text is parsed as a syntax tree and bound to the signature table; nothing of it is ever evaluated.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from types import ModuleType
from typing import Any

from backends import Backend, BadBackend, Unsupported
from backends.behind import Over, Plus, biased, divided
from backends.call import BadCall, Call, Source, Value, X, declared
from backends.native import LAYOUT, Joiner, Native, Reader, Reading, Unreadable, composed, undone
from backends.signatures import DECLARED, FRAMEWORKS
from spec import Case, Impossible, Pad, Shape

LONGEST_TEXT = 20_000
LARGEST_NUMBER = 1 << 40
DEEPEST = 60
ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv, ast.Div: operator.truediv,
}  # fmt: skip
SEQUENCES = ("Sequential",)


@dataclass(frozen=True)
class Cut:
    """`[:, 4:-1, 4:-1]` after a call: (start, stop) for each axis of the framework's layout."""

    bounds: tuple[tuple[int | None, int | None], ...]

    def __str__(self) -> str:
        ends = ((str(end) if end is not None else "" for end in bound) for bound in self.bounds)
        return f"[{', '.join(':'.join(pair) for pair in ends)}]"


Step = Call | Cut | Plus | Over


def parsed(text: str) -> tuple[Step, ...]:
    """The calls that a text writes, in the order in which x passes through them. Raises Unreadable."""
    if len(text) > LONGEST_TEXT:
        raise Unreadable(f"the text has {len(text)} characters, but at most {LONGEST_TEXT} are read")
    try:
        tree = ast.parse("\n".join(line.strip() for line in text.strip().splitlines()))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = getattr(error, "msg", None) or "it is nested too deeply"
        raise Unreadable(f"{_brief(text)} is no Python call: {why}; write one such as nn.Conv2d(3, 8, 3, padding=1)") from None
    try:
        found = tuple(_lines(tree))
    except RecursionError:
        raise Unreadable(f"{_brief(text)} is nested too deeply") from None
    if not found:
        raise Unreadable(f"{_brief(text)} has no call; write one such as nn.Conv2d(3, 8, 3, padding=1)")
    return found


Layers = dict[str, ast.expr]
"""Layers that a line makes and a later line calls: `layer = nn.Conv2d(…)`, then `x = layer(x)`."""


def _lines(tree: ast.Module) -> Iterator[Step]:
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    layers: Layers = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
            continue
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr) or node.value is None:
            raise Unreadable(f"{_brief(ast.unparse(node))} is no call; write one call a line, such as x = F.pad(x, (1, 1))")
        name = ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""
        if name in called:
            layers[name] = node.value
        else:
            yield from _steps(node.value, 0, layers)


def _steps(node: ast.expr, depth: int, layers: Layers) -> Iterator[Step]:
    if depth > DEEPEST:
        raise Unreadable("the text is nested too deeply")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
        yield from _steps(node.left, depth + 1, layers)
        yield from _steps(node.right, depth + 1, layers)
    elif isinstance(node, ast.Subscript):
        yield from _steps(node.value, depth + 1, layers)
        yield _cut(node)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Div):
        yield from _steps(node.left, depth + 1, layers)
        yield _behind(node)
    elif isinstance(node, ast.List | ast.Tuple):
        for each in node.elts:
            yield from _steps(each, depth + 1, layers)
    elif isinstance(node, ast.Call):
        yield from _call(node, depth, layers)
    elif not isinstance(node, ast.Name | ast.Attribute):
        raise Unreadable(f"{_brief(ast.unparse(node))} is no call of a layer or a function")


def _call(node: ast.Call, depth: int, layers: Layers) -> Iterator[Step]:
    """A call, after those among its arguments that make its input."""
    name = ast.unparse(node.func)
    if isinstance(node.func, ast.Call | ast.Subscript) or name in layers:  # layer(…)(x), layer(x)
        for argument in node.args:
            yield from _inner(argument, depth, layers)
        yield from _steps(layers.get(name, node.func), depth + 1, layers)
        return
    if name.rpartition(".")[2] in SEQUENCES:
        for each in node.args:
            yield from _steps(each, depth + 1, layers)
        return
    function = qualified(name)
    is_input = declared_first(function)
    values: list[Value] = []
    for i, argument in enumerate(node.args):
        if isinstance(argument, ast.Starred):
            raise Unreadable(f"{name}: *{ast.unparse(argument.value)} is not read; write the arguments out")
        if is_input and i == 0:
            yield from _inner(argument, depth, layers)
            values.append(X)
        else:
            values.append(_value(argument, depth, name))
    named: dict[str, Value] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise Unreadable(f"{name}: **{ast.unparse(keyword.value)} is not read; write the arguments out")
        if keyword.arg == is_input:
            yield from _inner(keyword.value, depth, layers)
            named[keyword.arg] = X
        else:
            named[keyword.arg] = _value(keyword.value, depth, name)
    try:
        yield Call.of(function, *values, **named)
    except BadCall as error:
        raise Unreadable(_misfit(function, named, str(error))) from None


def _inner(node: ast.expr, depth: int, layers: Layers) -> Iterator[Step]:
    """What makes the input of a call, if that is a call itself."""
    if isinstance(node, ast.Call | ast.Subscript | ast.BinOp):
        yield from _steps(node, depth + 1, layers)


def _value(node: ast.expr, depth: int, name: str) -> Value:
    """A literal, plain arithmetic on numbers, or a name that stands for an array. Nothing is evaluated."""
    if depth > DEEPEST:
        raise Unreadable("the text is nested too deeply")
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str | None):
        if isinstance(node.value, int) and abs(node.value) > LARGEST_NUMBER:
            raise Unreadable(f"{name}: a number has {len(str(node.value)[:40])} digits or more, which no shape has")
        return node.value
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_value(each, depth + 1, name) for each in node.elts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Attribute):
        return Source(ast.unparse(node))  # -jnp.inf
    if isinstance(node, ast.Call) and (function := _made(ast.unparse(node.func))):
        return _inside(node, function, depth + 1, name)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        number = _number(node.operand, depth + 1, name)
        return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BinOp):
        return _number(node, depth, name)
    if isinstance(node, ast.Name | ast.Attribute):
        return Source(ast.unparse(node))
    raise Unreadable(f"{name}: {_brief(ast.unparse(node))} is not read; write numbers, texts, or the name of an array")


def _made(name: str) -> str:
    """The function of that name whose calls are read as an argument, such as jnp.array; empty if there is none."""
    values = {full for table in FRAMEWORKS.values() for full in getattr(table, "VALUES", ())}
    return next((full for full in _spelled(name) if full in values), "")


def _inside(node: ast.Call, function: str, depth: int, name: str) -> Call:
    """A call that is an argument of another."""
    if any(isinstance(argument, ast.Starred) for argument in node.args) or any(keyword.arg is None for keyword in node.keywords):
        raise Unreadable(f"{name}: {_brief(ast.unparse(node))} is not read; write the arguments out")
    named = {str(keyword.arg): _value(keyword.value, depth, name) for keyword in node.keywords}
    try:
        return Call.of(function, *(_value(argument, depth, name) for argument in node.args), **named)
    except BadCall as error:
        raise Unreadable(_misfit(function, named, str(error))) from None


def _number(node: ast.expr, depth: int, name: str) -> int | float:
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and depth < DEEPEST:
        left, right = _number(node.left, depth + 1, name), _number(node.right, depth + 1, name)
        try:
            result: int | float = ARITHMETIC[type(node.op)](left, right)
        except (ZeroDivisionError, OverflowError):
            raise Unreadable(f"{name}: {_brief(ast.unparse(node))} has no value") from None
        if abs(result) <= LARGEST_NUMBER:
            return result
        raise Unreadable(f"{name}: {_brief(ast.unparse(node))} is larger than any shape")
    value = _value(node, depth + 1, name) if not isinstance(node, ast.BinOp) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"{name}: {_brief(ast.unparse(node))} is no number; only + - * / // of numbers are read")
    return value


def _cut(node: ast.Subscript) -> Cut:
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    bounds: list[tuple[int | None, int | None]] = []
    for part in parts:
        if not isinstance(part, ast.Slice) or part.step is not None:
            raise Unreadable(f"[{_brief(ast.unparse(node.slice))}] is not read; only slices such as [:, :, 1:-1] are")
        ends = [None if end is None else _number(end, 0, "a slice") if not isinstance(end, ast.UnaryOp) else _value(end, 0, "a slice")
                for end in (part.lower, part.upper)]  # fmt: skip
        if any(end is not None and type(end) is not int for end in ends):
            raise Unreadable(f"[{_brief(ast.unparse(node.slice))}] is not read; the ends of a slice are whole numbers")
        bounds.append((ends[0], ends[1]))  # type: ignore[arg-type]
    return Cut(tuple(bounds))


def _behind(node: ast.BinOp) -> Plus | Over:
    """A bias or a divisor after a call."""
    if isinstance(node.op, ast.Div):
        return Over(_number(node.right, 0, "a divisor"))
    if not isinstance(node.right, ast.Name | ast.Attribute):
        raise Unreadable(f"+ {_brief(ast.unparse(node.right))} is not read; add the name of a bias, such as + b")
    return Plus(ast.unparse(node.right))


def declared_first(function: str) -> str:
    """The parameter of a function that takes its input; empty of a layer, which is made before."""
    first = next(iter(declared(function).parameters), "")
    return first if first in INPUTS else ""


INPUTS = ("input", "inputs", "x", "images", "image", "lhs", "value", "tensor", "operand", "data", "array", "a")
"""What functions call the array they work on."""


def qualified(name: str) -> str:
    """The full name of a function or layer, as people write it under customary imports. Raises Unreadable."""
    readers = {**_readers(), **_joiners()}
    fitting = [full for full in _spelled(name) if full in readers]
    if not fitting and "." not in name:
        fitting = [full for full in readers if full.rpartition(".")[2] == name]
    if fitting:
        return min(fitting, key=lambda full: (full.count("."), full))
    near = difflib.get_close_matches(name, [short for full in readers for short in _short(full)], 1, 0.7)
    hint = f"did you mean {near[0]}? " if near else ""
    raise Unreadable(f"{_brief(name)} is not read; {hint}`concordant explain --list` prints what is")


def _spelled(name: str) -> Iterator[str]:
    """What a name may stand for: itself, or with one of the customary short beginnings written out."""
    yield name
    for table in FRAMEWORKS.values():
        for short, long in table.ALIASES.items():
            if name == short or name.startswith(f"{short}."):
                yield (long + name.removeprefix(short)).lstrip(".")


def _short(full: str) -> Iterator[str]:
    yield full
    for table in FRAMEWORKS.values():
        for short, long in table.ALIASES.items():
            if full.startswith(f"{long}."):
                yield short + full.removeprefix(long)


@cache
def rooms() -> dict[str, ModuleType]:
    """The frameworks whose calls are read, by name: `backends/*/read.py`."""
    names = sorted(path.parent.name for path in Path(__file__).parent.glob("*/read.py"))
    return {name: importlib.import_module(f"backends.{name}.read") for name in names}


@cache
def _joiners() -> dict[str, Joiner]:
    """Functions that are read together with the call before, of rooms that have any: `JOINERS` in read.py."""
    return {function: joiner for room in rooms().values() for function, joiner in getattr(room, "JOINERS", {}).items()}


@cache
def _readers() -> dict[str, Reader]:
    return {function: reader for room in rooms().values() for function, reader in room.READERS.items()}


def readable() -> list[str]:
    """The qualified name of everything that is read."""
    return sorted({**_readers(), **_joiners()})


def read(text: str, x: Shape, weights: Sequence[Shape] = ()) -> Reading:
    """What a text of native calls means on an input of a shape, in the framework's layout.

    weights: the shapes of the arrays that functions are given beside x, in their order. Raises Unreadable, or Impossible.
    """
    if empty := [shape for shape in weights if min(shape, default=0) < 1]:
        raise Unreadable(f"--weights has the shape {empty[0]}, but every length must be at least 1")
    steps = parsed(text)
    try:
        return _chained(steps, x, weights, ())
    except OtherLayout as later:  # a call that is read in several layouts came before one that names its own
        return _chained(steps, x, weights, later.layout)


def _chained(steps: Sequence[Step], x: Shape, weights: Sequence[Shape], layout: Shape) -> Reading:
    """The calls of a text, one after the other. layout: for each axis of spec's, that of the input, if it is known."""
    found: list[Reading] = []
    left = list(weights)
    for i, step in enumerate(steps, start=1):
        number = str(i) if len(steps) > 1 else ""
        here = found[-1].y if found else x
        if min(here, default=0) < 1:
            raise Unreadable(f"the input of {step} has the shape {here}, but every length must be at least 1")
        if isinstance(step, Cut):
            if not found:
                raise Unreadable(f"{step} cuts nothing; write it behind a call")
            found.append(_cut_reading(step, found[-1]))
            continue
        if isinstance(step, Plus | Over):
            before = found.pop() if found else None
            found.append(divided(step, before) if isinstance(step, Over) else biased(step, before, left.pop(0) if left else ()))
            continue
        arrays = [name for name, value in step.arguments.items() if isinstance(value, Source) and value != X and _takes_array(name)]
        given = dict(zip(arrays, left, strict=False))
        left = left[len(given) :]
        if step.function in _joiners():
            if not found:
                raise Unreadable(f"{step.function} is read together with the call before it, but there is none; write that call first")
            found[-1] = _joiners()[step.function](step, found[-1], given, number)
            continue
        known = found[-1].native.leave or tuple(range(len(here))) if found else layout
        found.append(_readers()[step.function](step, here, given | ({LAYOUT: known} if known else {}), number))
        _same_framework(found)
        _same_layout(found)
    if left:
        raise Unreadable(f"--weights {','.join(map(str, left[0]))} is one too many; the calls take {len(weights) - len(left)}")
    return reduce(operator.rshift, found)


def written_with_shapes(text: str, x: Shape, weights: Sequence[Shape] = ()) -> str:
    """A call and the shapes it is given, as one text: `F.conv1d(x, w) @ 1,3,9 8,3,3`."""
    return f"{text} @ {' '.join(','.join(map(str, shape)) for shape in (x, *weights))}"


def read_with_shapes(text: str) -> Reading:
    """The inverse: what the call means on these shapes. Raises Unreadable, or Impossible."""
    call, at, shapes = text.rpartition(" @ ")
    if not at or not all(part.isdecimal() and part.isascii() for shape in shapes.split(" ") for part in shape.split(",")):
        raise Unreadable(f"{_brief(text)} has no shapes; write them behind it, such as nn.Conv2d(3, 8, 3) @ 1,3,9,9")
    x, *weights = (tuple(map(int, shape.split(","))) for shape in shapes.split(" "))
    return read(call, x, weights)


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


class OtherLayout(Unreadable):
    """A call keeps the axes of its input in another order than the call before gives them.

    layout: where the call has each of spec's axes.
    """

    def __init__(self, sentence: str, layout: Shape) -> None:
        super().__init__(sentence)
        self.layout = layout


def _same_layout(found: list[Reading]) -> None:
    """Refuse two calls, one after the other, of which one has channels where the other has space. Raises OtherLayout."""
    if len(found) < 2 or found[-2].native.dropped:
        return
    before, after = found[-2].native, found[-1].native
    between = composed(before.leave, after.enter)
    if between != tuple(range(len(between))):
        (call, *_), last = found[-1].calls, max(len(between) - 1, 0)
        names = {1: "axis 1", last: "the last axis"}
        has, wants = (names.get(order[1] if order else 1, "another axis") for order in (before.leave, undone(after.enter)))
        sentence = f"{call.function} has the channels on {wants}, but the call before it leaves them on {has}; keep one order of axes"
        raise OtherLayout(sentence, undone(after.enter) or tuple(range(len(between))))


def _same_framework(found: list[Reading]) -> None:
    """Refuse a chain of two frameworks. Raises Unreadable."""
    (*before, phrases) = (reading.native.phrases for reading in found[-2:])
    names = [one.framework for one in (*before, phrases)]
    if not any(set(names) <= {one.framework, *one.includes} for one in (*before, phrases)):
        raise Unreadable(f"a chain has calls of one framework, but here {names[0]} is followed by {names[1]}")


def _takes_array(parameter: str) -> bool:
    return parameter in ("weight", "bias", "kernel", "filters", "filter", "rhs", "depthwise_filter", "pointwise_filter", "depthwise_kernel",
                         "pointwise_kernel", "W", "w", "B")  # fmt: skip


def _cut_reading(cut: Cut, before: Reading) -> Reading:
    """A slice, as negative padding."""
    shape, leave = before.y, before.native.leave
    if before.native.dropped:
        raise Unreadable(f"{cut} cuts a result without spatial axes; only spatial axes are read")
    if len(cut.bounds) > len(shape):
        raise Unreadable(f"{cut} has {len(cut.bounds)} slices, but the result has {len(shape)} axes: {shape}")
    pairs = []
    for n, bound in zip(shape, (*cut.bounds, *((None, None),) * (len(shape) - len(cut.bounds))), strict=True):
        start, stop, _ = slice(*bound).indices(n)
        pairs.append((-start, min(stop - n, 0)))
    ordered = [pairs[axis] for axis in leave] if leave else pairs
    if any(map(any, ordered[:2])):
        raise Unreadable(f"{cut} cuts batch or channels; only spatial axes are read")
    x = tuple(shape[axis] for axis in leave) if leave else shape
    native = Native(
        phrases=before.native.phrases, statements=(f"x = x{cut}",), x=shape, enter=undone(leave) if leave else (), leave=leave,
    )  # fmt: skip
    return Reading(op=Pad(padding=tuple(ordered[2:])), x=x, native=native)


def _misfit(function: str, named: dict[str, Value], said: str) -> str:
    """A sentence on arguments that a signature does not take."""
    parameters = list(declared(function).parameters)
    wrong = [name for name in named if name not in parameters]
    near = difflib.get_close_matches(wrong[0], parameters, 1) if wrong else []
    hint = f"; did you mean {near[0]}?" if near else ""
    reason = f"it has no argument {wrong[0]!r}{hint}" if wrong else said.partition("; its parameters")[0].removeprefix(f"{function}: ")
    return f"{function}: {reason}; its parameters are {DECLARED[function]}"


def _brief(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:79]}…"
