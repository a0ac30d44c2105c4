"""JAX."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from backends import Step
from backends.known import NOT_FINITE, Facts, Known, begins_in_padding, native, refuses_mixed_dtypes, zero_norm_twice
from spec import (
    AveragePool,
    Conv,
    ConvTranspose,
    Lanczos,
    LpPool,
    MaxPool,
    Operation,
    Pad,
    Resize,
    SumPool,
    Upsample,
)
from spec.conventions.resize import NEAREST
from spec.ops.pool import reaching
from spec.ops.resize import coordinate
from spec.ops.separable import alike


def _cut_then_padded(op: Operation, at: Step, facts: Facts) -> bool:
    """Of the operation, or of the convolution that is its gradient."""
    pairs = op.padding if isinstance(op, Conv) else op.crop if isinstance(op, ConvTranspose) else ()
    if any(lo < 0 < hi for lo, hi in pairs):
        return True
    return isinstance(op, Conv) and any(hi < d * (k - 1) < lo for (lo, hi), k, d in zip(op.padding, at.k, op.dilation, strict=True))


def _narrow_sums(op: Operation, at: Step, facts: Facts) -> bool:
    return at.dtype in ("float16", "bfloat16") and isinstance(op, SumPool | AveragePool | Upsample | Pad)


def close_call(op: Operation, at: Step, facts: Facts) -> bool:
    """Where (j + ½)·(n·(1/m)), which XLA makes of (j + ½)·n/m, falls below the whole number that it is."""
    if not isinstance(op, Resize) or not alike(op, Resize(size=op.size, **NEAREST), at.x):
        return False
    for n, m in zip(at.x[2:], op.size, strict=True):
        if not m:
            continue
        j, factor = np.arange(m), np.float32(n) * (np.float32(1) / np.float32(m))
        if n != m and (np.floor((j + 0.5).astype(np.float32) * factor) != (2 * j + 1) * n // (2 * m)).any():
            return True
    return False


def _cut_by_windows_of_one(op: Operation, at: Step, facts: Facts) -> bool:
    """Windows of one pixel, one after the other, where x is cut and nowhere padded."""
    if not isinstance(op, SumPool | AveragePool | LpPool | MaxPool) or max(*op.kernel, *op.stride, *op.dilation) > 1:
        return False
    ends = [n for pair in (reaching(op) if isinstance(op, AveragePool) else op.padding) for n in pair]
    return min(ends) < 0 and max(ends) <= 0


def _weighed(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Lanczos) or (isinstance(op, Resize) and op.mode != "nearest")


def _close_to_a_pixel(op: Operation, at: Step, facts: Facts) -> bool:
    """A Lanczos window met within a thousandth of a pixel's middle, in a precision that shows it."""
    if not isinstance(op, Lanczos) or at.dtype != "float64":
        return False
    axes = zip(at.x[2:], op.size, strict=True)
    places = [coordinate("half_pixel", j, n, m, Fraction(m, n)) for n, m in axes if n != m for j in range(m)]
    return any(0 < abs(c - round(c)) <= Fraction(1, 1000) for c in places)


def _cells_begun_in_the_padding(op: Operation, at: Step, facts: Facts) -> bool:
    """An axis tiled by windows of two pixels, the first and the last of them half in the padding, and a second axis beside it."""
    if not isinstance(op, Conv) or op.rank < 2:
        return False
    axes = zip(at.x[2:], at.k, op.stride, op.padding, strict=True)
    return any(k == s == 2 and n % 2 == 0 and n >= 4 and lo == 1 <= hi for n, k, s, (lo, hi) in axes)


BOTH = ("jax", "keras-jax")
def _valid_average(op: Operation, at: Step, facts: Facts) -> bool:
    return any(call["count_include_pad"] is False for call in native(at, "flax.*.avg_pool")) and at.dtype != "float64"


SILENT = {"jax": ">=0.4,<=0.10.2"}
"""What depends on the numbers drawn has an upper bound: a newer version must show it again."""

KNOWN = [
    Known(
        id="flax-average-without-padding-dtype", runtimes=("jax",), versions=SILENT, verdict="differ", outputs=("y",),
        when=_valid_average, message="dtype float64 instead of",
        reason="avg_pool with count_include_pad=False divides by counts that have JAX's default dtype: under jax_enable_x64 float32, "
        "float16 and bfloat16 become float64",
        link="no upstream report found",
    ),
    Known(
        id="flax-average-without-padding-gradient", runtimes=("jax",), versions=SILENT, verdict="raised", outputs=("dx",),
        when=_valid_average, message="unexpected JAX type",
        reason="avg_pool with count_include_pad=False has another dtype than its input under jax_enable_x64, so that a cotangent of the "
        "input's dtype is refused",
        link="no upstream report found",
    ),
    Known(
        id="xla-cpu-subnormals", runtimes=BOTH, versions=SILENT, verdict="imprecise", data=("subnormal",), sometimes=True,
        when=lambda op, at, facts: at.dtype != "float16", message="flushed to zero",
        reason="XLA on CPU takes subnormal numbers for zero, as inputs and as results",
        link="https://github.com/jax-ml/jax/issues/16200",
    ),
    Known(
        id="xla-cpu-conv-gradient-aborts", runtimes=("jax",), versions={"jax": ">=0.10,<=0.10.2"}, verdict="crashed", sometimes=True,
        when=_cells_begun_in_the_padding, message="SIGABRT",
        reason="compiling the gradient with respect to x ends the process: a check fails in XLA's algebraic simplifier (window dimensions "
        "do not match the right-hand side's shape), for many paddings of the second axis",
        link="no upstream report found",
    ),
    Known(
        id="xla-cpu-windows-of-one-abort", runtimes=("jax",), versions=SILENT, verdict="crashed", when=_cut_by_windows_of_one,
        message="SIGABRT",
        reason="compiling reduce_window with windows of one pixel, strides of 1 and negative padding ends the process: XLA's algebraic "
        "simplifier takes x for the answer, whose shape is another, and a check fails",
        link="https://github.com/openxla/xla/issues/48719",
    ),
    Known(
        id="jax-narrow-accumulator", runtimes=BOTH, versions=SILENT, verdict="imprecise", when=_narrow_sums, sometimes=True,
        message="sums kept in|cut off",
        reason="reduce_window, and the gradients of nearest resize and of mirrored padding, add float16 and bfloat16 in the narrow dtype",
        link="no upstream report found",
    ),
    Known(
        id="xla-cpu-depthwise-leaks", runtimes=("keras-jax",), versions=SILENT, verdict="differ", sometimes=True,
        data=NOT_FINITE,
        when=lambda op, at, facts: isinstance(op, SumPool) and at.dtype == "float64", message="no window of theirs sees",
        reason="a float64 depthwise convolution is computed as a dense one with zeros between the channels, and 0 · NaN is NaN: one pixel "
        "that is no number shows in every channel",
        link="no upstream report found",
    ),
    Known(
        id="keras-jax-cropped-gradient-leaks", runtimes=("keras-jax",), versions=SILENT, verdict="differ", outputs=("dw",),
        data=NOT_FINITE, sometimes=True, message="no window of theirs sees",
        when=lambda op, at, facts: isinstance(op, ConvTranspose) and any(max(pair) > 0 for pair in op.crop),
        reason="what is cut off a transposed convolution comes back as zeros, by which its kernel's gradient multiplies pixels, and "
        "0 · NaN is NaN",
        link="no upstream report found",
    ),
    *(
        Known(
            id=f"xla-cpu-cut-then-padded-{verdict}", runtimes=("jax",), versions={"jax": "<=0.10.2"}, verdict=verdict,
            when=_cut_then_padded, sometimes=True,
            reason="XLA's CPU convolution reads past the end of its input where the low end is cut and the high end padded",
            link="https://github.com/openxla/xla/issues/48713",
        )
        for verdict in ("differ", "nondeterministic")
    ),
    Known(
        id="jax-nearest-float32-coordinates", runtimes=("jax",), versions={"jax": ">=0.4,<=0.10.2"}, verdict="differ", when=close_call,
        reason="coordinates are computed in float32; where one is a whole number, its product may fall below it, and the pixel before is "
        "taken",
        link="no upstream report found",
    ),
    Known(
        id="jax-lanczos-flat-top", runtimes=BOTH, versions=SILENT, verdict="imprecise", when=_close_to_a_pixel,
        reason="the weight of a pixel less than a thousandth of a pixel away is treated as 1, so that it need not be divided by nearly 0; "
        "in float64 that shows: it is off by up to 2·10⁻⁶",
        link="no upstream report found",
    ),
    Known(
        id="jax-resize-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("y",), data=NOT_FINITE,
        when=_weighed, sometimes=True, message="no window of theirs sees",
        reason="resampling multiplies whole lines by a matrix that is mostly zeros, and 0 · NaN is NaN: one pixel that is no number shows "
        "in its whole row and column",
        link="no upstream report found",
    ),
    Known(
        id="jax-max-pool-padding-wins", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dx",), data=("infinities",),
        when=lambda op, at, facts: begins_in_padding(op),
        reason="the padding is −∞: where a window begins in it and holds only −∞, its gradient goes to the padding and is lost",
        link="no upstream report found",
    ),
    Known(
        id="jax-dilated-max-pool-gradient", runtimes=("jax",), versions={"jax": ">=0.4"}, verdict="raised", outputs=("dx",),
        modes=("", "op-by-op", "vmap", "same-buffers"),
        when=lambda op, at, facts: isinstance(op, MaxPool) and max(op.dilation) > 1, message="VJP not implemented",
        reason="the maximum over dilated windows has no gradient in reverse mode", link="no upstream report found",
    ),
    Known(
        id="jax-forward-mode-norm-of-zeros", runtimes=("jax",), versions=SILENT, verdict="differ", outputs=("dx",), modes=("forward",),
        when=lambda op, at, facts: isinstance(op, LpPool) and op.p > 1, sometimes=True,
        reason="the root of a window of zeros, such as one in the padding, has an infinite slope, and forward mode multiplies it by 0 for "
        "every pixel of x; reverse mode meets it at that window alone",
        link="no upstream report found",
    ),
    Known(
        id="jax-forward-mode-lowest", runtimes=("jax",), versions=SILENT, verdict="differ", outputs=("dx",), modes=("forward",),
        data=("infinities",), when=lambda op, at, facts: isinstance(op, MaxPool),
        reason="in forward mode a window of −∞ has no gradient: the −∞ that reduce_window begins with wins; reverse mode gives "
        "it to the first pixel",
        link="no upstream report found",
    ),
    Known(
        id="jax-forward-mode-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dw",), modes=("forward",),
        data=NOT_FINITE, when=lambda op, at, facts: True, sometimes=True, message="no window of theirs sees",
        reason="forward mode finds what one weight does by setting it to 1 and the others to 0, and 0 · NaN is NaN: a pixel that is no "
        "number shows in weights that do not meet it",
        link="no upstream report found",
    ),
    zero_norm_twice("jax", SILENT),
    refuses_mixed_dtypes(
        "jax", {"jax": ">=0.4"}, "requires arguments to have the same dtypes",
        "https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_general_dilated.html",
    ),
    Known(
        id="jax-twice-max-pool-of-nan", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("y",), modes=("double-backward",),
        data=NOT_FINITE, when=lambda op, at, facts: isinstance(op, MaxPool), sometimes=True, link="no upstream report found",
        reason="the gradient of a maximum goes to one pixel, which in a window with NaN need not be the NaN: its derivative is that pixel",
    ),
    Known(
        id="jax-twice-dilated-max-pool", runtimes=BOTH, versions={"jax": ">=0.4"}, verdict="raised", outputs=("y", "dx"),
        modes=("double-backward",), when=lambda op, at, facts: isinstance(op, MaxPool) and max(op.dilation) > 1,
        message="VJP not implemented", link="no upstream report found",
        reason="the maximum over dilated windows has no gradient in reverse mode",
    ),
]  # fmt: skip
