"""What to ask: grids that break symmetry on purpose.

Both parities of every length, kernel and stride, different numbers on each axis, coprime channel counts, every convention of
spec.conventions.padding and paddings that belong to none. A suite covers all t-way combinations of a grid's values (covering.py): quick all
pairs, standard all triples, full everything in 1-D and all triples of longer lists in 2-D and 3-D.
Meaning is run of whole numbers in float32 and float64; a smaller grid asks everything else (ASPECTS) in every dtype.
What a mode of a runtime takes of a suite, if nobody names it, is in SHARES. The suite `calls` has only native calls (verify.plan.calls),
and `models` only layers of published architectures (verify.plan.models).
Resampling, padding and the fields of pools are in verify.plan.pixel_suites, sizes at which kernels change their path in
verify.plan.regimes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice, product
from zlib import crc32

from spec import (
    AveragePool,
    Case,
    Conv,
    ConvTranspose,
    DepthToSpace,
    MaxPool,
    Shape,
    SpaceToDepth,
    SumPool,
    Upsample,
    ZeroInsert,
)
from spec.case import FLOATS, INTEGERS
from spec.conventions import padding as c
from spec.data import DATA
from spec.operation import size
from verify.plan import calls, models, pixel_suites, regimes
from verify.plan.covering import Built, Grid, Row, axes, covered

SUITES = ("quick", "standard", "full", "calls", "models")
STRENGTH = {"quick": 2, "standard": 3, "full": 3}
MINIMUM_AGREEMENT = {"quick": 0.85, "standard": 0.85, "full": 0.85, "calls": 0.5, "models": 0.85}
"""The least share of its cases that a runtime must answer right, known deviations or not."""
OF_FEW = ("models", "calls")
"""Suites with few cases of each operation, or of native calls alone: no operation has a minimum agreement there (backends/minimum.py), and
theorems are run by the others."""

SHAPE = "shape"
"""Among aspects: whole numbers, of whose results only the shapes are checked."""

ASPECTS = [
    "integers", "normal", "wide", "cancelling", "large", "overflowing", "subnormal", "nan", "infinity", SHAPE,
]  # fmt: skip
"""The data for operations that add, and the check of shapes; compositions leave out the two extremes, whose rounding is not derived for
them."""

SPECIAL = {
    "digits": ["float32", "int32", "float64"], "zeros": list(FLOATS), "nans": list(FLOATS), "infinities": list(FLOATS),
    "saturating": ["float16", "bfloat16", "float32"],
}  # fmt: skip
"""The data at which kernels take another way, and the dtypes they are asked in: saturation is claimed of narrow ones only."""

SEEDS = 1 << 16

SHARES = {"large": 3, "small": 1, "narrow": 1}
"""What a mode takes of a suite if nobody names it: every operation, that many cases of each grid; a large share also has pairs of
parameters of the convolutions, and a narrow one is the small one in float16 and bfloat16 by turns. `quick` has no share, since compilers
take a thousand times as long as a run."""

PADDING: dict[str, Callable[..., c.Pair]] = {
    "valid": lambda n, k, s, d, axis: c.valid_padding(n, k, s, d),
    "same": lambda n, k, s, d, axis: c.same_padding(n, k, s, d),
    "same_lower": lambda n, k, s, d, axis: c.same_lower_padding(n, k, s, d),
    "half": lambda n, k, s, d, axis: (d * (k // 2), d * (k // 2)),
    "full": lambda n, k, s, d, axis: (d * (k - 1), d * (k - 1)),
    "asymmetric": lambda n, k, s, d, axis: ((1, 2), (2, 0), (0, 1))[axis],
    "negative": lambda n, k, s, d, axis: ((-1, 2), (1, -1), (-1, 0))[axis],
}

CROP: dict[str, Callable[..., c.Pair]] = {
    "none": lambda n, k, s, d, axis: (0, 0),
    "keras_same": lambda n, k, s, d, axis: c.keras_same_crop(k, s, d),
    "keras_same_padded": lambda n, k, s, d, axis: c.keras_same_crop(k, s, d, s - 1),
    "keras_valid": lambda n, k, s, d, axis: c.keras_valid_crop(k, s, d),
    "tf_same_shortest": lambda n, k, s, d, axis: c.tf_same_crop(n, (n - 1) * s + 1, k, s, d),
    "torch": lambda n, k, s, d, axis: c.torch_transpose_crop(k // 2, min(1, max(s, d) - 1)),
    "asymmetric": lambda n, k, s, d, axis: ((1, 0), (0, 2), (2, 1))[axis],
    "negative": lambda n, k, s, d, axis: ((-1, 1), (1, -2), (0, -1))[axis],
}

# (batch, groups, channels in and out per group); few frameworks have groups in a transposed convolution
UNGROUPED = [(2, 1, 2, 3), (1, 1, 3, 2), (2, 1, 3, 3), (3, 1, 3, 5), (1, 1, 4, 3), (2, 1, 1, 4)]
WEIGHTED = [*UNGROUPED, (2, 2, 2, 3), (2, 3, 1, 2)]
TRANSPOSED = [*UNGROUPED, (1, 1, 5, 2), (2, 1, 3, 2), (2, 2, 3, 2)]
PLAIN = [(2, 3), (1, 2)]
MEANING = ["float32", "float64"]

LENGTHS = {1: [[4, 5, 6, 7, 8]], 2: [[4, 5, 6], [7, 8, 9]], 3: [[3, 4], [4, 5], [5, 6]]}
KERNELS = {1: [1, 2, 3, 4, 5], 2: [1, 2, 3, 4], 3: [1, 2, 3]}
WIDE_LENGTHS = {1: [list(range(1, 14))], 2: [[2, 4, 5, 6, 11], [3, 7, 8, 9, 12]], 3: [[3, 4, 7], [4, 5, 8], [5, 6, 9]]}
WIDE_KERNELS = {1: [1, 2, 3, 4, 5, 6, 7], 2: [1, 2, 3, 4, 5], 3: [1, 2, 3, 4]}


def cases(
    suite: str, *, seed: int = 0, ops: Iterable[str] = (), dtypes: Iterable[str] = (), data: Iterable[str] = (),
    checks: Iterable[str] = (), share: str = "", architectures: Iterable[str] = (), full_size: bool = False,
) -> list[Case]:  # fmt: skip
    """The distinct cases of a suite, of the given operations (by name), dtypes, data and checks; all where none is given.

    share: only what a mode takes that nobody named (SHARES). architectures, full_size: of the suite `models`. Each has a seed of its own,
    which follows from `seed`, the operation, the shapes, the dtype and the data: equal shapes with equal numbers would hide a stale buffer.
    """
    wanted, of, on, checked = set(ops), set(dtypes), set(data), set(checks)
    parts: tuple[Callable[[str, int], Iterator[Case]], ...]
    parts = (
        _meaning, _aspects, _special, _inferred, _whole, _rearranged, _edges, pixel_suites.cases, regimes.cases,
        lambda suite, seed: iter(calls.cases(suite)),
    )  # fmt: skip
    if suite == "calls":
        parts = () if share else parts[-1:]
    elif suite == "models":
        parts = () if share else (lambda suite, seed: iter(models.cases(architectures, full_size=full_size)),)
    elif share:
        parts = (partial(_shared, most=SHARES[share]), partial(pixel_suites.shared, every=share == "large"))
    beyond_quick = () if suite != "quick" else parts if share else (_inferred, _whole, _edges)
    chosen = (q for part in parts if part not in beyond_quick for q in part(suite, seed))
    if share == "narrow":
        chosen = (replace(q, dtype=("bfloat16", "float16")[i % 2]) for i, q in enumerate(chosen))
    asked = {repr(q): q for q in chosen}
    return [
        replace(q, seed=seed * SEEDS + crc32(repr(replace(q, check="values")).encode()) % SEEDS)
        for q in asked.values()
        if (not wanted or any(step.name in wanted for step in q.op.steps))
        and (not of or q.dtype in of) and (not on or q.data in on) and (not checked or q.check in checked)
    ]  # fmt: skip


def _aspects(suite: str, seed: int) -> Iterator[Case]:
    """Rounding, locality and shape inference, and whole numbers in the narrow dtypes: few terms to a sum, every dtype."""
    for rank in (1, 2, 3):
        strength = STRENGTH[suite] - (1 if rank > 1 or suite == "full" else 0)
        n = {f"n{i}": [4, 5, 6] if rank < 3 else [3, 4] for i in range(rank)}
        k = {f"k{i}": [1, 2, 3] for i in range(rank)}
        every: Grid = {"aspect": ASPECTS, "dtype": list(FLOATS)}
        factors: Grid = {f"s{i}": [2, 3] for i in range(rank)} | {"stretch": ["stride", "none"]}
        windows: Grid = n | k | factors | {"form": [(2, 1, 2, 3), (1, 1, 3, 2)]}
        pixels: Grid = n | {f"f{i}": [1, 2, 3] for i in range(rank)} | {"form": PLAIN}
        yield from covered(strength, rank, seed, every | windows | {"rule": ["same", "asymmetric"]}, _conv)
        yield from covered(strength, rank, seed, every | windows | {"rule": ["keras_same", "none"]}, _conv_transpose)
        yield from covered(min(strength, 2), rank, seed, every | pixels, _upsample)
        yield from covered(min(strength, 2), rank, seed, every | pixels | {"trailing": [None]}, _zero_insert)
        yield from covered(min(strength, 2), rank, seed, every | pixels | k, _sum_pool)
        yield from covered(min(strength, 2), rank, seed, every | pixels | k | {"aspect": ["impulses", *ASPECTS]}, _average_pool)
        yield from covered(min(strength, 2), rank, seed, every | pixels | k | {"aspect": ["distinct", "ties", SHAPE]}, _max_pool)
        if suite != "quick":
            yield from covered(1, rank, seed, every | pixels | k | {"aspect": ["nan", "infinity", "nan"]}, _max_pool)
        composed: Grid = every | windows | {"aspect": [a for a in ASPECTS if a == SHAPE or DATA[a].derived]}
        yield from covered(1, rank, seed, composed | {"form": [(2, 1, 2, 3)], "rule": list(PROGRAMS)}, _program)


def _special(suite: str, seed: int) -> Iterator[Case]:
    """Zeros, many digits, NaN, −∞ and saturation: of each operation and data a case for each dtype or length; in quick one for each data
    of a convolution and of a maximum, and one whose zeros keep their signs."""
    for (data, dtypes), rank in product(SPECIAL.items(), (1, 2, 3) if suite != "quick" else (2,)):
        lengths: Grid = {f"n{i}": [4, 5, 6] if rank < 3 else [3, 4] for i in range(rank)}
        floats = [dtype for dtype in dtypes if dtype in FLOATS]
        every: Grid = {"aspect": [data], "dtype": dtypes if suite != "quick" else floats} | lengths
        every |= {f"k{i}": [2, 1, 3] for i in range(rank)}
        windows: Grid = every | {f"s{i}": [2, 1, 3] for i in range(rank)} | {"stretch": ["stride", "dilation"]}
        windows |= {"form": [(2, 1, 2, 3), (3, 1, 3, 2)]}
        pixels: Grid = every | {f"f{i}": [1, 2, 3] for i in range(rank)} | {"form": [(2, 3), (3, 2)]}
        builds = [(windows | {"rule": ["same", "asymmetric"]}, _conv)]
        if data not in ("digits", "saturating"):
            builds.append((pixels, _max_pool))
        if data == "zeros":
            builds.append((pixels, _upsample))
        if suite != "quick":
            builds.append((windows | {"rule": ["keras_same", "none"]}, _conv_transpose))
        if suite != "quick" and data != "saturating":
            builds += [(pixels, _sum_pool), (pixels | {"dtype": floats}, _average_pool)]
        for grid, build in builds:
            yield from islice(covered(1, rank, seed, grid, build), 1 if suite == "quick" else None)


def _traced(rank: int) -> tuple[Grid, Grid, Grid]:
    """(windows, pixels, few): the grids of what is traced or compiled, and what is left out of them where most refuse it."""
    n = {f"n{i}": LENGTHS[rank][i][:2] for i in range(rank)}
    every: Grid = n | {"aspect": ["integers"], "dtype": pixel_suites.MOSTLY_SINGLE}
    factors: Grid = {f"s{i}": [2, 3] for i in range(rank)} | {f"k{i}": [2, 3, 1] for i in range(rank)}
    windows = every | factors | {"stretch": ["stride", "dilation", "none"], "form": [(2, 1, 2, 3), (2, 2, 2, 3)]}
    pixels: Grid = every | {f"f{i}": [1, 2, 3] for i in range(rank)} | {f"k{i}": [1, 2, 3] for i in range(rank)} | {"form": PLAIN}
    # groups and float64 are refused by many, which would hide what compiling does to a dilation that differs from axis to axis
    few: Grid = {"form": [(2, 1, 2, 3)], "dtype": ["float32"], "stretch": ["stride", "dilation"]}
    return windows, pixels, few


def _inferred(suite: str, seed: int) -> Iterator[Case]:
    """The shapes that are inferred of dilated convolutions."""
    for rank in (1, 2, 3):
        windows, _, few = _traced(rank)
        inferred = windows | few | {"aspect": [SHAPE], "stretch": ["dilation"]}
        yield from covered(2, rank, seed, inferred | {"rule": ["same", "asymmetric"]}, _conv)
        yield from covered(2, rank, seed, inferred | {"rule": ["keras_same", "none"]}, _conv_transpose)


def _shared(suite: str, seed: int, *, most: int) -> Iterator[Case]:
    """Whole numbers for functions that are compiled, which takes long: at most so many cases of each grid."""
    for rank in (1, 2, 3):
        windows, pixels, few = _traced(rank)
        if most > 1:
            yield from covered(2, rank, seed, windows | {"rule": ["same", "asymmetric", "negative"]}, _conv)
            yield from covered(max(rank, 2), rank, seed, windows | few | {"rule": ["keras_same", "none"]}, _conv_transpose)
        builds = [
            (windows | few | {"rule": ["same", "asymmetric"]}, _conv),
            (windows | few | {"rule": ["keras_same", "none"]}, _conv_transpose),
            (windows | few | {"rule": list(PROGRAMS)}, _program),
            *((pixels, build) for build in (_sum_pool, _average_pool, _max_pool, _upsample)),
            (pixels | {"trailing": [None, 1]}, _zero_insert),
        ]
        for grid, build in builds:
            yield from islice(covered(1, rank, seed, grid, build), most)


def _whole(suite: str, seed: int) -> Iterator[Case]:
    """Integer dtypes."""
    for rank in (1, 2, 3):
        n = {f"n{i}": LENGTHS[rank][i][:2] for i in range(rank)}
        every: Grid = n | {"dtype": list(INTEGERS)} | {f"k{i}": [2, 1, 3] for i in range(rank)}
        windows: Grid = every | {f"s{i}": [1, 2] for i in range(rank)} | {"stretch": ["stride", "dilation"], "form": [(2, 1, 2, 3)]}
        pixels: Grid = every | {f"f{i}": [2, 1, 3] for i in range(rank)} | {"form": PLAIN}
        yield from covered(2 if rank < 3 else 1, rank, seed, windows | {"rule": ["same", "asymmetric"]}, _conv)
        yield from covered(2 if rank < 3 else 1, rank, seed, windows | {"rule": ["keras_same", "none"]}, _conv_transpose)
        yield from covered(2, rank, seed, pixels | {"form": [(1, 2)], "aspect": ["distinct", "ties", "integers"]}, _max_pool)
        yield from covered(1, rank, seed, pixels, _sum_pool)
        yield from covered(1, rank, seed, pixels, _upsample)
        yield from covered(1, rank, seed, pixels | {"trailing": [None, 1]}, _zero_insert)


def _edges(suite: str, seed: int) -> Iterator[Case]:
    """Answers of length 0 and 1, windows as long as x and longer, x of length 1."""
    for rank, n, m in product((1, 2), (1, 4), (0, 1)):
        x, ones = (2, 3, *(n, 5)[:rank]), (1,) * rank
        full, k = 2 * n, (n + 1 - m, 2)[:rank]
        crop = (((full - m) // 2, full - m - (full - m) // 2), (0, 1))[:rank]
        yield Case(op=ConvTranspose(stride=(2,) * rank, crop=crop), x=x, w=((3, 2, *(2,) * rank),), seed=seed)
        for kind in (SumPool, AveragePool, MaxPool):
            if min(k):
                yield Case(op=kind(kernel=k, stride=ones), x=x, seed=seed)
        yield Case(op=Upsample(factor=(3, 2)[:rank]), x=x, seed=seed)
        yield Case(op=ZeroInsert(factor=(3, 2)[:rank]), x=x, seed=seed)


def _rearranged(suite: str, seed: int) -> Iterator[Case]:
    """Channels interleaved into space and back, in both orders, in every dtype."""
    for rank in (1, 2, 3) if suite != "quick" else (2,):
        grid: Grid = {f"f{i}": [2, 1, 3] for i in range(rank)} | {f"n{i}": [3, 2, 1] for i in range(rank)}
        grid |= {"order": ["DCR", "CRD"], "form": [(2, 2), (1, 3), (2, 1)], "dtype": [*FLOATS, *INTEGERS]}
        yield from covered(STRENGTH[suite] - 1, rank, seed, grid, _depth_to_space)
        yield from covered(STRENGTH[suite] - 1, rank, seed, grid, _space_to_depth)


def _meaning(suite: str, seed: int) -> Iterator[Case]:
    strength = STRENGTH[suite]
    for rank in (1, 2, 3):
        lengths, kernels = (WIDE_LENGTHS, WIDE_KERNELS) if suite == "full" else (LENGTHS, KERNELS)
        n = {f"n{i}": values for i, values in enumerate(lengths[rank])}
        k = {f"k{i}": kernels[rank] for i in range(rank)}
        factors = {f"s{i}": [2, 3] for i in range(rank)}
        windows: Grid = n | k | factors | {"stretch": ["stride", "stride", "none", "dilation"], "form": WEIGHTED, "dtype": MEANING}
        pixels: Grid = n | {f"f{i}": [1, 2, 3] for i in range(rank)} | {"form": PLAIN, "dtype": MEANING}
        whole = suite == "full" and rank == 1
        yield from covered(strength, rank, seed, windows | {"rule": list(PADDING)}, _conv, whole=whole)
        yield from covered(strength, rank, seed, windows | {"form": TRANSPOSED, "rule": list(CROP)}, _conv_transpose, whole=whole)
        both: Grid = windows | {"form": UNGROUPED, "stretch": ["both"]}
        yield from islice(covered(strength, rank, seed, both | {"rule": ["half"]}, _conv), 3)
        yield from islice(covered(strength, rank, seed, both | {"rule": ["none"]}, _conv_transpose), 3)
        yield from covered(strength, rank, seed, pixels, _upsample)
        yield from covered(strength, rank, seed, pixels | {"trailing": [None, 0, 1, 4]}, _zero_insert)
        yield from islice(covered(strength, rank, seed, pixels | k, _sum_pool), 12 if rank < 3 else 4)
        yield from covered(strength, rank, seed, windows | {"form": UNGROUPED, "rule": list(PROGRAMS)}, _program)


def _stretched(row: Row, rank: int) -> tuple[Shape, Shape]:
    """(stride, dilation)."""
    factors, ones = axes(row, "s", rank), (1,) * rank
    return factors if row["stretch"] in ("stride", "both") else ones, factors[::-1] if row["stretch"] in ("dilation", "both") else ones


def _sizes(row: Row, rank: int) -> tuple[tuple[int, ...], ...]:
    stride, dilation = _stretched(row, rank)
    return tuple(zip(axes(row, "n", rank), axes(row, "k", rank), stride, dilation, strict=True))


def _conv(row: Row, rank: int) -> Built:
    batch, groups, inputs, outputs = row["form"]
    stride, dilation = _stretched(row, rank)
    padding = tuple(PADDING[row["rule"]](*sizes, axis) for axis, sizes in enumerate(_sizes(row, rank)))
    op = Conv(stride=stride, padding=padding, dilation=dilation, groups=groups)
    return op, ((batch, groups * inputs, *axes(row, "n", rank)), (groups * outputs, inputs, *axes(row, "k", rank)))


def _conv_transpose(row: Row, rank: int) -> Built:
    batch, groups, inputs, outputs = row["form"]
    stride, dilation = _stretched(row, rank)
    crop = tuple(CROP[row["rule"]](*sizes, axis) for axis, sizes in enumerate(_sizes(row, rank)))
    op = ConvTranspose(stride=stride, crop=crop, dilation=dilation, groups=groups)
    return op, ((batch, groups * inputs, *axes(row, "n", rank)), (groups * inputs, outputs, *axes(row, "k", rank)))


def _upsample(row: Row, rank: int) -> Built:
    return Upsample(factor=axes(row, "f", rank)), ((*row["form"], *axes(row, "n", rank)),)


def _zero_insert(row: Row, rank: int) -> Built:
    trailing = () if row["trailing"] is None else (row["trailing"],) * rank
    return ZeroInsert(factor=axes(row, "f", rank), trailing=trailing), ((*row["form"], *axes(row, "n", rank)),)


def _depth_to_space(row: Row, rank: int) -> Built:
    (batch, channels), factor = row["form"], axes(row, "f", rank)
    return DepthToSpace(factor=factor, order=row["order"]), ((batch, channels * size(factor), *axes(row, "n", rank)),)


def _space_to_depth(row: Row, rank: int) -> Built:
    factor, cells = axes(row, "f", rank), axes(row, "n", rank)
    return SpaceToDepth(factor=factor, order=row["order"]), ((*row["form"], *(f * n for f, n in zip(factor, cells, strict=True))),)


def _pool(kind: type[SumPool | AveragePool | MaxPool], row: Row, rank: int) -> Built:
    """Impulses want a batch element for each pixel."""
    op, lengths = kind(kernel=axes(row, "k", rank), stride=axes(row, "f", rank)), axes(row, "n", rank)
    return op, ((size(lengths), 1, *lengths) if row.get("aspect") == "impulses" else (*row["form"], *lengths),)


_sum_pool, _average_pool, _max_pool = (partial(_pool, kind) for kind in (SumPool, AveragePool, MaxPool))


def _upsample_then_transpose(row: Row, rank: int) -> Built:
    """The founding case's A: nearest upsampling, then a stride-1 'same' transposed convolution."""
    up = Upsample(factor=axes(row, "s", rank))
    op, (x, w) = _conv_transpose(row | {"stretch": "none", "rule": "keras_same"}, rank)
    return up >> op, (x, w)


def _upsample_then_conv(row: Row, rank: int) -> Built:
    up = Upsample(factor=axes(row, "s", rank))
    larger = {f"n{i}": row[f"n{i}"] * row[f"s{i}"] for i in range(rank)}
    op, (_, w) = _conv(row | larger | {"stretch": "none", "rule": "same"}, rank)
    return up >> op, ((row["form"][0], w[1], *axes(row, "n", rank)), w)


def _zeros_then_conv(row: Row, rank: int) -> Built:
    op, (x, w) = _conv(row | {"stretch": "none", "rule": "full"}, rank)
    return ZeroInsert(factor=axes(row, "s", rank)) >> op, (x, w)


def _conv_then_transpose(row: Row, rank: int) -> Built:
    first, (x, w) = _conv(row | {"rule": "half"}, rank)
    second, _ = _conv_transpose(row | {"rule": "none"}, rank)
    return first >> second, (x, w, w)


PROGRAMS = {
    "upsample_then_transpose": _upsample_then_transpose,
    "upsample_then_conv": _upsample_then_conv,
    "zeros_then_conv": _zeros_then_conv,
    "conv_then_transpose": _conv_then_transpose,
}


def _program(row: Row, rank: int) -> Built:
    return PROGRAMS[row["rule"]](row, rank)
