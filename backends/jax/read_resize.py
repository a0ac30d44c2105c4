"""What jax.image.resize and jax.image.scale_and_translate mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from backends.call import Call, Source, X
from backends.jax.axes import fraction, infer_axes, precise, reading, shown, where
from backends.native import Note, Reading, Unreadable, flag, reads
from spec import Lanczos, Operation, Resize, Shape, Upsample
from spec.conventions.resize import Fields, jax_resize
from spec.ops.resize import affine

METHODS = {
    "nearest": "nearest", "linear": "linear", "bilinear": "linear", "trilinear": "linear", "triangle": "linear", "cubic": "cubic",
    "bicubic": "cubic", "tricubic": "cubic", "cubic-pytorch": "cubic-pytorch", "bicubic-pytorch": "cubic-pytorch", "area": "area",
    "lanczos3": "lanczos3", "lanczos5": "lanczos5",
}  # fmt: skip
"""JAX's words for a method, and the one of them for each."""

HALF = Fraction(1, 2)
RULES = ("half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric")


def resize(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(call, "image", "shape", "method", "antialias", ignored=("precision",))
    precise(call)
    method, smooths, shape = _method(call), flag(call, "antialias"), _shape(call, x)
    order = infer_axes(call, x, [m != n for m, n in zip(shape, x, strict=True)], given)
    size, lengths = (tuple(row[axis] for axis in order[2:]) for row in (shape, x))
    shrinks = any(m < n for m, n in zip(size, lengths, strict=True))
    op: Operation
    if method.startswith("lanczos"):
        op = Lanczos(size=size, lobes=int(method[-1]), antialias="yes" if smooths and shrinks else "no")
    elif method == "nearest" and all(m % n == 0 for m, n in zip(size, lengths, strict=True)):
        op = Upsample(factor=tuple(m // n for m, n in zip(size, lengths, strict=True)))
    else:
        op = Resize(size=size, **_fields(method, smooths=smooths, shrinks=shrinks))
    notes = [where(order, "shape"), *_notes(method, smooths=smooths, shrinks=shrinks)]
    return reading(call, op, x, Call(call.function, {**call.arguments, "image": X}), notes, order=order)


def scale_and_translate(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(call, "image", "shape", "spatial_dims", "scale", "translation", "method", "antialias", ignored=("precision",))
    precise(call)
    method, smooths, shape = _method(call), flag(call, "antialias"), _shape(call, x)
    if method == "nearest":
        raise Unreadable(f"{call.function}: method is {call['method']!r}, which JAX has for jax.image.resize alone")
    dims, scale, moved = _dimensions(call, x), _numbers(call, "scale"), _numbers(call, "translation")
    for name, numbers in (("scale", scale), ("translation", moved)):
        if len(numbers) != len(dims):
            raise Unreadable(f"{call.function}: {name} has {len(numbers)} numbers, but spatial_dims has {len(dims)}")
    if min(scale, default=Fraction(1)) <= 0:
        raise Unreadable(f"{call.function}: scale is {shown(call['scale'])}, but it needs numbers above 0")
    scales, shifts = dict(zip(dims, scale, strict=True)), dict(zip(dims, moved, strict=True))
    for axis, (m, n) in enumerate(zip(shape, x, strict=True)):
        if m != n and axis not in dims:
            raise Unreadable(f"{call.function}: shape {shape} changes axis {axis} of {x}, but spatial_dims is {call['spatial_dims']!r}")
    touched = [scales.get(a, 1) != 1 or shifts.get(a, 0) != 0 or m != n for a, (m, n) in enumerate(zip(shape, x, strict=True))]
    order = infer_axes(call, x, touched, given)
    space = order[2:]
    size, lengths = (tuple(row[axis] for axis in space) for row in (shape, x))
    one, zero = Fraction(1), Fraction(0)
    factors, starts = tuple(scales.get(a, one) for a in space), tuple(shifts.get(a, zero) for a in space)
    op = _placed(call, method, smooths, size, lengths, factors, starts)
    shrinks = any(s < 1 for s in factors)
    arrays = {name: Call.of("jax.numpy.array", numbers) for name, numbers in (("scale", scale), ("translation", moved))}
    statement = Call(call.function, {**call.arguments, "image": X, **arrays})
    rule = getattr(op, "coordinates", "half_pixel")
    text = f"output pixel j lies where ONNX's {rule} puts it; the translation is counted in output pixels"
    notes = [where(order, "shape"), Note(argument="translation", text=text), *_notes(method, smooths=smooths, shrinks=shrinks)]
    return reading(call, op, x, statement, notes, order=order)


def _placed(
    call: Call, method: str, smooths: bool, size: Shape, lengths: Shape, scale: tuple[Fraction, ...], moved: tuple[Fraction, ...]
) -> Operation:
    """The operation with its pixels at (j + ½)/scale − translation/scale − ½. Raises Unreadable."""
    shrinks = any(s < 1 for s in scale)
    places = [(1 / s, (HALF - t) / s - HALF) for s, t in zip(scale, moved, strict=True)]
    outside = [
        axis for axis, ((step, start), m, n) in enumerate(zip(places, size, lengths, strict=True))
        for j in range(m) if not -HALF <= step * j + start <= n - HALF
    ]  # fmt: skip
    if outside and not (method == "cubic-pytorch" and not smooths):
        raise Unreadable(
            f"{call.function}: output pixels lie outside of x along spatial axis {outside[0]}, where JAX gives 0, which is not read; "
            "change scale or translation"
        )
    ratios = tuple(Fraction(m, n) for m, n in zip(size, lengths, strict=True))
    if method.startswith("lanczos") or method == "area":
        if scale != ratios or any(moved):
            raise Unreadable(f"{call.function}: with method={call['method']!r} only translation 0 and the ratio of the lengths are read")
        if method == "area":
            return Resize(size=size, mode="area")
        return Lanczos(size=size, lobes=int(method[-1]), antialias="yes" if smooths and shrinks else "no")
    for op in _candidates(Resize(size=size, **_fields(method, smooths=smooths, shrinks=shrinks)), scale, ratios):
        found = [affine(op, axis, n) for axis, n in enumerate(lengths)]
        if all(start == b and (m == 1 or step == a) for (step, start), (a, b), m in zip(found, places, size, strict=True)):
            narrow = [(min(Fraction(1), s), min(Fraction(1), own)) for s, own in zip(scale, op.scales((1, 1, *lengths)), strict=True)]
            if smooths and shrinks and any(a != b for a, b in narrow):
                raise Unreadable(f"{call.function}: this scale with antialias=True is not read where it shrinks; give antialias=False")
            return op
    raise Unreadable(
        f"{call.function}: scale {_listed(scale)} with translation {_listed(moved)} is not read; give translation 0, or (1 - scale) / 2, "
        "which keeps the first pixel's centre"
    )


def _fields(method: str, *, smooths: bool, shrinks: bool) -> Fields:
    """Of Resize. Without antialiasing where no axis shrinks, since it changes nothing there."""
    return jax_resize("cubic" if smooths and method == "cubic-pytorch" else method, antialias=smooths and shrinks)


def _candidates(op: Resize, scale: tuple[Fraction, ...], ratios: tuple[Fraction, ...]) -> Iterator[Resize]:
    for rule in RULES:
        if scale == ratios or rule == "align_corners":
            yield replace(op, coordinates=rule)
        else:
            yield replace(op, coordinates=rule, scale=tuple((s.numerator, s.denominator) for s in scale))


def _method(call: Call) -> str:
    value = call["method"]
    if isinstance(value, Source) and value.text.startswith("jax.image.ResizeMethod."):
        value = value.text.rpartition(".")[2].lower().replace("_", "-")
    if not isinstance(value, str) or value not in METHODS:
        raise Unreadable(f"{call.function}: method is {shown(value)}, but it must be one of {', '.join(map(repr, METHODS))}")
    return METHODS[value]


def _shape(call: Call, x: Shape) -> Shape:
    value = call["shape"]
    if not isinstance(value, tuple) or len(value) != len(x) or any(type(n) is not int or n < 1 for n in value):
        raise Unreadable(
            f"{call.function}: shape is {shown(value)}, but it needs all {len(x)} lengths of the result, batch and channels included, "
            f"since x is {x}"
        )
    return value  # type: ignore[return-value]


def _dimensions(call: Call, x: Shape) -> Shape:
    value = call["spatial_dims"]
    if not isinstance(value, tuple) or any(type(n) is not int or not -len(x) <= n < len(x) for n in value):
        raise Unreadable(f"{call.function}: spatial_dims is {shown(value)}, but it needs the numbers of axes of {x}, such as (1, 2)")
    dims: Shape = tuple(n % len(x) for n in value)  # type: ignore[operator, misc]
    if len(set(dims)) != len(dims):
        raise Unreadable(f"{call.function}: spatial_dims is {shown(value)}, but no axis may occur twice")
    return dims


def _numbers(call: Call, name: str) -> tuple[Fraction, ...]:
    """The numbers of an array: jnp.array of a tuple, jnp.zeros or jnp.ones; JAX takes no bare tuple. Raises Unreadable."""
    value = call[name]
    if isinstance(value, Call) and value.function in ("jax.numpy.zeros", "jax.numpy.ones"):
        shape = value["shape"]
        count = shape if isinstance(shape, int) else shape[0] if isinstance(shape, tuple) and len(shape) == 1 else None
        if type(count) is int and 0 < count <= 8:
            return (Fraction(value.function.endswith("ones")),) * count
    inner = value["object"] if isinstance(value, Call) and value.function == "jax.numpy.array" else None
    found = [fraction(one) for one in inner] if isinstance(inner, tuple) else [None]
    if not all(one is not None for one in found):
        raise Unreadable(f"{call.function}: {name} is {shown(value)}, but it needs an array of numbers, such as jnp.array([2.0, 2.0])")
    return tuple(one for one in found if one is not None)


def _notes(method: str, *, smooths: bool, shrinks: bool) -> list[Note]:
    if method == "nearest":
        text = "the pixel with the nearest centre, as PyTorch's 'nearest-exact', not its 'nearest'"
        return [Note(argument="method", text=text, trap=True)]
    notes = []
    if method == "cubic":
        notes.append(Note(argument="method", text="cubic with a = −1/2; pixels outside x are left out. PyTorch has a = −3/4", trap=True))
    if method == "cubic-pytorch":
        a = "as cubic with antialias=True: a = −1/2" if smooths else "a = −3/4, with pixels at the edge repeated, as in PyTorch"
        notes.append(Note(argument="method", text=a, trap=smooths))
    if method == "area":
        return [Note(argument="method", text="each pixel is the mean of what it covers; antialias changes nothing")]
    if smooths and shrinks:
        text = "True, which is the default: where it shrinks, x is smoothed; PyTorch, TensorFlow and Keras do not unless told to"
        notes.append(Note(argument="antialias", text=text, trap=True))
    elif smooths:
        notes.append(Note(argument="antialias", text="True changes nothing here, since no axis shrinks"))
    return notes


def _listed(numbers: tuple[Fraction, ...]) -> str:
    return f"({', '.join(map(str, numbers))})"


READERS = {"jax.image.resize": resize, "jax.image.scale_and_translate": scale_and_translate}
"""By the qualified name of the function."""
