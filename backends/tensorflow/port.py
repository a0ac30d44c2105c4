"""An operation as TensorFlow users write it: functions that are given arrays, and slices."""

from __future__ import annotations

from collections.abc import Sequence

from backends import Step
from backends.arrange import Arrangement
from backends.call import Call, Let, Source, Statement
from backends.channels_last import depthwise, kernel, vector
from backends.native import Weight
from backends.phrases import channels_first, channels_last
from backends.porting import Piece, written
from backends.tensorflow import write
from backends.tensorflow.parts import PHRASES as PHRASES
from spec import Conv, ConvTranspose, Operation, Shape


def enter(rank: int) -> Shape:
    """N C *space → N *space C."""
    return channels_last(rank)


def leave(rank: int) -> Shape:
    """N *space C → N C *space."""
    return channels_first(rank)


def piece(op: Operation, at: Step) -> Piece:
    """Raises Unsupported."""
    said = written(write, op, at)
    if isinstance(op, Conv | ConvTranspose):
        return _convolution(op, at, said)
    rows = zip(op.inputs(), at.w, strict=True)
    weights = tuple(Weight(name=one.name, variable=one.name + at.number, to_spec=Arrangement(shape)) for one, shape in rows)
    return Piece(statements=tuple(said), weights=weights)


def _convolution(op: Conv | ConvTranspose, at: Step, said: Sequence[Statement]) -> Piece:
    """The same statements, with the arrays in TensorFlow's layout."""
    w = Weight(name="filters", variable=at.weight, to_spec=kernel((*at.k, at.w[0][1], at.w[0][0])))
    b = [Weight(name="bias", variable=at.bias, to_spec=vector(max(at.w[1]), op.rank))] if op.weights > 1 else []
    statements: list[Statement] = []
    for one in said:
        call = one
        if isinstance(one, Let) and one.name == "w":
            continue
        if isinstance(call, Call) and call.function.startswith("tf.nn.conv"):
            call = Call(call.function, {**call.arguments, "filters": Source(at.weight)})
            if isinstance(op, Conv) and op.groups == at.x[1] > 1 and op.rank == 2 and _one_stride(op):
                call, w = _depthwise(call, op, at)
        elif isinstance(call, Call) and call.function == "tf.nn.bias_add":
            call = Call(call.function, {**call.arguments, "bias": Source(at.bias)})
        statements.append(call)
    return Piece(statements=tuple(statements), weights=(w, *b))


def _one_stride(op: Conv) -> bool:
    """tf.nn.depthwise_conv2d takes one stride for rows and columns, and none with dilations."""
    return len(set(op.stride)) == 1 and (max(op.stride) == 1 or max(op.dilation) == 1)


def _depthwise(call: Call, op: Conv, at: Step) -> tuple[Call, Weight]:
    """A convolution with a group for each channel, as a function of its own."""
    many = at.w[0][0] // op.groups
    dilations = op.dilation if max(op.dilation) > 1 else None
    made = Call.of(
        "tf.nn.depthwise_conv2d", call["input"], Source(at.weight), (1, *op.stride, 1), call["padding"], dilations=dilations
    )  # fmt: skip
    return made, Weight(name="filter", variable=at.weight, to_spec=depthwise((*at.k, op.groups, many)))
