"""A node as people write it: `onnx.helper.make_node`, with the arrays that it takes beside x in lines before it. Read, and written."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from backends.call import Call, Let, Source, Statement, Value, written
from backends.native import Applied, Unreadable
from backends.onnx.signatures import INPUTS

NEWEST = 28
"""The newest opset whose meaning is known here; it is what a node is read by unless it says another."""

RUNS = 22
"""The opset in which nodes are run that say none: ONNX Runtime knows later ones only in its newest versions."""

RUN_IN = {"Upsample": 9, "GlobalLpPool": 21}
"""Where an operator exists, or has a kernel, only in other opsets."""


@dataclass(frozen=True)
class Made(Applied):
    """`layer` is the line that makes the node, `run` the statement that runs it."""

    def __str__(self) -> str:
        return self.layer


@dataclass
class Writer:
    """Writes calls of one step as nodes, whose tensors have names of their own: x, then y or y1, y2 …"""

    number: str
    lines: list[Statement | Applied] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """By variable of the program: the tensor that it stands for now."""
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.names["x"] = "x" if self.number in ("", "1") else f"y{int(self.number) - 1}"
        self.taken |= {"x", f"y{self.number}"}

    def add(self, said: Statement, *, last: bool) -> None:
        """One statement of a translation. last: whether its result is that of the step."""
        if isinstance(said, Let) and isinstance(said.value, Call):
            self._node(said.value, said.name, last=last)
        elif isinstance(said, Call):
            self._node(said, "x", last=last)
        else:
            assert isinstance(said, Let)
            self.lines.append(str(said))
            self.names[said.name] = said.name

    def _node(self, call: Call, variable: str, *, last: bool) -> None:
        kind, opset = call.function.removeprefix("onnx."), call["opset"] if "opset" in call.arguments else None
        parameters = inputs_of(kind, opset)
        tensors: list[str] = []
        arrays: list[str] = []
        for parameter in parameters:
            tensor, array = self._input(parameter, call.arguments.get(parameter), variable)
            tensors.append(tensor)
            arrays.append(array)
        while tensors and not tensors[-1]:
            del tensors[-1], arrays[-1]
        output = f"y{self.number}" if last and variable == "x" else self._name("y" if variable == "x" else variable)
        attributes = {name: value for name, value in call.arguments.items() if name not in (*parameters, "opset")}
        if isinstance(scales := attributes.get("scales"), tuple):
            attributes["scales"] = tuple(float(str(s)) for s in scales)
        words = "".join(f", {_attribute(name)}={listed(value)}" for name, value in attributes.items())
        node = f'onnx.helper.make_node("{kind}", {listed(tuple(tensors))}, ["{output}"]{words})'
        where = opset or RUN_IN.get(kind)
        suffix = f", opset={where}" if where else ""
        self.lines.append(Made(node, f"{variable} = op({node}, {', '.join(arrays)}{suffix})"))
        self.names[variable] = output

    def _input(self, parameter: str, value: Value, variable: str) -> tuple[str, str]:
        """The tensor's name in the node, and the expression that is run."""
        if value is None:
            return "", "None"
        if isinstance(value, Call):
            self._node(value, variable, last=False)
            return self.names[variable], variable
        if isinstance(value, Source) and value.text.isidentifier():
            return self.names.get(value.text, value.text), value.text
        name = self._name({"constant_value": "value", "I": "indices", "W": "ones"}.get(parameter, parameter))
        if isinstance(value, Source):
            text = value.text
        else:
            floats = parameter in ("roi", "scales", "constant_value")
            text = f"np.array({listed(value)}{', dtype=np.float32' if floats else ''})"
        self.lines.append(f"{name} = {text}")
        return name, name

    def _name(self, wanted: str) -> str:
        """A name that no other tensor here has."""
        name = f"{wanted}{self.number}"
        i = 2
        while name in self.taken:
            name, i = f"{wanted}{self.number}_{i}", i + 1
        self.taken.add(name)
        return name


def nodes(statements: Sequence[Statement], number: str) -> tuple[Statement | Applied, ...]:
    """Statements of a translation, or the call that was read, as lines that make nodes."""
    writer = Writer(number)
    for i, said in enumerate(statements, start=1):
        writer.add(said, last=i == len(statements))
    return tuple(writer.lines)


def inputs_of(kind: str, opset: Value = None) -> tuple[str, ...]:
    """The inputs of an operator; what is an input today was an attribute in older opsets."""
    if isinstance(opset, int) and opset < {"Upsample": 9, "Pad": 11}.get(kind, 0):
        return INPUTS[kind][:1]
    if kind == "Resize" and opset == 10:
        return ("X", "scales")
    return INPUTS[kind]


def _attribute(name: str) -> str:
    return "value" if name == "constant_value" else name


def listed(value: Value) -> str:
    """A value as people write it in a node: lists, not tuples."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(listed, value))}]"
    return str(value) if isinstance(value, Fraction) and value.denominator & (value.denominator - 1) else written(value)


def rewritten(node: ast.Call) -> ast.Call:
    """`make_node("Conv", ["x", "w"], ["y"], strides=[2, 2])` as `onnx.Conv(X=x, W=w, strides=[2, 2])`. Raises Unreadable."""
    name = ast.unparse(node.func)
    named = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    given = [*node.args, *(named.pop(key) for key in ("op_type", "inputs", "outputs") if key in named)]
    if len(given) < 2 or not isinstance(given[0], ast.Constant) or not isinstance(given[0].value, str):
        raise Unreadable(f'{name} needs the operator, its inputs and its outputs, such as {name}("Conv", ["x", "w"], ["y"])')
    kind, inputs = given[0].value, given[1]
    names = [e.value if isinstance(e, ast.Constant) else None for e in getattr(inputs, "elts", [None])]
    if not all(isinstance(tensor, str) for tensor in names):
        raise Unreadable(f'{name}: the inputs are {ast.unparse(inputs)}, but they must be a list of names, such as ["x", "w"]')
    for ignored in ("name", "doc_string", "domain"):
        named.pop(ignored, None)
    parameters = INPUTS.get(kind, ("X",))
    if len(names) > len(parameters):
        raise Unreadable(f"{name}: {kind} has the inputs {', '.join(parameters)}, but {len(names)} are given")
    tensors = dict(zip(parameters, map(str, names), strict=False))
    arguments: dict[str, ast.expr] = {p: ast.Name(tensor) for p, tensor in tensors.items() if tensor}
    keywords = [ast.keyword(arg, value) for arg, value in (arguments | named).items()]
    return ast.Call(ast.Attribute(ast.Name("onnx"), kind), [], keywords)


MAKERS = dict.fromkeys(("onnx.helper.make_node", "helper.make_node", "make_node", "oh.make_node"), rewritten)
"""How make_node is called, depending on what was imported."""

