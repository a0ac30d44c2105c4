"""Native calls as cases: every function and layer that is read, over values of its own parameters, as people write them.

A translator chooses words that say an operation; users write others. Only the call as it stands in a program shows what a default, a string
or a tuple does. Values are chosen by the name of a parameter: first rows in which each value occurs, the default left out among them, then
rows at random. What cannot be read on one layout or rank is tried on the others, and is left out where it never can.
"""

from __future__ import annotations

import inspect
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from backends.call import BadCall, Call, Source, Value, X, declared
from backends.called import read_with_shapes, written_with_shapes
from backends.names import declared_first, readable
from backends.reading import meaning
from spec import Case, Impossible, Shape
from spec.operation import size
from verify.plan.covering import rows

LEFT_OUT = object()
"""The default."""

BATCH, CHANNELS = 2, 4
LENGTHS = {1: ((9,), (8,)), 2: ((9, 8), (7, 10)), 3: ((5, 6, 4), (6, 5, 7))}
"""Both parities on every axis."""

SIZES: list[Any] = [2, 3, (3,), (3, 2), (2, 3, 2)]
ONES: list[Any] = [LEFT_OUT, 1, 2, (2,), (2, 1), (1, 2, 1), (1, 2, 2, 1), (1, 1, 1, 1), (1, 2, 1, 2, 1), (1, 1, 1, 1, 1)]
PAIRS: list[Any] = [((1, 0),), ((1, 2), (0, 1)), ((1, 1), (0, 1), (2, 0))]
OUTPUTS: list[Any] = [3, 7, (5,), (5, 11), (3, 4, 5), (2, 5, 11, 4), (2, 4, 5, 11)]
KERNEL = (3, 2, 2)
"""The lengths of the weights of a function."""


@dataclass(frozen=True)
class Reached:
    """The shape of a transposed convolution's result: what a stride, and 'SAME' or 'VALID', make of the input's lengths."""

    stride: int
    same: bool

    def shape(self, lengths: Shape, *, last: bool) -> Shape:
        spatial = tuple(n * self.stride if self.same else (n - 1) * self.stride + k for n, k in zip(lengths, KERNEL, strict=False))
        return (BATCH, *spatial, 6) if last else (BATCH, 6, *spatial)


REACHED: list[Any] = [Reached(stride, same) for stride in (1, 2) for same in (True, False)]

def _each(names: tuple[str, ...], values: list[Any]) -> dict[str, list[Any]]:
    return dict.fromkeys(names, values)


VALUES: dict[str, list[Any]] = {
    **_each(("kernel_size", "pool_size", "ksize", "window_shape", "kernel_shape"), SIZES),
    **_each(("stride", "strides", "window_strides", "dilation", "dilations", "dilation_rate"), ONES),
    **_each(("rhs_dilation", "kernel_dilation", "rate"), ONES),
    "padding": [LEFT_OUT, 0, 1, (1,), (1, 0), "same", "valid", "SAME", "VALID", "causal", "CAUSAL", "CIRCULAR", *PAIRS,
                ((0, 0), (1, 1), (0, 1), (0, 0)), (1, 0, 2, 1)],
    "lhs_dilation": [LEFT_OUT, (1,), (2,), (1, 1), (2, 1), (1, 1, 1), (1, 2, 1)], "rngs": [Call.of("flax.nnx.Rngs", 0)],
    "window_dimensions": [(1, 3, 1), (1, 1, 2), (1, 3, 2, 1), (1, 1, 2, 3), (1, 2, 3, 2, 1), (1, 1, 2, 2, 3)],
    "window_dilation": [LEFT_OUT, (1, 2, 1), (1, 2, 1, 1), (1, 1, 1, 2), (1, 2, 1, 2, 1)], "padding_value": [0.0, 3.0],
    "padding_config": [((0, 0, 0), (1, 2, 0), (0, 0, 0)), ((0, 0, 0), (0, 0, 0), (1, 0, 1)), ((0, 0, 0), (1, 0, 0), (-1, 2, 0), (0, 0, 0)),
                       ((0, 0, 0), (0, 0, 0), (0, 1, 1), (2, 0, 0)), ((0, 0, 0), (1, 0, 1), (0, 0, 0), (0, 2, 1), (0, 0, 0))],
    "output_padding": [LEFT_OUT, 0, 1, (1,), (1, 0)],
    "groups": [LEFT_OUT, 2, 4], "group": [LEFT_OUT, 2], "feature_group_count": [LEFT_OUT, 2],
    **_each(("bias", "use_bias"), [LEFT_OUT, False]), "in_channels": [CHANNELS], "in_features": [CHANNELS],
    **_each(("out_channels", "out_features", "features"), [4, 6]), "filters": [6, 4], "depth_multiplier": [LEFT_OUT, 2],
    "padding_mode": [LEFT_OUT, "reflect", "replicate", "circular"], "ceil_mode": [LEFT_OUT, True],
    "count_include_pad": [LEFT_OUT, False, True],
    "divisor_override": [LEFT_OUT, 3], "norm_type": [2, 1], "output_size": OUTPUTS, "size": [LEFT_OUT, 3, *OUTPUTS],
    "scale_factor": [LEFT_OUT, 2, 1.5, 0.7, (2, 1.5)], "align_corners": [LEFT_OUT, True, False], "recompute_scale_factor": [LEFT_OUT, True],
    "antialias": [LEFT_OUT, True, False], "keepdims": [True],
    "data_format": [LEFT_OUT, "channels_first", "channels_last", "NWC", "NHWC", "NDHWC", "NCW", "NCHW", "NCDHW"],
    "mode": [LEFT_OUT, "nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area", "reflect", "replicate", "circular",
             "edge", "wrap", "symmetric", "REFLECT", "SYMMETRIC", "CRD"],
    **_each(("interpolation", "method"), [LEFT_OUT, "nearest", "bilinear", "bicubic", "area", "linear", "cubic", "lanczos3"]),
    **_each(("block_size", "upscale_factor", "downscale_factor", "blocksize"), [2]), "pooling_type": ["MAX", "AVG"],
    **_each(("height", "width", "target_height", "target_width"), [6, 11]),
    "repeats": [2, 3], "axis": [1, 2, (1,), (1, 2), (2, 3), (1, 2, 3), (2, 3, 4)], "value": [LEFT_OUT, 0, 3],
    **_each(("offset_height", "offset_width"), [0, 1]),
    "cropping": [LEFT_OUT, 1, (1, 0), ((1, 0), (0, 1)), ((1, 0), (0, 1), (1, 1))],
    **_each(("pad_width", "paddings"), [((0, 0), (1, 2), (0, 0)), ((0, 0), (1, 0), (2, 1), (0, 0)), ((0, 0), (0, 0), (1, 0), (2, 1))]),
    "pad": [(1, 2), (1, 0, 2, 1), (0, 1, 1, 0, 2, 0)], "half_pixel_centers": [LEFT_OUT, True], "constant_values": [LEFT_OUT, 2],
    "shape": [(2, 4, 5), (2, 4, 5, 11), (2, 5, 11, 4), (2, 5, 4)], "output_shape": [*OUTPUTS, *REACHED],
    "transpose_kernel": [LEFT_OUT, True],
    "use_consistent_padding": [LEFT_OUT, True], "auto_pad": [LEFT_OUT, "SAME_UPPER", "SAME_LOWER", "VALID"], "p": [LEFT_OUT, 2, 1],
    "pads": [LEFT_OUT, (1, 1), (1, 0), (1, 0, 2, 1), (1, 0, 1, 0, 1, 2), (0, 0, 1, 0, 0, 0, 2, 1)],
    "scales": [LEFT_OUT, (1, 1, 2, 2), (1, 1, 1.5, 0.7)],
    "sizes": [LEFT_OUT, (2, 4, 5, 11)], "coordinate_transformation_mode": [LEFT_OUT, "asymmetric", "align_corners", "pytorch_half_pixel"],
    "nearest_mode": [LEFT_OUT, "floor", "ceil"],
    "dimension_numbers": [LEFT_OUT, ("NWC", "WIO", "NWC"), ("NHWC", "HWIO", "NHWC"), ("NCHW", "OIHW", "NCHW"), ("NDHWC", "DHWIO", "NDHWC")],
    **_each(("top_padding", "left_padding", "bottom_padding", "right_padding"), [LEFT_OUT, 1, 2]),
    **_each(("top_cropping", "left_cropping", "bottom_cropping", "right_cropping"), [LEFT_OUT, 1, 2]),
}  # fmt: skip
"""What is tried for a parameter of that name."""

_REDUCTIONS: list[tuple[Value, Value]] = [(Source("-jnp.inf"), Source("lax.max")), (0.0, Source("lax.add"))]
TOGETHER: dict[str, list[dict[str, Any]]] = {
    "jax.lax.reduce_window": [{"init_value": first, "computation": by} for first, by in _REDUCTIONS],
    **{f"flax.{part}.pool": [{"init": first, "reduce_fn": by} for first, by in _REDUCTIONS] for part in ("linen", "nnx")},
}
"""Arguments of a function that fit only together."""

WORDS: dict[str, tuple[str, ...]] = {
    "torch": ("same", "valid"), "keras": ("same", "valid", "causal", "SAME", "VALID"), "tf": ("SAME", "VALID"), "jax": ("SAME", "VALID"),
    "flax": ("SAME", "VALID", "CAUSAL", "CIRCULAR"),
}  # fmt: skip
"""The words for padding that a framework knows."""

CANNOT = {
    "onnx.MaxUnpool": "its input I has the indices of another node, MaxPool",
    "tf.nn.bias_add": "it is read together with the call before it",
    "jax.image.scale_and_translate": "its scale and translation are arrays that fit one shape",
}
"""What is read and not generated, and why."""

ARRAYS = (
    "weight", "kernel", "filters", "filter", "rhs", "W", "depthwise_kernel", "pointwise_kernel", "depthwise_filter", "pointwise_filter",
)  # fmt: skip
"""Parameters that take weights, of functions."""

MOST_ELEMENTS = 1 << 14
MOST_ROWS = 40
"""Rows at random that are tried for one function and rank."""
MOST_REFUSALS = 8
"""How often a value may be refused that was never accepted."""
MOST = {"quick": 1, "standard": 12, "full": 48, "calls": 24}
"""How many calls of one function a suite has."""


@cache
def runtimes(call: str) -> tuple[str, ...]:
    """The runtimes that run a call: those of its framework."""
    return read_with_shapes(call).native.phrases.runtimes


@cache
def cases(suite: str, seed: int = 0) -> tuple[Case, ...]:
    """Distinct calls of each function, as far as there are any that can be read; each is one case of whole numbers."""
    found: list[Case] = []
    for function in readable():
        if function not in CANNOT:
            found.extend(_of(function, random.Random(f"{seed} {function}"), MOST[suite]))
    return tuple(found)


Row = dict[str, Any]
"""Values by parameter, the default among them."""


def _of(function: str, rng: random.Random, most: int) -> list[Case]:
    """Distinct calls of a function, at most so many: ranks, layouts and weights mixed."""
    tried = Tried()
    own: dict[str, Case] = {}
    for rank, row in _rows(function, rng, tried):
        for call, x, weights in _calls(function, rank, row, rng):
            case = _case(call, x, weights)
            if isinstance(case, Case):
                tried.accepted(rank, row)
                own[repr(case)] = case
                if len(own) == most:
                    return list(own.values())
            elif case:
                tried.refused(rank, row, case)
    return list(own.values())


class Tried:
    """Which values were refused by their reader, and never accepted: after a few times they are tried no more."""

    def __init__(self) -> None:
        self.good: set[tuple[int, str, str]] = set()
        self.bad: Counter[tuple[int, str, str]] = Counter()

    def accepted(self, rank: int, row: Row) -> None:
        self.good |= {(rank, name, repr(value)) for name, value in row.items()}

    def refused(self, rank: int, row: Row, sentence: str) -> None:
        """The sentence names the parameter: `F.pad: mode is …`."""
        named = re.match(r"[\w.]+: (\w+) is ", sentence)
        if named and named[1] in row:
            self.bad[rank, named[1], repr(row[named[1]])] += 1

    def among(self, rank: int, name: str, values: list[Any]) -> list[Any]:
        """Those that may be accepted; all if none may."""
        keys = [(rank, name, repr(value)) for value in values]
        return [value for value, key in zip(values, keys, strict=True) if key in self.good or self.bad[key] < MOST_REFUSALS] or values


def _rows(function: str, rng: random.Random, tried: Tried) -> Iterator[tuple[int, Row]]:
    """Values for each number of spatial axes: first each value once, then at random."""
    grids = {rank: _grid(function, declared_first(function), rank) for rank in _ranks(function)}
    every = [(rank, row) for rank, grid in grids.items() for row in (rows(grid, 1) if grid else [{}])]
    rng.shuffle(every)
    yield from every
    for _ in range(MOST_ROWS):
        for rank, grid in grids.items():
            yield rank, {name: rng.choice(tried.among(rank, name, values)) for name, values in grid.items()}


def _case(call: Call, x: Shape, weights: tuple[Shape, ...]) -> Case | str:
    """Why not, in a sentence, where the call is not read so, nor its text; empty where the arrays are large."""
    from verify.native.check import case_of

    try:
        reading = meaning((call,), x, weights)
        case = case_of(reading.op, reading.x, reading.w)
        if not size(case.y) or max(map(size, (case.x, *case.w, case.y))) > MOST_ELEMENTS:
            return ""
        text = written_with_shapes(str(call), x, weights)
        again = read_with_shapes(text)
    except Impossible as why:
        return str(why)
    return Case(**{**vars(case), "call": text}) if repr(again.op) == repr(reading.op) else ""


def _calls(function: str, rank: int, row: Row, rng: random.Random) -> Iterator[tuple[Call, Shape, tuple[Shape, ...]]]:
    """Calls with these values, with the shape of an input and of weights."""
    first = declared_first(function)
    together = rng.choice(TOGETHER.get(function, [{}]))
    given = {name: value for name, value in {**row, **together}.items() if value is not LEFT_OUT}
    arrays = [name for name, value in given.items() if name in ARRAYS and isinstance(value, Source)]
    channels = CHANNELS * 2 if _spreads(function) else CHANNELS
    places = [(lengths, last) for lengths in LENGTHS[rank] for last in (False, True)]
    rng.shuffle(places)
    for lengths, last in places:
        here = {name: value.shape(lengths, last=last) if isinstance(value, Reached) else value for name, value in given.items()}
        call = _call(function, first, here)
        if call is None:
            return
        x = (BATCH, *lengths, channels) if last else (BATCH, channels, *lengths)
        for weights in _weights(function, arrays, rank):
            yield call, x, weights


def _grid(function: str, first: str, rank: int) -> dict[str, list[Any]]:
    """What is tried for each parameter of a function on so many spatial axes."""
    grid: dict[str, list[Any]] = {}
    framework, weighed = function.partition(".")[0], False
    for name, p in declared(function).parameters.items():
        if name == first or p.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        required = p.default is inspect.Parameter.empty
        if first and name in ARRAYS:
            grid[name] = [Source("v" if weighed else "w")] if required else [LEFT_OUT]
            weighed = True
        elif name in VALUES and not (first and name == "bias"):
            values = [value for value in VALUES[name] if _fits(name, value, framework, rank)]
            if name == "kernel_shape" and weighed:
                values = [LEFT_OUT, KERNEL[:rank]]
            if name == "window_strides" and "window_dimensions" in grid:
                values = [LEFT_OUT, *(value for value in ONES if isinstance(value, tuple) and len(value) == rank + 2)]
            values = [value for value in values if value is not LEFT_OUT]
            values = values if required or name == "keepdims" else [LEFT_OUT, *values]
            if values:
                grid[name] = values
    return grid


def _fits(name: str, value: Any, framework: str, rank: int) -> bool:
    """Whether a value has as many numbers, or is a word of the framework, as a call on so many spatial axes may have."""
    if name == "data_format" and isinstance(value, str):
        return value.startswith("channels") if framework == "keras" else len(value) == rank + 2
    if name == "padding" and isinstance(value, str):
        return value in WORDS.get(framework, ())
    if not isinstance(value, tuple):
        return True
    if name == "dimension_numbers":
        return len(value[0]) == rank + 2
    if isinstance(value[0], tuple):
        return len(value) in (rank, rank + 2)
    return len(value) in (1, rank, rank + 2, 2 * rank, 2 * rank + 4)


def _spreads(function: str) -> bool:
    """Whether it moves channels to space; with 8 channels more than one is left."""
    name = function.rpartition(".")[2].lower().replace("_", "")
    return name in ("depthtospace", "pixelshuffle")


def _ranks(function: str) -> tuple[int, ...]:
    """The numbers of spatial axes that a name speaks of."""
    name = function.rpartition(".")[2].lower()
    return next(((rank,) for rank in (1, 2, 3) if f"{rank}d" in name), (1, 2, 3))


def _call(function: str, first: str, given: dict[str, Value]) -> Call | None:
    try:
        return Call.of(function, **({first: X} if first else {}), **given)
    except (BadCall, TypeError):
        return None


def _weights(function: str, arrays: list[str], rank: int) -> Iterator[tuple[Shape, ...]]:
    """Shapes that the weights of a function may have: channels first or last, forward or transposed, grouped or not, depthwise."""
    if not arrays:
        yield ()
        return
    k = KERNEL[:rank]
    if len(arrays) > 1:
        yield (*k, CHANNELS, 2), (*(1,) * rank, 2 * CHANNELS, 6)
        return
    for a, b in ((6, CHANNELS), (CHANNELS, 6), (6, 2), (2, CHANNELS), (CHANNELS, 2), (CHANNELS, 3)):
        yield ((a, b, *k),)
        yield ((*k, b, a),)
