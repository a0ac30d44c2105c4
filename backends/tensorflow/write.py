"""TensorFlow: channels last (its CPU kernels want it), weights *k C/g O for convolution and *k O C for its transpose.

Only 'SAME' and 'VALID' in all ranks: other padding is a tf.pad or a slice before. A transposed convolution takes its output's
shape, within what its padding allows; any other crop is the full 'VALID' answer, then sliced or padded.
"""

from __future__ import annotations

from dataclasses import replace

from backends import Step, Unsupported
from backends.call import Call, Let, Source, Statement, Value, X, body
from backends.cannot import Cannot, Missing, Raises
from backends.phrases import (
    NOTHING,
    channels_first,
    channels_first_inside,
    channels_last,
    deinterleaved,
    fitted,
    interleaved,
    kernel_last,
    one_hot_unpool,
    short,
    word_for,
    zeros_between,
)
from backends.pixels import divided_evenly, mean, norm, picked, said, word
from backends.tensorflow.runtime import IMPORTS as IMPORTS
from backends.tensorflow.runtime import RUNTIMES as RUNTIMES
from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Conv,
    ConvTranspose,
    DepthToSpace,
    Impossible,
    Lanczos,
    LpPool,
    MaxPool,
    MaxUnpool,
    Pad,
    Resize,
    SpaceToDepth,
    SumPool,
    Upsample,
    ZeroInsert,
)
from spec.conventions.padding import on_every_axis, same_padding, span, tf_same_crop, tf_valid_crop, valid_padding
from spec.conventions.resize import Fields, tf1_resize, tf_resize
from spec.operation import Shape, negated
from spec.theorems.claims import Parameters


def ENTER(rank: int) -> str:
    return f"x = {Call.of('tf.transpose', X, channels_last(rank))}"


def LEAVE(rank: int) -> str:
    return f"x = {Call.of('tf.transpose', X, channels_first(rank))}"


SINCE = {"tensorflow": ">=2.15"}
RESIZE = "https://www.tensorflow.org/api_docs/python/tf/image/resize"

TRANSPOSE_GROUPS = Cannot(
    id="tensorflow-conv-transpose-groups", versions=SINCE, link="https://github.com/tensorflow/tensorflow/issues/45216",
    sentence="tf.nn.conv3d_transpose has no groups on CPU, though conv1d_transpose and conv2d_transpose have",
    probes=(
        Raises('tf.nn.conv3d_transpose(tf.ones((1, 4, 4, 4, 4)), tf.ones((1, 1, 1, 2, 4)), (1, 4, 4, 4, 4), 1)',
               works='tf.nn.conv3d_transpose(tf.ones((1, 4, 4, 4, 4)), tf.ones((1, 1, 1, 4, 4)), (1, 4, 4, 4, 4), 1)'),
    ),
)  # fmt: skip
RESIZE_WORDS = Cannot(
    id="tensorflow-resize-words", versions=SINCE, link="https://github.com/tensorflow/tensorflow/issues/6720",
    sentence="tf.image.resize takes a size, half-pixel, cubic with a = −1/2; its v1 functions asymmetric or aligned corners, cubic with "
    "a = −3/4",
    probes=(
        Raises("tf.image.resize(tf.ones((1, 4, 4, 1)), (3, 3), align_corners=True)",
               works="tf.image.resize(tf.ones((1, 4, 4, 1)), (3, 3))"),
        Raises('tf.image.resize(tf.ones((1, 4, 4, 1)), (3, 3), method="bicubic", a=-0.75)',
               works='tf.image.resize(tf.ones((1, 4, 4, 1)), (3, 3), method="bicubic")'),
    ),
)  # fmt: skip
RESIZE_VOLUMES = Cannot(
    id="tensorflow-resize-volumes", versions=SINCE, link=RESIZE, sentence="tf.image.resize takes images",
    probes=(
        Raises("tf.image.resize(tf.ones((1, 4, 4, 4, 1)), (3, 3, 3))", works="tf.image.resize(tf.ones((1, 4, 4, 1)), (3, 3))"),
    ),
)  # fmt: skip
LANCZOS_WORDS = Cannot(
    id="tensorflow-lanczos-words", versions=SINCE, link=RESIZE,
    sentence="tf.image.resize takes images, and knows Lanczos windows of 3 and of 5 lobes",
    probes=(
        Raises('tf.image.resize(tf.ones((1, 4, 4, 1)), (3, 3), method="lanczos2")',
               works='tf.image.resize(tf.ones((1, 4, 4, 1)), (3, 3), method="lanczos3")'),
        *RESIZE_VOLUMES.probes,
    ),
)  # fmt: skip
TIES = Cannot(
    id="tensorflow-max-pool-ties", versions=SINCE, link="https://www.tensorflow.org/api_docs/python/tf/nn/max_pool2d",
    sentence="TensorFlow's max_pool takes the first of several equal maxima, and has no word for another rule",
    probes=(
        Raises('tf.nn.max_pool2d(tf.ones((1, 4, 4, 1)), 2, 2, "VALID", ties="last")',
               works='tf.nn.max_pool2d(tf.ones((1, 4, 4, 1)), 2, 2, "VALID")'),
    ),
)  # fmt: skip
POOL_STRIDES = Cannot(
    id="tensorflow-pool-words", versions=SINCE, link="https://www.tensorflow.org/api_docs/python/tf/nn/pool",
    sentence="tf.nn.pool takes no strides together with dilations",
    probes=(
        Raises('tf.nn.pool(tf.ones((1, 9, 9, 1)), (2, 2), "MAX", strides=(2, 2), dilations=(2, 2))',
               works='tf.nn.pool(tf.ones((1, 9, 9, 1)), (2, 2), "MAX", dilations=(2, 2))'),
    ),
)  # fmt: skip
DEPTHWISE_STRIDES = Cannot(
    id="tensorflow-depthwise-strides", versions=SINCE, link="https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d",
    sentence="tf.nn.depthwise_conv2d takes no strides together with dilations: it answers, in another shape than its windows have",
    probes=(
        Raises('tf.ensure_shape(tf.nn.depthwise_conv2d(tf.ones((1, 9, 9, 1)), tf.ones((2, 2, 1, 1)), (1, 2, 2, 1), "VALID", '
               'dilations=(2, 2)), (1, 4, 4, 1))',
               works='tf.ensure_shape(tf.nn.depthwise_conv2d(tf.ones((1, 9, 9, 1)), tf.ones((3, 3, 1, 1)), (1, 2, 2, 1), "VALID"), '
               '(1, 4, 4, 1))'),
    ),
)  # fmt: skip
ADAPTIVE = Cannot(
    id="tensorflow-adaptive-pool", versions=SINCE, link="https://github.com/keras-team/keras/issues/21813",
    sentence="TensorFlow has no adaptive pooling, and no windows of one length answer so",
    probes=tuple(map(Missing, ("tf.nn.adaptive_avg_pool2d", "tf.nn.adaptive_max_pool2d", "tf.nn.adaptive_pool"))),
)  # fmt: skip
PAD_MODES = Cannot(
    id="tensorflow-pad-modes", versions=SINCE, link="https://www.tensorflow.org/api_docs/python/tf/pad",
    sentence="tf.pad's modes are CONSTANT, REFLECT and SYMMETRIC",
    probes=tuple(
        Raises(f'tf.pad(tf.ones((1, 4)), ((0, 0), (1, 1)), mode="{mode}")',
               works='tf.pad(tf.ones((1, 4)), ((0, 0), (1, 1)), mode="REFLECT")')
        for mode in ("EDGE", "WRAP")
    ),
)  # fmt: skip


def conv(op: Conv, at: Step) -> list[Statement]:
    word = word_for(op, at, {"VALID": valid_padding, "SAME": same_padding})
    return [
        *([] if word else fitted(op.padding, "tf.pad", channels_last=True)),
        Let("w", Call.of("tf.transpose", Source(at.weight), kernel_last(op.rank))),
        Call.of(f"tf.nn.conv{op.rank}d", X, Source("w"), _strides(op.stride), word or "VALID", dilations=_dilations(op.dilation)),
        *_bias(op, at),
    ]


def conv_transpose(op: ConvTranspose, at: Step) -> list[Statement]:
    if op.groups > 1 and op.rank == 3:
        raise Unsupported(TRANSPOSE_GROUPS)
    full = tuple((n - 1) * s + span(k, d) for n, k, s, d in zip(at.x[2:], at.k, op.stride, op.dilation, strict=True))
    word = next((word for word in ("VALID", "SAME") if _says(word, op, at)), None)
    output = (at.y[0], *(at.y[2:] if word else full), at.y[1])
    return [
        Let("w", Call.of("tf.transpose", Source(at.weight), kernel_last(op.rank))),
        Call.of(
            f"tf.nn.conv{op.rank}d_transpose", X, Source("w"), output, _strides(op.stride), padding=word or "VALID",
            dilations=_dilations(op.dilation),
        ),
        *([] if word else fitted(negated(op.crop), "tf.pad", channels_last=True)),
        *_bias(op, at),
    ]  # fmt: skip


def upsample(op: Upsample, at: Step) -> list[Statement]:
    if op.rank == 2:
        return [Call.of("tf.image.resize", X, at.y[2:], method="nearest")]
    return [Call.of("tf.repeat", X, f, axis=axis) for axis, f in enumerate(op.factor, start=1)]


def zero_insert(op: ZeroInsert, at: Step) -> list[Statement]:
    return zeros_between(op, at, "tf.reshape", "tf.pad")


def resize(op: Resize, at: Step) -> list[Statement]:
    if op.rank < 3:
        resizer = said(op, at, RESIZERS) or said(op, at, RESIZERS_V1)
        if resizer:
            return _resized(op, *resizer)
    if op.mode == "nearest":
        return picked(
            op, at, lambda indices, axis: Call.of("tf.gather", X, indices, axis=axis), lambda n: Call.of("tf.range", n),
            lambda indices, last: Call.of("tf.clip_by_value", indices, 0, last), channels_last=True,
        )  # fmt: skip
    raise Unsupported(RESIZE_VOLUMES if op.rank == 3 else RESIZE_WORDS)


def lanczos(op: Lanczos, at: Step) -> list[Statement]:
    if op.rank == 3 or op.lobes not in (3, 5):
        raise Unsupported(LANCZOS_WORDS)
    return _resized(op, "tf.image.resize", (("method", f"lanczos{op.lobes}"), ("antialias", op.antialias == "yes")))


def sum_pool(op: SumPool, at: Step) -> list[Statement]:
    inside = SumPool(kernel=op.kernel, stride=op.stride, dilation=op.dilation)
    return [*fitted(op.padding, "tf.pad", channels_last=True), *_sums(inside, at, "x")]


def average_pool(op: AveragePool, at: Step) -> list[Statement]:
    def pool(word: str) -> list[Statement]:
        return [Call.of(f"tf.nn.avg_pool{op.rank}d", X, short(op.kernel), short(op.stride), word.upper())]

    return mean(op, at, pool, lambda total, x: _sums(total, at, x), "tf.pad", "tf.ones_like")


def lp_pool(op: LpPool, at: Step) -> list[Statement]:
    total = SumPool(kernel=op.kernel, stride=op.stride, padding=op.padding, dilation=op.dilation)
    return norm(op, sum_pool(total, at), absolute="tf.abs", sqrt="tf.sqrt")


def max_pool(op: MaxPool, at: Step) -> list[Statement]:
    if op.ties != "first":
        raise Unsupported(TIES)
    said = word(op, at, "SAME", "VALID")
    if max(op.dilation) > 1 and said == "SAME":
        said = None
    padded = [] if said else fitted(op.padding, "tf.pad", channels_last=True, constant_values=Source(at.least))
    if max(op.dilation) > 1:
        if max(op.stride) > 1:
            raise Unsupported(POOL_STRIDES)
        return [*padded, Call.of("tf.nn.pool", X, op.kernel, "MAX", padding=said or "VALID", dilations=op.dilation)]
    within = all(0 <= min(pair) <= max(pair) < k for pair, k in zip(op.padding, op.kernel, strict=True))
    explicit = op.rank == 2 and not said and within
    padding: Value = (NOTHING, *op.padding, NOTHING) if explicit else said or "VALID"
    pooled = Call.of(f"tf.nn.max_pool{op.rank}d", X, short(op.kernel), short(op.stride), padding)
    return [pooled] if explicit else [*padded, pooled]


def adaptive_average_pool(op: AdaptiveAveragePool, at: Step) -> list[Statement]:
    if set(op.size) == {1}:
        return [Call.of("tf.reduce_mean", X, tuple(range(1, op.rank + 1)), keepdims=True)]
    return average_pool(AveragePool(kernel=_even(op.size, at)), at)


def adaptive_max_pool(op: AdaptiveMaxPool, at: Step) -> list[Statement]:
    return max_pool(MaxPool(kernel=_even(op.size, at)), at)


def pad(op: Pad, at: Step) -> list[Statement]:
    if op.mode not in ("constant", "reflect", "symmetric"):
        raise Unsupported(PAD_MODES)
    return fitted(op.padding, "tf.pad", channels_last=True, mode=op.mode.upper(), constant_values=op.value)


def max_unpool(op: MaxUnpool, at: Step) -> list[Statement]:
    places = Call.of("tf.cast", Source("q"), Source("tf.int64"))
    return one_hot_unpool(op, at, "tf", lambda size: Call.of("tf.one_hot", places, size, dtype=Source("x.dtype")))


def depth_to_space(op: DepthToSpace, at: Step) -> list[Statement]:
    if op.rank == 2 and op.order == "DCR" and len(set(op.factor)) == 1 and op.factor[0] > 1:
        return [Call.of("tf.nn.depth_to_space", X, op.factor[0])]
    return channels_first_inside(interleaved(op, at, "tf.reshape", "tf.transpose"), op.rank, "tf.transpose")


def space_to_depth(op: SpaceToDepth, at: Step) -> list[Statement]:
    if op.rank == 2 and op.order == "DCR" and len(set(op.factor)) == 1 and op.factor[0] > 1:
        return [Call.of("tf.nn.space_to_depth", X, op.factor[0])]
    return channels_first_inside(deinterleaved(op, at, "tf.reshape", "tf.transpose"), op.rank, "tf.transpose")


def parameters(op: Parameters, at: Step) -> list[Statement]:
    upsampled = upsample(Upsample(factor=op.factor), replace(at, y=Upsample(factor=op.factor).shape(at.x)))
    return [
        "@tf.function(autograph=False)",
        "def layer(x):",
        *(f"    {line}" for line in body(upsampled).splitlines()),
        "    return x",
        "variables = layer.get_concrete_function(x).variables",
        f"x = tf.fill({at.y}, tf.cast(sum(tf.size(v) for v in variables), x.dtype))",
    ]


Resizer = tuple[str, tuple[tuple[str, Value], ...]]
"""A function that resamples, and its arguments beside the size."""

RESIZERS: dict[Resizer, Fields] = {
    ("tf.image.resize", (("method", method), ("antialias", smooths))): tf_resize(method, antialias=smooths)
    for method, words in (("nearest", (False,)), ("area", (False,)), ("bilinear", (False, True)), ("bicubic", (False, True)))
    for smooths in words
}

RESIZERS_V1: dict[Resizer, Fields] = {
    (f"tf.compat.v1.image.resize_{method}", (("align_corners", aligned),)): tf1_resize(method, align_corners=aligned)
    for method in ("nearest_neighbor", "bilinear", "bicubic")
    for aligned in (False, True)
}


def _resized(op: Resize | Lanczos, function: str, words: tuple[tuple[str, Value], ...]) -> list[Statement]:
    """A line is resampled as an image one pixel wide."""
    line = op.rank == 1
    picture, size = (Source("x[:, :, None]"), (*op.size, 1)) if line else (X, op.size)
    return [Call.of(function, picture, size, **dict(words)), *["x = x[:, :, 0]"] * line]


def _sums(op: SumPool, at: Step, x: str) -> list[Statement]:
    """Each window's sum, by a depthwise convolution with ones, in 3-D by one that keeps channels apart by zeros; nothing is padded."""
    if op.rank == 3:
        ones = Call.of("tf.ones", (*op.kernel, 1, 1), Source("x.dtype"))
        apart = Source(f"{ones} * {Call.of('tf.eye', at.x[1], dtype=Source('x.dtype'))}")
        return [Let(x, Call.of("tf.nn.conv3d", Source(x), apart, _strides(op.stride), "VALID", dilations=_dilations(op.dilation)))]
    if max(op.stride) > 1 and max(op.dilation) > 1:
        raise Unsupported(DEPTHWISE_STRIDES)
    line = op.rank == 1
    kernel, stride, dilation = ((*row, *(more,) * line) for row, more in ((op.kernel, 1), (op.stride, op.stride[0]), (op.dilation, 1)))
    ones = Call.of("tf.ones", (*kernel, at.x[1], 1), Source("x.dtype"))
    image = Source(f"{x}[:, :, None]" if line else x)
    summed = Call.of("tf.nn.depthwise_conv2d", image, ones, (1, *stride, 1), "VALID", dilations=dilation if max(dilation) > 1 else None)
    return [Let(x, summed), *[f"{x} = {x}[:, :, 0]"] * line]


def _even(size: Shape, at: Step) -> Shape:
    kernel = divided_evenly(size, at)
    if kernel is None:
        raise Unsupported(ADAPTIVE)
    return kernel


def _bias(op: Conv | ConvTranspose, at: Step) -> list[Statement]:
    return [Call.of("tf.nn.bias_add", X, Call.of("tf.reshape", Source(at.bias), (-1,)))] * (op.weights > 1)


def _says(word: str, op: ConvTranspose, at: Step) -> bool:
    rule = {"SAME": tf_same_crop, "VALID": tf_valid_crop}[word]
    try:
        return on_every_axis(rule, at.x[2:], at.y[2:], at.k, op.stride, op.dilation) == op.crop
    except Impossible:
        return False


def _strides(numbers: Shape) -> int | Shape:
    return short(numbers) if len(numbers) < 3 else (1, *numbers, 1)


def _dilations(numbers: Shape) -> int | Shape | None:
    """None, the default, where all are 1."""
    return _strides(numbers) if max(numbers) > 1 else None
