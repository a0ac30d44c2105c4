"""What TensorFlow's resampling, padding and cropping mean, and what moves pixels between channels and space."""

from __future__ import annotations

from backends.call import Call, Source
from backends.channels_last import Layout, nearest, order_note, reading, repeated, resize_notes, spatial, widths
from backends.native import Note, Reading, Unreadable, flag, one
from backends.tensorflow.parts import PHRASES, format_note, layout, said, understood
from spec import DepthToSpace, Lanczos, Operation, Pad, Resize, Shape, SpaceToDepth, Upsample
from spec.conventions.resize import tf1_resize, tf_resize
from spec.operation import Pairs

METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5")
NUMBERED = ("bilinear", "nearest", "bicubic", "area")
"""Methods of version 1 by their numbers."""

PAD_MODES = ("CONSTANT", "REFLECT", "SYMMETRIC")


def resize(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """tf.image.resize."""
    at = layout(call, x, 2)
    understood(call, "size", "method", "antialias", "preserve_aspect_ratio")
    _ratio(call)
    size, method, antialias = _size(call), _method(call, METHODS), flag(call, "antialias")
    shrinks = any(m < n for m, n in zip(size, at.space(x), strict=True))
    op: Operation
    if method.startswith("lanczos"):
        op = Lanczos(size=size, lobes=int(method[-1]), antialias="yes" if antialias else "no")
    else:
        op = nearest(Resize(size=size, **tf_resize(method, antialias=antialias)), at.space(x))
    notes = resize_notes("method", method, antialias=antialias, shrinks=shrinks)
    if antialias and method in ("nearest", "area"):
        notes.append(Note(argument="antialias", text=f"no effect on {method!r}", trap=True))
    return reading(PHRASES, call, op, x, at, _named(call, method), (), notes)


def resize_v1(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """tf.compat.v1.image.resize and the functions for each method."""
    at = layout(call, x, 2)
    understood(call, "size", "method", "align_corners", "half_pixel_centers", "preserve_aspect_ratio")
    name = call.function.rpartition(".")[2]
    general = name in ("resize", "resize_images")
    if general:
        _ratio(call)
    method = _method(call, NUMBERED) if general else name.removeprefix("resize_").replace("nearest_neighbor", "nearest")
    size, aligned = _size(call), flag(call, "align_corners")
    half = not general and method != "area" and flag(call, "half_pixel_centers")
    if aligned and (half or method == "area"):
        other = "half_pixel_centers" if half else "area"
        raise Unreadable(f"{call.function}: align_corners=True is not read together with {other}; leave one of them out")
    op: Resize
    if method == "area":
        op = Resize(size=size, **tf_resize("area"))
        notes = resize_notes("method", "area", antialias=False, shrinks=False)
    elif half:
        shrinks = any(m < n for m, n in zip(size, at.space(x), strict=True))
        op = Resize(size=size, **tf_resize(method))
        notes = resize_notes("half_pixel_centers", method, antialias=False, shrinks=shrinks)
    else:
        op = Resize(size=size, **tf1_resize(method.replace("nearest", "nearest_neighbor"), align_corners=aligned))
        notes = _old_notes(method, aligned=aligned)
    return reading(PHRASES, call, nearest(op, at.space(x)), x, at, _named(call, method), (), notes)


def pad(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """tf.pad, which pads every axis."""
    understood(call, "paddings", "mode", "constant_values")
    at, pairs = spatial(call, "paddings", widths(call, "paddings", len(x)))
    mode, value = call["mode"], call["constant_values"]
    if not isinstance(mode, str) or mode.upper() not in PAD_MODES:
        raise Unreadable(f"{call.function}: mode is {mode!r}, but it must be one of {', '.join(map(repr, PAD_MODES))}")
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise Unreadable(f"{call.function}: constant_values is {value!r}, but only whole numbers are read")
    op = Pad(padding=pairs, mode=mode.lower(), value=int(value) if mode.upper() == "CONSTANT" else 0)
    return reading(PHRASES, call, op, x, at, said(call))


def pad_to_box(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """tf.image.pad_to_bounding_box."""
    return _box(call, x, sign=1)


def crop_to_box(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """tf.image.crop_to_bounding_box."""
    return _box(call, x, sign=-1)


def crop_or_pad(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """tf.image.resize_with_crop_or_pad, which resamples nothing."""
    at = layout(call, x, 2)
    understood(call, "target_height", "target_width")
    more = [one(call, name) - n for name, n in zip(("target_height", "target_width"), at.space(x), strict=True)]
    pairs = tuple((m // 2, m - m // 2) if m >= 0 else (-(-m // 2), m + -m // 2) for m in more)
    text = f"cut or padded by {', '.join(map(str, pairs))}, negative numbers being cut: nothing is resampled"
    notes = [Note(argument="target_height", text=text, trap=True)]
    return reading(PHRASES, call, Pad(padding=pairs), x, at, said(call), (), notes)


def interleave(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """tf.nn.depth_to_space and tf.nn.space_to_depth."""
    at = layout(call, x, 2)
    understood(call, "block_size", "data_format")
    factor = (one(call, "block_size", least=2),) * 2
    op: Operation = DepthToSpace(factor=factor) if "depth_to_space" in call.function else SpaceToDepth(factor=factor)
    return reading(PHRASES, call, op, x, at, said(call), (), [order_note("block_size"), *format_note(at)])


def repeat(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """tf.repeat along one spatial axis of an input with channels last."""
    understood(call, "repeats", "axis")
    at, factor = repeated(call, x, "repeats")
    return reading(PHRASES, call, Upsample(factor=factor), x, at, said(call))


def _named(call: Call, method: str) -> list[Call]:
    """The call with its method as a word, if it names one."""
    return said(call, **({"method": method} if "method" in call.arguments else {}))


def _size(call: Call) -> Shape:
    value = call["size"]
    if not isinstance(value, tuple) or len(value) != 2 or any(type(m) is not int or m < 1 for m in value):
        raise Unreadable(f"{call.function}: size is {value!r}, but it needs (height, width), two whole numbers of at least 1")
    return value  # type: ignore[return-value]


def _ratio(call: Call) -> None:
    if flag(call, "preserve_aspect_ratio"):
        raise Unreadable(f"{call.function}: preserve_aspect_ratio=True is not read; give the size that it makes, and leave it out")


def _method(call: Call, known: tuple[str, ...]) -> str:
    """A word, a number of version 1, or a member of ResizeMethod."""
    value = call["method"]
    if type(value) is int and 0 <= value < len(NUMBERED):
        return NUMBERED[value]
    text = value.text.rpartition(".")[2].lower() if isinstance(value, Source) and "ResizeMethod." in value.text else value
    text = "nearest" if text == "nearest_neighbor" and isinstance(value, Source) else text
    if text not in known:
        shown = str(value) if isinstance(value, Source) else repr(value)
        raise Unreadable(f"{call.function}: method is {shown}, but only {', '.join(map(repr, known))} are read")
    return str(text)


def _old_notes(method: str, *, aligned: bool) -> list[Note]:
    """On resampling without half pixels."""
    if aligned:
        return [Note(argument="align_corners", text="the centres of the corner pixels are kept: the scale is (m − 1)/(n − 1)")]
    text = "y[j] lies at j·n/m: no half pixel, which moves the image; tf.image.resize has half-pixel centres"
    notes = [Note(argument="align_corners", text=text, trap=True)]
    if method == "bicubic":
        notes.append(Note(argument="method", text="cubic with a = −3/4; tf.image.resize has a = −1/2", trap=True))
    return notes


def _box(call: Call, x: Shape, *, sign: int) -> Reading:
    """Offsets and target lengths of rows and columns. sign: 1 if the box is around the image, −1 if it is inside."""
    at: Layout = layout(call, x, 2)
    understood(call, "offset_height", "offset_width", "target_height", "target_width")
    pairs = []
    for axis, n in zip(("height", "width"), at.space(x), strict=True):
        lo, m = one(call, f"offset_{axis}", least=0), one(call, f"target_{axis}")
        hi = sign * (m - n) - lo
        if hi < 0:
            larger, smaller = (f"target_{axis}", "the image") if sign > 0 else ("the image", f"target_{axis}")
            wrong = f"offset_{axis} is {lo} and target_{axis} {m} on {n} pixels"
            raise Unreadable(f"{call.function}: {wrong}, but {larger} must hold {smaller}")
        pairs.append((sign * lo, sign * hi))
    padded: Pairs = tuple(pairs)
    return reading(PHRASES, call, Pad(padding=padded), x, at, said(call))
