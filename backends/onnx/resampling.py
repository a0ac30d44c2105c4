"""What ONNX's nodes mean that resample, pad and move pixels: Resize, Upsample, Pad, DepthToSpace, SpaceToDepth, MaxUnpool."""

from __future__ import annotations

import math
from fractions import Fraction

from backends.arrange import Arrangement
from backends.call import Call, Let, Source, Statement, X
from backends.native import Native, Note, Reading, Unreadable, Weight, needs, one, reads, word
from backends.onnx.attributes import PHRASES, begins_and_ends, ints, opset_of, switch
from backends.onnx.nodes import nodes
from spec import DepthToSpace, Impossible, MaxUnpool, Operation, Pad, Resize, Shape, SpaceToDepth, Upsample
from spec.conventions.resize import Fields, onnx_resize, scaled_length
from spec.ops.separable import alike

COORDINATES = {"half_pixel": 11, "pytorch_half_pixel": 11, "align_corners": 11, "asymmetric": 11, "tf_half_pixel_for_nn": 11,
               "tf_crop_and_resize": 11, "half_pixel_symmetric": 19}  # fmt: skip
"""By word: the opset that brought it."""
LAST_OF_FOR_NN = 12

Scales = list[tuple[int, int]]


def reading(call: Call, op: Operation, x: Shape, number: str, notes: list[Note], weights: tuple[Weight, ...] = ()) -> Reading:
    """The node as it stands, with its meaning."""
    given = {name: value for name, value in call.arguments.items() if not (isinstance(value, Source) and value != X)}
    named = {weight.name: Source(weight.variable) for weight in weights}
    here = Call(call.function, {**given, **named})
    native = Native(phrases=PHRASES, statements=nodes([here], number), x=x, weights=weights)
    return Reading(op=op, x=x, native=native, notes=tuple(notes), calls=(call,))


def resize(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    opset = opset_of(call, "Resize", since=10)
    reads(call, "X", "scales", "sizes", "roi", "mode", "coordinate_transformation_mode", "nearest_mode", "cubic_coeff_a", "exclude_outside",
          "antialias", "axes", "keep_aspect_ratio_policy", ignored=("extrapolation_value", "opset"))  # fmt: skip
    _space(call, x)
    mode = word(call, "mode", ("nearest", "linear", "cubic") if opset > 10 else ("nearest", "linear"))
    length, scale, notes = _lengths(call, x, opset)
    if opset == 10:
        fields = _asymmetric(mode)
        notes.append(Note(argument="opset", text="opset 10 knows no coordinates but asymmetric, y[j] at x[j/scale]; from 11 on the default "
                          "is half_pixel", trap=True))  # fmt: skip
        if mode == "nearest" and any(m < n for n, m in zip(x, length, strict=True)):
            raise Unreadable(f"{call.function}: opset 10 does not say which pixel nearest takes where the image shrinks; write opset=11 "
                             "and a nearest_mode")  # fmt: skip
    else:
        where = word(call, "coordinate_transformation_mode", tuple(w for w, since in COORDINATES.items() if opset >= since))
        if where == "tf_half_pixel_for_nn" and opset > LAST_OF_FOR_NN:
            raise Unreadable(f"{call.function} has no tf_half_pixel_for_nn since opset 13; write opset=11, or half_pixel")
        if mode == "nearest" and switch(call, "antialias"):
            raise Unreadable(f"{call.function}: antialias is only for mode 'linear' and 'cubic', but mode is {mode!r}; leave it out")
        rounding = word(call, "nearest_mode", ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"))
        a = call["cubic_coeff_a"]
        if a not in (-0.75, -0.5):
            raise Unreadable(f"{call.function}: cubic_coeff_a is {a!r}, but only -0.75 and -0.5 are read")
        try:
            fields = onnx_resize(
                mode=mode, coordinate_transformation_mode=where, nearest_mode=rounding if mode == "nearest" else "round_prefer_floor",
                cubic_coeff_a=float(str(a)) if mode == "cubic" else -0.75, exclude_outside=int(switch(call, "exclude_outside")),
                antialias=int(switch(call, "antialias")),
            )  # fmt: skip
        except Impossible as why:
            raise Unreadable(f"{call.function}: {why}") from None
        if mode == "nearest":
            fields |= {"outside": "edge", "antialias": "no"}
        notes += _resize_notes(call, mode, where, rounding, x, length)
    op = Resize(size=length[2:], scale=tuple(scale[2:]) if any(s != (0, 1) for s in scale[2:]) else (), **fields)
    return reading(call, _simplest(op, x, length, scale), x, number, notes)


def upsample(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    if isinstance(call["opset"], int) and call["opset"] > 9:
        raise Unreadable(f"{call.function} is deprecated since opset 10; write onnx.Resize with "
                         "coordinate_transformation_mode='asymmetric' and nearest_mode='floor'")  # fmt: skip
    reads(call, "X", "scales", "mode", ignored=("opset",))
    _space(call, x)
    length, scale, notes = _lengths(call, x, 9)
    if any(num < den for num, den in scale if num):
        raise Unreadable(f"{call.function}: scales is {call['scales']!r}, but it needs numbers of at least 1")
    fields = _asymmetric(word(call, "mode", ("nearest", "linear")))
    text = "coordinates are asymmetric, y[j] at x[j/scale]; Resize takes half_pixel by default"
    notes.append(Note(argument="mode", text=text, trap=True))
    op = Resize(size=length[2:], scale=tuple(scale[2:]), **fields)
    return reading(call, _simplest(op, x, length, scale), x, number, notes)


def pad(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    opset = opset_of(call, "Pad", since=2)
    reads(call, "data", "pads", "constant_value", "axes", "mode", ignored=("opset",))
    _space(call, x)
    axes = _axes(call, len(x))
    numbers = ints(call, "pads", 2 * len(axes), least=-(1 << 40))
    every = dict(zip(axes, begins_and_ends(numbers), strict=True))
    if any(every.get(axis, (0, 0)) != (0, 0) for axis in (0, 1)):
        raise Unreadable(f"{call.function}: pads is {list(numbers)}, which changes batch or channels; only spatial axes are read")
    mode = word(call, "mode", ("constant", "reflect", "edge", *["wrap"] * (opset >= 19)))
    value = call["constant_value"] or 0
    if not isinstance(value, int | float) or value != int(value):
        raise Unreadable(f"{call.function}: constant_value is {call['constant_value']!r}, but only whole numbers are read")
    pairs = tuple(every.get(axis, (0, 0)) for axis in range(2, len(x)))
    text = f"the begins of all axes come first, then their ends: here {', '.join(map(str, pairs))}"
    op = Pad(padding=pairs, mode=mode, value=int(value) if mode == "constant" else 0)
    return reading(call, op, x, number, [Note(argument="pads", text=text, trap=True)])


def depth_to_space(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    up = "DepthToSpace" in call.function
    opset = opset_of(call, "DepthToSpace" if up else "SpaceToDepth")
    reads(call, "input", "blocksize", "mode", ignored=("opset",))
    needs(call, x, 2)
    factor = (one(call, "blocksize"),) * 2
    order = word(call, "mode", ("DCR", "CRD"))
    if order == "CRD" and opset < (11 if up else 28):
        raise Unreadable(f"{call.function} has mode since opset {11 if up else 28}, but opset is {opset}; leave mode out")
    text = "the phases of one channel are neighbours (CRD), as in PyTorch"
    if order == "DCR":
        text = "the channels of one phase are neighbours (DCR), as in TensorFlow; PyTorch's pixel_shuffle is CRD"
    note = Note(argument="mode", text=text, trap=order == "DCR")
    op: Operation = DepthToSpace(factor=factor, order=order) if up else SpaceToDepth(factor=factor, order=order)
    return reading(call, op, x, number, [note])


def unpooled(call: Call, x: Shape) -> tuple[Shape, Shape]:
    """The spatial shape in which MaxUnpool's indices count, and that of its result."""
    rank = len(x) - 2
    kernel, strides = ints(call, "kernel_shape", rank), ints(call, "strides", rank, default=(1,) * rank)
    pads = begins_and_ends(ints(call, "pads", 2 * rank, least=0, default=(0,) * (2 * rank)))
    rows = zip(x[2:], kernel, strides, pads, strict=True)
    pooled = tuple((n - 1) * s + k - lo - hi for n, k, s, (lo, hi) in rows)
    return pooled, ints(call, "output_shape", rank + 2)[2:] if call["output_shape"] is not None else pooled


def max_unpool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(call, "X", "I", "output_shape", "kernel_shape", "pads", "strides", ignored=("opset",))
    _space(call, x)
    pooled, size = unpooled(call, x)
    places, planes = f"w{number}.astype(np.int64)", math.prod(x[:2])
    if pooled != size:
        places = f"np.ravel_multi_index(np.unravel_index({places}, {size}), {pooled})"
    offsets = f"np.arange({planes}).reshape({x[0]}, {x[1]}{', 1' * (len(x) - 2)}) * {math.prod(pooled)}"
    said: list[Statement] = [
        Let("indices", Source(f"{places} + {offsets}")), Call(call.function, {**call.arguments, "X": X, "I": Source("indices")}),
    ]  # fmt: skip
    weight = Weight(name="I", variable=f"w{number}", to_spec=Arrangement(x))
    notes = [Note(argument="I", text="indices count pixels in all images and channels one after the other; PyTorch's count in one channel",
                  trap=True)]  # fmt: skip
    if pooled != size:
        notes.append(Note(argument="output_shape", text=f"the result is {size}, but the indices count in {pooled}", trap=True))
    native = Native(phrases=PHRASES, statements=nodes(said, number), x=x, weights=(weight,))
    return Reading(op=MaxUnpool(size=size), x=x, native=native, notes=tuple(notes), calls=(call,))


def _asymmetric(mode: str) -> Fields:
    """What Resize of opset 10 and Upsample mean."""
    rounding = "floor" if mode == "nearest" else "round_prefer_floor"
    return onnx_resize(mode=mode, coordinate_transformation_mode="asymmetric", nearest_mode=rounding)


def _space(call: Call, x: Shape) -> int:
    """The number of spatial axes. Raises Unreadable."""
    if len(x) not in (3, 4, 5):
        raise Unreadable(f"{call.function} is read for inputs with 3, 4 or 5 axes, batch and channels included, but --input is {x}")
    return len(x) - 2


def _axes(call: Call, count: int) -> tuple[int, ...]:
    value = call["axes"]
    if value is None:
        return tuple(range(count))
    axes = value if isinstance(value, tuple) else (value,)
    if any(not isinstance(axis, int) or not -count <= axis < count for axis in axes):
        raise Unreadable(f"{call.function}: axes is {value!r}, but it needs whole numbers from {-count} to {count - 1}, such as [2, 3]")
    return tuple(int(str(axis)) % count for axis in axes)


def _lengths(call: Call, x: Shape, opset: int) -> tuple[Shape, Scales, list[Note]]:
    """The shape of the output, and for each axis the scale of its coordinates, (0, 1) for the ratio of the lengths."""
    later = "Resize" in call.function
    if later and (call["scales"] in (None, ())) == (call["sizes"] is None):
        raise Unreadable(f"{call.function} needs scales or sizes, and not both; write scales=[1, 1, 2, 2], or sizes={[*x[:2], *x[2:]]}")
    axes = _axes(call, len(x)) if later else tuple(range(len(x)))
    length, scale, notes = list(x), [(0, 1)] * len(x), []
    if later and call["sizes"] is not None:
        sizes = ints(call, "sizes", len(axes))
        for axis, m in zip(axes, sizes, strict=True):
            length[axis] = m
        policy = word(call, "keep_aspect_ratio_policy", ("stretch", "not_larger", "not_smaller"))
        if policy != "stretch":
            s = (min if policy == "not_larger" else max)(Fraction(length[axis], x[axis]) for axis in axes)
            for axis in axes:
                length[axis], scale[axis] = math.floor(x[axis] * s + Fraction(1, 2)), (s.numerator, s.denominator)
            text = f"one scale, {s}, for all axes: the lengths become {tuple(length[2:])}"
            notes.append(Note(argument="keep_aspect_ratio_policy", text=text))
    else:
        for axis, each in zip(axes, _scales(call, len(axes)), strict=True):
            num, den = each.numerator, each.denominator
            length[axis], scale[axis] = scaled_length(x[axis], num, den), (num, den)
        if any(num and m * den != n * num for n, m, (num, den) in zip(x, length, scale, strict=True)):
            text = f"the lengths become {tuple(length[2:])}, rounded down; coordinates keep the scale"
            notes.append(Note(argument="scales", text=text, trap=True))
    if all(n * num == m * den for n, m, (num, den) in zip(x, length, scale, strict=True) if num):
        scale = [(0, 1)] * len(x)
    if tuple(length[:2]) != x[:2]:
        raise Unreadable(f"{call.function} changes batch or channels, {x[:2]} to {tuple(length[:2])}; only spatial axes are read")
    if min(length[2:]) < 1:
        raise Unreadable(f"{call.function}: scales makes an output of length 0 of the lengths {x[2:]}; give larger ones")
    return tuple(length), scale, notes


def _scales(call: Call, count: int) -> list[Fraction]:
    value = call["scales"]
    if not isinstance(value, tuple) or len(value) != count or any(
        isinstance(s, bool) or not isinstance(s, int | float | Fraction) or not 0 < s < math.inf for s in value
    ):  # fmt: skip
        raise Unreadable(f"{call.function}: scales is {_shown(value)}, but it needs {count} numbers above 0, batch and channels included")
    return [Fraction(str(s)).limit_denominator(1 << 20) for s in value]


def _shown(value: object) -> str:
    return f"the array {value}" if isinstance(value, Source) else repr(value)


def _simplest(op: Resize, x: Shape, length: Shape, scale: Scales) -> Operation:
    """Upsample, where every pixel is repeated."""
    rows = list(zip(x[2:], length[2:], scale[2:], strict=True))
    factor = tuple(m // n for n, m, _ in rows)
    exact = all(n * f == m and (num == 0 or num == f * den) for f, (n, m, (num, den)) in zip(factor, rows, strict=True))
    repeated = Resize(size=op.size, coordinates="asymmetric", rounding="floor")
    return Upsample(factor=factor) if exact and op.mode == "nearest" and min(factor) and alike(op, repeated, x) else op


def _resize_notes(call: Call, mode: str, where: str, rounding: str, x: Shape, length: Shape) -> list[Note]:
    notes = []
    if mode == "nearest":
        text = f"{where}, {rounding}: PyTorch's nearest is asymmetric with floor, TensorFlow's and JAX's half_pixel with round_prefer_ceil"
        notes.append(Note(argument="nearest_mode", text=text, trap=True))
    elif where == "align_corners":
        notes.append(Note(argument="coordinate_transformation_mode", text="the centres of the corner pixels are kept"))
    else:
        same = "as in PyTorch, TensorFlow and JAX" if where == "half_pixel" else "not the half_pixel of the other frameworks"
        notes.append(Note(argument="coordinate_transformation_mode", text=f"{where}, {same}", trap=where != "half_pixel"))
    if mode == "cubic" and call["cubic_coeff_a"] == -0.75:
        notes.append(Note(argument="cubic_coeff_a", text="a = −3/4, as in PyTorch; TensorFlow, Keras and JAX have a = −1/2", trap=True))
    if mode != "nearest" and not call["antialias"] and any(m < n for n, m in zip(x, length, strict=True)):
        text = "0: pixels are left out as the image shrinks; jax.image.resize smooths by default"
        notes.append(Note(argument="antialias", text=text, trap=True))
    return notes
