"""PyTorch."""

from __future__ import annotations

from backends import Step, calls, onednn
from backends.call import Call
from backends.known import (
    NOT_FINITE,
    Facts,
    Known,
    When,
    native,
    pads_before_a_maximum,
    refuses_mixed_dtypes,
    undecorated,
    zero_norm_twice,
)  # fmt: skip
from backends.torch import write as torch
from spec import AdaptiveMaxPool, AveragePool, Conv, ConvTranspose, Lanczos, LpPool, MaxPool, Operation, Pad, Resize, SumPool, Upsample
from spec.case import INTEGERS
from spec.conventions.resize import torch_resize
from spec.ops.coordinate_error import SinglePrecision
from spec.ops.separable import alike


def _empty(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Conv) and at.empty


def _empty_resize(op: Operation, at: Step, facts: Facts) -> bool:
    """Not by area, which is adaptive pooling."""
    return isinstance(op, Resize | Lanczos) and at.empty and any(call["mode"] != "area" for call in _interpolations(op, at))


def _interpolations(op: Operation, at: Step) -> list[Call]:
    return [call for call in calls(torch, op, at) if call.function == "torch.nn.functional.interpolate"]


def _narrow(op: Operation, at: Step, facts: Facts) -> bool:
    return at.dtype in ("float16", "bfloat16")


def _narrow_sums(op: Operation, at: Step, facts: Facts) -> bool:
    return _narrow(op, at, facts) and isinstance(op, Conv | ConvTranspose | SumPool | AveragePool | Upsample)


def _narrow_average_3d(op: Operation, at: Step, facts: Facts) -> bool:
    """Not where it is dilated, which is written as a convolution with ones."""
    return _narrow(op, at, facts) and op.rank == 3 and isinstance(op, SumPool | AveragePool) and max(op.dilation) == 1


def _cropped(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, ConvTranspose) and any(max(pair) > 0 for pair in op.crop)


def _appended(op: Operation, at: Step, facts: Facts) -> bool:
    return at.dtype == "bfloat16" and isinstance(op, ConvTranspose) and any(min(pair) < 0 for pair in op.crop)


def _dilated_narrow(op: Operation, at: Step, facts: Facts) -> bool:
    return at.dtype == "bfloat16" and isinstance(op, Conv | ConvTranspose) and max(op.dilation) > 1


def _integers_unknown(op: Operation, at: Step, facts: Facts) -> bool:
    if at.dtype not in INTEGERS:
        return False
    dilated = isinstance(op, Conv) and max(op.dilation) > 1
    return dilated or isinstance(op, ConvTranspose | SumPool | AdaptiveMaxPool) or (isinstance(op, MaxPool) and op.rank == 1)


def _integers_not_resampled(op: Operation, at: Step, facts: Facts) -> bool:
    if at.dtype not in ("int8", "int32") or not isinstance(op, Resize | Upsample):
        return False
    return isinstance(op, Upsample) or _interpolations(op, at) != []


def close_call(op: Operation, at: Step, facts: Facts) -> bool:
    """Where float32 puts a coordinate below the whole number that it is, in the first of the words that says the operation."""
    if not isinstance(op, Resize) or op.mode != "nearest":
        return False
    words = (Resize(size=op.size, scale=op.scale, **torch_resize(mode)) for mode in ("nearest", "nearest-exact"))
    said = next((word for word in words if alike(op, word, at.x)), None)
    return said is not None and not alike(op, SinglePrecision(**vars(said)), at.x)


def _scale_ignored(op: Operation, at: Step, facts: Facts) -> bool:
    """A scale that keeps a length, or by "nearest" doubles it, and yet is neither 1 nor 2; on other axes, or with it, more is run."""
    if not isinstance(op, Resize) or op.coordinates == "align_corners":
        return False
    doubled = op.mode == "nearest" and op.coordinates == "asymmetric"
    rows = zip(at.x[2:], op.size, op.scale, strict=True)
    taken = tuple((0, 1) if m == n or (doubled and m == 2 * n) else scale for n, m, scale in rows)
    return not alike(op, Resize(**vars(op) | {"scale": taken}), at.x)


def _smoothed(op: Operation) -> bool:
    """Said with antialias=True, which brings a = −1/2."""
    return isinstance(op, Resize) and (op.antialias == "yes" or (op.mode == "cubic" and op.a == "-1/2"))


def _bicubic_antialiased(op: Operation, at: Step, facts: Facts) -> bool:
    """Where it has a kernel (see torch-narrow-antialias)."""
    if not isinstance(op, Resize) or at.dtype not in ("float32", "float64"):
        return False
    return any(call["mode"] == "bicubic" and call["antialias"] for call in _interpolations(op, at))


def _one_wide_antialiased(op: Operation, at: Step, facts: Facts) -> bool:
    """An image one pixel wide, before and after, of another height."""
    if op.rank != 2 or at.dtype not in ("float32", "float64") or not at.x[3] == at.y[3] == 1 < at.y[2] != at.x[2]:
        return False
    return isinstance(op, Resize | Lanczos) and any(call["antialias"] for call in _interpolations(op, at))


def _scale_ignored_forward(op: Operation, at: Step, facts: Facts) -> bool:
    if not isinstance(op, Resize) or not _scale_ignored(op, at, facts):
        return False
    return _smoothed(op) or op.mode == "linear" or (op.mode == "nearest" and op.rank > 1)


def _norm(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, LpPool)


def _narrow_sum_of_magnitudes(op: Operation, at: Step, facts: Facts) -> bool:
    """Where a sum is promised that is rounded once, and the mean is rounded too."""
    return isinstance(op, LpPool) and op.p == 1 and _narrow(op, at, facts)


def _mirrored_too_far(op: Operation, at: Step, facts: Facts) -> bool:
    if not isinstance(op, Pad) or op.mode not in ("reflect", "wrap"):
        return False
    return any(max(pair) > n - (op.mode == "reflect") for n, pair in zip(at.x[2:], op.padding, strict=True))


def _cut_and_wrapped(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Pad) and op.mode == "wrap" and any(min(pair) < 0 < max(pair) for pair in op.padding)


def _narrow_antialias(op: Operation, at: Step, facts: Facts) -> bool:
    if not isinstance(op, Resize | Lanczos) or op.antialias != "yes" or not _narrow(op, at, facts):
        return False
    return op.mode != "nearest" if isinstance(op, Resize) else _interpolations(op, at) != []


def _narrow_antialias_forward(op: Operation, at: Step, facts: Facts) -> bool:
    """Where no length changes, x is copied."""
    return _narrow_antialias(op, at, facts) and at.x != at.y


BOTH = ("torch", "keras-torch")
EAGER = undecorated(torch.RUNTIMES["torch"].modes)
COMPILED = ("compile", "dynamic")
NARROW = ("", *(name for name, mode in torch.RUNTIMES["torch"].modes.items() if name != "autocast" and not mode.own_kernels))
"""Modes in which a case in float16 is computed in it: autocast computes most functions in float32."""
ONE_WIDE = (
    "F.interpolate with antialias answers its first row everywhere where an image is one pixel wide, unless several channels are last in "
    "memory"
)


def in_each_layout(when: When) -> tuple[tuple[str, tuple[str, ...], When], ...]:
    """(end of an id, modes, predicate) of a fault that spares several channels which are last in memory."""
    others = tuple(mode for mode in (*EAGER, *COMPILED) if mode != "channels-last")
    return ("", others, when), ("-one-channel", ("channels-last",), lambda op, at, facts: at.x[1] == 1 and when(op, at, facts))


SILENT = {"torch": ">=2.0,<=2.13"}
"""What depends on the numbers drawn has an upper bound: a newer version must show it again."""

KNOWN = [
    Known(
        id="torch-onednn-bfloat16-depthwise-hangs", runtimes=BOTH, versions=SILENT, verdict="timeout", when=onednn.endless, sometimes=True,
        reason="in memory with channels last, oneDNN's depthwise convolution in bfloat16 never ends for kernels from 15 on",
        link="no upstream report found",
    ),
    Known(
        id="torch-onednn-bfloat16-dilated-pointwise", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dw",), sometimes=True,
        when=onednn.dilated_pointwise,
        reason="in memory with channels last, the weight gradient of a 1×1 convolution in bfloat16 is wrong if a dilation is given, which "
        "does nothing to such a kernel",
        link="no upstream report found",
    ),
    Known(
        id="torch-lp-pool-by-averages", runtimes=("torch",), versions=SILENT, verdict="imprecise", sometimes=True,
        when=lambda op, at, facts: bool(native(at, "torch.nn.LPPool*", "torch.nn.functional.lp_pool*")),
        reason="lp_pool averages the powers and multiplies by the window's size, so that sums of whole numbers are rounded",
        link="no upstream report found",
    ),
    Known(
        id="torch-lanczos-before-2.12", runtimes=("torch",), versions={"torch": ">=1.11,<2.12"}, verdict="raised",
        when=lambda op, at, facts: isinstance(op, Lanczos) and _interpolations(op, at) != [], message="restricted to bilinear and bicubic",
        reason="F.interpolate has a Lanczos window since 2.12",
        link="https://docs.pytorch.org/docs/2.12/generated/torch.nn.functional.interpolate.html",
    ),
    Known(
        id="torch-narrow-average-pool-3d", runtimes=("torch",), versions={"torch": ">=1.0"}, verdict="raised", when=_narrow_average_3d,
        message="not implemented for '(Half|BFloat16)'", reason="avg_pool3d has no float16 and no bfloat16 kernel on CPU", modes=NARROW,
        link="no upstream report found",
    ),
    Known(
        id="torch-narrow-accumulator", runtimes=BOTH, versions=SILENT, verdict="imprecise", when=_narrow_sums, sometimes=True,
        message="sums kept in|cut off",
        reason="on CPU, float16 convolutions add parts of their sums (gradients above all) in float16, and the gradients of avg_pool and "
        "of repeat add in the narrow dtype",
        link="no upstream report found",
    ),
    Known(
        id="torch-cropped-gradient-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dw",),
        data=NOT_FINITE, when=_cropped, sometimes=True,
        message="no window of theirs sees",
        reason="conv_transpose's weight gradient multiplies pixels by zeros where their products were cropped away, and 0 · NaN is NaN",
        link="no upstream report found",
    ),
    Known(
        id="torch-bfloat16-transpose-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("y",),
        data=NOT_FINITE, when=_appended, sometimes=True, message="no window of theirs sees",
        reason="conv_transpose in bfloat16 multiplies pixels by zeros where output_padding appends values that no tap reaches, "
        "and 0 · NaN is NaN",
        link="no upstream report found",
    ),
    Known(
        id="torch-bfloat16-dilated-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", data=NOT_FINITE,
        when=_dilated_narrow, sometimes=True, message="no window of theirs sees",
        reason="dilated convolutions of one channel in bfloat16 multiply the pixels between the taps by zeros, and 0 · NaN is NaN",
        link="no upstream report found",
    ),
    Known(
        id="torch-max-pool-padding-wins", runtimes=("torch",), versions=SILENT, verdict="differ", outputs=("dx",), data=("infinities",),
        when=pads_before_a_maximum(torch, "torch.nn.functional.pad"),
        reason="max_pool pads both ends alike, so F.pad puts −∞ there: where a window begins in it and holds only −∞, its gradient goes to "
        "the padding and is lost",
        link="no upstream report found",
    ),
    Known(
        id="torch-linear-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("y",), data=NOT_FINITE,
        when=lambda op, at, facts: isinstance(op, Resize) and op.mode == "linear" and op.antialias == "no", sometimes=True,
        message="no window of theirs sees",
        reason="where a coordinate lies before the first pixel or on a pixel, linear resampling multiplies the next pixel by zero, and "
        "0 · NaN is NaN",
        link="no upstream report found",
    ),
    Known(
        id="torch-bfloat16-subnormals", runtimes=BOTH, versions=SILENT, verdict="imprecise", sometimes=True, data=("subnormal",),
        when=lambda op, at, facts: at.dtype == "bfloat16" and isinstance(op, Conv | ConvTranspose), message="flushed to zero",
        reason="oneDNN's bfloat16 convolutions flush subnormal numbers to zero", link="no upstream report found",
    ),
    Known(
        id="torch-empty-convolution", runtimes=("torch",), versions={"torch": ">=1.0"}, verdict="raised", when=_empty,
        message="Kernel size can't be greater than actual input size",
        reason="an error is raised where the result has length 0: the kernel may not be larger than the padded input",
        link="https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html",
    ),
    Known(
        id="torch-empty-transposed-convolution", runtimes=("torch",), versions=SILENT, verdict="raised", sometimes=True,
        when=lambda op, at, facts: isinstance(op, ConvTranspose) and at.empty, message="Output size is too small",
        reason="an error is raised where the padding leaves nothing of the result, but not for every kernel",
        link="https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html",
    ),
    Known(
        id="torch-empty-pool", runtimes=BOTH, versions={"torch": ">=1.0"}, verdict="raised",
        when=lambda op, at, facts: isinstance(op, SumPool | AveragePool | MaxPool | LpPool) and at.empty,
        message="Output size is too small|Invalid computed output size|Kernel size can't be greater",
        reason="an error is raised where the result has length 0: a window may not be larger than the padded input",
        link="https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html",
    ),
    Known(
        id="torch-empty-resize", runtimes=("torch",), versions={"torch": ">=1.0"}, verdict="raised",
        when=_empty_resize,
        message="output sizes should be greater than 0", reason="resampling refuses an answer of length 0",
        link="https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html",
    ),
    Known(
        id="torch-nearest-float32-coordinates", runtimes=("torch",), versions=SILENT, verdict="differ",
        when=lambda op, at, facts: close_call(op, at, facts) and (at.dtype != "float64" or op.rank > 1), message="coordinates computed",
        reason="nearest and nearest-exact compute coordinates in float32; where one is a whole number, its product may fall below it, and "
        "the pixel before is taken",
        link="no upstream report found",
    ),
    Known(
        id="torch-nearest-float64-gradient", runtimes=("torch",), versions=SILENT, verdict="differ", outputs=("dx",),
        when=lambda op, at, facts: close_call(op, at, facts) and at.dtype == "float64" and op.rank == 1, message="coordinates computed",
        reason="the answer for a float64 line takes its coordinates in float64, its gradient in float32: gradients go to pixels that were "
        "not taken",
        link="no upstream report found",
    ),
    Known(
        id="torch-scale-ignored", runtimes=("torch",), versions=SILENT, verdict="differ", outputs=("y",), when=_scale_ignored_forward,
        checks=("values",), modes=EAGER,
        reason="a scale that leaves a length as it was is treated as 1 on that axis, one that doubles it for 2; compiled code resamples",
        link="https://github.com/pytorch/pytorch/issues/198201",
    ),
    Known(
        id="torch-scale-ignored-by-gradient", runtimes=("torch",), versions=SILENT, verdict="differ", outputs=("dx",),
        when=lambda op, at, facts: _scale_ignored(op, at, facts) and not _smoothed(op), checks=("values",), modes=EAGER,
        reason="where a scale leaves a length as it was, or doubles it, the gradient takes it for 1 or 2, even where the answer does not",
        link="https://github.com/pytorch/pytorch/issues/198201",
    ),
    *(
        Known(
            id=f"torch-lp-pool-averages{suffix}", runtimes=("torch",), versions=SILENT, verdict=verdict, sometimes=True, when=when,
            reason="lp_pool averages, then multiplies by the window's size: sums of whole numbers come out inexact",
            link="no upstream report found",
        )
        for suffix, verdict, when in (("", "imprecise", _norm), ("-narrow", "differ", _narrow_sum_of_magnitudes))
    ),
    Known(
        id="torch-pad-too-far", runtimes=("torch",), versions={"torch": ">=1.5"}, verdict="raised", when=_mirrored_too_far,
        message="Padding size should be less|wrapping around more than once",
        reason="reflect pads fewer pixels than there are, circular no more",
        link="https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html",
    ),
    Known(
        id="torch-circular-cuts-first", runtimes=("torch",), versions=SILENT, verdict="differ", when=_cut_and_wrapped,
        reason="circular padding that is negative at one end cuts x before it wraps around; the other modes cut afterwards",
        link="no upstream report found",
    ),
    Known(
        id="torch-compiled-antialias", runtimes=BOTH, versions=SILENT, verdict="imprecise", sometimes=True, modes=COMPILED,
        when=lambda op, at, facts: _smoothed(op), reason="compiled, antialiased resampling adds whole numbers to inexact ones",
        link="no upstream report found",
    ),
    *(
        Known(
            id=f"torch-antialias-one-pixel-wide{suffix}", runtimes=("torch",), versions=SILENT, verdict="differ", outputs=("y",),
            modes=modes, when=when, checks=("values",), reason=ONE_WIDE, link="no upstream report found",
        )
        for suffix, modes, when in in_each_layout(_one_wide_antialiased)
    ),
    Known(
        id="torch-dynamic-bicubic-gradient", runtimes=("torch",), versions=SILENT, verdict="raised", modes=("dynamic",), checks=("values",),
        when=_bicubic_antialiased, message=r"isIntList\(\) INTERNAL ASSERT FAILED",
        reason="of antialiased bicubic resampling the gradient has no meta function for lengths that are symbols; the call is compiled "
        "with its gradient, and so raises before it answers",
        link="https://github.com/pytorch/pytorch/issues/197622",
    ),
    Known(
        id="torch-integers", runtimes=("torch",), versions={"torch": ">=2.0"}, verdict="raised", when=_integers_unknown,
        message="not implemented for '(Byte|Char|Int)'",
        reason="on CPU, neither transposed and dilated convolutions nor average, adaptive and 1-D max pooling know integers",
        link="no upstream report found",
    ),
    *(
        Known(
            id=f"torch-integers-{kind}", runtimes=("torch",), versions=SILENT, verdict="raised", when=_integers_not_resampled,
            message="not implemented for '(Byte|Char|Int)'", modes=modes, sometimes=sometimes,
            reason="on CPU, nearest resampling knows no integers but uint8; compiled code may", link="no upstream report found",
        )
        for kind, modes, sometimes in (("resampled", EAGER, False), ("resampled-compiled", COMPILED, True))
    ),
    *(
        Known(
            id=f"torch-narrow-antialias{suffix}", runtimes=("torch",), versions={"torch": ">=1.11"}, verdict="raised", when=when,
            outputs=outputs, message="not implemented for '(Half|BFloat16)'", modes=NARROW,
            reason="antialiased resampling has no float16 and no bfloat16 kernel on CPU", link="no upstream report found",
        )
        for suffix, outputs, when in (("", ("y",), _narrow_antialias_forward), ("-gradient", ("dx", "dw"), _narrow_antialias))
    ),
    zero_norm_twice("torch", {"torch": ">=2.0,<=2.13"}),
    refuses_mixed_dtypes("torch", {"torch": ">=2.0"}, "weight type .* should be the same", "no upstream report found"),
]  # fmt: skip
