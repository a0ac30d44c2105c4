"""How PyTorch is run: the glue of its worker process, its modes."""

from __future__ import annotations

from backends import Code, Mode, Runtime
from backends.modes import THREADS, double_backward, mixed_dtypes, on_cuda, same_buffers
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

ENTERS = """
_array = array

def array(a, dtype):
    return entered(_array(a, dtype))
"""

CHANNELS_LAST = ENTERS + """
def entered(t):
    return t.movedim(1, -1).contiguous().movedim(-1, 1) if t.ndim > 2 else t
"""

STRIDED = ENTERS + """
def entered(t):
    larger = torch.full([2 * n + 1 for n in reversed(t.shape)], 99, dtype=t.dtype)
    return larger[(slice(1, None, 2),) * t.ndim].permute(*reversed(range(t.ndim))).copy_(t)
"""

CUDA = ENTERS + """
if not torch.cuda.is_available():
    why = "this PyTorch was built without CUDA" if torch.version.cuda is None else "torch.cuda.is_available() is False"
    raise RuntimeError(f"there is no CUDA device here: {{why}}; leave this mode out, or run it where there is one")
torch.set_default_device("cuda")
torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = {tf32}

def entered(t):
    return t.to("cuda")

def facts():
    return {{
        "device": torch.cuda.get_device_name(),
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
        "tf32": "on" if torch.backends.cudnn.allow_tf32 else "off",
    }}
"""

NO_GRAD = """
def answers(f, args, g):
    with torch.inference_mode():
        y = f(*args)
    yield y
"""

ONE_GRADIENT = """
def answers(f, args, g):
    if g is None:
        yield f(*args)
        return
    for i, a in enumerate(args):
        one = a.detach().requires_grad_()
        y = f(*args[:i], one, *args[i + 1:])
        if i == 0:
            yield y
        yield from torch.autograd.grad(y, one, g, materialize_grads=True)
"""

AUTOCAST = """
def answers(f, args, g):
    half = args[0].dtype
    wide = [a.float().requires_grad_(g is not None) for a in args]
    with torch.autocast("cpu", dtype=half):
        y = f(*wide)
    yield y.to(half)
    yield from (d.to(half) for d in torch.autograd.grad(y, wide, g.to(y.dtype), materialize_grads=True))
"""

TWICE = """
def twice(f, x, *w):
    with torch.no_grad():
        constant = f(torch.zeros_like(x), *w)
    x = x.detach().requires_grad_()
    y = f(x, *w)
    u = torch.zeros_like(y, requires_grad=True)
    (dx,) = torch.autograd.grad(y, x, u, create_graph=True)
    (linear,) = torch.autograd.grad(dx, u, x.detach(), materialize_grads=True)
    return constant, linear
"""

MODES = {
    "compile": Mode(
        meaning='inside torch.compile(backend="aot_eager"), which traces, decomposes and differentiates but generates no code',
        decorator=Code('@torch.compile(backend="aot_eager", dynamic=False)'), share="large", also=("compiled", "dynamo", "jit", "aot"),
    ),
    "dynamic": Mode(
        meaning='inside torch.compile(backend="aot_eager", dynamic=True), traced once for all lengths',
        decorator=Code('@torch.compile(backend="aot_eager", dynamic=True)'), share="small", also=("compile-dynamic", "symbolic"),
    ),
    "channels-last": Mode(
        meaning="x, weights and gradients enter with channels last in memory (torch.channels_last)", glue=GLUE + CHANNELS_LAST,
        share="small", also=("channels_last", "nhwc", "memory-format"),
    ),
    "strided": Mode(
        meaning="x, weights and gradients enter as views: every second element of a larger, transposed array", glue=GLUE + STRIDED,
        share="small", also=("views", "non-contiguous", "transposed"),
    ),
    "no-grad": Mode(
        meaning="inside torch.inference_mode(), without gradients", glue=GLUE + NO_GRAD, outputs=("y",), share="small",
        also=("inference-mode", "inference_mode", "no_grad"),
    ),
    "one-gradient": Mode(
        meaning="each gradient by a call of its own, in which nothing else requires one: x or weights are frozen",
        glue=GLUE + ONE_GRADIENT, share="small", also=("weights-only", "frozen"),
    ),
    "autocast": Mode(
        meaning="float32 arrays inside torch.autocast, which computes in the case's dtype where PyTorch lists the function",
        glue=GLUE + AUTOCAST, dtypes=("float16", "bfloat16"), share="narrow", also=("amp", "mixed-precision", "mixed"),
    ),
    "mixed-dtypes": mixed_dtypes(GLUE, cast="a.to(getattr(torch, dtype))"),
    "double-backward": double_backward(GLUE, TWICE),
    "same-buffers": same_buffers(GLUE, copied="t.detach().clone()", empty="torch.empty_like(a)"),
    "threads": THREADS,
    **on_cuda(off=GLUE + CUDA.format(tf32=False), on=GLUE + CUDA.format(tf32=True), environment={}),
}  # fmt: skip

RUNTIMES = {"torch": Runtime(packages=("torch",), glue=GLUE, modes=MODES)}

IMPORTS = "import torch\nimport torch.nn.functional as F\nfrom torch import nn"
