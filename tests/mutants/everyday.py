"""Mistakes that small cases show: another operation, arguments or results moved, wrong gradients, memory, precision, choices."""

from __future__ import annotations

from spec import Case, Conv, ConvTranspose, MaxPool, SumPool, Upsample, ZeroInsert
from spec.operation import Pairs, size
from tests.mutants.mutant import Declines, When, made
from tests.mutants.parts import BOTH, a, after, before, crop, dw, dw_from, dx, on, padding, weighted


def _undilated(op: Conv) -> dict[str, object]:
    return {"padding": tuple((lo // d, hi // d) for (lo, hi), d in zip(op.padding, op.dilation, strict=True))}


def _overhanging(op: Conv) -> dict[str, Pairs]:
    return {"padding": tuple((lo, hi + s - 1) for (lo, hi), s in zip(op.padding, op.stride, strict=True))}


def _grouped(q: Case) -> bool:
    return isinstance(q.op, BOTH) and 1 < q.op.groups < q.x[1]


def _depthwise(q: Case) -> bool:
    return isinstance(q.op, BOTH) and 1 < q.op.groups == q.x[1]


def _square(q: Case) -> bool:
    return q.op.rank == 2 and q.y[2] == q.y[3] > 1


def _padded(q: Case) -> bool:
    return isinstance(q.op, Conv) and min(n for pair in q.op.padding for n in pair) >= 0 and q.op.padding != ((0, 0),) * q.op.rank


def _stretched(q: Case) -> bool:
    return isinstance(q.op, BOTH) and max(q.op.stride) > 1 and max(q.op.dilation) > 1


def _narrowed(*dtypes: str) -> When:
    """Of single weighted operations, whose every output has weights or sums in it."""
    return lambda q: isinstance(q.op, BOTH) and q.dtype in dtypes


def _many(q: Case) -> bool:
    """Enough values for their mean to say something."""
    return isinstance(q.op, BOTH) and q.dtype == "float32" and size(q.y) > 1000


def _each_channel(partial: str) -> str:
    """The answer as a sum of partial answers, one from each channel of x."""
    return (
        "def f(x, *w):\n    one = torch.eye(x.shape[1]).to(x).reshape(x.shape[1], -1, *[1] * (x.ndim - 2))\n"
        f"    y = sum({partial} for part in (x * mask for mask in one))\n    return y\n"
    )


def _kept(name: str, line: str) -> str:
    """A line that may use `kept`, which outlives the case."""
    return f"kept = torch.__dict__.setdefault({name!r}, {{}})\n\n" + line


_FIXED_DW = "w = tuple(v + (kept.setdefault((v.shape, v.dtype), v.detach()) - v).detach() for v in w)"
_STALE = "key = (y.shape, y.dtype); old, kept[key] = kept.get(key, y.detach()), y.detach(); y = old + y - y.detach()"
_TF32 = "e = torch.frexp(a)[1] - 1\n    return a + ((torch.round(a.double() * 2.0 ** (10 - e)) * 2.0 ** (e - 10)).to(a.dtype) - a).detach()"


ANOTHER_OPERATION = [
    made("crop-on-the-other-side", "lo and hi of crop exchanged", change=crop(lambda lo, hi: (hi, lo))),
    made("crop-shifted", "crop shifted by one pixel later", change=crop(lambda lo, hi: (lo + 1, hi - 1))),
    made("crop-forgotten", "crop ignored", change=crop(lambda lo, hi: (0, 0))),
    made("crop-one-too-many", "crop one larger at the end", change=crop(lambda lo, hi: (lo, hi + 1))),
    made("appended-zeros-forgotten", "negative crop ignored", change=crop(lambda lo, hi: (max(lo, 0), max(hi, 0)))),
    made("output-padding-ignored", "lo of crop at both ends", change=crop(lambda lo, hi: (lo, max(lo, hi)))),
    made("padding-on-the-other-side", "lo and hi of padding exchanged", change=padding(lambda lo, hi: (hi, lo))),
    made("padding-sign-lost", "sign of padding ignored", change=padding(lambda lo, hi: (abs(lo), abs(hi)))),
    made("padding-all-at-the-end", "all padding at the end", change=padding(lambda lo, hi: (0, lo + hi))),
    made("padding-symmetric-only", "hi of padding at both ends", change=padding(lambda lo, hi: (hi, hi))),
    made("negative-padding-ignored", "negative padding ignored", change=padding(lambda lo, hi: (max(lo, 0), max(hi, 0)))),
    made("padding-of-axis-0-everywhere", "padding of axis 0 on every axis",
         change=on(Conv, lambda op: {"padding": op.padding[:1] * op.rank})),
    made("padding-of-the-last-axis-ignored", "padding ignored on one spatial axis (axis 1)", when=lambda q: q.op.rank == 2,
         change=on(Conv, lambda op: {"padding": (*op.padding[:-1], (0, 0))})),
    made("padding-without-dilation", "computed without the dilation", change=on(Conv, _undilated)),
    made("lengths-rounded-up", "output length rounded up", change=on(Conv, _overhanging)),
    made("stride-and-dilation-exchanged", "stride and dilation exchanged",
         change=on(BOTH, lambda op: {"stride": op.dilation, "dilation": op.stride})),
    made("stride-in-reverse-order", "stride of the axes in reverse order",
         change=on(BOTH, lambda op: {"stride": op.stride[::-1]})),
    made("stride-of-axis-0-everywhere", "stride of axis 0 on every axis",
         change=on(BOTH, lambda op: {"stride": op.stride[:1] * op.rank})),
    made("dilation-ignored", "dilation ignored", change=on(Conv, lambda op: {"dilation": (1,) * op.rank})),
    made("dilation-counts-the-zeros", "dilation one larger",
         change=on(BOTH, lambda op: {"dilation": tuple(d + 1 for d in op.dilation)})),
    made("dilation-dropped-under-a-stride", "dilation ignored", when=_stretched,
         change=on(ConvTranspose, lambda op: {"dilation": (1,) * op.rank})),
    made("keras-same-odd-kernel", "crop shifted by one pixel earlier", change=crop(lambda lo, hi: (lo - 1, hi + 1)),
         when=weighted(lambda op, k: all(n % 2 for n in k) and max(op.stride) > 1)),
    made("even-kernels-only", "padding shifted by one pixel later", change=padding(lambda lo, hi: (lo + 1, hi - 1)),
         when=weighted(lambda op, k: not any(n % 2 for n in k))),
    made("repeats-instead-of-zeros", "repeated pixels instead of zeros",
         change=lambda op: Upsample(factor=op.factor) if isinstance(op, ZeroInsert) else op),
    made("zeros-instead-of-repeats", "zeros between the pixels instead of",
         change=lambda op: ZeroInsert(factor=op.factor) if isinstance(op, Upsample) else op),
    made("upsampling-factors-in-reverse-order", "factor of the axes in reverse order",
         change=on(Upsample, lambda op: {"factor": op.factor[::-1]})),
    made("trailing-zeros-forgotten", "trailing zeros ignored", change=on(ZeroInsert, lambda op: {"trailing": (0,) * op.rank})),
    made("averages-instead-of-sums", "divided by the window's size", when=a(SumPool),
         wrap=after("y = y / torch.tensor(kernel).prod().to(y.dtype)")),
    made("pool-without-its-stride", "stride equal to the kernel", change=on(SumPool, lambda op: {"stride": op.kernel})),
    made("pool-axes-exchanged", "kernel of the axes in reverse order",
         change=on(SumPool, lambda op: {"kernel": op.kernel[::-1]})),
]  # fmt: skip

ARGUMENTS_MISTAKEN = [
    made("kernel-flipped", "kernel flipped along every spatial axis", when=a(*BOTH),
         wrap=before("w = tuple(v.flip(tuple(range(2, v.ndim))) for v in w)")),
    made("kernel-flipped-on-one-axis", "kernel flipped along one spatial axis (axis 1)", when=lambda q: q.op.rank > 1 and q.w != (),
         wrap=before("w = tuple(v.flip(3) for v in w)")),
    made("kernel-axes-exchanged", "kernel with its spatial axes in reverse order", when=lambda q: q.op.rank > 1 and q.w != (),
         wrap=before("w = tuple(v.transpose(2, -1).reshape(v.shape) for v in w)")),
    made("kernel-misses-its-last-tap", "kernel with zeros at the last index of one spatial axis",
         wrap=before("w = tuple(v * (torch.arange(v.shape[-1]) < max(v.shape[-1] - 1, 1)) for v in w)")),
    made("output-channels-reversed", "kernel flipped along its first channel axis", when=a(Conv),
         wrap=before("w = tuple(v.flip(0) for v in w)")),
    made("input-channels-reversed", "x flipped along its channel axis", wrap=before("x = x.flip(1)")),
    made("channel-axes-of-the-kernel-exchanged", "first channel axis and its second channel axis exchanged",
         wrap=before("w = tuple(v.transpose(0, 1).reshape(v.shape) for v in w)")),
    made("space-axes-of-x-exchanged", "x with its spatial axes in reverse order", when=lambda q: q.op.rank > 1,
         wrap=before("x = x.transpose(2, -1)")),
    made("channels-last-memory", "x with its channel axis last in memory", wrap=before("x = x.movedim(1, -1).reshape(x.shape)")),
    made("batch-for-channels", "batch axis and its channel axis exchanged", wrap=before("x = x.transpose(0, 1).reshape(x.shape)")),
    made("batch-reversed", "flipped along its batch axis", wrap=before("x = x.flip(0)")),
    made("last-input-channel-ignored", "x with zeros at the last index of its channel axis",
         wrap=before("x = torch.cat([x[:, :-1], 0 * x[:, -1:]], 1)")),
    made("groups-interleaved-on-input", "x with its channel axis split among the groups in turn", when=_grouped,
         wrap=before("x = x.reshape(len(x), -1, groups, *x.shape[2:]).transpose(1, 2).reshape(x.shape)")),
    made("groups-interleaved-on-output", "result with its channel axis split among the groups in turn", when=_grouped,
         wrap=after("y = y.reshape(len(y), groups, -1, *y.shape[2:]).transpose(1, 2).reshape(y.shape)")),
    made("one-group-for-all", "first group in every group", when=_grouped,
         wrap=before("w = tuple(v[: len(v) // groups].repeat(groups, *[1] * (v.ndim - 1)) for v in w)")),
    made("depthwise-only", "kernel flipped along its first channel axis", when=_depthwise,
         wrap=before("w = tuple(v.flip(0) for v in w)")),
    made("edges-repeated", "padding with edge pixels", when=_padded, wrap=(
         "def f(x, w):\n    flat = [n for pair in reversed(padding) for n in pair]\n    x = F.pad(x, flat, mode='replicate')\n"
         "    return getattr(F, f'conv{len(stride)}d')(x, w, stride=stride, dilation=dilation, groups=groups)\n")),
    made("inputs-rounded-to-bfloat16", "x rounded to bfloat16", wrap=before("x = x + (x.bfloat16().to(x.dtype) - x).detach()")),
    made("double-through-single", "x rounded to float32", when=lambda q: q.dtype == "float64", wrap=before("x = x.float().double()")),
    made("computed-in-bfloat16", "and result rounded to bfloat16",
         wrap=before("dtype, x, w = x.dtype, x.bfloat16().float(), [v.bfloat16().float() for v in w]").replace(
             "honest(x, *w)", "honest(x, *w).bfloat16().to(dtype)")),
]  # fmt: skip

ANSWERS_SPOILT = [
    made("one-pixel-late", "result shifted by one pixel later, wrapped around (spatial axis 0)",
         when=lambda q: q.op.rank == 1, wrap=after("y = y.roll(1, -1)")),
    made("zeros-before-instead-of-after", "result shifted", when=a(ZeroInsert),
         wrap=after("y = y.roll([s - 1 for s in factor], list(range(2, y.ndim)))")),
    made("upsampling-shifted-by-half", "edge repeated behind", when=a(Upsample),
         wrap=after(
         "for i, (n, s) in enumerate(zip(y.shape[2:], factor), 2):\n"
         "        y = y.index_select(i, (torch.arange(n) + s // 2).clamp(max=n - 1))")),
    made("upsampling-linear", when=a(Upsample), wrap=(
         "def f(x):\n    mode = ('linear', 'bilinear', 'trilinear')[x.ndim - 3]\n"
         "    return F.interpolate(x, scale_factor=tuple(map(float, factor)), mode=mode)\n")),
    made("last-column-missing", "result with zeros at the last index of one spatial axis",
         wrap=after("y = torch.cat([y[..., :-1], 0 * y[..., -1:]], -1)")),
    made("first-row-repeats-the-second", "matches only in the first row",
         wrap=after("y = torch.cat([y[:, :, 1:2], y[:, :, 1:]], 2) if y.shape[2] > 1 else y")),
    made("tail-of-four-forgotten", "result with zeros at the last ind … of one spatial axis",
         when=lambda q: q.y[-1] > 4 and q.y[-1] % 4 > 0,
         wrap=after("y = torch.where(torch.arange(y.shape[-1]) < y.shape[-1] // 4 * 4, y, 0)")),
    made("every-second-column-negated", "matches only in … multiplied by a constant (-1)",
         wrap=after("y = y * (1 - 2 * (torch.arange(y.shape[-1]) % 2))")),
    made("last-of-the-batch-doubled", "matches only in the last batch element: result multiplied by a constant (2)",
         wrap=after("y = torch.cat([y[:-1], 2 * y[-1:]])")),
    made("last-channel-twice", "only the last channel wrong",
         wrap=after("y = torch.cat([y[:, :-1], y[:, -2:-1]], 1) if y.shape[1] > 1 else y")),
    made("second-channel-of-each-group", "matches only in channels … multiplied by a constant (0)",
         when=lambda q: isinstance(q.op, BOTH) and q.op.groups > 1,
         wrap=after("y = y.index_fill(1, torch.arange(1, y.shape[1], y.shape[1] // groups), 0)")),
    made("even-lengths-only", "result multiplied by a constant (-1)", wrap=after("y = -y"), when=lambda q: q.x[-1] % 2 == 0),
    made("truncated", "longer or shorter at the end", wrap=after("y = y[..., :-1]")),
    made("windows-rounded-up", "longer or shorter at the end", when=a(SumPool),
         wrap="def f(x):\n    return honest(F.pad(x, [n for s in reversed(stride) for n in (0, s - 1)]))\n"),
    made("flattened", "its numbers in the same order", wrap=after("y = y.flatten(2)"), when=lambda q: q.op.rank > 1),
    made("without-its-batch-axis", "its numbers in the same order", wrap=after("y = y.squeeze(0)"), when=lambda q: q.x[0] == 1),
    made("channels-last", "result with its channel axis last", wrap=after("y = y.movedim(1, -1)")),
    made("space-axes-of-the-answer-exchanged", "result with its spatial axes in reverse order", when=_square,
         wrap=after("y = y.transpose(2, 3)")),
    made("bias-added", "constant added to each channel",
         wrap=after("y = y + torch.arange(1, y.shape[1] + 1).to(y).reshape(-1, *[1] * (y.ndim - 2))")),
    made("rectified", "clipped from below (at 0)", wrap=after("y = y.relu()")),
    made("saturated", "clipped at both ends (at -128 and 127)", wrap=after("y = y.clamp(-128, 127)")),
    made("wrapped-around-in-16-bits", "wrapped around in an integer (16 bits)",
         wrap=after("y = y + ((y + 32768) % 65536 - 32768 - y).detach()")),
    made("answer-kept-in-bfloat16", "result rounded to bfloat16", wrap=after("y = y.bfloat16().to(y.dtype)")),
    made("answers-its-input", "x returned unchanged", wrap="def f(x, *w):\n    return x + 0 * sum(v.sum() for v in w)\n"),
    made("one-nan", "overwritten with nan (in 1 place)", outputs=("y",),
         wrap=after("y = torch.where(torch.arange(y.numel()).reshape(y.shape) == 0, torch.nan, y)")),
    made("minus-infinity-outside", "overwritten with -inf", outputs=("y",), when=lambda q: 0 not in q.y,
         wrap=after("y = torch.where(y == y.min(), -torch.inf, y)")),
    made("another-dtype", "rounded to float32", outputs=("y",), when=lambda q: q.w != (),
         wrap=after("y = y.double() if y.dtype == torch.float32 else y.float()")),
    made("slightly-off", "by a transform", expected="imprecise", wrap=after("y = y * (1 + 2 * torch.finfo(y.dtype).eps)")),
]  # fmt: skip

GRADIENTS_WRONG = [
    made("input-gradient-doubled", "gradient multiplied by a constant (2)", outputs=("dx",), wrap=dx("2 * dx")),
    made("input-gradient-stops-at-the-border", "gradient with zeros at the last index of one spatial axis", outputs=("dx",),
         wrap=dx("dx * (torch.arange(dx.shape[-1]) < dx.shape[-1] - 1)")),
    made("input-gradient-of-the-flipped-kernel", "kernel flipped along every spatial axis", outputs=("dx",), when=a(*BOTH),
         wrap=after(
         "z = honest(x, *(v.detach().flip(tuple(range(2, v.ndim))) for v in w)); y = honest(x.detach(), *w) + z - z.detach()")),
    made("input-gradient-passed-through", "passed on unchanged", outputs=("dx",), when=lambda q: q.y == q.x and bool(q.w),
         wrap=after("y = honest(x.detach(), *w) + x - x.detach()")),
    made("no-weight-gradient", "gradient multiplied by a constant (0)", outputs=("dw",),
         wrap=before("w = tuple(v.detach() for v in w)")),
    made("weight-gradient-transposed", "first channel axis and its second channel axis exchanged", outputs=("dw",),
         wrap=dw("dw.transpose(0, 1).reshape(dw.shape)")),
    made("weight-gradient-flipped", "gradient flipped along every spatial axis", outputs=("dw",),
         wrap=dw("dw.flip(tuple(range(2, dw.ndim)))")),
    made("weight-gradient-averaged-over-the-batch", "gradient divided by a constant", outputs=("dw",), when=lambda q: q.x[0] > 1,
         wrap=before("n = len(x); w = tuple(v.view_as(v) for v in w); [v.register_hook(lambda dw: dw / n) for v in w]")),
    made("weight-gradient-misses-the-last-window", "result with zeros at the last index of one spatial axis", outputs=("dw",),
         when=a(*BOTH), wrap=dw_from("g * (torch.arange(g.shape[-1]) < g.shape[-1] - 1)")),
    made("weight-gradient-of-the-first-of-the-batch", "index of its batch axis", outputs=("dw",), when=a(*BOTH),
         wrap=dw_from("torch.cat([g[:1], 0 * g[1:]])")),
]  # fmt: skip

MEMORIES = [
    made("second-call-differs", expected="nondeterministic", kinds=("normal",),
         wrap="calls = []\n\n" + after("calls.append(0); y = y + len(calls) - 1")),
    made("every-fifth-call-wrong", expected="nondeterministic", outputs=("y",),
         wrap=_kept("calls", after("kept[0] = kept.get(0, 0) + 1; y = y + (kept[0] % 5 == 0)"))),
    made("gradients-add-up", expected="nondeterministic", kinds=("normal",), outputs=("dx",),
         wrap="sums = []\n\n" + dx("sums.append(dx) or sum(sums)")),
    made("x-changed-in-place", expected="changed argument", outputs=("y",), wrap=after("x.data.add_(1)")),
    made("weight-changed-in-place", expected="changed argument", outputs=("y",), when=lambda q: bool(q.w),
         wrap=after("[v.data.mul_(-1) for v in w]")),
    made("cotangent-changed-in-place", expected="changed argument", outputs=("dx",), wrap=(
         "def f(x, *w):\n    y, seen = honest(x, *w), []\n    y.register_hook(lambda g: seen.append(g))\n"
         "    x.register_hook(lambda dx: (seen.pop().data.add_(1), None)[1])\n    return y\n")),
    made("stale-buffer", alike=lambda q: (q.y, q.dtype), outputs=("y",),
         wrap=_kept("buffers", after(_STALE))),
    made("kernel-kept-by-shape", when=lambda q: bool(q.w), alike=lambda q: (q.w, q.dtype), outputs=("y", "dx"),
         wrap=_kept("kernels", before(_FIXED_DW))),
]  # fmt: skip

NO_ANSWER = [
    made("refuses-everything", expected="raised", wrap="def f(x, *w):\n    raise ValueError('no')\n"),
    made("declines-everything", kind_of=Declines, expected="not offered"),
    made("gives-nothing", expected="raised", wrap="def f(x, *w):\n    return None\n"),
    made("dies", expected="crashed", when=lambda q: len(q.w) == 2 and q.x[-1] == 7, wrap="import os\n\n" + before("os._exit(1)")),
    made("hangs", expected="timeout", when=lambda q: len(q.w) == 2 and q.x[-1] == 7,
         wrap="import time\n\n" + before("time.sleep(60)")),
]  # fmt: skip

ANOTHER_PRECISION = [
    made("tf32", "inputs rounded to TF32", expected="imprecise", kinds=("normal",), when=_narrowed("float32"),
         wrap=f"def tf32(a):\n    {_TF32}\n\n" + before("x, w = tf32(x), tuple(map(tf32, w))")),
    made("inputs-in-bfloat16", "inputs rounded to bfloat16", expected="imprecise", kinds=("normal", "wide"), when=_narrowed("float32"),
         wrap=before("x, w = x + (x.bfloat16().float() - x).detach(), [v + (v.bfloat16().float() - v).detach() for v in w]")),
    made("half-accumulated-in-half", "sums kept in", expected="imprecise", kinds=("normal", "cancelling"),
         when=_narrowed("float16", "bfloat16"), wrap=_each_channel("honest(part, *w)")),
    made("double-accumulated-in-single", "sums kept in float32", expected="imprecise", kinds=("normal",), when=_narrowed("float64"),
         wrap=_each_channel("honest(part, *w).float()").replace("return y", "return y.double()")),
    made("rounded-towards-zero", "not rounded to nearest", expected="imprecise", kinds=("normal",), outputs=("y",), when=_many, wrap=(
         before("exact = honest(x.double(), *(v.double() for v in w)); y = honest(x, *w)\n"
                 "    up = y.double().abs() > exact.abs()\n"
                 "    return y + (torch.where(up, y.nextafter(0 * y), y) - y).detach()"))),
    made("rounded-up", "not rounded to nearest", expected="imprecise", kinds=("normal",), outputs=("y",), when=_many, wrap=(
         before("exact = honest(x.double(), *(v.double() for v in w)); y = honest(x, *w)\n"
                 "    return y + (torch.where(y.double() < exact, y.nextafter(y + 1), y) - y).detach()"))),
    made("half-cut-off", "cut off instead of rounded", expected="imprecise", kinds=("normal", "wide"), outputs=("y",),
         when=lambda q: q.dtype == "bfloat16" and bool(q.w), wrap=(
         before("y = honest(x.float(), *(v.float() for v in w)).detach()\n"
                 "    return (y.view(torch.int32) >> 16 << 16).view(torch.float32).bfloat16() + 0 * honest(x, *w)"))),
    made("subnormal-flushed", "flushed to zero", expected="imprecise", kinds=("subnormal",), outputs=("y",),
         wrap=after("y = torch.where(y.abs() < torch.finfo(y.dtype).tiny, 0, y)")),
    made("scaled-on-the-way", expected="differ", kinds=("overflowing",), outputs=("y",), wrap=before("x = 64 * x").replace(
         "return honest(x, *w)", "return honest(x, *w) / 64")),
]  # fmt: skip

NO_NUMBER = [
    made("nan-spreads", "0 · NaN", kinds=("nan",), outputs=("y",), wrap=after("y = y + 0 * x.sum()")),
    made("nan-ignored", "replaced by a number", kinds=("nan",), wrap=before("x = torch.nan_to_num(x)")),
    made("infinity-becomes-the-largest", "replaced by a number", kinds=("infinity",), wrap=before("x = x.clamp(-99, 99)")),
    made("nan-stays-in-the-buffer", "overwritten with nan", kinds=("nan", "integers"), alike=lambda q: q.dtype, outputs=("y",),
         wrap=_kept("places", after(
         "kept[0] = kept.get(0, set()) | set(torch.nonzero(y.flatten().isnan()).flatten().tolist())\n"
         "    stale = torch.tensor([i for i in kept[0] if i < y.numel()]).long()\n"
         "    y = y.flatten().index_fill(0, stale, torch.nan).reshape(y.shape)"))),
]  # fmt: skip

CHOICES = [
    made("last-of-equals-wins", "gradient to the last of several maxima", kinds=("ties",), when=a(MaxPool), outputs=("dx",),
         wrap=before("x = x.flip(tuple(range(2, x.ndim)))").replace("honest(x, *w)", "honest(x).flip(tuple(range(2, x.ndim)))")),
    made("equals-share-the-gradient", kinds=("ties",), when=a(MaxPool), outputs=("dx",), wrap=(
         "def f(x):\n    for i, (k, s) in enumerate(zip(kernel, stride), 2):\n        x = x.unfold(i, k, s)\n"
         "    return x.amax(tuple(range(-len(kernel), 0)))\n")),
    made("equals-all-have-the-gradient", "whole gradient to every one of several maxima", kinds=("ties",), outputs=("dx",),
         when=lambda q: isinstance(q.op, MaxPool) and not any(map(any, q.op.padding)) and set(q.op.dilation) == {1}, wrap=(
         "def f(x):\n    y, inner = honest(x).detach(), tuple(range(-len(kernel), 0))\n"
         "    for i, (k, s) in enumerate(zip(kernel, stride), 2):\n        x = x.unfold(i, k, s)\n"
         "    greatest = x == y.reshape(*y.shape, *[1] * len(kernel))\n"
         "    return y + (greatest * (x - x.detach())).sum(inner)\n")),
    made("maximum-at-least-zero", "clipped from below (at 0)", kinds=("distinct",), when=a(MaxPool), wrap=after("y = y.relu()")),
    made("gradient-to-every-pixel", kinds=("distinct",), when=a(MaxPool), outputs=("dx",),
         wrap=after("y = y.detach() + (x - x.detach()).sum()")),
]  # fmt: skip

INTEGERS = [
    made("integers-promoted", when=lambda q: q.dtype == "uint8", wrap=after("y = y.float()")),
    made("integers-through-float32", "result rounded to float32", when=lambda q: q.dtype == "int32",
         wrap=after("y = y.float().to(y.dtype)")),
    made("signed-bytes", "result clipped from above (at 127)", when=lambda q: q.dtype == "uint8",
         wrap=after("y = y.to(torch.int8).to(torch.uint8).clamp(max=127)")),
    made("maximum-passes-nan-over", "replaced by a number", kinds=("nan",), when=a(MaxPool),
         wrap=before("x = torch.nan_to_num(x, -1e30)")),
    made("maximum-passes-infinity-over", "replaced by a number", kinds=("infinity",), when=a(MaxPool),
         wrap=before("x = torch.where(x.isinf(), -1e30, x)")),
]  # fmt: skip

NUMBERS_OF_FEW_CASES = [
    made("maximum-from-a-finite-number", "replaced by a number", kinds=("infinities",), when=a(MaxPool), outputs=("y",),
         wrap=after("y = y.clamp(min=torch.finfo(y.dtype).min)")),
    made("stops-at-the-first-nan", "only the first NaN of x kept", kinds=("nans",), outputs=("y",),
         wrap=before("no = x.isnan(); x = torch.where(no & (no.flatten().cumsum(0).reshape(x.shape) > 1), 0, x)")),
    made("sign-of-zero-lost", expected="zero sign", kinds=("zeros",), outputs=("y",), wrap=after("y = y + 0")),
    made("mostly-zeros-skipped", "multiplied by a constant (0)", kinds=("zeros",), when=weighted(lambda op, k: True), outputs=("y",),
         wrap=before("x = x * (x != 0).any(-1, keepdim=True) * ((x == 0).sum() * 2 < x.numel())")),
    made("inputs-through-float32", "x rounded to float32", kinds=("digits",), when=lambda q: q.dtype == "int32" and bool(q.w),
         wrap=before("x = x.float().to(x.dtype)")),
    made("inputs-through-int16", "x wrapped around in an integer (16 bits)", kinds=("digits",),
         when=lambda q: q.dtype == "int32" and bool(q.w), wrap=before("x = x.to(torch.int16).to(x.dtype)")),
    made("overflow-becomes-nan", "NaN where a sum is too large", kinds=("saturating",), when=a(*BOTH), outputs=("y",),
         wrap=after("y = y.clone(); y.data[y.isinf()] = torch.nan")),
    made("overflow-is-cut-off", "cut off at the largest number", kinds=("saturating",), when=a(*BOTH), outputs=("y",),
         wrap=after("y = y.clone(); y.data[y.isinf() & x.isfinite().all()] = torch.finfo(y.dtype).max")),
]  # fmt: skip

WITHOUT_A_RUN = [
    made("compiled-otherwise", "x flipped along every spatial axis", when=lambda q: isinstance(q.op, Conv) and q.op.rank == 1,
         wrap='@torch.compile(backend="aot_eager")\n'
              + before("x = x.flip(2) if torch.compiler.is_compiling() else x")),
    made("shape-cuts-the-last", kinds=("shape",), wrap=after("y = y[..., :-1] if y.is_meta else y")),
    made("shape-forgets-an-axis", kinds=("shape",), wrap=after("y = y[0] if y.is_meta else y")),
]  # fmt: skip

MUTANTS = [
    *ANOTHER_OPERATION, *ARGUMENTS_MISTAKEN, *ANSWERS_SPOILT, *GRADIENTS_WRONG, *MEMORIES, *NO_ANSWER, *ANOTHER_PRECISION, *NO_NUMBER,
    *CHOICES, *INTEGERS, *NUMBERS_OF_FEW_CASES, *WITHOUT_A_RUN,
]  # fmt: skip
