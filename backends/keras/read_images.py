"""What Keras's resampling, padding and cropping mean, and what moves pixels between channels and space."""

from __future__ import annotations

from backends.call import Call
from backends.channels_last import Layout, is_pair, nearest, order_note, reading, repeated, resize_notes, spatial, widths
from backends.keras.parts import PHRASES, format_note, layout, per_axis, plain, understood
from backends.native import Note, Reading, Unreadable, flag, one, word
from spec import DepthToSpace, Lanczos, Operation, Pad, Resize, Shape, SpaceToDepth, Upsample
from spec.conventions.resize import tf_resize
from spec.operation import Pairs

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
MODES = ("constant", "reflect", "symmetric", "edge", "wrap")


def upsampling(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x)
    understood(call, "size", "interpolation")
    factor = per_axis(call, "size", at.rank) if at.rank > 1 else (one(call, "size"),)
    interpolation = "nearest" if at.rank != 2 else word(call, "interpolation", INTERPOLATIONS)
    if interpolation == "nearest":
        op: Operation = Upsample(factor=factor)
        notes = [Note(argument="size", text="a factor, not a size: every pixel is repeated so many times", trap=True)]
    else:
        size = tuple(n * f for n, f in zip(at.space(x), factor, strict=True))
        op = _resampled(at.space(x), size, interpolation, antialias=False)
        notes = [Note(argument="size", text=f"a factor, not a size: the result is {size} long", trap=True)]
        notes += resize_notes("interpolation", interpolation, antialias=False, shrinks=False)
    return reading(PHRASES, call, op, x, at, plain(call, number), (), [*notes, *format_note(at)])


def repeat(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """keras.ops.repeat along one spatial axis of an input with channels last."""
    understood(call, "repeats", "axis")
    at, factor = repeated(call, x, "repeats")
    return reading(PHRASES, call, Upsample(factor=factor), x, at, plain(call, number))


def resize(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """keras.layers.Resizing and keras.ops.image.resize."""
    at = layout(call, x, rank=2)
    understood(call, "size", "height", "width", "interpolation", "antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio")
    for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        if flag(call, name):
            raise Unreadable(f"{call.function}: {name}=True is not read; crop or pad x before, and leave it out")
    size = (one(call, "height"), one(call, "width")) if "Resizing" in call.function else _size(call)
    interpolation, antialias = word(call, "interpolation", INTERPOLATIONS), flag(call, "antialias")
    shrinks = any(m < n for m, n in zip(size, at.space(x), strict=True))
    notes = resize_notes("interpolation", interpolation, antialias=antialias, shrinks=shrinks)
    op = _resampled(at.space(x), size, interpolation, antialias=antialias)
    return reading(PHRASES, call, op, x, at, plain(call, number), (), [*notes, *format_note(at)])


def zero_padding(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x)
    understood(call, "padding")
    op = Pad(padding=_ends(call, "padding", at.rank))
    return reading(PHRASES, call, op, x, at, plain(call, number), (), format_note(at))


def cropping(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x)
    understood(call, "cropping")
    pairs = _ends(call, "cropping", at.rank)
    return _cropped(call, x, at, pairs, number, "cropping")


def center_crop(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x, rank=2)
    understood(call, "height", "width")
    size, n = (one(call, "height"), one(call, "width")), at.space(x)
    if any(m > k for m, k in zip(size, n, strict=True)):
        raise Unreadable(f"{call.function}: the input {n} is smaller than {size}, so that Keras resizes it; write keras.layers.Resizing")
    pairs = tuple(((k - m) // 2, k - m - (k - m) // 2) for m, k in zip(size, n, strict=True))
    notes = []
    if any(lo != hi for lo, hi in pairs):
        notes.append(Note(argument="height", text=f"{', '.join(map(str, pairs))} is cut at this size: the odd pixel at the end", trap=True))
    return _cropped(call, x, at, pairs, number, "height", notes)


def pad(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """keras.ops.pad, which pads every axis."""
    understood(call, "pad_width", "mode", "constant_values")
    at, pairs = spatial(call, "pad_width", widths(call, "pad_width", len(x)))
    mode, value = word(call, "mode", MODES), call["constant_values"]
    if value is not None and mode != "constant":
        raise Unreadable(f"{call.function}: constant_values is {value!r}, but only mode 'constant' takes it, and mode is {mode!r}")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value != int(value)):
        raise Unreadable(f"{call.function}: constant_values is {value!r}, but only whole numbers are read")
    notes = []
    if mode in ("edge", "wrap"):
        notes.append(Note(argument="mode", text=f"{mode!r} is NumPy's; of Keras's engines only JAX has it", trap=True))
    op = Pad(padding=pairs, mode=mode, value=int(value or 0))
    return reading(PHRASES, call, op, x, at, plain(call, number), (), notes)


def pad_images(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x, rank=2)
    understood(call, *(f"{side}_padding" for side in ("top", "left", "bottom", "right")), "target_height", "target_width")
    pairs = _sides(call, "padding", tuple((n, -1) for n in at.space(x)))
    return reading(PHRASES, call, Pad(padding=pairs), x, at, plain(call, number), (), format_note(at))


def crop_images(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    at = layout(call, x, rank=2)
    understood(call, *(f"{side}_cropping" for side in ("top", "left", "bottom", "right")), "target_height", "target_width")
    return _cropped(call, x, at, _sides(call, "cropping", tuple((n, 1) for n in at.space(x))), number, "target_height")


def interleave(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """keras.ops.depth_to_space and keras.ops.space_to_depth."""
    at = layout(call, x, rank=2)
    understood(call, "block_size")
    factor = (one(call, "block_size", least=2),) * 2
    op: Operation = DepthToSpace(factor=factor) if "depth_to_space" in call.function else SpaceToDepth(factor=factor)
    notes = [order_note("block_size"), *format_note(at)]
    if not at.last:
        text = "read as DCR, Keras on TensorFlow; with channels first Keras on JAX and on PyTorch has CRD"
        notes.append(Note(argument="data_format", text=text, trap=True))
    return reading(PHRASES, call, op, x, at, plain(call, number), (), notes)


def _resampled(n: Shape, size: Shape, interpolation: str, *, antialias: bool) -> Operation:
    if interpolation.startswith("lanczos"):
        return Lanczos(size=size, lobes=int(interpolation[-1]), antialias="yes" if antialias else "no")
    return nearest(Resize(size=size, **tf_resize(interpolation, antialias=antialias)), n)


def _size(call: Call) -> Shape:
    value = call["size"]
    if not isinstance(value, tuple) or len(value) != 2 or any(type(m) is not int or m < 1 for m in value):
        raise Unreadable(f"{call.function}: size is {value!r}, but it needs (height, width), two whole numbers of at least 1")
    return value  # type: ignore[return-value]


def _ends(call: Call, name: str, rank: int) -> Pairs:
    """One number, one for each axis, or (lo, hi) for each axis; of a line (lo, hi)."""
    value = call[name]
    axes = value if isinstance(value, tuple) and rank > 1 else (value,) * rank
    pairs = tuple(axis if is_pair(axis) else (axis, axis) for axis in axes)
    if len(pairs) != rank or not all(map(is_pair, pairs)):
        wanted = "a whole number, or (lo, hi)" if rank == 1 else f"a whole number, {rank} of them, or {rank} pairs (lo, hi)"
        raise Unreadable(f"{call.function}: {name} is {value!r}, but it needs {wanted}, none negative")
    return pairs  # type: ignore[return-value]


def _sides(call: Call, what: str, axes: tuple[tuple[int, int], ...]) -> Pairs:
    """Two of start, end and target length for each of rows and columns. axes: (length, 1 if what is named is taken away, −1 if added)."""
    pairs = []
    for (n, sign), start, end, target in zip(axes, ("top", "left"), ("bottom", "right"), ("height", "width"), strict=True):
        names = (f"{start}_{what}", f"{end}_{what}", f"target_{target}")
        lo, hi, m = (call[name] for name in names)
        if sum(value is not None for value in (lo, hi, m)) != 2 or any(type(v) is not int for v in (lo, hi, m) if v is not None):
            raise Unreadable(f"{call.function} needs two whole numbers of {', '.join(names)}, but it has {(lo, hi, m)}")
        change = 0 if m is None else sign * (n - int(str(m)))
        first = int(str(lo)) if lo is not None else change - int(str(hi))
        last = int(str(hi)) if hi is not None else change - first
        if min(first, last) < 0:
            raise Unreadable(f"{call.function}: {names[0]} and {names[1]} are {first} and {last} on {n} pixels, but none may be negative")
        pairs.append((first, last))
    return tuple(pairs)


def _cropped(call: Call, x: Shape, at: Layout, pairs: Pairs, number: str, name: str, notes: list[Note] | None = None) -> Reading:
    if any(lo + hi >= n for (lo, hi), n in zip(pairs, at.space(x), strict=True)):
        raise Unreadable(f"{call.function}: {name} cuts {pairs} of the lengths {at.space(x)}, and nothing is left; cut less")
    op = Pad(padding=tuple((-lo, -hi) for lo, hi in pairs))
    return reading(PHRASES, call, op, x, at, plain(call, number), (), [*(notes or []), *format_note(at)])
