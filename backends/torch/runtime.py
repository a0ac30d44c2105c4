"""How PyTorch is run: the glue of its worker process, its modes."""

from __future__ import annotations

from backends import Code, Mode, Runtime
from backends.onednn import ONEDNN

GLUE = ONEDNN + """
import torch

torch.set_num_threads(int(os.environ.get("CONCORDANT_THREADS", 1)))

def array(a, dtype):
    return torch.from_numpy(a).to(getattr(torch, dtype))

def numpy(t):
    t = t.detach().cpu().contiguous()
    return (t.float() if t.dtype == torch.bfloat16 else t).numpy()

def dtype(t):
    return str(t.dtype).removeprefix("torch.")

def version():
    return {"torch": torch.__version__}

def facts():
    found = {
        "isa": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "device": "cpu",
        "float32_precision": torch.get_float32_matmul_precision(),
        "onednn": "off",
    }
    if torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled:
        with torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
            said = printed(lambda: torch.ones(1, 2, 2, 2).to_mkldnn().to_dense())
        found |= {"onednn": "on", "onednn_isa": onednn_isa(said)}
    return found

def answers(f, args, g):
    args = [a.requires_grad_(a.is_floating_point()) for a in args]
    y = f(*args)
    yield y
    yield from torch.autograd.grad(y, args, g, materialize_grads=True)

def infer(f, args):
    yield "a run on meta tensors", f(*(a.to("meta") for a in args)).shape, None
"""

MODES = {
    "compile": Mode(
        meaning='inside torch.compile(backend="aot_eager"), which traces, decomposes and differentiates but generates no code',
        decorator=Code('@torch.compile(backend="aot_eager", dynamic=False)'), share="large", also=("compiled", "dynamo", "jit", "aot"),
    ),
}  # fmt: skip

RUNTIMES = {"torch": Runtime(packages=("torch",), glue=GLUE, modes=MODES)}

IMPORTS = "import torch\nimport torch.nn.functional as F\nfrom torch import nn"
