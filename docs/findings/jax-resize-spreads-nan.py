"""jax (jax 0.10.2, jaxlib 0.10.2), y of
Resize(size=(3,), mode='linear') x=(1, 1, 2) float32 nan seed=0

differ: 1 values are not finite though no window of theirs sees that pixel; matches: pixels outside the window multiplied by zero (0 · NaN is NaN)

Prints FAULT SHOWN and ends with exit status 10 while the fault is there; prints FAULT GONE and ends with 0 when it is not.
Any other exit status: the program did not run.
"""

import os
import subprocess
import sys

import numpy as np

if len(sys.argv) == 1:  # the call is made in a process of its own, since some faults end the process
    inside = subprocess.Popen([sys.executable, os.path.abspath(__file__), "inside"], stdout=subprocess.PIPE)
    printed = []
    for line in inside.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
        printed.append(line.strip())
    status = inside.wait()
    for marker, meaning in ((b"FAULT SHOWN", 10), (b"FAULT GONE", 0)):
        if status == meaning and any(line.startswith(marker) for line in printed):
            sys.exit(status)
    sys.exit(f"DID NOT RUN: the process that makes the call ended with status {status}")

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

import jax.numpy as jnp
from jax import lax

# Input data

x = np.array([[[np.nan, 0.0]]], float)
g = None

# What the definition says of y, and how far rounding may take it

expected = np.array([[[np.nan, np.nan, 0.0]]], float)
allowed = np.zeros((1, 1, 3))

# Print what was found


def end(words, status):
    print(words.encode("ascii", "backslashreplace").decode(), flush=True)
    os._exit(status)  # at once: what a framework does when Python ends is another matter

# What jax runs

print("CALLING", flush=True)

import jax
import jax.numpy as jnp
from jax import lax


def f(x):
    x = jax.image.resize(x, (1, 1, 3), "linear", antialias=False)
    return x

# Run, and compare

args = [array(a, 'float32') for a in (x,)]
cotangent = None if g is None else array(g, 'float32')


compiled = together([f])


def outputs():
    ((got, error),) = compiled([(args, cotangent)])
    if error and len(got) <= 0:
        raise error
    return list(got)


for got in [outputs() for _ in range(1)]:
    if not 0 < len(got) <= 1:
        end(f"FAULT SHOWN: {len(got)} arrays came back instead of 1", 10)
    if dtype(got[0]) != 'float32':
        end(f"FAULT SHOWN: the dtype is {dtype(got[0])} instead of float32", 10)
    values = numpy(got[0]).astype(float)
    if values.shape != expected.shape:
        end(f"FAULT SHOWN: the shape is {values.shape} instead of {expected.shape}", 10)
    right = (np.abs(values - expected) <= allowed) | (values == expected) | np.isinf(allowed) | (np.isnan(expected) & ~np.isfinite(values))
    if not right.all():
        at = tuple(int(n) for n in np.argwhere(~right)[0])
        end(f"FAULT SHOWN: {int((~right).sum())} of {right.size} values are wrong; first at {list(at)}: "
            f"expected {expected[at]}, got {values[at]}", 10)
end("FAULT GONE: the values are as the definition says", 0)
