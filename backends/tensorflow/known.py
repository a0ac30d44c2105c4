"""TensorFlow on CPU, and where it shows through, Keras on it."""

from __future__ import annotations

import re

from backends import Step, Unsupported, calls, onednn
from backends.call import Call
from backends.cannot import Raises
from backends.keras import write as keras
from backends.known import (
    EVERY_CHECK,
    EVERY_MODE,
    NOT_FINITE,
    Facts,
    Known,
    native,
    pads_before_a_maximum,
    refuses_mixed_dtypes,
    undecorated,
)  # fmt: skip
from backends.pixels import word
from backends.tensorflow import twice
from backends.tensorflow import write as tensorflow
from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Conv,
    ConvTranspose,
    Lanczos,
    LpPool,
    MaxPool,
    MaxUnpool,
    Operation,
    Pad,
    Resize,
    SumPool,
    Upsample,
)
from spec.case import FLOATS, INTEGERS
from spec.conventions.padding import on_every_axis, same_padding, span
from spec.conventions.resize import tf1_resize, tf_resize
from spec.ops.coordinate_error import SinglePrecision
from spec.ops.resize import affine, dyadic
from spec.ops.separable import alike

POOLS = MaxPool | AveragePool | LpPool | SumPool


def _by_onednn(dtype: str, facts: Facts) -> bool:
    """Whether TensorFlow hands this dtype to oneDNN, which it decides from the processor's instructions (mkl_graph_util.h)."""
    cpu = facts.get("cpu_isa", "").split()
    needs = {"float32": True, "bfloat16": "avx512f" in cpu, "float16": "avx512_fp16" in cpu or "amx_fp16" in cpu}
    return facts.get("onednn") == "on" and (needs.get(dtype, False) or ("avx_ne_convert" in cpu and dtype in needs))


def _plain(at: Step, facts: Facts) -> bool:
    """Computed by TensorFlow's own kernels: float64 always, everything if oneDNN is off, narrow dtypes on most processors."""
    return not _by_onednn(at.dtype, facts)


def _beyond_onednn(op: Operation, at: Step, facts: Facts) -> bool:
    """A narrow dtype that TensorFlow hands to oneDNN since the processor could, while ONEDNN_MAX_CPU_ISA forbids it."""
    if at.dtype not in ("float16", "bfloat16") or not _by_onednn(at.dtype, facts) or not _has_onednn_kernel(op, at):
        return False
    isa = facts.get("onednn_isa", "")
    return not re.search(rf"AVX10|\b{at.dtype}" + "|AVX-512" * (at.dtype == "bfloat16"), isa)


def _has_onednn_kernel(op: Operation, at: Step) -> bool:
    """Of float16, avg_pool is not handed over; a mean of everything is no pool."""
    if isinstance(op, AveragePool) and at.dtype == "float16":
        return _by_sums(op, at)
    if isinstance(op, AdaptiveAveragePool):
        return at.dtype != "float16" and set(op.size) != {1}
    return isinstance(op, Conv | ConvTranspose | POOLS | AdaptiveMaxPool)


def _pointwise_by_avx2(op: Operation, at: Step, facts: Facts) -> bool:
    """A strided convolution with a kernel of 1, or the transposed one, for which oneDNN has code of its own with AVX2."""
    if not isinstance(op, Conv | ConvTranspose) or at.dtype != "float32" or not _by_onednn(at.dtype, facts):
        return False
    return max(op.stride) > 1 and set(at.k) == {1} and re.match("AVX2?($| )", facts.get("onednn_isa", "")) is not None


def _unequal_strides(op: Operation, at: Step, facts: Facts) -> bool:
    return _plain(at, facts) and _two_strides(op, at)


def _two_strides(op: Operation, at: Step) -> bool:
    """A depthwise convolution of images with different strides; Keras says a dilated one otherwise."""
    if op.rank != 2 or not isinstance(op, SumPool | AveragePool | LpPool) or max(op.dilation) > 1:
        return False
    return len(set(op.stride)) > 1 and (not isinstance(op, AveragePool) or _by_sums(op, at))


def _by_sums(op: AveragePool, at: Step) -> bool:
    """Whether an average has to be said as a sum, divided: avg_pool neither counts padding beyond its own nor divides by another number."""
    if op.divisor or max(op.dilation) > 1:
        return True
    every = op.counted == "window" or (op.counted == "padded" and not any(op.overhang))
    return not every and (op.counted == "padded" or word(op, at, "same", "valid") is None)


def _resizer(op: Operation, at: Step) -> Call | None:
    """The call that resamples a line or a picture, where there is one."""
    if not isinstance(op, Resize | Lanczos):
        return None
    try:
        return next((call for call in calls(tensorflow, op, at) if call.function.startswith((MODERN, LEGACY))), None)
    except Unsupported:
        return None


MODERN, LEGACY = "tf.image.resize", "tf.compat.v1.image.resize_"


def _method(op: Operation, at: Step) -> str:
    """How a line or a picture is resampled: nearest, bilinear, bicubic, area, lanczos3, lanczos5; empty if it is not."""
    call = _resizer(op, at)
    if not call:
        return ""
    method = call["method"] if call.function == MODERN else call.function.removeprefix(LEGACY)
    return "nearest" if method == "nearest_neighbor" else str(method)


def _smoothed(op: Operation, at: Step) -> bool:
    """Resampled with antialias=True."""
    call = _resizer(op, at)
    return call is not None and call.function == MODERN and call["antialias"] is True


def _translated(op: Operation, at: Step) -> bool:
    """By the kernel ScaleAndTranslate, which Lanczos and antialiasing have in common."""
    return _smoothed(op, at) or _method(op, at).startswith("lanczos")


def _narrow_or_double_resize(op: Operation, at: Step, facts: Facts) -> bool:
    return at.dtype != "float32" and _method(op, at) not in ("", "nearest")


def close_call(op: Operation, at: Step, facts: Facts) -> bool:
    """Where float32 puts a coordinate below the whole number that it is."""
    call = _resizer(op, at)
    if not isinstance(op, Resize) or not call or _method(op, at) != "nearest":
        return False
    modern = call.function == MODERN
    fields = tf_resize("nearest") if modern else tf1_resize("nearest_neighbor", align_corners=call["align_corners"] is True)
    said = Resize(size=op.size, **fields)
    return not alike(said, SinglePrecision(**vars(said)), at.x)


def _table(op: Operation, at: Step, facts: Facts) -> bool:
    """A bicubic whose coordinates are no whole numbers over 1024."""
    if not isinstance(op, Resize) or _method(op, at) != "bicubic" or _smoothed(op, at) or at.dtype != "float32":
        return False
    axes = [(*affine(op, axis, n), m) for axis, (n, m) in enumerate(zip(at.x[2:], op.size, strict=True)) if n > 1]
    return any((1024 * (step * j + start)).denominator > 1 for step, start, m in axes for j in range(m))


def _mirrored_too_far(op: Operation, at: Step, facts: Facts) -> bool:
    if not isinstance(op, Pad) or op.mode not in ("reflect", "symmetric"):
        return False
    return any(max(pair) > n - (op.mode == "reflect") for n, pair in zip(at.x[2:], op.padding, strict=True))


def _grouped_3d(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Conv) and op.rank == 3 and op.groups > 1


def _answered_grouped_3d(op: Operation, at: Step, facts: Facts) -> bool:
    """Without oneDNN an empty output is returned before anything raises."""
    return _grouped_3d(op, at, facts) and not (at.empty and _plain(at, facts))


def _dilated_double(op: Operation, at: Step, facts: Facts) -> bool:
    if isinstance(op, Conv) or (op.rank == 3 and isinstance(op, SumPool | AveragePool | LpPool)):
        return _plain(at, facts) and max(op.dilation) > 1
    return False


def _dilated_double_transpose(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, ConvTranspose) and _plain(at, facts) and max(op.dilation) > 1 and op.groups == 1


def _grouped_double_transpose(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, ConvTranspose) and _plain(at, facts) and op.groups > 1 and op.rank < 3


def _grouped_double(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Conv) and _plain(at, facts) and op.groups > 1 and op.rank < 3


def _empty_onednn(op: Operation, at: Step, facts: Facts) -> bool:
    plain = at.dtype == "float32" and not _grouped_3d(op, at, facts)
    return _by_onednn(at.dtype, facts) and isinstance(op, Conv) and at.empty and plain


def _summed(op: Operation, at: Step) -> bool:
    """Said by a depthwise convolution, or in 3-D by one with zeros between the channels."""
    return isinstance(op, SumPool | LpPool) or (isinstance(op, AveragePool) and _by_sums(op, at))


def _empty_narrow(op: Operation, at: Step, facts: Facts) -> bool:
    """In float16 and bfloat16, for which oneDNN has kernels on some machines; in float32 those of volumes."""
    if at.dtype == "float64" or 0 not in at.y or not (isinstance(op, Conv) or _summed(op, at)):
        return False
    return at.dtype != "float32" or (op.rank == 3 and not isinstance(op, Conv))


def _empty_sum(op: Operation, at: Step, facts: Facts) -> bool:
    return _by_onednn(at.dtype, facts) and _summed(op, at) and op.rank < 3 and at.empty and at.dtype == "float32"


def _cut_by_same_3d(op: Operation, at: Step, facts: Facts) -> bool:
    """A convolution that is 'SAME' (not 'VALID'), where on some axis the windows leave two pixels or more at the end unread."""
    if op.rank < 3 or not _plain(at, facts):
        return False
    if isinstance(op, Conv):
        same = on_every_axis(same_padding, at.x[2:], at.k, op.stride, op.dilation) == op.padding
        sizes = zip(at.x[2:], at.y[2:], at.k, op.stride, strict=True)
        return same and any(map(any, op.padding)) and any(n - (m - 1) * s - k >= 2 for n, m, k, s in sizes)
    return isinstance(op, ConvTranspose) and any(map(any, op.crop)) and any(lo == 0 and hi <= -2 for lo, hi in op.crop)


def _empty_batch(op: Operation, at: Step, facts: Facts) -> bool:
    return at.x[0] == 0 and _by_onednn(at.dtype, facts) and isinstance(op, Conv | ConvTranspose)


def _empty_strided_double(op: Operation, at: Step, facts: Facts) -> bool:
    if not isinstance(op, Conv | SumPool | AveragePool | LpPool) or not (isinstance(op, Conv) or _summed(op, at)):
        return False
    return _plain(at, facts) and at.empty and max(op.stride) > 1


def _half_sums(op: Operation, at: Step, facts: Facts) -> bool:
    return at.dtype in ("float16", "bfloat16") and isinstance(op, Conv | ConvTranspose | SumPool | AveragePool | Upsample)


def _leaking_convolution(op: Operation, at: Step, facts: Facts) -> bool:
    dense = isinstance(op, Conv | ConvTranspose) or (op.rank == 3 and isinstance(op, SumPool | AveragePool))
    return dense and (at.dtype in ("float16", "bfloat16") or op.rank == 3)


def _cropped(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, ConvTranspose) and any(max(pair) > 0 for pair in op.crop)


def _average_3d(op: Operation, at: Step, facts: Facts) -> bool:
    if op.rank != 3 or not isinstance(op, AveragePool) or at.dtype not in ("float16", "float64"):
        return False
    return any(call.function == "tf.nn.avg_pool3d" for call in calls(tensorflow, op, at))


def _max_3d(op: Operation, at: Step, facts: Facts) -> bool:
    return op.rank == 3 and isinstance(op, MaxPool) and at.dtype in ("float16", "float64") and _said(op, at)


def _adaptive_3d(op: Operation, at: Step, facts: Facts) -> bool:
    pooled = isinstance(op, AdaptiveMaxPool) or (isinstance(op, AdaptiveAveragePool) and set(op.size) != {1})
    return pooled and op.rank == 3 and at.dtype in ("float16", "float64") and _said(op, at)


def _integers_unknown(op: Operation, at: Step, facts: Facts) -> bool:
    """What has no kernel: sums, volumes, convolutions but of int32, and transposed ones of those if dilated."""
    if at.dtype not in INTEGERS or not _said(op, at):
        return False
    if isinstance(op, Conv | ConvTranspose):
        return at.dtype != "int32" or op.rank == 3 or (isinstance(op, ConvTranspose) and max(op.dilation) > 1)
    if isinstance(op, AdaptiveMaxPool):
        return op.rank == 3
    return isinstance(op, SumPool) or (isinstance(op, MaxPool) and op.rank == 3)


def least_is_finite(at: Step, facts: Facts) -> bool:
    """Not in bfloat16 by oneDNN: it begins with float32's least number, which is −∞ when rounded. Not in 3-D without oneDNN: the kernel
    begins with −∞ there."""
    return len(at.x) < 5 if _plain(at, facts) else at.dtype != "bfloat16"


def _pads_maxima(op: Operation, at: Step) -> bool:
    """With explicit padding, of which oneDNN does nothing."""
    return any(call.function == "tf.nn.max_pool2d" and not isinstance(call["padding"], str) for call in calls(tensorflow, op, at))


def _said(op: Operation, at: Step) -> bool:
    """Whether TensorFlow has a way to say it."""
    try:
        return bool(calls(tensorflow, op, at))
    except Unsupported:
        return False


def _valid(op: Operation, at: Step) -> bool:
    """Said with a convolution, or a transposed one, whose padding is 'VALID'."""
    return any(call.function.startswith("tf.nn.conv") and call["padding"] == "VALID" for call in calls(tensorflow, op, at))


def _exchanged(op: Operation, at: Step) -> bool:
    """A 'VALID' convolution of volumes that would have another shape if rows and columns had each other's dilation."""
    if not isinstance(op, Conv) or op.rank < 3 or not _valid(op, at):
        return False
    return op.dilation[1] != op.dilation[2] and max(at.k[1:]) > 1


def _too_short(op: Operation, at: Step, facts: Facts) -> bool:
    """A 'VALID' convolution that is said to be of a negative length, as one of length 0 is when it is traced."""
    if not isinstance(op, Conv) or not _valid(op, at):
        return False
    dilation = (op.dilation[0], op.dilation[2], op.dilation[1]) if op.rank == 3 else op.dilation
    return any(n + lo + hi < span(k, d) for n, (lo, hi), k, d in zip(at.x[2:], op.padding, at.k, dilation, strict=True))


def _valid_dilated_3d(op: Operation, at: Step) -> bool:
    """A transposed convolution of volumes whose gradient is a 'VALID' convolution, dilated otherwise along rows than along columns."""
    if not isinstance(op, ConvTranspose) or op.rank < 3 or op.groups > 1:
        return False
    return op.dilation[1] != op.dilation[2] and max(at.k[1:]) > 1


def _valid_in_tensorflow(op: Operation, at: Step, facts: Facts) -> bool:
    return _valid_dilated_3d(op, at) and _valid(op, at)


def _valid_in_keras(op: Operation, at: Step, facts: Facts) -> bool:
    if not _valid_dilated_3d(op, at):
        return False
    return any(call.function == "keras.layers.Conv3DTranspose" and call["padding"] == "valid" for call in calls(keras, op, at))


def _without_xla_kernel(op: Operation, at: Step, facts: Facts) -> bool:
    return _translated(op, at) or _method(op, at) == "bicubic"


def _nearest_picture(op: Operation, at: Step, facts: Facts) -> bool:
    return _method(op, at) == "nearest" or (isinstance(op, Upsample) and op.rank == 2)


def _area(op: Operation, at: Step, facts: Facts) -> bool:
    return _method(op, at) == "area"


def _whole_among_rounded(op: Operation, at: Step, facts: Facts) -> bool:
    """A bilinear with a coordinate that is a whole number, but need not be when its step is rounded."""
    if not isinstance(op, Resize) or _method(op, at) != "bilinear" or _smoothed(op, at):
        return False
    axes = [(*affine(op, axis, n), m) for axis, (n, m) in enumerate(zip(at.x[2:], op.size, strict=True))]
    return any(not dyadic(step) and (step * j + start).denominator == 1 for step, start, m in axes for j in range(m))


BOTH = ("tensorflow", "keras-tensorflow")
def _volume_without_format(op: Operation, at: Step, facts: Facts) -> bool:
    found = native(at, "tf.nn.convolution", "tf.nn.max_pool", "tf.nn.avg_pool")
    return op.rank == 3 and any(call["data_format"] is None for call in found)


def _pooled_channels_first(op: Operation, at: Step, facts: Facts) -> bool:
    return any(str(call["data_format"]).startswith("NC") for call in native(at, "tf.nn.max_pool*", "tf.nn.pool"))


def _channels_first(op: Operation, at: Step, facts: Facts) -> bool:
    formats = [str(call.arguments.get("data_format", "")) for call in at.native]
    return any(word.startswith(("NC", "channels_first")) for word in formats)


def _grouped_volume_transpose(op: Operation, at: Step, facts: Facts) -> bool:
    found = native(at, "tf.nn.conv3d_transpose", "tf.nn.conv_transpose")
    return bool(found) and isinstance(op, ConvTranspose) and op.rank == 3 and op.groups > 1


def _dilated_explicit(op: Operation, at: Step, facts: Facts) -> bool:
    explicit = any(isinstance(call["padding"], tuple) for call in native(at, "tf.nn.conv2d"))
    return explicit and isinstance(op, Conv) and max(op.dilation) > 1


SINCE = {"tensorflow": ">=2.15"}
SILENT = {"tensorflow": ">=2.15,<=2.21"}
"""Wrong answers have an upper bound: a newer version must show them again."""
WITHOUT = "(float64 always, every dtype on most processors without AVX-512)"
DILATION = "dilation rates larger|only supports dilated rates of 1"
NO_KERNEL = "Could not find device for node|not in (the )?list of allowed values|No OpKernel was registered"

EAGER = undecorated(tensorflow.RUNTIMES["tensorflow"].modes)
GRAPHS = ("function", "xla")
"""The modes that execute a graph whose lengths are known."""
TRACED = (*GRAPHS, "dynamic")

KNOWN = [
    Known(
        id="tensorflow-onednn-bfloat16-depthwise-hangs", runtimes=BOTH, versions=SILENT, verdict="timeout", when=onednn.endless,
        sometimes=True, reason="oneDNN's depthwise convolution in bfloat16 never ends for kernels from 15 on",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-onednn-bfloat16-dilated-pointwise", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dw",),
        when=onednn.dilated_pointwise, sometimes=True,
        reason="the weight gradient of a 1×1 convolution in bfloat16 is wrong if a dilation is given, which does nothing to such a kernel",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-onednn-far-strided-weights", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dw",), sometimes=True,
        when=lambda op, at, facts: _by_onednn(at.dtype, facts) and onednn.far_strided(op, at, facts),
        reason="with AVX-512 the weight gradient of a convolution with stride, dilation and a kernel that reaches far is wrong",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-volume-gradient-without-format", runtimes=("tensorflow",), versions=SINCE, verdict="raised", outputs=("dx", "dw"),
        when=_volume_without_format, message="'NoneType' object has no attribute 'decode'",
        reason="convolution, max_pool and avg_pool of volumes have no gradient in eager mode unless data_format is given, since its "
        "default is None",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-dilated-explicit-gradient", runtimes=("tensorflow",), versions=SINCE, verdict="raised", outputs=("dx", "dw"),
        when=_dilated_explicit, message="do not yet support dilation rates larger than 1",
        reason="conv2d has no gradient on CPU where it has dilations and explicit padding; with 'SAME' and 'VALID' it has",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-max-pool-channels-first-gradient", runtimes=("tensorflow",), versions=SINCE, verdict="raised", outputs=("dx",),
        when=_pooled_channels_first, message="only supports ND?HWC on device type CPU",
        reason="max_pool with channels first has no gradient on CPU, and so does tf.nn.pool with MAX", link="no upstream report found",
    ),
    Known(
        id="tensorflow-channels-first", runtimes=("tensorflow", "keras-tensorflow"), versions=SINCE, verdict="raised",
        when=_channels_first, message="only supports the NHWC|only supports ND?HWC|only supported for NHWC",
        reason="convolutions and pools have no kernel of TensorFlow's own for channels first on CPU: only oneDNN has, which is off by "
        "default on processors without AVX-512", link="https://github.com/tensorflow/tensorflow/issues/45216",
    ),
    Known(
        id="keras-tensorflow-depthwise-strides", runtimes=("keras-tensorflow",), versions=SINCE, verdict="raised",
        when=lambda op, at, facts: isinstance(op, Conv) and bool(at.native) and len(set(op.stride)) > 1,
        message="only supports equal length strides", link="https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d",
        reason="a depthwise layer takes one stride for rows and columns, unless oneDNN's kernel takes two",
    ),
    Known(
        id="tensorflow-grouped-volume-transpose", runtimes=("tensorflow",), versions=SINCE, verdict="raised",
        when=_grouped_volume_transpose, message="input and filter(_sizes)? must have the same (depth|number of channels)",
        reason="conv3d_transpose takes no groups on CPU; conv1d_transpose and conv2d_transpose do", link="no upstream report found",
    ),
    Known(
        id="tensorflow-interleave-channels-first", runtimes=("tensorflow",), versions=SINCE, verdict="raised",
        when=lambda op, at, facts: any(call["data_format"] == "NCHW" for call in native(at, "tf.nn.*_to_depth", "tf.nn.depth_to_*")),
        message="Could not find device for node|No OpKernel was registered",
        reason="depth_to_space and space_to_depth have no kernel for channels first on CPU", link="no upstream report found",
        probes=tuple(
            Raises(f'tf.nn.{name}(tf.ones((1, 4, 4, 4)), 2, data_format="NCHW")', works=f"tf.nn.{name}(tf.ones((1, 4, 4, 4)), 2)")
            for name in ("depth_to_space", "space_to_depth")
        ),
    ),
    Known(
        id="tensorflow-onednn-limited", runtimes=BOTH, versions=SINCE, verdict="raised", when=_beyond_onednn,
        message="Operation received an exception|could not create a",
        reason="with ONEDNN_MAX_CPU_ISA below what the processor has, TensorFlow still hands float16 and bfloat16 to oneDNN, which then "
        "has no kernel for them",
        link="no upstream report found",
    ),
    *(
        Known(
            id=f"tensorflow-onednn-avx2-strided-pointwise-{verdict}", runtimes=BOTH, versions=SILENT, verdict=verdict, sometimes=True,
            when=_pointwise_by_avx2,
            reason="oneDNN's AVX2 code for the weight gradient of a strided convolution with a kernel of 1 writes over the heap: a wrong "
            "gradient, or the end of the process",
            link="https://github.com/uxlfoundation/oneDNN/issues/6035",
        )
        for verdict in ("differ", "nondeterministic", "crashed")
    ),
    Known(
        id="tensorflow-average-pool-3d-dtypes", runtimes=BOTH, versions=SINCE, verdict="raised", when=_average_3d,
        message=NO_KERNEL, reason="AvgPool3D has no float16 and no float64 kernel on CPU", link="no upstream report found",
    ),
    Known(
        id="tensorflow-max-pool-3d-dtypes", runtimes=BOTH, versions=SINCE, verdict="raised", when=_max_3d, checks=EVERY_CHECK,
        modes=EVERY_MODE,
        message=NO_KERNEL,
        reason="MaxPool3D is not defined for float64 and has no float16 kernel on CPU", link="no upstream report found",
    ),
    Known(
        id="tensorflow-subnormals", runtimes=BOTH, versions=SILENT, verdict="imprecise", data=("subnormal",), sometimes=True,
        when=lambda op, at, facts: True, message="flushed to zero",
        reason="kernels run with subnormal numbers flushed to zero", link="https://github.com/tensorflow/tensorflow/issues/36514",
    ),
    Known(
        id="tensorflow-narrow-accumulator", runtimes=BOTH, versions=SILENT, verdict="imprecise", when=_half_sums, sometimes=True,
        message="sums kept in|cut off",
        reason="on CPU, float16 convolutions, depthwise convolutions and repeats' gradients add in the narrow dtype",
        link="https://github.com/tensorflow/tensorflow/pull/51132",
    ),
    Known(
        id="tensorflow-cropped-gradient-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dw",),
        data=NOT_FINITE, when=_cropped, sometimes=True, message="no window of theirs sees",
        reason="the kernel's gradient multiplies pixels by zeros where their products were cropped away, and 0 · NaN is NaN",
        link="no upstream report found",
    ),
    *(
        Known(
            id=f"tensorflow-max-pool-3d-ties{suffix}", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dx",), sometimes=True,
            data=data, when=lambda op, at, facts: isinstance(op, MaxPool) and op.rank == 3, message=message,
            reason="max_pool3d gives the whole gradient to every one of several equal maxima, so that more flows back than came" + where,
            link="no upstream report found",
        )
        for suffix, data, message, where in (
            ("", ("ties", "zeros", "infinities"), "", ""),
            ("-by-chance", (), "whole gradient to every one of several maxima", "; layers as large as I3D's have such windows by chance"),
        )
    ),
    Known(
        id="tensorflow-narrow-convolution-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", data=NOT_FINITE,
        when=_leaking_convolution, sometimes=True, message="no window of theirs sees",
        reason="float16, bfloat16 and 3-D convolutions multiply what lies outside a window by zero, and 0 · NaN is NaN: one pixel that "
        "is no number shows where no window sees it",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-depthwise-unequal-strides", runtimes=BOTH, versions=SINCE, verdict="raised", when=_unequal_strides,
        outputs=("y", "dx"), message="only supports equal length strides",
        reason="a depthwise convolution takes one stride for rows and columns; in float32 oneDNN, unless switched off, takes two",
        link="https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d",
    ),
    Known(
        id="tensorflow-depthwise-unequal-strides-float16", runtimes=BOTH, versions=SILENT, verdict="raised", sometimes=True,
        when=lambda op, at, facts: at.dtype == "float16" and not _plain(at, facts) and _two_strides(op, at), outputs=("y", "dx"),
        message="only supports equal length strides",
        reason="a depthwise convolution takes one stride for rows and columns; in float16 oneDNN takes two, where the machine has it",
        link="https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d",
    ),
    *(
        Known(
            id=f"tensorflow-conv3d-groups{suffix}", runtimes=("tensorflow",), versions=SINCE, verdict="raised", when=when, outputs=outputs,
            message=f"must have the same depth|Number of channels in filter|{DILATION}",
            reason="conv3d has no groups on CPU, though conv1d and conv2d have",
            link="https://github.com/tensorflow/tensorflow/issues/45216",
        )
        for suffix, outputs, when in (("", ("y",), _answered_grouped_3d), ("-gradient", ("dx", "dw"), _grouped_3d))
    ),
    Known(
        id="tensorflow-dilated-float64", runtimes=("tensorflow",), versions=SINCE, verdict="raised",
        when=lambda op, at, facts: _dilated_double(op, at, facts) and op.rank == 3 and 0 not in at.y, message=DILATION,
        reason=f"dilated convolution without oneDNN {WITHOUT} does not exist on CPU in 3-D",
        link="https://github.com/tensorflow/tensorflow/issues/28264",
    ),
    Known(
        id="tensorflow-dilated-float64-gradient", runtimes=("tensorflow",), versions=SINCE, verdict="raised", outputs=("dx", "dw"),
        when=lambda op, at, facts: _dilated_double(op, at, facts) and (op.rank < 3 or at.empty), message=DILATION,
        reason=f"dilated convolution without oneDNN {WITHOUT} has no gradient on CPU",
        link="https://github.com/tensorflow/tensorflow/issues/28264",
    ),
    Known(
        id="tensorflow-dilated-float64-transpose", runtimes=BOTH, versions=SINCE, verdict="raised", when=_dilated_double_transpose,
        message=DILATION,
        reason="dilated transposed convolution exists on CPU with oneDNN only, so never in float64, and in no dtype on most processors "
        "without AVX-512",
        link="https://github.com/tensorflow/tensorflow/issues/28264",
    ),
    Known(
        id="tensorflow-grouped-float64-transpose", runtimes=("tensorflow",), versions=SINCE, verdict="raised",
        when=_grouped_double_transpose, message=f"doesn't match filter input depth|{DILATION}|{NO_KERNEL}",
        reason=f"grouped transposed convolution without oneDNN {WITHOUT} does not exist on CPU",
        link="https://github.com/tensorflow/tensorflow/issues/45216",
    ),
    Known(
        id="tensorflow-grouped-float64-gradient", runtimes=("tensorflow",), versions=SINCE, verdict="raised", outputs=("dx", "dw"),
        when=_grouped_double, message=f"Gradients for grouped convolutions are not supported|{DILATION}",
        reason=f"grouped convolution without oneDNN {WITHOUT} has no gradient on CPU",
        link="https://github.com/tensorflow/tensorflow/issues/45216",
    ),
    Known(
        id="tensorflow-conv3d-same", runtimes=BOTH, versions=SILENT, verdict="differ", when=_cut_by_same_3d,
        outputs=("y", "dx"), sometimes=True,
        reason=f"conv3d without oneDNN {WITHOUT} begins before the input where "
        "'SAME' leaves two pixels or more unread: wrong everywhere, and the memory around it is written over",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-empty-strided-float64-gradient", runtimes=BOTH, versions=SILENT, verdict="crashed",
        when=_empty_strided_double, sometimes=True,
        reason=f"without oneDNN {WITHOUT} the gradient of a strided convolution whose output is empty is a segmentation fault",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-onednn-empty-convolution", runtimes=("tensorflow",), versions=SILENT, verdict="differ", outputs=("y",),
        when=_empty_onednn, reason="where the answer has length 0, the oneDNN kernel returns an array of the input's shape",
        link="https://github.com/tensorflow/tensorflow/pull/112639",
    ),
    Known(
        id="tensorflow-onednn-empty-convolution-gradient", runtimes=("tensorflow",), versions=SILENT, verdict="raised",
        outputs=("dx", "dw"), when=lambda op, at, facts: _empty_onednn(op, at, facts) and op.rank == 1,
        message="Input to reshape is a tensor with 0 values",
        reason="follows from the wrong shape of the empty answer", link="https://github.com/tensorflow/tensorflow/pull/112639",
    ),
    Known(
        id="tensorflow-pad-too-far", runtimes=BOTH, versions=SINCE, verdict="raised", when=_mirrored_too_far,
        message="paddings must be", reason="REFLECT pads fewer pixels than there are, SYMMETRIC no more",
        link="https://www.tensorflow.org/api_docs/python/tf/pad",
    ),
    Known(
        id="tensorflow-resize-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("y",), data=NOT_FINITE,
        when=lambda op, at, facts: _translated(op, at), sometimes=True,
        message="no window of theirs sees",
        reason="ScaleAndTranslate multiplies a pixel or two beyond the window by zero, and 0 · NaN is NaN", link="no upstream report found",
    ),
    Known(
        id="tensorflow-nearest-float32-coordinates", runtimes=("tensorflow",), versions=SILENT, verdict="differ", when=close_call,
        reason="coordinates are computed in float32; where one is a whole number, its product may fall below it, and the pixel before is "
        "taken",
        link="no upstream report found",
    ),
    *(
        Known(
            id=f"tensorflow-bicubic-table-{verdict}", runtimes=BOTH, versions=SILENT, verdict=verdict, when=_table, data=data,
            reason="bicubic takes its weights from a table of 1024 places between two pixels", link="no upstream report found",
        )
        for verdict, data in (("differ", ("integers", "impulses", *NOT_FINITE)), ("imprecise", ("normal",)))
    ),
    Known(
        id="tensorflow-bicubic-narrow-gradient", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dx",),
        when=lambda op, at, facts: _method(op, at) == "bicubic" and not _smoothed(op, at) and at.dtype in ("float16", "bfloat16"),
        reason="bicubic resampling of float16 and bfloat16 images has no gradient and does not say so: it counts as 0",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-adaptive-3d-dtypes", runtimes=("tensorflow",), versions=SINCE, verdict="raised", when=_adaptive_3d,
        message=NO_KERNEL,
        reason="pools in 3-D know neither float64 nor, on CPU, float16", link="no upstream report found",
    ),
    Known(
        id="tensorflow-resize-is-float32", runtimes=("tensorflow",), versions=SINCE, verdict="differ", outputs=("y",),
        when=_narrow_or_double_resize, checks=EVERY_CHECK, modes=EVERY_MODE, message="dtype float32 instead of",
        reason="resampling answers in float32 whatever the input is, unless by nearest",
        link="https://www.tensorflow.org/api_docs/python/tf/image/resize",
    ),
    Known(
        id="tensorflow-resize-gradient-is-float32", runtimes=("tensorflow",), versions=SINCE, verdict="raised",
        when=_narrow_or_double_resize, message="cannot compute|not in the list of allowed values|no entry for",
        reason="the result of resampling is float32 whatever the input is: its gradient, and a layer after it, get two dtypes",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-area-gradient", runtimes=("tensorflow",), versions=SINCE, verdict="raised", outputs=("dx",),
        when=_area, message="no entry for: ResizeArea", checks=("values",), modes=EAGER,
        reason="resampling by area has no gradient", link="no upstream report found",
    ),
    Known(
        id="tensorflow-integers", runtimes=("tensorflow",), versions=SINCE, verdict="raised", when=_integers_unknown,
        message=f"{NO_KERNEL}|{DILATION}",
        reason="of integers, pooling knows maxima of lines and images, and convolution int32 alone, not of volumes",
        link="https://www.tensorflow.org/api_docs/python/tf/raw_ops/MaxPool",
    ),
    Known(
        id="tensorflow-empty-resize", runtimes=("tensorflow",), versions=SINCE, verdict="raised", message="dimensions must be positive",
        when=lambda op, at, facts: at.empty and _method(op, at) != "", reason="resampling refuses an answer of length 0",
        link="https://www.tensorflow.org/api_docs/python/tf/image/resize",
    ),
    *(
        Known(
            id=f"tensorflow-empty-max-pool-{verdict}", runtimes=BOTH, versions=SILENT, verdict=verdict, sometimes=True,
            when=lambda op, at, facts: isinstance(op, MaxPool) and at.empty,
            reason="a window larger than the input: the process ends by a division by zero, or the gradient is memory never written",
            link="https://github.com/tensorflow/tensorflow/issues/88481",
        )
        for verdict in ("crashed", "differ", "nondeterministic")
    ),
    Known(
        id="tensorflow-unpool-leaks", runtimes=("tensorflow",), versions=SILENT, verdict="differ", data=NOT_FINITE, sometimes=True,
        when=lambda op, at, facts: isinstance(op, MaxUnpool), message="no window of theirs sees",
        reason="there is no unpooling; written with one_hot and einsum it multiplies every pixel by zeros, and 0 · NaN is NaN",
        link="https://github.com/tensorflow/tensorflow/issues/2169",
    ),
    *(
        Known(
            id=f"tensorflow-max-pool-from-least-finite{more}", runtimes=runtimes, versions=SILENT, verdict="differ", outputs=("y",),
            data=("infinities",), when=when, message="finite though", link="no upstream report found",
            reason="the maximum begins with the least finite number: a window of −∞ gives that",
        )
        for more, runtimes, when in (
            ("", BOTH, lambda op, at, facts: isinstance(op, MaxPool) and least_is_finite(at, facts)),
            ("-adaptive", ("tensorflow",), lambda op, at, facts: isinstance(op, AdaptiveMaxPool) and least_is_finite(at, facts)),
            ("-explicit", ("tensorflow",), lambda op, at, facts: isinstance(op, MaxPool) and _pads_maxima(op, at)),
        )
    ),
    Known(
        id="tensorflow-max-pool-padding-wins", runtimes=("tensorflow",), versions=SILENT, verdict="differ", outputs=("dx",),
        data=("infinities",), when=pads_before_a_maximum(tensorflow, "tf.pad"),
        reason="lines and volumes are padded by tf.pad with −∞: where a window begins there and holds only −∞, its gradient goes to the "
        "padding and is lost",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-max-pool-nan", runtimes=BOTH, versions=SILENT, verdict="differ", data=("nan", "nans", "infinity"), sometimes=True,
        when=lambda op, at, facts: isinstance(op, MaxPool | AdaptiveMaxPool),
        reason="whether NaN is the greatest, or passed over, depends on its channel's place in a vector",
        link="https://github.com/tensorflow/tensorflow/issues/125965",
    ),
    *(
        Known(
            id=f"tensorflow-onednn-empty-narrow-{verdict}", runtimes=BOTH, versions=SILENT, verdict=verdict, when=_empty_narrow,
            sometimes=True, message=message,
            reason="where the answer has length 0, oneDNN's kernels for float16, bfloat16 and volumes return an array of the input's shape",
            link="https://github.com/tensorflow/tensorflow/pull/112639",
        )
        for verdict, message in (("differ", "shape"), ("raised", "Input to reshape is a tensor with 0 values|shape of dy was"))
    ),
    *(
        Known(
            id=f"tensorflow-onednn-empty-batch-{verdict}", runtimes=BOTH, versions=SILENT, verdict=verdict, when=_empty_batch,
            sometimes=True, message=message,
            reason="of an empty batch oneDNN's convolution returns an array of the input's shape, whatever the kernel is",
            link="https://github.com/tensorflow/tensorflow/pull/112639",
        )
        for verdict, message in (("differ", "shape"), ("raised", "as many biases|Incompatible shapes|with 0 values|shape of dy was"))
    ),
    Known(
        id="tensorflow-onednn-empty-sum", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("y",), when=_empty_sum,
        reason="where the answer has length 0, oneDNN's depthwise convolution returns an array of the input's shape",
        link="https://github.com/tensorflow/tensorflow/pull/112639",
    ),
    Known(
        id="tensorflow-onednn-empty-sum-gradient", runtimes=BOTH, versions=SILENT, verdict="raised", outputs=("dx",),
        when=lambda op, at, facts: _empty_sum(op, at, facts) and op.rank == 1,
        message="Input to reshape is a tensor with 0 values|shape of dy was",
        reason="follows from the wrong shape of the empty answer", link="https://github.com/tensorflow/tensorflow/pull/112639",
    ),
    Known(
        id="keras-tensorflow-onednn-empty-average-gradient", runtimes=("keras-tensorflow",), versions=SILENT, verdict="raised",
        outputs=("dx",), sometimes=True, message="Incompatible shapes",
        when=lambda op, at, facts: _empty_sum(op, at, facts) and isinstance(op, AveragePool),
        reason="follows from the wrong shape of the empty answer", link="https://github.com/tensorflow/tensorflow/pull/112639",
    ),
    Known(
        id="tensorflow-area-compiled", runtimes=("tensorflow",), versions=SINCE, verdict="raised", modes=TRACED,
        when=_area, message="No gradient defined",
        reason="resampling by area has no gradient, and a compiled function whose gradient is watched says so before it answers",
        link="no upstream report found",
    ),
    Known(
        id="tensorflow-antialias-gradient-compiled", runtimes=("tensorflow",), versions=SINCE, verdict="raised", modes=TRACED,
        when=lambda op, at, facts: at.dtype in FLOATS and at.dtype != "float32" and _translated(op, at), checks=("values",),
        message="does not match type float32 of argument 'grads'",
        reason="the gradient of antialiased resampling and of Lanczos wants a float32 image, and a compiled function whose gradient is "
        "watched says so before it answers",
        link="no upstream report found",
    ),
    *(
        Known(
            id=f"{runtime}-compiled-conv3d-transpose-dilation", runtimes=(runtime,), versions=SINCE, verdict="raised", modes=GRAPHS,
            when=when, message="Incompatible shapes between op input|Negative dimension size",
            reason="conv3d_transpose's gradient is a conv3d, for which tf.function infers a shape with the dilations of rows and columns "
            "exchanged; eagerly it is right",
            link="no upstream report found",
        )
        for runtime, when in (("tensorflow", _valid_in_tensorflow), ("keras-tensorflow", _valid_in_keras))
    ),
    Known(
        id="tensorflow-conv3d-inferred-shape", runtimes=("tensorflow",), versions=SILENT, verdict="differ", checks=("shape",),
        when=lambda op, at, facts: _exchanged(op, at) and not _too_short(op, at, facts), message="static shape",
        reason="the shape that tf.function infers for conv3d exchanges the dilations of rows and columns", link="no upstream report found",
    ),
    *(
        Known(
            id=f"tensorflow-{where}-too-short", runtimes=("tensorflow",), versions=SINCE, verdict="raised", modes=modes, checks=checks,
            when=_too_short, message="Negative dimension size",
            reason="tf.function refuses a convolution whose answer has length 0, or would have in 3-D if rows and columns had each "
            "other's dilation",
            link="no upstream report found",
        )
        for where, modes, checks in (("compiled", GRAPHS, ("values",)), ("inferred", (), ("shape",)))
    ),
    Known(
        id="tensorflow-xla-empty-convolution-gradient", runtimes=("tensorflow",), versions=SINCE, verdict="raised", modes=("xla",),
        outputs=("dx", "dw"), message="InvalidArgumentError: Window",
        when=lambda op, at, facts: isinstance(op, Conv) and at.empty and not _too_short(op, at, facts),
        reason="XLA answers a convolution of length 0, but refuses its gradient", link="no upstream report found",
    ),
    Known(
        id="tensorflow-xla-resize", runtimes=BOTH, versions=SINCE, verdict="raised", modes=("xla",), when=_without_xla_kernel,
        message="Detected unsupported operations", reason="XLA has no kernel for bicubic, Lanczos and antialiased resampling",
        link="https://github.com/tensorflow/tensorflow/issues/108660",
    ),
    Known(
        id="tensorflow-xla-nearest-gradient", runtimes=("tensorflow",), versions=SINCE, verdict="raised", modes=("xla",),
        outputs=("dx", "dw"), when=_nearest_picture, message="Detected unsupported operations.*NearestNeighborGrad",
        reason="XLA has no kernel for the gradient of nearest resampling",
        link="https://github.com/tensorflow/tensorflow/issues/60203",
    ),
    Known(
        id="tensorflow-xla-bilinear", runtimes=BOTH, versions=SILENT, verdict="differ", modes=("xla",), outputs=("y",), sometimes=True,
        when=_whole_among_rounded,
        reason="XLA's bilinear computes coordinates in float32; where one is a whole number, one of its two pixels is taken from one side "
        "and its weight from the other",
        link="https://github.com/tensorflow/tensorflow/issues/118344",
    ),
    refuses_mixed_dtypes(
        "tensorflow", SINCE, "was expected to be a (float|double) tensor", "https://www.tensorflow.org/api_docs/python/tf/nn/conv2d"
    ),
    *twice.KNOWN,
]  # fmt: skip
