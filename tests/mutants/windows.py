"""Long kernels, large strides, dilations and factors; shortcuts of single windows; Winograd; half precision and integers."""

from __future__ import annotations

from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Case,
    Conv,
    DepthToSpace,
    MaxPool,
    Pad,
    SpaceToDepth,
    Upsample,
    ZeroInsert,
)
from tests.mutants.channels import FITTED, UNDILATED
from tests.mutants.mutant import made
from tests.mutants.parts import BOTH, a, after, at, before, both, dx, on, over, padding, rest, weighted

DENSE = a(*BOTH)
WINOGRAD = "3×3, stride 1, 4 channels and more (Winograd)"
EDGES = (
    "def f(x, w, *b):\n    x = F.pad(x, [n for pair in reversed(padding) for n in pair], mode={mode!r})\n"
    "    return getattr(F, f'conv{{len(stride)}}d')(x, w, *map(torch.flatten, b), stride=stride, dilation=dilation, groups=groups)\n"
)


def _padded(q: Case) -> bool:
    """Within what PyTorch's other modes take."""
    ends = [(end, n) for pair, n in zip(getattr(q.op, "padding", ()), q.x[2:], strict=False) for end in pair]
    return isinstance(q.op, Conv) and any(end for end, _ in ends) and all(0 <= end <= n for end, n in ends)


KERNELS = [
    made("kernel-cut-after-16", "kernel with zeros at the last ind … of one spatial axis", when=both(DENSE, over(-1, 16, "w")),
         wrap=before("w = (only(w[0], -1, lambda i, n: i < 16), *w[1:])")),
    made("kernel-of-128-is-a-negative-length", "multiplied by a constant (0)", when=at("kernel of 128 and more"), wrap=after("y = 0 * y")),
    made("kernel-in-4s", "kernel with zeros at the last ind … of one spatial axis", when=both(at("kernel over 5"), rest(-1, 4, "w")),
         wrap=before("w = (only(w[0], -1, lambda i, n: i < n // 4 * 4), *w[1:])")),
    made("long-kernel-wraps-around", "padding with pixels wrapped around", when=both(at("kernel over 5"), _padded),
         wrap=EDGES.format(mode="circular")),
    made("long-kernel-through-an-fft", "by a transform", expected="imprecise", when=both(
         at("kernel over 5"), lambda q: q.dtype == "float32"), wrap=after("y = y * (1 + 2 * torch.finfo(y.dtype).eps)")),
    made("kernel-of-16-flipped", "kernel flipped along every spatial axis", when=at("kernel of 16 and more"),
         wrap=before("w = (w[0].flip(tuple(range(2, x.ndim))), *w[1:])")),
    made("axis-of-1-is-repeated", "padding with edge pixels", when=both(at("an axis of length 1"), _padded),
         wrap=EDGES.format(mode="replicate")),
    made("kernel-cut-to-the-input", "kernel with zeros at the last ind … of one spatial axis",
         when=lambda q: DENSE(q) and q.w[0][-1] > q.x[-1],
         wrap=before("w = (only(w[0], -1, lambda i, n: i < x.shape[-1]), *w[1:])")),
    made("kernel-like-the-input-convolves", "kernel flipped along every spatial axis", when=at("kernel as long as the input"),
         wrap=before("w = (w[0].flip(tuple(range(2, x.ndim))), *w[1:])")),
    made("patches-with-rows-for-columns", "kernel with its spatial axes in reverse order",
         when=lambda q: at("stride equal to the kernel")(q) and q.op.rank == 2, wrap=before("w = (w[0].transpose(2, 3), *w[1:])")),
    made("average-over-everything", "whole input used for every window",
         when=lambda q: isinstance(q.op, AveragePool) and q.op.kernel == q.x[2:],
         wrap=after("y = 0 * y + x.mean(tuple(range(2, x.ndim)), keepdim=True)")),
]  # fmt: skip

STEPS = [
    made("stride-of-3-bits", "stride ignored", when=lambda q: isinstance(q.op, Conv) and max(q.op.stride) > 7,
         change=on(Conv, lambda op: {"stride": (1,) * op.rank}), wrap=FITTED),
    made("large-stride-shifted", "padding shifted by one pixel later", when=both(a(Conv), at("stride over 3")),
         change=padding(lambda lo, hi: (lo + 1, hi - 1))),
    made("stride-of-8-reads-one-window", "repeated from the start", when=both(a(*BOTH, MaxPool, AveragePool), at("stride of 8 and more")),
         wrap=after("y = taken(y, -1, lambda i, n: 0 * i)")),
    made("dilation-over-3-ignored", "dilation ignored", change=UNDILATED, wrap=FITTED,
         when=weighted(lambda op, k: max(op.dilation) > 3 and 1 < k[-1] < 8)),
    made("dilation-over-3-one-smaller", "dilation one smaller", when=lambda q: DENSE(q) and min(q.op.dilation) > 3,
         change=on(BOTH, lambda op: {"dilation": tuple(d - 1 for d in op.dilation)}), wrap=FITTED),
    made("dilation-ignored-under-a-stride", "dilation ignored", when=at("stride with dilation and uneven padding"),
         change=UNDILATED, wrap=FITTED),
    made("uneven-padding-exchanged", "lo and hi of padding exchanged", when=at("stride with dilation and uneven padding"),
         change=padding(lambda lo, hi: (hi, lo))),
    made("transposed-dilation-ignored-under-a-stride", "dilation ignored", when=at("transposed: stride with dilation and a crop"),
         change=UNDILATED, wrap=FITTED),
    made("half-ignores-its-dilation", "dilation ignored", when=at("dilation in half precision"), change=UNDILATED, wrap=FITTED),
    made("upsampling-by-4-at-most", "factor at most 4", when=both(a(Upsample), at("factor over 3"), lambda q: max(q.op.factor) > 4),
         wrap=after("y = x\n    for i, n in enumerate(factor, 2):\n        y = y.repeat_interleave(min(n, 4), i)\n    y = fit(y)")),
    made("zeros-before-under-large-factors", "result shifted by one pixel later", when=both(a(ZeroInsert), at("factor over 3")),
         wrap=after("y = y.roll(1, -1)")),
    made("depth-to-space-over-4-in-the-other-order", "channel order",
         when=lambda q: isinstance(q.op, DepthToSpace) and max(q.op.factor) > 4,
         change=on(DepthToSpace, lambda op: {"order": "CRD" if op.order == "DCR" else "DCR"})),
    made("space-to-depth-over-4-in-the-other-order", "channel order",
         when=lambda q: isinstance(q.op, SpaceToDepth) and max(q.op.factor) > 4,
         change=on(SpaceToDepth, lambda op: {"order": "CRD" if op.order == "DCR" else "DCR"})),
    made("reflection-repeats-the-edge", "mode symmetric", when=lambda q: isinstance(q.op, Pad) and q.op.mode == "reflect" and q.x[-1] > 16,
         wrap=after("i = torch.arange(shape[-1]) - padding[-1][0]; rows = torch.arange(shape[-2]) - padding[-2][0]; "
                    "m, n = x.shape[-2:]; rows, i = (rows + (rows < 0)).abs(), (i + (i < 0)).abs(); "
                    "y = x[:, :, torch.where(rows < m, rows, 2 * m - 1 - rows)][..., torch.where(i < n, i, 2 * n - 1 - i)]")),
    made("adaptive-average-to-more-takes-one", "one pixel of each window", when=both(
         a(AdaptiveAveragePool), at("adaptive pooling to more pixels")), wrap=after("y = F.interpolate(x, size=y.shape[2:])")),
    made("adaptive-maximum-to-more-takes-one", "one pixel of each window", kinds=("distinct",), when=both(
         a(AdaptiveMaxPool), at("adaptive pooling to more pixels")), wrap=after("y = F.interpolate(x, size=y.shape[2:])")),
]  # fmt: skip

WINOGRADS = [
    made("winograd-with-a-wrong-sign", "only columns", when=at(WINOGRAD), wrap=after(
         "last = w[0][..., 2:]; z = honest(x, torch.cat([last, 0 * last, -last], -1), *(0 * v for v in w[1:])); "
         "y = y + 2 * z * (torch.arange(y.shape[-1]) % 2)")),
    made("winograd-forgets-an-odd-row", "result with zeros at the last index of one spatial axis", when=lambda q: (
         at(WINOGRAD)(q) and q.y[-2] % 2 == 1 < q.y[-2]), wrap=after("y = only(y, -2, lambda i, n: i < n - 1)")),
    made("winograd-dx-of-the-flipped-kernel", "kernel flipped along every spatial axis", outputs=("dx",), when=at(WINOGRAD), wrap=after(
         "z = honest(x, *(v.detach().flip(tuple(range(2, v.ndim))) for v in w)); y = honest(x.detach(), *w) + z - z.detach()")),
    made("winograd-rounds", "by a transform", expected="imprecise", when=lambda q: at(WINOGRAD)(q) and q.dtype == "float32",
         wrap=after("y = y * (1 + 2 * torch.finfo(y.dtype).eps)")),
]  # fmt: skip

NUMBERS = [
    made("half-sums-of-blocks-in-half", "sums kept in", expected="imprecise", kinds=("normal",),
         when=at("over 1,000 products in half precision"), wrap=before(
         "blocks = torch.arange(x.shape[1]).chunk(16); "
         "return sum(honest(only(x, 1, lambda i, n: (i >= b[0]) & (i <= b[-1])), *w) for b in blocks)")),
    made("products-over-1024-dropped", "sums of only the first 1024 products",
         when=both(a(Conv), at("over 1,000 products in half precision")),
         wrap=before("v = w[0].flatten(1); w = (only(v, 1, lambda i, n: i < 1024).reshape(w[0].shape), *w[1:])")),
    made("half-maximum-starts-from-0", "clipped from below (at 0)", kinds=("integers", "distinct", "ties"),
         when=lambda q: at("pool's kernel over 3 in half precision")(q) and q.op.rank == 1, wrap=after("y = y.relu()")),
    made("maximum-of-integers-starts-from-0", "clipped from below (at 0)", kinds=("distinct", "integers", "ties"),
         when=both(at("maxima of integers"), lambda q: q.dtype != "uint8"), wrap=after("y = y.clamp(min=0)")),
    made("maximum-of-integers-in-float32", "rounded to float32", when=both(at("maxima of integers"), lambda q: q.dtype == "int32"),
         wrap=after("y = y.float().to(y.dtype)")),
    made("average-shifts-instead-of-dividing", "multiplied by a constant", when=lambda q: (
         isinstance(q.op, AveragePool) and max(q.op.kernel) > 4 and not any(map(any, q.op.padding))),
         wrap=after("n = torch.tensor(kernel).prod().item(); y = y * n / 2 ** n.bit_length()")),
    made("dx-of-half-in-a-long-pool-missing", "gradient with zeros at the last ind … of one spatial axis", outputs=("dx",),
         kinds=("integers", "distinct", "ties"), when=at("pool's kernel over 3 in half precision"),
         wrap=dx("only(dx, -1, lambda i, n: i < 8)")),
]  # fmt: skip

MUTANTS = [*KERNELS, *STEPS, *WINOGRADS, *NUMBERS]
