"""PyTorch: channels first, weights as in spec (O C/g *k and C O/g *k), so nothing is transposed.

Padding is symmetric only: other padding is an F.pad before, other crop an F.pad with negative numbers after. F.pad begins with
the last axis. F.lp_pool adds x^p with its sign, as its documentation says: an odd p wants x.abs().
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

from backends import Code, Mode, Runtime, Step, Unsupported
from backends._onednn import ONEDNN
from backends._phrases import deinterleaved, interleaved, lines, short
from backends._pixels import number, picked, unlike
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

GLUE = ONEDNN + """
import torch

torch.set_num_threads(int(os.environ.get("CONCORDANT_THREADS", 1)))

def array(a, dtype):
    return torch.from_numpy(a).to(getattr(torch, dtype))

def numpy(t):
    t = t.detach().cpu().contiguous()
    return (t.float() if t.dtype == torch.bfloat16 else t).numpy()

def dtype(t):
    return str(t.dtype).removeprefix("torch.")

def version():
    return {"torch": torch.__version__}

def facts():
    found = {
        "isa": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "device": "cpu",
        "float32_precision": torch.get_float32_matmul_precision(),
        "onednn": "off",
    }
    if torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled:
        with torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
            said = printed(lambda: torch.ones(1, 2, 2, 2).to_mkldnn().to_dense())
        found |= {"onednn": "on", "onednn_isa": onednn_isa(said)}
    return found

def answers(f, args, g):
    args = [a.requires_grad_(a.is_floating_point()) for a in args]
    y = f(*args)
    yield y
    yield from torch.autograd.grad(y, args, g, materialize_grads=True)

def infer(f, args):
    yield "a run on meta tensors", f(*(a.to("meta") for a in args)).shape, None
"""

MODES = {
    "compile": Mode(
        meaning='inside torch.compile(backend="aot_eager"), which traces, decomposes and differentiates but generates no code',
        decorator=Code('@torch.compile(backend="aot_eager", dynamic=False)'), share="large", also=("compiled", "dynamo", "jit", "aot"),
    ),
}  # fmt: skip

RUNTIMES = {"torch": Runtime(packages=("torch",), glue=GLUE, modes=MODES)}

IMPORTS = "import torch\nimport torch.nn.functional as F"


def conv(op: Conv, at: Step) -> str:
    same = set(op.stride) == {1} and on_every_axis(torch_same_padding, at.k, op.dilation) == op.padding
    symmetric = all(lo == hi >= 0 for lo, hi in op.padding)
    padding = '"same"' if same and not symmetric else short(tuple(lo for lo, _ in op.padding)) if symmetric else "0"
    return lines(
        "" if same or symmetric else _pad(op.padding),
        f"x = F.conv{op.rank}d(x, {at.weight}, stride={short(op.stride)}, padding={padding}, "
        f"dilation={short(op.dilation)}, groups={op.groups}{_bias(op, at)})",
    )


def conv_transpose(op: ConvTranspose, at: Step) -> str:
    words = [torch_transpose_words(*axis) for axis in zip(op.crop, op.stride, op.dilation, strict=True)]
    padding, output_padding = ("0", "0")
    if None not in words:
        padding, output_padding = (short(column) for column in zip(*words, strict=True))
    return lines(
        f"x = F.conv_transpose{op.rank}d(x, {at.weight}, stride={short(op.stride)}, padding={padding}, "
        f"output_padding={output_padding}, groups={op.groups}, dilation={short(op.dilation)}{'' if None in words else _bias(op, at)})",
        *((_pad(negated(op.crop)), f"x = x + {at.bias}" if op.weights > 1 else "") if None in words else ()),
    )


def upsample(op: Upsample, at: Step) -> str:
    return f'x = torch.nn.Upsample(scale_factor={short(op.factor)}, mode="nearest")(x)'


def zero_insert(op: ZeroInsert, at: Step) -> str:
    kept = ", ".join(f":{(n - 1) * s + 1}:{s}" for n, s in zip(at.x[2:], op.factor, strict=True))
    return lines(f"y = x.new_zeros({at.y})", f"y[:, :, {kept}] = x", "x = y")


def resize(op: Resize, at: Step) -> str:
    said = [(words, torch_resize(words[0], align_corners=words[1], antialias=words[2])) for words in WORDS]
    for (mode, align_corners, antialias), fields in sorted(said, key=lambda pair: unlike(op, pair[1])):
        scale = () if align_corners else op.scale
        if alike(op, Resize(size=op.size, scale=scale, **fields), at.x):
            return _interpolated(op, at, mode, (", align_corners=True" * align_corners) + (", antialias=True" * antialias))
    if alike(op, AdaptiveAveragePool(size=op.size), at.x):
        return f'x = F.interpolate(x, {short(op.size)}, mode="area")'
    if op.mode == "nearest":
        return picked(op, at, "x.index_select({1}, {0})", "torch.arange({})", "torch.clip({}, 0, {})", channels_last=False)
    raise Unsupported("F.interpolate has no mode with these coefficients")


def lanczos(op: Lanczos, at: Step) -> str:
    raise Unsupported("F.interpolate has no Lanczos window")


def sum_pool(op: SumPool, at: Step) -> str:
    return _averaged(op, at, 1)


def average_pool(op: AveragePool, at: Step) -> str:
    every = op.counted == "window" or (op.counted == "padded" and not any(op.overhang))
    if every or op.divisor:
        return _averaged(op, at, op.divisor or math.prod(op.kernel))
    words = _windows(op, at)
    if words is not None and max(op.dilation) == 1 and (op.counted == "valid" or all(lo == hi for lo, hi in op.padding)):
        uncounted = ", count_include_pad=False" if op.counted == "valid" and any(map(any, op.padding)) else ""
        return f"x = F.avg_pool{op.rank}d(x, {words}{uncounted})"
    counted = [_pad(op.padding, ", value=1", "ones"), _pad(tuple((0, more) for more in op.overhang), x="ones")]
    return lines(
        "ones = torch.ones_like(x)",
        *(counted if op.counted == "padded" else [_pad(reaching(op), x="ones")]),
        _pad(reaching(op)),
        f"x = {_sums(op, at, 'x')} / {_sums(op, at, 'ones')}",
    )


def lp_pool(op: LpPool, at: Step) -> str:
    if max(op.dilation) > 1:
        raise Unsupported(f"F.lp_pool{op.rank}d has no dilation")
    padded = _pad(op.padding) if any(map(any, op.padding)) else ""
    x = "x.abs()" if op.p % 2 else "x"
    return lines(padded, f"x = F.lp_pool{op.rank}d({x}, {op.p}, {short(op.kernel)}, {short(op.stride)})")


def max_pool(op: MaxPool, at: Step) -> str:
    if op.ties != "first":
        raise Unsupported(f"F.max_pool{op.rank}d takes the first of several equal maxima")
    words = _windows(op, at)
    dilation = f", dilation={short(op.dilation)}" if max(op.dilation) > 1 else ""
    return lines(
        _pad(op.padding, ', value=' + at.least) if words is None else "",
        f"x = F.max_pool{op.rank}d(x, {words or f'{short(op.kernel)}, {short(op.stride)}'}{dilation})",
    )


def adaptive_average_pool(op: AdaptiveAveragePool, at: Step) -> str:
    return f"x = F.adaptive_avg_pool{op.rank}d(x, {short(op.size)})"


def adaptive_max_pool(op: AdaptiveMaxPool, at: Step) -> str:
    return f"x = F.adaptive_max_pool{op.rank}d(x, {short(op.size)})"


def pad(op: Pad, at: Step) -> str:
    if op.mode not in PAD_MODES:
        raise Unsupported(f"F.pad has no mode {op.mode}: its modes are constant, replicate, reflect and circular")
    more = f", value={op.value}" if op.value else "" if op.mode == "constant" else f', mode="{PAD_MODES[op.mode]}"'
    return _pad(op.padding, more)


def max_unpool(op: MaxUnpool, at: Step) -> str:
    stride = tuple(max(q // n, 1) for q, n in zip(op.size, at.x[2:], strict=True))
    kernel = tuple(q - (n - 1) * s for q, n, s in zip(op.size, at.x[2:], stride, strict=True))
    return f"x = F.max_unpool{op.rank}d(x, {at.weight}.long(), {kernel}, {stride}, output_size={op.size})"


def depth_to_space(op: DepthToSpace, at: Step) -> str:
    if op.rank == 2 and op.order == "CRD" and len(set(op.factor)) == 1:
        return f"x = F.pixel_shuffle(x, {op.factor[0]})"
    return interleaved(op, at, "torch.reshape", "torch.permute")


def space_to_depth(op: SpaceToDepth, at: Step) -> str:
    if op.rank == 2 and op.order == "CRD" and len(set(op.factor)) == 1:
        return f"x = F.pixel_unshuffle(x, {op.factor[0]})"
    return deinterleaved(op, at, "torch.reshape", "torch.permute")


def parameters(op: Parameters, at: Step) -> str:
    return lines(
        f'layer = torch.nn.Upsample(scale_factor={short(op.factor)}, mode="nearest")',
        f"x = torch.full({at.y}, float(sum(p.numel() for p in layer.parameters())), dtype=x.dtype)",
    )


WORDS = [("nearest", False, False), ("nearest-exact", False, False), *product(("linear", "cubic"), (False, True), (False, True))]
"""(mode, align_corners, antialias)."""

PAD_MODES = {"constant": "constant", "edge": "replicate", "reflect": "reflect", "wrap": "circular"}


def _interpolated(op: Resize, at: Step, mode: str, more: str) -> str:
    """A call of F.interpolate. Where it wants a picture, a line becomes one of a single row."""
    line = op.rank == 1 and (mode == "cubic" or "antialias" in more)
    if op.rank == 3 and (mode == "cubic" or "antialias" in more):
        raise Unsupported("F.interpolate has no tricubic mode, and antialias only for pictures")
    rank = op.rank + line
    name = {"linear": ("linear", "bilinear", "trilinear")[rank - 1], "cubic": "bicubic"}.get(mode, mode)
    size = f"size={short((1,) * line + op.size)}"
    rows = list(zip(op.scales(at.x), op.size, at.x[2:], strict=True))
    if any(s != Fraction(m, n) for s, m, n in rows) and "align_corners" not in more:
        if any(scaled_length(n, s.numerator, s.denominator) != m for s, m, n in rows):
            raise Unsupported("F.interpolate takes a size or a scale_factor, whose length is ⌊n·scale⌋")
        size = f"scale_factor=({', '.join(['1.0'] * line + [number(s) for s, *_ in rows])}{',' * (rank == 1)})"
    call = "F.interpolate(x{}, {}, mode=\"{}\"{})".format("[:, :, None]" if line else "", size, name, more)
    return f"x = {call}{'[:, :, 0]' if line else ''}"


def _windows(op: AveragePool | MaxPool | SumPool, at: Step) -> str | None:
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
    said = [short(op.kernel), short(op.stride)] + [f"padding={short(padding)}"] * any(padding) + ["ceil_mode=True"] * (False not in both)
    return ", ".join(said)


def _averaged(op: SumPool | AveragePool, at: Step, divisor: int) -> str:
    """Each window's sum over the same divisor."""
    words = _windows(op, at) if max(op.dilation) == 1 else None
    plain = divisor == math.prod(op.kernel) and all(lo == hi for lo, hi in op.padding) and "ceil_mode" not in (words or "ceil_mode")
    if plain:
        return f"x = F.avg_pool{op.rank}d(x, {words})"
    if words is not None and op.rank > 1:
        return f"x = F.avg_pool{op.rank}d(x, {words}, divisor_override={divisor})"
    ends = reaching(op)
    return lines(_pad(ends) if any(map(any, ends)) else "", f"x = {_sums(op, at, 'x', divisor)}")


def _sums(op: SumPool | AveragePool, at: Step, x: str, divisor: int = 1) -> str:
    """Each window's sum over a divisor, of what is padded already."""
    if max(op.dilation) > 1:
        ones = f"torch.ones({(at.x[1], 1, *op.kernel)}, dtype=x.dtype)"
        more = f"stride={short(op.stride)}, dilation={short(op.dilation)}, groups={at.x[1]}"
        return f"F.conv{op.rank}d({x}, {ones}, {more})" + (f" / {divisor}" if divisor > 1 else "")
    if op.rank == 1:
        return f"F.avg_pool2d({x}[..., None], ({op.kernel[0]}, 1), ({op.stride[0]}, 1), divisor_override={divisor})[..., 0]"
    return f"F.avg_pool{op.rank}d({x}, {short(op.kernel)}, {short(op.stride)}, divisor_override={divisor})"


def _bias(op: Conv | ConvTranspose, at: Step) -> str:
    return f", bias={at.bias}.flatten()" if op.weights > 1 else ""


def _pad(pairs: Pairs, more: str = "", x: str = "x") -> str:
    return f"{x} = F.pad({x}, {tuple(n for pair in reversed(pairs) for n in pair)}{more})"
