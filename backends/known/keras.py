"""Keras, on every engine unless the runtime says otherwise."""

from __future__ import annotations

from backends import Step
from backends.known import Known
from spec import Conv, ConvTranspose, Operation, SumPool
from spec.conventions import keras_transpose_words, span


def _stride_and_dilation(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return isinstance(op, Conv | ConvTranspose) and max(op.stride) > 1 and max(op.dilation) > 1 and not _grouped(op, at, env)


def _grouped(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return isinstance(op, ConvTranspose) and op.groups > 1


def _empty(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return isinstance(op, Conv) and 0 in at.y


def _shorter_than_tensorflow_allows(op: Operation, at: Step, env: dict[str, str]) -> bool:
    """'same' with output_padding 0 and an even span is (n−1)·s long, which no 'SAME' convolution turns into n."""
    if not isinstance(op, ConvTranspose) or op.groups > 1:
        return False
    words = keras_transpose_words(op.crop, at.k, op.stride, op.dilation)
    if words is None or words[0] != "same" or words[1] is None:
        return False
    return any(span(k, d) % 2 == 0 and o == 0 for k, d, o in zip(at.k, op.dilation, words[1], strict=True))


def _grouped_dilated_double(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return isinstance(op, Conv) and op.groups > 1 and max(op.dilation) > 1 and at.dtype == "float64"


SINCE = {"keras": ">=3.0"}

KNOWN = [
    Known(
        id="keras-stride-and-dilation", runtimes=("keras-*",), versions=SINCE, verdict="refused", when=_stride_and_dilation,
        message="not supported in conjunction with", reason="layers refuse strides > 1 together with dilation_rate > 1",
        link="https://keras.io/api/layers/convolution_layers/convolution2d/",
    ),
    Known(
        id="keras-conv-transpose-groups", runtimes=("keras-*",), versions=SINCE, verdict="unsupported", when=_grouped,
        reason="Conv1DTranspose, Conv2DTranspose and Conv3DTranspose have no groups",
        link="https://github.com/keras-team/keras/issues/19871",
    ),
    Known(
        id="keras-empty-convolution", runtimes=("keras-*",), versions=SINCE, verdict="refused", when=_empty,
        message="Computed output size would be zero or negative", reason="an answer of length 0 is refused when the layer is built",
        link="no thread found",
    ),
    Known(
        id="keras-sum-pool-3d", runtimes=("keras-*",), versions=SINCE, verdict="unsupported",
        when=lambda op, at, env: isinstance(op, SumPool) and op.rank == 3,
        reason="there is no sum pooling and no depthwise 3-D convolution; average pooling times the window's size rounds",
        link="https://keras.io/api/layers/pooling_layers/",
    ),
    Known(
        id="keras-tensorflow-same-even-output-padding-0", runtimes=("keras-tensorflow",), versions=SINCE, verdict="refused",
        when=_shorter_than_tensorflow_allows, message="Size of out_backprop doesn't match|could not create a primitive",
        reason="padding='same', output_padding=0 and an even kernel: Keras asks TensorFlow for a length that TensorFlow does not take; "
        "torch and JAX answer",
        link="no thread found",
    ),
    Known(
        id="keras-tensorflow-grouped-dilated-float64", runtimes=("keras-tensorflow",), verdict="crashed", sometimes=True,
        versions={"keras": ">=3.0,<=3.15.1", "tensorflow": "<=2.21"}, when=_grouped_dilated_double,
        reason="grouped convolutions are compiled with XLA here; dilated ones in float64 write over the heap for some sizes",
        link="no thread found",
    ),
]  # fmt: skip
