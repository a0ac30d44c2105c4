"""What every node's reader shares: attributes that are lists, the opset that brought an attribute, how ONNX's programs are run."""

from __future__ import annotations

from backends.arrange import NUMPY
from backends.call import Call, Source
from backends.native import Phrases, Unreadable
from backends.onnx.nodes import NEWEST
from backends.onnx.runtime import IMPORTS, RUNTIMES
from spec import Shape
from spec.operation import Pairs

PHRASES = Phrases(framework="onnx", title="ONNX", runtimes=tuple(RUNTIMES), imports=IMPORTS, moves=NUMPY)
"""Weights are laid out anew before they are constants of the model, so by NumPy."""

SINCE: dict[tuple[str, str], int] = {
    ("AveragePool", "count_include_pad"): 7, ("AveragePool", "ceil_mode"): 10, ("AveragePool", "dilations"): 19,
    ("MaxPool", "storage_order"): 8, ("MaxPool", "ceil_mode"): 10, ("MaxPool", "dilations"): 10,
    ("LpPool", "ceil_mode"): 18, ("LpPool", "dilations"): 18,
    ("Resize", "sizes"): 11, ("Resize", "coordinate_transformation_mode"): 11, ("Resize", "nearest_mode"): 11,
    ("Resize", "cubic_coeff_a"): 11, ("Resize", "exclude_outside"): 11,
    ("Resize", "antialias"): 18, ("Resize", "axes"): 18, ("Resize", "keep_aspect_ratio_policy"): 18, ("Pad", "axes"): 18,
}  # fmt: skip
"""The opset that brought an input or attribute, of those that came after the operator."""


def opset_of(call: Call, kind: str, since: int = 1) -> int:
    """The opset by which a node is read; refuses what it did not have. Raises Unreadable."""
    opset = NEWEST if call["opset"] is None else call["opset"]
    if type(opset) is not int or not since <= opset <= NEWEST:
        raise Unreadable(f"{call.function}: opset is {opset!r}, but it needs a whole number from {since} to {NEWEST}")
    for name in call.arguments:
        if opset < SINCE.get((kind, name), 0):
            raise Unreadable(f"{call.function} has {name} since opset {SINCE[kind, name]}, but opset is {opset}; leave {name} out")
    return opset


def ints(call: Call, name: str, count: int, *, least: int = 1, default: Shape | None = None) -> Shape:
    """An attribute, or an input, that is a list of so many whole numbers. Raises Unreadable."""
    value = call[name]
    if value is None and default is not None:
        return default
    if isinstance(value, Source):
        raise Unreadable(f"{call.function}: {name} is the array {value}, whose numbers are not known; write them, such as {name}=[…]")
    if not isinstance(value, tuple) or len(value) != count or any(type(n) is not int or n < least for n in value):
        shown = list(value) if isinstance(value, tuple) else value
        wanted = f"a list of {count} whole numbers" + (f" of at least {least}" if least > -(1 << 40) else "")
        raise Unreadable(f"{call.function}: {name} is {shown!r}, but it needs {wanted}")
    return value  # type: ignore[return-value]


def switch(call: Call, name: str) -> bool:
    """An attribute that is 0 or 1. Raises Unreadable."""
    value = call[name]
    if value not in (0, 1):
        raise Unreadable(f"{call.function}: {name} is {value!r}, but it needs 0 or 1")
    return bool(value)


def begins_and_ends(pads: Shape) -> Pairs:
    """[begins…, ends…] as (lo, hi) for each axis."""
    half = len(pads) // 2
    return tuple(zip(pads[:half], pads[half:], strict=True))
