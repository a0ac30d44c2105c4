"""What is tried for each parameter of a native call, chosen by its name, on one, two or three spatial axes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from backends.call import Call, Source, Value, declared
from backends.names import declared_first
from spec import Shape

LEFT_OUT = object()
"""The default."""

BATCH, CHANNELS = 2, 4
LENGTHS: dict[int, tuple[Shape, ...]] = {1: ((9,), (8,)), 2: ((9, 8), (7, 10)), 3: ((5, 6, 4), (6, 5, 7))}
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

    def shape(self, x: Shape, *, last: bool) -> Shape:
        lengths = x[1:-1] if last else x[2:]
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
    "dimension_numbers": [LEFT_OUT, ("NWC", "WIO", "NWC"), ("NHWC", "HWIO", "NHWC"), ("NCHW", "OIHW", "NCHW"),
                          ("NDHWC", "DHWIO", "NDHWC"), ("NCW", "OIW", "NCW"), ("NCDHW", "OIDHW", "NCDHW")],
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

ARRAYS = (
    "weight", "kernel", "filters", "filter", "rhs", "W", "depthwise_kernel", "pointwise_kernel", "depthwise_filter", "pointwise_filter",
)  # fmt: skip
"""Parameters that take weights, of functions."""

def grid(function: str, rank: int) -> dict[str, list[Any]]:
    """What is tried for each parameter of a function on so many spatial axes, but for its input."""
    found: dict[str, list[Any]] = {}
    first, framework, weighed = declared_first(function), function.partition(".")[0], False
    for name, p in declared(function).parameters.items():
        if name == first or p.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        required = p.default is inspect.Parameter.empty
        if first and name in ARRAYS:
            found[name] = [Source("v" if weighed else "w")] if required else [LEFT_OUT]
            weighed = True
        elif name in VALUES and not (first and name == "bias"):
            values = [value for value in VALUES[name] if _fits(name, value, framework, rank)]
            if name == "kernel_shape" and weighed:
                values = [LEFT_OUT, KERNEL[:rank]]
            if name == "window_strides" and "window_dimensions" in found:
                values = [LEFT_OUT, *(value for value in ONES if isinstance(value, tuple) and len(value) == rank + 2)]
            values = [value for value in values if value is not LEFT_OUT]
            values = values if required or name == "keepdims" else [LEFT_OUT, *values]
            if values:
                found[name] = values
    return found


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


def inputs(function: str, rank: int) -> list[tuple[Shape, bool]]:
    """Shapes of its input, each with whether its channels are last.

    Where channels become space there are 8 of them, so that more than one is left; where space becomes channels, lengths are even.
    """
    name = function.rpartition(".")[2].lower().replace("_", "")
    channels = CHANNELS * 2 if name in ("depthtospace", "pixelshuffle") else CHANNELS
    every = LENGTHS[rank]
    if name in ("spacetodepth", "pixelunshuffle"):
        every = tuple(tuple(n + n % 2 for n in lengths) for lengths in every)
    return [x for lengths in every for x in (((BATCH, channels, *lengths), False), ((BATCH, *lengths, channels), True))]


def ranks(function: str) -> tuple[int, ...]:
    """The numbers of spatial axes that a name speaks of."""
    name = function.rpartition(".")[2].lower()
    return next(((rank,) for rank in (1, 2, 3) if f"{rank}d" in name), (1, 2, 3))
