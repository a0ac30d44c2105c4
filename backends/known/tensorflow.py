"""TensorFlow on CPU, and where it shows through, Keras on it."""

from __future__ import annotations

from backends import Step
from backends.known import Known
from spec import AveragePool, Conv, ConvTranspose, MaxPool, Operation, SumPool, Upsample
from spec.conventions import on_every_axis, same_padding

Env = dict[str, str]


def _grouped_transpose(op: Operation, at: Step, env: Env) -> bool:
    return isinstance(op, ConvTranspose) and op.groups > 1


def _unequal_strides(op: Operation, at: Step, env: Env) -> bool:
    return isinstance(op, SumPool) and op.rank == 2 and len(set(op.stride)) > 1 and at.dtype in ("float16", "float64")


def _grouped_3d(op: Operation, at: Step, env: Env) -> bool:
    return isinstance(op, Conv) and op.rank == 3 and op.groups > 1


def _dilated_double(op: Operation, at: Step, env: Env) -> bool:
    return isinstance(op, Conv) and at.dtype == "float64" and max(op.dilation) > 1


def _dilated_double_transpose(op: Operation, at: Step, env: Env) -> bool:
    return isinstance(op, ConvTranspose) and at.dtype == "float64" and max(op.dilation) > 1 and op.groups == 1


def _grouped_double(op: Operation, at: Step, env: Env) -> bool:
    return isinstance(op, Conv) and at.dtype == "float64" and op.groups > 1 and op.rank < 3


def _empty_onednn(op: Operation, at: Step, env: Env) -> bool:
    onednn = env.get("TF_ENABLE_ONEDNN_OPTS") != "0"
    return onednn and isinstance(op, Conv) and 0 in at.y and at.dtype == "float32" and not _grouped_3d(op, at, env)


def _cut_by_same_3d(op: Operation, at: Step, env: Env) -> bool:
    """A convolution that is 'SAME' (not 'VALID'), where on some axis the windows leave two pixels or more at the end unread."""
    if at.dtype != "float64" or op.rank < 3:
        return False
    if isinstance(op, Conv):
        same = on_every_axis(same_padding, at.x[2:], at.k, op.stride, op.dilation) == op.padding
        sizes = zip(at.x[2:], at.y[2:], at.k, op.stride, strict=True)
        return same and any(map(any, op.padding)) and any(n - (m - 1) * s - k >= 2 for n, m, k, s in sizes)
    return isinstance(op, ConvTranspose) and any(map(any, op.crop)) and any(lo == 0 and hi <= -2 for lo, hi in op.crop)


def _empty_strided_double(op: Operation, at: Step, env: Env) -> bool:
    return isinstance(op, Conv) and at.dtype == "float64" and op.rank < 3 and 0 in at.y and max(op.stride) > 1


def _half_sums(op: Operation, at: Step, env: Env) -> bool:
    return at.dtype in ("float16", "bfloat16") and isinstance(op, Conv | ConvTranspose | SumPool | AveragePool | Upsample)


def _leaking_convolution(op: Operation, at: Step, env: Env) -> bool:
    return isinstance(op, Conv | ConvTranspose) and (at.dtype in ("float16", "bfloat16") or op.rank == 3)


def _cropped(op: Operation, at: Step, env: Env) -> bool:
    return isinstance(op, ConvTranspose) and any(max(pair) > 0 for pair in op.crop)


def _average_3d(op: Operation, at: Step, env: Env) -> bool:
    return op.rank == 3 and isinstance(op, AveragePool) and at.dtype in ("float16", "float64")


def _max_3d(op: Operation, at: Step, env: Env) -> bool:
    return op.rank == 3 and isinstance(op, MaxPool) and at.dtype in ("float16", "float64")


BOTH = ("tensorflow", "keras-tensorflow")
SINCE = {"tensorflow": ">=2.15"}
SILENT = {"tensorflow": ">=2.15,<=2.21"}
"""Wrong answers have an upper bound: a newer version is asked to show them again."""
DILATION = "dilation rates larger|only supports dilated rates of 1"

KNOWN = [
    Known(
        id="tensorflow-average-pool-3d-dtypes", runtimes=BOTH, versions=SINCE, verdict="refused", when=_average_3d,
        message="Could not find device for node", reason="AvgPool3D has no float16 and no float64 kernel on CPU", link="no thread found",
    ),
    Known(
        id="tensorflow-max-pool-3d-dtypes", runtimes=BOTH, versions=SINCE, verdict="refused", when=_max_3d,
        message="Could not find device for node|not in the list of allowed values",
        reason="MaxPool3D is not defined for float64 and has no float16 kernel on CPU", link="no thread found",
    ),
    Known(
        id="tensorflow-subnormals", runtimes=BOTH, versions=SILENT, verdict="imprecise", numbers=("subnormal",), sometimes=True,
        when=lambda op, at, env: True, message="flushed to zero",
        reason="kernels run with subnormal numbers flushed to zero", link="https://github.com/tensorflow/tensorflow/issues/36514",
    ),
    Known(
        id="tensorflow-narrow-accumulator", runtimes=BOTH, versions=SILENT, verdict="imprecise", when=_half_sums, sometimes=True,
        message="sums were kept in",
        reason="on CPU, float16 convolutions, depthwise convolutions and repeats' gradients add in the narrow dtype",
        link="https://github.com/tensorflow/tensorflow/pull/51132",
    ),
    Known(
        id="tensorflow-cropped-gradient-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dw",),
        numbers=("nan", "infinity"), when=_cropped, sometimes=True, message="no window of theirs sees",
        reason="the kernel's gradient multiplies pixels by zeros where their products were cropped away, and 0 · NaN is NaN",
        link="no thread found",
    ),
    Known(
        id="tensorflow-max-pool-3d-ties", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dx",), sometimes=True,
        numbers=("ties",), when=lambda op, at, env: isinstance(op, MaxPool) and op.rank == 3,
        reason="max_pool3d gives the whole gradient to every one of several equal maxima, so that more flows back than came",
        link="no thread found",
    ),
    Known(
        id="tensorflow-narrow-convolution-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", numbers=("nan", "infinity"),
        when=_leaking_convolution, sometimes=True, message="no window of theirs sees",
        reason="float16, bfloat16 and 3-D convolutions multiply what lies outside a window by zero, and 0 · NaN is NaN: one pixel that "
        "is no number shows where no window sees it",
        link="no thread found",
    ),
    Known(
        id="tensorflow-conv-transpose-groups", runtimes=("tensorflow",), versions=SINCE, verdict="unsupported", when=_grouped_transpose,
        reason="tf.nn.conv1d_transpose, conv2d_transpose and conv3d_transpose have no groups",
        link="https://github.com/tensorflow/tensorflow/issues/45216",
    ),
    Known(
        id="tensorflow-sum-pool-3d", runtimes=("tensorflow",), versions=SINCE, verdict="unsupported",
        when=lambda op, at, env: isinstance(op, SumPool) and op.rank == 3,
        reason="there is no sum pooling and no depthwise 3-D convolution; average pooling times the window's size rounds",
        link="https://www.tensorflow.org/api_docs/python/tf/nn/avg_pool3d",
    ),
    Known(
        id="tensorflow-depthwise-unequal-strides", runtimes=BOTH, versions=SINCE, verdict="refused", when=_unequal_strides,
        outputs=("y", "dx"), message="only supports equal length strides",
        reason="a depthwise convolution in float64 takes one stride for rows and columns; in float32 oneDNN takes two",
        link="https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d",
    ),
    Known(
        id="tensorflow-conv3d-groups", runtimes=("tensorflow",), versions=SINCE, verdict="refused", when=_grouped_3d,
        message=f"must have the same depth|Number of channels in filter|{DILATION}",
        reason="conv3d has no groups on CPU, though conv1d and conv2d have", link="https://github.com/tensorflow/tensorflow/issues/45216",
    ),
    Known(
        id="tensorflow-dilated-float64", runtimes=("tensorflow",), versions=SINCE, verdict="refused",
        when=lambda op, at, env: _dilated_double(op, at, env) and op.rank == 3 and 0 not in at.y, message=DILATION,
        reason="dilated convolution in float64 does not exist on CPU in 3-D",
        link="https://github.com/tensorflow/tensorflow/issues/28264",
    ),
    Known(
        id="tensorflow-dilated-float64-gradient", runtimes=("tensorflow",), versions=SINCE, verdict="refused", outputs=("dx", "dw"),
        when=lambda op, at, env: _dilated_double(op, at, env) and (op.rank < 3 or 0 in at.y), message=DILATION,
        reason="dilated convolution in float64 has no gradient on CPU", link="https://github.com/tensorflow/tensorflow/issues/28264",
    ),
    Known(
        id="tensorflow-dilated-float64-transpose", runtimes=BOTH, versions=SINCE, verdict="refused", when=_dilated_double_transpose,
        message=DILATION, reason="dilated transposed convolution exists on CPU in float32 only (oneDNN)",
        link="https://github.com/tensorflow/tensorflow/issues/28264",
    ),
    Known(
        id="tensorflow-grouped-float64-gradient", runtimes=("tensorflow",), versions=SINCE, verdict="refused", outputs=("dx", "dw"),
        when=_grouped_double, message=f"Gradients for grouped convolutions are not supported|{DILATION}",
        reason="grouped convolution in float64 has no gradient on CPU", link="https://github.com/tensorflow/tensorflow/issues/45216",
    ),
    Known(
        id="tensorflow-conv3d-float64-same", runtimes=BOTH, versions=SILENT, verdict="differ", when=_cut_by_same_3d,
        outputs=("y", "dx"), sometimes=True,
        reason="conv3d in float64 with 'SAME' and windows that leave two pixels or more unread begins before the input: "
        "wrong everywhere, and the memory around it is written over",
        link="no thread found",
    ),
    Known(
        id="tensorflow-empty-strided-float64-gradient", runtimes=("tensorflow",), versions=SILENT, verdict="crashed",
        when=_empty_strided_double, sometimes=True,
        reason="the gradient of a strided convolution in float64 whose answer has length 0 is a segmentation fault",
        link="no thread found",
    ),
    Known(
        id="tensorflow-onednn-empty-convolution", runtimes=("tensorflow",), versions=SILENT, verdict="differ", outputs=("y",),
        when=_empty_onednn, reason="where the answer has length 0, the oneDNN kernel returns an array of the input's shape",
        link="https://github.com/tensorflow/tensorflow/pull/112639",
    ),
    Known(
        id="tensorflow-onednn-empty-convolution-gradient", runtimes=("tensorflow",), versions=SILENT, verdict="refused",
        outputs=("dx", "dw"), when=lambda op, at, env: _empty_onednn(op, at, env) and op.rank == 1,
        message="Input to reshape is a tensor with 0 values",
        reason="follows from the wrong shape of the empty answer", link="https://github.com/tensorflow/tensorflow/pull/112639",
    ),
]  # fmt: skip
