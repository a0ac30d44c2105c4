"""What to ask of the operations that move pixels: resampling, pools with padding, padding itself, biases.

Nearest resampling picks pixels by rounding, so many pairs of lengths are run, two to an image, some of them close calls. Linear and
cubic are run on whole numbers where coordinates are whole numbers over powers of two, else coefficient by coefficient (impulses).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, product
from typing import Any

from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Case,
    Conv,
    ConvTranspose,
    Impossible,
    Lanczos,
    LpPool,
    MaxPool,
    Operation,
    Pad,
    Resize,
    Shape,
    SumPool,
)
from spec.case import FLOATS, INTEGERS
from spec.conventions.padding import ceil_overhang, same_lower_padding, same_padding
from spec.conventions.resize import ANTIALIASED, KEYS, NEAREST, Fields, scaled_length
from spec.operation import Pairs, size
from verify.plan.covering import Built, Grid, Row, axes, covered, of, rows

LENGTHS = {
    "quick": [1, 3, 4, 6, 7, 10],
    "standard": [1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 14, 17, 24, 31],
    "full": list(range(1, 65)),
}
CLOSE_CALLS = [
    (26, 11), (14, 23), (62, 7), (28, 23), (30, 29), (2, 41), (54, 19), (58, 27), (18, 57), (8, 47),  # (j + ½)·n/m
    (14, 46), (26, 22), (39, 33), (54, 38), (62, 14), (58, 54),  # j·n/m
    (32, 15), (39, 29), (14, 45), (27, 45), (43, 21), (36, 31),  # j(n − 1)/(m − 1) + ½
]  # fmt: skip
"""Lengths at which a coordinate is whole, but less than that if it is computed in float32."""

LEGACY = {"mode": "nearest", "coordinates": "asymmetric", "rounding": "floor"}
PICKS: list[Fields] = [NEAREST, LEGACY, LEGACY | {"coordinates": "align_corners", "rounding": "round_prefer_ceil"}]
"""The rules that a framework has a word for."""

LINEAR, CUBIC = {"mode": "linear"}, {"mode": "cubic"}
ALIGNED = {"coordinates": "align_corners"}
PLAIN: list[Fields] = [
    LINEAR, LINEAR, CUBIC, KEYS, KEYS, {"mode": "area"}, LINEAR | ALIGNED, CUBIC | ALIGNED, LINEAR | {"coordinates": "asymmetric"},
]  # fmt: skip
SMOOTHED: list[Fields] = [LINEAR | ANTIALIASED, KEYS | ANTIALIASED]
WINDOWS = [(3, "no"), (3, "yes"), (5, "no"), (5, "yes")]
"""Lanczos windows: lobes, antialias."""
SCALES = [(5, 4), (3, 2), (4, 3), (7, 3), (2, 1), (3, 4), (1, 2)]

FORMS = [(2, 3), (1, 2)]
RULES = ["none", "same", "same_lower", "half", "asymmetric", "wide"]
MEANING = ["float32", "float64"]
MOSTLY_SINGLE = ["float32", "float32", "float64"]
"""TensorFlow resamples in float32 alone."""


def cases(suite: str, seed: int) -> Iterator[Case]:
    parts = (_picked, _weighed, _windowed, _pooled, _padded, _biased, _special, _whole)
    beyond_quick = () if suite != "quick" else (_whole,)
    for q in (q for part in parts if part not in beyond_quick for q in part(suite)):
        yield Case(op=q.op, x=q.x, w=q.w, dtype=q.dtype, data=q.data, check=q.check, seed=seed)


def _picked(suite: str) -> Iterator[Case]:
    """Nearest: two pairs of lengths to a picture, one to a line."""
    pairs = list(product(LENGTHS[suite], repeat=2))
    for i, fields in enumerate(PICKS):
        close = CLOSE_CALLS[i % 2 :: 3] if suite == "quick" else CLOSE_CALLS
        some = [*(pairs if suite == "full" else pairs[i :: 1 + i // 2 + (suite == "quick")]), *close]
        for (n0, m0), (n1, m1) in zip(some[::2], some[1::2][::-1], strict=False):
            yield _resize(fields, (n0, n1), (m0, m1))
        for n, m in close[:: 1 if suite == "full" else 3]:
            yield _resize(fields, (n,), (m,), dtype="float64")
            yield _resize(fields, (n, 2), (m, 3), dtype="float64")
            yield _resize(fields, (3, n, 2), (2, m, 3))
    for fields, s, n in _few(suite, PICKS, SCALES, [2, 3, 5, 8]):
        yield _resize(fields, (n,), (scaled_length(n, *s),), (s,))
        yield _resize(fields, (n, 4), (scaled_length(n, *s), 5), (s, (5, 4)))
    for fields, aspect, dtype in _few(suite, PICKS, ["integers", "nan", "shape"], list(FLOATS)):
        yield _resize(fields, (5, 4), (7, 3), aspect=aspect, dtype=dtype)


def _weighed(suite: str) -> Iterator[Case]:
    """Linear, cubic and area."""
    for fields, factor, n, dtype in _few(suite, PLAIN, [(2, 1), (1, 2), (4, 1), (1, 1)], [1, 4, 6], MOSTLY_SINGLE):
        m = max(n * factor[0] // factor[1], 1)
        yield _resize(fields, (n,), (m,), dtype=dtype)
        yield _resize(fields, (n, 4), (m, 8), dtype=dtype)
    for fields, n, m, dtype in _few(suite, PLAIN + SMOOTHED, [2, 3, 5, 7], [1, 3, 4, 6, 10], MOSTLY_SINGLE):
        yield _resize(fields, (n,), (m,), dtype=dtype, aspect="impulses")
    for fields, n, m, dtype in _few(suite, PLAIN + SMOOTHED, [(5, 3), (4, 7)], [(3, 7), (7, 3), (2, 2)], MOSTLY_SINGLE):
        yield _resize(fields, n, m, dtype=dtype, aspect="impulses")
    for fields, s, n in _few(suite, [LINEAR, CUBIC, KEYS, *SMOOTHED], SCALES, [3, 5]):
        yield _resize(fields, (n,), (scaled_length(n, *s),), (s,), aspect="impulses")
    for fields, aspect, dtype in _few(suite, PLAIN + SMOOTHED, ["normal", "shape"], list(FLOATS)):
        yield _resize(fields, (5, 4), (7, 3), aspect=aspect, dtype=dtype)
    for fields, aspect, dtype in _few(suite, [LINEAR, {"mode": "area"}, KEYS, CUBIC | ALIGNED], ["nan", "infinity"], MOSTLY_SINGLE):
        yield _resize(fields, (5, 4), (10, 3), aspect=aspect, dtype=dtype)
    for fields, m in product([NEAREST, LINEAR, CUBIC] if suite != "quick" else [], [(0,), (0, 3)]):
        yield Case(op=Resize(size=m, **fields), x=(2, 2, 4, 5)[: len(m) + 2])
    for fields in SMOOTHED if suite != "quick" else []:
        yield _resize(fields, (5, 1), (3, 1), aspect="impulses")
    for n, m in _few(suite, [(3, 4, 2), (4, 4, 2)], [(5, 3, 4), (8, 8, 4)]):
        yield _resize(LINEAR, n, m, aspect="impulses")


def _windowed(suite: str) -> Iterator[Case]:
    """Lanczos: coefficient by coefficient, and of real numbers; in lines so long that pixels lie a thousandth apart, too."""
    words = WINDOWS
    for (lobes, smooths), n, m, dtype in _few(suite, words, [2, 3, 5, 8], [1, 3, 4, 6, 10], MOSTLY_SINGLE):
        yield _lanczos(lobes, smooths, (n,), (m,), dtype, "impulses")
    for (lobes, smooths), n, m, dtype in _few(suite, words, [(5, 3), (4, 7)], [(3, 7), (8, 14), (2, 2)], MOSTLY_SINGLE):
        yield _lanczos(lobes, smooths, n, m, dtype, "impulses")
    for (lobes, smooths), aspect, dtype in _few(suite, words, ["normal", "nan", "shape"], list(FLOATS)):
        yield _lanczos(lobes, smooths, (5, 4), (7, 3), dtype, aspect)
    for n, m in [(640, 641), (602, 601)] if suite != "quick" else []:
        yield _lanczos(3, "no", (n,), (m,), "float64", "normal")


def _lanczos(lobes: int, antialias: str, n: Shape, m: Shape, dtype: str, aspect: str) -> Case:
    x = (size(n), 1, *n) if aspect == "impulses" else (2, 2, *n)
    return Case(op=Lanczos(size=m, lobes=lobes, antialias=antialias), x=x, dtype=dtype, **of(aspect))


def _resize(fields: Fields, n: Shape, m: Shape, scale: Pairs = (), *, aspect: str = "integers", dtype: str = "float32") -> Case:
    x = (size(n), 1, *n) if aspect == "impulses" else (2, 2, *n)
    if not min(m):
        m, scale = tuple(max(length, 1) for length in m), ()
    return Case(op=Resize(size=m, scale=scale, **fields), x=x, dtype=dtype, **of(aspect))


def _few(suite: str, *fields: list[Any]) -> Iterator[tuple[Any, ...]]:
    """All combinations for full, all pairs for standard, each value once for quick."""
    grid: Grid = {f"f{i}": values for i, values in enumerate(fields)}
    return (tuple(row[name] for name in grid) for row in rows(grid, {"quick": 1, "standard": 2, "full": len(fields)}[suite]))


def _pooled(suite: str) -> Iterator[Case]:
    for rank in (1, 2, 3):
        strength = 2 if suite == "quick" or rank == 3 else 3
        n: Grid = {f"n{i}": [4, 5, 7][: 3 - rank // 3] for i in range(rank)}
        windows = n | {f"k{i}": [1, 2, 3] for i in range(rank)} | {f"s{i}": [1, 2, 3] for i in range(rank)}
        every = windows | {"rule": RULES, "form": FORMS, "dtype": MEANING, "ceil": [False, True], "dilation": [1, 1, 1, 1, 1, 2]}
        counted: Grid = {"counted": ["window", "padded", "valid", "valid"], "divisor": [0, 0, 5]}
        chosen: Grid = {"aspect": ["distinct", "ties", "integers"]}
        most = {"quick": (12, 4), "standard": (70, 28), "full": (1 << 20, 1 << 20)}[suite]
        most = (most[0] // 4, most[1] // 4) if rank == 3 else most
        yield from islice(covered(strength, rank, 0, every | counted, _average), most[0])
        yield from islice(covered(2, rank, 0, every | {"ceil": [False]}, _sum), most[1])
        yield from islice(covered(strength, rank, 0, every | chosen, _max), most[0])
        yield from islice(covered(2, rank, 0, every | {"ceil": [False], "dilation": [1], "p": [1, 2, 3]}, _norm), most[1])
        sizes: Grid = n | {f"m{i}": [1, 2, 3, 4] for i in range(rank)} | {"form": FORMS, "dtype": MEANING}
        yield from islice(covered(2, rank, 0, sizes | {"same": [False, False, True]}, _adaptive_average), most[1])
        yield from islice(covered(2, rank, 0, sizes | chosen | {"same": [False, False, True]}, _adaptive_max), most[1])
    for op, aspect, dtype in _few(suite, [AdaptiveAveragePool(size=(3, 1)), AdaptiveMaxPool(size=(2, 2))], ["shape"], list(FLOATS)):
        yield Case(op=op, x=(2, 3, 6, 4), dtype=dtype, **of(aspect))


def _padding(row: Row, rank: int) -> Pairs:
    rules: dict[str, Callable[..., tuple[int, int]]] = {
        "none": lambda n, k, s, d, axis: (0, 0),
        "same": lambda n, k, s, d, axis: same_padding(n, k, s, d),
        "same_lower": lambda n, k, s, d, axis: same_lower_padding(n, k, s, d),
        "half": lambda n, k, s, d, axis: (k // 2, k // 2),
        "asymmetric": lambda n, k, s, d, axis: ((1, 2), (0, 1), (2, 0))[axis],
        "wide": lambda n, k, s, d, axis: (d * (k - 1), d * (k - 1)),
    }
    sizes = zip(axes(row, "n", rank), axes(row, "k", rank), axes(row, "s", rank), strict=True)
    return tuple(rules[row["rule"]](n, k, s, row["dilation"], axis) for axis, (n, k, s) in enumerate(sizes))


def _windows(row: Row, rank: int) -> dict[str, Any]:
    windows = {"kernel": axes(row, "k", rank), "stride": axes(row, "s", rank), "padding": _padding(row, rank)}
    return windows | {"dilation": (row["dilation"],) * rank}


def _beyond(row: Row, rank: int) -> Shape:
    """The overhang of ceil_mode."""
    sizes = zip(axes(row, "n", rank), axes(row, "k", rank), axes(row, "s", rank), _padding(row, rank), strict=True)
    return tuple(max(ceil_overhang(n, k, s, row["dilation"], *pair), 0) if row["ceil"] else 0 for n, k, s, pair in sizes)


def _seeing(op: Operation, row: Row, rank: int) -> Built:
    """The operation on an image of which its windows see something."""
    x = (*row["form"], *axes(row, "n", rank))
    if 0 in op.shape(x):
        raise Impossible("no window fits")
    return op, (x,)


def _average(row: Row, rank: int) -> Built:
    op = AveragePool(**_windows(row, rank), overhang=_beyond(row, rank), counted=row["counted"], divisor=row["divisor"])
    return _seeing(op, row, rank)


def _sum(row: Row, rank: int) -> Built:
    return _seeing(SumPool(**_windows(row, rank)), row, rank)


def _max(row: Row, rank: int) -> Built:
    beyond = _beyond(row, rank)
    windows = _windows(row, rank)
    padding = tuple((lo, hi + more) for (lo, hi), more in zip(windows["padding"], beyond, strict=True))
    return _seeing(MaxPool(**windows | {"padding": padding}), row, rank)


def _norm(row: Row, rank: int) -> Built:
    return _seeing(LpPool(**_windows(row, rank), p=row["p"]), row, rank)


def _adaptive_average(row: Row, rank: int) -> Built:
    return _seeing(AdaptiveAveragePool(size=_size(row, rank)), row, rank)


def _adaptive_max(row: Row, rank: int) -> Built:
    return _seeing(AdaptiveMaxPool(size=_size(row, rank)), row, rank)


def _size(row: Row, rank: int) -> Shape:
    """Global pools are run as often as others."""
    return (1,) * rank if row["same"] else axes(row, "m", rank)


PADS: dict[str, list[Pairs]] = {
    "within": [((1, 2), (2, 0), (0, 1)), ((0, 1), (1, 1), (2, 2))],
    "cut": [((-1, 2), (1, -1), (-1, 0)), ((-2, -1), (0, -1), (-1, 1))],
    "whole": [((3, 3), (3, 3), (3, 3))],
    "wide": [((9, 5), (4, 11), (4, 0))],
}


def _padded(suite: str) -> Iterator[Case]:
    modes = [("constant", 0), ("constant", 3), ("edge", 0), ("reflect", 0), ("symmetric", 0), ("wrap", 0)]
    for (mode, value), reach, rank, dtype in _few(suite, modes, list(PADS), [1, 2, 3], MEANING):
        for pairs in PADS[reach]:
            yield Case(op=Pad(padding=pairs[:rank], mode=mode, value=value), x=(2, 2, 4, 5, 3)[: rank + 2], dtype=dtype)
    for (mode, value), dtype, aspect in _few(suite, modes, list(FLOATS), ["shape", "integers"]):
        yield Case(op=Pad(padding=((1, 2), (2, 1)), mode=mode, value=value), x=(2, 2, 4, 5), dtype=dtype, **of(aspect))


def _biased(suite: str) -> Iterator[Case]:
    pairs: list[tuple[int, int]] = [(0, 0), (1, 1), (0, 1), (-1, 2)]
    for aspect, dtype, n, s, pair in _few(suite, ["integers", "normal", "shape"], list(FLOATS), [4, 5], [1, 2], pairs):
        for rank in (1, 2, 3) if suite == "full" else (1 + (n + s) % 3,):
            ends, ones, x = (pair,) * rank, (1,) * rank, (2, 3, *(n, 6, 5)[:rank])
            yield Case(
                op=Conv(stride=(s,) * rank, padding=ends, bias="yes"), x=x, w=((2, 3, *(2,) * rank), (1, 2, *ones)),
                dtype=dtype, **of(aspect),
            )
            yield Case(
                op=ConvTranspose(stride=(s,) * rank, crop=ends, bias="yes"), x=x, w=((3, 2, *(3,) * rank), (1, 2, *ones)),
                dtype=dtype, **of(aspect),
            )  # fmt: skip


def _special(suite: str) -> Iterator[Case]:
    """Zeros with signs, many digits, NaN and −∞ (verify.plan.suites.SPECIAL): in quick the signs of zeros that are copied, alone."""
    padding = ((1, 2), (2, 1))
    if suite == "quick":
        yield Case(op=Pad(padding=padding), x=(2, 2, 4, 5), data="zeros")
        yield _resize(NEAREST, (5, 4), (7, 3), aspect="zeros")
        return
    modes = ["constant", "edge", "reflect", "symmetric", "wrap"]
    for mode, data, dtype in _few(suite, modes, ["zeros", "nans", "infinities"], list(FLOATS)):
        yield Case(op=Pad(padding=padding, mode=mode), x=(2, 2, 4, 5), dtype=dtype, data=data)
    for fields, data, dtype in _few(suite, [*PICKS, LINEAR, CUBIC], ["zeros", "digits", "nans", "infinities"], MOSTLY_SINGLE):
        yield _resize(fields, (5, 4), (10, 8), aspect=data, dtype=dtype)
    for rank in (1, 2, 3):
        n: Grid = {f"n{i}": [4, 5, 7][: 3 - rank // 3] for i in range(rank)} | {"form": [(2, 3), (3, 2)], "dtype": MEANING}
        n |= {"aspect": ["zeros", "infinities", "nans"]}
        windows = n | {f"k{i}": [2, 3, 1] for i in range(rank)} | {f"s{i}": [1, 2, 3] for i in range(rank)}
        yield from covered(1, rank, 0, windows | {"rule": RULES, "ceil": [False, True], "dilation": [1, 1, 2]}, _max)
        sizes = n | {f"m{i}": [1, 2, 3, 4] for i in range(rank)} | {"same": [False, False, True]}
        yield from covered(1, rank, 0, sizes, _adaptive_max)
        yield from covered(1, rank, 0, sizes, _adaptive_average)


def shared(suite: str, seed: int, *, every: bool) -> Iterator[Case]:
    """What modes take that nobody named. By scale (some keep a length) and by size; two such shares divide a covering array."""
    for fields, s, n, mine in _few(suite, [*PICKS, LINEAR, KEYS], SCALES[:5], [2, 3, 5], [True, False]):
        if mine is every:
            yield _resize(fields, (n,), (scaled_length(n, *s),), (s,))
            yield _resize(fields, (n, 4), (scaled_length(n, *s), 5), (s, (5, 4)))
    for fields, n, m, mine in _few(suite, PICKS + PLAIN + SMOOTHED, [(4, 6), (5, 4)], [(8, 12), (7, 3)], [True, False]):
        if mine is every:
            yield _resize(fields, n, m)
    for mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
        yield Case(op=Pad(padding=((1, 2), (2, 0)), mode=mode), x=(2, 2, 4, 5))
    for op in (AdaptiveAveragePool(size=(3, 1)), AdaptiveMaxPool(size=(2, 2)), LpPool(kernel=(2, 3))):
        yield Case(op=op, x=(2, 3, 6, 4))
    for (lobes, smooths), mine in _few(suite, WINDOWS, [True, False]):
        if mine is every:
            yield _lanczos(lobes, smooths, (5, 4), (7, 3), "float32", "integers")


def _whole(suite: str) -> Iterator[Case]:
    """Integer dtypes."""
    for fields, (n, m), dtype in _few(suite, PICKS, [((5,), (7,)), ((5, 4), (7, 3)), ((2, 3, 4), (3, 2, 8))], list(INTEGERS)):
        yield _resize(fields, n, m, dtype=dtype)
    modes = [("constant", 0), ("constant", 3), ("edge", 0), ("reflect", 0), ("symmetric", 0), ("wrap", 0)]
    for (mode, value), rank, dtype in _few(suite, modes, [1, 2, 3], list(INTEGERS)):
        yield Case(op=Pad(padding=((1, 2), (2, 0), (0, 1))[:rank], mode=mode, value=value), x=(2, 2, 4, 5, 3)[: rank + 2], dtype=dtype)
    for lengths, dtype in _few(suite, [(1,), (2,), (1, 1), (3, 2), (1, 1, 1), (2, 1, 2)], list(INTEGERS)):
        yield Case(op=AdaptiveMaxPool(size=lengths), x=(2, 3, 6, 4, 4)[: len(lengths) + 2], dtype=dtype)
