"""PyTorch."""

from __future__ import annotations

from backends import Step
from backends.known import Known
from spec import AveragePool, Conv, ConvTranspose, Operation, SumPool, Upsample


def _empty(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return isinstance(op, Conv) and 0 in at.y


def _narrow(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return at.dtype in ("float16", "bfloat16")


def _narrow_sums(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return _narrow(op, at, env) and isinstance(op, Conv | ConvTranspose | SumPool | AveragePool | Upsample)


def _narrow_average_3d(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return _narrow(op, at, env) and op.rank == 3 and isinstance(op, SumPool | AveragePool)


def _cropped(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return isinstance(op, ConvTranspose) and any(max(pair) > 0 for pair in op.crop)


BOTH = ("torch", "keras-torch")
SILENT = {"torch": ">=2.0,<=2.13"}
"""What depends on the numbers drawn has an upper bound: a newer version is asked to show it again."""

KNOWN = [
    Known(
        id="torch-narrow-average-pool-3d", runtimes=BOTH, versions={"torch": ">=1.0"}, verdict="refused", when=_narrow_average_3d,
        message="not implemented for '(Half|BFloat16)'", reason="avg_pool3d has no float16 and no bfloat16 kernel on CPU",
        link="no thread found",
    ),
    Known(
        id="torch-narrow-accumulator", runtimes=BOTH, versions=SILENT, verdict="imprecise", when=_narrow_sums, sometimes=True,
        message="sums were kept in",
        reason="on CPU, float16 convolutions add parts of their sums (gradients above all) in float16, and the gradients of avg_pool and "
        "of repeat add in the narrow dtype",
        link="no thread found",
    ),
    Known(
        id="torch-cropped-gradient-leaks", runtimes=BOTH, versions=SILENT, verdict="differ", outputs=("dw",),
        numbers=("nan", "infinity"), when=_cropped, sometimes=True,
        message="no window of theirs sees",
        reason="conv_transpose's weight gradient multiplies pixels by zeros where their products were cropped away, and 0 · NaN is NaN",
        link="no thread found",
    ),
    Known(
        id="torch-bfloat16-subnormals", runtimes=BOTH, versions=SILENT, verdict="imprecise", sometimes=True, numbers=("subnormal",),
        when=lambda op, at, env: at.dtype == "bfloat16" and isinstance(op, Conv | ConvTranspose), message="flushed to zero",
        reason="oneDNN's bfloat16 convolutions flush subnormal numbers to zero", link="no thread found",
    ),
    Known(
        id="torch-empty-convolution", runtimes=("torch",), versions={"torch": ">=1.0"}, verdict="refused", when=_empty,
        message="Kernel size can't be greater than actual input size",
        reason="an answer of length 0 is refused: the kernel may not be larger than the padded input",
        link="https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html",
    ),
]  # fmt: skip
