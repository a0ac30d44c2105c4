"""Text of native calls, as they stand in programs, to calls as data.

    text   = call | text ">>" text | "Sequential([" call, … "])" | one call a line, layers and numbers made before they are used
    call   = name "(" arguments ")" with literals, plain arithmetic on numbers, and names of arrays; also `layer(...)(x)`, `f(g(x))`,
             `name = call`, and slices, `+ b` and `/ 9` after it

Text is parsed as a syntax tree and bound to the signature table; nothing of it is ever evaluated.
"""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from backends.behind import Over, Plus
from backends.call import BadCall, Call, Source, Value, X, declared
from backends.names import brief, declared_first, made, qualified, rewritten
from backends.native import Unreadable
from backends.signatures import DECLARED

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
        raise Unreadable(f"{brief(text)} is no Python call: {why}; write one such as nn.Conv2d(3, 8, 3, padding=1)") from None
    try:
        found = tuple(_lines(tree))
    except RecursionError:
        raise Unreadable(f"{brief(text)} is nested too deeply") from None
    if not found:
        raise Unreadable(f"{brief(text)} has no call; write one such as nn.Conv2d(3, 8, 3, padding=1)")
    return found


Layers = dict[str, ast.expr]
"""Layers that a line makes and a later line calls: `layer = nn.Conv2d(…)`, then `x = layer(x)`."""


def _lines(tree: ast.Module) -> Iterator[Step]:
    called = set(map(ast.unparse, _used_as_layers(tree)))
    layers: Layers = {}
    numbers: dict[str, Value] = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
            continue
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr) or node.value is None:
            raise Unreadable(f"{brief(ast.unparse(node))} is no call; write one call a line, such as x = F.pad(x, (1, 1))")
        name = ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""
        if name in called:
            layers[name] = node.value
        elif name and (literal := _literal(node.value)):
            numbers[name] = _value(literal, 0, name)
        else:
            yield from (_with(numbers, step) for step in _steps(node.value, 0, layers))


def _used_as_layers(tree: ast.Module) -> Iterator[ast.expr]:
    """What is called, and what a chain names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.func
            if ast.unparse(node.func).rpartition(".")[2] in SEQUENCES:
                yield from (each for part in node.args for each in (part.elts if isinstance(part, ast.List | ast.Tuple) else [part]))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
            yield from (node.left, node.right)


def _literal(node: ast.expr) -> ast.expr | None:
    """What a line `pads = [1, 1]` or `pads = np.array([1, 1])` sets; None for a line that sets something else."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.array", "numpy.array") and node.args:
        node = node.args[0]
    parts = ast.Constant | ast.List | ast.Tuple | ast.UnaryOp | ast.BinOp | ast.operator | ast.unaryop | ast.expr_context
    return node if all(isinstance(part, parts) for part in ast.walk(node)) else None


def _with(numbers: dict[str, Value], step: Step) -> Step:
    """A call in which names that stand for numbers are those numbers."""
    if not isinstance(step, Call):
        return step
    named = {name: numbers.get(value.text, value) if isinstance(value, Source) else value for name, value in step.arguments.items()}
    return Call(step.function, named)


def _steps(node: ast.expr, depth: int, layers: Layers) -> Iterator[Step]:
    if depth > DEEPEST:
        raise Unreadable("the text is nested too deeply")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
        yield from _steps(node.left, depth + 1, layers)
        yield from _layer(node.right, depth, layers)
    elif isinstance(node, ast.Subscript):
        yield from _steps(node.value, depth + 1, layers)
        yield _cut(node)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Div):
        yield from _steps(node.left, depth + 1, layers)
        yield _behind(node)
    elif isinstance(node, ast.List | ast.Tuple):
        for each in node.elts:
            yield from _layer(each, depth, layers)
    elif isinstance(node, ast.Call):
        yield from _call(node, depth, layers)
    elif ast.unparse(node) in layers:
        yield from _steps(layers[ast.unparse(node)], depth + 1, layers)
    elif not isinstance(node, ast.Name | ast.Attribute):
        raise Unreadable(f"{brief(ast.unparse(node))} is no call of a layer or a function")


def _layer(node: ast.expr, depth: int, layers: Layers) -> Iterator[Step]:
    """A layer of a chain: a call, or the name of a layer that a line before makes."""
    if isinstance(node, ast.Name | ast.Attribute) and (name := ast.unparse(node)) not in layers:
        raise Unreadable(f"{name} is no call of a layer or a function; write the call, with its arguments")
    yield from _steps(node, depth + 1, layers)


def _call(node: ast.Call, depth: int, layers: Layers) -> Iterator[Step]:
    """A call, after those among its arguments that make its input."""
    name = ast.unparse(node.func)
    if name in rewritten():
        yield from _call(rewritten()[name](node), depth + 1, layers)
        return
    if isinstance(node.func, ast.Call | ast.Subscript) or name in layers:  # layer(…)(x), layer(x)
        for argument in node.args:
            yield from _inner(argument, depth, layers)
        yield from _steps(layers.get(name, node.func), depth + 1, layers)
        return
    if name.rpartition(".")[2] in SEQUENCES:
        for each in node.args:
            yield from _layer(each, depth, layers)
        return
    function = qualified(name, [keyword.arg for keyword in node.keywords if keyword.arg])
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
    if isinstance(node, ast.Call) and (function := made(ast.unparse(node.func))):
        return _inside(node, function, depth + 1, name)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        number = _number(node.operand, depth + 1, name)
        return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BinOp):
        return _number(node, depth, name)
    if isinstance(node, ast.Name | ast.Attribute):
        return Source(ast.unparse(node))
    raise Unreadable(f"{name}: {brief(ast.unparse(node))} is not read; write numbers, texts, or the name of an array")


def _inside(node: ast.Call, function: str, depth: int, name: str) -> Call:
    """A call that is an argument of another."""
    if any(isinstance(argument, ast.Starred) for argument in node.args) or any(keyword.arg is None for keyword in node.keywords):
        raise Unreadable(f"{name}: {brief(ast.unparse(node))} is not read; write the arguments out")
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
            raise Unreadable(f"{name}: {brief(ast.unparse(node))} has no value") from None
        if abs(result) <= LARGEST_NUMBER:
            return result
        raise Unreadable(f"{name}: {brief(ast.unparse(node))} is larger than any shape")
    value = _value(node, depth + 1, name) if not isinstance(node, ast.BinOp) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"{name}: {brief(ast.unparse(node))} is no number; only + - * / // of numbers are read")
    return value


def _cut(node: ast.Subscript) -> Cut:
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    bounds: list[tuple[int | None, int | None]] = []
    for part in parts:
        if not isinstance(part, ast.Slice) or part.step is not None:
            raise Unreadable(f"[{brief(ast.unparse(node.slice))}] is not read; only slices such as [:, :, 1:-1] are")
        ends = [None if end is None else _number(end, 0, "a slice") if not isinstance(end, ast.UnaryOp) else _value(end, 0, "a slice")
                for end in (part.lower, part.upper)]  # fmt: skip
        if any(end is not None and type(end) is not int for end in ends):
            raise Unreadable(f"[{brief(ast.unparse(node.slice))}] is not read; the ends of a slice are whole numbers")
        bounds.append((ends[0], ends[1]))  # type: ignore[arg-type]
    return Cut(tuple(bounds))


def _behind(node: ast.BinOp) -> Plus | Over:
    """A bias or a divisor after a call."""
    if isinstance(node.op, ast.Div):
        return Over(_number(node.right, 0, "a divisor"))
    if not isinstance(node.right, ast.Name | ast.Attribute):
        raise Unreadable(f"+ {brief(ast.unparse(node.right))} is not read; add the name of a bias, such as + b")
    return Plus(ast.unparse(node.right))


def _misfit(function: str, named: dict[str, Value], said: str) -> str:
    """A sentence on arguments that a signature does not take."""
    parameters = list(declared(function).parameters)
    wrong = [name for name in named if name not in parameters]
    near = difflib.get_close_matches(wrong[0], parameters, 1) if wrong else []
    hint = f"; did you mean {near[0]}?" if near else ""
    reason = f"it has no argument {wrong[0]!r}{hint}" if wrong else said.partition("; its parameters")[0].removeprefix(f"{function}: ")
    return f"{function}: {reason}; its parameters are {DECLARED[function]}"
