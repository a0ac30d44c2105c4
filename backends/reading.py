"""What people write, read: text of native calls, as they stand in programs, to calls as data, and from there to operations of spec.

    text   = call | text ">>" text | "Sequential([" call, … "])" | one call a line
    call   = name "(" arguments ")" with literals, plain arithmetic on numbers, and names of arrays; also `layer(...)(x)`, `f(g(x))`,
             `name = call`, and slices after it

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

from backends.call import BadCall, Call, Source, Value, X, declared
from backends.native import Native, Reader, Reading, Unreadable, undone
from backends.signatures import DECLARED, FRAMEWORKS
from spec import Pad, Shape

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


Step = Call | Cut


def parsed(text: str) -> tuple[Step, ...]:
    """The calls that a text writes, in the order in which x passes through them. Raises Unreadable."""
    if len(text) > LONGEST_TEXT:
        raise Unreadable(f"the text has {len(text)} characters, but at most {LONGEST_TEXT} are read")
    try:
        tree = ast.parse("\n".join(line.strip() for line in text.strip().splitlines()))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = getattr(error, "msg", None) or "it is nested too deeply"
        raise Unreadable(f"{_brief(text)} is no Python call: {why}; write one such as nn.Conv2d(3, 8, 3, padding=1)") from None
    found: list[Step] = []
    numbers: dict[str, Value] = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
            continue
        if isinstance(node, ast.Assign) and (literal := _literal(node.value)):
            numbers[ast.unparse(node.targets[0])] = _value(literal, 0, ast.unparse(node.targets[0]))
            continue
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr) and node.value is not None:
            try:
                found.extend(_steps(node.value, 0))
            except RecursionError:
                raise Unreadable(f"{_brief(text)} is nested too deeply") from None
        else:
            raise Unreadable(f"{_brief(ast.unparse(node))} is no call; write one call a line, such as x = F.pad(x, (1, 1))")
    if not found:
        raise Unreadable(f"{_brief(text)} has no call; write one such as nn.Conv2d(3, 8, 3, padding=1)")
    return tuple(_with(numbers, step) for step in found)


def _literal(node: ast.expr) -> ast.expr | None:
    """What a line `pads = [1, 1]` or `pads = np.array([1, 1])` sets; None for a line that sets something else."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.array", "numpy.array") and node.args:
        node = node.args[0]
    parts = ast.Constant | ast.List | ast.Tuple | ast.UnaryOp | ast.BinOp | ast.operator | ast.unaryop | ast.expr_context
    return node if all(isinstance(part, parts) for part in ast.walk(node)) else None


def _with(numbers: dict[str, Value], step: Step) -> Step:
    """A call in which names that stand for numbers are those numbers."""
    if isinstance(step, Cut):
        return step
    named = {name: numbers.get(value.text, value) if isinstance(value, Source) else value for name, value in step.arguments.items()}
    return Call(step.function, named)


def _steps(node: ast.expr, depth: int) -> Iterator[Step]:
    if depth > DEEPEST:
        raise Unreadable("the text is nested too deeply")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
        yield from _steps(node.left, depth + 1)
        yield from _steps(node.right, depth + 1)
    elif isinstance(node, ast.Subscript):
        yield from _steps(node.value, depth + 1)
        yield _cut(node)
    elif isinstance(node, ast.List | ast.Tuple):
        for each in node.elts:
            yield from _steps(each, depth + 1)
    elif isinstance(node, ast.Call):
        yield from _call(node, depth)
    elif not isinstance(node, ast.Name | ast.Attribute):
        raise Unreadable(f"{_brief(ast.unparse(node))} is no call of a layer or a function")


def _call(node: ast.Call, depth: int) -> Iterator[Step]:
    """A call, after those among its arguments that make its input."""
    if isinstance(node.func, ast.Call | ast.Subscript):  # layer(…)(x)
        for argument in node.args:
            yield from _inner(argument, depth)
        yield from _steps(node.func, depth + 1)
        return
    name = ast.unparse(node.func)
    if name in _rewritten():
        yield from _call(_rewritten()[name](node), depth + 1)
        return
    if name.rpartition(".")[2] in SEQUENCES:
        for each in node.args:
            yield from _steps(each, depth + 1)
        return
    function = qualified(name, [keyword.arg for keyword in node.keywords if keyword.arg])
    is_input = declared_first(function)
    values: list[Value] = []
    for i, argument in enumerate(node.args):
        if isinstance(argument, ast.Starred):
            raise Unreadable(f"{name}: *{ast.unparse(argument.value)} is not read; write the arguments out")
        if is_input and i == 0:
            yield from _inner(argument, depth)
            values.append(X)
        else:
            values.append(_value(argument, depth, name))
    named: dict[str, Value] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise Unreadable(f"{name}: **{ast.unparse(keyword.value)} is not read; write the arguments out")
        if keyword.arg == is_input:
            yield from _inner(keyword.value, depth)
            named[keyword.arg] = X
        else:
            named[keyword.arg] = _value(keyword.value, depth, name)
    try:
        yield Call.of(function, *values, **named)
    except BadCall as error:
        raise Unreadable(_misfit(function, named, str(error))) from None


def _inner(node: ast.expr, depth: int) -> Iterator[Step]:
    """What makes the input of a call, if that is a call itself."""
    if isinstance(node, ast.Call | ast.Subscript | ast.BinOp):
        yield from _steps(node, depth + 1)


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
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        number = _number(node.operand, depth + 1, name)
        return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BinOp):
        return _number(node, depth, name)
    if isinstance(node, ast.Name | ast.Attribute):
        return Source(ast.unparse(node))
    raise Unreadable(f"{name}: {_brief(ast.unparse(node))} is not read; write numbers, texts, or the name of an array")


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


def declared_first(function: str) -> str:
    """The parameter of a function that takes its input; empty of a layer, which is made before."""
    first = next(iter(declared(function).parameters), "")
    return first if first in INPUTS else ""


INPUTS = ("input", "inputs", "x", "images", "image", "lhs", "value", "tensor", "operand", "data", "X")
"""What functions call the array they work on."""


def qualified(name: str, arguments: Sequence[str] = ()) -> str:
    """The full name of a function or layer, as people write it under customary imports. Raises Unreadable.

    Of several that are called so, it is the one that has these arguments.
    """
    readers = _readers()
    fitting = [full for full in _spelled(name) if full in readers]
    if not fitting and "." not in name:
        fitting = [full for full in readers if full.rpartition(".")[2] == name]
    if fitting:
        return min(fitting, key=lambda full: (not set(arguments) <= set(declared(full).parameters), full.count("."), full))
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
def _readers() -> dict[str, Reader]:
    return {function: reader for room in rooms().values() for function, reader in room.READERS.items()}


@cache
def _rewritten() -> dict[str, Callable[[ast.Call], ast.Call]]:
    """Calls that stand for others, by name: REWRITTEN of a framework that has such, as ONNX's make_node."""
    return {name: rewrite for room in rooms().values() for name, rewrite in getattr(room, "REWRITTEN", {}).items()}


def readable() -> list[str]:
    """The qualified name of everything that is read."""
    return sorted(_readers())


def read(text: str, x: Shape, weights: Sequence[Shape] = ()) -> Reading:
    """What a text of native calls means on an input of a shape, in the framework's layout.

    weights: the shapes of the arrays that functions are given beside x, in their order. Raises Unreadable, or Impossible.
    """
    steps, left = parsed(text), list(weights)
    found: list[Reading] = []
    for i, step in enumerate(steps, start=1):
        number = str(i) if len(steps) > 1 else ""
        here = found[-1].y if found else x
        if isinstance(step, Cut):
            if not found:
                raise Unreadable(f"{step} cuts nothing; write it behind a call")
            found.append(_cut_reading(step, found[-1]))
            continue
        arrays = [name for name, value in step.arguments.items() if isinstance(value, Source) and value != X and _takes_array(name)]
        given = dict(zip(arrays, left, strict=False))
        left = left[len(given) :]
        found.append(_readers()[step.function](step, here, given, number))
        _same_framework(found)
    if left:
        raise Unreadable(f"--weights {','.join(map(str, left[0]))} is one too many; the calls take {len(weights) - len(left)}")
    return reduce(operator.rshift, found)


def _same_framework(found: list[Reading]) -> None:
    """Refuse a chain of two frameworks. Raises Unreadable."""
    names = [reading.native.phrases.framework for reading in found[-2:]]
    if len(set(names)) > 1:
        raise Unreadable(f"a chain has calls of one framework, but here {names[0]} is followed by {names[1]}")


def _takes_array(parameter: str) -> bool:
    return parameter in ("weight", "bias", "kernel", "filters", "filter", "rhs", "depthwise_filter", "pointwise_filter", "depthwise_kernel",
                         "pointwise_kernel", "W", "w", "B", "I")  # fmt: skip


def _cut_reading(cut: Cut, before: Reading) -> Reading:
    """A slice, as negative padding."""
    shape, leave = before.y, before.native.leave
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
