"""JAX: the layouts are said in dimension_numbers, so spec's N C *space goes in as it is.

lax.conv_transpose wants transpose_kernel=True (else the kernel is not flipped) and then names w's axes as the forward
convolution would: C is "O", O is "I". Its explicit padding is that of the zero-inserted picture, d(k−1) − crop.
Compilation costs far more than anything else, so many texts share one jit; the survey flags make that compilation cheap.
"""

from __future__ import annotations

import math

from backends import Runtime, Step, Unsupported
from backends._phrases import lines, unravelled, word_for, woven
from spec import AveragePool, Conv, ConvTranspose, DepthToSpace, MaxPool, MaxUnpool, SpaceToDepth, SumPool, Upsample, ZeroInsert
from spec.claims import Parameters
from spec.conventions import lax_transpose_crop, same_lower_padding, same_padding, valid_padding

GLUE = """
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

def infer(f, args):
    yield "jax.eval_shape", jax.eval_shape(f, *args).shape, None

def forget():
    jax.clear_caches()
"""

CHEAP = "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"

RUNTIMES = {"jax": Runtime(packages=("jax", "jaxlib"), glue=GLUE, environment={"JAX_PLATFORMS": "cpu"}, survey={"XLA_FLAGS": CHEAP})}

IMPORTS = "import jax\nimport jax.numpy as jnp\nfrom jax import lax"


def conv(op: Conv, at: Step) -> str:
    padding = repr(word_for(op, at, {"VALID": valid_padding, "SAME": same_padding, "SAME_LOWER": same_lower_padding}) or op.padding)
    return (
        f"x = lax.conv_general_dilated(x, {at.weight}, {op.stride}, {padding}, rhs_dilation={op.dilation}, "
        f"dimension_numbers={_numbers(op.rank)}, feature_group_count={op.groups})"
    )


def conv_transpose(op: ConvTranspose, at: Step) -> str:
    if op.groups > 1:
        raise Unsupported("lax.conv_transpose has no feature_group_count")
    axes = list(zip(op.crop, at.k, op.stride, op.dilation, strict=True))
    words = (repr(word) for word in ("VALID", "SAME") if all(lax_transpose_crop(word, *sizes) == crop for crop, *sizes in axes))
    padding = next(words, repr(tuple(lax_transpose_crop(crop, *sizes) for crop, *sizes in axes)))
    return (
        f"x = lax.conv_transpose(x, {at.weight}, {op.stride}, {padding}, rhs_dilation={op.dilation}, "
        f"dimension_numbers={_numbers(op.rank)}, transpose_kernel=True)"
    )


def upsample(op: Upsample, at: Step) -> str:
    return f'x = jax.image.resize(x, {at.y}, "nearest")'


def zero_insert(op: ZeroInsert, at: Step) -> str:
    config = ((0, 0, 0), (0, 0, 0), *((0, trailing, s - 1) for s, trailing in zip(op.factor, op.trailing, strict=True)))
    return f"x = lax.pad(x, jnp.zeros((), x.dtype), {config})"


def sum_pool(op: SumPool, at: Step) -> str:
    return f'x = lax.reduce_window(x, 0.0, lax.add, {(1, 1, *op.kernel)}, {(1, 1, *op.stride)}, "VALID")'


def average_pool(op: AveragePool, at: Step) -> str:
    return f"{sum_pool(SumPool(kernel=op.kernel, stride=op.stride), at)} / {math.prod(op.kernel)}"


def max_pool(op: MaxPool, at: Step) -> str:
    return f'x = lax.reduce_window(x, -jnp.inf, lax.max, {(1, 1, *op.kernel)}, {(1, 1, *op.stride)}, "VALID")'


def max_unpool(op: MaxUnpool, at: Step) -> str:
    return lines(
        "n, c = x.shape[:2]",
        f"zeros = jnp.zeros((n, c, {math.prod(op.size)}), x.dtype)",
        f"q = {at.weight}.astype(int).reshape(n, c, -1)",
        f"x = zeros.at[jnp.arange(n)[:, None, None], jnp.arange(c)[:, None], q].set(x.reshape(n, c, -1)).reshape({at.y})",
    )


def depth_to_space(op: DepthToSpace, at: Step) -> str:
    return woven(op, at, "jnp.reshape", "jnp.transpose")


def space_to_depth(op: SpaceToDepth, at: Step) -> str:
    return unravelled(op, at, "jnp.reshape", "jnp.transpose")


def parameters(op: Parameters, at: Step) -> str:
    larger = (*at.x[:2], *(n * f for n, f in zip(at.x[2:], op.factor, strict=True)))
    return lines(
        f'constants = jax.make_jaxpr(lambda x: jax.image.resize(x, {larger}, "nearest"))(x).consts',
        f"x = jnp.full({at.y}, sum(c.size for c in constants), x.dtype)",
    )


def _numbers(rank: int) -> tuple[str, str, str]:
    space = "DHW"[-rank:]
    return f"NC{space}", f"OI{space}", f"NC{space}"
