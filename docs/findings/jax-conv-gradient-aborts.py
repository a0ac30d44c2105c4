"""jax (jax 0.10.2, jaxlib 0.10.2), y of
Conv(stride=(2, 1), padding=((1, 1), (0, 1))) x=(1, 1, 4, 2) w=(1, 1, 2, 3) float32 seed=0

crashed: the worker was ended by signal SIGABRT; its last output: F1122 17:12:21.909980   28267 algebraic_simplifier.cc:586] Check failed: computation->Accept(this) is OK (INVALID_ARGUMENT: Window dimensions do not match RHS shape:

Prints FAULT SHOWN and ends with exit status 10 while the fault is there; prints FAULT GONE and ends with 0 when it is not.
Any other exit status: the program did not run.
"""

import os
import subprocess
import sys
import traceback

import numpy as np

if len(sys.argv) == 1:  # the call is made in a process of its own, since some faults end the process
    inside = subprocess.Popen([sys.executable, os.path.abspath(__file__), "inside"], stdout=subprocess.PIPE)
    printed = []
    for line in inside.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
        printed.append(line.strip())
    status = inside.wait()
    called = any(line.endswith(b"CALLING") for line in printed)
    returned = any(line.startswith((b"FAULT GONE", b"THE CALL RAISED")) for line in printed)
    if called and not returned and status not in (-1, -2, -9, -15):  # these signals come from outside
        print(f"FAULT SHOWN: the call ended the process, with {'signal' if status < 0 else 'exit status'} {abs(status)}")
        sys.exit(10)
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

x = np.array([[[[-1021, 1057], [-139, -1949], [-175, -1826], [270, -1138]]]], float)
g = np.array([[[[1978], [570], [805]]]], float)
w = np.array([[[[-1712, 433, -228], [270, 145, -893]]]], float)

# Print what was found


def end(words, status):
    print(words.encode("ascii", "backslashreplace").decode(), flush=True)
    os._exit(status)  # at once: what a framework does when Python ends is another matter


def raised(kind, error, trace):
    traceback.print_exception(kind, error, trace)
    end("THE CALL RAISED", 1)


sys.excepthook = raised

# What jax runs

print("CALLING", flush=True)

import jax
import jax.numpy as jnp
from jax import lax


def f(x, w):
    x = lax.conv_general_dilated(x, w, (2, 1), ((1, 1), (0, 1)), rhs_dilation=(1, 1), dimension_numbers=('NCHW', 'OIHW', 'NCHW'), feature_group_count=1)
    return x

# Run

args = [array(a, 'float32') for a in (x, w,)]
cotangent = None if g is None else array(g, 'float32')


compiled = together([f])


def outputs():
    ((got, error),) = compiled([(args, cotangent)])
    if error and len(got) <= 2:
        raise error
    return list(got)


for _ in range(1):
    for t in outputs():
        numpy(t), dtype(t)
end("FAULT GONE: the call returned", 0)
