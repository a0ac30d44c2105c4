"""keras-torch (keras 3.15.1, torch 2.13.0+cpu), dw of
Conv(stride=(1, 1), dilation=(2, 1), groups=2) x=(1, 2, 2, 29) w=(2, 1, 1, 1) bfloat16 seed=0

differ: 2 of 2 values are wrong

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

os.environ['KERAS_BACKEND'] = 'torch'

# How arrays go in and out, and how gradients are taken

import os
import torch
torch.set_num_threads(int(os.environ.get("CONCORDANT_THREADS", 1)))


def array(a, dtype):
    return torch.from_numpy(a).to(getattr(torch, dtype))


def numpy(t):
    t = t.detach().cpu().contiguous()
    return (t.float() if t.dtype == torch.bfloat16 else t).numpy()


def dtype(t):
    return str(t.dtype).removeprefix("torch.")


def answers(f, args, g):
    args = [a.requires_grad_(a.is_floating_point()) for a in args]
    y = f(*args)
    yield y
    yield from torch.autograd.grad(y, args, g, materialize_grads=True)

import keras

# Input data

x = np.array([[[[-2, -2, 0, 2, -2, -2, 2, 2, 1, -2, 1, 0, -2, 2, -1, 2, -2, 1, 1, 2, -1, 1, -1, 2, -2, 0, 0, 2, 0], [-2, 2, 2, -2, -2, 2, -2, -1, -2, -1, -1, 2, 1, 1, -2, 0, -1, 0, 1, -1, -2, -2, 0, 0, -2, 1, 0, 2, -2]], [[2, -2, 2, 2, 2, 2, 0, -1, -1, 1, 1, -1, 2, 1, 2, -2, 2, -2, -1, -2, -1, -1, 1, 1, -1, -2, 0, 2, -2], [-1, -1, 0, 1, 1, 0, 1, 1, 2, -1, -2, -1, 2, 2, 2, 1, 1, 2, -1, 2, 2, 1, 2, -2, -2, 0, 2, 1, 0]]]], float)
g = np.array([[[[2, -1, -2, -2, -2, -2, -1, 1, 1, 0, 2, 2, -1, 2, 2, 0, -1, 1, 1, -1, 2, -2, -1, -2, 2, 2, 0, -1, 2], [0, 1, 0, 1, -2, 2, -1, -2, 1, 1, -2, -1, 2, 0, 2, 2, 0, 0, -2, 2, 1, -1, -2, 2, -2, 2, 0, -2, -1]], [[0, 2, -1, -1, 1, 2, 2, 0, 1, -1, -2, 1, 1, -2, -1, -2, -2, 1, 2, -1, 0, -1, 0, 0, 2, 0, -2, -2, 1], [1, -2, 1, -1, 1, -1, 1, 2, 2, 0, -2, -2, 1, 2, 0, -1, -1, 2, 0, -1, -1, -1, -1, -1, 1, -2, -2, -1, -2]]]], float)
w = np.array([[[[1]]], [[[0]]]], float)

# What the definition says of dw, and how far rounding may take it

expected = np.array([[[[5]]], [[[-8]]]], float)
allowed = np.zeros((2, 1, 1, 1))

# Print what was found


def end(words, status):
    print(words.encode("ascii", "backslashreplace").decode(), flush=True)
    os._exit(status)  # at once: what a framework does when Python ends is another matter

# What keras-torch runs

print("CALLING", flush=True)

import keras
layer = keras.layers.Conv2D(2, 1, dilation_rate=(2, 1), groups=2, use_bias=False, dtype="bfloat16")
layer.build((1, 2, 29, 2))


def f(x, w):
    x = keras.ops.transpose(x, axes=(0, 2, 3, 1))
    w = keras.ops.transpose(w, axes=(2, 3, 1, 0))
    x, _ = layer.stateless_call([w], [], x)
    x = keras.ops.transpose(x, axes=(0, 3, 1, 2))
    return x

# Run, and compare

args = [array(a, 'bfloat16') for a in (x, w,)]
cotangent = None if g is None else array(g, 'bfloat16')


def outputs():
    got = []
    for t in answers(f, args, cotangent):
        got.append(t)
        if len(got) > 3:
            break
    return got


for got in [outputs() for _ in range(1)]:
    if not 2 < len(got) <= 3:
        end(f"FAULT SHOWN: {len(got)} arrays came back instead of 3", 10)
    if dtype(got[2]) != 'bfloat16':
        end(f"FAULT SHOWN: the dtype is {dtype(got[2])} instead of bfloat16", 10)
    values = numpy(got[2]).astype(float)
    if values.shape != expected.shape:
        end(f"FAULT SHOWN: the shape is {values.shape} instead of {expected.shape}", 10)
    right = (np.abs(values - expected) <= allowed) | (values == expected)
    if not right.all():
        at = tuple(int(n) for n in np.argwhere(~right)[0])
        end(f"FAULT SHOWN: {int((~right).sum())} of {right.size} values are wrong; first at {list(at)}: "
            f"expected {expected[at]}, got {values[at]}", 10)
end("FAULT GONE: the values are as the definition says", 0)
