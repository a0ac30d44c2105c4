"""Keras on its three engines: layers as people write them, channels last, weights *k C/g O for Conv and *k O C for its transpose.

Layers are called by `stateless_call([w], [], x)`, which has gradients on every engine; the dtype belongs in the layer, since
Keras's default policy narrows float64. 'same' and 'valid' are all the padding a layer has: other padding is an ops.pad or a slice.
The engine, chosen once per process, brings the glue.
"""

from __future__ import annotations

from backends import Code, Runtime, Step, Unsupported, jax, tensorflow, torch
from backends._phrases import (
    channels_first,
    channels_first_inside,
    channels_last,
    fitted,
    kernel_last,
    lines,
    one_hot_unpool,
    short,
    unravelled,
    word_for,
    woven,
    zeros_between,
)
from spec import AveragePool, Conv, ConvTranspose, DepthToSpace, MaxPool, MaxUnpool, SpaceToDepth, SumPool, Upsample, ZeroInsert
from spec.claims import Parameters
from spec.conventions import keras_transpose_words, same_padding, valid_padding
from spec.operation import negated

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

ENGINES = {"jax": jax, "tensorflow": tensorflow, "torch": torch}

RUNTIMES = {
    f"keras-{name}": Runtime(
        packages=("keras", *engine.RUNTIMES[name].packages),
        glue=engine.GLUE + GLUE,
        environment={"KERAS_BACKEND": name, **engine.RUNTIMES[name].environment},
        survey=engine.RUNTIMES[name].survey,
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
        f'dilation_rate={short(op.dilation)}, groups={op.groups}, use_bias=False, dtype="{at.dtype}")'
    )
    pad = "" if word else fitted(op.padding, "keras.ops.pad", channels_last=True)
    return _built(layer, (at.x[0], *image, at.x[1]), at, first=pad)


def conv_transpose(op: ConvTranspose, at: Step) -> Code:
    if op.groups > 1:
        raise Unsupported(f"keras.layers.Conv{op.rank}DTranspose has no groups")
    words = keras_transpose_words(op.crop, at.k, op.stride, op.dilation)
    padding, output_padding = words or ("valid", (0,) * op.rank)
    extra = f"output_padding={short(output_padding)}, " if output_padding else ""
    layer = (
        f'keras.layers.Conv{op.rank}DTranspose({at.y[1]}, {short(at.k)}, strides={short(op.stride)}, padding="{padding}", '
        f'{extra}dilation_rate={short(op.dilation)}, use_bias=False, dtype="{at.dtype}")'
    )
    crop = "" if words else fitted(negated(op.crop), "keras.ops.pad", channels_last=True)
    return _built(layer, (at.x[0], *at.x[2:], at.x[1]), at, last=crop)


def upsample(op: Upsample, at: Step) -> Code:
    layer = f'keras.layers.UpSampling{op.rank}D({short(op.factor)}, dtype="{at.dtype}")'
    return Code(f"x = {at.layer}(x)", before=f"{at.layer} = {layer}")


def zero_insert(op: ZeroInsert, at: Step) -> str:
    return zeros_between(op, at, "keras.ops.reshape", "keras.ops.pad")


def sum_pool(op: SumPool, at: Step) -> str:
    if op.rank == 3:
        raise Unsupported("Keras has no sum pooling and no depthwise 3-D convolution; AveragePooling3D times the window's size rounds")
    ones = f'keras.ops.ones({(*op.kernel, at.x[1], 1)}, dtype="{at.dtype}")'
    return f'x = keras.ops.depthwise_conv(x, {ones}, {short(op.stride)}, "valid")'


def average_pool(op: AveragePool, at: Step) -> Code:
    layer = f'keras.layers.AveragePooling{op.rank}D({short(op.kernel)}, strides={short(op.stride)}, dtype="{at.dtype}")'
    return Code(f"x = {at.layer}(x)", before=f"{at.layer} = {layer}")


def max_pool(op: MaxPool, at: Step) -> Code:
    layer = f'keras.layers.MaxPooling{op.rank}D({short(op.kernel)}, strides={short(op.stride)}, dtype="{at.dtype}")'
    return Code(f"x = {at.layer}(x)", before=f"{at.layer} = {layer}")


def max_unpool(op: MaxUnpool, at: Step) -> str:
    return one_hot_unpool(op, at, "keras.ops", 'keras.ops.one_hot(keras.ops.cast(q, "int32"), {size}, dtype=x.dtype)')


def depth_to_space(op: DepthToSpace, at: Step) -> str:
    return channels_first_inside(woven(op, at, "keras.ops.reshape", "keras.ops.transpose"), op.rank, "keras.ops.transpose")


def space_to_depth(op: SpaceToDepth, at: Step) -> str:
    return channels_first_inside(unravelled(op, at, "keras.ops.reshape", "keras.ops.transpose"), op.rank, "keras.ops.transpose")


def parameters(op: Parameters, at: Step) -> Code:
    layer = f"keras.layers.UpSampling{op.rank}D({short(op.factor)})"
    return Code(
        f"x = keras.ops.full({at.y}, {at.layer}.count_params(), dtype=x.dtype)",
        before=f"{at.layer} = {layer}\n{at.layer}.build({(at.x[0], *at.x[2:], at.x[1])})",
    )


def _built(layer: str, image: tuple[int, ...], at: Step, *, first: str = "", last: str = "") -> Code:
    return Code(
        lines(
            first,
            f"w = keras.ops.transpose({at.weight}, {kernel_last(len(image) - 2)})",
            f"x, _ = {at.layer}.stateless_call([w], [], x)",
            last,
        ),
        before=f"{at.layer} = {layer}\n{at.layer}.build({image})",
    )
