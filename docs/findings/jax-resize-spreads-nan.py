"""jax (jax 0.10.2, jaxlib 0.10.2), y of
Resize(size=(3,), mode='linear') x=(1, 1, 2) float32 nan seed=0

differ: 1 values are not finite though no window of theirs sees that pixel; it answers as if what lies outside a window were multiplied by zero, and 0 · NaN is NaN

Exit status 1 while the fault stands, 0 once it is gone.
"""

import os
import subprocess
import sys

import numpy as np

if len(sys.argv) == 1:  # in a process of its own, since some faults are fatal
    sys.exit(subprocess.run([sys.executable, os.path.abspath(__file__), "inside"]).returncode != 0)

os.environ['JAX_PLATFORMS'] = 'cpu'

# How arrays go in and out, and how gradients are taken

import jax
import numpy as np
jax.config.update("jax_enable_x64", True)


def array(a, dtype):
    return a.astype(jax.numpy.dtype(dtype))


def numpy(t):
    return np.asarray(t)


def dtype(t):
    return str(t.dtype)


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

# What jax is asked

import jax
import jax.numpy as jnp
from jax import lax


def f(x):
    x = jax.image.resize(x, (1, 1, 3), "linear", antialias=False)
    return x

# The numbers

x = np.array([[[np.nan, 0.0]]], float)
g = None

# What the definition says of y, and how far rounding may take it

expected = np.array([[[np.nan, np.nan, 0.0]]], float)
allowed = np.zeros((1, 1, 3))

# Ask, and compare

args = [array(a, 'float32') for a in (x,)]
cotangent = None if g is None else array(g, 'float32')


def ask():
    if "together" in globals():
        outputs, error = together([f])([(args, cotangent)])[0]
        if error:
            raise error
        return list(outputs)
    wanted = []
    for t in answers(f, args, cotangent):
        wanted.append(t)
        if len(wanted) > 0:
            break
    return wanted


for answer in [ask()[0] for _ in range(1)]:
    if dtype(answer) != 'float32':
        sys.exit(f"the dtype is {dtype(answer)} instead of float32")
    got = numpy(answer).astype(float)
    if got.shape != expected.shape:
        sys.exit(f"the shape is {got.shape} instead of {expected.shape}")
    right = (np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(expected) & ~np.isfinite(got)) | np.isinf(expected)
    if not right.all():
        at = tuple(int(n) for n in np.argwhere(~right)[0])
        sys.exit(f"{int((~right).sum())} of {right.size} values are wrong; first at {list(at)}: "
                 f"expected {expected[at]}, got {got[at]}")
print("as the definition says")
