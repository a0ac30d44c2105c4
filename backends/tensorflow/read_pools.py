"""What TensorFlow's pools mean."""

from __future__ import annotations

import re

from backends.call import Call
from backends.channels_last import averaged, counted_note, pool, reading
from backends.native import Note, Reading, Unreadable, flag, word
from backends.tensorflow.parts import PHRASES, format_note, layout, numbers, padding, said, understood
from spec import AdaptiveAveragePool, AveragePool, MaxPool, Shape


def window_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """avg_pool, max_pool and those whose names say the rank."""
    named = re.search(r"pool([123])d", call.function)
    at = layout(call, x, int(named[1]) if named else None)
    understood(call, "ksize", "strides", "padding", "data_format")
    kernel, stride = numbers(call, "ksize", at), numbers(call, "strides", at)
    average = "avg" in call.function
    pairs, notes = padding(call, at, x, kernel, stride, (1,) * at.rank, explicit=not average and at.rank < 3)
    notes += counted_note(pairs) if average else []
    op = pool(AveragePool if average else MaxPool, kernel, stride, pairs)
    return reading(PHRASES, call, op, x, at, said(call), (), [*notes, *format_note(at)])


def any_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """tf.nn.pool, whose strides are 1 unless given."""
    at = layout(call, x)
    understood(call, "window_shape", "pooling_type", "strides", "padding", "data_format", "dilations")
    for name in ("window_shape", "strides", "dilations"):
        if call[name] is not None and not (isinstance(call[name], tuple) and len(call[name]) == at.rank):  # type: ignore[arg-type]
            raise Unreadable(f"{call.function}: {name} is {call[name]!r}, but it needs {at.rank} whole numbers of at least 1")
    kernel, stride, dilation = (numbers(call, name, at) for name in ("window_shape", "strides", "dilations"))
    average = word(call, "pooling_type", ("AVG", "MAX")) == "AVG"
    if max(dilation) > 1 and (max(stride) > 1 or call["padding"] == "SAME"):
        raise Unreadable(f"{call.function}: dilations is {dilation}, for which TensorFlow takes neither strides above 1 nor padding 'SAME'")
    if any(s > k for s, k in zip(stride, kernel, strict=True)):
        raise Unreadable(f"{call.function}: strides is {stride}, but TensorFlow takes none larger than window_shape, {kernel}")
    pairs, notes = padding(call, at, x, kernel, stride, dilation)
    notes += counted_note(pairs) if average else []
    if call["strides"] is None:
        notes.append(Note(argument="strides", text="left out, it is 1 and not window_shape", trap=True))
    op = pool(AveragePool if average else MaxPool, kernel, stride, pairs, dilation)
    return reading(PHRASES, call, op, x, at, said(call), (), [*notes, *format_note(at)])


def mean(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """tf.reduce_mean over all spatial axes: the global average pool."""
    understood(call, "axis", "keepdims")
    at = averaged(call, x)
    if not flag(call, "keepdims"):
        raise Unreadable(f"{call.function}: keepdims is False, so that the result has no spatial axes; write keepdims=True")
    return reading(PHRASES, call, AdaptiveAveragePool(size=(1,) * at.rank), x, at, said(call))
