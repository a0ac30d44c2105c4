"""A native call as data: which function, which arguments. Translators write calls; str(call) is the only place that makes source of one."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

from backends.signatures import DECLARED, FRAMEWORKS
from spec import Shape


class BadCall(TypeError):
    """A call that its function does not take. The message says which argument, and what there is."""


@dataclass(frozen=True)
class Source:
    """An expression as it stands in the program: the name of an array, `x[:, :, None]`, `x.dtype`, `lax.max`."""

    text: str

    def __str__(self) -> str:
        return self.text


X = Source("x")


@dataclass(frozen=True)
class Call:
    """One call of a function or a layer of backends/*/signatures.py.

    function: its qualified name, such as `torch.nn.functional.conv2d`.
    arguments: by parameter, in the signature's order, without those that equal the parameter's default.
    Written with `Call.of("torch.nn.functional.conv2d", X, Source("w"), stride=2)`; raises BadCall for what the signature does not take.
    """

    function: str
    arguments: Mapping[str, Value] = field(hash=False)

    @classmethod
    def of(cls, function: str, /, *values: Value, **named: Value) -> Call:
        """The call with these arguments. Raises BadCall."""
        signature = declared(function)
        try:
            bound = signature.bind(*values, **named).arguments
        except TypeError as error:
            raise BadCall(f"{function}: {error}; its parameters are {DECLARED[function]}") from None
        given: dict[str, Value] = {}
        for name, value in bound.items():
            kind = signature.parameters[name].kind
            given |= value if kind is inspect.Parameter.VAR_KEYWORD else {name: value}
        defaults = {name: parameter.default for name, parameter in signature.parameters.items()}
        return cls(function, {name: value for name, value in given.items() if not _same(value, defaults.get(name, ...))})

    def __getitem__(self, parameter: str) -> Value:
        """The argument, or the parameter's default. Raises KeyError for a parameter that there is not."""
        if parameter in self.arguments:
            return self.arguments[parameter]
        default = declared(self.function).parameters[parameter].default
        if default is inspect.Parameter.empty or default is ...:
            raise KeyError(parameter)
        return default  # type: ignore[no-any-return]

    def __str__(self) -> str:
        """As a fluent user writes it: required arguments by position, others by name."""
        parameters = declared(self.function).parameters
        said: list[str] = []
        for name, value in self.arguments.items():
            parameter = parameters.get(name)
            if parameter and parameter.kind is inspect.Parameter.VAR_POSITIONAL and isinstance(value, tuple):
                said.extend(map(written, value))
            elif parameter and _by_position(parameter):
                said.append(written(value))
            else:
                said.append(f"{name}={written(value)}")
        return f"{short_name(self.function)}({', '.join(said)})"

    @property
    def within(self) -> Iterator[Call]:
        """This call, then those that are among its arguments."""
        yield self
        for value in self.arguments.values():
            yield from _calls(value)


def _by_position(parameter: inspect.Parameter) -> bool:
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        return True
    return parameter.default is inspect.Parameter.empty and parameter.kind is not inspect.Parameter.KEYWORD_ONLY


Value: TypeAlias = bool | int | float | str | Fraction | Source | Call | tuple["Value", ...] | None


@dataclass(frozen=True)
class Let:
    """`name = value`."""

    name: str
    value: Call | Source

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


@dataclass(frozen=True)
class Layer:
    """A layer that is made once, before the function, and built for inputs of a shape if it has weights."""

    name: str
    call: Call
    build: Shape | None = None

    def __str__(self) -> str:
        return f"{self.name} = {self.call}" + (f"\n{self.name}.build({self.build})" if self.build else "")


Statement: TypeAlias = Call | Let | Layer | str
"""A call alone is assigned to x; text is a statement as it stands."""


def calls(statements: Sequence[Statement]) -> Iterator[Call]:
    """Every call that statements make, in order, each followed by the calls among its arguments."""
    for said in statements:
        call = said.call if isinstance(said, Layer) else said.value if isinstance(said, Let) else said
        if isinstance(call, Call):
            yield from call.within


def body(statements: Sequence[Statement]) -> str:
    """What stands inside the function."""
    inside = (Let("x", said) if isinstance(said, Call) else said for said in statements if not isinstance(said, Layer))
    return "\n".join(text for text in map(str, inside) if text)


def before(statements: Sequence[Statement]) -> str:
    """What stands before the function: its layers."""
    return "\n".join(str(said) for said in statements if isinstance(said, Layer))


@cache
def declared(function: str) -> inspect.Signature:
    """The signature that the table gives a function. Raises BadCall if there is none."""
    if function not in DECLARED:
        raise BadCall(f"backends/*/signatures.py has no {function}; add its parameters there, as the framework declares them")
    definition = ast.parse(f"def f({DECLARED[function]}): pass").body[0]
    assert isinstance(definition, ast.FunctionDef)
    return _signature(definition.args)


def _signature(args: ast.arguments) -> inspect.Signature:
    kinds = inspect.Parameter
    empty = kinds.empty
    positional = [*((a, kinds.POSITIONAL_ONLY) for a in args.posonlyargs), *((a, kinds.POSITIONAL_OR_KEYWORD) for a in args.args)]
    defaults = [empty] * (len(positional) - len(args.defaults)) + [ast.literal_eval(node) for node in args.defaults]
    found = [kinds(a.arg, kind, default=default) for (a, kind), default in zip(positional, defaults, strict=True)]
    if args.vararg:
        found.append(kinds(args.vararg.arg, kinds.VAR_POSITIONAL))
    for a, node in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        found.append(kinds(a.arg, kinds.KEYWORD_ONLY, default=ast.literal_eval(node) if node else empty))
    if args.kwarg:
        found.append(kinds(args.kwarg.arg, kinds.VAR_KEYWORD))
    return inspect.Signature(found)


def short_name(function: str) -> str:
    """A qualified name as people write it under the customary imports."""
    first, *_ = function.split(".")
    shortened: dict[str, str] = FRAMEWORKS[first].WRITTEN
    for short, long in shortened.items():
        if function.startswith(f"{long}."):
            return short + function.removeprefix(long)
    return function


def written(value: Value) -> str:
    """A value as a Python user writes it: 1.25, or 4/3 where a float would round."""
    if isinstance(value, Source | Call):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Fraction):
        exact = value.denominator & (value.denominator - 1) == 0
        return repr(float(value)) if exact else str(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(written, value))}{',' * (len(value) == 1)})"
    return repr(value)


def _calls(value: Value) -> Iterator[Call]:
    if isinstance(value, Call):
        yield from value.within
    elif isinstance(value, tuple):
        for one in value:
            yield from _calls(one)


def _same(value: Any, default: Any) -> bool:
    """Whether an argument says what the default says; one number stands for the same one on every axis."""
    if isinstance(value, tuple) != isinstance(default, tuple):
        many, one = (value, default) if isinstance(value, tuple) else (default, value)
        return bool(many) and all(_same(each, one) for each in many)
    return type(value) is type(default) and bool(value == default)
