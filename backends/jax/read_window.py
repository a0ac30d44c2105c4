"""What jax.lax.reduce_window, jax.numpy.pad, jax.lax.pad and jax.numpy.repeat mean."""

from __future__ import annotations

from backends.call import Call, Source, Value, X
from backends.jax.axes import WORDS, has, infer_axes, is_pair, pairs, reading, row, same_notes, shown, spec_shape, where
from backends.native import Note, Reading, Unreadable, one, reads, word
from spec import MaxPool, Operation, Pad, Shape, SumPool, Upsample, ZeroInsert
from spec.conventions.padding import on_every_axis
from spec.operation import Pairs

INFINITE = ("-jnp.inf", "-jax.numpy.inf", "-np.inf", "-numpy.inf")
MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def reduce_window(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(
        call, "operand", "init_value", "computation", "window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation",
    )  # fmt: skip
    length = len(x)
    kernel, stride = row(call, "window_dimensions", length), row(call, "window_strides", length)
    dilation, notes = row(call, "window_dilation", length), []
    if call["window_dimensions"] is None:
        raise Unreadable(f"{call.function}: window_dimensions is None, but it needs {length} whole numbers of at least 1")
    if max(row(call, "base_dilation", length)) > 1:
        raise Unreadable(f"{call.function}: base_dilation is {shown(call['base_dilation'])}, but only ones are read; use lax.pad before")
    if isinstance(call["padding"], str):
        if call["padding"].upper() not in WORDS:
            raise Unreadable(f"{call.function}: padding is {call['padding']!r}, but it must be {', '.join(map(repr, WORDS))}, or pairs")
        ends = on_every_axis(WORDS[call["padding"].upper()], x, kernel, stride, dilation)
    else:
        ends = pairs(call, "padding", length)
    touched = [max(k, s, d) > 1 or any(pair) for k, s, d, pair in zip(kernel, stride, dilation, ends, strict=True)]
    order = infer_axes(call, x, touched, given)
    space = order[2:]
    kernel, stride, dilation, ends = (tuple(row[axis] for axis in space) for row in (kernel, stride, dilation, ends))  # type: ignore[assignment]
    notes.append(where(order, "window_dimensions"))
    if call["window_strides"] is None:
        notes.append(Note(argument="window_strides", text="left out, it is 1, not the window", trap=True))
    if isinstance(call["padding"], str):
        notes += same_notes(call["padding"].upper(), ends)
    kind, first, by = reduction(call, "computation", "init_value")
    if kind is SumPool:
        notes.append(Note(argument="computation", text="the sum; divide it by the window's size to have a mean"))
    op = kind(kernel=kernel, stride=stride, padding=ends, dilation=dilation)
    statement = Call(call.function, {**call.arguments, "operand": X, "init_value": first, "computation": by})
    return reading(call, op, x, statement, notes, order=order)


def reduction(call: Call, computation: str, init: str) -> tuple[type[MaxPool | SumPool], Value, Source]:
    """What a reduction over windows is, and its two arguments as they are run. Raises Unreadable."""
    by, first = call[computation], call[init]
    name = by.text.removeprefix("jax.") if isinstance(by, Source) else ""
    if name not in ("lax.max", "lax.add"):
        raise Unreadable(f"{call.function}: {computation} is {shown(by)}, but only lax.max and lax.add are read")
    inner = first["object"] if isinstance(first, Call) and first.function == "jax.numpy.array" else first
    if name == "lax.add":
        zero = isinstance(inner, int | float) and not isinstance(inner, bool) and inner == 0
        if not zero:
            raise Unreadable(f"{call.function}: {init} is {shown(first)}, but it must be 0.0 for lax.add")
        return SumPool, 0.0, Source("jax.lax.add")
    if not isinstance(inner, Source) or inner.text not in INFINITE:
        raise Unreadable(f"{call.function}: {init} is {shown(first)}, but it must be -jnp.inf for lax.max, so that padding is no pixel")
    return MaxPool, Source("-jnp.inf"), Source("jax.lax.max")


def pad(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """jax.numpy.pad."""
    reads(call, "array", "pad_width", "mode", "constant_values", "reflect_type")
    mode, value = word(call, "mode", MODES), has(call, "constant_values")
    if has(call, "reflect_type") not in (None, "even"):
        raise Unreadable(f"{call.function}: reflect_type is {has(call, 'reflect_type')!r}, but only 'even', the default, is read")
    widths = call["pad_width"]
    if isinstance(widths, int) or is_pair(widths) or (isinstance(widths, tuple) and len(widths) == 1 and is_pair(widths[0])):
        raise Unreadable(
            f"{call.function}: pad_width is {shown(widths)}, which pads batch and channels too; give (low, high) for each axis, (0, 0) "
            "for those"
        )
    ends = pairs(call, "pad_width", len(x))
    if min(n for pair in ends for n in pair) < 0:
        raise Unreadable(f"{call.function}: pad_width is {shown(widths)}, but JAX takes no negative numbers; use a slice, x[:, 1:-1]")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value != int(value)):
        raise Unreadable(f"{call.function}: constant_values is {shown(value)}, but only one whole number is read")
    order = infer_axes(call, x, [any(pair) for pair in ends], given)
    op = Pad(padding=tuple(ends[axis] for axis in order[2:]), mode=mode, value=int(value) if isinstance(value, int | float) else 0)
    return reading(call, op, x, Call(call.function, {**call.arguments, "array": X}), [where(order, "pad_width")], order=order)


def lax_pad(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """jax.lax.pad, which also puts zeros between pixels and cuts."""
    reads(call, "operand", "padding_value", "padding_config")
    config = call["padding_config"]
    rows = config if isinstance(config, tuple) else ()
    if len(rows) != len(x) or not all(isinstance(one, tuple) and len(one) == 3 and all(type(n) is int for n in one) for one in rows):
        raise Unreadable(f"{call.function}: padding_config is {shown(config)}, but it needs {len(x)} times (low, high, interior)")
    every: tuple[tuple[int, int, int], ...] = rows  # type: ignore[assignment]
    if min(interior for *_, interior in every) < 0:
        raise Unreadable(f"{call.function}: padding_config is {shown(config)}, but interior cannot be negative")
    value = _padding_value(call)
    order = infer_axes(call, x, [any(one) for one in every], given)
    space = [every[axis] for axis in order[2:]]
    notes = [where(order, "padding_config")]
    ends: Pairs = tuple((lo, hi) for lo, hi, _ in space)
    op: Operation = Pad(padding=ends, value=value)
    if any(interior for *_, interior in space):
        if value:
            raise Unreadable(f"{call.function}: padding_value is {value}, but between pixels only zeros are read")
        factor = tuple(interior + 1 for *_, interior in space)
        behind = all(lo == 0 <= hi for lo, hi in ends)
        op = ZeroInsert(factor=factor, trailing=tuple(hi for _, hi in ends) if behind else (0,) * len(factor))
        op = op if behind else op >> Pad(padding=ends)
        notes.append(Note(argument="padding_config", text="interior is put between pixels, none after the last"))
    zero = Call.of("jax.numpy.array", value, Source("x.dtype"))
    return reading(call, op, x, Call(call.function, {**call.arguments, "operand": X, "padding_value": zero}), notes, order=order)


def _padding_value(call: Call) -> int:
    value = call["padding_value"]
    if isinstance(value, Call):
        value = 0 if value.function == "jax.numpy.zeros" and value["shape"] == () else has(value, "object")
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise Unreadable(f"{call.function}: padding_value is {shown(call['padding_value'])}, but only a whole number is read")
    return int(value)


def repeat(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """jax.numpy.repeat along one spatial axis."""
    reads(call, "a", "repeats", "axis")
    times, axis = one(call, "repeats"), call["axis"]
    if type(axis) is not int or not -len(x) <= axis < len(x):
        raise Unreadable(f"{call.function}: axis is {shown(axis)}, but it needs the number of one of the {len(x)} axes of {x}")
    order = infer_axes(call, x, [i == axis % len(x) for i in range(len(x))], given)
    factor = spec_shape(tuple(times if i == axis % len(x) else 1 for i in range(len(x))), order)[2:]
    return reading(call, Upsample(factor=factor), x, Call(call.function, {**call.arguments, "a": X}), [where(order, "axis")], order=order)


READERS = {
    "jax.lax.reduce_window": reduce_window, "jax.numpy.pad": pad, "jax.lax.pad": lax_pad, "jax.numpy.repeat": repeat,
}  # fmt: skip
"""By the qualified name of the function."""
