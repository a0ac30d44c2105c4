"""JAX: the layouts are said in dimension_numbers, so spec's N C *space goes in as it is.

lax.conv_transpose wants transpose_kernel=True (else the kernel is not flipped) and then names w's axes as the forward
convolution would: C is "O", O is "I". Its explicit padding is that of the zero-inserted picture, d(k−1) − crop.
Compilation costs far more than anything else, so many texts share one jit; the batch_flags flags make that compilation cheap.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from backends import Mode, Runtime, Step, Unsupported
from backends._phrases import deinterleaved, fitted, interleaved, lines, word_for
from backends._pixels import divided_evenly, norm, number, picked, said
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
    Shape,
    SpaceToDepth,
    SumPool,
    Upsample,
    ZeroInsert,
)
from spec.conventions.padding import lax_transpose_crop, on_every_axis, same_lower_padding, same_padding, valid_padding
from spec.conventions.resize import KEYS, Fields, jax_resize
from spec.ops.pool import reaching
from spec.ops.resize import affine
from spec.ops.separable import alike
from spec.theorems.claims import Parameters

GLUE = """
import re

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

def array(a, dtype):
    return a.astype(jax.numpy.dtype(dtype))

def numpy(t):
    return np.asarray(t)

def dtype(t):
    return str(t.dtype)

def version():
    return {"jax": jax.__version__}

def facts():
    device = jax.devices()[0]
    found = {
        "device": device.device_kind,
        "float32_precision": str(jax.config.jax_default_matmul_precision or "default"),
    }
    compiled = jax.jit(lambda x: x + 1).lower(np.float32(1)).compile().runtime_executable().serialize()
    features = re.findall(rb"(?<=[+])(?:avx|amx|sse4|neon|sve)[.\\w-]*", compiled)
    return found | {"isa": " ".join(sorted({name.decode() for name in features}))}

def infer(f, args):
    yield "jax.eval_shape", jax.eval_shape(f, *args).shape, None

def forget():
    jax.clear_caches()
"""

COMPILED = """
def together(functions):
    errors = [None] * len(functions)

    def trace(data):
        outputs = []
        for i, (f, (args, g)) in enumerate(zip(functions, data)):
            own = ()
            try:
                own = (f(*args),)
                if g is not None:
                    y, pull = jax.vjp(f, *args)
                    own = (y, *pull(g))
            except Exception as error:
                errors[i] = error
            outputs.append(own)
        return outputs

    compiled = jax.jit(trace)
    return lambda data: list(zip(jax.block_until_ready(compiled(data)), errors))
"""

OP_BY_OP = """
def answers(f, args, g):
    if g is None:
        yield f(*args)
    else:
        y, pull = jax.vjp(f, *args)
        yield y
        yield from pull(g)
"""

CHEAP = "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"

MODES = {
    "op-by-op": Mode(
        meaning="without jax.jit, one operation after the other", glue=GLUE + OP_BY_OP, share="large",
        also=("eager", "no-jit", "op_by_op"),
    ),
}  # fmt: skip

RUNTIMES = {
    "jax": Runtime(
        packages=("jax", "jaxlib"), glue=GLUE + COMPILED, environment={"JAX_PLATFORMS": "cpu"}, batch_flags={"XLA_FLAGS": CHEAP}, modes=MODES
    )
}  # fmt: skip

IMPORTS = "import jax\nimport jax.numpy as jnp\nfrom jax import lax"


def conv(op: Conv, at: Step) -> str:
    padding = repr(word_for(op, at, {"VALID": valid_padding, "SAME": same_padding, "SAME_LOWER": same_lower_padding}) or op.padding)
    return (
        f"x = lax.conv_general_dilated(x, {at.weight}, {op.stride}, {padding}, rhs_dilation={op.dilation}, "
        f"dimension_numbers={_numbers(op.rank)}, feature_group_count={op.groups}){_bias(op, at)}"
    )


def conv_transpose(op: ConvTranspose, at: Step) -> str:
    if op.groups > 1:
        raise Unsupported("lax.conv_transpose has no feature_group_count")
    axes = list(zip(op.crop, at.k, op.stride, op.dilation, strict=True))
    words = (repr(word) for word in ("VALID", "SAME") if all(lax_transpose_crop(word, *sizes) == crop for crop, *sizes in axes))
    padding = next(words, repr(tuple(lax_transpose_crop(crop, *sizes) for crop, *sizes in axes)))
    return (
        f"x = lax.conv_transpose(x, {at.weight}, {op.stride}, {padding}, rhs_dilation={op.dilation}, "
        f"dimension_numbers={_numbers(op.rank)}, transpose_kernel=True){_bias(op, at)}"
    )


def upsample(op: Upsample, at: Step) -> str:
    return f'x = jax.image.resize(x, {at.y}, "nearest")'


def zero_insert(op: ZeroInsert, at: Step) -> str:
    config = ((0, 0, 0), (0, 0, 0), *((0, trailing, s - 1) for s, trailing in zip(op.factor, op.trailing, strict=True)))
    return f"x = lax.pad(x, jnp.zeros((), x.dtype), {config})"


def resize(op: Resize, at: Step) -> str:
    word = said(op, at, WORDS)
    if word:
        return f"x = jax.image.resize(x, {at.y}, {word})"
    if op.mode == "nearest":
        return picked(op, at, "jnp.take(x, {}, {})", "jnp.arange({})", "jnp.clip({}, 0, {})", channels_last=False)
    if op.mode == "area":
        raise Unsupported("jax.image.scale_and_translate has no area method")
    return _translated(op, at)


def lanczos(op: Lanczos, at: Step) -> str:
    if op.lobes not in (3, 5):
        raise Unsupported("jax.image.resize knows Lanczos windows of 3 and of 5 lobes")
    return f'x = jax.image.resize(x, {at.y}, "lanczos{op.lobes}"{", antialias=False" * (op.antialias == "no")})'


def sum_pool(op: SumPool, at: Step) -> str:
    return f"x = {_reduced(op, at, '0.0, lax.add' if 'float' in at.dtype else '0, lax.add')}"


def average_pool(op: AveragePool, at: Step) -> str:
    total = SumPool(kernel=op.kernel, stride=op.stride, padding=reaching(op), dilation=op.dilation)
    if op.divisor or op.counted == "window" or (op.counted == "padded" and not any(op.overhang)):
        return f"x = {_reduced(total, at, '0.0, lax.add')} / {op.divisor or math.prod(op.kernel)}"
    counted = [(lo, hi) if op.counted == "padded" else (0, 0) for lo, hi in op.padding]
    beyond = tuple((a - c, b - d) for (a, b), (c, d) in zip(reaching(op), counted, strict=True))
    ones = replace(total, padding=beyond)
    return lines(
        f"ones = jnp.ones({(1, 1, *(n + lo + hi for n, (lo, hi) in zip(at.x[2:], counted, strict=True)))}, x.dtype)",
        f"x = {_reduced(total, at, '0.0, lax.add')} / {_reduced(ones, at, '0.0, lax.add', 'ones')}",
    )


def lp_pool(op: LpPool, at: Step) -> str:
    total = SumPool(kernel=op.kernel, stride=op.stride, padding=op.padding, dilation=op.dilation)
    return norm(op, sum_pool(total, at), absolute="jnp.abs", sqrt="jnp.sqrt")


def max_pool(op: MaxPool, at: Step) -> str:
    if op.ties != "first":
        raise Unsupported("the gradient of lax.reduce_window with lax.max goes to the first of several equal maxima")
    least = "-jnp.inf" if "float" in at.dtype else f"jnp.array({at.least}, x.dtype)"
    return f"x = {_reduced(op, at, f'{least}, lax.max')}"


def adaptive_average_pool(op: AdaptiveAveragePool, at: Step) -> str:
    if set(op.size) == {1}:
        return f"x = jnp.mean(x, {tuple(range(2, op.rank + 2))}, keepdims=True)"
    return average_pool(AveragePool(kernel=_even(op.size, at)), at)


def adaptive_max_pool(op: AdaptiveMaxPool, at: Step) -> str:
    return max_pool(MaxPool(kernel=_even(op.size, at)), at)


def pad(op: Pad, at: Step) -> str:
    more = f", constant_values={op.value}" if op.mode == "constant" else f', mode="{op.mode}"'
    return fitted(op.padding, "jnp.pad", channels_last=False, more=more)


def max_unpool(op: MaxUnpool, at: Step) -> str:
    return lines(
        "n, c = x.shape[:2]",
        f"zeros = jnp.zeros((n, c, {math.prod(op.size)}), x.dtype)",
        f"q = {at.weight}.astype(int).reshape(n, c, -1)",
        f"x = zeros.at[jnp.arange(n)[:, None, None], jnp.arange(c)[:, None], q].set(x.reshape(n, c, -1)).reshape({at.y})",
    )


def depth_to_space(op: DepthToSpace, at: Step) -> str:
    return interleaved(op, at, "jnp.reshape", "jnp.transpose")


def space_to_depth(op: SpaceToDepth, at: Step) -> str:
    return deinterleaved(op, at, "jnp.reshape", "jnp.transpose")


def parameters(op: Parameters, at: Step) -> str:
    larger = (*at.x[:2], *(n * f for n, f in zip(at.x[2:], op.factor, strict=True)))
    return lines(
        f'constants = jax.make_jaxpr(lambda x: jax.image.resize(x, {larger}, "nearest"))(x).consts',
        f"x = jnp.full({at.y}, sum(c.size for c in constants), x.dtype)",
    )


WORDS = {'"nearest"': jax_resize("nearest")} | {
    f'"{method}"' + (", antialias=False" * (not smooths and method != "area")): jax_resize(method, antialias=smooths)
    for method in ("linear", "cubic", "cubic-pytorch", "area")
    for smooths in (False, True)
}


def _translated(op: Resize, at: Step) -> str:
    """Coordinates step·j + start are those of a picture scaled by 1/step and moved by ½ − (start + ½)/step."""
    axes = [(m, n, *affine(op, axis, n)) for axis, (m, n) in enumerate(zip(op.size, at.x[2:], strict=True))]
    outside = [not -HALF <= step * j + start <= n - HALF for m, n, step, start in axes for j in range(m)]
    narrowed = op.antialias == "yes" and any(s != 1 / step for s, (*_, step, _) in zip(op.scales(at.x), axes, strict=True))
    method = next((method for method, fields in METHODS.items() if alike(op, replace(op, **fields), at.x)), None)
    if method is None or narrowed or (any(outside) and method != "cubic-pytorch"):
        raise Unsupported("jax.image.scale_and_translate answers 0 half a pixel outside x, and knows linear and two cubic kernels")
    scale, moved = [number(1 / step) for *_, step, _ in axes], [number(HALF - (start + HALF) / step) for *_, step, start in axes]
    return (
        f"x = jax.image.scale_and_translate(x, {at.y}, {tuple(range(2, op.rank + 2))}, jnp.array([{', '.join(scale)}]), "
        f'jnp.array([{", ".join(moved)}]), "{method}", antialias={op.antialias == "yes"})'
    )


METHODS: dict[str, Fields] = {
    "linear": {"mode": "linear", "outside": "excluded"},
    "cubic": KEYS,
    "cubic-pytorch": {"mode": "cubic", "a": "-3/4", "antialias": "no"},
}
HALF = Fraction(1, 2)


def _reduced(op: SumPool | MaxPool, at: Step, how: str, x: str = "x") -> str:
    """A reduction over windows."""
    same = x == "x" and on_every_axis(same_padding, at.x[2:], op.kernel, op.stride, op.dilation) == op.padding
    padding = '"SAME"' if same else f"((0, 0), (0, 0), {', '.join(map(repr, op.padding))})"
    padding = padding if any(map(any, op.padding)) else '"VALID"'
    dilation = f", window_dilation={(1, 1, *op.dilation)}" if max(op.dilation) > 1 else ""
    return f"lax.reduce_window({x}, {how}, {(1, 1, *op.kernel)}, {(1, 1, *op.stride)}, {padding}{dilation})"


def _even(size: Shape, at: Step) -> Shape:
    kernel = divided_evenly(size, at)
    if kernel is None:
        raise Unsupported("JAX has no adaptive pooling, and no windows of one length answer so")
    return kernel


def _bias(op: Conv | ConvTranspose, at: Step) -> str:
    return f" + {at.bias}" if op.weights > 1 else ""


def _numbers(rank: int) -> tuple[str, str, str]:
    space = "DHW"[-rank:]
    return f"NC{space}", f"OI{space}", f"NC{space}"
