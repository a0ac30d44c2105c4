"""What PyTorch's calls mean: from a call and its input's shape to operations of spec, weights, and notes on what is easily missed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from backends.arrange import Arrangement, listed
from backends.call import Call, Layer, Source, Statement, X
from backends.native import Applied, Native, Note, Phrases, Reader, Reading, Unreadable, Weight, flag, needs, one, reads, whole, word
from backends.torch.runtime import IMPORTS, RUNTIMES
from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Conv,
    ConvTranspose,
    DepthToSpace,
    LpPool,
    MaxPool,
    Operation,
    Pad,
    Resize,
    Shape,
    SpaceToDepth,
    SumPool,
    Upsample,
)
from spec.conventions.padding import ceil_overhang, on_every_axis, torch_same_padding, torch_transpose_crop
from spec.conventions.resize import scaled_length, torch_resize
from spec.operation import Pairs

PHRASES = Phrases(
    framework="torch", title="PyTorch", runtimes=tuple(RUNTIMES), imports=IMPORTS,
    moves={
        "transpose": lambda name, axes: f"{name}.permute({listed(axes)})",
        "flip": lambda name, axes: f"{name}.flip({axes})",
        "reshape": lambda name, shape: f"{name}.reshape({listed(shape)})",
    },
)  # fmt: skip

F = "torch.nn.functional."
IGNORED = ("device", "dtype", "input", "weight", "bias", "return_indices", "inplace")
MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""padding_mode of a convolution, and mode of F.pad, in spec's words."""


def conv(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    rank = _rank(call)
    w, weights, statements = _weights(call, x, given, number, rank, transposed=False)
    reads(call, "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode", ignored=IGNORED)
    mode = MODES[word(call, "padding_mode", tuple(MODES))] if _has(call, "padding_mode") else "constant"
    by_kernel, k = isinstance(call["padding"], str), w[2:]
    # A layer that pads before the convolution wants a number for each axis, and one that pads by "same" a dilation for each.
    stride, dilation = whole(call, "stride", rank, single=True), whole(call, "dilation", rank, single=not by_kernel)
    padding = () if by_kernel else whole(call, "padding", rank, least=0, single=mode == "constant")
    notes, pairs = [], tuple((p, p) for p in padding)
    if by_kernel:
        same = word(call, "padding", ("same", "valid")) == "same"
        if same and max(stride) > 1:
            raise Unreadable(f"{call.function}: PyTorch takes padding='same' only with stride 1; give numbers")
        pairs = on_every_axis(torch_same_padding, k, dilation) if same else ((0, 0),) * rank
        notes.append(Note(argument="padding", text=f"{call['padding']!r} is {_said(pairs)}; it depends on the kernel, not on the input"))
    elif any(map(any, pairs)):
        notes.append(Note(argument="padding", text=f"the same number at both ends of an axis: {_said(pairs)}"))
    op: Operation = Conv(
        stride=stride, padding=pairs if mode == "constant" else (), dilation=dilation, groups=one(call, "groups"), bias=_biased(weights),
    )  # fmt: skip
    if mode != "constant":
        op = Pad(padding=pairs, mode=mode) >> op
        notes.append(Note(argument="padding_mode", text=f"the input is padded first, by {mode}"))
    return _reading(call, op, x, statements, weights, notes)


def conv_transpose(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    rank = _rank(call)
    _, weights, statements = _weights(call, x, given, number, rank, transposed=True)
    reads(
        call, "in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding", "dilation", "groups", "padding_mode",
        ignored=IGNORED,
    )  # fmt: skip
    if _has(call, "padding_mode"):
        word(call, "padding_mode", ("zeros",))
    stride, dilation = whole(call, "stride", rank, single=True), whole(call, "dilation", rank, single=True)
    padding, more = (whole(call, name, rank, least=0, single=True) for name in ("padding", "output_padding"))
    for extra, s, d in zip(more, stride, dilation, strict=True):
        if extra >= max(s, d):
            given_as = call["output_padding"]
            raise Unreadable(f"{call.function}: output_padding is {given_as!r}, but it must be smaller than stride or dilation")
    crop = on_every_axis(torch_transpose_crop, padding, more)
    notes = [Note(argument="padding", text=f"a crop of the result, here called crop: {_said(crop)}", trap=True)] if any(padding) else []
    if any(more):
        text = "so many pixels less are cropped at the end of each axis; no zeros are added to x"
        notes.append(Note(argument="output_padding", text=text))
    op = ConvTranspose(stride=stride, crop=crop, dilation=dilation, groups=one(call, "groups"), bias=_biased(weights))
    return _reading(call, op, x, statements, weights, notes)


def max_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    rank = _rank(call)
    reads(call, "kernel_size", "stride", "padding", "dilation", "ceil_mode", ignored=IGNORED)
    kernel, stride, padding = _window(call, x, rank)
    dilation = whole(call, "dilation", rank, single=True)
    pairs, notes = tuple((p, p) for p in padding), _stride_note(call)
    if flag(call, "ceil_mode"):
        over = tuple(map(ceil_overhang, x[2:], kernel, stride, dilation, padding, padding))
        pairs = tuple((p, p + more) for p, more in zip(padding, over, strict=True))
        notes.append(Note(argument="ceil_mode", text=_ceiling(over)))
    return _reading(call, MaxPool(kernel=kernel, stride=stride, padding=pairs, dilation=dilation), x, _plain(call, number), (), notes)


def average_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    rank = _rank(call)
    reads(call, "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override", ignored=IGNORED)
    kernel, stride, padding = _window(call, x, rank)
    pairs, notes = tuple((p, p) for p in padding), _stride_note(call)
    counts, over = flag(call, "count_include_pad"), (0,) * rank
    if flag(call, "ceil_mode"):
        over = tuple(map(ceil_overhang, x[2:], kernel, stride, (1,) * rank, padding, padding))
        notes.append(Note(argument="ceil_mode", text=_ceiling(over)))
    if any(padding):
        text = "the zeros of the padding count in the divisor" if counts else "only pixels of the input count in the divisor"
        notes.append(Note(argument="count_include_pad", text=text, trap=counts))
    divisor = 0
    if _has(call, "divisor_override") and call["divisor_override"] is not None:
        divisor = one(call, "divisor_override")
        notes.append(Note(argument="divisor_override", text=f"every sum is divided by {divisor}, whatever the window holds"))
    counted = "valid" if not counts else "padded" if any(over) else "window"
    pairs = tuple((lo, hi + min(more, 0)) for (lo, hi), more in zip(pairs, over, strict=True))
    op = AveragePool(
        kernel=kernel, stride=stride, padding=pairs, overhang=tuple(max(more, 0) for more in over), divisor=divisor,
        counted="window" if divisor else counted if any(padding) or any(over) else "window",
    )  # fmt: skip
    return _reading(call, op, x, _plain(call, number), (), notes)


def lp_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    rank = _rank(call)
    reads(call, "norm_type", "kernel_size", "stride", "ceil_mode", ignored=IGNORED)
    p = call["norm_type"]
    if not isinstance(p, int | float) or p != int(p) or p < 1:
        raise Unreadable(f"{call.function}: norm_type is {p!r}, but only whole numbers of at least 1 are read")
    needs(call, x, rank)
    kernel, stride = whole(call, "kernel_size", rank), whole(call, "stride", rank, default=call["kernel_size"], single=True)
    if rank == 1 and isinstance(call["kernel_size"], tuple):
        raise Unreadable(f"{call.function}: kernel_size is {kernel!r}, but PyTorch takes only a whole number here; write {kernel[0]}")
    if flag(call, "ceil_mode"):
        raise Unreadable(f"{call.function}: ceil_mode=True is not read, since it scales the last window; pad x and leave it out")
    notes = _stride_note(call)
    if p == 1:
        notes.append(Note(argument="norm_type", text="the sum, with signs: pass x.abs() to have a norm", trap=True))
        return _reading(call, SumPool(kernel=kernel, stride=stride), x, _plain(call, number), (), notes)
    if int(p) % 2:
        raise Unreadable(f"{call.function}: norm_type={p!r} adds powers with their signs, which is no norm; use an even one, or x.abs()")
    return _reading(call, LpPool(kernel=kernel, stride=stride, p=int(p)), x, _plain(call, number), (), notes)


def adaptive_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    rank = _rank(call)
    needs(call, x, rank)
    reads(call, "output_size", ignored=IGNORED)
    value = call["output_size"]
    wanted = value if isinstance(value, tuple) else (value,) * rank
    if len(wanted) != rank or any(m is not None and (type(m) is not int or m < 1) for m in wanted):
        raise Unreadable(f"{call.function}: output_size is {value!r}, but it needs a whole number of at least 1 or None, or {rank} of them")
    size = tuple(n if m is None else m for m, n in zip(wanted, x[2:], strict=True))
    kind = AdaptiveAveragePool if "Avg" in call.function or "avg" in call.function else AdaptiveMaxPool
    uneven = any(n % m for n, m in zip(x[2:], size, strict=True))  # type: ignore[operator]
    text = "windows overlap, since the length is no multiple of output_size" if uneven else "windows of one length, which do not overlap"
    return _reading(call, kind(size=size), x, _plain(call, number), (), [Note(argument="output_size", text=text)])  # type: ignore[arg-type]


def pad(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """F.pad, whose numbers begin with the last axis."""
    reads(call, "pad", "mode", "value", ignored=IGNORED)
    value, rank = call["pad"], len(x) - 2
    numbers = [n for n in value if type(n) is int] if isinstance(value, tuple) else []
    if not isinstance(value, tuple) or len(value) % 2 or len(numbers) != len(value):
        raise Unreadable(f"{call.function}: pad is {value!r}, but it needs two whole numbers for each axis, the last axis first")
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))[::-1]
    if len(pairs) > len(x):
        raise Unreadable(f"{call.function}: pad has numbers for {len(pairs)} axes, but --input {x} has {len(x)}")
    every = [(0, 0)] * (len(x) - len(pairs)) + pairs
    if any(map(any, every[:2])):
        raise Unreadable(f"{call.function}: pad is {value!r}, which changes batch or channels; only spatial axes are read")
    mode = word(call, "mode", ("constant", "reflect", "replicate", "circular"))
    if mode != "constant" and len(pairs) != rank:
        wanted = f"mode={mode!r} needs {2 * rank} numbers for an input with {len(x)} axes"
        raise Unreadable(f"{call.function}: pad is {value!r}, but {wanted}; give (0, 0) to the other spatial axes")
    if mode != "constant" and call["value"]:
        rule = f"only mode='constant' takes it, and mode is {mode!r}; leave it out"
        raise Unreadable(f"{call.function}: value is {call['value']!r}, but {rule}")
    return _padded(call, x, tuple(every[2:]), {"constant": "constant"}.get(mode) or MODES[mode], call["value"] or 0, number, rank)


def pad_layer(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    rank = _rank(call)
    needs(call, x, rank)
    reads(call, "padding", "value", ignored=IGNORED)
    value = call["padding"]
    row = [n for n in (value if isinstance(value, tuple) else (value,) * (2 * rank)) if type(n) is int]
    if len(row) != 2 * rank or (isinstance(value, tuple) and len(value) != len(row)):
        raise Unreadable(f"{call.function}: padding is {value!r}, but it needs one whole number, or {2 * rank}, the last axis first")
    pairs = tuple(zip(row[::2], row[1::2], strict=True))[::-1]
    name = call.function.rpartition(".")[2]
    mode = next((m for word, m in (("Reflection", "reflect"), ("Replication", "edge"), ("Circular", "wrap")) if word in name), "constant")
    return _padded(call, x, pairs, mode, call["value"] if "Constant" in name else 0, number, rank)


def interpolate(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    """F.interpolate, nn.Upsample and their older names."""
    reads(call, "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias", ignored=IGNORED)
    rank, name = len(x) - 2, call.function.rpartition(".")[2]
    if rank not in (1, 2, 3):
        raise Unreadable(f"{call.function} takes an input with 3, 4 or 5 axes, batch and channels included, but --input is {x}")
    fixed = {"nearest": ("UpsamplingNearest2d", "upsample_nearest"), "bilinear": ("UpsamplingBilinear2d", "upsample_bilinear")}
    modes = ("nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact")
    mode = next((mode for mode, names in fixed.items() if name in names), "") or word(call, "mode", modes)
    wanted = {"linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}.get(mode, (1, 2, 3))
    if rank not in wanted:
        raise Unreadable(f"{call.function}: mode={mode!r} takes {wanted[0]} spatial axes, but --input {x} has {rank}")
    corners = call["align_corners"] if _has(call, "align_corners") else None
    if corners is not None and mode in ("nearest", "area", "nearest-exact"):
        rule = f"align_corners is only for linear, bilinear, bicubic and trilinear, but mode is {mode!r}"
        raise Unreadable(f"{call.function}: {rule}; leave it out, False too")
    aligned = name in ("UpsamplingBilinear2d", "upsample_bilinear") or corners is True
    smooths = _has(call, "antialias") and flag(call, "antialias")
    if smooths and mode not in ("bilinear", "bicubic"):
        raise Unreadable(f"{call.function}: antialias=True is only for bilinear and bicubic, but mode is {mode!r}")
    size, scale, notes = _lengths(call, x[2:], rank)
    op: Operation
    if mode == "area":
        op = AdaptiveAveragePool(size=size)
        notes.append(Note(argument="mode", text="'area' is adaptive average pooling"))
    else:
        plain = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
        keep = not aligned and scale is not None and not (_has(call, "recompute_scale_factor") and call["recompute_scale_factor"])
        fields = torch_resize(plain, align_corners=aligned, antialias=smooths)
        op = Resize(size=size, scale=scale if keep and scale else (), **fields)
        notes += _resize_notes(mode, aligned=aligned, smooths=smooths, x=x[2:], size=size)
        factor = tuple(m // n for m, n in zip(size, x[2:], strict=True))
        if mode == "nearest" and min(factor) and all(m % n == 0 for m, n in zip(size, x[2:], strict=True)):
            op = Upsample(factor=factor) if not keep or all(f * d == n for f, (n, d) in zip(factor, scale or (), strict=True)) else op
    return _reading(call, op, x, _plain(call, number), (), notes)


def pixel_shuffle(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    up = "unshuffle" not in call.function.lower()
    name = "upscale_factor" if up else "downscale_factor"
    reads(call, name, ignored=IGNORED)
    needs(call, x, 2)
    factor = (one(call, name),) * 2
    op = DepthToSpace(factor=factor, order="CRD") if up else SpaceToDepth(factor=factor, order="CRD")
    text = "the phases of a pixel are neighbouring channels (CRD); TensorFlow's depth_to_space has the phases outside (DCR)"
    return _reading(call, op, x, _plain(call, number), (), [Note(argument=name, text=text, trap=True)])


def _lengths(call: Call, n: Shape, rank: int) -> tuple[Shape, tuple[tuple[int, int], ...] | None, list[Note]]:
    """The lengths of the output, the scale if one is given, and what it means."""
    if (call["size"] is None) == (call["scale_factor"] is None):
        raise Unreadable(f"{call.function} needs size or scale_factor, and not both")
    if call["size"] is not None:
        if _has(call, "recompute_scale_factor") and call["recompute_scale_factor"]:
            raise Unreadable(f"{call.function}: PyTorch takes recompute_scale_factor=True only with scale_factor, but size is given")
        return whole(call, "size", rank), None, []
    value = call["scale_factor"]
    numbers = value if isinstance(value, tuple) else (value,) * rank
    if len(numbers) != rank or any(isinstance(s, bool) or not isinstance(s, int | float | Fraction) or s <= 0 for s in numbers):
        raise Unreadable(f"{call.function}: scale_factor is {value!r}, but it needs a number above 0, or {rank} of them")
    exact = [s if isinstance(s, Fraction) else Fraction(s).limit_denominator(1 << 20) for s in numbers]  # type: ignore[arg-type]
    size = tuple(scaled_length(m, s.numerator, s.denominator) for m, s in zip(n, exact, strict=True))
    if min(size) < 1:
        raise Unreadable(f"{call.function}: scale_factor={value!r} makes an output of length 0 of the lengths {n}; give a larger one")
    ratios = [Fraction(m, k) for m, k in zip(size, n, strict=True)]
    notes = []
    if ratios != exact:
        text = f"the lengths become {size}, rounded down; coordinates keep the scale {', '.join(map(str, exact))}"
        notes.append(Note(argument="scale_factor", text=text, trap=True))
    return size, tuple((s.numerator, s.denominator) for s in exact), notes


def _resize_notes(mode: str, *, aligned: bool, smooths: bool, x: Shape, size: Shape) -> list[Note]:
    notes, shrinks = [], any(m < n for m, n in zip(size, x, strict=True))
    if mode == "nearest":
        others = "jax.image.resize and tf.image.resize take the nearest centre; here that is mode='nearest-exact'"
        text = f"y[j] is x[⌊j·n/m⌋]: no half pixel. {others}"
        notes.append(Note(argument="mode", text=text, trap=True))
    elif mode == "bicubic":
        text = "cubic with a = −1/2" if smooths else "cubic with a = −3/4; TensorFlow, Keras and JAX have a = −1/2"
        notes.append(Note(argument="mode", text=text, trap=not smooths))
    if aligned:
        notes.append(Note(argument="align_corners", text="the centres of the corner pixels are kept: the scale is (m − 1)/(n − 1)"))
    elif mode in ("linear", "bilinear", "bicubic", "trilinear"):
        notes.append(Note(argument="align_corners", text="False: half-pixel centres, as in TensorFlow, Keras and JAX"))
    if shrinks and mode in ("linear", "bilinear", "bicubic", "trilinear") and not smooths:
        text = "False: pixels are left out as it shrinks; jax.image.resize smooths by default"
        notes.append(Note(argument="antialias", text=text, trap=True))
    return notes


def _padded(call: Call, x: Shape, pairs: Pairs, mode: str, value: object, number: str, rank: int) -> Reading:
    if not isinstance(value, int | float) or value != int(value):
        raise Unreadable(f"{call.function}: value is {value!r}, but only whole numbers are read")
    text = f"the last axis comes first: {_said(pairs)} from the first spatial axis on"
    notes = [Note(argument="pad" if "functional" in call.function else "padding", text=text, trap=True)] if len(set(pairs)) > 1 else []
    op = Pad(padding=pairs, mode=mode, value=int(value) if mode == "constant" else 0)
    return _reading(call, op, x, _plain(call, number), (), notes)


def _window(call: Call, x: Shape, rank: int) -> tuple[Shape, Shape, Shape]:
    """Kernel, stride and padding of a pool."""
    needs(call, x, rank)
    kernel = whole(call, "kernel_size", rank, single=True)
    stride = whole(call, "stride", rank, default=call["kernel_size"], single=True)
    padding = whole(call, "padding", rank, least=0, single=True)
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        half = f"PyTorch takes at most half of kernel_size {call['kernel_size']!r}"
        raise Unreadable(f"{call.function}: padding is {call['padding']!r}, but {half}")
    return kernel, stride, padding


def _stride_note(call: Call) -> list[Note]:
    return [Note(argument="stride", text="left out, it is kernel_size")] if call["stride"] is None else []


def _ceiling(over: Shape) -> str:
    if not any(over):
        return "changes nothing at this size: the last window ends where the input ends"
    return f"the last window reaches {' and '.join(map(str, over))} pixels beyond the padding at this size; it depends on the size"


def _said(pairs: Pairs) -> str:
    return str(pairs[0]) if len(set(pairs)) == 1 else ", ".join(map(str, pairs))


def _rank(call: Call) -> int:
    return int(call.function[-2])


def _has(call: Call, name: str) -> bool:
    try:
        call[name]
    except KeyError:
        return False
    return True


def _biased(weights: tuple[Weight, ...]) -> str:
    return "yes" if len(weights) > 1 else "no"


def _weights(
    call: Call, x: Shape, given: dict[str, Shape], number: str, rank: int, *, transposed: bool
) -> tuple[Shape, tuple[Weight, ...], list[Statement | Applied]]:
    """The kernel's shape, the weights, and the statements: of a layer, which says its sizes, or of a function, told them."""
    if call.function.startswith(F):
        if "weight" not in given:
            raise Unreadable(f"{call.function} needs the shape of its weight; give it with --weights, such as --weights 8,3,3,3")
        needs(call, x, rank)
        w, biased = given["weight"], call["bias"] is not None
        if len(w) != rank + 2:
            raise Unreadable(f"{call.function}: the weight has shape {w}, but it needs {rank + 2} axes")
        outs = w[1] * one(call, "groups") if transposed else w[0]
        arrays = {"input": X, "weight": Source(f"w{number}")} | ({"bias": Source(f"b{number}")} if biased else {})
        statements: list[Statement | Applied] = [Call(call.function, {**call.arguments, **arrays})]
    else:
        ins, outs, groups = one(call, "in_channels"), one(call, "out_channels"), one(call, "groups")
        needs(call, x, rank, ins)
        for name, channels in (("in_channels", ins), ("out_channels", outs)):
            if channels % groups:
                raise Unreadable(f"{call.function}: groups is {groups}, but it must divide {name}, which is {channels}")
        k, biased = whole(call, "kernel_size", rank), flag(call, "bias")
        w = (ins, outs // groups, *k) if transposed else (outs, ins // groups, *k)
        named = f'{{"weight": w{number}' + (f', "bias": b{number}}}' if biased else "}")
        layer = f"layer{number}"
        statements = [Layer(layer, call), Applied(layer, f"x = torch.func.functional_call({layer}, {named}, (x,))")]
    weights = [Weight(name="weight", variable=f"w{number}", to_spec=Arrangement(w))]
    if biased:
        weights.append(Weight(name="bias", variable=f"b{number}", to_spec=Arrangement((outs,)).reshape(1, outs, *(1,) * rank)))
    return w, tuple(weights), statements


def _plain(call: Call, number: str) -> list[Statement | Applied]:
    """Of a layer or a function without weights."""
    if call.function.startswith(F):
        return [Call(call.function, {**call.arguments, "input": X})]
    return [Layer(f"layer{number}", call), Applied(f"layer{number}", f"x = layer{number}(x)")]


def _reading(
    call: Call, op: Operation, x: Shape, statements: list[Statement | Applied], weights: tuple[Weight, ...], notes: list[Note]
) -> Reading:
    native = Native(phrases=PHRASES, statements=tuple(statements), x=x, weights=weights)
    return Reading(op=op, x=x, native=native, notes=tuple(notes), calls=(call,))


def _every(reader: Reader, *names: str) -> dict[str, Reader]:
    """The reader of a function or a layer for 1-D, 2-D and 3-D, whose names end so."""
    return {f"torch.nn.{name}{rank}d": reader for name in names for rank in (1, 2, 3)}


READERS: dict[str, Callable[[Call, Shape, dict[str, Shape], str], Reading]] = {
    **_every(conv, "Conv", "functional.conv"),
    **_every(conv_transpose, "ConvTranspose", "functional.conv_transpose"),
    **_every(max_pool, "MaxPool", "functional.max_pool"),
    **_every(average_pool, "AvgPool", "functional.avg_pool"),
    **_every(lp_pool, "LPPool", "functional.lp_pool"),
    **_every(adaptive_pool, "AdaptiveAvgPool", "AdaptiveMaxPool", "functional.adaptive_avg_pool", "functional.adaptive_max_pool"),
    **_every(pad_layer, "ConstantPad", "ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad"),
    f"{F}pad": pad,
    **dict.fromkeys((f"{F}interpolate", f"{F}upsample", f"{F}upsample_nearest", f"{F}upsample_bilinear"), interpolate),
    **dict.fromkeys(("torch.nn.Upsample", "torch.nn.UpsamplingNearest2d", "torch.nn.UpsamplingBilinear2d"), interpolate),
    **dict.fromkeys(("torch.nn.PixelShuffle", "torch.nn.PixelUnshuffle", f"{F}pixel_shuffle", f"{F}pixel_unshuffle"), pixel_shuffle),
}
"""By the qualified name of the function or layer."""
