"""Keras on its three engines: layers as people write them, channels last, weights *k C/g O for Conv and *k O C for its transpose.

Layers are called by `stateless_call([w], [], x)`, which has gradients on every engine; the dtype belongs in the layer, since
Keras's default policy narrows float64. 'same' and 'valid' are all the padding a layer has: other padding is an ops.pad or a slice.
The engine, chosen once per process, brings the glue.
"""

from __future__ import annotations

from dataclasses import replace

from backends import Code, Mode, Runtime, Step, Unsupported, jax, tensorflow, torch
from backends._phrases import (
    channels_first,
    channels_first_inside,
    channels_last,
    deinterleaved,
    fitted,
    interleaved,
    kernel_last,
    lines,
    one_hot_unpool,
    short,
    word_for,
    zeros_between,
)
from backends._pixels import mean, norm, picked, said, word
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
from spec.conventions.resize import tf_resize
from spec.operation import negated
from spec.theorems.claims import Parameters

GLUE = """
_engine_version = version

def version():
    import keras
    return {"keras": keras.__version__, **_engine_version()}

def infer(f, args):
    import keras
    symbols = [keras.KerasTensor(a.shape, keras.backend.standardize_dtype(a.dtype)) for a in args]
    layers = [v for v in f.__globals__.values() if isinstance(v, keras.Layer)]
    if not layers:
        yield "the symbolic call", f(*symbols).shape, None
    seen = []
    for layer in layers:
        def call(x, *more, _call=layer.call, _layer=layer):
            y = _call(x, *more)
            seen.append((_layer, tuple(x.shape), tuple(y.shape)))
            return y
        layer.call = call
    if layers:
        f(*args)
    for layer, x, y in seen:
        del layer.call
        yield layer.name + ".compute_output_shape", layer.compute_output_shape(x), y
        yield layer.name + " called on a KerasTensor", layer(keras.KerasTensor(x, layer.compute_dtype)).shape, y
"""

JAX_MODES = {
    "op-by-op": Mode(
        meaning="called eagerly, one operation after the other", glue=jax.GLUE + jax.OP_BY_OP + GLUE, share="large",
        also=("eager", "no-jit"),
    ),
}  # fmt: skip


def _in_keras(mode: Mode, imports: str) -> Mode:
    """An engine's mode, whose decorator stands above a call of Keras."""
    decorator = mode.decorator
    return replace(mode, decorator=replace(decorator, before=imports.partition("\n")[0])) if decorator.body else mode


ENGINES = {"jax": jax, "tensorflow": tensorflow, "torch": torch}

RUNTIMES = {
    f"keras-{name}": Runtime(
        packages=("keras", *engine.RUNTIMES[name].packages),
        glue=engine.GLUE + (jax.COMPILED if engine is jax else "") + GLUE,
        environment={"KERAS_BACKEND": name, **engine.RUNTIMES[name].environment},
        batch_flags=engine.RUNTIMES[name].batch_flags,
        modes={word: _in_keras(mode, engine.IMPORTS) for word, mode in engine.MODES.items()} if engine is not jax else JAX_MODES,
        repeat_in="op-by-op" if engine is jax else "",
    )
    for name, engine in ENGINES.items()
}

IMPORTS = "import keras"


def ENTER(rank: int) -> str:
    return f"x = keras.ops.transpose(x, {channels_last(rank)})"


def LEAVE(rank: int) -> str:
    return f"x = keras.ops.transpose(x, {channels_first(rank)})"


def conv(op: Conv, at: Step) -> Code:
    word = word_for(op, at, {"valid": valid_padding, "same": same_padding})
    image = at.x[2:] if word else tuple(n + lo + hi for n, (lo, hi) in zip(at.x[2:], op.padding, strict=True))
    layer = (
        f'keras.layers.Conv{op.rank}D({at.w[0][0]}, {short(at.k)}, strides={short(op.stride)}, padding="{word or "valid"}", '
        f'dilation_rate={short(op.dilation)}, groups={op.groups}, use_bias={op.weights > 1}, dtype="{at.dtype}")'
    )
    padded = "" if word else fitted(op.padding, "keras.ops.pad", channels_last=True)
    return _built(layer, (at.x[0], *image, at.x[1]), at, first=padded, bias=op.weights > 1)


def conv_transpose(op: ConvTranspose, at: Step) -> Code:
    if op.groups > 1:
        raise Unsupported(f"keras.layers.Conv{op.rank}DTranspose has no groups")
    words = keras_transpose_words(op.crop, at.k, op.stride, op.dilation)
    padding, output_padding = words or ("valid", (0,) * op.rank)
    extra = f"output_padding={short(output_padding)}, " if output_padding else ""
    layer = (
        f'keras.layers.Conv{op.rank}DTranspose({at.y[1]}, {short(at.k)}, strides={short(op.stride)}, padding="{padding}", '
        f'{extra}dilation_rate={short(op.dilation)}, use_bias={bool(words) and op.weights > 1}, dtype="{at.dtype}")'
    )
    crop = "" if words else fitted(negated(op.crop), "keras.ops.pad", channels_last=True)
    added = f"x = x + keras.ops.reshape({at.bias}, (-1,))" if op.weights > 1 and not words else ""
    return _built(layer, (at.x[0], *at.x[2:], at.x[1]), at, last=lines(crop, added), bias=bool(words) and op.weights > 1)


def upsample(op: Upsample, at: Step) -> Code:
    return _layer(f"UpSampling{op.rank}D({short(op.factor)}", at)


def zero_insert(op: ZeroInsert, at: Step) -> str:
    return zeros_between(op, at, "keras.ops.reshape", "keras.ops.pad")


def resize(op: Resize, at: Step) -> str | Code:
    interpolation = said(op, at, INTERPOLATIONS)
    if interpolation and op.rank < 3:
        return _resized(op, at, interpolation)
    if op.mode == "nearest":
        arange = 'keras.ops.arange({}, dtype="int32")'
        return picked(op, at, "keras.ops.take(x, {}, {})", arange, "keras.ops.clip({}, 0, {})", channels_last=True)
    raise Unsupported("keras.ops.image.resize takes pictures" if op.rank == 3 else "keras.ops.image.resize has no such interpolation")


def lanczos(op: Lanczos, at: Step) -> str | Code:
    interpolation = LANCZOS.get((op.lobes, op.antialias))
    if interpolation is None or op.rank == 3:
        raise Unsupported("keras.ops.image.resize takes pictures, and knows Lanczos windows of 3 and of 5 lobes")
    return _resized(op, at, interpolation)


def sum_pool(op: SumPool, at: Step) -> str:
    inside = SumPool(kernel=op.kernel, stride=op.stride, dilation=op.dilation)
    return lines(fitted(op.padding, "keras.ops.pad", channels_last=True), f"x = {_sums(inside, at, 'x')}")


def average_pool(op: AveragePool, at: Step) -> Code:
    def pool(word: str) -> Code:
        padding = ', padding="same"' if word == "same" else ""
        return _layer(f"AveragePooling{op.rank}D({short(op.kernel)}, strides={short(op.stride)}{padding}", at)

    return mean(op, at, pool, lambda total, x: _sums(total, at, x), "keras.ops.pad", "keras.ops.ones_like(x)")


def lp_pool(op: LpPool, at: Step) -> str:
    total = SumPool(kernel=op.kernel, stride=op.stride, padding=op.padding, dilation=op.dilation)
    return norm(op, sum_pool(total, at), absolute="keras.ops.abs", sqrt="keras.ops.sqrt")


def max_pool(op: MaxPool, at: Step) -> Code:
    if op.ties != "first":
        raise Unsupported("Keras says nothing of which of several equal maxima is taken; its engines take the first")
    if max(op.dilation) > 1:
        raise Unsupported(f"keras.layers.MaxPooling{op.rank}D has no dilation")
    said = word(op, at, "same", "valid")
    padded = "" if said else fitted(op.padding, "keras.ops.pad", channels_last=True, more=', constant_values=' + at.least)
    padding = ', padding="same"' if said == "same" else ""
    return _layer(f"MaxPooling{op.rank}D({short(op.kernel)}, strides={short(op.stride)}{padding}", at, first=padded)


def adaptive_average_pool(op: AdaptiveAveragePool, at: Step) -> Code:
    if set(op.size) == {1}:
        return _layer(f"GlobalAveragePooling{op.rank}D(keepdims=True", at)
    return _layer(f"AdaptiveAveragePooling{op.rank}D({short(op.size)}", at)


def adaptive_max_pool(op: AdaptiveMaxPool, at: Step) -> Code:
    if set(op.size) == {1}:
        return _layer(f"GlobalMaxPooling{op.rank}D(keepdims=True", at)
    return _layer(f"AdaptiveMaxPooling{op.rank}D({short(op.size)}", at)


def pad(op: Pad, at: Step) -> str:
    if op.mode not in ("constant", "reflect", "symmetric"):
        raise Unsupported(f"keras.ops.pad has no mode {op.mode}: its modes are constant, reflect and symmetric")
    more = f", constant_values={op.value}" * bool(op.value) if op.mode == "constant" else f', mode="{op.mode}"'
    return fitted(op.padding, "keras.ops.pad", channels_last=True, more=more)


def max_unpool(op: MaxUnpool, at: Step) -> str:
    return one_hot_unpool(op, at, "keras.ops", 'keras.ops.one_hot(keras.ops.cast(q, "int32"), {size}, dtype=x.dtype)')


def depth_to_space(op: DepthToSpace, at: Step) -> str:
    return channels_first_inside(interleaved(op, at, "keras.ops.reshape", "keras.ops.transpose"), op.rank, "keras.ops.transpose")


def space_to_depth(op: SpaceToDepth, at: Step) -> str:
    return channels_first_inside(deinterleaved(op, at, "keras.ops.reshape", "keras.ops.transpose"), op.rank, "keras.ops.transpose")


def parameters(op: Parameters, at: Step) -> Code:
    layer = f"keras.layers.UpSampling{op.rank}D({short(op.factor)})"
    return Code(
        f"x = keras.ops.full({at.y}, {at.layer}.count_params(), dtype=x.dtype)",
        before=f"{at.layer} = {layer}\n{at.layer}.build({(at.x[0], *at.x[2:], at.x[1])})",
    )


INTERPOLATIONS = {'interpolation="nearest"': tf_resize("nearest")} | {
    f'interpolation="{method}"' + ", antialias=True" * smooths: tf_resize(method, antialias=smooths)
    for method in ("bilinear", "bicubic")
    for smooths in (False, True)
}
"""Keras means what TensorFlow does: it says that its interpolations are the same on every engine."""


LANCZOS = {
    (lobes, smooths): f'interpolation="lanczos{lobes}"' + ", antialias=True" * (smooths == "yes")
    for lobes in (3, 5)
    for smooths in ("no", "yes")
}


def _resized(op: Resize | Lanczos, at: Step, interpolation: str) -> str | Code:
    """A line becomes a picture one pixel wide; pictures some whole times as large are a layer's."""
    factor = tuple(m // n for m, n in zip(op.size, at.x[2:], strict=True))
    whole = Upsample(factor=factor).shape(at.x)[2:] == op.size if min(factor) else False
    if whole and op.rank == 2 and "antialias" not in interpolation and "nearest" not in interpolation:
        return _layer(f"UpSampling2D({short(factor)}, {interpolation}", at)
    picture, size = ("x", op.size) if op.rank == 2 else ("x[:, :, None]", (*op.size, 1))
    return f"x = keras.ops.image.resize({picture}, {size}, {interpolation}){'[:, :, 0]' * (op.rank == 1)}"


def _sums(op: SumPool, at: Step, x: str) -> str:
    """Each window's sum, by a depthwise convolution with ones; nothing is padded."""
    if op.rank == 3:
        raise Unsupported("Keras has no sum pooling and no depthwise 3-D convolution; AveragePooling3D times the window's size rounds")
    if max(op.stride) > 1 and max(op.dilation) > 1:
        raise Unsupported("keras.ops.depthwise_conv takes no strides together with dilations")
    ones = f'keras.ops.ones({(*op.kernel, at.x[1], 1)}, dtype="{at.dtype}")'
    dilated = f", dilation_rate={short(op.dilation)}" if max(op.dilation) > 1 else ""
    return f'keras.ops.depthwise_conv({x}, {ones}, {short(op.stride)}, "valid"{dilated})'


def _layer(call: str, at: Step, *, first: str = "") -> Code:
    """A layer without weights; its call lacks the dtype and the closing bracket."""
    return Code(lines(first, f"x = {at.layer}(x)"), before=f'{at.layer} = keras.layers.{call}, dtype="{at.dtype}")')


def _built(layer: str, image: tuple[int, ...], at: Step, *, first: str = "", last: str = "", bias: bool = False) -> Code:
    weights = f"[w, keras.ops.reshape({at.bias}, (-1,))]" if bias else "[w]"
    return Code(
        lines(
            first,
            f"w = keras.ops.transpose({at.weight}, {kernel_last(len(image) - 2)})",
            f"x, _ = {at.layer}.stateless_call({weights}, [], x)",
            last,
        ),
        before=f"{at.layer} = {layer}\n{at.layer}.build({image})",
    )
