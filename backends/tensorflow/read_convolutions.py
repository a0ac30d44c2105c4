"""What TensorFlow's convolutions mean. Strides and dilations stand for spatial axes or for all; filters tell the groups."""

from __future__ import annotations

import operator
import re
from dataclasses import replace
from functools import reduce

from backends.call import Call
from backends.channels_last import Layout, crop_note, depthwise, groups_of, kernel, pairs_said, reading, vector
from backends.native import Note, Reading, Unreadable, Weight, whole, word
from backends.tensorflow.parts import PHRASES, array, format_note, layout, numbers, padding, said, understood
from spec import Conv, ConvTranspose, Impossible, Shape
from spec.conventions.padding import on_every_axis, span, tf_same_crop, tf_valid_crop
from spec.operation import Pairs


def conv(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """conv1d, conv2d, conv3d, convolution, atrous_conv2d."""
    at = layout(call, x, _rank(call))
    understood(call, "stride", "strides", "padding", "data_format", "dilations", "rate")
    shape = array(call, given, "filters", at.rank)
    groups = groups_of(call, x[at.axis], shape, "filters")
    if "atrous" in call.function:
        stride, dilation = (1,) * at.rank, whole(call, "rate", at.rank, single=True)
    else:
        name = "stride" if "conv1d" in call.function else "strides"
        if "conv3d" in call.function:
            _in_full(call, "strides", "dilations")
        stride, dilation = numbers(call, name, at), numbers(call, "dilations", at)
        if call.function.endswith(".convolution") and max(stride) > 1 and max(dilation) > 1:
            rule = "TensorFlow takes only one of them above 1 here; write tf.nn.conv2d"
            raise Unreadable(f"{call.function}: strides is {stride} and dilations is {dilation}, but {rule}")
    pairs, notes = padding(call, at, x, shape[: at.rank], stride, dilation, explicit=call.function == "tf.nn.conv2d")
    if groups > 1:
        text = f"groups is {groups}: the input has {x[at.axis]} channels, and the filters take {shape[-2]}"
        notes.append(Note(argument="filters", text=text, trap=True))
    w = Weight(name="filters", variable=f"w{number}", to_spec=kernel(shape))
    op = Conv(stride=stride, padding=pairs, dilation=dilation, groups=groups)
    return reading(PHRASES, call, op, x, at, said(call, w), [w], [*notes, *format_note(at)])


def conv_transpose(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """conv1d_transpose, conv2d_transpose, conv3d_transpose, conv_transpose."""
    at = layout(call, x, _rank(call))
    understood(call, "output_shape", "strides", "padding", "data_format", "dilations")
    shape = array(call, given, "filters", at.rank)
    stride, dilation = numbers(call, "strides", at), numbers(call, "dilations", at)
    lengths, groups = _output(call, at, x, shape)
    k, n = shape[: at.rank], at.space(x)
    if isinstance(call["padding"], tuple) and "conv2d" in call.function:
        crop = _explicit(call, at, n, lengths, k, stride, dilation)
        notes = [Note(argument="padding", text=f"crops the result by {pairs_said(crop)}")]
    else:
        rule = tf_same_crop if word(call, "padding", ("SAME", "VALID")) == "SAME" else tf_valid_crop
        try:
            crop = on_every_axis(rule, n, lengths, k, stride, dilation)
        except Impossible as error:
            raise Unreadable(f"{call.function}: output_shape is {call['output_shape']!r}, but {error}") from None
        notes = crop_note(call["padding"], crop) if any(map(any, crop)) else []
    w = Weight(name="filters", variable=f"w{number}", to_spec=kernel(shape))
    op = ConvTranspose(stride=stride, crop=crop, dilation=dilation, groups=groups)
    return reading(PHRASES, call, op, x, at, said(call, w), [w], [*notes, *format_note(at)])


def depthwise_conv(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x, 2)
    understood(call, "strides", "padding", "data_format", "dilations")
    shape, stride, dilation = _depthwise(call, at, x, given, "filter")
    pairs, notes = padding(call, at, x, shape[:2], stride, dilation, explicit=True)
    w = Weight(name="filter", variable=f"w{number}", to_spec=depthwise(shape))
    op = Conv(stride=stride, padding=pairs, dilation=dilation, groups=x[at.axis])
    notes = [_depthwise_note("filter", x[at.axis], shape[-1]), *notes, *format_note(at)]
    return reading(PHRASES, call, op, x, at, said(call, w), [w], notes)


def separable_conv(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """A depthwise convolution, then one with a kernel of length 1."""
    at = layout(call, x, 2)
    understood(call, "strides", "padding", "data_format", "dilations")
    shape, stride, dilation = _depthwise(call, at, x, given, "depthwise_filter")
    point, between = array(call, given, "pointwise_filter", 2), shape[-2] * shape[-1]
    if point[:3] != (1, 1, between):
        raise Unreadable(f"{call.function}: pointwise_filter has shape {point}, but it must be (1, 1, {between}, outputs)")
    pairs, notes = padding(call, at, x, shape[:2], stride, dilation, explicit=True)
    weights = (
        Weight(name="depthwise_filter", variable=f"w{number}", to_spec=depthwise(shape)),
        Weight(name="pointwise_filter", variable=f"p{number}", to_spec=kernel(point)),
    )
    op = Conv(stride=stride, padding=pairs, dilation=dilation, groups=x[at.axis]) >> Conv(stride=(1, 1))
    notes = [_depthwise_note("depthwise_filter", x[at.axis], shape[-1]), *notes, *format_note(at)]
    return reading(PHRASES, call, op, x, at, said(call, *weights), weights, notes)


def bias_add(call: Call, before: Reading, given: dict[str, Shape], number: str) -> Reading:
    """tf.nn.bias_add on the result of a convolution, which is a convolution with a bias."""
    understood(call, "bias", "data_format")
    *first, last = before.op.steps
    if not isinstance(last, Conv | ConvTranspose) or last.bias == "yes":
        raise Unreadable(f"{call.function} is read only on the result of a convolution; write it right after tf.nn.conv2d or another one")
    at = layout(call, before.y)
    if at.leave != before.native.leave:
        raise Unreadable(f"{call.function}: data_format is {call['data_format']!r}, but the call before has another one; give the same")
    outs = before.y[at.axis]
    if given.get("bias", (outs,)) != (outs,):
        raise Unreadable(f"{call.function}: bias has shape {given['bias']}, but it must be ({outs},), one number for each channel")
    b = Weight(name="bias", variable=f"b{number}", to_spec=vector(outs, at.rank))
    native = replace(before.native, statements=(*before.native.statements, *said(call, b)), weights=(*before.native.weights, b))
    op = reduce(operator.rshift, [*first, replace(last, bias="yes")])
    return replace(before, op=op, native=native, calls=(*before.calls, call))


def _rank(call: Call) -> int | None:
    """What the name says, if it does."""
    match = re.search(r"conv([123])d", call.function)
    return int(match[1]) if match else None


def _in_full(call: Call, *names: str) -> None:
    """Refuse strides and dilations of conv3d that are not 5 numbers. Raises Unreadable."""
    for name in names:
        value = call[name]
        if value is not None and not (isinstance(value, tuple) and len(value) == 5):
            raise Unreadable(f"{call.function}: {name} is {value!r}, but it needs 5 numbers, such as (1, 2, 2, 2, 1)")


def _output(call: Call, at: Layout, x: Shape, shape: Shape) -> tuple[Shape, int]:
    """The lengths that output_shape says, and how many groups its channels make."""
    value = call["output_shape"]
    if not isinstance(value, tuple) or len(value) != at.rank + 2 or any(type(n) is not int or n < 1 for n in value):
        raise Unreadable(f"{call.function}: output_shape is {value!r}, but it needs {at.rank + 2} whole numbers, for every axis")
    if value[0] != x[0]:
        raise Unreadable(f"{call.function}: output_shape is {value!r}, but its first number must be the batch, {x[0]}")
    outs, of_one = int(str(value[at.axis])), shape[-2]
    if outs % of_one or shape[-1] != x[at.axis] or x[at.axis] % (outs // of_one):
        raise Unreadable(
            f"{call.function}: filters has shape {shape}, but its last axes must be the {outs} channels of output_shape and the "
            f"{x[at.axis]} of the input"
        )
    return at.space(value), outs // of_one  # type: ignore[arg-type]


def _explicit(call: Call, at: Layout, n: Shape, lengths: Shape, k: Shape, stride: Shape, dilation: Shape) -> Pairs:
    """Explicit padding is that of the convolution whose gradient this is; the end follows from the output's length."""
    pairs, _ = padding(call, at, (0,), k, stride, dilation, explicit=True)
    crop = []
    for m, length, reach, s, (lo, hi) in zip(n, lengths, map(span, k, dilation), stride, pairs, strict=True):
        if (length + lo + hi - reach) // s + 1 != m:
            raise Unreadable(
                f"{call.function}: output_shape is {call['output_shape']!r}, but a convolution of the length {length} with padding "
                f"({lo}, {hi}) does not give {m}"
            )
        crop.append((lo, (m - 1) * s + reach - lo - length))
    return tuple(crop)


def _depthwise(call: Call, at: Layout, x: Shape, given: dict[str, Shape], name: str) -> tuple[Shape, Shape, Shape]:
    """The shape of the filter *k C M, strides and dilations."""
    shape, strides = array(call, given, name, 2), call["strides"]
    if shape[-2] != x[at.axis]:
        raise Unreadable(f"{call.function}: {name} has shape {shape}, but its third axis must be the input's {x[at.axis]} channels")
    if not isinstance(strides, tuple) or len(strides) != 4:
        raise Unreadable(f"{call.function}: strides is {strides!r}, but it needs 4 numbers, such as (1, 2, 2, 1)")
    stride, dilation = numbers(call, "strides", at), _two(call, "dilations")
    if max(stride) > 1 and max(dilation) > 1:
        raise Unreadable(f"{call.function}: strides is {strides!r} and dilations {dilation}, but TensorFlow takes only one of them above 1")
    return shape, stride, dilation


def _two(call: Call, name: str) -> Shape:
    """Two whole numbers of at least 1. Left out, 1. Raises Unreadable."""
    value = (1, 1) if call[name] is None else call[name]
    if not isinstance(value, tuple) or len(value) != 2 or any(type(n) is not int or n < 1 for n in value):
        raise Unreadable(f"{call.function}: {name} is {value!r}, but it needs two whole numbers of at least 1, for height and width")
    return value  # type: ignore[return-value]


def _depthwise_note(argument: str, ins: int, many: int) -> Note:
    text = f"groups is the number of channels, {ins}"
    return Note(argument=argument, text=f"{text}; channel c makes the outputs {many}·c to {many}·c + {many - 1}" if many > 1 else text)


