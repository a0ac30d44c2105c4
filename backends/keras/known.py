"""Keras, on every engine unless the runtime says otherwise."""

from __future__ import annotations

from fnmatch import fnmatch

from backends import Step, Unsupported, calls
from backends.call import Call
from backends.cannot import Raises
from backends.jax import known as jax
from backends.keras import write as keras
from backends.known import NOT_FINITE, Facts, Known, When, native, pads_before_a_maximum
from backends.pixels import word
from backends.tensorflow import known as tensorflow
from backends.torch import known as torch
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
from spec.conventions.padding import keras_transpose_words, on_every_axis, same_padding, span
from spec.conventions.resize import NEAREST, torch_resize
from spec.ops.separable import alike


def _stride_and_dilation(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Conv | ConvTranspose) and max(op.stride) > 1 and max(op.dilation) > 1 and not _grouped(op, at, facts)


def _grouped(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, ConvTranspose) and op.groups > 1


def _empty(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Conv) and at.empty


def _shorter_than_tensorflow_allows(op: Operation, at: Step, facts: Facts) -> bool:
    """'same' with output_padding 0 and an even span is (n−1)·s long, which no 'SAME' convolution turns into n."""
    if not isinstance(op, ConvTranspose) or op.groups > 1:
        return False
    words = keras_transpose_words(op.crop, at.k, op.stride, op.dilation)
    if words is None or words[0] != "same" or words[1] is None:
        return False
    return 0 not in at.y and any(span(k, d) % 2 == 0 and o == 0 for k, d, o in zip(at.k, op.dilation, words[1], strict=True))


def _grouped_dilated_double(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Conv) and op.groups > 1 and max(op.dilation) > 1 and at.dtype == "float64"


def _resizer(op: Operation, at: Step) -> Call | None:
    """The call that resamples a line or a picture, a function's or a layer's, where there is one."""
    if not isinstance(op, Resize | Lanczos):
        return None
    try:
        return next((call for call in calls(keras, op, at) if call.function in (RESIZE, "keras.layers.UpSampling2D")), None)
    except Unsupported:
        return None


RESIZE = "keras.ops.image.resize"


def _interpolation(op: Operation, at: Step) -> str:
    """nearest, bilinear, bicubic, lanczos3, lanczos5; empty if nothing is resampled."""
    call = _resizer(op, at)
    return str(call["interpolation"]) if call else ""


def _resampled_by_factor(op: Operation, at: Step, facts: Facts) -> bool:
    """By UpSampling2D, which repeats pixels unless it says otherwise."""
    return any(call.function == "keras.layers.UpSampling2D" and call["interpolation"] != "nearest" for call in calls(keras, op, at))


def _smoothed(op: Operation, at: Step) -> bool:
    """Resampled with antialias=True."""
    call = _resizer(op, at)
    return call is not None and call.function == RESIZE and call["antialias"] is True


def _lanczos(op: Operation, at: Step) -> bool:
    return _interpolation(op, at).startswith("lanczos")


def _nearest(close_call: When) -> When:
    """Where keras.ops.image.resize by nearest meets the engine's own close calls."""

    def when(op: Operation, at: Step, facts: Facts) -> bool:
        if not isinstance(op, Resize) or _interpolation(op, at) != "nearest":
            return False
        return close_call(Resize(size=op.size, **NEAREST), at, facts)

    return when


def _unequal_ends(op: Operation, at: Step, facts: Facts) -> bool:
    """Averages over 'same' windows, padded by copies as two ends differ, of which some see more copies than the pixel."""
    if not isinstance(op, AveragePool) or op.counted != "valid" or op.divisor or max(op.dilation) > 1:
        return False
    if word(op, at, "same", "valid") != "same":
        return False
    ends = on_every_axis(same_padding, at.x[2:], op.kernel, op.stride)
    copied = any(lo != hi for lo, hi in ends)
    return copied and any(hi > 0 and k > 2 for (_, hi), k in zip(ends, op.kernel, strict=True))


def _other_cubic(op: Operation, at: Step, facts: Facts) -> bool:
    if not isinstance(op, Resize) or _interpolation(op, at) != "bicubic" or _smoothed(op, at):
        return False
    return not alike(op, Resize(size=op.size, **torch_resize("cubic")), at.x)


def _mirrored_beyond_the_edge(op: Operation, at: Step, facts: Facts) -> bool:
    reach = [max(pair) for pair, n in zip(op.padding, at.x[2:], strict=True) if n > 1] if isinstance(op, Pad) else []
    return isinstance(op, Pad) and op.mode == "symmetric" and op.rank < 3 and max(reach, default=0) > 1


def _one_wide_antialias(op: Operation, at: Step, facts: Facts) -> bool:
    return _smoothed(op, at) and 1 < at.y[2] != at.x[2] and (op.rank == 1 or at.x[3] == at.y[3] == 1)


def _layer(op: Operation, at: Step, facts: Facts) -> bool:
    """Said with a layer, which has a dtype policy."""
    return isinstance(op, Conv | ConvTranspose | MaxPool | AdaptiveMaxPool | Upsample)


def _windowed_integers(op: Operation, at: Step, facts: Facts) -> bool:
    if at.dtype not in INTEGERS:
        return False
    return isinstance(op, SumPool) or (op.rank == 3 and (isinstance(op, MaxPool) or _cells(op)))


def _cells(op: Operation) -> bool:
    """Adaptive, but not global."""
    return isinstance(op, AdaptiveMaxPool) and set(op.size) != {1}


def _longer_window(op: AdaptiveAveragePool | AdaptiveMaxPool, at: Step) -> bool:
    """Adaptive, but not global, where one of the two lengths of window that are pooled is longer than x."""
    return set(op.size) != {1} and any(1 in lengths for lengths in zip(at.x[2:], op.size, strict=True))


def _through_float32(op: Operation, at: Step, facts: Facts) -> bool:
    mirrored = isinstance(op, Pad) and op.mode != "constant" and any(map(any, op.padding))
    return at.dtype == "int32" and (mirrored or _interpolation(op, at) != "")


def _mirrored_too_far(op: Operation, at: Step, facts: Facts) -> bool:
    """PyTorch's reflect wants fewer pixels than there are; volumes are padded along three axes, of which Keras makes the channels one."""
    if not isinstance(op, Pad) or op.mode == "constant":
        return False
    padded = [axis for axis, pair in enumerate(op.padding) if max(pair) > 0]
    too_far = any(max(pair) >= n for n, pair in zip(at.x[2:], op.padding, strict=True))
    return bool(padded) and ((op.mode == "reflect" and too_far) or (op.rank == 3 and padded[0] != 1))


def _edge_or_wrap(op: Operation, at: Step, facts: Facts) -> bool:
    return isinstance(op, Pad) and op.mode in ("edge", "wrap") and any(max(pair) > 0 for pair in op.padding)


def _summed_volume(op: Operation, at: Step, facts: Facts) -> bool:
    """Said with a depthwise convolution of volumes."""
    return op.rank == 3 and _summed(op, at)


def _summed(op: Operation, at: Step) -> bool:
    return any(call.function == "keras.ops.depthwise_conv" for call in calls(keras, op, at))


def _narrow_average_3d(op: Operation, at: Step, facts: Facts) -> bool:
    narrow = at.dtype in ("float16", "bfloat16")
    return narrow and any(call.function == "keras.layers.AveragePooling3D" for call in calls(keras, op, at))


def _adaptive_maximum(op: Operation, at: Step, facts: Facts) -> bool:
    """Not a global one, which is another layer."""
    return isinstance(op, AdaptiveMaxPool) and max(op.size) > 1 and tensorflow.least_is_finite(at, facts)


def _first(call: Call) -> bool:
    return call["data_format"] == "channels_first"


def _as_wide_as_deep(op: Operation, at: Step, facts: Facts) -> bool:
    """A layer with channels first and a bias, whose result has as many pixels on its last axis as it has channels."""
    biased = isinstance(op, Conv | ConvTranspose) and op.bias == "yes"
    return biased and at.y[1] == at.y[-1] and any(map(_first, native(at, "keras.layers.*Conv*")))


def _interleaved_first(op: Operation, at: Step, facts: Facts) -> bool:
    """With one channel on the side of the larger picture, both orders are the same."""
    return any(map(_first, native(at, "keras.ops.depth_to_space", "keras.ops.space_to_depth"))) and min(at.x[1], at.y[1]) > 1


def _pool_without_strides(op: Operation, at: Step, facts: Facts) -> bool:
    return any(call["strides"] is None for call in native(at, "keras.ops.max_pool", "keras.ops.average_pool"))


SINCE = {"keras": ">=3.0"}
SILENT = {"keras": ">=3.0,<=3.15.1"}
"""Wrong answers have an upper bound: a newer version must show them again."""

GRAPHS = ("function", "xla")
"""The modes in which TensorFlow executes a graph."""

KNOWN = [
    Known(
        id="keras-tensorflow-bias-on-the-wrong-axis", runtimes=("keras-tensorflow",), versions={"keras": ">=3.7,<=3.15.1"},
        verdict="differ", outputs=("y", "dw"), when=_as_wide_as_deep,
        reason="the bias is added along the last axis instead of the channels where the result has as many columns as channels: "
        "keras.ops.add takes an array with one axis longer than 1 for a bias, and looks at the last axis first",
        link="no upstream report found",
    ),
    Known(
        id="keras-depth-to-space-channels-first", runtimes=("keras-jax", "keras-torch"), versions=SILENT,
        verdict="differ", outputs=("y", "dx"), when=_interleaved_first, message="order CRD",
        reason="depth_to_space and space_to_depth with channels first have the order CRD on JAX and PyTorch, and DCR on TensorFlow; "
        "with channels last all engines have DCR",
        link="no upstream report found",
    ),
    Known(
        id="keras-jax-pool-without-strides", runtimes=("keras-jax",), versions=SINCE, verdict="raised", when=_pool_without_strides,
        message="operands could not be broadcast together|got inconsistent window_strides",
        reason="keras.ops.max_pool and average_pool without strides raise on JAX: the window, which then is the stride, gets the axes of "
        "batch and channels twice",
        link="no upstream report found",
        probes=tuple(
            Raises(
                f"keras.ops.{kind}_pool(keras.ops.ones((1, 4, 4, 1)), 2)",
                works=f"keras.ops.{kind}_pool(keras.ops.ones((1, 4, 4, 1)), 2, 2)",
            )
            for kind in ("max", "average")
        ),
    ),
    Known(
        id="keras-max-pool-padding-wins", runtimes=("keras-torch", "keras-tensorflow"), versions=SILENT, verdict="differ", outputs=("dx",),
        data=("infinities",), when=pads_before_a_maximum(keras, "keras.ops.pad"),
        reason="padding other than 'same' is −∞ that keras.ops.pad puts there: where a window begins in it and holds only −∞, its gradient "
        "goes to the padding and is lost",
        link="no upstream report found",
    ),
    Known(
        id="keras-tensorflow-adaptive-max-from-least-finite", runtimes=("keras-tensorflow",), versions=SILENT | {"tensorflow": "<=2.21"},
        verdict="differ", outputs=("y",), data=("infinities",), when=_adaptive_maximum, message="finite though",
        reason="TensorFlow's max_pool begins with the least finite number: a window of −∞ gives that",
        link="no upstream report found",
    ),
    Known(
        id="keras-unpool-leaks", runtimes=("keras-*",), versions=SILENT, verdict="differ", data=NOT_FINITE, sometimes=True,
        when=lambda op, at, facts: isinstance(op, MaxUnpool), message="no window of theirs sees",
        reason="there is no unpooling; written with one_hot and einsum it multiplies every pixel by zeros, and 0 · NaN is NaN",
        link="no upstream report found",
    ),
    Known(
        id="keras-einsum-integers", runtimes=("keras-*",), versions=SILENT, verdict="differ", outputs=("y",), sometimes=True,
        when=lambda op, at, facts: isinstance(op, MaxUnpool) and at.dtype in INTEGERS,
        reason="keras.ops.einsum of int8 answers in int32; on TensorFlow int32 is multiplied in float32, which is exact to 2²⁴",
        link="no upstream report found",
    ),
    Known(
        id="keras-stride-and-dilation", runtimes=("keras-*",), versions=SINCE, verdict="raised", when=_stride_and_dilation,
        message="not supported in conjunction with",
        reason="Conv and ConvTranspose layers refuse strides > 1 together with dilation_rate > 1; depthwise and separable ones do not",
        link="https://keras.io/api/layers/convolution_layers/convolution2d/",
        probes=tuple(
            Raises(
                f"keras.layers.{layer}(1, 2, strides=2, dilation_rate=2)",
                works=f"keras.layers.DepthwiseConv{min(rank, 2)}D(2, strides=2, dilation_rate=2)",
            )
            for rank in (1, 2, 3)
            for layer in (f"Conv{rank}D", f"Conv{rank}DTranspose")
        ),
    ),
    Known(
        id="keras-empty-sum-inference", runtimes=("keras-*",), versions=SINCE, verdict="raised", checks=("shape",),
        when=lambda op, at, facts: at.empty and _summed(op, at), message="Computed output size would be zero or negative",
        reason="a depthwise convolution of symbolic tensors whose answer has length 0 is refused", link="no upstream report found",
    ),
    Known(
        id="keras-torch-narrow-average-pool-3d", runtimes=("keras-torch",), versions=SINCE, verdict="raised", when=_narrow_average_3d,
        message="not implemented for '(Half|BFloat16)'", reason="avg_pool3d has no float16 and no bfloat16 kernel on CPU",
        link="no upstream report found",
    ),
    *(
        Known(
            id=f"keras-{engine}-pad-modes", runtimes=(f"keras-{engine}",), versions=SINCE, verdict="raised",
            when=_edge_or_wrap, message=message, link="https://keras.io/api/ops/numpy/",
            reason="keras.ops.pad passes the modes edge and wrap on, which JAX alone of its engines knows",
            probes=tuple(
                Raises(
                    f'keras.ops.pad(keras.ops.ones((1, 4)), ((0, 0), (1, 1)), mode="{mode}")',
                    works='keras.ops.pad(keras.ops.ones((1, 4)), ((0, 0), (1, 1)), mode="constant")',
                )
                for mode in ("edge", "wrap")
            ),
        )
        for engine, message in (("tensorflow", "`mode` expected to be one of"), ("torch", "Unrecognised padding mode"))
    ),
    Known(
        id="keras-tensorflow-depthwise-3d", runtimes=("keras-tensorflow",), versions=SINCE, verdict="raised", when=_summed_volume,
        message="rank must be 3", reason="keras.ops.depthwise_conv has no 3-D form on TensorFlow, on JAX and PyTorch it has",
        link="no upstream report found",
        probes=(
            Raises(
                "keras.ops.depthwise_conv(keras.ops.ones((1, 4, 4, 4, 1)), keras.ops.ones((2, 2, 2, 1, 1)))",
                works="keras.ops.depthwise_conv(keras.ops.ones((1, 4, 4, 1)), keras.ops.ones((2, 2, 1, 1)))",
            ),
        ),
    ),
    Known(
        id="keras-empty-convolution", runtimes=("keras-*",), versions=SINCE, verdict="raised", when=_empty,
        message="Computed output size would be zero or negative", reason="an answer of length 0 is refused when the layer is built",
        link="no upstream report found",
    ),
    Known(
        id="keras-tensorflow-same-even-output-padding-0", runtimes=("keras-tensorflow",), versions=SINCE, verdict="raised",
        when=_shorter_than_tensorflow_allows,
        message="Size of out_backprop doesn't match|could not create a primitive|Incompatible shapes between op input",
        reason="padding='same', output_padding=0 and an even kernel: Keras asks TensorFlow for a length that TensorFlow does not take; "
        "torch and JAX answer",
        link="no upstream report found",
    ),
    Known(
        id="keras-tensorflow-grouped-dilated-float64", runtimes=("keras-tensorflow",), verdict="crashed", sometimes=True,
        versions={"keras": ">=3.0,<=3.15.1", "tensorflow": "<=2.21"}, when=_grouped_dilated_double,
        reason="grouped convolutions are compiled with XLA here; dilated ones in float64 write over the heap for some sizes",
        link="no upstream report found",
    ),
    Known(
        id="keras-torch-lanczos", runtimes=("keras-torch",), versions=SINCE, verdict="raised", message="interpolation",
        when=lambda op, at, facts: _lanczos(op, at),
        reason="Keras raises for Lanczos on PyTorch, which has a window of 3 lobes since 2.12; on TensorFlow and JAX it resamples",
        link="https://github.com/keras-team/keras-core/pull/220",
    ),
    Known(
        id="keras-torch-uneven-same-average", runtimes=("keras-torch",), versions=SILENT, verdict="differ", when=_unequal_ends,
        reason="average pooling pads 'same' with copies of the edge pixel where the two ends differ, then averages over the copies",
        link="https://github.com/keras-team/keras/pull/23233",
    ),
    Known(
        id="keras-torch-bicubic", runtimes=("keras-torch",), versions=SILENT, verdict="differ", when=_other_cubic,
        reason="bicubic follows the engine: PyTorch's has a = −3/4 and repeats the edge, TensorFlow's and JAX's a = −1/2 and excludes what "
        "lies outside",
        link="https://github.com/keras-team/keras-core/pull/220",
    ),
    Known(
        id="keras-torch-bicubic-close", runtimes=("keras-torch",), versions=SILENT, verdict="imprecise", sometimes=True,
        when=lambda op, at, facts: _other_cubic(op, at, facts) and bool(native(at, "keras.*")),
        reason="bicubic follows the engine: PyTorch's has a = −3/4; some results are so close to a = −1/2 that they look rounded",
        link="https://github.com/keras-team/keras-core/pull/220",
    ),
    *(
        Known(
            id=f"keras-torch-symmetric-is-edge{more}", runtimes=("keras-torch",), versions=SILENT, verdict="differ", message=message,
            data=data, when=_mirrored_beyond_the_edge, link="https://github.com/keras-team/keras/pull/23230",
            reason="pad mode symmetric is passed on as PyTorch's replicate: the edge is repeated, not mirrored",
        )
        for more, data, message in (
            ("", (), "mode edge|matches: only|matches only"),
            ("-not-finite", NOT_FINITE, ""),  # of which no diagnosis is made
        )
    ),
    Known(
        id="keras-torch-bfloat16-norm-leaks", runtimes=("keras-torch",), versions=SILENT | {"torch": "<=2.13"}, verdict="differ",
        outputs=("dx",), sometimes=True, when=lambda op, at, facts: isinstance(op, LpPool) and op.p > 1 and at.dtype == "bfloat16",
        reason="the root of a window of zeros has the gradient NaN, and a depthwise convolution in bfloat16 multiplies it by zeros on its "
        "way back to other windows and channels, and 0 · NaN is NaN",
        link="no upstream report found",
    ),
    *(
        Known(
            id=f"keras-mean-in-float32-{verdict}", runtimes=("keras-jax", "keras-torch"), versions=SILENT, verdict=verdict, sometimes=True,
            when=lambda op, at, facts: isinstance(op, AdaptiveAveragePool) and set(op.size) == {1} and at.dtype == "float64",
            reason="keras.ops.mean of float64 computes in float32 and casts back: its promotion of float64 and float32 is float32",
            link="no upstream report found",
        )
        for verdict in ("differ", "imprecise")
    ),
    *(
        Known(
            id=f"keras-tensorflow-adaptive-max-{verdict}", runtimes=("keras-tensorflow",), versions=SILENT | {"tensorflow": "<=2.21"},
            verdict=verdict, sometimes=True,
            when=lambda op, at, facts: isinstance(op, AdaptiveMaxPool) and _longer_window(op, at),
            reason="along an axis of length or of size 1 a window one longer than x is pooled too; the gradient of that empty answer is "
            "memory that was never written, or divides by zero",
            link="no upstream report found",
        )
        for verdict in ("differ", "nondeterministic", "crashed")
    ),
    *(
        Known(
            id=f"keras-{engine}-nearest-float32-coordinates", runtimes=(f"keras-{engine}",), versions=SILENT, verdict="differ",
            when=_nearest(close_call),
            reason="the engine computes coordinates in float32; where one is a whole number, its product may fall below it, and the pixel "
            "before is taken",
            link="no upstream report found",
        )
        for engine, close_call in (("jax", jax.close_call), ("tensorflow", tensorflow.close_call), ("torch", torch.close_call))
    ),
    *(
        Known(
            id=f"keras-torch-antialias-one-pixel-wide{suffix}", runtimes=("keras-torch",), versions=SILENT | {"torch": "<=2.13"},
            verdict="differ", outputs=("y",), modes=modes, when=when, reason=torch.ONE_WIDE, link="no upstream report found",
        )
        for suffix, modes, when in torch.in_each_layout(_one_wide_antialias)
    ),
    *(
        Known(
            id=f"keras-tensorflow-resize-float32-{verdict}", runtimes=("keras-tensorflow",), versions=SILENT, verdict=verdict,
            sometimes=True,
            when=lambda op, at, facts: at.dtype == "float64" and _interpolation(op, at) not in ("", "nearest"),
            reason="tf.image.resize computes float64 images in float32, and the answer is cast back",
            link="https://www.tensorflow.org/api_docs/python/tf/image/resize",
        )
        for verdict in ("differ", "imprecise")
    ),
    Known(
        id="keras-torch-pad-too-far", runtimes=("keras-torch",), versions=SINCE, verdict="raised", when=_mirrored_too_far,
        message="Padding size",
        reason="PyTorch's reflect pads fewer pixels than there are, and of volumes no mode but constant pads other than three axes",
        link="https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html",
    ),
    Known(
        id="keras-empty-resize", runtimes=("keras-*",), versions=SINCE, verdict="raised", message="must have positive height and width",
        when=lambda op, at, facts: at.empty and _interpolation(op, at) != "", reason="resampling refuses an answer of length 0",
        link="https://keras.io/api/ops/image/",
    ),
    Known(
        id="keras-tensorflow-empty-transpose-without-onednn", runtimes=("keras-tensorflow",), versions=SILENT, verdict="raised",
        when=lambda op, at, facts: isinstance(op, ConvTranspose) and at.empty and facts.get("onednn") == "off",
        message="actual = .* computed = 0", sometimes=True,
        reason="without oneDNN TensorFlow raises for a transposed convolution whose output is empty, for some sizes",
        link="no upstream report found",
    ),
    *(
        Known(
            id=f"keras-tensorflow-empty-transpose-{verdict}", runtimes=("keras-tensorflow",), versions=SILENT, verdict=verdict,
            outputs=("dx", "dw"), sometimes=True, message=message,
            when=lambda op, at, facts: isinstance(op, ConvTranspose) and at.empty,
            reason="the gradient of an answer of length 0 has the wrong shape: oneDNN returns arrays of the input's",
            link="https://github.com/tensorflow/tensorflow/pull/112639",
        )
        for verdict, message in (("raised", "Input to reshape is a tensor with 0 values"), ("differ", "shape"))
    ),
    Known(
        id="keras-int8-layers", runtimes=("keras-*",), versions=SINCE, verdict="raised", message="QuantizedDTypePolicy",
        when=lambda op, at, facts: at.dtype == "int8" and _layer(op, at, facts),
        reason="a layer's dtype 'int8' is read as the beginning of a quantization policy", link="no upstream report found",
    ),
    Known(
        id="keras-integer-weights", runtimes=("keras-*",), versions=SILENT, verdict="raised", sometimes=True,
        when=lambda op, at, facts: at.dtype in INTEGERS and isinstance(op, Conv | ConvTranspose),
        message="must be a float dtype|Need minval < maxval|Accepted dtypes are|check_uniform_bounds",
        reason="a layer of an integer dtype draws its first weights from a uniform distribution of floats, and cannot",
        link="no upstream report found",
    ),
    Known(
        id="keras-tensorflow-integers", runtimes=("keras-tensorflow",), versions=SINCE, verdict="raised", when=_windowed_integers,
        message="not in the list of allowed values", reason="of integers, pooling knows maxima of lines and images alone",
        link="https://www.tensorflow.org/api_docs/python/tf/raw_ops/MaxPool",
    ),
    Known(
        id="keras-torch-integers", runtimes=("keras-torch",), versions=SINCE, verdict="raised", message="not implemented for",
        when=lambda op, at, facts: at.dtype in INTEGERS and (_cells(op) or (isinstance(op, MaxPool) and op.rank == 1)),
        reason="max_pool1d and adaptive pooling know no integers", link="no upstream report found",
    ),
    Known(
        id="keras-torch-int32-through-float32", runtimes=("keras-torch",), versions=SILENT, verdict="differ", when=_through_float32,
        reason="int32 images are mirrored and resampled in float32, which is exact up to 2²⁴ alone, and cast back",
        link="no upstream report found",
    ),
    Known(
        id="keras-tensorflow-xla-nearest-gradient", runtimes=("keras-tensorflow",), versions=SINCE, verdict="raised", modes=("xla",),
        outputs=("dx", "dw"), when=lambda op, at, facts: _interpolation(op, at) == "nearest",
        message="Detected unsupported operations.*NearestNeighborGrad",
        reason="XLA has no kernel for the gradient of nearest resampling",
        link="https://github.com/tensorflow/tensorflow/issues/60203",
    ),
    Known(
        id="keras-tensorflow-adaptive-compiled", runtimes=("keras-tensorflow",), versions=SINCE, verdict="raised", modes=GRAPHS,
        when=lambda op, at, facts: isinstance(op, AdaptiveAveragePool | AdaptiveMaxPool) and _longer_window(op, at),
        message="Negative dimension size",
        reason="along an axis of length or of size 1 a window one longer than x is pooled too, which tf.function refuses",
        link="no upstream report found",
    ),
    Known(
        id="keras-tensorflow-adaptive-unknown-lengths", runtimes=("keras-tensorflow",), versions=SINCE, verdict="raised",
        modes=("dynamic",),
        when=lambda op, at, facts: any(fnmatch(call.function, "keras.*daptive*") for call in at.native or calls(keras, op, at)),
        message="must be statically known for adaptive pooling",
        reason="adaptive pooling cuts its windows in Python, and so wants lengths that are known when it is traced",
        link="no upstream report found",
    ),
    Known(
        id="keras-tensorflow-cut-to-unknown-lengths", runtimes=("keras-tensorflow",), versions=SILENT, verdict="raised",
        modes=("dynamic",), sometimes=True, message="Using a symbolic `tf.Tensor` as a Python `bool`",
        when=lambda op, at, facts: bool(native(at, "keras.ops.image.crop_images", "keras.ops.image.pad_images")),
        reason="crop_images and pad_images ask whether lengths are negative, which has no answer while the input's are unknown",
        link="no upstream report found",
    ),
    Known(
        id="keras-tensorflow-upsampling-unknown-lengths", runtimes=("keras-tensorflow",), versions={"keras": ">=3.14"}, verdict="raised",
        modes=("dynamic",), when=_resampled_by_factor, checks=("values",),
        message="Using a symbolic `tf.Tensor` as a Python `bool`",
        reason="UpSampling2D asks whether its lengths are positive, which has no answer while they are unknown; so since 3.14",
        link="https://github.com/keras-team/keras/pull/22079",
    ),
    Known(
        id="keras-tensorflow-adaptive-3d-dtypes", runtimes=("keras-tensorflow",), versions=SINCE, verdict="raised",
        when=lambda op, at, facts: isinstance(op, AdaptiveAveragePool | AdaptiveMaxPool) and op.rank == 3 and set(op.size) != {1}
        and at.dtype in ("float16", "float64"),
        message="Could not find device for node|not in the list of allowed values",
        reason="adaptive pooling is made of tf.nn.pool, which in 3-D knows neither float64 nor, on CPU, float16",
        link="no upstream report found",
    ),
    Known(
        id="keras-tensorflow-antialias-gradient", runtimes=("keras-tensorflow",), versions=SINCE, verdict="raised", outputs=("dx",),
        when=lambda op, at, facts: at.dtype != "float32" and (_smoothed(op, at) or _lanczos(op, at)),
        message="cannot compute", reason="the gradient of antialiased resampling and of Lanczos wants a float32 picture",
        link="no upstream report found",
    ),
    Known(
        id="keras-tensorflow-antialias-gradient-compiled", runtimes=("keras-tensorflow",), versions=SINCE, verdict="raised",
        modes=(*GRAPHS, "dynamic"), checks=("values",), message="does not match type float32 of argument 'grads'",
        when=lambda op, at, facts: at.dtype in FLOATS and at.dtype != "float32" and (_smoothed(op, at) or _lanczos(op, at)),
        reason="the gradient of antialiased resampling and of Lanczos wants a float32 image, and a compiled function whose gradient is "
        "watched says so before it answers",
        link="no upstream report found",
    ),
]  # fmt: skip
