"""Native calls as cases: every function and layer that is read, over values of its own parameters, as people write them.

A translator chooses words that say an operation; users write others. Only the call as it stands in a program shows what a default, a string
or a tuple does. Values are chosen by the name of a parameter: first rows in which each value occurs, the default left out among them, then
rows at random. What cannot be read on one layout or rank is tried on the others, and is left out where it never can.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterator
from functools import cache
from itertools import chain
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
ONES: list[Any] = [LEFT_OUT, 1, 2, (2,), (2, 1), (1, 2, 1), (1, 2, 2, 1), (1, 2, 1, 2, 1)]
PAIRS: list[Any] = [((1, 0),), ((1, 2), (0, 1)), ((1, 1), (0, 1), (2, 0))]
OUTPUTS: list[Any] = [3, 7, (5,), (5, 11), (3, 4, 5), (2, 5, 11, 4), (2, 4, 5, 11)]
TWICE: list[Any] = [(2, 18, 6), (2, 18, 16, 6), (2, 14, 20, 6), (2, 10, 12, 8, 6), (2, 9, 6), (2, 9, 8, 6), (2, 5, 6, 4, 6)]
"""The output of a transposed convolution with stride 2 or 1 on LENGTHS."""



def _each(names: tuple[str, ...], values: list[Any]) -> dict[str, list[Any]]:
    return dict.fromkeys(names, values)


VALUES: dict[str, list[Any]] = {
    **_each(("kernel_size", "pool_size", "ksize", "window_shape", "kernel_shape"), SIZES),
    **_each(("stride", "strides", "window_strides", "dilation", "dilations", "dilation_rate"), ONES),
    **_each(("rhs_dilation", "kernel_dilation", "rate"), ONES),
    "padding": [LEFT_OUT, 0, 1, (1,), (1, 0), "same", "valid", "SAME", "VALID", "causal", *PAIRS, ((0, 0), (1, 1), (0, 1), (0, 0)),
                (1, 0, 2, 1)],
    "output_padding": [LEFT_OUT, 0, 1, (1,), (1, 0)],
    "groups": [LEFT_OUT, 2, 4], "group": [LEFT_OUT, 2], "feature_group_count": [LEFT_OUT, 2],
    **_each(("bias", "use_bias"), [LEFT_OUT, False]), "in_channels": [CHANNELS], "in_features": [CHANNELS],
    **_each(("out_channels", "out_features", "features"), [4, 6]), "filters": [6, 4], "depth_multiplier": [LEFT_OUT, 2],
    "padding_mode": [LEFT_OUT, "reflect", "replicate", "circular"], "ceil_mode": [LEFT_OUT, True],
    "count_include_pad": [LEFT_OUT, False, True],
    "divisor_override": [LEFT_OUT, 3], "norm_type": [2, 1], "output_size": OUTPUTS, "size": [LEFT_OUT, 3, *OUTPUTS],
    "scale_factor": [LEFT_OUT, 2, 1.5, 0.7, (2, 1.5)], "align_corners": [LEFT_OUT, True, False], "recompute_scale_factor": [LEFT_OUT, True],
    "antialias": [LEFT_OUT, True, False], "keepdims": [True], "data_format": [LEFT_OUT, "channels_first", "channels_last", "NCHW", "NHWC"],
    "mode": [LEFT_OUT, "nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area", "reflect", "replicate", "circular",
             "edge", "wrap", "symmetric", "REFLECT", "SYMMETRIC", "CRD"],
    **_each(("interpolation", "method"), [LEFT_OUT, "nearest", "bilinear", "bicubic", "area", "linear", "cubic", "lanczos3"]),
    **_each(("block_size", "upscale_factor", "downscale_factor", "blocksize"), [2]), "pooling_type": ["MAX", "AVG"],
    **_each(("height", "width", "target_height", "target_width"), [6, 11]),
    "repeats": [2, 3], "axis": [1, 2], "value": [LEFT_OUT, 0, 3], **_each(("offset_height", "offset_width"), [0, 1]),
    "cropping": [LEFT_OUT, 1, (1, 0), ((1, 0), (0, 1)), ((1, 0), (0, 1), (1, 1))],
    **_each(("pad_width", "paddings"), [((0, 0), (1, 2), (0, 0)), ((0, 0), (1, 0), (2, 1), (0, 0)), ((0, 0), (0, 0), (1, 0), (2, 1))]),
    "pad": [(1, 2), (1, 0, 2, 1), (0, 1, 1, 0, 2, 0)], "half_pixel_centers": [LEFT_OUT, True], "constant_values": [LEFT_OUT, 2],
    "shape": [(2, 4, 5), (2, 4, 5, 11), (2, 5, 11, 4), (2, 5, 4)], "output_shape": [*OUTPUTS, *TWICE], "transpose_kernel": [LEFT_OUT, True],
    "use_consistent_padding": [LEFT_OUT, True], "auto_pad": [LEFT_OUT, "SAME_UPPER", "SAME_LOWER", "VALID"], "p": [LEFT_OUT, 2, 1],
    "pads": [LEFT_OUT, (1, 1), (1, 0), (1, 0, 2, 1), (1, 0, 1, 0, 1, 2), (0, 0, 1, 0, 0, 0, 2, 1)],
    "scales": [LEFT_OUT, (1, 1, 2, 2), (1, 1, 1.5, 0.7)],
    "sizes": [LEFT_OUT, (2, 4, 5, 11)], "coordinate_transformation_mode": [LEFT_OUT, "asymmetric", "align_corners", "pytorch_half_pixel"],
    "nearest_mode": [LEFT_OUT, "floor", "ceil"], "dimension_numbers": [LEFT_OUT, ("NHWC", "HWIO", "NHWC"), ("NCHW", "OIHW", "NCHW")],
    **_each(("top_padding", "left_padding", "bottom_padding", "right_padding"), [LEFT_OUT, 1, 2]),
    **_each(("top_cropping", "left_cropping", "bottom_cropping", "right_cropping"), [LEFT_OUT, 1, 2]),
}  # fmt: skip
"""What is tried for a parameter of that name."""

ARRAYS = (
    "weight", "kernel", "filters", "filter", "rhs", "W", "depthwise_kernel", "pointwise_kernel", "depthwise_filter", "pointwise_filter",
)  # fmt: skip
"""Parameters that take weights, of functions."""

MOST_ELEMENTS = 1 << 14
MOST_ROWS, PLACES = 150, 4
"""Rows at random that are tried for one function, and ranks, lengths and layouts for one row."""
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
    most = MOST[suite]
    for function in readable():
        own: dict[str, Case] = {}
        for call, x, weights in _calls(function, random.Random(f"{seed} {function}")):
            case = _case(call, x, weights)
            if case and repr(case) not in own:
                own[repr(case)] = case
                if len(own) == most:
                    break
        found.extend(own.values())
    return tuple(found)


def _case(call: Call, x: Shape, weights: tuple[Shape, ...]) -> Case | None:
    """None where the call is not read so, nor its text, or the arrays are large."""
    from verify.native.check import case_of

    try:
        reading = meaning((call,), x, weights)
        case = case_of(reading.op, reading.x, reading.w)
        if not size(case.y) or max(map(size, (case.x, *case.w, case.y))) > MOST_ELEMENTS:
            return None
        text = written_with_shapes(str(call), x, weights)
        again = read_with_shapes(text)
    except Impossible:
        return None
    return Case(**{**vars(case), "call": text}) if repr(again.op) == repr(reading.op) else None


def _calls(function: str, rng: random.Random) -> Iterator[tuple[Call, Shape, tuple[Shape, ...]]]:
    """Calls with the shape of an input and of weights, in an order at random: ranks and layouts mixed."""
    signature = declared(function)
    first = declared_first(function)
    names = [name for name, p in signature.parameters.items() if name != first and p.kind is not inspect.Parameter.VAR_KEYWORD]
    is_function = bool(first)
    grid: dict[str, list[Any]] = {}
    for name in names:
        required = signature.parameters[name].default is inspect.Parameter.empty
        if is_function and name in ARRAYS:
            grid[name] = [Source("w" if len([n for n in grid if n in ARRAYS]) == 0 else "v")] if required else [LEFT_OUT]
        elif name in VALUES and not (is_function and name == "bias"):
            values = [value for value in VALUES[name] if not (required and value is LEFT_OUT)]
            grid[name] = values
    at_random = ({name: rng.choice(values) for name, values in grid.items()} for _ in range(MOST_ROWS))
    places = [(rank, lengths, last) for rank in _ranks(function) for lengths in LENGTHS[rank] for last in (False, True)]
    for row in chain(rows(grid, 1) if grid else [{}], at_random):
        rng.shuffle(places)
        given = {name: value for name, value in row.items() if value is not LEFT_OUT}
        call = _call(function, first, given)
        if call is None:
            continue
        for rank, lengths, last in places[:PLACES]:
            x = (BATCH, *lengths, CHANNELS) if last else (BATCH, CHANNELS, *lengths)
            arrays = [name for name in given if name in ARRAYS and isinstance(given[name], Source)]
            for weights in _weights(function, arrays, rank):
                yield call, x, weights


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
    k = (3, 2, 2)[:rank]
    if len(arrays) > 1:
        yield (*k, CHANNELS, 2), (*(1,) * rank, 2 * CHANNELS, 6)
        return
    for a, b in ((6, CHANNELS), (CHANNELS, 6), (6, 2), (2, CHANNELS), (CHANNELS, 2), (CHANNELS, 3)):
        yield ((a, b, *k),)
        yield ((*k, b, a),)
