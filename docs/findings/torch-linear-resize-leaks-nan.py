"""torch (torch 2.13.0+cpu), y of
Resize(size=(3, 1), mode='linear') x=(1, 1, 2, 2) float32 nan seed=0

differ: 1 values are not finite though no window of theirs sees that pixel; it answers as if what lies outside a window were multiplied by zero, and 0 · NaN is NaN

Exit status 1 while the fault stands, 0 once it is gone.
"""

import os
import subprocess
import sys

import numpy as np

if len(sys.argv) == 1:  # in a process of its own, since some faults are fatal
    sys.exit(subprocess.run([sys.executable, os.path.abspath(__file__), "inside"]).returncode != 0)

# How arrays go in and out, and how gradients are taken

import torch
torch.set_num_threads(1)


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

# What torch is asked

import torch
import torch.nn.functional as F


def f(x):
    x = F.interpolate(x, size=(3, 1), mode="bilinear")
    return x

# The numbers

x = np.array([[[[0.0, 0.0], [np.nan, 0.0]]]], float)
g = None

# What the definition says of y, and how far rounding may take it

expected = np.array([[[[0.0], [np.nan], [np.nan]]]], float)
allowed = np.zeros((1, 1, 3, 1))

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
