"""PyTorch: channels first, weights as in spec (O C/g *k and C O/g *k), so nothing is transposed.

Padding is symmetric only: other padding is an F.pad before, other crop an F.pad with negative numbers after. F.pad begins with
the last axis.
"""

from __future__ import annotations

from backends import Runtime, Step
from backends._phrases import lines, short, unravelled, woven
from spec import AveragePool, Conv, ConvTranspose, DepthToSpace, MaxPool, MaxUnpool, SpaceToDepth, SumPool, Upsample, ZeroInsert
from spec.claims import Parameters
from spec.conventions import on_every_axis, torch_same_padding, torch_transpose_words
from spec.operation import Pairs, negated

GLUE = """
import torch

torch.set_num_threads(1)

def array(a, dtype):
    return torch.from_numpy(a).to(getattr(torch, dtype))

def numpy(t):
    t = t.detach().cpu().contiguous()
    return (t.float() if t.dtype == torch.bfloat16 else t).numpy()

def dtype(t):
    return str(t.dtype).removeprefix("torch.")

def version():
    return {"torch": torch.__version__}

def answers(f, args, g):
    args = [a.requires_grad_() for a in args]
    y = f(*args)
    yield y
    yield from torch.autograd.grad(y, args, g, materialize_grads=True)

def infer(f, args):
    yield "a run on meta tensors", f(*(a.to("meta") for a in args)).shape, None
"""

RUNTIMES = {"torch": Runtime(packages=("torch",), glue=GLUE)}

IMPORTS = "import torch\nimport torch.nn.functional as F"


def conv(op: Conv, at: Step) -> str:
    same = set(op.stride) == {1} and on_every_axis(torch_same_padding, at.k, op.dilation) == op.padding
    symmetric = all(lo == hi >= 0 for lo, hi in op.padding)
    padding = '"same"' if same and not symmetric else short(tuple(lo for lo, _ in op.padding)) if symmetric else "0"
    return lines(
        "" if same or symmetric else _pad(op.padding),
        f"x = F.conv{op.rank}d(x, {at.weight}, stride={short(op.stride)}, padding={padding}, "
        f"dilation={short(op.dilation)}, groups={op.groups})",
    )


def conv_transpose(op: ConvTranspose, at: Step) -> str:
    words = [torch_transpose_words(*axis) for axis in zip(op.crop, op.stride, op.dilation, strict=True)]
    padding, output_padding = ("0", "0")
    if None not in words:
        padding, output_padding = (short(column) for column in zip(*words, strict=True))
    return lines(
        f"x = F.conv_transpose{op.rank}d(x, {at.weight}, stride={short(op.stride)}, padding={padding}, "
        f"output_padding={output_padding}, groups={op.groups}, dilation={short(op.dilation)})",
        _pad(negated(op.crop)) if None in words else "",
    )


def upsample(op: Upsample, at: Step) -> str:
    return f'x = torch.nn.Upsample(scale_factor={short(op.factor)}, mode="nearest")(x)'


def zero_insert(op: ZeroInsert, at: Step) -> str:
    kept = ", ".join(f":{(n - 1) * s + 1}:{s}" for n, s in zip(at.x[2:], op.factor, strict=True))
    return lines(f"y = x.new_zeros({at.y})", f"y[:, :, {kept}] = x", "x = y")


def sum_pool(op: SumPool, at: Step) -> str:
    if op.rank == 1:
        return f"x = F.avg_pool2d(x[..., None], ({op.kernel[0]}, 1), ({op.stride[0]}, 1), divisor_override=1)[..., 0]"
    return f"x = F.avg_pool{op.rank}d(x, {short(op.kernel)}, {short(op.stride)}, divisor_override=1)"


def average_pool(op: AveragePool, at: Step) -> str:
    return f"x = F.avg_pool{op.rank}d(x, {short(op.kernel)}, {short(op.stride)})"


def max_pool(op: MaxPool, at: Step) -> str:
    return f"x = F.max_pool{op.rank}d(x, {short(op.kernel)}, {short(op.stride)})"


def max_unpool(op: MaxUnpool, at: Step) -> str:
    stride = tuple(max(q // n, 1) for q, n in zip(op.size, at.x[2:], strict=True))
    kernel = tuple(q - (n - 1) * s for q, n, s in zip(op.size, at.x[2:], stride, strict=True))
    return f"x = F.max_unpool{op.rank}d(x, {at.weight}.long(), {kernel}, {stride}, output_size={op.size})"


def depth_to_space(op: DepthToSpace, at: Step) -> str:
    if op.rank == 2 and op.order == "CRD" and len(set(op.factor)) == 1:
        return f"x = F.pixel_shuffle(x, {op.factor[0]})"
    return woven(op, at, "torch.reshape", "torch.permute")


def space_to_depth(op: SpaceToDepth, at: Step) -> str:
    if op.rank == 2 and op.order == "CRD" and len(set(op.factor)) == 1:
        return f"x = F.pixel_unshuffle(x, {op.factor[0]})"
    return unravelled(op, at, "torch.reshape", "torch.permute")


def parameters(op: Parameters, at: Step) -> str:
    return lines(
        f'layer = torch.nn.Upsample(scale_factor={short(op.factor)}, mode="nearest")',
        f"x = torch.full({at.y}, float(sum(p.numel() for p in layer.parameters())), dtype=x.dtype)",
    )


def _pad(pairs: Pairs) -> str:
    return f"x = F.pad(x, {tuple(n for pair in reversed(pairs) for n in pair)})"
