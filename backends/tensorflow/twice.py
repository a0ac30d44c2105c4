"""What TensorFlow cannot differentiate twice: known deviations of its mode double-backward, in which y needs a second derivative."""

from __future__ import annotations

from functools import partial

from backends.known import Known, zero_norm_twice
from spec import AdaptiveMaxPool, Conv, Lanczos, MaxPool, Resize, Upsample

VERSIONS = {"tensorflow": ">=2.15,<=2.21"}

Twice = partial(
    Known, runtimes=("tensorflow", "keras-tensorflow"), versions=VERSIONS, verdict="raised",
    modes=("double-backward",), outputs=("y", "dx", "dw"), sometimes=True, link="no upstream report found",
)  # fmt: skip


KNOWN = [
    Twice(
        id="tensorflow-twice-resampled", when=lambda op, at, facts: isinstance(op, Upsample | Resize | Lanczos),
        message="gradient registry has no entry for: (Resize|ScaleAndTranslate)|the gradient of x has no gradient",
        reason="the gradient of tf.image.resize has no gradient of its own: an error, or None of bilinear resampling",
    ),
    Twice(
        id="tensorflow-twice-convolved", when=lambda op, at, facts: isinstance(op, Conv) and (op.groups > 1 or max(op.dilation) > 1),
        message="Gradients for grouped convolutions are not supported|not yet support dilation rates larger than 1",
        reason="without oneDNN a convolution with groups or dilation has no gradient on CPU, which is met as the second derivative here",
    ),
    Twice(
        id="tensorflow-twice-max-pool", when=lambda op, at, facts: isinstance(op, MaxPool | AdaptiveMaxPool),
        message="Value for attr 'padding' of \"EXPLICIT\"|MaxPool3?D?GradGrad",
        reason="the second derivative of max_pool knows the paddings SAME and VALID alone",
    ),
    zero_norm_twice("tensorflow", VERSIONS),
]  # fmt: skip
