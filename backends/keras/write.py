"""Keras on its three engines: layers as people write them, channels last, weights *k C/g O for Conv and *k O C for its transpose.

Layers are called by `stateless_call([w], [], x)`, which has gradients on every engine; the dtype belongs in the layer, since
Keras's default policy narrows float64. 'same' and 'valid' are all the padding a layer has: other padding is an ops.pad or a slice.
The engine, chosen once per process, brings the glue.
"""

from __future__ import annotations

from backends import Step, Unsupported
from backends.call import Call, Layer, Let, Source, Statement, Value, X
from backends.cannot import Cannot, Raises
from backends.keras.runtime import IMPORTS as IMPORTS
from backends.keras.runtime import RUNTIMES as RUNTIMES
from backends.phrases import (
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
from backends.pixels import mean, norm, picked, said, word
from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Conv,
    ConvTranspose,
    DepthToSpace,
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
from spec.conventions.padding import keras_transpose_words, same_padding, valid_padding
from spec.conventions.resize import Fields, tf_resize
from spec.operation import Shape, negated
from spec.theorems.claims import Parameters


def ENTER(rank: int) -> str:
    return f"x = {Call.of('keras.ops.transpose', X, channels_last(rank))}"


def LEAVE(rank: int) -> str:
    return f"x = {Call.of('keras.ops.transpose', X, channels_first(rank))}"


SINCE = {"keras": ">=3.0"}
IMAGE = "https://keras.io/api/ops/image/"

TRANSPOSE_GROUPS = Cannot(
    id="keras-conv-transpose-groups", versions=SINCE, link="https://github.com/keras-team/keras/issues/19871",
    sentence="Conv1DTranspose, Conv2DTranspose and Conv3DTranspose have no groups",
    probes=tuple(
        Raises(f"keras.layers.Conv{rank}DTranspose(2, 3, groups=2)", works=f"keras.layers.Conv{rank}DTranspose(2, 3)") for rank in (1, 2, 3)
    ),
)  # fmt: skip
RESIZE_WORDS = Cannot(
    id="keras-resize-words", versions=SINCE, link=IMAGE,
    sentence="keras.ops.image.resize takes a size: nearest, bilinear and bicubic with half-pixel coordinates",
    probes=(
        Raises("keras.ops.image.resize(keras.ops.ones((1, 4, 4, 1)), (3, 3), align_corners=True)",
               works="keras.ops.image.resize(keras.ops.ones((1, 4, 4, 1)), (3, 3))"),
    ),
)  # fmt: skip
RESIZE_VOLUMES = Cannot(
    id="keras-resize-volumes", versions=SINCE, link=IMAGE, sentence="keras.ops.image.resize takes images",
    probes=(
        Raises("keras.ops.image.resize(keras.ops.ones((1, 4, 4, 4, 1)), (3, 3, 3))",
               works="keras.ops.image.resize(keras.ops.ones((1, 4, 4, 1)), (3, 3))"),
    ),
)  # fmt: skip
LANCZOS_WORDS = Cannot(
    id="keras-lanczos-words", versions=SINCE, link=IMAGE,
    sentence="keras.ops.image.resize takes images, and knows Lanczos windows of 3 and of 5 lobes",
    probes=(
        Raises('keras.ops.image.resize(keras.ops.ones((1, 4, 4, 1)), (3, 3), interpolation="lanczos2")',
               works='keras.ops.image.resize(keras.ops.ones((1, 4, 4, 1)), (3, 3), interpolation="bilinear")'),
        *RESIZE_VOLUMES.probes,
    ),
)  # fmt: skip
TIES = Cannot(
    id="keras-max-pool-ties", versions=SINCE, link="https://keras.io/api/layers/pooling_layers/",
    sentence="Keras has no word for which of several equal maxima is taken; its engines take the first",
    probes=(Raises('keras.layers.MaxPooling2D(2, ties="last")', works="keras.layers.MaxPooling2D(2)"),),
)  # fmt: skip
POOL_DILATION = Cannot(
    id="keras-pool-words", versions=SINCE, link="https://keras.io/api/layers/pooling_layers/",
    sentence="MaxPooling1D, MaxPooling2D and MaxPooling3D have no dilation",
    probes=tuple(
        Raises(f"keras.layers.MaxPooling{rank}D(2, dilation_rate=2)", works=f"keras.layers.MaxPooling{rank}D(2)") for rank in (1, 2, 3)
    ),
)  # fmt: skip


def conv(op: Conv, at: Step) -> list[Statement]:
    word = word_for(op, at, {"valid": valid_padding, "same": same_padding})
    image = at.x[2:] if word else tuple(n + lo + hi for n, (lo, hi) in zip(at.x[2:], op.padding, strict=True))
    layer = Call.of(
        f"keras.layers.Conv{op.rank}D", at.w[0][0], short(at.k), strides=short(op.stride), padding=word or "valid",
        dilation_rate=short(op.dilation), groups=op.groups, use_bias=op.weights > 1, dtype=at.dtype,
    )  # fmt: skip
    padded = [] if word else fitted(op.padding, "keras.ops.pad", channels_last=True)
    return [*padded, *_built(layer, (at.x[0], *image, at.x[1]), at, bias=op.weights > 1)]


def conv_transpose(op: ConvTranspose, at: Step) -> list[Statement]:
    if op.groups > 1:
        raise Unsupported(TRANSPOSE_GROUPS)
    words = keras_transpose_words(op.crop, at.k, op.stride, op.dilation)
    padding, output_padding = words or ("valid", (0,) * op.rank)
    inside = bool(words) or op.only_crops
    layer = Call.of(
        f"keras.layers.Conv{op.rank}DTranspose", at.y[1], short(at.k), strides=short(op.stride), padding=padding,
        output_padding=None if output_padding is None else short(output_padding), dilation_rate=short(op.dilation),
        use_bias=inside and op.weights > 1, dtype=at.dtype,
    )  # fmt: skip
    built = _built(layer, (at.x[0], *at.x[2:], at.x[1]), at, bias=inside and op.weights > 1)
    if words:
        return built
    bias = Call.of("keras.ops.reshape", Source(at.bias), (-1,))
    return [*built, *fitted(negated(op.crop), "keras.ops.pad", channels_last=True), *[f"x = x + {bias}"] * (op.weights > 1 and not inside)]


def upsample(op: Upsample, at: Step) -> list[Statement]:
    return _layer(f"UpSampling{op.rank}D", at, short(op.factor))


def zero_insert(op: ZeroInsert, at: Step) -> list[Statement]:
    return zeros_between(op, at, "keras.ops.reshape", "keras.ops.pad")


def resize(op: Resize, at: Step) -> list[Statement]:
    interpolation = said(op, at, INTERPOLATIONS)
    if interpolation and op.rank < 3:
        return _resized(op, at, *interpolation)
    if op.mode == "nearest":
        return picked(
            op, at, lambda indices, axis: Call.of("keras.ops.take", X, indices, axis=axis),
            lambda n: Call.of("keras.ops.arange", n, dtype="int32"),
            lambda indices, last: Call.of("keras.ops.clip", indices, 0, last), channels_last=True,
        )  # fmt: skip
    raise Unsupported(RESIZE_VOLUMES if op.rank == 3 else RESIZE_WORDS)


def lanczos(op: Lanczos, at: Step) -> list[Statement]:
    if op.lobes not in (3, 5) or op.rank == 3:
        raise Unsupported(LANCZOS_WORDS)
    return _resized(op, at, f"lanczos{op.lobes}", op.antialias == "yes")


def sum_pool(op: SumPool, at: Step) -> list[Statement]:
    inside = SumPool(kernel=op.kernel, stride=op.stride, dilation=op.dilation)
    return [*fitted(op.padding, "keras.ops.pad", channels_last=True), *_sums(inside, at, "x")]


def average_pool(op: AveragePool, at: Step) -> list[Statement]:
    def pool(word: str) -> list[Statement]:
        return _layer(f"AveragePooling{op.rank}D", at, short(op.kernel), strides=short(op.stride), padding=word)

    return mean(op, at, pool, lambda total, x: _sums(total, at, x), "keras.ops.pad", "keras.ops.ones_like")


def lp_pool(op: LpPool, at: Step) -> list[Statement]:
    total = SumPool(kernel=op.kernel, stride=op.stride, padding=op.padding, dilation=op.dilation)
    return norm(op, sum_pool(total, at), absolute="keras.ops.abs", sqrt="keras.ops.sqrt")


def max_pool(op: MaxPool, at: Step) -> list[Statement]:
    if op.ties != "first":
        raise Unsupported(TIES)
    if max(op.dilation) > 1:
        raise Unsupported(POOL_DILATION)
    said = word(op, at, "same", "valid")
    padded = [] if said else fitted(op.padding, "keras.ops.pad", channels_last=True, constant_values=Source(at.least))
    return [*padded, *_layer(f"MaxPooling{op.rank}D", at, short(op.kernel), strides=short(op.stride), padding=said or "valid")]


def adaptive_average_pool(op: AdaptiveAveragePool, at: Step) -> list[Statement]:
    if set(op.size) == {1}:
        return _layer(f"GlobalAveragePooling{op.rank}D", at, keepdims=True)
    return _layer(f"AdaptiveAveragePooling{op.rank}D", at, short(op.size))


def adaptive_max_pool(op: AdaptiveMaxPool, at: Step) -> list[Statement]:
    if set(op.size) == {1}:
        return _layer(f"GlobalMaxPooling{op.rank}D", at, keepdims=True)
    return _layer(f"AdaptiveMaxPooling{op.rank}D", at, short(op.size))


def pad(op: Pad, at: Step) -> list[Statement]:
    return fitted(op.padding, "keras.ops.pad", channels_last=True, mode=op.mode, constant_values=op.value or None)


def max_unpool(op: MaxUnpool, at: Step) -> list[Statement]:
    places = Call.of("keras.ops.cast", Source("q"), "int32")
    return one_hot_unpool(op, at, "keras.ops", lambda size: Call.of("keras.ops.one_hot", places, size, dtype=Source("x.dtype")))


def depth_to_space(op: DepthToSpace, at: Step) -> list[Statement]:
    return channels_first_inside(interleaved(op, at, "keras.ops.reshape", "keras.ops.transpose"), op.rank, "keras.ops.transpose")


def space_to_depth(op: SpaceToDepth, at: Step) -> list[Statement]:
    return channels_first_inside(deinterleaved(op, at, "keras.ops.reshape", "keras.ops.transpose"), op.rank, "keras.ops.transpose")


def parameters(op: Parameters, at: Step) -> list[Statement]:
    layer = Call.of(f"keras.layers.UpSampling{op.rank}D", short(op.factor))
    return [
        Layer(at.layer, layer, (at.x[0], *at.x[2:], at.x[1])),
        f"x = keras.ops.full({at.y}, {at.layer}.count_params(), dtype=x.dtype)",
    ]


INTERPOLATIONS: dict[tuple[str, bool], Fields] = {("nearest", False): tf_resize("nearest")} | {
    (method, smooths): tf_resize(method, antialias=smooths) for method in ("bilinear", "bicubic") for smooths in (False, True)
}
"""(interpolation, antialias). Keras means what TensorFlow does: it says that its interpolations are the same on every engine."""


def _resized(op: Resize | Lanczos, at: Step, interpolation: str, antialias: bool) -> list[Statement]:
    """A line becomes an image one pixel wide; images some whole times as large are a layer's."""
    factor = tuple(m // n for m, n in zip(op.size, at.x[2:], strict=True))
    whole = Upsample(factor=factor).shape(at.x)[2:] == op.size if min(factor) else False
    if whole and op.rank == 2 and not antialias and interpolation != "nearest":
        return _layer("UpSampling2D", at, short(factor), interpolation=interpolation)
    line = op.rank == 1
    picture, size = (Source("x[:, :, None]"), (*op.size, 1)) if line else (X, op.size)
    resized = Call.of("keras.ops.image.resize", picture, size, interpolation=interpolation, antialias=antialias)
    return [resized, *["x = x[:, :, 0]"] * line]


def _sums(op: SumPool, at: Step, x: str) -> list[Statement]:
    """Each window's sum, by a depthwise convolution with ones; nothing is padded."""
    ones = Call.of("keras.ops.ones", (*op.kernel, at.x[1], 1), dtype=at.dtype)
    return [Let(x, Call.of("keras.ops.depthwise_conv", Source(x), ones, strides=short(op.stride), dilation_rate=short(op.dilation)))]


def _layer(name: str, at: Step, /, *values: Value, **named: Value) -> list[Statement]:
    """A layer without weights."""
    return [Layer(at.layer, Call.of(f"keras.layers.{name}", *values, **named, dtype=at.dtype)), f"x = {at.layer}(x)"]


def _built(layer: Call, image: Shape, at: Step, *, bias: bool = False) -> list[Statement]:
    weights = f"[w, {Call.of('keras.ops.reshape', Source(at.bias), (-1,))}]" if bias else "[w]"
    return [
        Layer(at.layer, layer, image),
        Let("w", Call.of("keras.ops.transpose", Source(at.weight), kernel_last(len(image) - 2))),
        f"x, _ = {at.layer}.stateless_call({weights}, [], x)",
    ]
