"""What JAX's convolutions mean: jax.lax.conv, conv_with_general_padding, conv_general_dilated and conv_transpose."""

from __future__ import annotations

from backends.call import Call, Source, X
from backends.jax.axes import kernel, padded, pairs, precise, rank_of, reading, row, said, shown, spec_shape
from backends.native import Note, Reading, Unreadable, Weight, flag, one, reads
from spec import Conv, ConvTranspose, Operation, Shape, ZeroInsert
from spec.conventions.padding import lax_transpose_crop, on_every_axis
from spec.operation import Pairs

LAX = "jax.lax."


def conv(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(
        call, "lhs", "rhs", "window_strides", "padding", "lhs_dilation", "rhs_dilation", "dimension_numbers", "feature_group_count",
        "batch_group_count", ignored=("precision",),
    )  # fmt: skip
    precise(call)
    rank, w = rank_of(call, x), _kernel_shape(call, x, given)
    lhs, rhs, out, notes = _orders(call, rank, ("NC", "OI", "NC"))
    stride, spread, dilation = (row(call, name, rank) for name in ("window_strides", "lhs_dilation", "rhs_dilation"))
    general = call.function == f"{LAX}conv_general_dilated"
    groups = one(call, "feature_group_count") if general else 1
    if general and one(call, "batch_group_count") != 1:
        raise Unreadable(f"{call.function}: batch_group_count is {call['batch_group_count']!r}, but only 1 is read; leave it out")
    if max(spread) > 1 and isinstance(call["padding"], str):
        raise Unreadable(
            f"{call.function}: padding is {call['padding']!r}, but JAX takes pairs (low, high) where lhs_dilation is above 1; "
            "give pairs, or use lax.conv_transpose"
        )
    (_, c, *n), (o, i, *k) = spec_shape(x, lhs), spec_shape(w, rhs)
    fits(call, (c, lhs[1]), (o, i, w), groups)
    ends, more = padded(call, tuple(n), tuple(k), stride, dilation)
    op, turned, also = convolved(tuple(k), stride, ends, spread, dilation, groups, bias="no", word="lhs_dilation")
    weight = Weight(name="rhs", variable=f"w{number}", to_spec=kernel(w, rhs, groups, turned=turned))
    return reading(call, op, x, _named(call, number), [*notes, *more, *also], order=lhs, out=out, weights=(weight,))


def conv_transpose(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(
        call, "lhs", "rhs", "strides", "padding", "rhs_dilation", "dimension_numbers", "transpose_kernel", "use_consistent_padding",
        ignored=("precision",),
    )  # fmt: skip
    precise(call)
    rank, w = rank_of(call, x), _kernel_shape(call, x, given)
    lhs, rhs, out, notes = _orders(call, rank, ("N*C", "*IO", "N*C"))
    stride, dilation, flips = row(call, "strides", rank), row(call, "rhs_dilation", rank), flag(call, "transpose_kernel")
    consistent = flag(call, "use_consistent_padding")
    (_, c, *_), (o, i, *k) = spec_shape(x, lhs), spec_shape(w, rhs)
    fits(call, (c, lhs[1]), (i, o, w) if flips else (o, i, w), 1)
    if not isinstance(call["padding"], str):
        pairs(call, "padding", rank)
    crop, more = cropped(call, tuple(k), stride, dilation, consistent=consistent)
    notes += [*flip_note(flips=flips), *more]
    to_spec = kernel(w, rhs, 1, turned=not flips)
    op = ConvTranspose(stride=stride, crop=crop, dilation=dilation)
    weight = Weight(name="rhs", variable=f"w{number}", to_spec=to_spec)
    return reading(call, op, x, _named(call, number), notes, order=lhs, out=out, weights=(weight,))


def convolved(
    k: Shape, stride: Shape, ends: Pairs, spread: Shape, dilation: Shape, groups: int, *, bias: str, word: str
) -> tuple[Operation, bool, list[Note]]:
    """The operation of `lax.conv_general_dilated`, whether it is transposed, so that the kernel is turned, and what to know about it.

    spread: its lhs_dilation, an argument that people know as `word`.
    """
    if max(spread) == 1:
        return Conv(stride=stride, padding=ends, dilation=dilation, groups=groups, bias=bias), False, []
    if max(stride) == 1:
        crop = on_every_axis(lambda pair, m, d: lax_transpose_crop(pair, m, 1, d), ends, k, dilation)  # type: ignore[arg-type]
        text = f"zeros are put between the pixels of x: a transposed convolution with stride {said_shape(spread)} and a flipped kernel"
        notes = [
            Note(argument=word, text=text, trap=True),
            Note(argument="padding", text=f"of x with its zeros; it leaves a crop of {said(crop)} of the result", trap=True),
        ]
        return ConvTranspose(stride=spread, crop=crop, dilation=dilation, groups=groups, bias=bias), True, notes
    text = "zeros are put between the pixels of x, none after the last, before the windows are laid with their stride"
    between = ZeroInsert(factor=spread, trailing=(0,) * len(spread))
    op = between >> Conv(stride=stride, padding=ends, dilation=dilation, groups=groups, bias=bias)
    return op, False, [Note(argument=word, text=text)]


def cropped(call: Call, k: Shape, stride: Shape, dilation: Shape, *, consistent: bool = False) -> tuple[Pairs, list[Note]]:
    """The crop that `padding` of a transposed convolution leaves, and what to know about it. Raises Unreadable."""
    value = call["padding"]
    if isinstance(value, str):
        if value not in ("SAME", "VALID"):
            raise Unreadable(f"{call.function}: padding is {value!r}, but it must be 'SAME' or 'VALID', in capitals, or pairs (low, high)")
        crop = on_every_axis(lambda m, s, d: lax_transpose_crop(value, m, s, d), k, stride, dilation)
        length = "stride times the input's" if value == "SAME" else "(n − 1)·stride + the kernel's, or n·stride if that is more"
        odd = "; an odd pixel is cropped at the end" if any(lo != hi for lo, hi in crop) and value == "SAME" else ""
        return crop, [Note(argument="padding", text=f"{value!r}: the length is {length}; the crop is {said(crop)}{odd}", trap=bool(odd))]
    ends: Pairs = value  # type: ignore[assignment]
    crop = on_every_axis(
        lambda pair, m, s, d: lax_transpose_crop(pair, m, s, d, use_consistent_padding=consistent), ends, k, stride, dilation  # type: ignore[arg-type]
    )
    if consistent:
        return crop, [Note(argument="use_consistent_padding", text=f"True: pairs are a crop of the result, as in PyTorch: {said(crop)}")]
    text = f"pairs are zeros around x with its zeros between, not PyTorch's padding: dilation·(k − 1) − padding is the crop, {said(crop)}"
    return crop, [Note(argument="padding", text=text, trap=True)]


def flip_note(*, flips: bool) -> list[Note]:
    if flips:
        text = "True: the kernel is flipped and its channels are exchanged, as in PyTorch and Keras"
        return [Note(argument="transpose_kernel", text=text)]
    return [Note(argument="transpose_kernel", text="False: the kernel is not flipped; PyTorch, TensorFlow and Keras flip it", trap=True)]


def fits(call: Call, channels: tuple[int, int], w: tuple[int, int, Shape], groups: int) -> None:
    """Refuse a kernel for other channels than x has. channels: their number and axis; w: outputs, inputs, shape. Raises Unreadable."""
    (c, axis), (o, i, shape) = channels, w
    if c != i * groups:
        grouped = f" in {groups} groups" if groups > 1 else ""
        raise Unreadable(f"{call.function}: x has {c} channels on axis {axis}, but the kernel {shape} takes {i * groups}{grouped}")
    if o % groups:
        raise Unreadable(f"{call.function}: feature_group_count is {groups}, but it must divide the {o} outputs of the kernel {shape}")


def said_shape(numbers: Shape) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else str(numbers)


def _kernel_shape(call: Call, x: Shape, given: dict[str, Shape]) -> Shape:
    if "rhs" not in given:
        raise Unreadable(f"{call.function} needs the shape of its kernel rhs; give it with --weights, such as --weights 8,3,3,3")
    w = given["rhs"]
    if len(w) != len(x) or min(w) < 1:
        raise Unreadable(f"{call.function}: the kernel has shape {w}, but the input {x} needs one with {len(x)} lengths of at least 1")
    return w


def _orders(call: Call, rank: int, default: tuple[str, str, str]) -> tuple[Shape, Shape, Shape, list[Note]]:
    """The orders of axes of x, the kernel and the result, spatial axes in the order of the kernel's. Raises Unreadable.

    default: the letters if none are given, `*` for space, which is behind the others unless it is there.
    """
    value, letters = (call["dimension_numbers"] if call.function in NUMBERED else None), "DHW"[-rank:]
    if value is None:
        names = [text.replace("*", letters) if "*" in text else text + letters for text in default]
        order = f"{names[0]} and {names[1]}"
        trap = call.function == f"{LAX}conv_transpose"
        note = Note(argument="dimension_numbers", text=f"left out, x and the kernel are {order}", trap=trap)
    else:
        names = [str(text) for text in value if isinstance(text, str)] if isinstance(value, tuple) else []
        if not _are_numbers(names, rank):
            example = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
            raise Unreadable(
                f"{call.function}: dimension_numbers is {shown(value)}, but it needs three strings of {rank + 2} letters, such as {example}"
            )
        note = Note(argument="dimension_numbers", text=f"x is {names[0]}, the kernel {names[1]}, the result {names[2]}")
    space = [letter for letter in names[1] if letter not in "OI"]
    lhs, rhs, out = (tuple(text.index(letter) for letter in (*two, *space)) for text, two in zip(names, ("NC", "OI", "NC"), strict=True))
    return lhs, rhs, out, [note]


NUMBERED = (f"{LAX}conv_general_dilated", f"{LAX}conv_transpose")
"""What has the argument dimension_numbers."""


def _are_numbers(names: list[str], rank: int) -> bool:
    if len(names) != 3 or not all(len(text) == len(set(text)) == rank + 2 for text in names):
        return False
    rest = [set(text) - set(two) for text, two in zip(names, ("NC", "OI", "NC"), strict=True)]
    return all(len(letters) == rank for letters in rest) and rest[0] == rest[1] == rest[2]


def _named(call: Call, number: str) -> Call:
    """The call on the arrays of the program."""
    return Call(call.function, {**call.arguments, "lhs": X, "rhs": Source(f"w{number}")})


READERS = {
    **dict.fromkeys((f"{LAX}conv", f"{LAX}conv_with_general_padding", f"{LAX}conv_general_dilated"), conv),
    f"{LAX}conv_transpose": conv_transpose,
}
"""By the qualified name of the function."""
