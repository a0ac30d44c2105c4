"""jax (jax 0.10.2, jaxlib 0.10.2), y of
Conv(stride=(2, 1), padding=((1, 1), (0, 1))) x=(1, 1, 4, 2) w=(1, 1, 2, 3) float32 seed=0

crashed: the host was ended by signal SIGABRT; its last words: F1122 17:12:21.909980   28267 algebraic_simplifier.cc:586] Check failed: computation->Accept(this) is OK (INVALID_ARGUMENT: Window dimensions do not match RHS shape:

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


def f(x, w):
    x = lax.conv_general_dilated(x, w, (2, 1), ((1, 1), (0, 1)), rhs_dilation=(1, 1), dimension_numbers=('NCHW', 'OIHW', 'NCHW'), feature_group_count=1)
    return x

# The numbers

x = np.array([[[[-1021, 1057], [-139, -1949], [-175, -1826], [270, -1138]]]], float)
g = np.array([[[[1978], [570], [805]]]], float)
w = np.array([[[[-1712, 433, -228], [270, 145, -893]]]], float)

# What the definition says of dw, and how far rounding may take it

expected = np.array([[[[138120, -2027020, 0], [-2119288, 1049926, 0]]]], float)
allowed = np.zeros((1, 1, 2, 3))

# Ask, and compare

args = [array(a, 'float32') for a in (x, w,)]
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
        if len(wanted) > 2:
            break
    return wanted


for answer in [ask()[2] for _ in range(1)]:
    if dtype(answer) != 'float32':
        sys.exit(f"the dtype is {dtype(answer)} instead of float32")
    got = numpy(answer).astype(float)
    if got.shape != expected.shape:
        sys.exit(f"the shape is {got.shape} instead of {expected.shape}")
    right = (np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(expected) & ~np.isfinite(got))
    if not right.all():
        at = tuple(int(n) for n in np.argwhere(~right)[0])
        sys.exit(f"{int((~right).sum())} of {right.size} values are wrong; first at {list(at)}: "
                 f"expected {expected[at]}, got {got[at]}")
print("as the definition says")
