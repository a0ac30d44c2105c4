"""What Keras's convolutions mean: layers, which say their sizes, and functions, which are given arrays."""

from __future__ import annotations

from backends.arrange import Arrangement
from backends.call import Call, Source, Statement, X
from backends.channels_last import Layout, crop_note, depthwise, groups_of, kernel, padding_note, reading, vector
from backends.keras.parts import PHRASES, format_note, is_layer, layout, padding_word, per_axis, understood, weighted
from backends.native import Applied, Note, Reading, Unreadable, Weight, flag, one, whole
from spec import Conv, ConvTranspose, Shape
from spec.conventions.padding import keras_same_crop, keras_valid_crop, on_every_axis, same_padding, span
from spec.operation import Pairs


def conv(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x)
    understood(call, "filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "use_bias")
    ins = x[at.axis]
    if is_layer(call):
        outs, groups, k = one(call, "filters"), one(call, "groups"), per_axis(call, "kernel_size", at.rank)
        for name, channels in (("filters", outs), ("the number of input channels", ins)):
            if channels % groups:
                raise Unreadable(f"{call.function}: groups is {groups}, but it must divide {name}, which is {channels}")
        shape = (*k, ins // groups, outs)
    else:
        shape = _given(call, given, "kernel", at.rank)
        groups = groups_of(call, ins, shape, "kernel")
    stride, dilation = _steps(call, at)
    pairs, notes = _padding(call, at, x, shape[: at.rank], stride, dilation)
    weights = (Weight(name="kernel", variable=f"w{number}", to_spec=kernel(shape)), *_bias(call, shape[-1], at.rank, number))
    op = Conv(stride=stride, padding=pairs, dilation=dilation, groups=groups, bias=_has_bias(call))
    return reading(PHRASES, call, op, x, at, _said(call, x, number, weights), weights, [*notes, *format_note(at)])


def conv_transpose(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x)
    understood(call, "filters", "kernel_size", "strides", "padding", "output_padding", "dilation_rate", "use_bias")
    ins = x[at.axis]
    if is_layer(call):
        shape = (*per_axis(call, "kernel_size", at.rank), one(call, "filters"), ins)
    else:
        shape = _given(call, given, "kernel", at.rank)
        if shape[-1] != ins:
            raise Unreadable(f"{call.function}: kernel has shape {shape}, but its last axis must be the input's {ins} channels")
    stride, dilation = _steps(call, at)
    k, padding = shape[: at.rank], padding_word(call, "valid", "same")
    notes: list[Note] = []
    more: tuple[int | None, ...] = (None,) * at.rank
    if call["output_padding"] is not None:
        more = whole(call, "output_padding", at.rank, least=0)
        if any(o >= s for o, s in zip(more, stride, strict=True)):
            raise Unreadable(f"{call.function}: output_padding is {more}, but it must be smaller than strides, which is {stride}")
        length = "(n − 1)·strides + span + output_padding" if padding == "valid" else "(n − 1)·strides + span % 2 + output_padding"
        text = f"given, the length is {length}; the span is dilation_rate·(k − 1) + 1"
        notes.append(Note(argument="output_padding", text=text, trap=True))
    rule = keras_same_crop if padding == "same" else keras_valid_crop
    crop: Pairs = tuple(rule(*row) for row in zip(k, stride, dilation, more, strict=True))
    if padding == "same" or any(map(any, crop)):
        notes = [*crop_note(padding, crop), *notes]
    weights = (Weight(name="kernel", variable=f"w{number}", to_spec=kernel(shape)), *_bias(call, shape[-2], at.rank, number))
    op = ConvTranspose(stride=stride, crop=crop, dilation=dilation, bias=_has_bias(call))
    return reading(PHRASES, call, op, x, at, _said(call, x, number, weights), weights, [*notes, *format_note(at)])


def depthwise_conv(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x)
    understood(call, "kernel_size", "strides", "padding", "depth_multiplier", "dilation_rate", "use_bias")
    shape = _depthwise_shape(call, x, at, given, "kernel")
    stride, dilation = _steps(call, at)
    pairs, notes = _padding(call, at, x, shape[: at.rank], stride, dilation)
    ins, outs = x[at.axis], shape[-2] * shape[-1]
    weights = (Weight(name="kernel", variable=f"w{number}", to_spec=depthwise(shape)), *_bias(call, outs, at.rank, number))
    op = Conv(stride=stride, padding=pairs, dilation=dilation, groups=ins, bias=_has_bias(call))
    notes = [_depthwise_note(call, ins, shape[-1]), *notes, *format_note(at)]
    return reading(PHRASES, call, op, x, at, _said(call, x, number, weights), weights, notes)


def separable_conv(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """A depthwise convolution, then one with a kernel of length 1, which has the bias."""
    at = layout(call, x)
    understood(call, "filters", "kernel_size", "strides", "padding", "depth_multiplier", "dilation_rate", "use_bias")
    shape = _depthwise_shape(call, x, at, given, "depthwise_kernel")
    ins, between = x[at.axis], shape[-2] * shape[-1]
    if is_layer(call):
        point = (*(1,) * at.rank, between, one(call, "filters"))
    else:
        point = _given(call, given, "pointwise_kernel", at.rank)
        if point[:-1] != (*(1,) * at.rank, between):
            wanted = f"({', '.join(map(str, ((1,) * at.rank)))}, {between}, filters)"
            raise Unreadable(f"{call.function}: pointwise_kernel has shape {point}, but it must be {wanted}")
    stride, dilation = _steps(call, at)
    pairs, notes = _padding(call, at, x, shape[: at.rank], stride, dilation)
    weights = (
        Weight(name="depthwise_kernel", variable=f"w{number}", to_spec=depthwise(shape)),
        Weight(name="pointwise_kernel", variable=f"p{number}", to_spec=kernel(point)),
        *_bias(call, point[-1], at.rank, number),
    )
    first = Conv(stride=stride, padding=pairs, dilation=dilation, groups=ins)
    op = first >> Conv(stride=(1,) * at.rank, bias=_has_bias(call))
    notes = [_depthwise_note(call, ins, shape[-1]), *notes, *format_note(at)]
    return reading(PHRASES, call, op, x, at, _said(call, x, number, weights), weights, notes)


def _given(call: Call, given: dict[str, Shape], name: str, rank: int) -> Shape:
    """The shape of an array that a function is given."""
    if name not in given:
        example = ",".join(["3"] * rank + ["4", "8"])
        raise Unreadable(f"{call.function} needs the shape of its {name}; give it with --weights, such as --weights {example}")
    if len(given[name]) != rank + 2:
        raise Unreadable(f"{call.function}: {name} has shape {given[name]}, but it needs {rank + 2} axes")
    return given[name]


def _depthwise_shape(call: Call, x: Shape, at: Layout, given: dict[str, Shape], name: str) -> Shape:
    ins = x[at.axis]
    if at.rank == 3:
        raise Unreadable(f"{call.function} takes an input with 3 or 4 axes, batch and channels included, but --input is {x}")
    if is_layer(call):
        return (*per_axis(call, "kernel_size", at.rank), ins, one(call, "depth_multiplier"))
    shape = _given(call, given, name, at.rank)
    if shape[-2] != ins:
        raise Unreadable(f"{call.function}: {name} has shape {shape}, but its last axis but one must be the input's {ins} channels")
    return shape


def _steps(call: Call, at: Layout) -> tuple[Shape, Shape]:
    stride, dilation = per_axis(call, "strides", at.rank), per_axis(call, "dilation_rate", at.rank)
    separable = "epthwise" in call.function or "eparable" in call.function
    if is_layer(call) and not separable and max(stride) > 1 and max(dilation) > 1:
        raise Unreadable(f"{call.function}: strides is {stride} and dilation_rate is {dilation}, but Keras takes only one of them above 1")
    return stride, dilation


def _padding(call: Call, at: Layout, x: Shape, k: Shape, stride: Shape, dilation: Shape) -> tuple[Pairs, list[Note]]:
    causal = ("causal",) if call.function.endswith("Conv1D") and not ("epthwise" in call.function or "eparable" in call.function) else ()
    padding = padding_word(call, "valid", "same", *causal)
    if padding == "causal":
        pairs: Pairs = tuple((span(*axis) - 1, 0) for axis in zip(k, dilation, strict=True))
        return pairs, [Note(argument="padding", text=f"'causal' is {pairs[0]}: all of it at the start")]
    if padding == "valid":
        return ((0, 0),) * at.rank, []
    pairs = on_every_axis(same_padding, at.space(x), k, stride, dilation)
    return pairs, padding_note("same", pairs)


def _depthwise_note(call: Call, ins: int, many: int) -> Note:
    argument = "depth_multiplier" if is_layer(call) else "kernel"
    text = f"groups is the number of channels, {ins}; channel c makes the outputs {many}·c to {many}·c + {many - 1}"
    return Note(argument=argument, text=text if many > 1 else f"groups is the number of channels, {ins}")


def _has_bias(call: Call) -> str:
    return "yes" if is_layer(call) and flag(call, "use_bias") else "no"


def _bias(call: Call, outs: int, rank: int, number: str) -> tuple[Weight, ...]:
    to_spec: Arrangement = vector(outs, rank)
    return (Weight(name="bias", variable=f"b{number}", to_spec=to_spec),) if _has_bias(call) == "yes" else ()


def _said(call: Call, x: Shape, number: str, weights: tuple[Weight, ...]) -> list[Statement | Applied]:
    if is_layer(call):
        return weighted(call, x, number, weights)
    arrays = {weight.name: Source(weight.variable) for weight in weights}
    return [Call(call.function, {**call.arguments, "inputs": X, **arrays})]
