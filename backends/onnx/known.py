"""ONNX Runtime."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backends import Step, calls
from backends.known import Facts, Known
from backends.onnx import write as onnx
from spec import AveragePool, Conv, ConvTranspose, LpPool, MaxPool, Operation, Pad, Resize, SumPool
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
    return isinstance(op, Conv | ConvTranspose | SumPool | AveragePool | MaxPool | LpPool) and 0 in at.y


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


def _padded_beyond_the_window(op: Operation, at: Step, facts: Facts) -> bool:
    """Where a Pad node before a pool is more than the pool itself takes."""
    if not isinstance(op, MaxPool | AveragePool) or min(n for pair in op.padding for n in pair) < 0:
        return False
    first, *rest = calls(onnx, op, at)
    return first.function == "onnx.Pad" and rest[0].function in ("onnx.MaxPool", "onnx.AveragePool")


def _zeros_before(op: Operation, at: Step, facts: Facts) -> bool:
    """A Pad node with zeros, in a program; what comes after is not seen here."""
    return at.number != "" and isinstance(op, Pad) and op.mode == "constant" and min(n for pair in op.padding for n in pair) >= 0


ALIGN = "https://github.com/onnx/onnx/issues/2462"
RUNTIME = ("onnxruntime",)
SINCE = {"onnxruntime": ">=1.20"}
SILENT = {"onnxruntime": ">=1.20,<=1.31.1"}
"""What depends on the numbers drawn has an upper bound: a newer version must show it again."""

KNOWN = [
    Known(
        id="onnxruntime-no-kernel", runtimes=RUNTIME, versions=SINCE, verdict="raised", when=_no_kernel,
        message=r"Could not find an implementation|Type 'tensor\(\w+\)' of input parameter",
        reason="on CPU, convolutions, averages and Resize have no float64 kernel, and integers few operators",
        link="https://github.com/microsoft/onnxruntime/blob/main/docs/OperatorKernels.md",
    ),
    Known(
        id="onnxruntime-empty", runtimes=RUNTIME, versions=SINCE, verdict="raised", when=_empty,
        message="Invalid input shape|output dimension is <= 0|inconsistent with input spatial dimensions",
        reason="a result of length 0 is refused", link="no upstream report found",
    ),
    Known(
        id="onnxruntime-pad-fused-too-wide", runtimes=RUNTIME, versions=SINCE, verdict="raised", when=_padded_beyond_the_window,
        message="Pad should be smaller than kernel",
        reason="a Pad node is fused into the pool after it, which takes less padding than the kernel's length: the model does not load",
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
        id="onnxruntime-wrap-cuts-first", runtimes=RUNTIME, versions=SILENT, verdict="differ", when=_cut_and_wrapped, sometimes=True,
        reason="padding by wrap that is negative at one end cuts x before it wraps around; the other modes cut afterwards",
        link="https://github.com/microsoft/onnxruntime/issues/11828",
    ),
]  # fmt: skip

