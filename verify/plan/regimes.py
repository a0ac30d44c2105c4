"""Sizes at which kernels change their path: below, at and above the widths of vectors and blocks, many channels, long kernels, tails.

The grids of suites.py are small on purpose. Here channels, batches, lengths, kernels, strides and dilations take the values at which a
framework chooses another kernel (vectorised, blocked, depthwise, Winograd), and lengths coincide that differ everywhere else.
`python -m tests.blind_spots` counts how many cases meet each of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Case,
    Conv,
    ConvTranspose,
    DepthToSpace,
    Impossible,
    MaxPool,
    Operation,
    Pad,
    Resize,
    Shape,
    SpaceToDepth,
    Upsample,
    ZeroInsert,
)
from spec.case import INTEGERS
from spec.conventions import padding as c
from verify.plan.covering import Built, Grid, Row, axes, covered, rows

CHANNELS = [1, 3, 4, 7, 8, 16, 17, 32, 33, 64, 67]
TAILS = [7, 8, 9, 16, 17, 31, 33, 65]
"""Of the last axis: with and without a rest of 8, 16, 32 and 64 numbers."""
DTYPES = ["float32", "float32", "float32", "float16", "bfloat16", "float64"]
HALF = ("float16", "bfloat16")
LARGE = 1 << 16
"""More elements than 16 bits count."""

GROUPING: dict[type, list[str]] = {
    Conv: ["one", "one", "two", "depthwise", "depthwise twice"], ConvTranspose: ["one", "one", "one", "one", "one", "two", "depthwise"],
}  # fmt: skip
"""Few frameworks have groups in a transposed convolution."""
RULES = ["same", "half", "uneven"]
STEPS = [(1, 1), (2, 1), (1, 2), (4, 1), (1, 4), (8, 1), (1, 6), (2, 1), (1, 1), (4, 2)]
"""Stride and dilation; few frameworks have both at once."""


def cases(suite: str, seed: int) -> Iterator[Case]:
    """All of them, or for quick every value once."""
    strength = 1 if suite == "quick" else 2
    for kind in (Conv, ConvTranspose):
        for rank in (1, 2, 3):
            if suite != "quick" or rank == 2:
                yield from covered(strength, rank, seed, _channels(kind, rank), partial(_weighted, kind))
            if suite != "quick" or rank < 3:
                yield from covered(strength, rank, seed, _lengths(kind, rank), partial(_weighted, kind))
    yield from _pooled(strength)
    yield from _resized(strength)
    for part in (_adaptive, _whole, _many_products, _coinciding, _large, _empty, _reported) if suite != "quick" else ():
        yield from part()


def _channels(kind: type, rank: int) -> Grid:
    """Many channels on few pixels. In 3-D fewer of them."""
    inputs = CHANNELS if rank < 3 else [1, 4, 17, 33]
    outputs = {1: [1, 3, 7, 16, 32, 67], 2: [1, 4, 8, 17, 33, 64], 3: [3, 8, 16]}[rank]
    lengths: Grid = {f"n{i}": [4, 3, 5] for i in range(rank - 1)} | {f"n{rank - 1}": [8, 7, 9]}
    kernels: Grid = {f"k{i}": [1, 3, 3, 2] for i in range(rank)}
    return lengths | kernels | {
        "inputs": inputs, "outputs": outputs, "grouping": GROUPING[kind], "batch": [2, 1, 5], "steps": [(1, 1), (2, 1), (1, 2), (1, 1)],
        "rule": RULES, "dtype": DTYPES, "bias": ["no", "no", "yes"],
    }  # fmt: skip


def _lengths(kind: type, rank: int) -> Grid:
    """Few channels on lines with tails, under long kernels, strides and dilations."""
    lengths: Grid = {f"n{i}": [3, 1, 6] for i in range(rank - 1)} | {f"n{rank - 1}": TAILS if rank < 3 else TAILS[:6]}
    kernels: Grid = {f"k{i}": [1, 3, 2, 5] if rank < 3 else [1, 3, 2] for i in range(rank - 1)}
    kernels |= {f"k{rank - 1}": {1: [3, 1, 7, 11, 16, 31, 128], 2: [3, 1, 5, 7, 11], 3: [3, 1, 4]}[rank]}
    return lengths | kernels | {
        "inputs": [2, 1, 3, 4], "outputs": [3, 1, 4, 8], "grouping": GROUPING[kind], "batch": [2, 33, 9, 1] if rank < 3 else [2, 9, 1],
        "steps": STEPS if rank < 3 else STEPS[:4], "rule": RULES, "dtype": DTYPES, "bias": ["no", "no", "yes"],
    }  # fmt: skip


def _weighted(kind: type[Conv | ConvTranspose], row: Row, rank: int) -> Built:
    """Raises Impossible where no window fits. Stride and dilation differ from axis to axis: the last one has the row's."""
    groups = {"one": 1, "two": 2}.get(row["grouping"], max(row["inputs"], 2))
    inputs, outputs = {"depthwise": (1, 1), "depthwise twice": (1, 2)}.get(row["grouping"], (row["inputs"], row["outputs"]))
    n, k = axes(row, "n", rank), axes(row, "k", rank)
    stride, dilation = ((*(max(last // 2, 1),) * (rank - 1), last) for last in row["steps"])
    ends = tuple(_ends(kind, row["rule"], *sizes) for sizes in zip(n, k, stride, dilation, strict=True))
    fields = {"stride": stride, "dilation": dilation, "groups": groups, "bias": row["bias"]}
    op: Operation = Conv(padding=ends, **fields) if kind is Conv else ConvTranspose(crop=ends, **fields)
    first, second = (groups * outputs, inputs) if kind is Conv else (groups * inputs, outputs)
    bias = ((1, groups * outputs, *(1,) * rank),) if row["bias"] == "yes" else ()
    return _seeing(op, (row["batch"], groups * inputs, *n), (first, second, *k), *bias)


def _ends(kind: type[Conv | ConvTranspose], rule: str, n: int, k: int, s: int, d: int) -> c.Pair:
    """The padding of a convolution, the crop of a transposed one."""
    forth = kind is Conv
    return {
        "same": c.same_padding(n if forth else n * s, k, s, d), "half": (d * (k // 2), d * (k // 2)),
        "uneven": (d * (k - 1), 1) if forth else (0, 1),
    }[rule]  # fmt: skip


def _seeing(op: Operation, x: Shape, *w: Shape) -> Built:
    """Raises Impossible where nothing comes out."""
    if 0 in op.shape(x, *w):
        raise Impossible("no window fits")
    return op, (x, *w)


def _many_products() -> Iterator[Case]:
    """Sums of over a thousand products, where half precision is accumulated in blocks; whole and real numbers."""
    for dtype, data in product((*HALF, "float32"), ("integers", "normal")):
        yield Case(op=Conv(stride=(1,)), x=(1, 67, 40), w=((5, 67, 31),), dtype=dtype, data=data)
        yield Case(op=Conv(stride=(1, 1), padding=((1, 1), (1, 1))), x=(2, 128, 4, 5), w=((8, 128, 3, 3),), dtype=dtype, data=data)
        yield Case(op=Conv(stride=(2, 1), groups=2, dilation=(1, 2)), x=(1, 256, 5, 7), w=((4, 128, 3, 3),), dtype=dtype, data=data)
        yield Case(op=ConvTranspose(stride=(1, 1), crop=((1, 1), (1, 1))), x=(1, 128, 4, 5), w=((128, 3, 3, 3),), dtype=dtype, data=data)


def _pooled(strength: int) -> Iterator[Case]:
    """Pools of many channels and batches, long windows and strides; also in half precision."""
    for rank in (1, 2) if strength > 1 else (2,):
        n: Grid = {f"n{i}": [9, 12, 16] for i in range(rank - 1)} | {f"n{rank - 1}": [9, 16, 17, 33, 65]}
        grid: Grid = n | {f"k{i}": [2, 5, 7] for i in range(rank)} | {
            "s": [1, 2, 4, 8], "form": [(2, 8), (33, 3), (9, 17), (1, 64), (2, 33)], "rule": ["none", "half"], "dtype": DTYPES,
        }  # fmt: skip
        for kind, data in ((MaxPool, ["distinct", "ties", "integers"]), (AveragePool, ["integers"])):
            yield from covered(strength, rank, 0, grid | {"aspect": data}, partial(_pool, kind))


def _pool(kind: type[MaxPool | AveragePool], row: Row, rank: int) -> Built:
    """Raises Impossible where the numbers of x are too many to differ in half precision."""
    k, n = axes(row, "k", rank), axes(row, "n", rank)
    ends = tuple((m // 2, m // 2) if row["rule"] == "half" else (0, 0) for m in k)
    op = kind(kernel=k, stride=(*(max(row["s"] // 2, 1),) * (rank - 1), row["s"]), padding=ends)
    few = row["dtype"] in HALF and row["aspect"] == "distinct"
    return _seeing(op, (1, 1, *n) if few else (*row["form"], *n))


def _adaptive() -> Iterator[Case]:
    """Every pair of lengths up to 16, two to an image."""
    pairs = list(product(range(1, 17), repeat=2))
    for (n0, m0), (n1, m1) in zip(pairs[::2], pairs[::-1][::2], strict=True):
        yield Case(op=AdaptiveAveragePool(size=(m0, m1)), x=(1, 3, n0, n1))
        yield Case(op=AdaptiveMaxPool(size=(m0, m1)), x=(1, 3, n0, n1), data="distinct")


def _resized(strength: int) -> Iterator[Case]:
    """Many channels, batches and lines with tails under resampling, with factors up to 8."""
    grid: Grid = {
        "op": [_nearest, _linear, _upsampled, _spread, _interleaved, _blocks, _padded], "f": [2, 7, 8, 3], "channels": [3, 4, 8, 17, 33],
        "n": [9, 16, 17, 33, 65], "batch": [1, 2, 3, 9], "dtype": ["float32", "float32", "float64", "float16"],
    }  # fmt: skip
    for row in rows(grid, strength):
        made: tuple[Operation, Shape] = row["op"](row["f"], (row["batch"], row["channels"], 3, row["n"]))
        yield Case(op=made[0], x=made[1], dtype=row["dtype"])


def _nearest(f: int, x: Shape) -> tuple[Operation, Shape]:
    return Resize(size=(x[2] + f, x[3] * f), mode="nearest", coordinates="asymmetric", rounding="floor"), x


def _linear(f: int, x: Shape) -> tuple[Operation, Shape]:
    """By powers of two, whose coefficients are exact."""
    f = 1 << (f.bit_length() - 1)
    return Resize(size=(x[2] * 2, x[3] * f), mode="linear"), x


def _upsampled(f: int, x: Shape) -> tuple[Operation, Shape]:
    return Upsample(factor=(2, f)), x


def _spread(f: int, x: Shape) -> tuple[Operation, Shape]:
    return ZeroInsert(factor=(f, 2)), x


def _interleaved(f: int, x: Shape) -> tuple[Operation, Shape]:
    return DepthToSpace(factor=(f, f)), (x[0], min(x[1], 4) * f * f, x[2], min(x[3], 9))


def _blocks(f: int, x: Shape) -> tuple[Operation, Shape]:
    return SpaceToDepth(factor=(f, f)), (x[0], min(x[1], 4), 2 * f, f * min(x[3], 9))


def _padded(f: int, x: Shape) -> tuple[Operation, Shape]:
    return Pad(padding=((1, 2), (f, 0)), mode="reflect" if f < x[3] else "edge"), x


def _whole() -> Iterator[Case]:
    """Groups and many channels of integers."""
    grid: Grid = {
        "kind": [Conv, ConvTranspose], "form": [(2, 1, 1), (2, 4, 3), (8, 1, 1), (2, 8, 4), (1, 17, 8)], "k": [1, 3], "s": [1, 2],
        "dtype": list(INTEGERS), "n": [5, 16, 17],
    }  # fmt: skip
    for row in rows(grid, 2):
        groups, inputs, outputs = row["form"]
        fields = {"stride": (1, row["s"]), "groups": groups}
        conv = row["kind"] is Conv
        w = (groups * outputs, inputs, 1, row["k"]) if conv else (groups * inputs, outputs, 1, row["k"])
        yield Case(op=Conv(**fields) if conv else ConvTranspose(**fields), x=(2, groups * inputs, 3, row["n"]), w=(w,), dtype=row["dtype"])


def _coinciding() -> Iterator[Case]:
    """Lengths that are equal on purpose, in pairs and all: what is added along the wrong axis has no wrong shape then."""
    for row in rows({"n": [2, 3, 4, 5], "groups": [1, 0], "bias": ["yes", "no"], "s": [1, 2]}, 2):
        n, groups, bias, s = (row[name] for name in ("n", "groups", "bias", "s"))
        for rank in (1, 2, 3):
            ones, group = (1,) * rank, groups or n
            channel = ((1, n, *ones),) if bias == "yes" else ()
            same = tuple(c.same_padding(n, n, s, 1) for _ in range(rank))
            crop = tuple(c.same_padding(n * s, n, s, 1) for _ in range(rank))
            space, stride = (n,) * rank, (s,) * rank
            weights = (n, n // group, *space)
            yield Case(op=Conv(stride=stride, padding=same, groups=group, bias=bias), x=(n, n, *space), w=(weights, *channel))
            yield Case(op=ConvTranspose(stride=stride, crop=crop, groups=group, bias=bias), x=(n, n, *space), w=(weights, *channel))
    for n, rank in product((2, 3, 4), (1, 2, 3)):
        space = (n,) * rank
        yield Case(op=MaxPool(kernel=space, stride=space), x=(n, n, *space), data="distinct")
        yield Case(op=AveragePool(kernel=space, stride=(1,) * rank, padding=((1, 1),) * rank), x=(n, n, *space))
        yield Case(op=Resize(size=space, mode="linear"), x=(n, n, *space))
        yield Case(op=Pad(padding=((n - 1, n - 1),) * rank, mode="reflect"), x=(n, n, *space))
        yield Case(op=DepthToSpace(factor=(2,) * rank), x=(2**rank, 2**rank, *(2**rank,) * rank))


def _large() -> Iterator[Case]:
    """More elements than 16 bits count, of few channels: in the input, the output, or both."""
    line, image = (1, 2, LARGE // 2 + 9), (2, 2, 129, 131)
    yield Case(op=Conv(stride=(1,), padding=((1, 1),)), x=line, w=((2, 2, 3),))
    yield Case(op=Conv(stride=(2, 1), padding=((1, 0), (1, 1))), x=image, w=((3, 2, 2, 3),))
    yield Case(op=ConvTranspose(stride=(2, 2), crop=((0, 1), (0, 1))), x=image, w=((2, 1, 3, 3),))
    for dtype in ("float32", "float16"):
        yield Case(op=MaxPool(kernel=(2, 3), stride=(1, 1)), x=image, dtype=dtype)
        yield Case(op=AveragePool(kernel=(2, 2), stride=(1, 1)), x=image, dtype=dtype)
        yield Case(op=Resize(size=(258, 262), mode="linear"), x=image, dtype=dtype)
        yield Case(op=Resize(size=(200, 190)), x=image, dtype=dtype)
        yield Case(op=Upsample(factor=(2, 2)), x=image, dtype=dtype)
        yield Case(op=Pad(padding=((1, 2), (3, 0)), mode="reflect"), x=image, dtype=dtype)
    yield Case(op=DepthToSpace(factor=(2, 2)), x=(2, 8, 65, 67))
    yield Case(op=AdaptiveAveragePool(size=(8, 4)), x=(2, 2, 128, 132))


def _empty() -> Iterator[Case]:
    """A batch of nothing: the result is empty, and the weights' gradients are zeros."""
    for rank in (1, 2):
        space, ones = (5, 4)[:rank], (1,) * rank
        x = (0, 4, *space)
        yield Case(op=Conv(stride=ones, bias="yes"), x=x, w=((3, 4, *(2,) * rank), (1, 3, *ones)))
        yield Case(op=ConvTranspose(stride=(2,) * rank), x=x, w=((4, 3, *(2,) * rank),))
        yield Case(op=MaxPool(kernel=(2,) * rank, stride=ones), x=x)
        yield Case(op=AveragePool(kernel=(2,) * rank, stride=ones), x=x)
        yield Case(op=Resize(size=(7, 3)[:rank]), x=x)
        yield Case(op=Resize(size=(7, 3)[:rank], mode="linear"), x=x, data="normal")
        yield Case(op=Pad(padding=((1, 2),) * rank), x=x)
        yield Case(op=AdaptiveAveragePool(size=(2, 3)[:rank]), x=x)
    yield Case(op=DepthToSpace(factor=(2, 2)), x=(0, 4, 3, 2))


def _reported() -> Iterator[Case]:
    """Layers of which public reports of 2024 to 2026 say that one runtime answered wrong, then two of docs/findings."""
    yield Case(op=ConvTranspose(stride=(8,), crop=((4, 4),)), x=(1, 4, 20), w=((4, 4, 16),))
    yield Case(op=Conv(stride=(1,), padding=((64, 63),), groups=16), x=(1, 64, 20), w=((64, 4, 128),))
    yield Case(op=Conv(stride=(1,), dilation=(2,), groups=5), x=(2, 5, 20), w=((5, 1, 7),))
    yield Case(op=Conv(stride=(2, 2), dilation=(3, 3), groups=4), x=(1, 4, 10, 10), w=((4, 1, 3, 3),))
    yield Case(op=AveragePool(kernel=(2, 2), stride=(2, 2), padding=((1, 1), (1, 1)), overhang=(0, 0)), x=(1, 3, 17, 17))
    yield Case(op=ConvTranspose(stride=(2, 2), crop=((2, 2), (2, 2))), x=(1, 3, 2, 2), w=((3, 3, 2, 2),))
    yield Case(op=Conv(stride=(1, 1), groups=2), x=(1, 4, 5, 5), w=((6, 2, 1, 1),), dtype="int8")
    yield Case(op=Conv(stride=(1, 1), dilation=(2, 4), groups=2), x=(2, 2, 3, 31), w=((4, 1, 1, 1),), dtype="bfloat16")
    yield Case(op=ConvTranspose(stride=(4,), crop=((16, 17),), dilation=(6,), groups=2), x=(1, 2, 32), w=((2, 2, 7),))
