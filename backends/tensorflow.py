"""TensorFlow: channels last (its CPU kernels want it), weights *k C/g O for convolution and *k O C for its transpose.

Only 'SAME' and 'VALID' in all ranks: other padding is a tf.pad or a slice before. A transposed convolution takes its output's
shape, within what its padding allows; any other crop is the full 'VALID' answer, then sliced or padded.
"""

from __future__ import annotations

from dataclasses import replace

from backends import Runtime, Step, Unsupported
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
from spec import (
    AveragePool,
    Conv,
    ConvTranspose,
    DepthToSpace,
    Impossible,
    MaxPool,
    MaxUnpool,
    SpaceToDepth,
    SumPool,
    Upsample,
    ZeroInsert,
)
from spec.claims import Parameters
from spec.conventions import on_every_axis, same_padding, span, tf_same_crop, tf_valid_crop, valid_padding
from spec.operation import Shape, negated

GLUE = """
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

def array(a, dtype):
    return tf.cast(tf.constant(a), dtype)

def numpy(t):
    return t.numpy()

def dtype(t):
    return t.dtype.name

def version():
    return {"tensorflow": tf.__version__}

def answers(f, args, g):
    with tf.GradientTape() as tape:
        for a in args:
            tape.watch(a)
        y = f(*args)
    yield y
    yield from tape.gradient(y, args, g, unconnected_gradients="zero")

def infer(f, args):
    traced = tf.function(f, autograph=False).get_concrete_function(*(tf.TensorSpec(a.shape, a.dtype) for a in args))
    yield "tf.function's static shape", traced.structured_outputs.shape, None
"""

QUIET_CPU = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}

RUNTIMES = {"tensorflow": Runtime(packages=("tensorflow",), glue=GLUE, environment=QUIET_CPU)}

IMPORTS = "import tensorflow as tf"


def ENTER(rank: int) -> str:
    return f"x = tf.transpose(x, {channels_last(rank)})"


def LEAVE(rank: int) -> str:
    return f"x = tf.transpose(x, {channels_first(rank)})"


def conv(op: Conv, at: Step) -> str:
    word = word_for(op, at, {"VALID": valid_padding, "SAME": same_padding})
    return lines(
        "" if word else fitted(op.padding, "tf.pad", channels_last=True),
        f"w = tf.transpose({at.weight}, {kernel_last(op.rank)})",
        f'x = tf.nn.conv{op.rank}d(x, w, {_strides(op.stride)}, "{word or "VALID"}", dilations={_strides(op.dilation)})',
    )


def conv_transpose(op: ConvTranspose, at: Step) -> str:
    if op.groups > 1:
        raise Unsupported(f"tf.nn.conv{op.rank}d_transpose has no groups")
    full = tuple((n - 1) * s + span(k, d) for n, k, s, d in zip(at.x[2:], at.k, op.stride, op.dilation, strict=True))
    word = next((word for word in ("VALID", "SAME") if _says(word, op, at)), None)
    output = (at.y[0], *(at.y[2:] if word else full), at.y[1])
    return lines(
        f"w = tf.transpose({at.weight}, {kernel_last(op.rank)})",
        f"x = tf.nn.conv{op.rank}d_transpose(x, w, {output}, {_strides(op.stride)}, "
        f'"{word or "VALID"}", dilations={_strides(op.dilation)})',
        "" if word else fitted(negated(op.crop), "tf.pad", channels_last=True),
    )


def upsample(op: Upsample, at: Step) -> str:
    if op.rank == 2:
        return f'x = tf.image.resize(x, {at.y[2:]}, method="nearest")'
    return lines(*(f"x = tf.repeat(x, {f}, axis={axis})" for axis, f in enumerate(op.factor, start=1)))


def zero_insert(op: ZeroInsert, at: Step) -> str:
    return zeros_between(op, at, "tf.reshape", "tf.pad")


def sum_pool(op: SumPool, at: Step) -> str:
    c = at.x[1]
    if op.rank == 1:
        ones, strides = f"tf.ones({(op.kernel[0], 1, c, 1)}, x.dtype)", (1, op.stride[0], op.stride[0], 1)
        return f'x = tf.nn.depthwise_conv2d(x[:, :, None], {ones}, {strides}, "VALID")[:, :, 0]'
    if op.rank == 2:
        return f'x = tf.nn.depthwise_conv2d(x, tf.ones({(*op.kernel, c, 1)}, x.dtype), {(1, *op.stride, 1)}, "VALID")'
    raise Unsupported("TensorFlow has no sum pooling and no depthwise 3-D convolution; avg_pool3d times the window's size rounds")


def average_pool(op: AveragePool, at: Step) -> str:
    return f'x = tf.nn.avg_pool{op.rank}d(x, {short(op.kernel)}, {short(op.stride)}, "VALID")'


def max_pool(op: MaxPool, at: Step) -> str:
    return f'x = tf.nn.max_pool{op.rank}d(x, {short(op.kernel)}, {short(op.stride)}, "VALID")'


def max_unpool(op: MaxUnpool, at: Step) -> str:
    return one_hot_unpool(op, at, "tf", "tf.one_hot(tf.cast(q, tf.int64), {size}, dtype=x.dtype)")


def depth_to_space(op: DepthToSpace, at: Step) -> str:
    if op.rank == 2 and op.order == "DCR" and len(set(op.factor)) == 1 and op.factor[0] > 1:
        return f"x = tf.nn.depth_to_space(x, {op.factor[0]})"
    return channels_first_inside(woven(op, at, "tf.reshape", "tf.transpose"), op.rank, "tf.transpose")


def space_to_depth(op: SpaceToDepth, at: Step) -> str:
    if op.rank == 2 and op.order == "DCR" and len(set(op.factor)) == 1 and op.factor[0] > 1:
        return f"x = tf.nn.space_to_depth(x, {op.factor[0]})"
    return channels_first_inside(unravelled(op, at, "tf.reshape", "tf.transpose"), op.rank, "tf.transpose")


def parameters(op: Parameters, at: Step) -> str:
    upsampled = upsample(Upsample(factor=op.factor), replace(at, y=Upsample(factor=op.factor).shape(at.x)))
    return lines(
        "@tf.function(autograph=False)",
        "def layer(x):",
        *(f"    {line}" for line in upsampled.splitlines()),
        "    return x",
        "variables = layer.get_concrete_function(x).variables",
        f"x = tf.fill({at.y}, tf.cast(sum(tf.size(v) for v in variables), x.dtype))",
    )


def _says(word: str, op: ConvTranspose, at: Step) -> bool:
    rule = {"SAME": tf_same_crop, "VALID": tf_valid_crop}[word]
    try:
        return on_every_axis(rule, at.x[2:], at.y[2:], at.k, op.stride, op.dilation) == op.crop
    except Impossible:
        return False


def _strides(numbers: Shape) -> str:
    return short(numbers) if len(numbers) < 3 else repr((1, *numbers, 1))
