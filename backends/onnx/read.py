"""What ONNX's nodes mean: from a node and the shape of its input to operations of spec, the weights, and notes on what is easily missed.

Convolutions and pools are here; resampling, padding and the rest in resampling.py.
"""

from __future__ import annotations

from backends.arrange import Arrangement
from backends.call import Call
from backends.native import Note, Reader, Reading, Unreadable, Weight, needs, one, reads, word
from backends.onnx import resampling
from backends.onnx.attributes import PHRASES as PHRASES
from backends.onnx.attributes import begins_and_ends, ints, opset_of, switch
from backends.onnx.nodes import MAKERS
from backends.onnx.resampling import reading
from spec import AdaptiveAveragePool, AdaptiveMaxPool, AveragePool, Conv, ConvTranspose, LpPool, MaxPool, Operation, Shape
from spec.conventions.padding import ceil_overhang, on_every_axis, same_crop, same_lower_padding, same_padding, span
from spec.operation import Pairs

SAME = {"SAME_UPPER": same_padding, "SAME_LOWER": same_lower_padding}
AUTO_PAD = ("NOTSET", "VALID", *SAME)

REWRITTEN = MAKERS
"""How else a node is written, and what makes a call of it."""


def conv(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    _, w, weights = _weights(call, x, given, number, transposed=False)
    reads(call, "X", "kernel_shape", "auto_pad", "pads", "strides", "dilations", "group", ignored=("W", "B", "opset"))
    stride, dilation, pairs, notes = _windows(call, x, w[2:])
    op = Conv(stride=stride, padding=pairs, dilation=dilation, groups=one(call, "group"), bias=_biased(weights))
    return reading(call, op, x, number, notes, weights)


def conv_transpose(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """The length is given, or follows; an odd total is cut at the end with SAME_UPPER, at the start otherwise."""
    rank, w, weights = _weights(call, x, given, number, transposed=True)
    reads(call, "X", "kernel_shape", "auto_pad", "pads", "strides", "dilations", "group", "output_padding", "output_shape",
          ignored=("W", "B", "opset"))  # fmt: skip
    stride, dilation = ints(call, "strides", rank, default=(1,) * rank), ints(call, "dilations", rank, default=(1,) * rank)
    more = ints(call, "output_padding", rank, least=0, default=(0,) * rank)
    for extra, s, d in zip(more, stride, dilation, strict=True):
        if extra >= max(s, d):
            raise Unreadable(f"{call.function}: output_padding is {list(more)}, but it must be smaller than the stride or the dilation")
    auto, wanted = word(call, "auto_pad", AUTO_PAD), ints(call, "output_shape", rank, default=())
    ends, notes = _pads(call, rank, auto), []
    if wanted or auto in SAME:
        lengths = wanted or tuple(n * s for n, s in zip(x[2:], stride, strict=True))
        full = [(n - 1) * s + span(k, d) + extra for n, s, k, d, extra in zip(x[2:], stride, w[2:], dilation, more, strict=True)]
        if wanted and any(m >= total + s for m, total, s in zip(wanted, full, stride, strict=True)):
            most = [total + s - 1 for total, s in zip(full, stride, strict=True)]
            raise Unreadable(f"{call.function}: output_shape is {list(wanted)}, but it may be at most {most} with these strides")
        crops = [same_crop(total - m) for total, m in zip(full, lengths, strict=True)]
        pairs: Pairs = tuple(c if sum(c) < 0 or auto == "SAME_UPPER" else c[::-1] for c in crops)
        end = "end" if auto == "SAME_UPPER" else "start"
        what = "that of output_shape" if wanted else "n·stride"
        text = f"the length is {what}, so the crop is {_said(pairs)}; an odd pixel is cut at the {end}"
        notes.append(Note(argument="output_shape" if wanted else "auto_pad", text=text, trap=end == "start"))
    else:
        pairs = ends
        if any(map(any, pairs)):
            notes.append(Note(argument="pads", text=f"a crop of the result, here called crop: {_said(pairs)}", trap=True))
    if any(more):
        notes.append(Note(argument="output_padding", text="so many pixels less are cropped at the end of each axis; x gets no zeros"))
    crop = tuple((lo, hi - extra) for (lo, hi), extra in zip(pairs, more, strict=True))
    op = ConvTranspose(stride=stride, crop=crop, dilation=dilation, groups=one(call, "group"), bias=_biased(weights))
    return reading(call, op, x, number, notes, weights)


def average_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    kernel, stride, dilation, pairs, over, notes = _pool(call, x, "AveragePool", "count_include_pad")
    counts = switch(call, "count_include_pad")
    pairs = tuple((lo, hi + min(more, 0)) for (lo, hi), more in zip(pairs, over, strict=True))
    over = tuple(max(more, 0) for more in over)
    if any(map(any, pairs)):
        text = "the zeros of the padding count in the divisor"
        text = text if counts else "only pixels of the input count in the divisor; PyTorch counts the zeros by default"
        notes.append(Note(argument="count_include_pad", text=text, trap=not counts))
    some = any(over) or (any(map(any, pairs)) and not counts)
    op = AveragePool(
        kernel=kernel, stride=stride, padding=pairs, dilation=dilation, overhang=over,
        counted="window" if not some else "padded" if counts else "valid",
    )  # fmt: skip
    return reading(call, op, x, number, notes)


def max_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    kernel, stride, dilation, pairs, over, notes = _pool(call, x, "MaxPool", "storage_order")
    switch(call, "storage_order")
    return reading(call, MaxPool(kernel=kernel, stride=stride, padding=_reaching(pairs, over), dilation=dilation), x, number, notes)


def lp_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    kernel, stride, dilation, pairs, over, notes = _pool(call, x, "LpPool", "p")
    notes.append(_norm(one(call, "p")))
    op = LpPool(kernel=kernel, stride=stride, padding=_reaching(pairs, over), dilation=dilation, p=one(call, "p"))
    return reading(call, op, x, number, notes)


def global_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    rank = _rank(call, x)
    notes = [Note(argument="X", text="one window over all spatial axes, which are kept with length 1")]
    if call.function.endswith("LpPool"):
        reads(call, "X", "p", ignored=("opset",))
        return reading(call, LpPool(kernel=x[2:], p=one(call, "p")), x, number, [*notes, _norm(one(call, "p"))])
    reads(call, "X", ignored=("opset",))
    size = (1,) * rank
    op: Operation = AdaptiveAveragePool(size=size) if "Average" in call.function else AdaptiveMaxPool(size=size)
    return reading(call, op, x, number, notes)


def _norm(p: int) -> Note:
    return Note(argument="p", text=f"the {p}-norm of magnitudes; PyTorch's lp_pool adds powers with their signs", trap=bool(p % 2))


def _rank(call: Call, x: Shape) -> int:
    """The number of spatial axes. Raises Unreadable."""
    if len(x) not in (3, 4, 5):
        raise Unreadable(f"{call.function} is read for inputs with 3, 4 or 5 axes, batch and channels included, but --input is {x}")
    return len(x) - 2


def _pool(call: Call, x: Shape, kind: str, own: str) -> tuple[Shape, Shape, Shape, Pairs, Shape, list[Note]]:
    """Kernel, stride, dilation, padding, and what ceil_mode adds at the end."""
    opset_of(call, kind)
    reads(call, "X", "kernel_shape", "auto_pad", "pads", "strides", "dilations", "ceil_mode", own, ignored=("opset",))
    kernel = ints(call, "kernel_shape", _rank(call, x))
    stride, dilation, pairs, notes = _windows(call, x, kernel)
    if call["strides"] is None and max(kernel) > 1:
        text = "left out, they are 1 on every axis; PyTorch and Keras take the kernel's lengths"
        notes.append(Note(argument="strides", text=text, trap=True))
    over: Shape = (0,) * len(kernel)
    if switch(call, "ceil_mode") and call["auto_pad"] == "NOTSET":
        rows = zip(x[2:], kernel, stride, dilation, pairs, strict=True)
        over = tuple(ceil_overhang(n, k, s, d, lo, hi) for n, k, s, d, (lo, hi) in rows)
        notes.append(Note(argument="ceil_mode", text=_ceiling(over)))
    return kernel, stride, dilation, pairs, over, notes


def _ceiling(over: Shape) -> str:
    if not any(over):
        return "changes nothing at this size: the last window ends where the input ends"
    return f"the last window reaches {' and '.join(map(str, over))} pixels beyond the padding at this size; it depends on the size"


def _reaching(pairs: Pairs, over: Shape) -> Pairs:
    """Of a pool that does not count: what hangs over is padding."""
    return tuple((lo, hi + more) for (lo, hi), more in zip(pairs, over, strict=True))


def _windows(call: Call, x: Shape, k: Shape) -> tuple[Shape, Shape, Pairs, list[Note]]:
    """Stride, dilation and padding."""
    rank = len(k)
    stride, dilation = ints(call, "strides", rank, default=(1,) * rank), ints(call, "dilations", rank, default=(1,) * rank)
    auto = word(call, "auto_pad", AUTO_PAD)
    pairs = _pads(call, rank, auto)
    if auto in SAME:
        pairs = on_every_axis(SAME[auto], x[2:], k, stride, dilation)
        end = "start: TensorFlow, Keras and JAX put it at the end" if auto == "SAME_LOWER" else "end, as in TensorFlow's SAME"
        text = f"'{auto}' is {_said(pairs)} at this size; an odd pixel goes to the {end}"
        return stride, dilation, pairs, [Note(argument="auto_pad", text=text, trap=auto == "SAME_LOWER")]
    if not any(map(any, pairs)):
        return stride, dilation, pairs, []
    text = f"the begins of all axes come first, then their ends: here {_said(pairs)}"
    return stride, dilation, pairs, [Note(argument="pads", text=text, trap=len(set(call["pads"])) > 1)]  # type: ignore[arg-type]


def _pads(call: Call, rank: int, auto: str) -> Pairs:
    if auto != "NOTSET" and call["pads"] is not None:
        raise Unreadable(f"{call.function} takes pads or auto_pad, and not both, but auto_pad is {auto!r}; leave one out")
    return begins_and_ends(ints(call, "pads", 2 * rank, least=0, default=(0,) * (2 * rank)))


def _said(pairs: Pairs) -> str:
    return str(pairs[0]) if len(set(pairs)) == 1 else ", ".join(map(str, pairs))


def _biased(weights: tuple[Weight, ...]) -> str:
    return "yes" if len(weights) > 1 else "no"


def _weights(
    call: Call, x: Shape, given: dict[str, Shape], number: str, *, transposed: bool
) -> tuple[int, Shape, tuple[Weight, ...]]:  # fmt: skip
    """The number of spatial axes, the kernel's shape, the weights."""
    opset_of(call, call.function.removeprefix("onnx."))
    rank = _rank(call, x)
    form = "C, O/group" if transposed else "O, C/group"
    if "W" not in given:
        example = ",".join(map(str, (x[1], 8) if transposed else (8, x[1]))) + ",3" * rank
        raise Unreadable(f"{call.function} needs the shape of W, ({form}, *k); give it with --weights, such as --weights {example}")
    w, groups = given["W"], one(call, "group")
    if len(w) != rank + 2:
        raise Unreadable(f"{call.function}: W has shape {w}, but with the input {x} it needs {rank + 2} axes: ({form}, *k)")
    needs(call, x, rank, w[0] if transposed else w[1] * groups, said=f"W of shape {w} wants channels, which")
    kernel = ints(call, "kernel_shape", rank, default=w[2:])
    if kernel != w[2:]:
        raise Unreadable(f"{call.function}: kernel_shape is {list(kernel)}, but W has the lengths {list(w[2:])}; leave it out")
    outs = w[1] * groups if transposed else w[0]
    if w[0] % groups:
        raise Unreadable(f"{call.function}: group is {groups}, but it must divide the first length of W, which is {w[0]}")
    weights = [Weight(name="W", variable=f"w{number}", to_spec=Arrangement(w))]
    if call["B"] is not None:
        if given.get("B", (outs,)) != (outs,):
            raise Unreadable(f"{call.function}: B has shape {given['B']}, but it needs ({outs},), one number for each output channel")
        weights.append(Weight(name="B", variable=f"b{number}", to_spec=Arrangement((outs,)).reshape(1, outs, *(1,) * rank)))
    return rank, w, tuple(weights)


READERS: dict[str, Reader] = {
    "onnx.Conv": conv, "onnx.ConvTranspose": conv_transpose, "onnx.AveragePool": average_pool, "onnx.MaxPool": max_pool,
    "onnx.LpPool": lp_pool, "onnx.GlobalAveragePool": global_pool, "onnx.GlobalMaxPool": global_pool, "onnx.GlobalLpPool": global_pool,
    "onnx.Resize": resampling.resize, "onnx.Upsample": resampling.upsample, "onnx.Pad": resampling.pad,
    "onnx.DepthToSpace": resampling.depth_to_space, "onnx.SpaceToDepth": resampling.depth_to_space,
    "onnx.MaxUnpool": resampling.max_unpool,
}  # fmt: skip
"""By operator."""
