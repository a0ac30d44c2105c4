"""torch (torch 2.13.0+cpu), y of
Resize(size=(2, 1), mode='linear', outside='excluded', antialias='yes') x=(1, 1, 3, 1) float32 seed=0

differ: 1 of 2 values are beyond the rounding bound

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

import torch.nn.functional as F
from torch import nn

# Input data

x = np.array([[[[1], [0], [0]]]], float)
g = None

# What the definition says of y, and how far rounding may take it

expected = np.array([[[[0.625], [0.0]]]], float)
allowed = np.array([[[[1.0579831832849082e-06], [0.0]]]], float)

# Print what was found


def end(words, status):
    print(words.encode("ascii", "backslashreplace").decode(), flush=True)
    os._exit(status)  # at once: what a framework does when Python ends is another matter

# What torch runs

print("CALLING", flush=True)

import torch
import torch.nn.functional as F
from torch import nn


def f(x):
    x = F.interpolate(x, size=(2, 1), mode="bilinear", antialias=True)
    return x

# Run, and compare

args = [array(a, 'float32') for a in (x,)]
cotangent = None if g is None else array(g, 'float32')


def outputs():
    got = []
    for t in answers(f, args, cotangent):
        got.append(t)
        if len(got) > 0:
            break
    return got


for got in [outputs() for _ in range(1)]:
    if not 0 < len(got) <= 1:
        end(f"FAULT SHOWN: {len(got)} arrays came back instead of 1", 10)
    if dtype(got[0]) != 'float32':
        end(f"FAULT SHOWN: the dtype is {dtype(got[0])} instead of float32", 10)
    values = numpy(got[0]).astype(float)
    if values.shape != expected.shape:
        end(f"FAULT SHOWN: the shape is {values.shape} instead of {expected.shape}", 10)
    right = (np.abs(values - expected) <= allowed) | (values == expected)
    if not right.all():
        at = tuple(int(n) for n in np.argwhere(~right)[0])
        end(f"FAULT SHOWN: {int((~right).sum())} of {right.size} values are wrong; first at {list(at)}: "
            f"expected {expected[at]}, got {values[at]}", 10)
end("FAULT GONE: the values are as the definition says", 0)
