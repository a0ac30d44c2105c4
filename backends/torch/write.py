"""PyTorch: channels first, weights as in spec (O C/g *k and C O/g *k), so nothing is transposed.

Padding is symmetric only: other padding is an F.pad before, other crop an F.pad with negative numbers after. F.pad begins with
the last axis. F.lp_pool adds x^p with its sign, as its documentation says: an odd p wants x.abs().
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

from backends import Step, Unsupported
from backends.call import Call, Let, Source, Statement, Value, X
from backends.cannot import Cannot, Raises
from backends.phrases import deinterleaved, interleaved, short
from backends.pixels import picked, unlike
from backends.torch.runtime import IMPORTS as IMPORTS
from backends.torch.runtime import RUNTIMES as RUNTIMES
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
    SpaceToDepth,
    SumPool,
    Upsample,
    ZeroInsert,
)
from spec.conventions.padding import ceil_overhang, on_every_axis, span, torch_same_padding, torch_transpose_words
from spec.conventions.resize import scaled_length, torch_resize
from spec.operation import Pairs, negated
from spec.ops.pool import reaching
from spec.ops.separable import alike
from spec.theorems.claims import Parameters

F = "torch.nn.functional."

INTERPOLATE = "https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html"

RESIZE_WORDS = Cannot(
    id="torch-resize-words", versions={"torch": ">=1.11"}, link=INTERPOLATE,
    sentence="F.interpolate resamples by half-pixel or aligned corners, cubic with a = −3/4 (−1/2 if it smooths), area as adaptive "
    "pooling; volumes by nearest and linear",
    probes=(
        Raises('F.interpolate(torch.ones(1, 1, 4), size=3, mode="linear", half_pixel_centers=False)',
               works='F.interpolate(torch.ones(1, 1, 4), size=3, mode="linear")'),
        Raises('F.interpolate(torch.ones(1, 1, 4, 4), size=3, mode="bicubic", a=-0.5)',
               works='F.interpolate(torch.ones(1, 1, 4, 4), size=3, mode="bicubic")'),
    ),
)  # fmt: skip
VOLUMES = Cannot(
    id="torch-resize-volumes", versions={"torch": ">=1.11"}, link=INTERPOLATE,
    sentence="F.interpolate has no tricubic mode, and antialias only for images",
    probes=tuple(
        Raises(f"F.interpolate(torch.ones(1, 1, 4, 4, 4), size=3, {words})",
               works='F.interpolate(torch.ones(1, 1, 4, 4, 4), size=3, mode="trilinear")')
        for words in ('mode="bicubic"', 'mode="tricubic"', 'mode="trilinear", antialias=True')
    ),
)  # fmt: skip
SIZE_OR_SCALE = Cannot(
    id="torch-size-or-scale", versions={"torch": ">=1.11"}, link=INTERPOLATE,
    sentence="F.interpolate takes a size or a scale_factor, whose length is ⌊n·scale⌋",
    probes=(
        Raises('F.interpolate(torch.ones(1, 1, 4), size=3, scale_factor=0.7, mode="linear")',
               works='F.interpolate(torch.ones(1, 1, 4), scale_factor=0.7, mode="linear")'),
    ),
)  # fmt: skip
LANCZOS = Cannot(
    id="torch-lanczos", versions={"torch": ">=2.12"}, link=INTERPOLATE,
    sentence="F.interpolate has one Lanczos window, of 3 lobes, which smooths, for images",
    probes=(
        Raises('F.interpolate(torch.ones(1, 1, 4, 4), size=3, mode="lanczos")',
               works='F.interpolate(torch.ones(1, 1, 4, 4), size=3, mode="lanczos", antialias=True)'),
        Raises('F.interpolate(torch.ones(1, 1, 4, 4), size=3, mode="lanczos5", antialias=True)',
               works='F.interpolate(torch.ones(1, 1, 4, 4), size=3, mode="lanczos", antialias=True)'),
        Raises('F.interpolate(torch.ones(1, 1, 4, 4, 4), size=3, mode="lanczos", antialias=True)',
               works='F.interpolate(torch.ones(1, 1, 4, 4), size=3, mode="lanczos", antialias=True)'),
    ),
)  # fmt: skip
LP_DILATION = Cannot(
    id="torch-lp-pool-dilation", versions={"torch": ">=1.0"}, sentence="F.lp_pool1d, lp_pool2d and lp_pool3d have no dilation",
    link="https://pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool2d.html",
    probes=tuple(
        Raises(f"F.lp_pool{rank}d(torch.ones({shape}), 2, 2, dilation=2)", works=f"F.lp_pool{rank}d(torch.ones({shape}), 2, 2)")
        for rank, shape in ((1, (1, 1, 4)), (2, (1, 1, 4, 4)), (3, (1, 1, 4, 4, 4)))
    ),
)  # fmt: skip
TIES = Cannot(
    id="torch-max-pool-ties", versions={"torch": ">=1.0"},
    sentence="F.max_pool takes the first of several equal maxima, and has no word for another rule",
    link="https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html",
    probes=(Raises('F.max_pool1d(torch.ones(1, 1, 4), 2, ties="last")', works="F.max_pool1d(torch.ones(1, 1, 4), 2)"),),
)  # fmt: skip
PAD_SYMMETRIC = Cannot(
    id="torch-pad-symmetric", versions={"torch": ">=1.5"}, link="https://github.com/pytorch/pytorch/issues/46240",
    sentence="F.pad has no mode that repeats the edge pixel as it mirrors: its modes are constant, replicate, reflect and circular",
    probes=(
        Raises('F.pad(torch.ones(1, 1, 4), (1, 1), mode="symmetric")', works='F.pad(torch.ones(1, 1, 4), (1, 1), mode="reflect")'),
    ),
)  # fmt: skip


def conv(op: Conv, at: Step) -> list[Statement]:
    same = set(op.stride) == {1} and on_every_axis(torch_same_padding, at.k, op.dilation) == op.padding
    symmetric = all(lo == hi >= 0 for lo, hi in op.padding)
    padding: Value = "same" if same and not symmetric else short(tuple(lo for lo, _ in op.padding)) if symmetric else 0
    call = Call.of(
        f"{F}conv{op.rank}d", X, Source(at.weight), bias=_bias(op, at), stride=short(op.stride), padding=padding,
        dilation=short(op.dilation), groups=op.groups,
    )  # fmt: skip
    return [call] if same or symmetric else [_pad(op.padding), call]


def conv_transpose(op: ConvTranspose, at: Step) -> list[Statement]:
    words = [torch_transpose_words(*axis) for axis in zip(op.crop, op.stride, op.dilation, strict=True)]
    shape: dict[str, Value] = {"stride": short(op.stride), "groups": op.groups, "dilation": short(op.dilation)}
    if None not in words:
        padding, output_padding = (short(column) for column in zip(*words, strict=True))
        shape |= {"padding": padding, "output_padding": output_padding}
    inside = None not in words or op.only_crops
    call = Call.of(f"{F}conv_transpose{op.rank}d", X, Source(at.weight), **shape, bias=_bias(op, at) if inside else None)
    if None not in words:
        return [call]
    return [call, _pad(negated(op.crop)), *[f"x = x + {at.bias}"] * (op.weights > 1 and not inside)]


def upsample(op: Upsample, at: Step) -> list[Statement]:
    return [Let("layer", Call.of("torch.nn.Upsample", scale_factor=short(op.factor), mode="nearest")), "x = layer(x)"]


def zero_insert(op: ZeroInsert, at: Step) -> list[Statement]:
    kept = ", ".join(f":{(n - 1) * s + 1}:{s}" for n, s in zip(at.x[2:], op.factor, strict=True))
    return [f"y = x.new_zeros({at.y})", f"y[:, :, {kept}] = x", "x = y"]


def resize(op: Resize, at: Step) -> list[Statement]:
    said = [(words, torch_resize(words[0], align_corners=words[1], antialias=words[2])) for words in WORDS]
    for (mode, align_corners, antialias), fields in sorted(said, key=lambda pair: unlike(op, pair[1])):
        scale = () if align_corners else op.scale
        if alike(op, Resize(size=op.size, scale=scale, **fields), at.x):
            return _interpolated(op, at, mode, align_corners=align_corners, antialias=antialias)
    if alike(op, AdaptiveAveragePool(size=op.size), at.x):
        return [Call.of(f"{F}interpolate", X, size=short(op.size), mode="area")]
    if op.mode == "nearest":
        return picked(
            op, at, lambda indices, axis: Call.of("torch.index_select", X, axis, indices), lambda n: Call.of("torch.arange", n),
            lambda indices, last: Call.of("torch.clip", indices, 0, last), channels_last=False,
        )  # fmt: skip
    raise Unsupported(RESIZE_WORDS)


def lanczos(op: Lanczos, at: Step) -> list[Statement]:
    if op.lobes != 3 or op.antialias != "yes" or op.rank == 3:
        raise Unsupported(LANCZOS)
    line = op.rank == 1
    picture, size = (Source("x[:, :, None]"), (1, *op.size)) if line else (X, op.size)
    return [Call.of(f"{F}interpolate", picture, size=short(size), mode="lanczos", antialias=True), *["x = x[:, :, 0]"] * line]


def sum_pool(op: SumPool, at: Step) -> list[Statement]:
    return _averaged(op, at, 1)


def average_pool(op: AveragePool, at: Step) -> list[Statement]:
    every = op.counted == "window" or (op.counted == "padded" and not any(op.overhang))
    if every or op.divisor:
        return _averaged(op, at, op.divisor or math.prod(op.kernel))
    words = _windows(op, at)
    if words is not None and max(op.dilation) == 1 and (op.counted == "valid" or all(lo == hi for lo, hi in op.padding)):
        counts = not (op.counted == "valid" and any(map(any, op.padding)))
        return [Call.of(f"{F}avg_pool{op.rank}d", X, **words, count_include_pad=counts)]
    counted = [_pad(op.padding, "ones", value=1), _pad(tuple((0, more) for more in op.overhang), "ones")]
    return [
        Let("ones", Call.of("torch.ones_like", X)),
        *(counted if op.counted == "padded" else [_pad(reaching(op), "ones")]),
        _pad(reaching(op)),
        *_sums(op, at, "x"),
        *_sums(op, at, "ones"),
        "x = x / ones",
    ]


def lp_pool(op: LpPool, at: Step) -> list[Statement]:
    if max(op.dilation) > 1:
        raise Unsupported(LP_DILATION)
    x = Source("x.abs()") if op.p % 2 else X
    call = Call.of(f"{F}lp_pool{op.rank}d", x, op.p, short(op.kernel), short(op.stride))
    return [_pad(op.padding), call] if any(map(any, op.padding)) else [call]


def max_pool(op: MaxPool, at: Step) -> list[Statement]:
    if op.ties != "first":
        raise Unsupported(TIES)
    words = _windows(op, at)
    shape = words or {"kernel_size": short(op.kernel), "stride": short(op.stride)}
    call = Call.of(f"{F}max_pool{op.rank}d", X, **shape, dilation=short(op.dilation))
    return [call] if words else [_pad(op.padding, value=Source(at.least)), call]


def adaptive_average_pool(op: AdaptiveAveragePool, at: Step) -> list[Statement]:
    return [Call.of(f"{F}adaptive_avg_pool{op.rank}d", X, short(op.size))]


def adaptive_max_pool(op: AdaptiveMaxPool, at: Step) -> list[Statement]:
    return [Call.of(f"{F}adaptive_max_pool{op.rank}d", X, short(op.size))]


def pad(op: Pad, at: Step) -> list[Statement]:
    if op.mode not in PAD_MODES:
        raise Unsupported(PAD_SYMMETRIC)
    return [_pad(op.padding, value=op.value) if op.value else _pad(op.padding, mode=PAD_MODES[op.mode])]


def max_unpool(op: MaxUnpool, at: Step) -> list[Statement]:
    stride = tuple(max(q // n, 1) for q, n in zip(op.size, at.x[2:], strict=True))
    kernel = tuple(q - (n - 1) * s for q, n, s in zip(op.size, at.x[2:], stride, strict=True))
    return [Call.of(f"{F}max_unpool{op.rank}d", X, Source(f"{at.weight}.long()"), kernel, stride, output_size=op.size)]


def depth_to_space(op: DepthToSpace, at: Step) -> list[Statement]:
    if op.rank == 2 and op.order == "CRD" and len(set(op.factor)) == 1:
        return [Call.of(f"{F}pixel_shuffle", X, op.factor[0])]
    return [interleaved(op, at, "torch.reshape", "torch.permute")]


def space_to_depth(op: SpaceToDepth, at: Step) -> list[Statement]:
    if op.rank == 2 and op.order == "CRD" and len(set(op.factor)) == 1:
        return [Call.of(f"{F}pixel_unshuffle", X, op.factor[0])]
    return [deinterleaved(op, at, "torch.reshape", "torch.permute")]


def parameters(op: Parameters, at: Step) -> list[Statement]:
    return [
        Let("layer", Call.of("torch.nn.Upsample", scale_factor=short(op.factor), mode="nearest")),
        f"x = torch.full({at.y}, float(sum(p.numel() for p in layer.parameters())), dtype=x.dtype)",
    ]


WORDS = [("nearest", False, False), ("nearest-exact", False, False), *product(("linear", "cubic"), (False, True), (False, True))]
"""(mode, align_corners, antialias)."""

PAD_MODES = {"constant": "constant", "edge": "replicate", "reflect": "reflect", "wrap": "circular"}


def _interpolated(op: Resize, at: Step, mode: str, *, align_corners: bool, antialias: bool) -> list[Statement]:
    """A call of F.interpolate. Where it wants a picture, a line becomes one of a single row."""
    images = mode == "cubic" or antialias
    line = op.rank == 1 and images
    if op.rank == 3 and images:
        raise Unsupported(VOLUMES)
    rank = op.rank + line
    name = {"linear": ("linear", "bilinear", "trilinear")[rank - 1], "cubic": "bicubic"}.get(mode, mode)
    length: dict[str, Value] = {"size": short((1,) * line + op.size)}
    rows = list(zip(op.scales(at.x), op.size, at.x[2:], strict=True))
    if any(s != Fraction(m, n) for s, m, n in rows) and not align_corners:
        if any(scaled_length(n, s.numerator, s.denominator) != m for s, m, n in rows):
            raise Unsupported(SIZE_OR_SCALE)
        length = {"scale_factor": (*[Fraction(1)] * line, *(s for s, *_ in rows))}
    x = Source("x[:, :, None]") if line else X
    call = Call.of(f"{F}interpolate", x, **length, mode=name, align_corners=align_corners or None, antialias=antialias)
    return [call, *["x = x[:, :, 0]"] * line]


def _windows(op: AveragePool | MaxPool | SumPool, at: Step) -> dict[str, Value] | None:
    """The kernel, the stride and the words for as many windows, of which symmetric padding of half a window at most shows all."""
    padding, ceil_mode = tuple(lo for lo, _ in op.padding), []
    for n, m, k, s, d, lo in zip(at.x[2:], at.y[2:], op.kernel, op.stride, op.dilation, padding, strict=True):
        if not 0 <= lo <= k // 2:
            return None
        room = n + 2 * lo - span(k, d)
        ceil = (room + ceil_overhang(n, k, s, d, lo, lo)) // s + 1
        ceil_mode.append({mode for mode, count in ((False, room // s + 1), (True, ceil)) if count == m})
    both = set.intersection(*ceil_mode)
    if not both:
        return None
    return {"kernel_size": short(op.kernel), "stride": short(op.stride), "padding": short(padding), "ceil_mode": False not in both}


def _averaged(op: SumPool | AveragePool, at: Step, divisor: int) -> list[Statement]:
    """Each window's sum over the same divisor."""
    words = _windows(op, at) if max(op.dilation) == 1 else None
    if words and not words["ceil_mode"] and divisor == math.prod(op.kernel) and all(lo == hi for lo, hi in op.padding):
        return [Call.of(f"{F}avg_pool{op.rank}d", X, **words)]
    if words and op.rank > 1:
        return [Call.of(f"{F}avg_pool{op.rank}d", X, **words, divisor_override=divisor)]
    ends = reaching(op)
    return [*[_pad(ends)] * any(map(any, ends)), *_sums(op, at, "x", divisor)]


def _sums(op: SumPool | AveragePool, at: Step, x: str, divisor: int = 1) -> list[Statement]:
    """Each window's sum over a divisor, of what is padded already."""
    if max(op.dilation) > 1:
        ones = Call.of("torch.ones", (at.x[1], 1, *op.kernel), dtype=Source("x.dtype"))
        shape: dict[str, Value] = {"stride": short(op.stride), "dilation": short(op.dilation), "groups": at.x[1]}
        return [Let(x, Call.of(f"{F}conv{op.rank}d", Source(x), ones, **shape)), *[f"{x} = {x} / {divisor}"] * (divisor > 1)]
    if op.rank == 1:
        image = Source(f"{x}[..., None]")
        pooled = Call.of(f"{F}avg_pool2d", image, (op.kernel[0], 1), (op.stride[0], 1), divisor_override=divisor)
        return [Let(x, pooled), f"{x} = {x}[..., 0]"]
    return [Let(x, Call.of(f"{F}avg_pool{op.rank}d", Source(x), short(op.kernel), short(op.stride), divisor_override=divisor))]


def _bias(op: Conv | ConvTranspose, at: Step) -> Source | None:
    return Source(f"{at.bias}.flatten()") if op.weights > 1 else None


def _pad(pairs: Pairs, x: str = "x", **more: Value) -> Let:
    return Let(x, Call.of(f"{F}pad", Source(x), tuple(n for pair in reversed(pairs) for n in pair), **more))
