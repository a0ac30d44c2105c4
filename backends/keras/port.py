"""An operation as Keras users write it: layers for what has weights and for pools, functions for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from backends import Step
from backends.arrange import Arrangement
from backends.call import Call, Layer, Let, Statement, Value, X
from backends.channels_last import depthwise, kernel, vector
from backends.keras import write
from backends.keras.parts import PHRASES as PHRASES
from backends.native import Applied, Weight
from backends.phrases import channels_first, channels_last, short
from backends.porting import Piece, written
from spec import Conv, ConvTranspose, DepthToSpace, Operation, Shape, SpaceToDepth
from spec.conventions.padding import span


def enter(rank: int) -> Shape:
    """N C *space → N *space C."""
    return channels_last(rank)


def leave(rank: int) -> Shape:
    """N *space C → N C *space."""
    return channels_first(rank)


def piece(op: Operation, at: Step) -> Piece:
    """Raises Unsupported."""
    if isinstance(op, DepthToSpace | SpaceToDepth) and op.rank == 2 and op.order == "DCR" and len(set(op.factor)) == 1 < op.factor[0]:
        name = "depth_to_space" if isinstance(op, DepthToSpace) else "space_to_depth"
        return Piece(statements=(Call.of(f"keras.ops.{name}", X, op.factor[0]),))
    said = [_without_dtype(one) for one in written(write, op, at)]
    if isinstance(op, Conv | ConvTranspose):
        return _convolution(op, at, said)
    rows = zip(op.inputs(), at.w, strict=True)
    weights = tuple(Weight(name=one.name, variable=one.name + at.number, to_spec=Arrangement(shape)) for one, shape in rows)
    return Piece(statements=tuple(_applied(said, at)), weights=weights)


def _convolution(op: Conv | ConvTranspose, at: Step, said: Sequence[Statement]) -> Piece:
    """The same statements, with the arrays in Keras's layout."""
    w = Weight(name="kernel", variable=at.weight, to_spec=kernel((*at.k, at.w[0][1], at.w[0][0])))
    b = [Weight(name="bias", variable=at.bias, to_spec=vector(max(at.w[1]), op.rank))] if op.weights > 1 else []
    statements: list[Statement | Applied] = []
    for one in said:
        if isinstance(one, Layer):
            call = _short(one.call, op, at) if isinstance(op, ConvTranspose) else one.call
            if isinstance(op, Conv) and op.groups == at.x[1] > 1 and op.rank < 3:
                call, w = _depthwise(call, op, at)
            arrays = ", ".join([w.variable, *(weight.variable for weight in b if call["use_bias"])])
            run = f"x, _ = {one.name}.stateless_call([{arrays}], [], x)"
            statements += [replace(one, call=call), Applied(one.name, run)]
        elif isinstance(one, str) and one.startswith("x = x + "):
            statements.append(f"x = x + {at.bias}")
        elif not (isinstance(one, Let) and one.name == "w") and "stateless_call" not in str(one):
            statements.append(one)
    return Piece(statements=tuple(statements), weights=(w, *b))


def _short(call: Call, op: ConvTranspose, at: Step) -> Call:
    """Without an output_padding of 0 that changes nothing."""
    reach = [span(k, d) >= s for k, d, s in zip(at.k, op.dilation, op.stride, strict=True)]
    same = call["padding"] == "valid" and call["output_padding"] == 0 and all(reach)
    return Call(call.function, {name: value for name, value in call.arguments.items() if not (same and name == "output_padding")})


def _depthwise(call: Call, op: Conv, at: Step) -> tuple[Call, Weight]:
    """A convolution with a group for each channel, as a layer of its own."""
    given = {name: value for name, value in call.arguments.items() if name not in ("filters", "kernel_size", "groups")}
    many = at.w[0][0] // op.groups
    layer = Call.of(f"keras.layers.DepthwiseConv{op.rank}D", short(at.k), **given, depth_multiplier=many)
    return layer, Weight(name="kernel", variable=at.weight, to_spec=depthwise((*at.k, op.groups, many)))


def _applied(said: Sequence[Statement], at: Step) -> Iterator[Statement | Applied]:
    """Pools without strides that are the pool's size anyway, and the application of a layer as such."""
    for one in said:
        if isinstance(one, Layer) and one.call.arguments.get("strides"):
            same = one.call["strides"] == one.call["pool_size"] or one.call["pool_size"] == (one.call["strides"],) * len(at.x[2:])
            kept = {name: value for name, value in one.call.arguments.items() if not (same and name == "strides")}
            yield replace(one, call=Call(one.call.function, kept))
        else:
            yield Applied(at.layer, one) if one == f"x = {at.layer}(x)" else one


def _without_dtype(said: Statement) -> Statement:
    """What the translations for any dtype say of it, left out."""
    if isinstance(said, Layer):
        return replace(said, call=_call(said.call))
    if isinstance(said, Let) and isinstance(said.value, Call):
        return Let(said.name, _call(said.value))
    return _call(said) if isinstance(said, Call) else said


def _call(call: Call) -> Call:
    inner: dict[str, Value] = {name: _call(value) if isinstance(value, Call) else value for name, value in call.arguments.items()}
    drops = call.function.startswith("keras.layers.") or call.function == "keras.ops.ones"
    return Call(call.function, {name: value for name, value in inner.items() if not (drops and name == "dtype")})
