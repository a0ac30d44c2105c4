"""torch:dynamic (torch 2.13.0+cpu), y of
Resize(size=(1,), mode='cubic', outside='excluded', antialias='yes') x=(1, 1, 2) float32 seed=1859

raised: torch._dynamo.exc.BackendCompilerFailed: backend='aot_eager' raised:
RuntimeError: isIntList() INTERNAL ASSERT FAILED at "/__w/pytorch/pytorch/aten/src/ATen/core/ivalue_inl.h":1981, please report a bug to PyTorch. Expected IntList but got GenericList

Set TORCHDYNAMO_VERBOSE=1 for the internal stack trace (please do this especially if you're reporting a bug to PyTorch). For even more developer context, set TORCH_LOGS="+dynamo"

Prints FAULT SHOWN and ends with exit status 10 while the fault is there; prints FAULT GONE and ends with 0 when it is not.
Any other exit status: the program did not run.
"""

import os
import re
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

x = np.array([[[2686962, -5673144]]], float)
g = None

# Print what was found


def end(words, status):
    print(words.encode("ascii", "backslashreplace").decode(), flush=True)
    os._exit(status)  # at once: what a framework does when Python ends is another matter

error_of_the_fault = 'torch._dynamo.exc.BackendCompilerFailed: backend=\'aot_eager\' raised:\nRuntimeError: isIntList() INTERNAL ASSERT FAILED at "/__w/pytorch/pytorch/aten/src/ATen/core/ivalue_inl.h":1981, please report a bug to PyTorch. Expected IntList but got GenericList\n\nSet TORCHDYNAMO_VERBOSE=1 for the internal stack trace (please do this especially if you\'re reporting a bug to PyTorch). For even more developer context, set TORCH_LOGS="+dynamo"'


def plain(text):
    return re.sub(r"0x[0-9a-f]+|[0-9]+", "#", text)


def raised(kind, error, trace):
    said = "".join(traceback.format_exception_only(kind, error)).strip()
    first, *others = plain(error_of_the_fault).splitlines()
    if plain(said).startswith(first) and all(line in plain(said) for line in others if 'File "' not in line):
        end("FAULT SHOWN: it raised " + said, 10)
    traceback.print_exception(kind, error, trace)
    end("THE CALL RAISED another error", 1)


sys.excepthook = raised

# What torch:dynamic runs

print("CALLING", flush=True)

import torch
import torch.nn.functional as F
from torch import nn


@torch.compile(backend="aot_eager", dynamic=True)
def f(x):
    x = F.interpolate(x[:, :, None], size=1, mode="bicubic", antialias=True)
    x = x[:, :, 0]
    return x

# Run

args = [array(a, 'float32') for a in (x,)]
cotangent = None if g is None else array(g, 'float32')


def outputs():
    got = []
    for t in answers(f, args, cotangent):
        got.append(t)
        if len(got) > 0:
            break
    return got


for _ in range(1):
    for t in outputs():
        numpy(t), dtype(t)
end("FAULT GONE: the call returned", 0)
