"""An operation as ONNX users write it: lines of `onnx.helper.make_node`, which are run as one model."""

from __future__ import annotations

from backends import Step
from backends.arrange import Arrangement
from backends.call import Call, Source, Statement
from backends.native import Weight
from backends.onnx import write
from backends.onnx.attributes import PHRASES as PHRASES
from backends.onnx.nodes import nodes
from backends.porting import Piece, written
from spec import Operation, Shape


def enter(rank: int) -> Shape:
    """ONNX keeps the axes as spec does."""
    return ()


leave = enter


def piece(op: Operation, at: Step) -> Piece:
    """Raises Unsupported."""
    flat = f"{at.bias}.flatten()"
    said = written(write, op, at)
    inside = any(isinstance(one, Call) and str(one.arguments.get("B")) == flat for one in said)
    named = zip(op.inputs(), at.w, strict=True)
    weights = [Weight(name=one.name, variable=f"{one.name}{at.number}", to_spec=Arrangement(w)) for one, w in named]
    if inside:
        weights[1:] = [Weight(name="b", variable=at.bias, to_spec=Arrangement((max(at.w[1]),)).reshape(*at.w[1]))]
    return Piece(statements=nodes([_named(one, flat, at.bias) for one in said], at.number), weights=tuple(weights))


def _named(said: Statement, flat: str, bias: str) -> Statement:
    """A bias is flat where the node adds it."""
    if isinstance(said, Call) and str(said.arguments.get("B")) == flat:
        return Call(said.function, {**said.arguments, "B": Source(bias)})
    return said
