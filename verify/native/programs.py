"""A program as a user gives it to `compare --family`: in spec's syntax, or as native calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from backends.arrange import NUMPY, Arrangement
from backends.call import BadCall
from backends.native import Native, Phrases, Reading, Unreadable, Weight
from backends.parsing import parsed
from backends.reading import read
from spec import Impossible, operations, parse, parse_case
from spec.families.maps import Family
from spec.operation import Shape
from verify.native.compare import kernels, read_on

SPEC = Phrases(framework="spec", title="the specification", runtimes=(), imports="", moves=NUMPY)
"""Of a program in spec's syntax: its arrays are as the equations have them."""

SHAPES = re.compile(r"\s+[xw]\s*=\s*\([^()]*\)")


def program(text: str, x: Shape | None, weights: Sequence[Shape] = (), like: Reading | None = None) -> Reading:
    """What a text means. x: the shape of the input, as the program has it; weights: of kernels that the text leaves open.

    like: another program, on whose input this one is to work. Raises Impossible.
    """
    if in_spec_syntax(text):
        return _spec(text, like.x if like else x, weights)
    if like is None and x is None:
        raise Impossible("give the shape of the input in the first call's own layout, such as --input 1,3,32,32")
    return _with_weights(lambda shapes: read_on(text, like, shapes) if like else read(text, x or (), shapes), weights)


def _with_weights(reading: Callable[[Sequence[Shape]], Reading], weights: Sequence[Shape]) -> Reading:
    """Of a function that is given arrays of these shapes, or of a layer that makes its own. Raises Impossible."""
    try:
        return reading(weights)
    except Unreadable:
        with suppress(Impossible):
            return reading(())
        raise


def is_spec(reading: Reading) -> bool:
    """Whether it was given in spec's syntax."""
    return reading.native.phrases is SPEC


def family(reading: Reading) -> Family:
    """Its maps, with free weights. Raises Impossible."""
    return Family(op=reading.op, x=(1, *reading.x[1:]), w=kernels(reading))


def in_spec_syntax(text: str) -> bool:
    """A name of spec's without a dot; where a framework has the name too, fields of spec's behind it."""
    name = re.match(r"\s*(\w+)\s*\(", text)
    if not name or name[1] not in operations():
        return False
    try:
        parse(SHAPES.sub("", text))
    except Impossible:
        try:
            parsed(text)
        except (Impossible, BadCall):
            return True
        return False
    return True


def _spec(text: str, x: Shape | None, weights: Sequence[Shape]) -> Reading:
    op, said = SHAPES.sub("", text), [shape.strip() for shape in SHAPES.findall(text)]
    images, kernels = ([shape for shape in said if shape.startswith(name)] for name in "xw")
    if not images and x is None:
        raise Impossible("give the shape of the input, such as --input 1,1,8,8, or x=(1, 1, 8, 8) in the text")
    images = images or [f"x={x}"]
    kernels = kernels or [f"w={shape}" for shape in weights]
    if needed := parse(op).weights - len(kernels):
        raise Impossible(f"{op.strip()} needs {needed} more shape{'s' * (needed > 1)} of weights: write w=(1, 1, 3, 3) behind it")
    case = parse_case(" ".join((op, *images, *kernels)))
    if x is not None and case.x != x:
        raise Impossible(f"the text says x={case.x}, but the input is {x}")
    weight = [Weight(name=f"w{i}", variable=f"w{i}", to_spec=Arrangement(shape)) for i, shape in enumerate(case.w)]
    return Reading(op=case.op, x=case.x, native=Native(phrases=SPEC, statements=(), x=case.x, weights=tuple(weight)))


def of_length(text: str, reading: Reading, axis: int, n: int, weights: Sequence[Shape] = ()) -> Reading:
    """The same text on another length of a spatial axis. Raises Impossible."""
    x = tuple(n if i == axis + 2 else length for i, length in enumerate(reading.x))
    if is_spec(reading):
        return replace(reading, x=x, native=replace(reading.native, x=x))
    enter = reading.native.enter
    return _with_weights(lambda shapes: read(text, tuple(x[i] for i in enter) if enter else x, shapes), weights)
