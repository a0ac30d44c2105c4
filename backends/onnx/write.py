"""ONNX: channels first, weights as in spec, and mostly spec's own words, so an operation is one node.

`op.Conv(x, w, strides=(2, 2))` adds a node. Negative padding is a Pad node before, negative crop one after. What has weights of ones
(sums, and what an average counts) is a convolution with one group a channel. Only results are compared, so `ties` of a maximum, which
say where gradients go, say nothing here.
"""

from __future__ import annotations

import math
from fractions import Fraction

from backends import Step, Unsupported
from backends.call import Call, Let, Source, Statement, Value, X
from backends.cannot import Cannot, Raises
from backends.onnx.runtime import IMPORTS as IMPORTS
from backends.onnx.runtime import RUNTIMES as RUNTIMES
from backends.phrases import deinterleaved, interleaved
from backends.pixels import divided_evenly
from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Conv,
    ConvTranspose,
    DepthToSpace,
    Lanczos,
    LpPool,
    MaxPool,
    MaxUnpool,
    Pad,
    Resize,
    Shape,
    SpaceToDepth,
    SumPool,
    Upsample,
    ZeroInsert,
)
from spec.conventions.padding import ceil_overhang
from spec.conventions.resize import scaled_length
from spec.operation import Pairs, negated
from spec.ops.pool import reaching
from spec.ops.separable import alike

OPERATORS = "https://onnx.ai/onnx/operators/"

RESIZE_MODES = Cannot(
    id="onnx-resize-modes", versions={"onnxruntime": ">=1.20"}, link=f"{OPERATORS}onnx__Resize.html",
    sentence="Resize has the modes nearest, linear and cubic: no mean over the area of a pixel, and no Lanczos window",
    probes=tuple(
        Raises(f'op.Resize(np.ones((1, 1, 4), np.float32), sizes=(1, 1, 3), mode="{mode}").numpy()',
               works='op.Resize(np.ones((1, 1, 4), np.float32), sizes=(1, 1, 3), mode="linear").numpy()')
        for mode in ("area", "lanczos")
    ),
)  # fmt: skip
VOLUMES = Cannot(
    id="onnxruntime-cubic-volumes", versions={"onnxruntime": ">=1.20"}, link="https://github.com/microsoft/onnxruntime/issues/2463",
    sentence="ONNX Runtime's Resize has mode cubic for images alone",
    probes=(
        Raises('op.Resize(np.ones((1, 1, 4, 4, 4), np.float32), sizes=(1, 1, 3, 3, 3), mode="cubic").numpy()',
               works='op.Resize(np.ones((1, 1, 4, 4), np.float32), sizes=(1, 1, 3, 3), mode="cubic").numpy()'),
    ),
)  # fmt: skip
SIZE_OR_SCALE = Cannot(
    id="onnx-size-or-scale", versions={"onnxruntime": ">=1.20"}, link=f"{OPERATORS}onnx__Resize.html",
    sentence="Resize takes sizes or scales, whose length is ⌊n·scale⌋",
    probes=(
        Raises("op.Resize(np.ones((1, 1, 4), np.float32), scales=(1.0, 1.0, 0.7), sizes=(1, 1, 3)).numpy()",
               works="op.Resize(np.ones((1, 1, 4), np.float32), scales=(1.0, 1.0, 0.7)).numpy()"),
    ),
)  # fmt: skip
ADAPTIVE = Cannot(
    id="onnx-adaptive-pool", versions={"onnx": ">=1.17"}, link=OPERATORS,
    sentence="ONNX has no adaptive pooling: there are global pools, and windows of one length",
    probes=tuple(
        Raises(f'onnx.defs.get_schema("Adaptive{name}")', works=f'onnx.defs.get_schema("{name}")') for name in ("AveragePool", "MaxPool")
    ),
)  # fmt: skip
PAD_SYMMETRIC = Cannot(
    id="onnx-pad-symmetric", versions={"onnxruntime": ">=1.20"}, link=f"{OPERATORS}onnx__Pad.html",
    sentence="Pad has no mode that repeats the edge pixel as it mirrors: its modes are constant, edge, reflect and wrap",
    probes=(
        Raises('op.Pad(np.ones((1, 1, 4), np.float32), (0, 0, 1, 0, 0, 1), mode="symmetric").numpy()',
               works='op.Pad(np.ones((1, 1, 4), np.float32), (0, 0, 1, 0, 0, 1), mode="reflect").numpy()'),
    ),
)  # fmt: skip


def conv(op: Conv, at: Step) -> list[Statement]:
    cut, pads = _cut(op.padding, at)
    shape = _windows(op.stride, pads, op.dilation)
    return [*cut, Call.of("onnx.Conv", X, Source(at.weight), _bias(op, at), **shape, group=op.groups)]


def conv_transpose(op: ConvTranspose, at: Step) -> list[Statement]:
    more = tuple(max(-hi, 0) for _, hi in op.crop)
    if all(extra < s for extra, s in zip(more, op.stride, strict=True)) and all(lo >= 0 for lo, _ in op.crop):
        shape = _windows(op.stride, tuple((lo, max(hi, 0)) for lo, hi in op.crop), op.dilation)
        words: dict[str, Value] = {"output_padding": more if any(more) else None, "group": op.groups}
        return [Call.of("onnx.ConvTranspose", X, Source(at.weight), _bias(op, at), **shape, **words)]
    shape = _windows(op.stride, (), op.dilation)
    added = [Call.of("onnx.Add", X, Source(at.bias))] * (op.weights > 1)
    return [Call.of("onnx.ConvTranspose", X, Source(at.weight), **shape, group=op.groups), *_padded(negated(op.crop)), *added]


def upsample(op: Upsample, at: Step) -> list[Statement]:
    scales = (1.0, 1.0, *map(float, op.factor))
    words = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return [Call.of("onnx.Resize", X, scales=scales, **words)]


def zero_insert(op: ZeroInsert, at: Step) -> list[Statement]:
    """Each pixel of an axis is given an axis of its own, which is padded and folded back."""
    said: list[Statement] = []
    shape = list(at.x)
    for axis, s in enumerate(op.factor, start=2):
        if s > 1:
            apart = (*shape[: axis + 1], 1, *shape[axis + 1 :])
            pads = [0] * (2 * len(apart))
            pads[len(apart) + axis + 1] = s - 1
            shape[axis] *= s
            said += [
                Call.of("onnx.Reshape", X, apart), Call.of("onnx.Pad", X, tuple(pads)), Call.of("onnx.Reshape", X, tuple(shape)),
            ]  # fmt: skip
    ends = tuple((0, m - n) for m, n in zip(at.y[2:], shape[2:], strict=True))
    return [*said, *_padded(ends)] or [Call.of("onnx.Reshape", X, at.y)]


def resize(op: Resize, at: Step) -> list[Statement]:
    if op.mode == "area":
        mean = AdaptiveAveragePool(size=op.size)
        kernel = divided_evenly(op.size, at)
        if kernel is None or not alike(op, mean, at.x):
            raise Unsupported(RESIZE_MODES)
        return [Call.of("onnx.AveragePool", X, kernel_shape=kernel, strides=kernel)]
    words: dict[str, Value] = {"mode": op.mode, "coordinate_transformation_mode": op.coordinates}
    words |= {"opset": 11, "roi": (), "scales": ()} if op.coordinates == "tf_half_pixel_for_nn" else {}  # later ones lack the word
    words |= {"nearest_mode": op.rounding} if op.mode == "nearest" else {}
    words |= {"cubic_coeff_a": float(Fraction(op.a))} if op.mode == "cubic" else {}
    words |= {"exclude_outside": int(op.outside == "excluded"), "antialias": int(op.antialias == "yes")} if op.mode != "nearest" else {}
    if op.mode == "cubic" and op.rank == 3:
        raise Unsupported(VOLUMES)
    line = op.mode == "cubic" and op.rank == 1  # one row of a picture
    rows = list(zip(op.scales(at.x), op.size, at.x[2:], strict=True))
    if all(s == Fraction(m, n) for s, m, n in rows):
        words |= {"sizes": (*at.y[:2], *[1] * line, *op.size)}
    elif any(scaled_length(n, s.numerator, s.denominator) != m for s, m, n in rows):
        raise Unsupported(SIZE_OR_SCALE)
    else:
        words |= {"scales": (*[Fraction(1)] * (2 + line), *(s for s, *_ in rows))}
    call = Call.of("onnx.Resize", X, **words)
    if not line:
        return [call]
    return [Call.of("onnx.Reshape", X, (*at.x[:2], 1, *at.x[2:])), call, Call.of("onnx.Reshape", X, at.y)]


def lanczos(op: Lanczos, at: Step) -> list[Statement]:
    raise Unsupported(RESIZE_MODES)


def sum_pool(op: SumPool, at: Step) -> list[Statement]:
    return _summed(op, at, op.padding)


def average_pool(op: AveragePool, at: Step) -> list[Statement]:
    if op.divisor:
        return [*_summed(op, at, reaching(op)), Call.of("onnx.Div", X, _number(op.divisor, at))]
    ends = {"window": reaching(op), "padded": op.padding, "valid": reaching(op)}[op.counted]
    words: dict[str, Value] = {"count_include_pad": int(op.counted != "valid" and any(map(any, ends)))}
    ceiling = op.counted == "padded" and any(op.overhang)
    if _fit(ends, op.kernel) and (not ceiling or _is_ceiling(op, at)):
        cut, pads = _cut(ends, at)
        words |= {"ceil_mode": int(ceiling)}
        return [*cut, Call.of("onnx.AveragePool", X, kernel_shape=op.kernel, **_windows(op.stride, pads, op.dilation), **words)]
    if op.counted == "window":
        return [*_padded(ends), Call.of("onnx.AveragePool", X, kernel_shape=op.kernel, **_windows(op.stride, (), op.dilation))]
    said: list[Statement] = [Let("ones", Source(f"np.ones({at.x}, np.{at.dtype})"))]
    beyond = reaching(op)
    if op.counted == "padded":
        said += _padded(op.padding, "ones", _number(1, at))
        beyond = tuple((0, more) for more in op.overhang)
    return [*said, *_summed(op, at, beyond, "ones"), *_summed(op, at, reaching(op)), Call.of("onnx.Div", X, Source("ones"))]


def lp_pool(op: LpPool, at: Step) -> list[Statement]:
    cut, pads = _cut(op.padding, at) if _fit(op.padding, op.kernel) else (_padded(op.padding), ())
    return [*cut, Call.of("onnx.LpPool", X, kernel_shape=op.kernel, **_windows(op.stride, pads, op.dilation), p=op.p)]


def max_pool(op: MaxPool, at: Step) -> list[Statement]:
    least = Source(f"np.array({at.least}, np.{at.dtype})")
    cut, pads = _cut(op.padding, at) if _fit(op.padding, op.kernel) else (_padded(op.padding, "x", least), ())
    return [*cut, Call.of("onnx.MaxPool", X, kernel_shape=op.kernel, **_windows(op.stride, pads, op.dilation))]


def adaptive_average_pool(op: AdaptiveAveragePool, at: Step) -> list[Statement]:
    return _adaptive("AveragePool", op.size, at)


def adaptive_max_pool(op: AdaptiveMaxPool, at: Step) -> list[Statement]:
    return _adaptive("MaxPool", op.size, at)


def pad(op: Pad, at: Step) -> list[Statement]:
    if op.mode == "symmetric":
        raise Unsupported(PAD_SYMMETRIC)
    value = _number(op.value, at) if op.value else None
    return [Call.of("onnx.Pad", X, _pads(((0, 0), (0, 0), *op.padding)), constant_value=value, mode=op.mode)]


def max_unpool(op: MaxUnpool, at: Step) -> list[Statement]:
    """ONNX counts pixels in all images and channels one after the other."""
    stride = tuple(max(q // n, 1) for q, n in zip(op.size, at.x[2:], strict=True))
    kernel = tuple(q - (n - 1) * s for q, n, s in zip(op.size, at.x[2:], stride, strict=True))
    planes = f"np.arange({math.prod(at.x[:2])}).reshape({at.x[0]}, {at.x[1]}, {', '.join('1' * op.rank)}) * {math.prod(op.size)}"
    indices = Source(f"{at.weight}.astype(np.int64) + {planes}")
    return [Call.of("onnx.MaxUnpool", X, indices, kernel_shape=kernel, strides=stride)]


def depth_to_space(op: DepthToSpace, at: Step) -> list[Statement]:
    if op.rank == 2 and len(set(op.factor)) == 1:
        return [Call.of("onnx.DepthToSpace", X, blocksize=op.factor[0], mode=op.order)]
    return [interleaved(op, at, "onnx.Reshape", "onnx.Transpose")]


def space_to_depth(op: SpaceToDepth, at: Step) -> list[Statement]:
    if op.rank == 2 and len(set(op.factor)) == 1 and op.order == "DCR":
        return [Call.of("onnx.SpaceToDepth", X, blocksize=op.factor[0])]
    return [deinterleaved(op, at, "onnx.Reshape", "onnx.Transpose")]


def _adaptive(pool: str, size: Shape, at: Step) -> list[Statement]:
    if set(size) == {1}:
        return [Call.of(f"onnx.Global{pool}", X)]
    kernel = divided_evenly(size, at)
    if kernel is None:
        raise Unsupported(ADAPTIVE)
    return [Call.of(f"onnx.{pool}", X, kernel_shape=kernel, strides=kernel)]


def _fit(pads: Pairs, kernel: Shape) -> bool:
    """Whether ONNX Runtime takes them: it wants less padding than the kernel's length."""
    return all(max(pair) < k for pair, k in zip(pads, kernel, strict=True))


def _is_ceiling(op: AveragePool, at: Step) -> bool:
    """Whether ceil_mode brings exactly this overhang."""
    rows = zip(at.x[2:], op.kernel, op.stride, op.dilation, op.padding, op.overhang, strict=True)
    return all(lo >= 0 and hi >= 0 and ceil_overhang(n, k, s, d, lo, hi) == more for n, k, s, d, (lo, hi), more in rows)


def _summed(op: SumPool | AveragePool, at: Step, pads: Pairs, x: str = "x") -> list[Statement]:
    """Each window's sum."""
    cut, pads = _cut(pads, at, x)
    ones = Source(f"np.ones(({at.x[1]}, 1, {', '.join(map(str, op.kernel))}), np.{at.dtype})")
    return [*cut, Let(x, Call.of("onnx.Conv", Source(x), ones, **_windows(op.stride, pads, op.dilation), group=at.x[1]))]


def _windows(stride: Shape, pads: Pairs, dilation: Shape) -> dict[str, Value]:
    """The attributes of windows, without those that say what is so anyway."""
    return {
        "strides": stride if max(stride) > 1 else None, "pads": _pads(pads) if any(map(any, pads)) else None,
        "dilations": dilation if max(dilation) > 1 else None,
    }  # fmt: skip


def _cut(pairs: Pairs, at: Step, x: str = "x") -> tuple[list[Statement], Pairs]:
    """A Pad node before the windows that cuts where pads are negative, and the pads that are left."""
    if all(min(pair) >= 0 for pair in pairs):
        return [], pairs
    cut = tuple((min(lo, 0), min(hi, 0)) for lo, hi in pairs)
    if any(n + lo + hi < 0 for n, (lo, hi) in zip(at.x[2:], cut, strict=True)):  # what is cut reaches into the padding of the other end
        return _padded(pairs, x), ()
    return _padded(cut, x), tuple((max(lo, 0), max(hi, 0)) for lo, hi in pairs)


def _padded(pairs: Pairs, x: str = "x", value: Source | None = None) -> list[Statement]:
    if not any(map(any, pairs)):
        return []
    return [Let(x, Call.of("onnx.Pad", Source(x), _pads(((0, 0), (0, 0), *pairs)), constant_value=value))]


def _pads(pairs: Pairs) -> Shape:
    """The begins of all axes, then their ends."""
    return (*(lo for lo, _ in pairs), *(hi for _, hi in pairs))


def _number(value: int, at: Step) -> Source:
    return Source(f"np.array({value}, np.{at.dtype})")


def _bias(op: Conv | ConvTranspose, at: Step) -> Source | None:
    return Source(f"{at.bias}.flatten()") if op.weights > 1 else None
