"""How JAX is run: the glue of its worker process, its modes."""

from __future__ import annotations

from backends import Code, Mode, Runtime
from backends.modes import double_backward, mixed_dtypes, on_cuda, same_buffers

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

REVERSE = """
def gradients(f, args, g):
    return jax.vjp(f, *args)[1](g)
"""

FORWARD = """
def gradients(f, args, g):
    g = g.astype(float)
    for i, a in enumerate(args):
        yield jax.numpy.tensordot(g, jax.jacfwd(f, i)(*args).astype(float), g.ndim).astype(a.dtype)
"""

TOGETHER = """
def together(functions):
    errors = [None] * len(functions)

    def trace(data):
        outputs = []
        for i, (f, (args, g)) in enumerate(zip(functions, data)):
            own = ()
            try:
                own = (f(*args),)
                if g is not None:
                    own = (*own, *gradients(f, args, g))
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

TWICE = """
def twice(f, x, *w):
    y, pull = jax.vjp(f, x, *w)
    _, again = jax.vjp(lambda u: pull(u)[0], jax.numpy.zeros_like(y))
    return f(jax.numpy.zeros_like(x), *w), again(jax.numpy.asarray(x))[0]
"""

COMPILED = REVERSE + TOGETHER

CUDA = """
try:
    device = jax.devices("cuda")[0]
except (RuntimeError, AssertionError):
    why = "there is no CUDA device here, or jaxlib has no plugin for it (pip install 'jax[cuda12]')"
    raise RuntimeError(f"{{why}}; leave this mode out, or run it where there is one") from None
jax.config.update("jax_default_matmul_precision", {precision!r})

def facts():
    return {{"device": device.device_kind, "tf32": "off" if jax.config.jax_default_matmul_precision == "highest" else "on"}}
"""

EACH = """\
def each(f):
    return lambda x, *w: jax.vmap(lambda one: f(one[None], *w)[0])(x)"""

CHEAP = "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"

KEPT = {
    "JAX_COMPILATION_CACHE_DIR": "{folder}", "JAX_COMPILATION_CACHE_MAX_SIZE": str(1 << 30),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}  # fmt: skip
"""JAX keeps up to 1 GiB and deletes what was used longest ago. It needs filelock for that, which PyTorch brings; else it keeps nothing."""

ON_CUDA = {"JAX_PLATFORMS": "cuda", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
"""Else the first worker process takes three quarters of the device's memory."""

MODES = {
    "op-by-op": Mode(
        meaning="without jax.jit, one operation after the other", glue=GLUE + OP_BY_OP, share="large",
        also=("eager", "no-jit", "op_by_op"),
    ),
    "vmap": Mode(
        meaning="inside jax.vmap over the batch of x, with shared weights", decorator=Code("@each", before=f"import jax\n\n\n{EACH}"),
        share="small", also=("vectorized", "batched", "per-example"),
    ),
    "forward": Mode(
        meaning="with gradients by forward mode (jax.jacfwd)", glue=GLUE + FORWARD + TOGETHER, share="small",
        also=("jvp", "jacfwd", "forward-mode", "linearize"),
    ),
    "mixed-dtypes": mixed_dtypes(GLUE, cast="jax.numpy.asarray(a, dtype)"),
    "double-backward": double_backward(GLUE + OP_BY_OP, TWICE),
    "same-buffers": same_buffers(GLUE + OP_BY_OP, copied="np.array(t)", empty="np.empty_like(a)", share=""),
    **on_cuda(
        off=GLUE + COMPILED + CUDA.format(precision="highest"), on=GLUE + COMPILED + CUDA.format(precision="tensorfloat32"),
        environment=ON_CUDA,
    ),
}  # fmt: skip

RUNTIMES = {
    "jax": Runtime(
        packages=("jax", "jaxlib"), install=("jax=={version}", "jaxlib=={version}"), glue=GLUE + COMPILED,
        environment={"JAX_PLATFORMS": "cpu"}, batch_flags={"XLA_FLAGS": CHEAP}, compiled=KEPT, modes=MODES,
    )
}  # fmt: skip

IMPORTS = "import jax\nimport jax.numpy as jnp\nfrom jax import lax"
