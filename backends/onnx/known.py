"""ONNX Runtime."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from backends import Step, calls
from backends.known import NOT_FINITE, Facts, Known, native
from backends.onnx import write as onnx
from spec import (
    AdaptiveMaxPool,
    AveragePool,
    Conv,
    ConvTranspose,
    LpPool,
    MaxPool,
    Operation,
    Pad,
    Resize,
    SumPool,
)
from spec.conventions.padding import span
from spec.ops.resize import affine, dyadic, rounded
from spec.ops.separable import alike

NO_KERNELS = {
    **dict.fromkeys(("Conv", "ConvTranspose", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "MaxUnpool"),
                    ("float64", "uint8", "int8", "int32")),
    "MaxPool": ("int32",), "DepthToSpace": ("int32",), "SpaceToDepth": ("int32",), "Resize": ("float64",),
}  # fmt: skip
"""By operator: the dtypes for which there is none on CPU. Some of them ONNX does not have either."""


def _no_kernel(op: Operation, at: Step, facts: Facts) -> bool:
    found = [call.function.removeprefix("onnx.") for call in calls(onnx, op, at)]
    return any(at.dtype in NO_KERNELS.get(name, ()) for name in found)


def _empty(op: Operation, at: Step, facts: Facts) -> bool:
    """Of a convolution, by which sums are written, too. Pools and Pad give it."""
    if not at.empty or not isinstance(op, Conv | ConvTranspose | SumPool | AveragePool):
        return False
    return any(call.function in ("onnx.Conv", "onnx.ConvTranspose") for call in calls(onnx, op, at))


def _kept(op: Resize, at: Step) -> bool:
    """Whether an axis keeps its length and yet is resampled."""
    rows = zip(op.matrices(at.x), at.x[2:], at.y[2:], strict=True)
    return any(n == m and not np.array_equal(a.numerators, a.denominator * np.eye(n, dtype=int)) for a, n, m in rows)


def _same_shape(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Resize) and at.x == at.y and _kept(op, at)


def _same_length_smoothed(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Resize) and op.antialias == "yes" and at.x != at.y and _kept(op, at)


def _whole_corners(op: Operation, at: Step, facts: Facts) -> bool:
    if not isinstance(op, Resize) or op.coordinates != "align_corners" or at.x == at.y:
        return False
    return not alike(op, replace(op, scale=()), at.x)


def _cut_and_wrapped(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Pad) and op.mode == "wrap" and any(min(pair) < 0 < max(pair) for pair in op.padding)


def _wide_padding(op: Operation, at: Step, facts: Facts) -> bool:
    """Of a pool, at least as wide as its window: as an attribute, or as a Pad node that is fused into it."""
    pools = isinstance(op, MaxPool | AveragePool | LpPool)
    for call in native(at, "onnx.MaxPool", "onnx.AveragePool", "onnx.LpPool"):  # its result may be too short to reach them
        kernel, pads = call["kernel_shape"], call["pads"]
        if isinstance(kernel, tuple) and isinstance(pads, tuple) and any(p >= k for p, k in zip(pads, kernel * 2, strict=True)):  # type: ignore[operator]
            return True
    return pools and any(max(pair) >= k for pair, k in zip(op.padding, op.kernel, strict=True))  # type: ignore[attr-defined]


def _zeros_before(op: Operation, at: Step, facts: Facts) -> bool:
    """A Pad node with zeros, in a program; what comes after is not seen here."""
    return at.number != "" and isinstance(op, Pad) and op.mode == "constant" and min(n for pair in op.padding for n in pair) >= 0


def _close_call(op: Operation, at: Step, facts: Facts) -> bool:
    """Where a coordinate lies just where rounding changes, and its step is no float."""
    if not isinstance(op, Resize) or op.mode != "nearest":
        return False
    tiny = Fraction(1, 1 << 30)
    axes = ((op.size[axis], *affine(op, axis, n)) for axis, n in enumerate(at.x[2:]))
    places = (step * j + start for m, step, start in axes if not dyadic(step) for j in range(m))
    return any(rounded(c - tiny, op.rounding) != rounded(c + tiny, op.rounding) for c in places)


def _mirrored_too_far(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Pad) and op.mode == "reflect" and any(max(pair) > n - 1 for n, pair in zip(at.x[2:], op.padding, strict=True))


def _skips(op: Operation, at: Step, least: int) -> bool:
    """Whether windows leave pixels out between them, so many at least, and nothing is padded: what auto_pad SAME takes for negative."""
    if not isinstance(op, Conv | AveragePool | MaxPool | LpPool) or any(map(any, op.padding)):
        return False
    kernel = at.k if isinstance(op, Conv) else op.kernel
    return any(s - span(k, d) >= least for s, k, d in zip(op.stride, kernel, op.dilation, strict=True))


def _skips_two(op: Operation, at: Step, facts: Facts) -> bool:
    return _skips(op, at, 2)


def _skips_one_in_a_pool(op: Operation, at: Step, facts: Facts) -> bool:
    return not isinstance(op, Conv) and _skips(op, at, 1)


def _short_kernel(op: Operation, at: Step, facts: Facts) -> bool:
    if not isinstance(op, ConvTranspose) or all(min(pair) >= 0 for pair in op.crop):
        return False
    return any(span(k, d) < s for k, d, s in zip(at.k, op.dilation, op.stride, strict=True))


def _dilated_same_pool(op: Operation, at: Step, facts: Facts) -> bool:
    pools = native(at, "onnx.MaxPool", "onnx.AveragePool", "onnx.LpPool")
    return any(call["auto_pad"] in ("SAME_UPPER", "SAME_LOWER") and call["dilations"] is not None for call in pools)


def _valid_ceil(op: Operation, at: Step, facts: Facts) -> bool:
    pools = native(at, "onnx.MaxPool", "onnx.AveragePool", "onnx.LpPool")
    return any(call["auto_pad"] == "VALID" and bool(call["ceil_mode"]) for call in pools)


def _padded_and_shaped(op: Operation, at: Step, facts: Facts) -> bool:
    found = native(at, "onnx.ConvTranspose")
    return any(call["output_shape"] is not None and call["output_padding"] is not None for call in found)


ALIGN = "https://github.com/onnx/onnx/issues/2462"
RUNTIME = ("onnxruntime",)
SINCE = {"onnxruntime": ">=1.20"}
SILENT = {"onnxruntime": ">=1.20,<=1.31.1"}
"""What depends on the numbers drawn has an upper bound: a newer version must show it again."""

KNOWN = [
    Known(
        id="onnxruntime-space-to-depth-mode", runtimes=RUNTIME, versions=SINCE, verdict="raised",
        when=lambda op, at, facts: any(call["mode"] == "CRD" for call in native(at, "onnx.SpaceToDepth")),
        message="Unrecognized attribute: mode|ONNX Runtime only \\*guarantees\\*",
        reason="SpaceToDepth has mode since opset 28, and ONNX Runtime 1.31 runs opsets up to 26",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-valid-ceil", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_valid_ceil, sometimes=True,
        reason="pools with auto_pad VALID and ceil_mode have a last window that reaches beyond the input; ONNX's length for VALID with "
        "ceil_mode, ⌈(n − span + 1) / stride⌉, has none",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-output-shape-and-padding", runtimes=RUNTIME, versions=SILENT, verdict="raised", when=_padded_and_shaped,
        message="Explicit output_shape is inconsistent", sometimes=True,
        reason="ConvTranspose refuses an output_shape together with an output_padding that is as large as the stride, though smaller than "
        "the dilation",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-same-dilated-pool", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_dilated_same_pool,
        message="shape .* instead of",
        reason="pools with auto_pad SAME_UPPER or SAME_LOWER are padded as if they had no dilations, so that the result is shorter than "
        "⌈n / stride⌉, and than the shape that the runtime itself infers",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-no-kernel", runtimes=RUNTIME, versions=SINCE, verdict="raised", when=_no_kernel,
        message=r"Could not find an implementation|Type 'tensor\(\w+\)' of input parameter",
        reason="on CPU, convolutions, averages and Resize have no float64 kernel, and integers few operators",
        link="https://github.com/microsoft/onnxruntime/blob/main/docs/OperatorKernels.md",
    ),
    Known(
        id="onnxruntime-empty", runtimes=RUNTIME, versions=SINCE, verdict="raised", when=_empty,
        message="Invalid input shape|output dimension is <= 0|inconsistent with input spatial dimensions",
        reason="convolutions refuse a result of length 0; pools do not", link="no upstream report found",
    ),
    Known(
        id="onnxruntime-pool-padding", runtimes=RUNTIME, versions=SILENT, verdict="raised", when=_wide_padding, sometimes=True,
        message="Pad should be smaller than kernel",
        reason="pools take less padding than the kernel's length; a Pad node before one, which may be wider, is fused into it anyway",
        link="https://github.com/microsoft/onnxruntime/issues/801",
    ),
    Known(
        id="onnxruntime-pad-fused-into-max-pool", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_zeros_before, sometimes=True,
        reason="a Pad node with zeros is fused into the MaxPool after it, whose padding never is a maximum",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-resize-same-shape", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_same_shape,
        reason="x is copied where no length changes, whatever the scale and the coordinates are", link="no upstream report found",
    ),
    Known(
        id="onnxruntime-resize-same-length-antialias", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_same_length_smoothed,
        reason="with antialias, an axis is copied where its length does not change, whatever the scale and the coordinates are",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-align-corners-scale", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_whole_corners,
        reason="align_corners takes the length of the result, rounded down, where ONNX's published results take n·scale",
        link=ALIGN,
    ),
    Known(
        id="onnxruntime-resize-empty", runtimes=RUNTIME, versions=SINCE, verdict="raised", message="Scale value should be greater than 0",
        when=lambda op, at, facts: isinstance(op, Resize) and at.empty, reason="Resize refuses a result of length 0",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-nearest-float32-coordinates", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_close_call, sometimes=True,
        reason="coordinates are computed in float32; where one is just where rounding changes, the pixel before or after may be taken",
        link="https://github.com/microsoft/onnxruntime/issues/28085",
    ),
    Known(
        id="onnxruntime-max-pool-nan", runtimes=RUNTIME, versions=SILENT, verdict="differ", sometimes=True, data=("nan", "nans"),
        when=lambda op, at, facts: isinstance(op, MaxPool | AdaptiveMaxPool),
        reason="a NaN is a window's maximum in some places of the window and not in others", link="no upstream report found",
    ),
    Known(
        id="onnxruntime-linear-leaks", runtimes=RUNTIME, versions=SILENT, verdict="differ", data=NOT_FINITE, sometimes=True,
        when=lambda op, at, facts: isinstance(op, Resize) and op.mode == "linear" and op.antialias == "no",
        message="no window of theirs sees",
        reason="where a coordinate lies before the first pixel or on a pixel, linear resampling multiplies the next pixel by zero, and "
        "0 · ∞ is NaN",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-max-pool-from-least-finite", runtimes=RUNTIME, versions=SILENT, verdict="differ", sometimes=True,
        data=("infinities",), when=lambda op, at, facts: isinstance(op, MaxPool | AdaptiveMaxPool) and at.dtype == "float32",
        message="finite though",
        reason="in float32 the maximum begins with the least finite number in some kernels: a window of −∞ gives that",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-reflect-too-far", runtimes=RUNTIME, versions=SINCE, verdict="raised", when=_mirrored_too_far,
        message="exceeds maximum allowed", reason="reflect pads fewer pixels than there are",
        link="https://github.com/microsoft/onnxruntime/issues/20801",
    ),
    Known(
        id="onnxruntime-same-skips", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_skips_two, sometimes=True,
        reason="auto_pad SAME_UPPER and SAME_LOWER crop x at its start where windows leave pixels out between them",
        link="https://github.com/microsoft/onnxruntime/issues/10086",
    ),
    Known(
        id="onnxruntime-same-skips-pool", runtimes=RUNTIME, versions=SILENT, verdict="raised", when=_skips_one_in_a_pool, sometimes=True,
        message="padding values must be non-negative",
        reason="MaxPool refuses auto_pad SAME_UPPER and SAME_LOWER where windows leave pixels out between them",
        link="https://github.com/microsoft/onnxruntime/issues/10086",
    ),
    Known(
        id="onnxruntime-output-padding", runtimes=RUNTIME, versions=SILENT, verdict="raised", sometimes=True,
        when=lambda op, at, facts: isinstance(op, ConvTranspose) and any(min(pair) < 0 for pair in op.crop),
        message="output_padding .* may be too large",
        reason="output_padding must be smaller than the stride, even where it is smaller than the dilation",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-same-dilated", runtimes=RUNTIME, versions=SILENT, verdict="raised", sometimes=True,
        when=lambda op, at, facts: isinstance(op, Conv | MaxPool | AveragePool | LpPool) and max(op.dilation) > 1,
        message="Dilation not supported for AutoPadType", reason="auto_pad SAME_UPPER and SAME_LOWER are refused with dilations",
        link="https://github.com/microsoft/onnxruntime/issues/20582",
    ),
    Known(
        id="onnxruntime-same-transposed", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_short_kernel, sometimes=True,
        reason="auto_pad gives a ConvTranspose whose kernel is shorter than its stride less than n·stride pixels",
        link="no upstream report found",
    ),
    Known(
        id="onnxruntime-wrap-cuts-first", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_cut_and_wrapped, sometimes=True,
        reason="padding by wrap that is negative at one end cuts x before it wraps around; the other modes cut afterwards",
        link="https://github.com/microsoft/onnxruntime/issues/11828",
    ),
]  # fmt: skip

