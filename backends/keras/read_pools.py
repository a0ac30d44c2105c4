"""What Keras's pools mean: with windows, global, adaptive."""

from __future__ import annotations

from backends.call import Call, X
from backends.channels_last import averaged, counted_note, padding_note, pool, reading
from backends.keras.parts import PHRASES, format_note, layout, padding_word, per_axis, plain, understood
from backends.native import Note, Reading, Unreadable, flag, reads
from spec import AdaptiveAveragePool, AdaptiveMaxPool, AveragePool, MaxPool, Shape
from spec.conventions.padding import on_every_axis, same_padding


def window_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x)
    understood(call, "pool_size", "strides", "padding")
    kernel, stride = per_axis(call, "pool_size", at.rank), per_axis(call, "strides", at.rank, default=call["pool_size"])
    padding = padding_word(call, "valid", "same")
    pairs = on_every_axis(same_padding, at.space(x), kernel, stride) if padding == "same" else ((0, 0),) * at.rank
    average = "verage" in call.function or "Avg" in call.function
    notes = padding_note(padding, pairs) + (counted_note(pairs) if average else [])
    if call["strides"] is None:
        notes.append(Note(argument="strides", text="left out, it is pool_size"))
    op = pool(AveragePool if average else MaxPool, kernel, stride, pairs)
    return reading(PHRASES, call, op, x, at, plain(call, number), (), [*notes, *format_note(at)])


def global_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x)
    understood(call, "keepdims")
    kind = AdaptiveMaxPool if "Max" in call.function else AdaptiveAveragePool
    op = kind(size=(1,) * at.rank)
    dropped = () if flag(call, "keepdims") else at.space(tuple(range(len(x))))
    back = f"\nx = keras.ops.expand_dims(x, {dropped})" if dropped else ""
    notes = [Note(argument="keepdims", text="False: the result has no spatial axes, only batch and channels")] if dropped else []
    return reading(PHRASES, call, op, x, at, plain(call, number, back), (), [*notes, *format_note(at)], dropped)


def mean(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """keras.ops.mean over all spatial axes: the global average pool."""
    reads(call, "axis", "keepdims", ignored=("x",))
    at = averaged(call, x)
    if not flag(call, "keepdims"):
        raise Unreadable(f"{call.function}: keepdims is False, so that the result has no spatial axes; write keepdims=True")
    said = Call(call.function, {**call.arguments, "x": X})
    return reading(PHRASES, call, AdaptiveAveragePool(size=(1,) * at.rank), x, at, [said])


def adaptive_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x)
    understood(call, "output_size")
    size, n = per_axis(call, "output_size", at.rank), at.space(x)
    kind = AdaptiveAveragePool if "verage" in call.function else AdaptiveMaxPool
    uneven = any(a % b for a, b in zip(n, size, strict=True))
    text = "windows overlap, since the length is no multiple of output_size" if uneven else "windows of one length, which do not overlap"
    notes = [Note(argument="output_size", text=text), *format_note(at)]
    return reading(PHRASES, call, kind(size=size), x, at, plain(call, number), (), notes)

